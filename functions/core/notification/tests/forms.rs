//! What receivers are sent, by the eyes of those who receive it.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use notification::{
    SigningSecret, changes, gather, lines, ocsf, signatures, slack, teams, webhook,
};
use schemas::{
    Severity, Timestamp,
    api::notification::{ChannelWants, NotificationConditions},
    finding::Finding,
    notification::{Notification, NotificationEvent, PlaceChange},
};
use secrecy::ExposeSecret as _;
use serde_json::json;

fn finding(id: &str, package: &str, fixed: Option<&str>, severity: &str) -> Finding {
    serde_json::from_value(json!({
        "vulnerability": id,
        "package": format!("lib{package}"),
        "installed_version": "1.0-1",
        "fixed_version": fixed,
        "severity": severity,
        "kev": id.ends_with("0666"),
        "status": "fixed",
        "summary": "A <b>bad</b> *thing* & more",
        "evidence": {
            "ecosystem": {"name": "debian", "release": "12"},
            "matched_name": package,
            "matched_version": "1.0-1",
            "comparison": "1.0-1 < 1.0-2 (dpkg)",
            "source": {"feed": "debian", "document": "d"},
        },
    }))
    .unwrap()
}

fn compare(
    name: &str,
    before: Option<&[Finding]>,
    now: &[Finding],
    sees_less: bool,
) -> Vec<PlaceChange> {
    let id = name.split(' ').next().unwrap();
    let place = format!("host/{id}").parse().unwrap();
    let found = |findings| changes::Found {
        findings,
        cannot_judge: &[],
    };
    changes::changes(&changes::Compared {
        place: &place,
        name,
        before: before.map(found),
        sees_more: false,
        now: found(now),
        sees_less,
        unseen: &[],
    })
}

#[test]
fn what_was_not_seen_for_a_while_is_not_new() {
    let place = "host/a".parse().unwrap();
    let found = |findings| changes::Found {
        findings,
        cannot_judge: &[],
    };
    let old = [
        finding("CVE-2026-0001", "openssl", Some("1.0-2"), "high"),
        finding("CVE-2026-0002", "zlib", Some("1.0-2"), "high"),
    ];
    let less = changes::Compared {
        place: &place,
        name: "a",
        before: Some(found(&old)),
        sees_more: false,
        now: found(&old[..1]),
        sees_less: true,
        unseen: &[],
    };
    assert_eq!(changes::changes(&less), []);
    let unseen = changes::unseen(&less);
    assert_eq!(unseen.len(), 1);
    assert_eq!(unseen[0].package, "zlib");
    // It stays so while nothing more is seen, and what goes meanwhile is fixed.
    let still = changes::Compared {
        before: Some(found(&old[..1])),
        now: found(&[]),
        sees_less: false,
        unseen: &unseen,
        ..less
    };
    assert_eq!(changes::unseen(&still), unseen);
    let gone = changes::changes(&still);
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].event, NotificationEvent::FindingsFixed);
    // Seen again, it is no news; what is, is told.
    let new = [
        old[1].clone(),
        finding("CVE-2026-0003", "zlib", Some("1.0-2"), "high"),
    ];
    let more = changes::Compared {
        before: Some(found(&[])),
        now: found(&new),
        sees_more: true,
        unseen: &unseen,
        ..still
    };
    let told = changes::changes(&more);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].vulnerabilities.len(), 1);
    assert_eq!(told[0].vulnerabilities[0].id.as_str(), "CVE-2026-0003");
    assert_eq!(changes::unseen(&more), []);
}

fn gathered(changes: &[PlaceChange]) -> Notification {
    let tenant = "acme".parse().unwrap();
    let mut all = gather::begin(
        &tenant,
        "n-1",
        Timestamp::from_ms(1_700_000_000_000),
        &changes[0],
    );
    for change in &changes[1..] {
        gather::add(&mut all, change);
    }
    all
}

fn sample() -> Notification {
    let new = [
        finding("CVE-2026-0001", "openssl", Some("1.0-2"), "high"),
        finding("CVE-2026-0666", "openssl", Some("1.0-2"), "medium"),
    ];
    let mut all = compare("web-1", Some(&[]), &new, false);
    all.extend(compare("web-2 <!channel>", Some(&[]), &new, false));
    gathered(&all)
}

