//! A small site on the embedded platform, metered: requests and messages are served one at a time, so that each count
//! belongs to one function.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use access::{AgentKey, enrolment::prove, request_token::RequestSigner};
use anyhow::{Context as _, Result, bail};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use estate::EstateIndex;
use handlers::{Context, FeedSources, Limits};
use platform::{
    Clock, Delivery, Embedded, ManualClock, Message, Platform, Receive,
    meter::{Meter, Port, metered},
};
use records::{Estates, messages};
use roster::{FUNCTIONS, Function, Trigger};
use schemas::{HostId, TenantId, Timestamp, agent::EnrolReply};
use secrecy::{ExposeSecret as _, SecretBox};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::spent::Spent;
use crate::count::{Counts, Event, float};

/// Where the site's clock begins, in milliseconds since 1970.
const START_MS: u64 = 1_800_000_000_000;
/// Bytes of the head of an answer, about.
const HEAD_BYTES: usize = 600;
/// Longest answer that is read.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// Name of the function that answers HTTP.
pub(crate) const API: &str = "api";

/// The site.
pub(crate) struct World {
    /// Counted.
    pub(crate) platform: Platform,
    /// The same, not counted.
    pub(crate) bare: Platform,
    pub(crate) tenant: TenantId,
    pub(crate) documents: PathBuf,
    clock: Arc<ManualClock>,
    meter: Arc<Meter>,
    context: Context,
    router: Router,
    enrolment_token: String,
    session: String,
    tally: Event,
    _folder: tempfile::TempDir,
}

/// An agent of the site.
pub(crate) struct Agent {
    pub(crate) host: HostId,
    signer: RequestSigner,
    boot_id: String,
    seq: u64,
}

