//! Agents that replace their keys: the agent's own code against a server whose clock the tests turn.

use std::sync::Arc;

use access::{AgentKey, request_token::RequestSigner, rotation::prove};
use agent_host::{
    clock::Clock,
    enrol::{EnrolError, Wanted, enrol},
    key,
    rotation::{EVERY_MS, Rotations},
    state::StateDir,
    uplink::{self, Uplink, UplinkError},
};
use axum::http::Method;
use schemas::agent::RotateKeyRequest;
use serde_json::{Value, json};

use crate::house::{House, key as seeded};

const DAY_MS: u64 = 24 * 60 * 60_000;

/// A house that listens, and an agent that has enrolled there.
struct Site {
    house: House,
    admin: String,
    server: String,
    state: StateDir,
    agent: schemas::AgentId,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open() -> Self {
        let house = House::new().await;
        let admin = house.admin().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let router = house.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let wanted = wanted(&server, &house.enrolment_token);
        let agent = enrol(&state, wanted).await.unwrap().agent;
        Self {
            house,
            admin,
            server,
            state,
            agent,
            _folder: folder,
        }
    }

    /// The way to the server of an agent that signs with this key.
    fn by(&self, key: AgentKey) -> Uplink {
        Uplink::new(
            uplink::client(None).unwrap(),
            uplink::server_address(&self.server, false).unwrap(),
            RequestSigner::new(self.agent.clone(), key),
            Arc::new(Clock::default()),
        )
    }

    /// The way to the server of an agent that has just started with what is in its folder.
    fn started(&self) -> Uplink {
        self.by(self.kept())
    }

    fn kept(&self) -> AgentKey {
        key::load(&self.state).unwrap().unwrap()
    }

    async fn row(&self) -> Value {
        // Sessions end within the weeks that pass here.
        let listed = self.house.get("/api/v1/agents", &self.admin().await).await;
        listed.body["agents"][0].clone()
    }

    async fn admin(&self) -> String {
        let password = crate::house::PASSWORD;
        let session = self.house.sign_in("default", "admin", password).await;
        session.body["token"].as_str().unwrap().to_owned()
    }

    async fn ask(&self) {
        let path = format!("/api/v1/agents/{}/rotation", self.agent);
        let token = self.admin().await;
        let asked = self.house.ask(Method::POST, &path, Some(&token), None);
        let asked = asked.await;
        assert_eq!(asked.status, 202, "{asked:?}");
    }
}

fn wanted(server: &str, token: &str) -> Wanted {
    Wanted {
        server: server.to_owned(),
        token: token.to_owned().into(),
        ca: None,
        allow_http: false,
        force: false,
    }
}

fn is_refused(answer: Result<impl Sized, UplinkError>) -> bool {
    let Err(UplinkError::Refused { status, kind, .. }) = answer else {
        return false;
    };
    (status, kind.as_str()) == (401, "/problems/bad-signature")
}

fn request(site: &Site, next: &AgentKey) -> RotateKeyRequest {
    RotateKeyRequest {
        public_key: next.public().to_base64url(),
        proof: prove(&site.agent, next),
    }
}

fn is_same(a: &AgentKey, b: &AgentKey) -> bool {
    a.public().to_base64url() == b.public().to_base64url()
}

#[tokio::test]
async fn an_agent_replaces_its_key_when_it_is_asked_and_when_it_is_old() {
    let site = Site::open().await;
    assert!(!site.admin.is_empty());
    let (first, mut rotations, agent) = (site.kept(), Rotations::default(), site.started());
    agent.bundle(None).await.unwrap();
    assert!(!rotations.keep_up(&site.state, &agent).await.unwrap());
    assert_eq!(site.row().await.get("key_since"), None);

    site.ask().await;
    assert_eq!(
        site.row().await["rotation_asked_at"],
        json!(site.house.now())
    );
    // It learns of it with its next question, and does it once.
    assert!(!rotations.keep_up(&site.state, &agent).await.unwrap());
    agent.bundle(None).await.unwrap();
    assert!(rotations.keep_up(&site.state, &agent).await.unwrap());
    agent.bundle(None).await.unwrap();
    assert!(!rotations.keep_up(&site.state, &agent).await.unwrap());
    let row = site.row().await;
    assert_eq!(row["key_since"], json!(site.house.now()));
    assert_eq!(row.get("rotation_asked_at"), None);
    let second = site.kept();
    assert!(!is_same(&first, &second));

    // The key before is accepted for a day, and not for longer.
    let before = site.by(first);
    site.house.clock.advance_ms(DAY_MS - 1000);
    before.bundle(None).await.unwrap();
    site.house.clock.advance_ms(1000);
    assert!(is_refused(before.bundle(None).await));
    agent.bundle(None).await.unwrap();

    // By itself after 30 days, also when it was restarted meanwhile.
    let (mut rotations, agent) = (Rotations::default(), site.started());
    agent.bundle(None).await.unwrap();
    assert!(!rotations.keep_up(&site.state, &agent).await.unwrap());
    site.house
        .clock
        .advance_ms(u64::try_from(EVERY_MS).unwrap() - DAY_MS + 60_000);
    agent.bundle(None).await.unwrap();
    assert!(rotations.keep_up(&site.state, &agent).await.unwrap());
    assert!(!is_same(&second, &site.kept()));
    site.started().bundle(None).await.unwrap();
    let path = "/api/v1/audit?operation=agent_rotate_key";
    let told = site.house.get(path, &site.admin().await).await;
    let told = told.body["entries"].as_array().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["actor"]["id"], json!(site.agent));
}

