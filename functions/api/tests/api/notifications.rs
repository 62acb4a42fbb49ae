//! Channels of notifications, tried at a real listener.

use std::sync::{Arc, Mutex};

use api::{ApiOptions, ApiState};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Request, Uri},
};
use notification::{ChannelSecrets, SigningSecret};
use records::{Channels, Deliveries, DeliveryRecord};
use schemas::{
    api::{Role, notification::ChannelTarget},
    notification::Notification,
};
use serde_json::{Value, json};
use sources::http::Guard;
use tokio::net::TcpListener;

use crate::house::{Answer, House};

const CHANNELS: &str = "/api/v1/notifications/channels";

type Arrived = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// A house whose operator lets notifications go to this machine, and a listener on it.
async fn house() -> (House, String, Arrived) {
    let mut house = House::new().await;
    let options = ApiOptions {
        guard: Guard::of_list("127.0.0.1").unwrap(),
        ..ApiOptions::default()
    };
    let state = ApiState::open_with(house.platform.clone(), options).await;
    house.router = api::router(state.unwrap()).0;
    let arrived = Arrived::default();
    let router = Router::new()
        .fallback(
            async |State(arrived): State<Arrived>, uri: Uri, headers: HeaderMap, body: Bytes| {
                let path = uri.path().to_owned();
                let said = format!("heard {path}");
                arrived.lock().unwrap().push((path, headers, body));
                said
            },
        )
        .with_state(Arc::clone(&arrived));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (house, address, arrived)
}

fn channel(target: &Value) -> Value {
    json!({"name": "On call", "target": target, "wants": {"events": ["findings.new"]}})
}

async fn make(house: &House, token: &str, target: Value) -> Answer {
    house
        .ask(Method::POST, CHANNELS, Some(token), Some(channel(&target)))
        .await
}

