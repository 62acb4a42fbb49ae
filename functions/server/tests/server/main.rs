//! The server as a process: its first start, its end, its commands.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod operations;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

fn command(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bulkhead-server"))
        .args(arguments)
        .env("BULKHEAD_DATA", data)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running server, killed when it is dropped.
struct Running {
    child: Child,
    address: String,
    /// What it wrote to standard output until it listened.
    said: String,
}

impl Running {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bulkhead-server"))
            .args(["run", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("BULKHEAD_DATA", data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("the server ended before it listened")
                .unwrap();
            if let Some(address) = line.strip_prefix("Bulkhead listens on http://") {
                break address.to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        drop(lines);
        Self {
            child,
            address,
            said,
        }
    }

    /// Status and body of an answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.ask_with(method, path, "", body)
    }

    /// The same, of a request with these header lines.
    fn ask_with(&self, method: &str, path: &str, lines: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             {lines}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer[9..12].parse().unwrap();
        let content = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(content).unwrap_or(Value::Null))
    }

    /// Asks the server to end, and returns what it logged.
    fn stop(mut self) -> String {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(asked.success());
        assert!(self.child.wait().unwrap().success(), "it did not end well");
        let mut logged = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut logged)
            .unwrap();
        logged
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The word after a label of the text that the first start shows.
fn shown<'a>(said: &'a str, label: &str) -> &'a str {
    said.split_once(label)
        .unwrap_or_else(|| panic!("no {label} in {said}"))
        .1
        .split_whitespace()
        .next()
        .unwrap()
}

#[test]
fn the_first_start_shows_its_secrets_once_and_on_the_terminal_only() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &["--log", "debug"]);
    let password = shown(&server.said, "one-time password").to_owned();
    let token = shown(&server.said, "enrolment token").to_owned();
    assert!(token.starts_with("bhe_"));
    let sign_in = format!(r#"{{"login":"admin","password":"{password}"}}"#);
    let (status, session) = server.ask("POST", "/api/v1/session", &sign_in);
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["must_change_password"], true);
    let logged = server.stop();
    assert!(logged.contains("answered"), "{logged}");
    for secret in [&password, &token, session["token"].as_str().unwrap()] {
        assert!(!logged.contains(secret), "a secret is in the log");
    }

    let server = Running::start(data.path(), &[]);
    assert!(!server.said.contains("one-time"), "{}", server.said);
    let (status, _) = server.ask("POST", "/api/v1/session", &sign_in);
    assert_eq!(status, 200, "the account is gone after a restart");
}

#[test]
fn a_setup_file_is_for_its_owner_alone() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("setup.json");
    let server = Running::start(data.path(), &["--setup-file", file.to_str().unwrap()]);
    assert!(!server.said.contains("bhe_"), "{}", server.said);
    let made: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(made["admin"], "admin");
    assert!(
        made["enrolment_token"]
            .as_str()
            .unwrap()
            .starts_with("bhe_")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(server);
}

#[test]
fn setup_answers_once_and_then_says_how_to_renew() {
    let data = tempfile::tempdir().unwrap();
    let first = command(data.path(), &["setup", "--json"]);
    let made: Value = serde_json::from_slice(&first.stdout).unwrap();
    let password = made["one_time_password"].as_str().unwrap();
    let again = command(data.path(), &["setup", "--json"]);
    assert!(again.status.success());
    let again = text(&again.stdout);
    assert!(again.contains("reset-password") && !again.contains(password));

    let reset = command(data.path(), &["user", "reset-password", "admin"]);
    let renewed: Value = serde_json::from_slice(&reset.stdout).unwrap();
    assert_ne!(renewed["one_time_password"], made["one_time_password"]);
    let nobody = command(data.path(), &["user", "reset-password", "nobody"]);
    assert!(!nobody.status.success());
    let token = command(
        data.path(),
        &["token", "create", "--max-uses", "3", "--note", "rack 7"],
    );
    let token: Value = serde_json::from_slice(&token.stdout).unwrap();
    let listed = text(&command(data.path(), &["token", "list"]).stdout);
    assert!(
        listed.contains("used 0 of 3") && listed.contains("rack 7"),
        "{listed}"
    );
    assert!(!listed.contains(&token["enrolment_token"].as_str().unwrap()[21..]));
    assert!(
        command(data.path(), &["dead-letters", "list"])
            .stdout
            .is_empty()
    );
}

