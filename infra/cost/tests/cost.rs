//! The bill keeps its aim, and what is checked in is what the commands write.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use cost::{
    count::Event,
    measure::{Measured, measure},
    settings,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
}

#[test]
fn a_host_costs_little_and_more_hosts_do_not_cost_more_each() {
    let bills = cost::bills().unwrap();
    let [_, thousand, ten_thousand] = bills.as_slice() else {
        panic!("three sizes");
    };
    assert!(
        ten_thousand.per_host() < 0.03,
        "{}",
        ten_thousand.per_host()
    );
    assert!(ten_thousand.standing < 15.0, "{}", ten_thousand.standing);
    assert!(ten_thousand.per_host() <= thousand.per_host() * 1.01);
}

#[test]
fn what_stands_still_is_what_the_template_has() {
    let template = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let count = |kind: &str| {
        let lines = template.lines().filter(|line| line.trim() == kind).count();
        f64::from(u32::try_from(lines).unwrap())
    };
    let standing = settings::assumptions().unwrap().standing;
    assert_eq!(standing.alarms, count("Type: AWS::CloudWatch::Alarm"));
    assert_eq!(
        standing.dashboards,
        count("Type: AWS::CloudWatch::Dashboard")
    );
    assert_eq!(standing.keys, count("Type: AWS::KMS::Key"));
}

#[test]
fn the_daily_probabilities_of_exploitation_rewrite_no_finding() {
    let measured = settings::measured().unwrap();
    let epss = &measured.growing["epss"];
    for functions in [&epss.fixed, &epss.per_place] {
        assert!(!functions.contains_key("scan"), "no place is matched again");
    }
    let for_a_place = epss.per_place.get("score").copied().unwrap_or_default();
    for (count, number) in for_a_place.each() {
        // The index is one blob, in which facts of a vulnerability stand once.
        let grows = ["stored_bytes", "read_bytes", "compute_ms"].contains(&count);
        assert!(grows || number.abs() < 0.01, "{count}: {number}");
    }
}

#[test]
fn the_table_in_the_document_is_the_one_that_the_command_prints() {
    let document = std::fs::read_to_string(root().join("infra/README.md")).unwrap();
    let table = cost::table::markdown(&cost::bills().unwrap());
    let fresh = cost::table::replaced(&document, &table).unwrap();
    assert!(document == fresh, "run `make cost`");
}

/// Processor time differs from run to run, and compressed bytes by a little; all else is counted.
fn differences(name: &str, kept: &Event, now: &Event) -> Vec<String> {
    let mut differences = Vec::new();
    for function in kept.keys().chain(now.keys()) {
        let of = |event: &Event| event.get(function).copied().unwrap_or_default();
        for ((count, kept), (_, now)) in of(kept).each().zip(of(now).each()) {
            let slack = match count {
                "compute_ms" => continue,
                "stored_bytes" | "read_bytes" | "answer_bytes" => 100.0 + kept.abs() * 0.1,
                _ => 0.6 + kept.abs() * 0.05,
            };
            if (kept - now).abs() > slack {
                differences.push(format!("{name} {function} {count}: {kept} is now {now}"));
            }
        }
    }
    differences
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_measured_is_what_the_code_does() {
    let kept = settings::measured().unwrap();
    let now = measure().await.unwrap();
    let mut all = Vec::new();
    let events = |measured: &Measured| {
        let whole = measured.events.clone().into_iter();
        let growing = measured.growing.clone().into_iter().flat_map(|(name, g)| {
            [
                (format!("{name} anyway"), g.fixed),
                (format!("{name} for each place"), g.per_place),
            ]
        });
        whole
            .chain(growing)
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (kept, now) = (events(&kept), events(&now));
    for name in kept.keys().chain(now.keys()) {
        let none = Event::new();
        let of = |measured: &std::collections::BTreeMap<String, Event>| {
            measured.get(name).unwrap_or(&none).clone()
        };
        all.extend(differences(name, &of(&kept), &of(&now)));
    }
    all.dedup();
    assert!(
        all.is_empty(),
        "run `make cost-measure`:\n{}",
        all.join("\n")
    );
}