async fn put(house: &House, token: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::put(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    house
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

fn path_of(made: &Answer) -> String {
    format!(
        "{CHANNELS}/{}",
        made.body["channel"]["id"].as_str().unwrap()
    )
}

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_is_shown_once_signs_what_arrives_and_overlaps_with_the_next() {
    let (house, address, arrived) = house().await;
    let admin = house.admin().await;
    let target = json!({"kind": "webhook", "url": format!("{address}/hook")});
    let made = make(&house, &admin, target).await;
    assert_eq!(made.status, 201, "{made:?}");
    let first = made.body["signing_secret"].as_str().unwrap().to_owned();
    let path = path_of(&made);
    for answer in [
        house.get(&path, &admin).await,
        house.get(CHANNELS, &admin).await,
    ] {
        assert_eq!(answer.status, 200);
        assert!(!answer.body.to_string().contains(&first[6..]), "{answer:?}");
    }
    let test = async || {
        let path = format!("{path}/test");
        let tried = house.ask(Method::POST, &path, Some(&admin), None).await;
        assert_eq!(tried.body["delivered"], true, "{tried:?}");
        assert!(
            tried.body["result"]
                .as_str()
                .unwrap()
                .ends_with("heard [secret]"),
            "the path may be a secret: {tried:?}"
        );
        arrived.lock().unwrap().last().unwrap().clone()
    };
    let is_signed_by = |(_, headers, body): &(String, HeaderMap, Bytes), secret: &str| {
        let verifier = standardwebhooks::Webhook::new(secret).unwrap();
        // The clock of this house stands still elsewhere, so signatures are compared and not their age.
        let value = |name: &str| headers[name].to_str().unwrap().to_owned();
        let at = value("webhook-timestamp").parse().unwrap();
        let own = verifier.sign(&value("webhook-id"), at, body).unwrap();
        value("webhook-signature").split(' ').any(|one| one == own)
    };
    let heard = test().await;
    assert!(is_signed_by(&heard, &first));
    let body: Value = serde_json::from_slice(&heard.2).unwrap();
    assert_eq!(body["type"], "test");

    let rotate = format!("{path}/rotate-secret");
    let rotated = house.ask(Method::POST, &rotate, Some(&admin), None).await;
    let second = rotated.body["signing_secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let heard = test().await;
    assert!(is_signed_by(&heard, &first) && is_signed_by(&heard, &second));
    house.clock.advance_ms(24 * 3600 * 1000 + 1);
    let admin = house
        .sign_in("default", "admin", crate::house::PASSWORD)
        .await;
    let admin = admin.body["token"].as_str().unwrap().to_owned();
    let tried = house
        .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
        .await;
    assert_eq!(tried.body["delivered"], true);
    let heard = arrived.lock().unwrap().last().unwrap().clone();
    assert!(!is_signed_by(&heard, &first) && is_signed_by(&heard, &second));
}

#[tokio::test]
async fn what_is_secret_of_an_address_is_answered_by_nothing_and_not_taken_along() {
    let (house, address, arrived) = house().await;
    let admin = house.admin().await;
    let slack = json!({"kind": "slack", "url": format!("{address}/services/T0/B0/hidden-word")});
    let made = make(&house, &admin, slack).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.to_string().contains("hidden-word"), "{made:?}");
    let path = path_of(&made);
    let tried = house
        .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
        .await;
    assert_eq!(tried.body["delivered"], true);
    assert_eq!(arrived.lock().unwrap().len(), 1);
    // It stays while it is not named, and nobody changes a channel without knowing its state.
    let keep = channel(&json!({"kind": "slack"}));
    let blind = put(&house, &admin, &path, None, &keep).await;
    assert!(blind.is(412, "precondition-failed"), "{blind:?}");
    let kept = put(&house, &admin, &path, Some(&etag(&made)), &keep).await;
    assert_eq!(kept.status, 200, "{kept:?}");
    let stale = put(&house, &admin, &path, Some(&etag(&made)), &keep).await;
    assert!(stale.is(412, "precondition-failed"), "{stale:?}");
    let other = channel(&json!({"kind": "teams"}));
    let other = put(&house, &admin, &path, Some(&etag(&kept)), &other).await;
    assert!(other.is(400, "bad-request"), "{other:?}");

    let url = format!("{address}/a");
    let ocsf = json!({"kind": "ocsf", "url": url, "authorization": "Splunk hidden-word"});
    let made = make(&house, &admin, ocsf).await;
    let path = path_of(&made);
    let moved = channel(&json!({"kind": "ocsf", "url": format!("{address}/b")}));
    let moved = put(&house, &admin, &path, Some(&etag(&made)), &moved).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    house
        .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
        .await;
    let (at, headers, body) = arrived.lock().unwrap().last().unwrap().clone();
    assert_eq!(at, "/b");
    assert!(
        !headers.contains_key("authorization"),
        "it was for another address"
    );
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["class_uid"], 2002);
    let gone = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(gone.status, 204);
    assert!(house.get(&path, &admin).await.is(404, "not-found"));

    // Nothing of it lies open in the store.
    let export = house
        .get("/api/v1/exports/notification-channels", &admin)
        .await;
    assert_eq!(
        export.body["records"].as_array().unwrap().len(),
        1,
        "{export:?}"
    );
    assert!(!export.body.to_string().contains("hidden-word"));
    assert!(!export.body.to_string().contains("\"secrets\""));
}

/// Whatever kind a channel is of, and whether this version kept it or an earlier one.
#[tokio::test]
async fn the_path_of_an_address_is_in_no_answer_no_entry_of_the_log_and_no_export() {
    let (house, address, arrived) = house().await;
    let admin = house.admin().await;
    let host = address.strip_prefix("http://").unwrap().to_owned();
    let mut answers = Vec::new();
    let shown = format!("{address}/…");
    for (number, kind) in ["webhook", "ocsf", "slack", "teams"].iter().enumerate() {
        let at = format!("/services/hidden-path-{number}?key=hidden-word");
        let made = make(
            &house,
            &admin,
            json!({"kind": kind, "url": format!("{address}{at}")}),
        );
        let made = made.await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = path_of(&made);
        let target = &made.body["channel"]["target"];
        if number < 2 {
            assert_eq!(target["url"], shown, "{made:?}");
        } else {
            assert_eq!(target["host"], host, "{made:?}");
        }
        let test = async || {
            let tried = house
                .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
                .await;
            assert_eq!(tried.body["delivered"], true, "{tried:?}");
            let (at, ..) = arrived.lock().unwrap().pop().unwrap();
            assert_eq!(at, format!("/services/hidden-path-{number}"));
            tried
        };
        answers.push(test().await);
        // It stays when it is left out, and when what is shown of it is sent back.
        let mut tag = etag(&made);
        let left_out = json!({"kind": kind});
        let mut same = left_out.clone();
        if number < 2 {
            same["url"] = json!(shown);
        }
        for target in [left_out, same] {
            let kept = put(&house, &admin, &path, Some(&tag), &channel(&target)).await;
            assert_eq!(kept.status, 200, "{kept:?}");
            assert!(kept.body.get("signing_secret").is_none(), "{kept:?}");
            tag = etag(&kept);
            answers.extend([kept, test().await]);
        }
        let other = json!({"kind": kind, "url": "https://elsewhere.example.org/…"});
        let other = put(&house, &admin, &path, Some(&tag), &channel(&other)).await;
        assert!(other.is(400, "bad-request"), "{other:?}");
        answers.extend([made, other, house.get(&path, &admin).await]);
        if number == 0 {
            let rotate = format!("{path}/rotate-secret");
            answers.push(house.ask(Method::POST, &rotate, Some(&admin), None).await);
            answers.push(test().await);
        }
    }

    // As the version before kept one.
    let tenant = "default".parse().unwrap();
    let channels = Channels(&house.platform);
    for mut record in channels.all(&tenant).await.unwrap() {
        let (_, revision) = channels.get(&tenant, &record.id).await.unwrap().unwrap();
        let url = format!("{address}/services/hidden-path-9");
        let secrets = match record.target {
            ChannelTarget::Webhook { .. } => {
                record.target = ChannelTarget::Webhook { url };
                Some(ChannelSecrets::of_signing(&SigningSecret::new(&[7; 32])))
            }
            ChannelTarget::Ocsf { .. } => {
                record.target = ChannelTarget::Ocsf { url };
                None
            }
            _ => continue,
        };
        record.secrets = match secrets {
            Some(secrets) => {
                let text = secrets.text().unwrap();
                Some(channels.seal(&tenant, &record.id, &text).await.unwrap())
            }
            None => None,
        };
        let put = channels.put(&tenant, &record, Some(revision)).await;
        assert!(put.unwrap());
        let path = format!("{CHANNELS}/{}", record.id);
        let found = house.get(&path, &admin).await;
        assert_eq!(found.body["target"]["url"], shown, "{found:?}");
        let tried = house
            .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
            .await;
        assert_eq!(tried.body["delivered"], true, "{tried:?}");
        let export = house
            .get("/api/v1/exports/notification-channels", &admin)
            .await;
        assert!(export.body.to_string().contains(&record.id.to_string()));
        answers.extend([tried, export, house.get(CHANNELS, &admin).await]);
        // The next write seals it.
        let kind = found.body["target"]["kind"].as_str().unwrap();
        let same = channel(&json!({"kind": kind, "url": shown}));
        let tag = etag(&found);
        let sealed = self::put(&house, &admin, &path, Some(&tag), &same).await;
        assert_eq!(sealed.status, 200, "{sealed:?}");
        answers.push(sealed);
        let (record, _) = channels.get(&tenant, &record.id).await.unwrap().unwrap();
        let kept = serde_json::to_string(&record).unwrap();
        assert!(!kept.contains("hidden"), "{kept}");
        let tried = house
            .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
            .await;
        assert_eq!(tried.body["delivered"], true, "{tried:?}");
        assert_eq!(
            arrived.lock().unwrap().last().unwrap().0,
            "/services/hidden-path-9"
        );
        answers.push(house.ask(Method::DELETE, &path, Some(&admin), None).await);
    }
    answers.push(house.get(CHANNELS, &admin).await);
    answers.push(
        house
            .get("/api/v1/exports/notification-channels", &admin)
            .await,
    );
    let entries = house.get("/api/v1/audit?limit=500", &admin).await;
    assert!(
        entries.body.to_string().contains("create_channel"),
        "{entries:?}"
    );
    answers.push(entries);
    for answer in answers {
        let text = answer.body.to_string();
        assert!(!text.contains("hidden"), "{answer:?}");
    }
}

#[tokio::test]
async fn what_no_channel_could_be_is_refused_when_it_is_made() {
    let house = House::new().await;
    let admin = house.admin().await;
    for url in [
        "http://hooks.example.com/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/x",
        "https://name:word@hooks.example.com/",
        "file:///etc/passwd",
        "hooks.example.com",
        "",
    ] {
        let made = make(&house, &admin, json!({"kind": "webhook", "url": url})).await;
        assert!(made.is(400, "bad-request"), "{url} {made:?}");
    }
    let good = json!({"kind": "webhook", "url": "https://hooks.example.com/x"});
    let mut bodies = vec![
        channel(&json!({"kind": "pigeon"})),
        channel(&json!({"kind": "slack"})),
        channel(
            &json!({"kind": "ocsf", "url": "https://a.example.com", "authorization": "a\r\nb: c"}),
        ),
    ];
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("wants", json!({"events": []})),
        ("wants", json!({"events": ["test"]})),
        ("wants", json!({"events": ["moon.rises"]})),
        (
            "wants",
            json!({"events": ["findings.new"], "conditions": {"min_severity": "hihg"}}),
        ),
        ("moon", json!(1)),
    ] {
        let mut body = channel(&good);
        body[field] = value;
        bodies.push(body);
    }
    for body in bodies {
        let made = house
            .ask(Method::POST, CHANNELS, Some(&admin), Some(body.clone()))
            .await;
        assert!(made.is(400, "bad-request"), "{body} {made:?}");
    }
    for _ in 0..20 {
        assert_eq!(make(&house, &admin, good.clone()).await.status, 201);
    }
    let more = make(&house, &admin, good).await;
    assert!(more.is(409, "conflict"), "{more:?}");
}

