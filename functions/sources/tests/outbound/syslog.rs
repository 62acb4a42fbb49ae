//! Syslog at listeners that read octet counts.

use notification::ChannelSecrets;
use schemas::{
    api::notification::{ChannelTarget, SyslogTransport},
    notification::{Notification, NotificationEvent},
};
use sources::{http::Guard, outbound::Outbound};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use crate::{Certificate, certificate, delivered, fix, later, now, refused, send};

/// All messages of the first connection, parted by their octet counts.
async fn read(mut stream: impl AsyncRead + Unpin) -> Vec<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let mut messages = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = std::str::from_utf8(&rest[..space])
            .unwrap()
            .parse()
            .unwrap();
        let end = space + 1 + length;
        messages.push(String::from_utf8(rest[space + 1..end].to_vec()).unwrap());
        rest = &rest[end..];
    }
    messages
}

/// A listener that encrypts by a certificate, where there is one.
async fn listen(certificate: Option<&Certificate>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = certificate.map(|certificate| certificate.acceptor.clone());
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match acceptor {
            None => read(stream).await,
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(stream) => read(stream).await,
                Err(_) => Vec::new(),
            },
        }
    });
    (port, heard)
}

fn target(host: &str, port: u16, transport: SyslogTransport, pem: Option<&str>) -> ChannelTarget {
    ChannelTarget::Syslog {
        host: host.to_owned(),
        port,
        transport,
        authorities: pem.map(str::to_owned),
    }
}

async fn say(target: &ChannelTarget, told: &Notification) -> sources::outbound::Outcome {
    send(target, &ChannelSecrets::default(), told).await
}

/// The fields of RFC 5424's header, the structured data and the text.
fn parted(message: &str) -> (Vec<&str>, &str, &str) {
    let mut parts = message.splitn(7, ' ');
    let header: Vec<&str> = parts.by_ref().take(6).collect();
    let rest = parts.next().unwrap();
    let end = rest.find("] \u{feff}").unwrap();
    (header, &rest[..=end], &rest[end + 2..])
}

#[tokio::test]
async fn a_message_goes_encrypted_to_who_has_the_certificate() {
    let own = certificate();
    let (port, heard) = listen(Some(&own)).await;
    let to = target("localhost", port, SyslogTransport::Tls, Some(&own.pem));
    let told = fix(NotificationEvent::FindingsNew, &["a", "b"]);
    delivered(say(&to, &told).await);
    let messages = heard.await.unwrap();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let (header, data, text) = parted(&messages[0]);
    // Local use 0, critical.
    assert_eq!(header[0], "<130>1");
    assert_eq!(header[1], now().to_string());
    assert_eq!(header[2..6], ["-", "bulkhead", "-", "findings.new"]);
    assert!(data.contains(r#"id="c1.0-ab""#), "{data}");
    assert!(data.contains(r#"package="open\"ssl\]\\""#), "{data}");
    assert!(text.starts_with('\u{feff}') && text.contains("CVE-2026-0001 critical"));
    assert!(
        text.contains("ünïcode") && !text.contains(['\r', '\n']),
        "{text}"
    );

    // Another's certificate is not trusted, and nothing is said to who has it.
    let (port, heard) = listen(Some(&certificate())).await;
    let to = target("localhost", port, SyslogTransport::Tls, Some(&own.pem));
    let reason = later(say(&to, &told).await);
    assert!(reason.contains("cannot be trusted"), "{reason}");
    assert_eq!(heard.await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn without_encryption_only_where_the_operator_allows_it() {
    let told = fix(NotificationEvent::FindingsFixed, &["a"]);
    let (port, heard) = listen(None).await;
    let to = target("127.0.0.1", port, SyslogTransport::Tcp, None);
    delivered(say(&to, &told).await);
    let messages = heard.await.unwrap();
    assert!(messages[0].starts_with("<134>1 "), "{messages:?}");

    let nobody = Outbound::new(&Guard::default()).unwrap();
    let none = ChannelSecrets::default();
    let inside = nobody.send(&to, &none, &told, "c1.0-ab", &[], now()).await;
    assert!(refused(inside).contains("private network"));
    let to = target("192.0.2.1", port, SyslogTransport::Tcp, None);
    let public = nobody.send(&to, &none, &told, "c1.0-ab", &[], now()).await;
    assert!(refused(public).contains("not encrypted"));
}

#[tokio::test]
async fn a_long_message_is_cut_between_lines_and_a_server_that_is_away_is_tried_later() {
    let hosts: Vec<String> = (0..200)
        .map(|n| format!("{}-{n}", "h".repeat(100)))
        .collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let mut told = fix(NotificationEvent::FindingsNew, &hosts);
    for place in &mut told.places {
        place.name = "ü".repeat(400);
    }
    let long: Vec<_> = (0..100)
        .map(|n| {
            let summary = "ü".repeat(100);
            let known = serde_json::json!({"id": format!("CVE-2026-{n:04}"), "severity": "low", "summary": summary});
            serde_json::from_value(known).unwrap()
        })
        .collect();
    told.vulnerabilities = long;
    let (port, heard) = listen(None).await;
    let to = target("127.0.0.1", port, SyslogTransport::Tcp, None);
    delivered(say(&to, &told).await);
    let messages = heard.await.unwrap();
    assert!(messages[0].len() <= 8192 && messages[0].len() > 4000);

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let to = target("127.0.0.1", port, SyslogTransport::Tcp, None);
    assert!(later(say(&to, &told).await).contains("cannot reach 127.0.0.1"));
}
