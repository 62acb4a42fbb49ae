//! Running: the store, the functions, the API, until told to stop.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use api::{ApiOptions, ApiState, Made, Rate};
use handlers::{Context, Downloads, FeedSources, Registries};
use platform::{
    FolderLake, Platform,
    meter::{Meter, metered},
};
use roster::{LocalOptions, Running, run_local};
use sources::{
    feeds::{Fetcher, Patience, catalogue},
    http::read_authorities,
    registry::{CredentialFiles, RegistryOptions},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Config, Limits, ServerError,
    metrics::{self, Observed},
    people, portal,
    proxies::Proxies,
    serve::serve,
    store,
};

/// Longest time for one document: a feed function has ten minutes, and goes on from there the next time.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(540);

/// Longest time for changes under way when the server stops.
const STOP_TIME_OUT: Duration = Duration::from_secs(20);

/// Connections for metrics at once: a few scrapers, each with one.
const METRICS_CONNECTIONS: usize = 8;

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The address that metrics are read at.
    pub metrics_address: Option<SocketAddr>,
    /// What the first start made, when this was it.
    pub made: Option<Made>,
    /// The platform under it.
    pub platform: Platform,
    state: ApiState,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
    functions: Running,
}

impl Server {
    /// Takes no more connections and messages, waits for what is under way, and gives the store back.
    pub async fn stop(self) {
        // Nobody listens any more only when serving has ended.
        let _ = self.stop.send(true);
        for serving in self.serving {
            if let Err(error) = serving.await {
                tracing::error!(%error, "serving broke off");
            }
        }
        // What changes something goes on when its caller leaves.
        if tokio::time::timeout(STOP_TIME_OUT, self.state.settled())
            .await
            .is_err()
        {
            tracing::warn!("changes under way were cut off");
        }
        self.functions.stop().await;
    }
}

