//! Permissions to upload and to download, used and misused by strangers over the wire.

use platform::ports::{BlobError, BlobPath, UploadRequest, UploadTicket};
use sha2::{Digest, Sha256};

use super::server::{Server, Which};
use super::wire::ask;

const BODY: &[u8] = b"an inventory of everything";

fn request(size_bytes: u64) -> UploadRequest {
    UploadRequest {
        size_bytes,
        sha256: Sha256::digest(BODY).into(),
        expires_in_s: 60,
    }
}

async fn ticket(server: &Server, path: &BlobPath) -> UploadTicket {
    let request = request(BODY.len() as u64);
    server
        .platform
        .blobs
        .upload_url(path, &request)
        .await
        .unwrap()
}

async fn upload(ticket: &UploadTicket, body: &[u8]) -> u16 {
    ask("PUT", &ticket.url, &ticket.headers, body).await.0
}

async fn nothing_at(server: &Server, path: &BlobPath, after: &str) {
    let found = server.platform.blobs.head(path).await.unwrap();
    assert_eq!(found, None, "after {after}");
}

/// What every server has to do, and, where it checks signatures and content, what it has to refuse.
async fn uploads_on(which: Which) {
    let Some(server) = Server::open(which).await else {
        return;
    };
    let blobs = &server.platform.blobs;
    let path = BlobPath::parse("t/acme/uploads/agent/one").unwrap();
    let first = ticket(&server, &path).await;
    let names: Vec<&str> = first
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for name in ["if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let signed = first.url.split("X-Amz-SignedHeaders=").nth(1).unwrap();
    let signed = signed.split('&').next().unwrap();
    for name in names.iter().chain(&["content-length", "host"]) {
        assert!(signed.contains(name), "{name} is not signed: {signed}");
    }

    // Longer, shorter and other content.
    for body in [[BODY, b"!"].concat(), BODY[1..].to_vec()] {
        let status = upload(&first, &body).await;
        assert!((400..500).contains(&status), "{status}");
        nothing_at(&server, &path, "another length").await;
    }
    let changed = [&BODY[1..], b"!"].concat();
    let status = upload(&first, &changed).await;
    assert!((400..500).contains(&status), "{status}");
    if which == Which::Strict {
        // s3s-fs refuses it, and yet leaves it.
        blobs.delete(&path).await.unwrap();
    }
    nothing_at(&server, &path, "other content").await;
    // Each header left out, or with another value.
    for name in &names {
        let mut without = first.clone();
        without.headers.retain(|(other, _)| other != name);
        let status = upload(&without, BODY).await;
        assert!((400..500).contains(&status), "{status} without {name}");
        nothing_at(&server, &path, name).await;
    }
    let mut bent = first.clone();
    for (name, value) in &mut bent.headers {
        if name == "x-amz-checksum-sha256" {
            *value = aws_smithy_types::base64::encode(Sha256::digest(&changed));
        }
    }
    let status = upload(&bent, &changed).await;
    assert!((400..500).contains(&status), "{status}");
    nothing_at(&server, &path, "another checksum").await;
    // Another path.
    let mut elsewhere = first.clone();
    elsewhere.url = first.url.replace("/one?", "/two?");
    let status = upload(&elsewhere, BODY).await;
    assert!((400..500).contains(&status), "{status}");
    nothing_at(
        &server,
        &BlobPath::parse("t/acme/uploads/agent/two").unwrap(),
        "another path",
    )
    .await;
    // A ticket is for uploads only.
    let read = ask("GET", &first.url, &[], b"").await.0;
    assert!((400..500).contains(&read), "{read}");

    assert_eq!(upload(&first, BODY).await, 200);
    let stored = blobs.get(&path).await.unwrap();
    assert_eq!(stored.meta.size_bytes, BODY.len() as u64);
    assert_eq!(stored.body.collect(1000).await.unwrap(), BODY);
    // A second time, with the same ticket and with a new one.
    for again in [&first, &ticket(&server, &path).await] {
        assert_eq!(upload(again, BODY).await, 412);
    }

    // Of an hour ago, for a minute.
    let path = BlobPath::parse("t/acme/uploads/agent/late").unwrap();
    let now = server.platform.clock.now_ms();
    server.clock.set_ms(now - 3_600_000);
    let late = ticket(&server, &path).await;
    server.clock.set_ms(now);
    assert_eq!(late.expires_at_ms, now - 3_540_000);
    assert_eq!(upload(&late, BODY).await, 403);
    nothing_at(&server, &path, "its time").await;

    let huge = blobs.upload_url(&path, &request(5_368_709_121)).await;
    assert!(matches!(huge, Err(BlobError::TooLarge { .. })), "{huge:?}");
}

#[tokio::test]
async fn an_upload_needs_exactly_what_was_signed() {
    uploads_on(Which::First).await;
}

#[tokio::test]
async fn an_upload_needs_exactly_what_was_signed_on_a_strict_server() {
    uploads_on(Which::Strict).await;
}

async fn downloads_on(which: Which) {
    let Some(server) = Server::open(which).await else {
        return;
    };
    let blobs = &server.platform.blobs;
    let path = BlobPath::parse("t/acme/exports/one.json").unwrap();
    blobs
        .put(&path, BODY.to_vec().into(), Default::default())
        .await
        .unwrap();
    let url = blobs
        .download_url(&path, 60, Some("finding\"s\r\n.json"))
        .await
        .unwrap()
        .unwrap();
    let (status, head, body) = ask("GET", &url, &[], b"").await;
    assert_eq!((status, body.as_slice()), (200, BODY));
    assert!(
        head.contains("attachment; filename=\"finding_s__.json\""),
        "{head}"
    );
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json"), "{head}");
    for bent in [
        url.replace("one.json", "two.json"),
        url.replace("finding", "other"),
    ] {
        let status = ask("GET", &bent, &[], b"").await.0;
        assert!((400..500).contains(&status), "{status}: {bent}");
    }
    let status = ask("PUT", &url, &[], b"mine").await.0;
    assert!((400..500).contains(&status), "{status}");
    let endless = blobs.download_url(&path, 43_201, None).await;
    assert!(matches!(endless, Err(BlobError::TooLarge { .. })));
}

#[tokio::test]
async fn a_download_needs_exactly_what_was_signed() {
    downloads_on(Which::First).await;
}

#[tokio::test]
async fn a_download_needs_exactly_what_was_signed_on_a_strict_server() {
    downloads_on(Which::Strict).await;
}
