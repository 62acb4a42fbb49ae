//! A push into a real registry leads by its webhook to a scan and to a signed notification at whoever listens.

use std::process::Stdio;

use at_hand::registry::{Registry, Reserved};
use bulkhead_tests::{
    api::Api,
    binaries::run,
    engine::Engine,
    listener::{Arrived, Listener},
    site::{PASSWORD, Site},
};
use reqwest::Method;
use serde_json::{Value, json};

const VULNERABILITY: &str = "CVE-2023-42366";

/// Somebody of a role, by invitation.
fn person(site: &Site, role: &str) -> Api {
    let wish = json!({"roles": [{"role": role}]});
    let made = site.api.make(Method::POST, "/api/v1/invitations", &wish);
    let accept = json!({"token": made.unwrap()["token"], "login": role, "password": PASSWORD});
    let path = "/api/v1/invitations/accept";
    site.api.make(Method::POST, path, &accept).unwrap();
    Api::sign_in(&site.url().unwrap(), role, PASSWORD).unwrap()
}

/// What a message says, once it is shown to come from who knows the channel's secret, now.
fn verified(message: &Arrived, secret: &str) -> Value {
    let verifier = standardwebhooks::Webhook::new(secret).unwrap();
    let headers = message.headers.iter().map(|(name, value)| {
        let name: http::HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    });
    let headers: http::HeaderMap = headers.collect();
    verifier.verify(&message.body, &headers).unwrap();
    let mut forged = message.body.clone();
    forged.push(b' ');
    assert!(verifier.verify(&forged, &headers).is_err());
    serde_json::from_slice(&message.body).unwrap()
}