#[test]
fn one_fix_of_many_places_and_vulnerabilities_is_one_group() {
    let new = [
        finding("CVE-2026-0001", "openssl", Some("1.0-2"), "high"),
        finding("CVE-2026-0002", "openssl", Some("1.0-2"), "low"),
        finding("CVE-2026-0003", "openssl", Some("1.0-3"), "low"),
        finding("CVE-2026-0004", "zlib", None, "low"),
    ];
    let one = compare("a", Some(&[]), &new, false);
    assert_eq!(
        one.len(),
        3,
        "two versions of openssl, and zlib without a fix"
    );
    let other = compare("b", Some(&[]), &new[..1], false);
    assert_eq!(gather::group(&one[0], &[]), gather::group(&other[0], &[]));
    assert_ne!(gather::group(&one[0], &[]), gather::group(&one[1], &[]));
    let both = gathered(&[one[0].clone(), other[0].clone(), other[0].clone()]);
    assert_eq!((both.places.len(), both.vulnerabilities.len()), (2, 2));
    assert_eq!(both.severity, Severity::High);
}

#[test]
fn only_what_was_not_there_is_new_and_only_what_can_be_seen_is_fixed() {
    let old = [finding("CVE-2026-0001", "openssl", Some("1.0-2"), "high")];
    let mut updated = old.clone();
    updated[0].installed_version = "1.0-1.1".to_owned();
    assert_eq!(compare("a", Some(&old), &updated, false), []);
    let fixed = compare("a", Some(&old), &[], false);
    assert_eq!(fixed.len(), 1);
    assert_eq!(fixed[0].event, NotificationEvent::FindingsFixed);
    assert_eq!(
        compare("a", Some(&old), &[], true),
        [],
        "less could be seen"
    );
}

#[test]
fn a_first_scan_and_a_flood_are_one_digest() {
    let many: Vec<_> = (0..300)
        .map(|n| {
            finding(
                &format!("CVE-2026-{n:04}"),
                &format!("p{n}"),
                Some("2"),
                "low",
            )
        })
        .collect();
    for before in [None, Some(&[][..])] {
        let changes = compare("a", before, &many, false);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].fix, None);
        let digest = gathered(&changes);
        assert!(digest.digest);
        assert_eq!(
            digest.vulnerabilities.len() + digest.more_vulnerabilities as usize,
            300
        );
    }
    assert_eq!(compare("a", None, &many[..1], false)[0].fix, None);
    assert_eq!(compare("a", None, &[], false), []);
}

#[test]
fn a_channel_is_told_what_it_wants_and_nothing_else() {
    let all = sample();
    let wants = |conditions| ChannelWants {
        events: vec![NotificationEvent::FindingsNew],
        conditions,
        ..ChannelWants::default()
    };
    let severe = NotificationConditions {
        min_severity: Some(Severity::High),
        ..NotificationConditions::default()
    };
    let told = gather::wanted(&all, &wants(severe)).unwrap();
    assert_eq!(told.vulnerabilities.len(), 1);
    assert_eq!(told.severity, Severity::High);
    let exploited = NotificationConditions {
        known_exploited: true,
        ..NotificationConditions::default()
    };
    let told = gather::wanted(&all, &wants(exploited)).unwrap();
    assert_eq!(told.vulnerabilities[0].id.as_str(), "CVE-2026-0666");
    let critical = NotificationConditions {
        min_severity: Some(Severity::Critical),
        ..NotificationConditions::default()
    };
    assert_eq!(gather::wanted(&all, &wants(critical)), None);
    let fixed = ChannelWants {
        events: vec![NotificationEvent::FindingsFixed],
        ..ChannelWants::default()
    };
    assert_eq!(gather::wanted(&all, &fixed), None);
}

#[test]
fn signatures_are_what_the_standard_s_own_library_takes() {
    let now_s = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let now_s = i64::try_from(now_s).unwrap();
    let body = webhook(&sample()).to_string();
    let secrets = [SigningSecret::new(&[1; 32]), SigningSecret::new(&[2; 32])];
    let mut headers = http::HeaderMap::new();
    headers.insert("webhook-id", "msg-1".parse().unwrap());
    headers.insert("webhook-timestamp", now_s.to_string().parse().unwrap());
    let signed = signatures(&secrets, "msg-1", now_s, &body);
    headers.insert("webhook-signature", signed.parse().unwrap());
    let verifier = |secret: &SigningSecret| {
        standardwebhooks::Webhook::new(secret.text().expose_secret()).unwrap()
    };
    for secret in &secrets {
        verifier(secret).verify(body.as_bytes(), &headers).unwrap();
    }
    let other = SigningSecret::new(&[3; 32]);
    assert!(verifier(&other).verify(body.as_bytes(), &headers).is_err());
    assert!(verifier(&secrets[0]).verify(b"{}", &headers).is_err());
}

