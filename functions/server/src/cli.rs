//! The command line of the server.

use std::{net::SocketAddr, path::PathBuf};

use api::TokenWish;
use clap::{Args, Parser, Subcommand};
use platform::Which;
use schemas::{TenantId, UserId, api::Role};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    Config, LogFormat, ServerError, audit, backup, export, init_logs, migrate,
    people::{HOW_AGAIN, as_json, as_text, print, print_json},
    run, store,
};

/// Bulkhead's server: finds what is vulnerable on hosts and in images, and what to fix first.
#[derive(Debug, Parser)]
#[command(name = "bulkhead-server", version)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Without a command the server runs.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server. The first start makes a tenant, an administrator and an enrolment token, and shows them once.
    Run(RunArgs),
    /// Make the first tenant, administrator and enrolment token without running the server.
    Setup {
        #[command(flatten)]
        store: StoreArgs,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tenants, while the server is stopped.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// People, while the server is stopped.
    #[command(subcommand)]
    User(UserCommand),
    /// Enrolment tokens, while the server is stopped.
    #[command(subcommand)]
    Token(TokenCommand),
    /// A session of 15 minutes for scripts of this machine, which sees everything and changes nothing, while the server is
    /// stopped.
    Session {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
    },
    /// Messages that were given up, of all tenants, while the server is stopped.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Copy the store to a folder, whole and of one moment, also while the server runs. Whoever has the copy can sign as the
    /// site does: keep it as safe as the store.
    Backup {
        #[command(flatten)]
        store: StoreArgs,
        /// Folder for the copy, empty or not there.
        #[arg(long)]
        to: PathBuf,
    },
    /// Read a backup and say whether it is whole.
    VerifyBackup {
        /// Folder of the backup.
        folder: PathBuf,
    },
    /// Put a backup back as a store of its own.
    Restore {
        /// Folder of the backup.
        #[arg(long)]
        from: PathBuf,
        /// Folder for the store, empty or not there.
        #[arg(long, env = "BULKHEAD_DATA")]
        data: PathBuf,
    },
    /// Move the store into a deployed stack that nobody has used yet, while the server is stopped. The environment names the
    /// stack by its outputs: `BULKHEAD_TABLE`, `BULKHEAD_BUCKET`, `BULKHEAD_QUEUES`, `BULKHEAD_KEY`. Broken off, the same
    /// command goes on; the store stays as it is.
    Migrate {
        #[command(flatten)]
        store: StoreArgs,
        /// To Amazon Web Services.
        #[arg(long, required = true)]
        to_aws: bool,
    },
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write what there is out: the API's description, what a tenant has.
    #[command(subcommand)]
    Export(ExportCommand),
}