/// A request of an agent.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) body: Option<&'a Value>,
    pub(crate) if_none_match: Option<&'a str>,
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Arc::new(ManualClock::new(START_MS));
        let bare = Embedded::open(
            folder.path().join("store"),
            Arc::<ManualClock>::clone(&clock),
        )?;
        let meter = Arc::new(Meter::looking());
        let platform = metered(bare.clone(), Arc::clone(&meter));
        let documents = folder.path().join("documents");
        std::fs::create_dir(&documents)?;
        let (state, router) = api::open(platform.clone()).await?;
        let made = state.set_up().await?.context("the store is not fresh")?;
        let context = context(&platform, &documents);
        let mut world = Self {
            platform,
            bare,
            tenant: "default".parse()?,
            documents,
            clock,
            meter,
            context,
            router,
            enrolment_token: String::new(),
            session: String::new(),
            tally: Event::new(),
            _folder: folder,
        };
        let wish = api::TokenWish {
            note: String::new(),
            created_by: "cost".to_owned(),
            valid_for_s: 365 * 86_400,
            max_uses: 100_000,
            hosts: Vec::new(),
        };
        let (token, _) = state.create_token(&world.tenant, wish).await?;
        world.enrolment_token = token.expose_secret().to_owned();
        let one_time = made.one_time_password.expose_secret().to_owned();
        world.session = world.sign_in(&one_time).await?;
        let change = json!({"current": one_time, "new": super::PASSWORD});
        let changed = world
            .person(Method::POST, "/api/v1/session/password", Some(&change))
            .await?;
        world.session = text(&changed, "token")?;
        world.take();
        Ok(world)
    }

    /// Signs in, and keeps the session.
    pub(crate) async fn sign_in(&mut self, password: &str) -> Result<String> {
        let body = json!({"login": "admin", "password": password});
        let session = self
            .person(Method::POST, "/api/v1/session", Some(&body))
            .await?;
        self.session = text(&session, "token")?;
        Ok(self.session.clone())
    }

    /// What was done since this was asked last.
    pub(crate) fn take(&mut self) -> Event {
        std::mem::take(&mut self.tally)
    }

    /// Lets time pass.
    pub(crate) fn pass_s(&self, seconds: u64) {
        self.clock.advance_ms(seconds * 1000);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX))
    }

    /// An instance of a function that has just begun: nothing is remembered.
    pub(crate) fn forget(&mut self) {
        self.context = context(&self.platform, &self.documents);
    }

    /// The same for the API.
    pub(crate) async fn forget_api(&mut self) -> Result<()> {
        let before = self.meter.snapshot();
        let begun = Spent::now();
        let (_, router) = api::open(self.platform.clone()).await?;
        self.router = router;
        let counts = Counts::of(&self.meter.snapshot().since(&before));
        self.note(API, counts, begun);
        Ok(())
    }

    fn note(&mut self, function: &str, counts: Counts, begun: Spent) {
        let took_ms = begun.since_ms();
        let known = self.tally.entry(function.to_owned()).or_default();
        *known = known.plus(Counts {
            compute_ms: took_ms,
            ..counts
        });
    }

    /// A request to the API.
    async fn http(&mut self, request: Request<Body>) -> Result<Value> {
        let before = self.meter.snapshot();
        let begun = Spent::now();
        let path = request.uri().path().to_owned();
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_ANSWER_BYTES).await?;
        let counts = Counts {
            http_requests: 1.0,
            answer_bytes: float((HEAD_BYTES + bytes.len()) as u64),
            ..Counts::of(&self.meter.snapshot().since(&before))
        };
        self.note(API, counts, begun);
        if status.is_client_error() || status.is_server_error() {
            bail!(
                "{path} was answered {status}: {}",
                String::from_utf8_lossy(&bytes)
            );
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// A request of a person.
    pub(crate) async fn person(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = Request::builder().method(method).uri(path);
        if !self.session.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.session));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(serde_json::to_vec(body)?)
            }
            None => Body::empty(),
        };
        self.http(request.body(body)?).await
    }

    /// Enrols an agent.
    pub(crate) async fn enrol(&mut self, number: u8) -> Result<Agent> {
        let key = || AgentKey::from_seed(SecretBox::new(Box::new([number; 32])));
        let body = json!({
            "token": self.enrolment_token,
            "public_key": key().public().to_base64url(),
            "proof": prove(&self.enrolment_token, &key()),
            "host_name": format!("host-{number:03}"),
            "machine": format!("machine-{number:03}"),
            "platform": "linux/amd64",
            "software": "0.1.0",
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri("/agent/v1/enrol")
            .header("content-type", "application/json")
            .body(Body::from(serde_json::to_vec(&body)?))?;
        let reply: EnrolReply = serde_json::from_value(self.http(request).await?)?;
        Ok(Agent {
            host: reply.host,
            signer: RequestSigner::new(reply.agent, key()),
            boot_id: format!("boot{number:028}"),
            seq: 0,
        })
    }

    /// A signed request of an agent.
    pub(crate) async fn agent(&mut self, agent: &Agent, ask: Ask<'_>) -> Result<Value> {
        let body = match ask.body {
            Some(body) => serde_json::to_vec(body)?,
            None => Vec::new(),
        };
        let mut nonce = [0; 16];
        self.platform.keys.random(&mut nonce)?;
        let authorization =
            agent
                .signer
                .sign(ask.method.as_str(), ask.path, &body, self.now(), nonce)?;
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header("authorization", authorization);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(etag) = ask.if_none_match {
            request = request.header("if-none-match", etag);
        }
        self.http(request.body(Body::from(body))?).await
    }

    /// Sends what an agent saw, all at once.
    pub(crate) async fn observe(&mut self, agent: &mut Agent, bodies: &[Value]) -> Result<()> {
        let mut envelopes = Vec::with_capacity(bodies.len());
        for body in bodies {
            agent.seq += 1;
            envelopes.push(json!({
                "version": 1,
                "agent": agent.signer.agent(),
                "boot_id": agent.boot_id,
                "seq": agent.seq,
                "observed_at": self.now(),
                "kind": "inventory",
                "body": body,
            }));
        }
        let body = json!({"envelopes": envelopes});
        let ask = Ask {
            method: Method::POST,
            path: "/agent/v1/envelopes",
            body: Some(&body),
            if_none_match: None,
        };
        let reply = self.agent(agent, ask).await?;
        let receipts = reply.get("receipts").and_then(Value::as_array);
        let refused = receipts
            .into_iter()
            .flatten()
            .find(|receipt| receipt.get("status") != Some(&json!("accepted")));
        match refused {
            None => Ok(()),
            Some(receipt) => bail!("an envelope was not accepted: {receipt}"),
        }
    }

    /// Runs functions until no queue has a message.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        loop {
            let mut idle = true;
            for function in &FUNCTIONS {
                let Trigger::Queue(queue) = function.trigger else {
                    continue;
                };
                let how = Receive {
                    max: 10,
                    ..Receive::default()
                };
                for delivery in self.bare.queue.receive(queue, how).await? {
                    idle = false;
                    self.handle(function, &delivery, 1.0).await?;
                    self.bare.queue.ack(&delivery).await?;
                }
            }
            if idle {
                return Ok(());
            }
        }
    }

    async fn handle(
        &mut self,
        function: &'static Function,
        delivery: &Delivery,
        messages: f64,
    ) -> Result<()> {
        let before = self.meter.snapshot();
        let begun = Spent::now();
        let done = function.handler.handle(&self.context, delivery).await;
        let counts = Counts {
            messages,
            ..Counts::of(&self.meter.snapshot().since(&before))
        };
        self.note(function.name, counts, begun);
        if let Err(error) = done {
            bail!("{} failed: {}", function.name, error.reason());
        }
        Ok(())
    }

    /// One start of a function on a schedule, and what follows from it.
    pub(crate) async fn tick(&mut self, name: &str) -> Result<()> {
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let function = function.with_context(|| format!("there is no function {name}"))?;
        let delivery = Delivery {
            queue: String::new(),
            message: Message::new(name, "{}"),
            receipt: String::new(),
            receive_count: 1,
            first_received_at_ms: 0,
            sent_at_ms: 0,
        };
        self.handle(function, &delivery, 0.0).await?;
        self.settle().await
    }

    /// Reads the documents anew, and does what follows.
    pub(crate) async fn refresh(&mut self) -> Result<()> {
        self.tick("feed-refresh").await
    }

    /// Folds all states into the index's base.
    pub(crate) async fn fold(&self) -> Result<()> {
        Ok(Estates(&self.bare).fold(&self.tenant, |_| false).await?)
    }

    /// Bytes of records that were written.
    pub(crate) fn table_bytes(&self) -> f64 {
        float(self.meter.snapshot().port(Port::Table).sent_bytes)
    }

    /// Number of findings of all places, each vulnerability of a place once.
    pub(crate) async fn findings(&self) -> Result<f64> {
        let index = Estates(&self.bare).load_merged(&self.tenant).await?;
        let summaries = index.summaries(None);
        let counts = summaries
            .iter()
            .map(|summary| f64::from(summary.counts.total));
        Ok(counts.sum())
    }

    /// Bytes of a state that waits to be folded in, on average.
    pub(crate) async fn state_bytes(&self) -> Result<f64> {
        let pending = Estates(&self.bare).pending(&self.tenant).await?;
        Ok(float(pending.bytes()) / float(pending.states().max(1) as u64))
    }

    /// Makes the index that of an estate of so many places more.
    pub(crate) async fn fill(&self, places: usize) -> Result<()> {
        let all = super::samples::states(places)?;
        let laid = move |index: &mut EstateIndex| {
            let changes = all.iter().filter(|state| index.apply(state));
            changes.count() > 0
        };
        Ok(Estates(&self.bare).fold(&self.tenant, laid).await?)
    }

    /// Sends messages that are not counted.
    pub(crate) async fn tell<M: messages::QueueMessage>(&self, all: &[M]) -> Result<()> {
        Ok(messages::send(&self.bare, all).await?)
    }
}

fn context(platform: &Platform, documents: &Path) -> Context {
    let sources = FeedSources::Folder(documents.to_owned());
    let limits = Limits {
        fold_at: 1,
        ..Limits::default()
    };
    Context::new(platform.clone(), sources, limits)
}

fn text(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("the answer has no {name}"))?
        .to_owned())
}