/// A delivery of a channel of the tenant `default` that its receiver refused.
pub(crate) async fn failed(house: &House, channel: &str) -> String {
    let told: Notification = serde_json::from_value(json!({
        "event": "findings.new", "tenant": "default", "id": "n", "at": house.now(),
    }))
    .unwrap();
    let (tenant, channel) = ("default".parse().unwrap(), channel.parse().unwrap());
    let record = DeliveryRecord::new(&channel, told, "title".to_owned()).unwrap();
    let failed = schemas::api::notification::DeliveryState::Failed;
    let record = record.tried(house.now(), failed, None, "it answered 400");
    let deliveries = Deliveries(&house.platform);
    assert!(deliveries.put(&tenant, &record, None).await.unwrap());
    record.id.to_string()
}

#[tokio::test]
async fn deliveries_are_listed_and_sent_again_by_their_own_tenant_alone() {
    let house = House::new().await;
    let admin = house.admin().await;
    let other = house.person("other", Role::Admin).await;
    let good = json!({"kind": "webhook", "url": "https://hooks.example.com/x"});
    let made = make(&house, &admin, good).await;
    let id = failed(&house, made.body["channel"]["id"].as_str().unwrap()).await;

    let list = format!("{}/deliveries", path_of(&made));
    let listed = house.get(&list, &admin).await;
    assert_eq!(
        listed.body["deliveries"][0]["state"], "failed",
        "{listed:?}"
    );
    assert_eq!(listed.body["deliveries"][0]["result"], "it answered 400");
    assert!(house.get(&list, &other).await.is(404, "not-found"));
    let replay = format!("/api/v1/notifications/deliveries/{id}/replay");
    let foreign = house.ask(Method::POST, &replay, Some(&other), None).await;
    assert!(foreign.is(404, "not-found"), "{foreign:?}");
    let again = house.ask(Method::POST, &replay, Some(&admin), None).await;
    assert_eq!(again.body["state"], "pending", "{again:?}");
    assert_eq!(house.platform.queue.depth("notify").await.unwrap().ready, 1);
}

