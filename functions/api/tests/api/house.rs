//! A server in process: its own store, its own clock.

use std::sync::{Arc, Mutex, OnceLock};

use access::{AgentKey, enrolment::prove, request_token::RequestSigner};
use api::ApiState;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use platform::{Embedded, EmbeddedDepot, EmbeddedOptions, ManualClock, Platform};
use schemas::{Timestamp, agent::EnrolReply, api::Role};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
const START_MS: u64 = 1_800_000_000_000;

/// Everything that this process logs, down to the last detail.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let into = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || into.clone())
            .init();
        log
    })
}

/// What was logged so far, by all tests.
pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&log().0.lock().unwrap()).into_owned()
}

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) state: ApiState,
    pub(crate) platform: Platform,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) one_time_password: String,
    pub(crate) enrolment_token: String,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn problem(&self) -> &str {
        self.body["type"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/problems/")
    }

    pub(crate) fn is(&self, status: u16, problem: &str) -> bool {
        self.status.as_u16() == status && self.problem() == problem
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(EmbeddedOptions::default()).await
    }

    pub(crate) async fn with(options: EmbeddedOptions) -> Self {
        Self::open(START_MS, options).await.0
    }

    /// The same, whose clock begins then.
    pub(crate) async fn at(start_ms: u64, options: EmbeddedOptions) -> Self {
        Self::open(start_ms, options).await.0
    }

    /// A server with a view of everything that is stored.
    pub(crate) async fn whole() -> (Self, EmbeddedDepot) {
        Self::open(START_MS, EmbeddedOptions::default()).await
    }

    async fn open(start_ms: u64, options: EmbeddedOptions) -> (Self, EmbeddedDepot) {
        // Before anything is logged, so that every line of this process is kept.
        let _ = log();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(start_ms));
        let (platform, depot) =
            Embedded::open_whole(folder.path(), Arc::<ManualClock>::clone(&clock), options)
                .unwrap();
        let (state, router) = api::open(platform.clone()).await.unwrap();
        let made = state.set_up().await.unwrap().expect("a fresh store");
        let house = Self {
            router,
            state,
            platform,
            clock,
            one_time_password: made.one_time_password.expose_secret().to_owned(),
            enrolment_token: made.enrolment_token.expose_secret().to_owned(),
            _folder: folder,
        };
        (house, depot)
    }

    pub(crate) fn now(&self) -> Timestamp {
        use platform::Clock;
        Timestamp::from_ms(i64::try_from(self.clock.now_ms()).unwrap())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// A request of a person.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn sign_in(&self, tenant: &str, login: &str, password: &str) -> Answer {
        let body = json!({"tenant": tenant, "login": login, "password": password});
        self.ask(Method::POST, "/api/v1/session", None, Some(body))
            .await
    }

    /// Signs in with a one-time password, changes it, and returns the token of the new session.
    pub(crate) async fn settle(&self, tenant: &str, login: &str, one_time: &str) -> String {
        let first = self.sign_in(tenant, login, one_time).await;
        assert_eq!(first.status, 200, "{first:?}");
        let token = first.body["token"].as_str().unwrap().to_owned();
        let change = json!({"current": one_time, "new": PASSWORD});
        let changed = self
            .ask(
                Method::POST,
                "/api/v1/session/password",
                Some(&token),
                Some(change),
            )
            .await;
        assert_eq!(changed.status, 200, "{changed:?}");
        changed.body["token"].as_str().unwrap().to_owned()
    }

    /// A session of the administrator.
    pub(crate) async fn admin(&self) -> String {
        self.settle("default", "admin", &self.one_time_password)
            .await
    }

    /// A session of a new person with one role.
    pub(crate) async fn person(&self, tenant: &str, role: Role) -> String {
        let login = format!("{role:?}").to_lowercase();
        let tenant_id = tenant.parse().unwrap();
        self.state.create_tenant(&tenant_id).await.unwrap();
        let one_time = self
            .state
            .create_user(&tenant_id, &login.parse().unwrap(), vec![role])
            .await
            .unwrap()
            .expect("a new person");
        self.settle(tenant, &login, one_time.expose_secret()).await
    }

    /// A session of a new person with one role, built in or not.
    pub(crate) async fn assigned(&self, tenant: &str, login: &str, role: &str) -> String {
        let tenant_id = tenant.parse().unwrap();
        self.state.create_tenant(&tenant_id).await.unwrap();
        let hash = access::password::hash(&PASSWORD.into(), [1; 16]).unwrap();
        let identity = records::identity::Identity::new(self.platform.clone());
        let user = login.parse().unwrap();
        let roles = vec![role.parse().unwrap()];
        let new = identity.create_user(&tenant_id, &user, hash, roles).await;
        assert!(new.unwrap());
        let settled = password(&identity, &tenant_id, &user).await;
        assert!(settled);
        let session = self.sign_in(tenant, login, PASSWORD).await;
        session.body["token"].as_str().unwrap().to_owned()
    }

    /// The same store, by an API that may ask the addresses of this machine.
    pub(crate) async fn asking_this_machine(mut self) -> Self {
        let options = api::ApiOptions {
            guard: sources::http::Guard::allowing(vec!["127.0.0.0/8".parse().unwrap()]),
            ..api::ApiOptions::default()
        };
        let state = ApiState::open_with(self.platform.clone(), options).await;
        self.state = state.unwrap();
        self.router = api::router(self.state.clone()).0;
        self
    }

    /// Gives a person these roles in place of those that they have.
    pub(crate) async fn give(&self, tenant: &str, login: &str, roles: &[&str]) {
        let key = platform::Key::new(format!("t/{tenant}/users"), login);
        let item = self.platform.table.get(&key).await.unwrap().unwrap();
        let mut user: Value = serde_json::from_slice(&item.value).unwrap();
        user["roles"] = json!(roles);
        let item = platform::Item::new(key, user.to_string().into_bytes());
        let put = self.platform.table.put(item, platform::Condition::None);
        put.await.unwrap();
    }

    /// Enrols an agent with a key of this seed.
    pub(crate) async fn enrol(&self, token: &str, seed: u8) -> Answer {
        let key = key(seed);
        let body = json!({
            "token": token,
            "public_key": key.public().to_base64url(),
            "proof": prove(token, &key),
            "host_name": format!("host-{seed}"),
            "machine": format!("machine-{seed}"),
            "platform": "linux/amd64",
            "software": "0.1.0",
        });
        self.ask(Method::POST, "/agent/v1/enrol", None, Some(body))
            .await
    }

    /// An enrolled agent.
    pub(crate) async fn agent(&self, seed: u8) -> Agent {
        let wish = api::TokenWish {
            note: String::new(),
            created_by: "test".to_owned(),
            valid_for_s: 3600,
            max_uses: 1,
            hosts: Vec::new(),
        };
        let (token, _) = self
            .state
            .create_token(&"default".parse().unwrap(), wish)
            .await
            .unwrap();
        let answer = self.enrol(token.expose_secret(), seed).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let reply: EnrolReply = serde_json::from_value(answer.body).unwrap();
        Agent {
            signer: RequestSigner::new(reply.agent.clone(), key(seed)),
            reply,
        }
    }
}