#[test]
fn one_store_has_one_process_and_the_other_says_so() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    for arguments in [
        &["token", "create"][..],
        &["setup"],
        &["run", "--listen", "127.0.0.1:0"],
    ] {
        let refused = command(data.path(), arguments);
        assert!(!refused.status.success());
        let why = text(&refused.stderr);
        let holder = format!("in use by process {}", server.child.id());
        assert!(why.contains(&holder), "{why}");
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_said_before_anything_is_made() {
    let data = tempfile::tempdir().unwrap();
    let store = data.path().join("store");
    let file = data.path().join("bulkhead.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\n").unwrap();
    let absent = data.path().join("absent");
    for (arguments, why) in [
        (["run", "--config", file.to_str().unwrap()], "lisen"),
        (
            ["run", "--feeds-from", absent.to_str().unwrap()],
            "feed documents",
        ),
    ] {
        let refused = command(&store, &arguments);
        assert!(!refused.status.success());
        assert!(
            text(&refused.stderr).contains(why),
            "{}",
            text(&refused.stderr)
        );
        assert!(!store.exists());
    }
}

#[test]
fn the_description_is_exported_as_it_is_checked_in() {
    let data = tempfile::tempdir().unwrap();
    let exported = command(data.path(), &["export", "openapi"]);
    let checked_in = include_str!("../../../../schemas/openapi.json");
    assert!(text(&exported.stdout) == checked_in, "they differ");
}

#[test]
fn heads_without_end_are_cut_off() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: x\r\n").unwrap();
    let line = format!("x-filler: {}\r\n", "y".repeat(1000));
    // The server may hang up while this is still writing.
    for _ in 0..100 {
        if stream.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = text(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(server.ask("GET", "/healthz", "").0, 200);
    let (status, ready) = server.ask("GET", "/readyz", "");
    assert_eq!((status, &ready["feeds_loaded"]), (200, &Value::Bool(false)));
}

#[test]
fn who_sends_a_request_is_believed_of_proxies_that_were_named_and_of_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("bulkhead.toml");
    let config = file.to_str().unwrap();
    let limited = "address_requests_per_s = 1\n";
    std::fs::write(
        &file,
        format!("{limited}trusted_proxies = [\"127.0.0.0/8\"]\n"),
    )
    .unwrap();
    let server = Running::start(data.path(), &["--config", config]);
    let password = shown(&server.said, "one-time password").to_owned();
    // Ten at once, and one a second; what stands left of the address that the proxy saw, the sender wrote.
    let version = |of: &str| {
        let lines = format!("x-forwarded-for: {of}\r\nforwarded: for=198.51.100.9\r\n");
        server.ask_with("GET", "/version", &lines, "").0
    };
    let mut refused = 0;
    for at in 0..60 {
        refused += u32::from(version(&format!("203.0.113.{at}, 192.0.2.1")) == 429);
    }
    assert!(refused > 0, "nobody was refused");
    assert_eq!(version("192.0.2.1, 192.0.2.2"), 200);

    let from = "x-forwarded-for: 203.0.113.1, 192.0.2.77\r\n";
    let sign_in = format!(r#"{{"login":"admin","password":"{password}"}}"#);
    let (status, session) = server.ask_with("POST", "/api/v1/session", from, &sign_in);
    assert_eq!(status, 200, "{session}");
    let bearer = |session: &Value| {
        let token = session["token"].as_str().unwrap();
        format!("{from}authorization: Bearer {token}\r\n")
    };
    let change = format!(r#"{{"current":"{password}","new":"correct horse battery staple"}}"#);
    let path = "/api/v1/session/password";
    let (status, session) = server.ask_with("POST", path, &bearer(&session), &change);
    assert_eq!(status, 200, "{session}");
    let (_, log) = server.ask_with("GET", "/api/v1/audit", &bearer(&session), "");
    let entries = log["entries"].as_array().unwrap().iter();
    let addresses: Vec<_> = entries
        .filter(|entry| entry["operation"] == "create_session")
        .map(|entry| entry["origin"]["address"].clone())
        .collect();
    assert_eq!(addresses, ["192.0.2.77"], "{log}");
    server.stop();

    // Without a proxy that was named, everybody is who connects, and this machine is not counted.
    std::fs::write(&file, limited).unwrap();
    let server = Running::start(data.path(), &["--config", config]);
    let lines = "x-forwarded-for: 192.0.2.1\r\n";
    for _ in 0..30 {
        assert_eq!(server.ask_with("GET", "/version", lines, "").0, 200);
    }
    let sign_in = r#"{"login":"admin","password":"wrong horse battery staple"}"#;
    let (status, _) = server.ask_with("POST", "/api/v1/session", lines, sign_in);
    assert_eq!(status, 401);
    let (_, log) = server.ask_with("GET", "/api/v1/audit", &bearer(&session), "");
    let newest = log["entries"].as_array().unwrap().iter();
    let mut refusals = newest.filter(|entry| entry["outcome"] == "refused");
    let refusal = refusals.next().expect("a refusal");
    assert_eq!(refusal["origin"]["address"], "127.0.0.1", "{log}");
    server.stop();
}