#[tokio::test]
async fn a_password_is_answered_by_nothing_and_goes_only_where_it_went() {
    let (house, address, arrived) = house().await;
    let admin = house.admin().await;
    let jira = |url: &str, token: Option<&str>| {
        let mut target = json!({"kind": "jira", "jira": {"url": url, "deployment": "data_center", "project": "OPS",
            "issue_type": "Task"}});
        if let Some(token) = token {
            target["token"] = json!(token);
        }
        target
    };
    let bare = make(&house, &admin, jira(&address, None)).await;
    assert!(bare.is(400, "bad-request"), "{bare:?}");
    let made = make(&house, &admin, jira(&address, Some("hidden-word"))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = path_of(&made);
    let shown = house.get(&path, &admin).await;
    assert_eq!(shown.body["target"]["jira"]["project"], "OPS");
    assert!(!shown.body.to_string().contains("hidden-word"), "{shown:?}");
    // It stays where it was, and is not taken along.
    let keep = channel(&jira(&address, None));
    let kept = put(&house, &admin, &path, Some(&etag(&made)), &keep).await;
    assert_eq!(kept.status, 200, "{kept:?}");
    house
        .ask(Method::POST, &format!("{path}/test"), Some(&admin), None)
        .await;
    let (at, headers, _) = arrived.lock().unwrap().last().unwrap().clone();
    assert_eq!(at, "/rest/api/2/project/OPS");
    assert_eq!(headers["authorization"], "Bearer hidden-word");
    let moved = channel(&jira(&format!("{address}/other"), None));
    let moved = put(&house, &admin, &path, Some(&etag(&kept)), &moved).await;
    assert!(moved.is(400, "bad-request"), "{moved:?}");

    let mail = |change: Value| {
        let mut mail = json!({"host": "127.0.0.1", "port": 465, "user": "ops", "from": "a@example.org",
            "to": ["b@example.org"]});
        for (name, value) in change.as_object().unwrap() {
            mail[name] = value.clone();
        }
        json!({"kind": "email", "mail": mail, "password": "hidden-word"})
    };
    let made = make(&house, &admin, mail(json!({}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.to_string().contains("hidden-word"));
    let path = path_of(&made);
    let mut elsewhere = mail(json!({"port": 466}));
    elsewhere.as_object_mut().unwrap().remove("password");
    let moved = put(
        &house,
        &admin,
        &path,
        Some(&etag(&made)),
        &channel(&elsewhere),
    )
    .await;
    assert!(moved.is(400, "bad-request"), "{moved:?}");
    let trail = house.get("/api/v1/audit", &admin).await;
    assert!(!trail.body.to_string().contains("hidden-word"), "{trail:?}");
    let export = house
        .get("/api/v1/exports/notification-channels", &admin)
        .await;
    assert!(!export.body.to_string().contains("hidden-word"));

    let many = vec!["b@example.org"; 21];
    let syslog = |host: &str, port: u16, more: Value| {
        let mut target = json!({"kind": "syslog", "host": host, "port": port});
        for (name, value) in more.as_object().unwrap() {
            target[name] = value.clone();
        }
        target
    };
    for odd in [
        mail(json!({"to": []})),
        mail(json!({"to": many})),
        mail(json!({"to": ["b@example.org\r\nBcc: c@example.org"]})),
        mail(json!({"from": "Ops <b@example.org>"})),
        mail(json!({"encryption": "none"})),
        mail(json!({"encryption": "rot13"})),
        mail(json!({"host": "10.0.0.1"})),
        mail(json!({"host": "mail.example.org/x"})),
        mail(json!({"host": "user@mail.example.org"})),
        mail(json!({"port": 0})),
        mail(json!({"user": Value::Null})),
        mail(json!({"authorities": "no certificate"})),
        syslog("169.254.169.254", 6514, json!({})),
        syslog("", 6514, json!({})),
        syslog("log.example.org:1", 6514, json!({})),
        syslog("log.example.org", 6514, json!({"transport": "pigeon"})),
        syslog(
            "log.example.org",
            70,
            json!({"authorities": "x".repeat(20_000)}),
        ),
        json!({"kind": "jira", "jira": {"url": address, "deployment": "cloud", "project": "OPS", "issue_type": "Task"},
            "token": "t"}),
        json!({"kind": "jira", "jira": {"url": address, "deployment": "data_center", "project": "OPS\" OR 1",
            "issue_type": "Task"}, "token": "t"}),
        json!({"kind": "jira", "jira": {"url": "http://jira.example.org", "deployment": "data_center", "project": "OPS",
            "issue_type": "Task"}, "token": "t"}),
    ] {
        let made = make(&house, &admin, odd.clone()).await;
        assert!(made.is(400, "bad-request"), "{odd} {made:?}");
    }
    for good in [
        syslog("log.example.org", 6514, json!({})),
        syslog("127.0.0.1", 514, json!({"transport": "tcp"})),
        syslog("2001:4860:4860::8888", 6514, json!({})),
    ] {
        let made = make(&house, &admin, good.clone()).await;
        assert_eq!(made.status, 201, "{good} {made:?}");
    }
}

#[tokio::test]
async fn a_channel_wants_what_there_is() {
    let house = House::new().await;
    let admin = house.admin().await;
    let target = json!({"kind": "webhook", "url": "https://hooks.example.com/x"});
    let ask = async |wants: Value| {
        let mut body = channel(&target);
        body["wants"] = wants;
        house
            .ask(Method::POST, CHANNELS, Some(&admin), Some(body))
            .await
    };
    let all = schemas::notification::NotificationEvent::CHOSEN;
    let made = ask(json!({"events": all, "conditions": {"min_epss": 0.5}})).await;
    assert_eq!(made.status, 201, "{made:?}");
    for wants in [
        json!({"events": ["findings.new"], "conditions": {"min_epss": 1.5}}),
        json!({"events": ["findings.new"], "conditions": {"min_epss": -0.1}}),
        json!({"events": ["findings.new"], "collections": ["none-such"]}),
    ] {
        let made = ask(wants.clone()).await;
        assert!(made.is(400, "bad-request"), "{wants} {made:?}");
    }
    let collection = json!({"name": "Shop", "parts": {"hosts": ["shop-*"]}});
    let set = house
        .ask(
            Method::POST,
            "/api/v1/collections",
            Some(&admin),
            Some(collection),
        )
        .await;
    assert_eq!(set.status, 201, "{set:?}");
    let id = set.body["id"].as_str().unwrap();
    let made = ask(json!({"events": ["findings.new"], "collections": [id]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    // Who would hear of everything, or of nothing, when it went is named.
    let path = format!("/api/v1/collections/{id}");
    let gone = house.ask(Method::DELETE, &path, Some(&admin), None).await;
    assert_eq!(gone.status, 409, "{gone:?}");
    assert!(gone.body.to_string().contains("the channel"), "{gone:?}");
}