#[test]
fn text_from_outside_brings_no_markup_with_it() {
    let message = slack(&sample());
    let text = message.to_string();
    assert!(text.contains("&lt;!channel&gt;"), "{text}");
    for block in message["blocks"].as_array().unwrap() {
        if block["type"] == "section" {
            assert!(!block["text"]["text"].as_str().unwrap().contains('<'));
        }
    }
    let card = teams(&sample());
    for block in card["attachments"][0]["content"]["body"]
        .as_array()
        .unwrap()
    {
        assert_eq!(
            block["type"], "RichTextBlock",
            "runs of text know no markup"
        );
    }
    let mut nasty = sample();
    nasty.places[0].name = "web\r\n1".to_owned();
    assert!(
        lines(&nasty)
            .iter()
            .all(|line| !line.contains(['\r', '\n']))
    );
}

#[test]
fn an_event_has_what_the_schema_requires() {
    let event = ocsf(&sample());
    // Required by the class, its base class and the objects in it.
    for field in [
        "/activity_id",
        "/category_uid",
        "/class_uid",
        "/type_uid",
        "/severity_id",
        "/time",
        "/metadata/version",
        "/metadata/product/vendor_name",
        "/finding_info/uid",
        "/vulnerabilities/0/cve/uid",
        "/vulnerabilities/0/affected_packages/0/name",
        "/vulnerabilities/0/affected_packages/0/version",
    ] {
        assert!(event.pointer(field).is_some(), "{field}");
    }
    assert_eq!(event["class_uid"], 2002);
    assert_eq!(event["type_uid"], 200_201);
    assert_eq!(event["severity_id"], 4);
    let mut fixed = sample();
    fixed.event = NotificationEvent::FindingsFixed;
    assert_eq!(ocsf(&fixed)["type_uid"], 200_203);
}

#[test]
fn what_is_not_about_findings_is_told_in_words_and_summed_up_without_loss() {
    let tenant = "acme".parse().unwrap();
    let at = Timestamp::from_ms(1_700_000_000_000);
    let mut silent = gather::empty(NotificationEvent::AgentSilent, &tenant, "n-1", at);
    for id in ["a", "b", "a"] {
        let subject =
            json!({"id": id, "name": format!("{id}\r\n.example.org"), "since": at, "detail": "x"});
        gather::add_subject(&mut silent, &serde_json::from_value(subject).unwrap());
    }
    assert_eq!(silent.subjects.len(), 2);
    assert_eq!(
        notification::title(&silent),
        "2 agents: not heard of any more"
    );
    let told = lines(&silent);
    assert!(
        told.iter().all(|line| !line.contains(['\r', '\n'])),
        "{told:?}"
    );
    let mut heard = silent.clone();
    heard.event = NotificationEvent::AgentHeard;
    assert_eq!(notification::thread(&silent), notification::thread(&heard));
    assert_ne!(
        notification::thread(&silent),
        notification::thread(&sample())
    );
    let mut fixed = sample();
    fixed.event = NotificationEvent::FindingsFixed;
    assert_eq!(
        notification::thread(&fixed),
        notification::thread(&sample())
    );

    let mut held = Vec::new();
    for number in 0..3 {
        let mut one = sample();
        one.id = format!("n-{number}");
        gather::sum_up(&mut held, &one);
    }
    gather::sum_up(&mut held, &silent);
    assert_eq!(held.len(), 2, "one for each kind of event");
    assert_eq!(held[0].summed_up, 3);
    assert_eq!(
        held[0].vulnerabilities[0].package.as_deref(),
        Some("openssl")
    );
    assert!(notification::title(&held[0]).starts_with("3 messages in one: "));
}

