//! The agent at work: looks, hands over, asks for the bundle, waits, until it is told to stop.

use std::{sync::Arc, time::Duration};

use access::request_token::RequestSigner;
use tokio::time::Instant;

use crate::{
    backoff::Backoff,
    bundle::{Bundles, PollError},
    clock::Clock,
    config::Config,
    cycle::{Boot, Engines, LookError, Observer},
    key,
    rotation::Rotations,
    service::Stop,
    spool::{Drained, Spool, SpoolError, drain},
    state::{StateDir, StateError},
    uplink::{self, Uplink, UplinkError},
};

/// Why the agent could not work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder could not be used.
    #[error("the agent's folder could not be used")]
    State(#[from] StateError),
    /// The spool could not be used.
    #[error("the spool could not be used")]
    Spool(#[from] SpoolError),
    /// The way to the server could not be prepared.
    #[error("the way to the server could not be prepared")]
    Uplink(#[from] UplinkError),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Randomness(String),
}

/// What came of one pass, for those who asked for only one.
#[derive(Debug, Default)]
pub struct Pass {
    /// Whether all that was to be seen was seen.
    pub complete: bool,
    /// Images that were read.
    pub images_read: usize,
    /// What was handed over.
    pub drained: Drained,
    /// Envelopes that are still held.
    pub held: usize,
    /// Why the server was not reached.
    pub unreachable: Option<UplinkError>,
}

/// Runs until told to stop, or for one pass.
///
/// # Errors
/// What the agent needs of its own is not there. A server that does not answer is no error: the spool keeps what was seen.
pub async fn run(
    state: &StateDir,
    config: &Config,
    once: bool,
    mut stop: Stop,
) -> Result<Pass, RunError> {
    let enrolled = state.enrolled()?;
    let key = key::load(state)?.ok_or_else(|| StateError::NotEnrolled(state.path("agent.key")))?;
    let server = uplink::server_address(&enrolled.server, enrolled.allow_http)?;
    let http = uplink::client(enrolled.ca.as_deref())?;
    let clock = Arc::new(Clock::default());
    let uplink = Uplink::new(
        http,
        server,
        RequestSigner::new(enrolled.agent.clone(), key),
        clock,
    )
    .with_elsewhere(uplink::client_elsewhere(enrolled.ca.as_deref())?);
    let spool = Spool::open(&state.path("spool"), config.spool_max_bytes)?;
    let boot = Boot::new(random()?);
    let bundles = Bundles::load(state, &enrolled)?;
    let observer = Observer::new(config, &enrolled, state, &spool, &uplink, &boot);
    tracing::info!(agent = %enrolled.agent, host = %enrolled.host, server = enrolled.server, held = spool.len(), "agent started");
    let mut work = Work {
        state,
        config,
        bundles,
        observer,
        backoff: Backoff::default(),
        rotations: Rotations::default(),
        pass: Pass::default(),
    };
    if once {
        tokio::select! {
            () = Box::pin(work.pass()) => {}
            () = stop.wanted() => tracing::info!("stopped before the end"),
        }
    } else {
        tokio::select! {
            () = Box::pin(work.for_ever()) => {}
            () = stop.wanted() => {}
        }
    }
    work.pass.held = spool.len();
    tracing::info!(held = work.pass.held, "agent stopped");
    Ok(work.pass)
}

fn random() -> Result<[u8; 16], RunError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| RunError::Randomness(error.to_string()))?;
    Ok(bytes)
}

struct Work<'a> {
    state: &'a StateDir,
    config: &'a Config,
    bundles: Bundles,
    observer: Observer<'a>,
    backoff: Backoff,
    rotations: Rotations,
    pass: Pass,
}