/// Makes the test's password a person's own.
async fn password(
    identity: &records::identity::Identity,
    tenant: &schemas::TenantId,
    user: &schemas::UserId,
) -> bool {
    let hash = access::password::hash(&PASSWORD.into(), [2; 16]).unwrap();
    let set = identity.set_password(tenant, user, &hash, false, None);
    set.await.unwrap()
}

pub(crate) fn key(seed: u8) -> AgentKey {
    AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])))
}

/// An agent as it would call.
pub(crate) struct Agent {
    pub(crate) reply: EnrolReply,
    pub(crate) signer: RequestSigner,
}

impl Agent {
    /// A signed request.
    pub(crate) fn request(
        &self,
        house: &House,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Request<Body> {
        let mut nonce = [0; 16];
        house.platform.keys.random(&mut nonce).unwrap();
        let authorization = self
            .signer
            .sign(method, path, body, house.now(), nonce)
            .unwrap();
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(Body::from(body.to_vec()))
            .unwrap()
    }

    pub(crate) async fn call(
        &self,
        house: &House,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        house.send(self.request(house, method, path, &body)).await
    }

    pub(crate) fn envelope(
        &self,
        house: &House,
        boot_id: &str,
        seq: u64,
        kind: &str,
        body: Value,
    ) -> Value {
        json!({
            "version": 1,
            "agent": self.reply.agent,
            "boot_id": boot_id,
            "seq": seq,
            "observed_at": house.now(),
            "kind": kind,
            "body": body,
        })
    }

    pub(crate) async fn post(&self, house: &House, envelopes: Vec<Value>) -> Answer {
        self.call(
            house,
            "POST",
            "/agent/v1/envelopes",
            &json!({"envelopes": envelopes}),
        )
        .await
    }

    pub(crate) fn host_body(&self) -> Value {
        json!({"subject": "host", "inventory": {
            "version": 1,
            "target": {"kind": "host", "name": "h"},
            "host": {"id": self.reply.host, "name": "h"},
            "coverage": {"status": "complete"},
        }})
    }
}
