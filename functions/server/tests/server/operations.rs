//! What operators do with a server: read its metrics, copy its store and put the copy back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

use crate::{Running, command, shown, text};

/// The samples of a text in Prometheus' format 0.0.4, by their whole name, after it was found to keep every rule of it:
/// one HELP and one TYPE before the samples of a metric, these together, no sample twice, and a line feed at the end.
fn parse(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'), "the last line does not end");
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut samples = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut current = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !words.is_empty(), "{line}");
            assert!(seen.insert(name.to_owned()), "{name} comes twice");
            let kind = lines.next().unwrap();
            let kind = kind.strip_prefix(&format!("# TYPE {name} ")).unwrap();
            assert!(["counter", "gauge"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            current = Some(name.to_owned());
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        assert_eq!(Some(name), current.as_deref(), "{line} is out of place");
        let mut rest = labels;
        while !rest.is_empty() {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(is_name(label), "{line}");
            assert!(!label.contains("tenant"), "a label tells tenants apart");
            let mut end = None;
            let mut escaped = false;
            for (at, c) in after.char_indices() {
                match c {
                    _ if escaped => {
                        assert!(['\\', '"', 'n'].contains(&c), "{line}");
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            rest = &after[end.unwrap() + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        let value: f64 = value.parse().unwrap();
        assert!(value >= 0.0, "{line}");
        assert!(samples.insert(series.to_owned(), value).is_none(), "{line}");
    }
    samples
}

fn scrape(address: &str) -> BTreeMap<String, f64> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    parse(body)
}

#[test]
fn metrics_are_read_at_an_address_of_their_own_and_show_what_was_done() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &["--metrics-listen", "127.0.0.1:0"]);
    let address = shown(&server.said, "Metrics are at http://")
        .trim_end_matches("/metrics")
        .to_owned();
    assert_ne!(address, server.address);
    for _ in 0..3 {
        assert_eq!(server.ask("GET", "/healthz", "").0, 200);
    }
    assert_eq!(server.ask("BREW", "/no/such/\"path", "").0, 404);
    assert_eq!(server.ask("GET", "/metrics", "").0, 404);
    let samples = scrape(&address);
    let of = |name: &str| {
        *samples
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {samples:#?}"))
    };
    let live = r#"bulkhead_http_requests_total{method="GET",path="/healthz",status="200"}"#;
    assert_eq!(of(live), 3.0);
    let nowhere = r#"bulkhead_http_requests_total{method="other",path="(none)",status="404"}"#;
    assert_eq!(of(nowhere), 1.0);
    assert_eq!(of(r#"bulkhead_dead_letters{queue="scan"}"#), 0.0);
    assert_eq!(
        of(r#"bulkhead_function_given_up_total{function="scan"}"#),
        0.0
    );
    assert!(of(r#"bulkhead_platform_calls_total{port="table",operation="put"}"#) > 0.0);
    assert_eq!(of(r#"bulkhead_scrape_incomplete{part="queues"}"#), 0.0);
    assert_eq!(of(r#"bulkhead_scrape_incomplete{part="feeds"}"#), 0.0);
    assert_eq!(of("bulkhead_advisories_generation"), 0.0);
    #[cfg(target_os = "linux")]
    assert!(of("process_resident_memory_bytes") > 1e6);
    // Counters go on, and never back.
    assert_eq!(server.ask("GET", "/healthz", "").0, 200);
    assert_eq!(scrape(&address)[live], 4.0);
}

#[test]
fn a_backup_of_a_server_in_use_is_put_back_with_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, backup, again) = (at("data"), at("backup"), at("again"));
    let server = Running::start(&data, &[]);
    let password = shown(&server.said, "one-time password").to_owned();
    let sign_in = format!(r#"{{"login":"admin","password":"{password}"}}"#);
    let (status, session) = server.ask("POST", "/api/v1/session", &sign_in);
    assert_eq!(status, 200, "{session}");

    let backup_arguments = ["backup", "--to", backup.to_str().unwrap()];
    let done = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        // Failed sign-ins are counted, so each writes.
        let load = scope.spawn(|| {
            let mut asked = 0;
            while !done.load(Ordering::Relaxed) || asked == 0 {
                let body = format!(r#"{{"login":"nobody{asked}","password":"wrong password"}}"#);
                server.ask("POST", "/api/v1/session", &body);
                asked += 1;
            }
        });
        let made = command(&data, &backup_arguments);
        done.store(true, Ordering::Relaxed);
        load.join().unwrap();
        made
    });
    assert!(made.status.success(), "{}", text(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(made["records"].as_u64().unwrap() > 2, "{made}");
    let refused = command(&data, &backup_arguments);
    assert!(text(&refused.stderr).contains("not empty"), "{refused:?}");
    let verified = command(&data, &["verify-backup", backup.to_str().unwrap()]);
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(verified["records"], made["records"]);
    assert_eq!(server.ask("POST", "/api/v1/session", &sign_in).0, 200);
    server.stop();

    let refused = command(&data, &["restore", "--from", backup.to_str().unwrap()]);
    assert!(!refused.status.success(), "a store was written over");
    let restored = command(&again, &["restore", "--from", backup.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let tokens = |data| text(&command(data, &["token", "list"]).stdout);
    assert_eq!(tokens(&again), tokens(&data));
    assert!(tokens(&again).contains("used 0 of 1"));
    let server = Running::start(&again, &[]);
    assert!(!server.said.contains("one-time"), "{}", server.said);
    let (status, session) = server.ask("POST", "/api/v1/session", &sign_in);
    assert_eq!(
        (status, &session["must_change_password"]),
        (200, &Value::Bool(true))
    );
}

#[test]
fn what_a_tenant_has_is_exported_without_secrets_and_without_others() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("out"));
    for arguments in [
        &["setup"][..],
        &["tenant", "create", "other"],
        &[
            "user", "create", "--tenant", "other", "--role", "admin", "mallory",
        ],
        &["token", "create", "--note", "rack 7"],
    ] {
        assert!(command(&data, arguments).status.success(), "{arguments:?}");
    }
    let arguments = ["export", "tenant", "--to", to.to_str().unwrap()];
    let exported = command(&data, &arguments);
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let about: Value =
        serde_json::from_slice(&std::fs::read(to.join("export.json")).unwrap()).unwrap();
    assert_eq!(about["records"]["users"], 1);
    assert_eq!(about["records"]["enrolment-tokens"], 2);
    let mut whole = String::new();
    for entry in std::fs::read_dir(&to).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            whole.push_str(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    assert!(
        whole.contains("rack 7") && whole.contains("\"admin\""),
        "{whole}"
    );
    for secret in ["_hash", "argon2", "mallory"] {
        assert!(!whole.contains(secret), "{secret} is in the export");
    }
    let again = command(&data, &arguments);
    assert!(text(&again.stderr).contains("not empty"));
    let unknown = command(
        &data,
        &["export", "tenant", "--tenant", "x", "--to", "/nowhere"],
    );
    assert!(text(&unknown.stderr).contains("no tenant x"));
}

#[test]
fn the_audit_log_is_verified_while_the_server_is_stopped_and_so_is_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |arguments: &[&str]| {
        let output = command(&data, arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text, said)
    };
    assert_eq!(run(&["setup", "--json"]).0, Some(0));
    for _ in 0..3 {
        assert_eq!(run(&["token", "create"]).0, Some(0));
    }
    let (code, text, said) = run(&["audit", "verify"]);
    assert_eq!(code, Some(0), "{said}");
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found[0]["tenant"], "default");
    assert_eq!(found[0]["whole"], true);
    assert_eq!(found[0]["first_seq"], 1);
    assert!(found[0]["entries"].as_u64().unwrap() >= 4, "{found}");
    let none = run(&["audit", "verify", "--tenant", "other"]);
    assert_eq!(none.0, Some(1));

    let to = folder.path().join("export");
    let exported = run(&["export", "tenant", "--to", to.to_str().unwrap()]);
    assert_eq!(exported.0, Some(0), "{}", exported.2);
    let file = to.join("audit.ndjson");
    let path = file.to_str().unwrap();
    let (code, text, said) = run(&["audit", "verify", "--file", path]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), found);
    // It is that tenant's and no other's.
    assert_eq!(
        run(&["audit", "verify", "--file", path, "--tenant", "other"]).0,
        Some(1)
    );
    let whole = std::fs::read_to_string(&file).unwrap();
    let changed = whole.replacen("create_enrolment_token", "create_role", 1);
    assert_ne!(changed, whole);
    std::fs::write(&file, changed).unwrap();
    let (code, text, said) = run(&["audit", "verify", "--file", path]);
    assert_eq!(code, Some(1), "{text}");
    assert!(said.contains("broken at entry"), "{said}");
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found[0]["whole"], false);
    let lines: Vec<&str> = whole.lines().collect();
    std::fs::write(&file, [lines[0], lines[2]].join("\n")).unwrap();
    let (code, _, said) = run(&["audit", "verify", "--file", path]);
    assert_eq!(code, Some(1));
    assert!(said.contains("entry 2: it is missing"), "{said}");
    for odd in ["", "no json\n", "{\"next_cursor\": \"x\"}\n"] {
        std::fs::write(&file, odd).unwrap();
        assert_eq!(
            run(&["audit", "verify", "--file", path]).0,
            Some(1),
            "{odd}"
        );
    }
}
