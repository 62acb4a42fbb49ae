//! The ranked list of a server, against a server of a few lines.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::fixture::{Place, Ran};

/// Answers each request with the next reply, and keeps what was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(replies: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for (status, body) in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let request = request(&mut stream);
                kept.lock().unwrap().push(request);
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let length: usize = text
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if bytes.len() - end - 4 >= length || read == 0 {
                return text;
            }
        }
    }
}

fn row(id: &str, score: f64) -> Value {
    json!({
        "id": id, "score": score, "severity": "high", "known_exploited": score > 60.0, "epss": 0.5,
        "fix_available": true, "hosts": 2, "images": 3, "running_containers": 4,
        "top_place": "host/web-1", "top_place_name": "web-1"
    })
}

fn page(rows: &[Value], cursor: Option<&str>) -> Value {
    let mut page = json!({
        "vulnerabilities": rows, "total": 3, "as_of": "2026-11-23T10:00:00.000Z", "feeds_loaded": true
    });
    if let Some(cursor) = cursor {
        page["next_cursor"] = json!(cursor);
    }
    page
}

#[test]
fn pages_become_one_list_in_the_servers_order() {
    let server = Server::answering(vec![
        (
            200,
            page(
                &[row("CVE-2026-1", 81.5), row("CVE-2026-2", 55.0)],
                Some("p&2"),
            ),
        ),
        (200, page(&[row("CVE-2026-3", 20.0)], None)),
    ]);
    let place = Place::new();
    place.write("token", "abc.def\n");
    let list = place
        .run(&[
            "vulnerabilities",
            "--server",
            &server.address,
            "--token-file",
            "token",
            "--severity",
            "critical,high",
            "--format",
            "json",
        ])
        .exits(0)
        .json();
    let ids: Vec<_> = list["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]);
    let asked = server.asked();
    assert!(asked[0].starts_with("GET /api/v1/vulnerabilities?limit=50&severity=critical%2Chigh "));
    assert!(asked[0].contains("authorization: Bearer abc.def\r\n"));
    assert!(asked[1].contains("&cursor=p%262 "), "{}", asked[1]);
}

#[test]
fn a_login_is_exchanged_for_a_token() {
    let server = Server::answering(vec![
        (
            200,
            json!({
                "token": "session-token", "expires_at": "2026-11-23T10:15:00.000Z", "user": "u1",
                "tenant": "default", "roles": ["admin"], "must_change_password": false
            }),
        ),
        (200, page(&[row("CVE-2026-1", 81.5)], None)),
    ]);
    let place = Place::new();
    place.write("password", "correct horse\n");
    place
        .run(&[
            "vulnerabilities",
            "--server",
            &server.address,
            "--user",
            "ada",
            "--password-file",
            "password",
        ])
        .exits(0)
        .says("CVE-2026-1")
        .says("81.5");
    let asked = server.asked();
    assert!(asked[0].starts_with("POST /api/v1/session "));
    assert!(asked[0].contains(r#""login":"ada","password":"correct horse""#));
    assert!(asked[1].contains("authorization: Bearer session-token\r\n"));
}

#[test]
fn an_estate_that_nobody_judged_is_not_clean() {
    let server = Server::answering(vec![(
        200,
        json!({"vulnerabilities": [], "total": 0, "feeds_loaded": false}),
    )]);
    let place = Place::new();
    place.write("token", "abc");
    place
        .run(&[
            "vulnerabilities",
            "--server",
            &server.address,
            "--token-file",
            "token",
        ])
        .exits(4)
        .says("No advisories are loaded");
}

#[test]
fn a_refusal_says_why_and_never_shows_the_token() {
    let problem = json!({
        "type": "/problems/unauthorized", "title": "Not signed in", "status": 401, "detail": "the token is too old"
    });
    let server = Server::answering(vec![(401, problem.clone()), (503, problem)]);
    let place = Place::new();
    place.write("token", "very-secret");
    let arguments = [
        "vulnerabilities",
        "--server",
        &server.address,
        "--token-file",
        "token",
    ];
    let ran = place.run(&arguments).exits(2).says("the token is too old");
    assert!(!ran.err().contains("very-secret"));
    place.run(&arguments).exits(3);
}

fn policy_of(text: &str) -> Value {
    json!({
        "id": "ci", "policy": {"form": "toml", "text": text}, "updated_at": "2026-11-23T10:00:00.000Z",
        "updated_by": "ada"
    })
}

fn kept() -> Value {
    json!({
        "id": "0123", "target": {"kind": "folder", "name": "root"}, "scanned_at": "2026-11-23T10:00:00.000Z",
        "received_at": "2026-11-23T10:00:00.000Z", "sent_by": "ci", "software": "0.1.0",
        "summary": {
            "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0,
            "fixable": 0, "cannot_judge": 0
        },
        "suppressed": 0, "coverage": "complete"
    })
}

#[test]
fn a_scan_is_held_against_the_server_s_policy_and_sent_to_it() {
    let place = Place::new();
    place.debian();
    place.compiled();
    place.write("token", "very-secret\n");
    let missing =
        json!({"type": "/problems/not-found", "title": "There is no such thing", "status": 404});
    let trouble = json!({"type": "/problems/unavailable", "title": "Not now", "status": 503});
    let strict = policy_of("version = 1\nname = \"central\"\n[fail_on]\nseverity = \"high\"\n");
    let mild = policy_of("version = 1\n[fail_on]\nseverity = \"critical\"\n");
    let later = policy_of("version = 2\n");
    // What the server answers to both requests, and what that means for the exit code.
    for (policy, kept, code, says) in [
        (
            (200, strict.clone()),
            Some((201, kept())),
            1,
            "rule severity of central: 2 findings",
        ),
        ((200, mild.clone()), Some((201, kept())), 0, "Gate: passed"),
        (
            (404, missing),
            Some((201, kept())),
            0,
            "has no policy for scans",
        ),
        ((200, later), None, 2, "policy version 2 is not known"),
        ((503, trouble.clone()), None, 3, "Not now"),
        ((200, mild), Some((503, trouble.clone())), 3, "Not now"),
        // A violation is a violation, whether the server hears of it or not.
        ((200, strict), Some((503, trouble)), 1, "Not now"),
    ] {
        let server = Server::answering([Some(policy), kept].into_iter().flatten().collect());
        let ran = place
            .run(&[
                "scan",
                "dir:root",
                "--feeds",
                "compiled",
                "--server",
                &server.address,
                "--server-token-file",
                "token",
            ])
            .exits(code)
            .says(says);
        assert!(!ran.err().contains("very-secret") && !ran.out().contains("very-secret"));
        let asked = server.asked();
        assert!(
            asked[0].starts_with("GET /api/v1/policies/ci "),
            "{}",
            asked[0]
        );
        assert!(asked[0].contains("authorization: Bearer very-secret\r\n"));
        if let Some(sent) = asked.get(1) {
            assert!(sent.starts_with("POST /api/v1/scans "), "{sent}");
            assert!(sent.contains("content-encoding: zstd\r\n"), "{sent}");
        }
    }
}

fn exchanged() -> (u16, Value) {
    let given = json!({
        "access_token": "short-lived", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer", "expires_in": 900, "trusted_build": "0123456789abcdef"
    });
    (200, given)
}

#[test]
fn a_job_s_own_token_is_exchanged_for_one_of_the_server() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let policy = policy_of("version = 1\n[fail_on]\nseverity = \"critical\"\n");
    let server = Server::answering(vec![alive(), exchanged(), (200, policy), (201, kept())]);
    let arguments = ["scan", "dir:root", "--feeds", "compiled", "--server"];
    let mut command = place.command(&arguments);
    command
        .arg(&server.address)
        .env("BULKHEAD_ID_TOKEN", "a.very-secret.c")
        .env("BULKHEAD_TENANT", "acme");
    let ran = Ran::from(command).exits(0);
    assert!(!ran.err().contains("very-secret") && !ran.out().contains("very-secret"));
    let asked = server.asked();
    assert!(asked[0].starts_with("GET /healthz "), "{}", asked[0]);
    assert!(
        asked[1].starts_with("POST /api/v1/token/exchange "),
        "{}",
        asked[1]
    );
    assert!(asked[1].contains(r#""subject_token":"a.very-secret.c""#));
    assert!(asked[1].contains(r#""tenant":"acme""#));
    assert!(!asked[0].contains("authorization:") && !asked[1].contains("authorization:"));
    assert_eq!(asked.len(), 4);
    for request in &asked[2..] {
        assert!(
            request.contains("authorization: Bearer short-lived\r\n"),
            "{request}"
        );
    }
    // A token that is exchanged once is not spent on a scan that fails, and a server that is away is told before it.
    let server = Server::answering(vec![alive()]);
    let mut command = place.command(&["scan", "dir:absent", "--server", &server.address]);
    command.env("BULKHEAD_ID_TOKEN", "a.very-secret.c");
    Ran::from(command).exits(2);
    assert_eq!(server.asked().len(), 1);
    let mut command = place.command(&["scan", "dir:absent", "--server", "http://127.0.0.1:1"]);
    command.env("BULKHEAD_ID_TOKEN", "a.very-secret.c");
    Ran::from(command).exits(3).says("127.0.0.1:1");
}

#[test]
fn a_token_that_ends_during_the_scan_is_not_what_its_result_is_sent_with() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let policy = policy_of("version = 1\n[fail_on]\nseverity = \"critical\"\n");
    let job = |value: &str| (200, json!({"value": value}));
    let given = |token: &str, lasts_s: u32| {
        let (status, mut given) = exchanged();
        given["access_token"] = json!(token);
        given["expires_in"] = json!(lasts_s);
        (status, given)
    };
    for lasts_s in [1, 900] {
        let mut replies = vec![
            job("a.one.c"),
            given("first", lasts_s),
            (200, policy.clone()),
        ];
        if lasts_s == 1 {
            replies.extend([job("a.two.c"), given("second", 900)]);
        }
        replies.push((201, kept()));
        let count = replies.len();
        let github = Server::answering(replies);
        let arguments = ["scan", "dir:root", "--feeds", "compiled", "--server"];
        let mut command = place.command(&arguments);
        command
            .arg(&github.address)
            .env(
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                format!("{}/idtoken?v=2", github.address),
            )
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "run-token");
        Ran::from(command).exits(0);
        let asked = github.asked();
        assert_eq!(asked.len(), count);
        assert!(
            asked[2].starts_with("GET /api/v1/policies/ci "),
            "{}",
            asked[2]
        );
        assert!(asked[2].contains("authorization: Bearer first\r\n"));
        let sent = &asked[count - 1];
        assert!(sent.starts_with("POST /api/v1/scans "), "{sent}");
        let token = if lasts_s == 1 { "second" } else { "first" };
        let expected = format!("authorization: Bearer {token}\r\n");
        assert!(sent.contains(&expected), "{sent}");
    }
}

/// What a server answers to whoever asks whether it is there.
fn alive() -> (u16, Value) {
    (200, json!({}))
}

#[test]
fn the_systems_of_builds_are_asked_as_they_document() {
    let place = Place::new();
    let list = || (200, page(&[row("CVE-2026-1", 81.5)], None));
    let github = Server::answering(vec![
        (200, json!({"value": "a.github.c"})),
        exchanged(),
        list(),
    ]);
    let arguments = ["vulnerabilities", "--server", &github.address];
    let mut command = place.command(&arguments);
    command
        .env(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            format!("{}/idtoken?v=2", github.address),
        )
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "run-token");
    Ran::from(command).exits(0).says("CVE-2026-1");
    let asked = github.asked();
    let audience = github.address.replace(':', "%3A").replace('/', "%2F");
    let first = format!("GET /idtoken?v=2&audience={audience} ");
    assert!(asked[0].starts_with(&first), "{}", asked[0]);
    assert!(asked[0].contains("authorization: Bearer run-token\r\n"));
    assert!(asked[1].contains(r#""subject_token":"a.github.c""#));

    let azure = Server::answering(vec![
        (200, json!({"oidcToken": "a.azure.c"})),
        exchanged(),
        list(),
    ]);
    let arguments = ["vulnerabilities", "--server", &azure.address];
    let mut command = place.command(&arguments);
    command
        .env(
            "SYSTEM_OIDCREQUESTURI",
            format!("{}/oidctoken", azure.address),
        )
        .env("SYSTEM_ACCESSTOKEN", "job-token")
        .env("BULKHEAD_AZURE_SERVICE_CONNECTION", "c-1");
    Ran::from(command).exits(0);
    let asked = azure.asked();
    let first = "POST /oidctoken?api-version=7.1&serviceConnectionId=c-1 ";
    assert!(asked[0].starts_with(first), "{}", asked[0]);
    assert!(asked[1].contains(r#""subject_token":"a.azure.c""#));

    // A build that is not trusted is told what to do, and its token is not shown.
    let problem = json!({
        "type": "/problems/bad-build-token", "title": "x", "status": 401, "detail": "no rule trusts it"
    });
    let refusing = Server::answering(vec![(401, problem)]);
    let mut command = place.command(&["vulnerabilities", "--server", &refusing.address]);
    command.env("BULKHEAD_ID_TOKEN", "a.very-secret.c");
    let ran = Ran::from(command).exits(2).says("no rule trusts it");
    assert!(ran.err().contains("trusted-builds") && !ran.err().contains("very-secret"));
}