#[test]
fn a_channel_is_told_only_of_what_is_likely_and_lies_in_its_collections() {
    let mut all = sample();
    all.vulnerabilities[0].epss = Some(0.7);
    let mut wants = ChannelWants {
        events: vec![NotificationEvent::FindingsNew],
        ..ChannelWants::default()
    };
    wants.conditions.min_epss = Some(0.5);
    assert_eq!(
        gather::wanted(&all, &wants).unwrap().vulnerabilities.len(),
        1
    );
    wants.conditions.min_epss = Some(0.8);
    assert_eq!(gather::wanted(&all, &wants), None);
    wants.conditions.min_epss = None;
    wants.collections = vec!["shop".parse().unwrap()];
    assert_eq!(gather::wanted(&all, &wants), None);
    all.collections = vec!["bank".parse().unwrap(), "shop".parse().unwrap()];
    assert!(gather::wanted(&all, &wants).is_some());
}

#[test]
fn what_is_not_named_is_told_to_who_asks_for_it() {
    // More than are named are worse and have no fix.
    let mut now: Vec<_> = (0..120)
        .map(|n| finding(&format!("CVE-2026-1{n:03}"), &format!("p{n}"), None, "high"))
        .collect();
    let fixable = |n| {
        let package = format!("q{n}");
        finding(&format!("CVE-2026-2{n:03}"), &package, Some("2"), "medium")
    };
    now.extend((0..60).map(fixable));
    let all = gathered(&compare("web-1", None, &now, false));
    assert_eq!(
        (all.vulnerabilities.len(), all.more_vulnerabilities),
        (100, 80)
    );
    let wants = |conditions: serde_json::Value| ChannelWants {
        events: vec![NotificationEvent::FindingsNew],
        collections: Vec::new(),
        conditions: serde_json::from_value(conditions).unwrap(),
    };
    let told = gather::wanted(&all, &wants(json!({"fixable": true}))).unwrap();
    assert_eq!(
        (told.vulnerabilities.len(), told.more_vulnerabilities),
        (3, 57)
    );
    assert_eq!(told.severity, Severity::Medium);
    assert!(
        lines(&told).iter().any(|line| line.contains("57")),
        "{told:?}"
    );
    let told = gather::wanted(&all, &wants(json!({"min_severity": "high"}))).unwrap();
    assert_eq!(
        (told.vulnerabilities.len(), told.more_vulnerabilities),
        (97, 23)
    );
    let none = gather::wanted(&all, &wants(json!({"known_exploited": true})));
    assert_eq!(none, None);
}

#[test]
fn nothing_that_is_not_named_is_lost_or_counted_anew_when_messages_become_one() {
    let number = |all: &Notification| all.vulnerabilities.len() + all.more_vulnerabilities as usize;
    let of = |package: &str, from: usize, fixed: Option<&str>| -> Vec<Finding> {
        let id = |n: usize| format!("CVE-2026-{n:04}");
        let ids = (from..from + 150).map(id);
        ids.map(|id| finding(&id, package, fixed, "high")).collect()
    };
    // The same 150 in two places by one fix are 150.
    let one = of("openssl", 1000, Some("2"));
    let mut all = compare("a", Some(&[]), &one, false);
    all.extend(compare("b", Some(&[]), &one, false));
    let both = gathered(&all);
    assert_eq!((both.places.len(), number(&both)), (2, 150));
    // Two fixes of one place in a digest are 300, and again when that becomes one of another place.
    let other = gathered(&compare(
        "a",
        Some(&[]),
        &of("zlib", 2000, Some("2")),
        false,
    ));
    let digest = gather::digests(&[both.clone(), other]);
    assert_eq!((digest.len(), number(&digest[0])), (1, 300));
    let third = gathered(&compare("a", Some(&[]), &of("curl", 3000, None), false));
    let mut held = digest.clone();
    gather::sum_up(&mut held, &third);
    assert_eq!((held.len(), number(&held[0])), (1, 450));
    // Who asks for what can be fixed hears of that, and of no more.
    let wants = ChannelWants {
        events: vec![NotificationEvent::FindingsNew],
        collections: Vec::new(),
        conditions: serde_json::from_value(json!({"fixable": true})).unwrap(),
    };
    assert_eq!(number(&gather::wanted(&held[0], &wants).unwrap()), 300);
    // A place that comes once more with others.
    let mut draft = gathered(&compare("a", None, &of("curl", 3000, None), false));
    for change in compare("a", None, &of("bash", 4000, None), false) {
        gather::add(&mut draft, &change);
    }
    assert_eq!((draft.places.len(), number(&draft)), (1, 300));
}
