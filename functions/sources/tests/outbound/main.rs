//! Notifications at real listeners: servers of syslog and of mail, encrypted and not, and what answers as Jira does.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounded;
mod jira;
mod mail;
mod syslog;

use std::sync::Arc;

use notification::{ChannelSecrets, gather};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use schemas::{
    Timestamp,
    api::notification::ChannelTarget,
    notification::{Notification, NotificationEvent, NotifiedFix, NotifiedPlace, PlaceChange},
};
use serde_json::json;
use sources::{
    http::Guard,
    outbound::{Outbound, Outcome},
};
use tokio_rustls::TlsAcceptor;

fn now() -> Timestamp {
    Timestamp::from_ms(1_795_000_000_000)
}

/// A certificate of this machine, and what encrypts with it.
struct Certificate {
    pem: String,
    key_pem: String,
    acceptor: TlsAcceptor,
}

fn certificate() -> Certificate {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    Certificate {
        pem: made.cert.pem(),
        key_pem: made.signing_key.serialize_pem(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    }
}

/// What sends for an operator who allows this machine.
fn sender() -> Outbound {
    Outbound::new(&Guard::of_list("127.0.0.1").unwrap()).unwrap()
}

async fn send(target: &ChannelTarget, secrets: &ChannelSecrets, told: &Notification) -> Outcome {
    send_on(target, secrets, told, &[]).await
}

/// Sends what some have since an earlier attempt.
async fn send_on(
    target: &ChannelTarget,
    secrets: &ChannelSecrets,
    told: &Notification,
    has: &[String],
) -> Outcome {
    let sender = sender();
    sender
        .send(target, secrets, told, "c1.0-ab", has, now())
        .await
}

/// One fix at some hosts.
fn fix(event: NotificationEvent, hosts: &[&str]) -> Notification {
    let change = |host: &&str| PlaceChange {
        event,
        fix: Some(NotifiedFix {
            package: "open\"ssl]\\".to_owned(),
            fixed_version: Some("3.0.16-1".to_owned()),
            kb: None,
        }),
        place: NotifiedPlace {
            place: format!("host/{host}").parse().unwrap(),
            name: format!("{host} ünïcode <b>&\r\nBcc: all@example.org"),
            installed_version: Some("3.0.15-1".to_owned()),
        },
        vulnerabilities: vec![
            serde_json::from_value(json!({"id": "CVE-2026-0001", "severity": "critical"})).unwrap(),
        ],
        more_vulnerabilities: 0,
        rest: Vec::new(),
    };
    let tenant = "acme".parse().unwrap();
    let mut all = gather::begin(&tenant, "n-1", now(), &change(&hosts[0]));
    for host in &hosts[1..] {
        gather::add(&mut all, &change(host));
    }
    all
}

fn delivered(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered(said) => said,
        other => panic!("{other:?}"),
    }
}

fn later(outcome: Outcome) -> String {
    match outcome {
        Outcome::Later { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}