#[derive(Debug, Args)]
struct StoreArgs {
    /// Folder of the store.
    #[arg(long, env = "BULKHEAD_DATA", default_value = ".bulkhead")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// TOML file with the same settings; flags stand above it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Folder of the store [default: .bulkhead].
    #[arg(long, env = "BULKHEAD_DATA")]
    data: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "BULKHEAD_LISTEN")]
    listen: Option<SocketAddr>,
    /// Address to serve metrics for Prometheus on, such as 127.0.0.1:9090; without it there are none.
    #[arg(long, env = "BULKHEAD_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
    /// Folder of the portal's files [default: `portal` beside this program, where there is one].
    #[arg(long, env = "BULKHEAD_PORTAL")]
    portal: Option<PathBuf>,
    /// Folder of feed documents, read as they are: `.zst`, `.gz`, `.zip`, `.tar`.
    #[arg(long, conflicts_with = "feeds_download")]
    feeds_from: Option<PathBuf>,
    /// Download feed documents from their public addresses.
    #[arg(long)]
    feeds_download: bool,
    /// File that the first start's secrets are written to as JSON, for its owner alone, instead of the terminal.
    #[arg(long)]
    setup_file: Option<PathBuf>,
    /// What is logged, such as `info` or `warn,api=debug` [default: info].
    #[arg(long, env = "BULKHEAD_LOG")]
    log: Option<String>,
    /// The form of log lines [default: text].
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Create a tenant.
    Create {
        #[command(flatten)]
        store: StoreArgs,
        /// Its id, at most 64 characters.
        id: TenantId,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create a person with a one-time password.
    Create {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// Roles: admin, operator, auditor, vulnerability_manager, developer, agent_manager, ci.
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
        /// The login, in lower case.
        login: UserId,
    },
    /// Give a person a new one-time password; their sessions end.
    ResetPassword {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// Remove their second factor, too: for who lost its device and the recovery codes.
        #[arg(long)]
        remove_second_factor: bool,
        /// The login.
        login: UserId,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make an enrolment token and print it once.
    Create {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// What it is for.
        #[arg(long, default_value = "")]
        note: String,
        /// How many agents may enrol with it.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        max_uses: u32,
        /// How long it holds, in hours.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8760))]
        valid_for_hours: u64,
        /// A pattern of the names of hosts that may enrol with it, such as `web-*`; may be repeated. Every host, without it.
        #[arg(long = "host", value_name = "PATTERN")]
        hosts: Vec<String>,
    },
    /// List enrolment tokens, without their secrets.
    List {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
    },
}

#[derive(Debug, Subcommand)]
enum DeadLettersCommand {
    /// List them as JSON, one object a line.
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Send them again.
    Replay {
        #[command(flatten)]
        store: StoreArgs,
        /// The queue.
        #[arg(long)]
        queue: String,
        /// Their ids; all of the queue without any.
        ids: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// The API's description, OpenAPI 3.1, as JSON.
    Openapi,
    /// A tenant's records and documents as files, without secrets, while the server is stopped.
    Tenant {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant.
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// Folder for the files, empty or not there.
        #[arg(long)]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Walk the chain of the audit log and name its first break, if there is one; then the exit code is 1. Of the store while
    /// the server is stopped, or of an export: the list of the API as NDJSON, or `audit.ndjson` of a tenant's export.
    Verify {
        #[command(flatten)]
        store: StoreArgs,
        /// The tenant; all of the store, or `default` of an export, when absent.
        #[arg(long)]
        tenant: Option<TenantId>,
        /// An export, in place of the store.
        #[arg(long)]
        file: Option<PathBuf>,
    },
}

fn role(word: &str) -> Result<Role, String> {
    match serde_json::from_value(json!(word)) {
        Ok(Role::Unknown) | Err(_) => Err("no such role".to_owned()),
        Ok(role) => Ok(role),
    }
}

impl Cli {
    /// Does what the command line asks.
    ///
    /// # Errors
    /// Says what did not work, and what to do about it.
    pub async fn run(self) -> Result<(), ServerError> {
        match self.command.unwrap_or(Command::Run(self.run)) {
            Command::Run(args) => {
                let config = args.config()?;
                init_logs(&config.log, config.log_format);
                run::run(&config).await
            }
            Command::Setup { store, json } => setup(&store, json).await,
            Command::Tenant(TenantCommand::Create { store, id }) => {
                create_tenant(&store, &id).await
            }
            Command::User(command) => command.run().await,
            Command::Token(command) => command.run().await,
            Command::Session { store, tenant } => session(&store, &tenant).await,
            Command::DeadLetters(command) => command.run().await,
            Command::Backup { store, to } => backup::back_up(store.data, to).await,
            Command::VerifyBackup { folder } => backup::verify(folder).await,
            Command::Restore { from, data } => backup::restore(from, data).await,
            // There is one place to move to; the flag says that it is meant.
            Command::Migrate { store, to_aws: _ } => {
                init_logs("info", LogFormat::Text);
                migrate::to_aws(&store.data).await
            }
            Command::Audit(AuditCommand::Verify {
                store,
                tenant,
                file,
            }) => match (file, tenant) {
                (Some(file), Some(tenant)) => audit::verify_file(&file, tenant),
                (Some(file), None) => {
                    let tenant = "default".parse::<TenantId>();
                    let tenant =
                        tenant.map_err(|error| ServerError::NotFound(error.to_string()))?;
                    audit::verify_file(&file, tenant)
                }
                (None, tenant) => audit::verify_store(&store.data, tenant).await,
            },
            Command::Export(ExportCommand::Tenant { store, tenant, to }) => {
                export::tenant(&store.data, &tenant, &to).await
            }
            Command::Export(ExportCommand::Openapi) => {
                print_json(&serde_json::to_value(api::openapi()).map_err(ServerError::Json)?)
            }
        }
    }
}

impl RunArgs {
    fn config(self) -> Result<Config, ServerError> {
        let mut config = Config::load(self.config.as_deref())?;
        config.data = self.data.unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        config.metrics_listen = self.metrics_listen.or(config.metrics_listen);
        config.portal = self.portal.or(config.portal);
        config.setup_file = self.setup_file.or(config.setup_file);
        config.log = self.log.unwrap_or(config.log);
        config.log_format = self.log_format.unwrap_or(config.log_format);
        // A source on the command line replaces that of the file.
        if self.feeds_from.is_some() || self.feeds_download {
            config.feeds_from = self.feeds_from;
            config.feeds_download = self.feeds_download;
        }
        Ok(config)
    }
}

async fn setup(args: &StoreArgs, json: bool) -> Result<(), ServerError> {
    let (_, state) = store::state(&args.data).await?;
    match (state.set_up().await.map_err(ServerError::Setup)?, json) {
        (Some(made), true) => print_json(&as_json(&made)),
        (Some(made), false) => print(&as_text(&made)),
        (None, true) => print_json(&json!({"already_set_up": true, "how_to_renew": HOW_AGAIN})),
        (None, false) => print(&format!("{HOW_AGAIN}\n")),
    }
}

async fn session(args: &StoreArgs, tenant: &TenantId) -> Result<(), ServerError> {
    let (_, state) = store::state(&args.data).await?;
    let (token, expires_at) = state
        .local_session(tenant)
        .await
        .map_err(ServerError::Setup)?;
    print_json(&json!({"token": token.expose_secret(), "expires_at": expires_at}))
}

async fn create_tenant(args: &StoreArgs, id: &TenantId) -> Result<(), ServerError> {
    // Ids of agents carry the tenant's, and `global` is the name of what belongs to none.
    if id.as_str().len() > 64 || id.as_str() == "global" {
        return Err(ServerError::NotFound(
            "a tenant's id has at most 64 characters and is not `global`".to_owned(),
        ));
    }
    let (_, state) = store::state(&args.data).await?;
    if state.create_tenant(id).await.map_err(ServerError::Setup)? {
        print(&format!("tenant {id} created\n"))
    } else {
        Err(ServerError::NotFound(format!(
            "there is a tenant {id} already"
        )))
    }
}

impl UserCommand {
    async fn run(self) -> Result<(), ServerError> {
        let (tenant, login, password) = match self {
            Self::Create {
                store,
                tenant,
                roles,
                login,
            } => {
                let (_, state) = store::state(&store.data).await?;
                let login = lower_case(&login)?;
                let password = state
                    .create_user(&tenant, &login, roles)
                    .await
                    .map_err(ServerError::Setup)?
                    .ok_or_else(|| {
                        ServerError::NotFound(format!("there is a person {login} already"))
                    })?;
                (tenant, login, password)
            }
            Self::ResetPassword {
                store,
                tenant,
                remove_second_factor,
                login,
            } => {
                let (_, state) = store::state(&store.data).await?;
                let login = lower_case(&login)?;
                if remove_second_factor {
                    state
                        .remove_second_factor(&tenant, &login)
                        .await
                        .map_err(ServerError::Setup)?;
                }
                let password = state
                    .reset_password(&tenant, &login)
                    .await
                    .map_err(ServerError::Setup)?;
                (tenant, login, password)
            }
        };
        print_json(&json!({
            "tenant": tenant,
            "login": login,
            "one_time_password": password.expose_secret(),
        }))
    }
}

/// Logins are kept in lower case, as they are looked up.
fn lower_case(login: &UserId) -> Result<UserId, ServerError> {
    login
        .as_str()
        .to_lowercase()
        .parse()
        .map_err(|_| ServerError::NotFound(format!("{login} cannot be a login")))
}

impl TokenCommand {
    async fn run(self) -> Result<(), ServerError> {
        match self {
            Self::Create {
                store,
                tenant,
                note,
                max_uses,
                valid_for_hours,
                hosts,
            } => {
                let (_, state) = store::state(&store.data).await?;
                let wish = TokenWish {
                    note,
                    created_by: "command line".to_owned(),
                    valid_for_s: valid_for_hours * 3600,
                    max_uses,
                    hosts,
                };
                let (token, stored) = state
                    .create_token(&tenant, wish)
                    .await
                    .map_err(ServerError::Setup)?;
                print_json(&json!({
                    "enrolment_token": token.expose_secret(),
                    "id": stored.id,
                    "tenant": tenant,
                    "expires_at": stored.expires_at,
                    "max_uses": stored.max_uses,
                    "hosts": stored.hosts,
                }))
            }
            Self::List { store, tenant } => {
                let (_, state) = store::state(&store.data).await?;
                for token in state.tokens(&tenant).await.map_err(ServerError::Setup)? {
                    print(&format!(
                        "{}  used {} of {}  until {}{}{}  {}\n",
                        token.id,
                        token.uses,
                        token.max_uses,
                        token.expires_at,
                        if token.revoked_at.is_some() {
                            "  revoked"
                        } else {
                            ""
                        },
                        if token.hosts.is_empty() {
                            String::new()
                        } else {
                            format!("  for {}", token.hosts.join(", "))
                        },
                        token.note
                    ))?;
                }
                Ok(())
            }
        }
    }
}

impl DeadLettersCommand {
    async fn run(self) -> Result<(), ServerError> {
        match self {
            Self::List { store } => {
                let (platform, _) = store::state(&store.data).await?;
                for queue in records::messages::QUEUES {
                    let mut cursor: Option<String> = None;
                    loop {
                        let page = platform
                            .queue
                            .list_dead(queue, 100, cursor.as_deref())
                            .await
                            .map_err(|error| ServerError::Queue(queue.to_owned(), error))?;
                        for letter in page.letters {
                            print(&format!(
                                "{}\n",
                                json!({
                                    "queue": queue,
                                    "id": letter.message.id,
                                    "reason": letter.reason,
                                    "receive_count": letter.receive_count,
                                    "body": letter.message.body,
                                })
                            ))?;
                        }
                        cursor = page.next;
                        if cursor.is_none() {
                            break;
                        }
                    }
                }
                Ok(())
            }
            Self::Replay { store, queue, ids } => {
                if !records::messages::QUEUES.contains(&queue.as_str()) {
                    return Err(ServerError::NotFound(format!(
                        "there is no queue {queue}, only {}",
                        records::messages::QUEUES.join(", ")
                    )));
                }
                let (platform, _) = store::state(&store.data).await?;
                let which = if ids.is_empty() {
                    Which::All
                } else {
                    Which::Ids(ids)
                };
                let replayed = platform
                    .queue
                    .redrive(&queue, which)
                    .await
                    .map_err(|error| ServerError::Queue(queue, error))?;
                print(&format!("{replayed} sent again\n"))
            }
        }
    }
}