/// The one image that a message tells of.
fn image_of(message: &Value) -> &str {
    let places = message["data"]["places"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{message}");
    let place = places[0]["place"].as_str().unwrap();
    place.strip_prefix("image/").unwrap()
}

#[test]
fn a_push_into_a_real_registry_is_scanned_and_told_of_once() {
    if Site::is_deployed() {
        at_hand::skipped("a deployed stack does not reach a registry of this machine");
        return;
    }
    let Some(at) = Reserved::find().unwrap() else {
        return;
    };
    let Some(engine) = Engine::find().unwrap() else {
        return;
    };
    // The operator lets the server ask this machine, where the registry and the listener are.
    let mut site = Site::serve_with("allowed_networks = [\"127.0.0.0/8\"]\n").unwrap();
    let north = site.add_tenant("north").unwrap();
    let (operator, manager) = (
        person(&site, "operator"),
        person(&site, "vulnerability_manager"),
    );
    let listener = Listener::start().unwrap();

    let channel = json!({"name": "On call", "wants": {"events": ["findings.new"]},
        "target": {"kind": "webhook", "url": format!("{}/hook", listener.url())}});
    let channels = "/api/v1/notifications/channels";
    let channel = operator.make(Method::POST, channels, &channel).unwrap();
    let signing_secret = channel["signing_secret"].as_str().unwrap();
    let channel = format!("{channels}/{}", channel["channel"]["id"].as_str().unwrap());

    let settings = json!({"name": "Ours", "address": at.address(),
        "scope": {"repositories": ["team/*"], "tags": ["v*"]}});
    let made = operator.make(
        Method::POST,
        "/api/v1/registries",
        &json!({"settings": settings}),
    );
    let path = format!(
        "/api/v1/registries/{}",
        made.unwrap()["id"].as_str().unwrap()
    );
    let secret = format!("{path}/webhook-secret");
    let secret = operator.make(Method::POST, &secret, &json!({})).unwrap();
    let hook = secret["path"]
        .as_str()
        .unwrap()
        .replace("FORMAT", "distribution");
    let hook = format!("{}{hook}", site.url().unwrap());
    let hook_secret = secret["secret"].as_str().unwrap();
    let registry: Registry = at.start(site.path(), Some((&hook, hook_secret))).unwrap();
    let tested = operator.make(Method::POST, &format!("{path}/test"), &json!({}));
    assert_eq!(tested.unwrap()["ok"], true);

    // What is not within the scope is told of, too, and left alone.
    let name = |repository: &str| format!("{}/{repository}", registry.address());
    let alpine = "alpine-like:3.18";
    engine.push(alpine, &name("team/app:main")).unwrap();
    engine.push(alpine, &name("other/app:v1")).unwrap();
    engine.push(alpine, &name("team/app:v1")).unwrap();
    let images = format!("{path}/images");
    let read = manager
        .wait_for(&images, |read| read["images"][0]["images"][0].is_string())
        .unwrap();
    let rows = read["images"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "only what the scope has: {read}");
    let named = (&rows[0]["repository"], &rows[0]["tag"]);
    assert_eq!(named, (&json!("team/app"), &json!("v1")));
    let image = rows[0]["images"][0].as_str().unwrap();
    let findings = format!("/api/v1/images/{image}/findings");
    let is_found = |found: &Value| {
        let all = found["findings"].as_array().cloned().unwrap_or_default();
        all.iter().any(|one| one["vulnerability"] == VULNERABILITY)
    };
    manager.wait_for(&findings, is_found).unwrap();

    let arrived = listener.wait_for(1).unwrap();
    assert_eq!(arrived[0].line, "POST /hook HTTP/1.1");
    let told = verified(&arrived[0], signing_secret);
    assert_eq!(told["type"], "findings.new", "{told}");
    assert_eq!(told["data"]["tenant"], "default", "{told}");
    assert!(told.to_string().contains(VULNERABILITY), "{told}");
    assert_eq!(image_of(&told), image);

    // The same once more, and then another image of the same: the registry tells of each push, one after the other, so that
    // whatever the second came to would have been told of with the third at the latest.
    engine.push(alpine, &name("team/app:v1")).unwrap();
    let container = engine.container(&[alpine, "sleep", "600"]).unwrap();
    let label = ["commit", "--change", "LABEL of=another", container.id()];
    let mut commit = engine.docker(&label);
    let another = run(commit.stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap();
    let another = another.trim();
    engine.push(another, &name("team/app:v2")).unwrap();
    let arrived = listener.wait_for(2).unwrap();
    let told = verified(&arrived[1], signing_secret);
    assert_ne!(image_of(&told), image);
    assert_eq!(
        image_of(&told),
        another,
        "an image is the digest of its configuration"
    );
    let both = manager.get(&images).unwrap();
    assert_eq!(both["images"].as_array().unwrap().len(), 2, "{both}");
    assert_eq!(both["images"][0], rows[0], "it was read once");
    let told_of = site.logged().unwrap();
    let told_of = told_of.matches("a registry told of pushes").count();
    assert!(told_of >= 5, "a delivery for each push at least: {told_of}");
    let deliveries = operator.wait_for(&format!("{channel}/deliveries"), |list| {
        let all = list["deliveries"].as_array().cloned().unwrap_or_default();
        all.len() == 2 && all.iter().all(|one| one["state"] == "delivered")
    });
    let deliveries = deliveries.unwrap();
    // Whoever listens knows a message that comes again by its id.
    for (message, delivery) in arrived.iter().zip([1, 0]) {
        let id = message.headers["webhook-id"].as_str();
        assert_eq!(deliveries["deliveries"][delivery]["id"], id);
    }
    assert_eq!(listener.arrived().len(), 2);
    let _ = engine.docker(&["rmi", another]).status();

    // The other tenant has nothing of it, and nobody has the secrets.
    for (list, rows) in [("images", "images"), ("vulnerabilities", "vulnerabilities")] {
        let none = north.get(&format!("/api/v1/{list}")).unwrap();
        assert_eq!(none[rows], json!([]), "{none}");
    }
    for path in [&path, &images, &findings, &channel] {
        let answer = north.send(Method::GET, path, None).unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let audit = site.api.get("/api/v1/audit?limit=500").unwrap().to_string();
    assert!(audit.contains("create_registry"), "{audit}");
    for secret in [hook_secret, signing_secret] {
        assert!(!audit.contains(secret), "a secret is in the audit log");
        assert!(
            !site.logged().unwrap().contains(secret),
            "a secret is logged"
        );
    }
}