/// Starts a server.
///
/// # Errors
/// When the store is in use or damaged, the folder of feeds is not there, or the address is taken.
pub async fn start(config: &Config) -> Result<Server, ServerError> {
    // Whatever can be wrong with the configuration is found before anything is made.
    let sources = feed_sources(config)?;
    let registries = registries(config)?;
    let portal = config.portal.clone().or_else(portal::beside_the_program);
    let (listener, address) = listen(config.listen).await?;
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let meter = Arc::new(Meter::new());
    let mut platform = store::open(&config.data, config.max_database_bytes)?;
    if let Some(folder) = &config.events_folder {
        let lake = FolderLake::open(folder).map_err(|source| ServerError::EventsFolder {
            folder: folder.clone(),
            source,
        })?;
        platform.lake = Some(Arc::new(lake));
    }
    let platform = metered(platform, Arc::clone(&meter));
    let options = ApiOptions {
        tenant_rate: config.tenant_requests_per_s.map(Rate::per_second),
        caller_rate: config.caller_requests_per_s.map(Rate::per_second),
        address_rate: (config.address_requests_per_s > 0)
            .then(|| Rate::per_second(config.address_requests_per_s)),
        guard: config.guard(),
        registries: registries.options.clone(),
        behind_tls: config.behind_tls,
        ..ApiOptions::default()
    };
    let state = ApiState::open_with(platform.clone(), options)
        .await
        .map_err(ServerError::State)?;
    let made = state.set_up().await.map_err(ServerError::Setup)?;
    let (mut router, _) = api::router(state.clone());
    if let Some(folder) = portal {
        router = portal::beside(router, &folder)?;
        tracing::info!(folder = %folder.display(), "serving the portal");
    }
    let context = Context::new(platform.clone(), sources, handlers::Limits::default())
        .with_registries(registries)
        .with_guard(config.guard());
    let options = LocalOptions {
        workers: config.workers,
        ..LocalOptions::default()
    };
    let context = Arc::new(context);
    let functions = run_local(Arc::clone(&context), options);
    let (stop, stopped) = watch::channel(false);
    let limits = Limits {
        max_connections: config.max_connections,
        max_connections_of_address: config.max_connections_of_address,
        ..Limits::default()
    };
    let mut serving = vec![tokio::spawn(serve(
        listener,
        router,
        limits,
        config.proxies(),
        stopped.clone(),
    ))];
    let metrics_address = metrics_listener.as_ref().map(|(_, address)| *address);
    if let Some((listener, address)) = metrics_listener {
        let router = metrics::router(Observed {
            context,
            meter,
            state: state.clone(),
        });
        let limits = Limits {
            max_connections: METRICS_CONNECTIONS,
            ..Limits::default()
        };
        serving.push(tokio::spawn(serve(
            listener,
            router,
            limits,
            Proxies::default(),
            stopped,
        )));
        tracing::info!(%address, "serving metrics");
    }
    tracing::info!(%address, data = %config.data.display(), "serving");
    if !address.ip().is_loopback() {
        tracing::warn!(
            "listening beyond this machine without TLS: put a proxy with TLS before this server"
        );
    }
    Ok(Server {
        address,
        metrics_address,
        made,
        platform,
        state,
        stop,
        serving,
        functions,
    })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServerError> {
    let failed = |error| ServerError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn feed_sources(config: &Config) -> Result<FeedSources, ServerError> {
    if let Some(folder) = &config.feeds_from {
        check_folder(folder)?;
        return Ok(FeedSources::Folder(folder.clone()));
    }
    if config.feeds_download {
        let options = sources::http::HttpOptions {
            total_timeout: TRANSFER_TIMEOUT,
            ..sources::http::HttpOptions::default()
        };
        let http = sources::http::Http::new(&options).map_err(ServerError::Downloads)?;
        return Ok(FeedSources::Download(Downloads {
            fetcher: Fetcher::new(http, Patience::default(), None),
            feeds: catalogue()
                .filter(|feed| feed.by_default && feed.is_read())
                .collect(),
            folder: config.data.join("feeds"),
            mirrored: false,
        }));
    }
    tracing::warn!(
        "no source of advisories: what was loaded before stays in use; give `--feeds-from DIR` or `--feeds-download`"
    );
    Ok(FeedSources::None)
}

fn registries(config: &Config) -> Result<Registries, ServerError> {
    let authorities = config.registry_ca.as_deref().map(read_authorities);
    Ok(Registries {
        credentials: CredentialFiles {
            files: config.registry_credentials.iter().cloned().collect(),
        },
        options: RegistryOptions {
            extra_ca_pem: authorities.transpose().map_err(ServerError::RegistryCa)?,
            guard: (!config.registry_internal).then(|| config.guard()),
            ..RegistryOptions::default()
        },
    })
}

fn check_folder(folder: &Path) -> Result<(), ServerError> {
    std::fs::read_dir(folder)
        .map(drop)
        .map_err(|error| ServerError::Feeds(folder.to_owned(), error))
}

/// Runs until a signal to stop arrives.
pub(crate) async fn run(config: &Config) -> Result<(), ServerError> {
    let server = start(config).await?;
    if let Some(made) = &server.made {
        match &config.setup_file {
            Some(file) => {
                if let Err(error) = people::write_secret(file, &people::as_json(made)) {
                    server.stop().await;
                    return Err(error);
                }
                tracing::info!(file = %file.display(), "the first secrets were written");
            }
            None => people::print(&people::as_text(made))?,
        }
    }
    if let Some(address) = server.metrics_address {
        people::print(&format!("Metrics are at http://{address}/metrics\n"))?;
    }
    people::print(&format!("Bulkhead listens on http://{}\n", server.address))?;
    stop_signal().await;
    tracing::info!("stopping");
    server.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for ctrl-c or, on Unix, the signal to end.
async fn stop_signal() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = ctrl_c => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => ctrl_c.await,
        }
    }
    #[cfg(not(unix))]
    ctrl_c.await;
}
