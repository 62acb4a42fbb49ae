//! One process with everything in it: the embedded platform, the functions, the API. Thin; the work is elsewhere.

mod audit;
mod backup;
pub mod cli;
mod config;
mod export;
mod logs;
mod metrics;
mod migrate;
mod pace;
mod people;
mod portal;
mod proxies;
mod run;
mod seats;
mod serve;
mod store;

use std::path::PathBuf;

pub use config::{Config, LogFormat};
pub use logs::init as init_logs;
pub use pace::Pace;
pub use proxies::ProxyHeader;
pub use run::{Server, start};
pub use serve::Limits;

/// Why the server, or one of its commands, did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration {0:?}")]
    ReadConfig(PathBuf, #[source] std::io::Error),
    /// The configuration file is not of its form.
    #[error("the configuration {0:?} is not of its form")]
    ParseConfig(PathBuf, #[source] Box<toml::de::Error>),
    /// Another process works with the store.
    #[error(
        "the store in {folder:?} is in use{}: stop that server first, or ask it over its API",
        holder.map_or(String::new(), |id| format!(" by process {id}"))
    )]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The process.
        holder: Option<u32>,
    },
    /// The store cannot be opened.
    #[error("cannot open the store")]
    Open(#[source] platform::OpenError),
    /// The state of the API could not be made.
    #[error("cannot prepare the API")]
    State(#[source] api::StateError),
    /// The first tenant could not be set up.
    #[error("cannot set up the first tenant")]
    Setup(#[source] api::SetupError),
    /// The file for the first secrets could not be written.
    #[error("cannot write {0:?}; reset the password and make a token with `bulkhead-server`")]
    SetupFile(PathBuf, #[source] std::io::Error),
    /// The folder of feed documents is not there.
    #[error("the folder of feed documents {0:?} cannot be read")]
    Feeds(PathBuf, #[source] std::io::Error),
    /// The certificate authorities for registries cannot be read.
    #[error("cannot trust the certificate authorities for registries")]
    RegistryCa(#[source] sources::http::AuthoritiesError),
    /// The client for downloads could not be made.
    #[error("cannot prepare the download of feeds")]
    Downloads(#[source] sources::http::HttpError),
    /// The folder for events cannot be made.
    #[error("cannot make the folder for events {}", folder.display())]
    EventsFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The portal's page is not where it should be.
    #[error("no portal is in that folder: cannot read {}", page.display())]
    Portal {
        /// The page.
        page: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    /// A backup could not be made, read or put back.
    #[error("the backup did not succeed")]
    Backup(#[source] platform::backup::BackupError),
    /// Records or documents of a tenant could not be read.
    #[error("cannot read what the tenant has")]
    Export(#[source] records::RecordError),
    /// A document could not be read.
    #[error("cannot read the document {0}")]
    Document(String, #[source] platform::BlobError),
    /// A file of an export could not be written.
    #[error("cannot write {0:?}")]
    ExportFile(PathBuf, #[source] std::io::Error),
    /// The environment does not name a stack.
    #[error("cannot tell which stack to move to; the stack's outputs say what to set")]
    AwsSettings(#[source] platform::aws::SettingsError),
    /// The site could not be moved.
    #[error(
        "the site is not moved whole; once the cause is gone, the same command goes on from there"
    )]
    Move(#[source] records::moving::MoveError),
    /// An export of an audit log cannot be read.
    #[error("cannot read {0:?}")]
    ReadAudit(PathBuf, #[source] std::io::Error),
    /// An audit log does not hold.
    #[error("the audit log of tenant {tenant} is broken at entry {seq}: {reason}")]
    AuditBroken {
        /// Whose it is.
        tenant: schemas::TenantId,
        /// The number of the entry.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A tenant could not be looked up.
    #[error("cannot look the tenant up")]
    Identity(#[source] records::identity::IdentityError),
    /// Work on a thread of its own ended before it was done.
    #[error("the work broke off")]
    Stopped,
    /// A queue failed.
    #[error("the queue {0} cannot be read or written")]
    Queue(String, #[source] platform::QueueError),
    /// Something that was asked for by name is not there.
    #[error("{0}")]
    NotFound(String),
    /// The answer could not be written.
    #[error("cannot write the answer")]
    Write(#[source] std::io::Error),
    /// The answer could not be written as JSON.
    #[error("cannot write the answer as JSON")]
    Json(#[source] serde_json::Error),
}