impl Work<'_> {
    /// One pass: the bundle, a look, and everything handed over.
    async fn pass(&mut self) {
        if let Err(error) = self.poll_bundle().await {
            self.pass.unreachable = Some(error);
        }
        // What an earlier run left goes first: envelopes of two runs in turns would look like a copied key.
        self.hand_over().await;
        let engines = Engines::connect(self.config).await;
        self.pass.complete = self.look(&engines).await;
        match self.look_at_images(&engines).await {
            Ok(()) => {}
            Err(error) => {
                self.pass.complete = false;
                self.pass.unreachable = error.or(self.pass.unreachable.take());
            }
        }
        self.pass.complete &= logged(
            "the containers",
            self.observer.look_at_containers(&engines).await,
        );
        self.hand_over().await;
    }

    /// Looks and hands over again and again, each at its own pace.
    async fn for_ever(&mut self) {
        let look_every = Duration::from_secs(self.config.interval_s);
        let bundle_every = Duration::from_secs(self.config.bundle_interval_s);
        let (mut look_at, mut bundle_at) = (Instant::now(), Instant::now());
        // Not before this moment is the server asked for anything.
        let mut ask_at = Instant::now();
        let mut images_left = false;
        loop {
            if Instant::now() >= ask_at && bundle_at <= Instant::now() {
                bundle_at = Instant::now() + self.spread(bundle_every);
                if let Err(error) = self.poll_bundle().await {
                    ask_at = self.pause(&error);
                }
            }
            if Instant::now() >= ask_at {
                ask_at = self.hand_over_or_pause().await.unwrap_or(ask_at);
            }
            let looks = look_at <= Instant::now();
            if looks {
                look_at = Instant::now() + self.spread(look_every);
            }
            if looks || (images_left && Instant::now() >= ask_at) {
                let engines = Engines::connect(self.config).await;
                if looks {
                    self.look(&engines).await;
                }
                images_left = match self.look_at_images(&engines).await {
                    Ok(()) => false,
                    Err(Some(error)) => {
                        ask_at = ask_at.max(self.pause(&error));
                        true
                    }
                    Err(None) => false,
                };
                logged(
                    "the containers",
                    self.observer.look_at_containers(&engines).await,
                );
                if Instant::now() >= ask_at {
                    ask_at = self.hand_over_or_pause().await.unwrap_or(ask_at);
                }
            }
            let held = images_left || !self.observer.spool.is_empty();
            let next = bundle_at.max(ask_at).min(look_at);
            let next = if held && ask_at > Instant::now() {
                next.min(ask_at)
            } else {
                next
            };
            // Never faster than this, whatever the moments above say.
            tokio::time::sleep_until(next.max(Instant::now() + Duration::from_millis(200))).await;
        }
    }

    /// Looks at the host. Returns whether it was seen and kept.
    async fn look(&mut self, engines: &Engines) -> bool {
        let looked = self.observer.look_at_host(engines).await;
        logged("the host", looked)
    }

    /// Looks at the images; the error is the server's if it was the server's.
    async fn look_at_images(&mut self, engines: &Engines) -> Result<(), Option<UplinkError>> {
        match self.observer.look_at_images(engines).await {
            Ok(read) => {
                self.pass.images_read += read;
                Ok(())
            }
            Err(LookError::Uplink(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "images wait for the gateway"
                );
                Err(Some(error))
            }
            Err(error) => {
                logged::<()>("the images", Err(error));
                Err(None)
            }
        }
    }

    /// Asks for the bundle, and makes another key where that is due: after the server answered, or before anything else where
    /// an earlier run was cut off in the middle of it.
    async fn poll_bundle(&mut self) -> Result<(), UplinkError> {
        if Rotations::is_unfinished(self.state).unwrap_or(false) {
            self.keep_key_up().await;
        }
        self.ask_for_bundle().await?;
        self.keep_key_up().await;
        Ok(())
    }

    /// Makes another key where that is due. What goes wrong is tried again later: the key goes on to be accepted.
    async fn keep_key_up(&mut self) {
        let uplink = self.observer.uplink;
        if let Err(error) = self.rotations.keep_up(self.state, uplink).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the agent's key was not replaced; it goes on with the one that it has"
            );
        }
    }

    async fn ask_for_bundle(&mut self) -> Result<(), UplinkError> {
        match self.bundles.poll(self.observer.uplink, self.state).await {
            Ok(_) => Ok(()),
            Err(PollError::Uplink(error)) => Err(error),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the bundle before stays in force"
                );
                Ok(())
            }
        }
    }

    /// Hands over what is held; what went wrong is kept for the pass.
    async fn hand_over(&mut self) {
        let uplink = self.observer.uplink;
        match drain(self.observer.spool, uplink, self.observer.boot).await {
            Ok(drained) => {
                self.pass.drained.delivered += drained.delivered;
                self.pass.drained.kept = drained.kept;
                self.pass.drained.refused += drained.refused;
            }
            Err(error) => self.pass.unreachable = Some(error),
        }
    }

    /// Hands over what is held; returns when to ask again if the server did not answer.
    async fn hand_over_or_pause(&mut self) -> Option<Instant> {
        if self.observer.spool.is_empty() {
            return None;
        }
        self.hand_over().await;
        match self.pass.unreachable.take() {
            Some(error) => Some(self.pause(&error)),
            None => {
                self.backoff.succeeded();
                None
            }
        }
    }

    fn pause(&mut self, error: &UplinkError) -> Instant {
        // Nothing that is done here helps against what is not transient; it is asked about seldom.
        let asked = if error.is_transient() {
            error.retry_after()
        } else {
            Some(Duration::from_secs(15 * 60))
        };
        let random = random_u32();
        let pause = self.backoff.failed(asked, random);
        tracing::warn!(
            error = error as &dyn std::error::Error,
            retry_in_s = pause.as_secs(),
            held = self.observer.spool.len(),
            "the server is not reached; what is seen is kept"
        );
        Instant::now() + pause
    }

    /// An interval and up to a tenth more, so that a fleet that began together does not go on so.
    fn spread(&self, interval: Duration) -> Duration {
        interval.mul_f64(1.0 + 0.1 * f64::from(random_u32()) / f64::from(u32::MAX))
    }
}

/// A random number, or the middle where there is none: it only spreads load.
fn random_u32() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => u32::MAX / 2,
    }
}

/// Logs an error of a look; returns whether there was none.
fn logged<T>(what: &str, looked: Result<T, LookError>) -> bool {
    match looked {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(
                what,
                error = &error as &dyn std::error::Error,
                "a look failed"
            );
            false
        }
    }
}
