//! The adapter for Amazon Web Services: records in DynamoDB, blobs in S3, messages in SQS, keys wrapped by KMS.

mod blobs;
mod connect;
mod depot;
mod error;
mod keys;
mod lake;
mod open;
#[cfg(feature = "conformance")]
pub mod provision;
pub mod queue;
mod settings;
mod table;

pub use blobs::{AwsBlobs, FileCache};
pub use connect::Clients;
pub use depot::AwsDepot;
pub use keys::AwsKeys;
pub use lake::AwsLake;
pub use open::{assemble, open};
pub use queue::AwsQueue;
pub use settings::{AwsSettings, SettingsError};
pub use table::AwsTable;