#[tokio::test]
async fn an_agent_that_is_cut_off_in_the_middle_goes_on_with_one_of_its_keys() {
    let site = Site::open().await;
    // Before the server heard of the next key.
    let next = key::create_next(&site.state).unwrap();
    let agent = site.started();
    agent.bundle(None).await.unwrap();
    assert!(Rotations::is_unfinished(&site.state).unwrap());
    let mut rotations = Rotations::default();
    assert!(rotations.keep_up(&site.state, &agent).await.unwrap());
    assert!(is_same(&next, &site.kept()));
    assert!(!Rotations::is_unfinished(&site.state).unwrap());
    agent.bundle(None).await.unwrap();

    // After the server took it, and before the agent knew: within the overlap, and long after.
    for off_ms in [60_000, 3 * DAY_MS] {
        let next = key::create_next(&site.state).unwrap();
        let agent = site.started();
        agent
            .rotate_key(&request(&site, &next), None)
            .await
            .unwrap();
        site.house.clock.advance_ms(off_ms);
        let agent = site.started();
        assert_eq!(is_refused(agent.bundle(None).await), off_ms > DAY_MS);
        let mut rotations = Rotations::default();
        assert!(rotations.keep_up(&site.state, &agent).await.unwrap());
        assert!(is_same(&next, &site.kept()), "{off_ms}");
        agent.bundle(None).await.unwrap();
        site.started().bundle(None).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_gives_its_place_to_no_key_that_is_not_proved_and_a_former_one_to_none() {
    let site = Site::open().await;
    let agent = site.started();
    let refused =
        async |by: &Uplink, request: &RotateKeyRequest| match by.rotate_key(request, None).await {
            Err(UplinkError::Refused { status, kind, .. }) => (status, kind),
            other => panic!("{other:?}"),
        };
    let mut unproved = request(&site, &seeded(50));
    unproved.public_key = seeded(51).public().to_base64url();
    let bad = (400, "/problems/bad-proof".to_owned());
    assert_eq!(refused(&agent, &unproved).await, bad);
    unproved.public_key = "x".to_owned();
    assert_eq!(refused(&agent, &unproved).await, bad);

    let thief = site.started();
    let first = request(&site, &seeded(50));
    agent.rotate_key(&first, None).await.unwrap();
    let conflict = (409, "/problems/conflict".to_owned());
    assert_eq!(
        refused(&thief, &request(&site, &seeded(52))).await,
        conflict
    );
    // Once more is no news, whoever signs it.
    agent.rotate_key(&first, None).await.unwrap();
    agent.rotate_key(&first, Some(seeded(50))).await.unwrap();
    agent.sign_with(seeded(50));
    let back = request(&site, &site.kept());
    assert_eq!(refused(&agent, &back).await, conflict);

    let path = format!("/api/v1/agents/{}", site.agent);
    let revoked = site
        .house
        .ask(Method::DELETE, &path, Some(&site.admin), None);
    assert_eq!(revoked.await.status, 204);
    for key in [50, 52] {
        let (agent, request) = (site.by(seeded(50)), request(&site, &seeded(key)));
        let gone = agent.rotate_key(&request, None);
        assert!(matches!(gone.await, Err(UplinkError::Revoked)));
    }
    let path = format!("{path}/rotation");
    let asked = site.house.ask(Method::POST, &path, Some(&site.admin), None);
    assert!(asked.await.is(409, "conflict"));
}

#[tokio::test]
async fn a_token_that_is_for_some_hosts_enrols_no_other() {
    let site = Site::open().await;
    let make = async |hosts: Value| {
        let body = json!({"hosts": hosts, "max_uses": 3});
        let path = "/api/v1/enrolment-tokens";
        site.house
            .ask(Method::POST, path, Some(&site.admin), Some(body))
            .await
    };
    let many: Vec<_> = (0..33).map(|n| format!("h{n}")).collect();
    for bad in [
        json!([""]),
        json!([" web"]),
        json!(["x".repeat(257)]),
        json!(many),
    ] {
        let refused = make(bad.clone()).await;
        assert!(refused.is(400, "bad-request"), "{bad} {refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains("hosts"));
    }
    let made = make(json!(["WEB-*", "host-7"])).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["token"].as_str().unwrap();
    let other = site.house.enrol(token, 8).await;
    assert!(other.is(403, "host-not-admitted"), "{other:?}");
    let detail = other.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("WEB-*, host-7") && detail.contains("host-8"),
        "{detail}"
    );
    let enrolled = site.house.enrol(token, 7).await;
    assert_eq!(enrolled.status, 200, "{enrolled:?}");
    let listed = site
        .house
        .get("/api/v1/enrolment-tokens", &site.admin)
        .await;
    let rows = listed.body["enrolment_tokens"].as_array().unwrap();
    let row = rows.iter().find(|row| row["max_uses"] == 3).unwrap();
    assert_eq!(
        (&row["hosts"], &row["uses"]),
        (&json!(["WEB-*", "host-7"]), &json!(1))
    );
    let path = "/api/v1/audit?operation=agent_enrol&outcome=refused";
    let told = site.house.get(path, &site.admin).await;
    assert_eq!(told.body["entries"][0]["after"]["host_name"], "host-8");

    // The agent itself says so to whoever enrols it, and keeps nothing that would stand in the way of another token.
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let made = make(json!(["no-host-is-called-so"])).await;
    let token = made.body["token"].as_str().unwrap();
    let refused = enrol(&state, wanted(&site.server, token)).await;
    let Err(EnrolError::Uplink(UplinkError::Refused { status, detail, .. })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(status, 403);
    assert!(detail.contains("no-host-is-called-so"), "{detail}");
}
