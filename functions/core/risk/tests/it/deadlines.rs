//! Deadlines by CISA's directive.

use risk::{asked, deadline};
use schemas::{
    Timestamp,
    risk::{Answer, ClockStart, Exposure, PlaceFacts, VulnerabilityFacts},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn listed(since: Option<&str>) -> VulnerabilityFacts {
    VulnerabilityFacts {
        known_exploited: true,
        exploited_sources: vec!["cisa-kev".to_owned()],
        known_exploited_since: since.map(at),
        automatable: Some("yes".to_owned()),
        technical_impact: Some("total".to_owned()),
        ..VulnerabilityFacts::default()
    }
}

fn place(exposure: Exposure) -> PlaceFacts {
    PlaceFacts {
        exposure,
        exposure_reason: Some("sshd listens".to_owned()),
        ..PlaceFacts::default()
    }
}

#[test]
fn the_table_is_the_one_that_was_published() {
    let Some(file) = at_hand::data("intel/cisa_bod_26_04.csv") else {
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let yes = |cell: usize| cells[cell] == "yes";
        let found = asked(yes(1), yes(2), yes(3), cells[4] == "total");
        let words = match (found.days, found.forensics) {
            (None, false) => "fix on system upgrade".to_owned(),
            (Some(days), false) => format!("{days} days"),
            (Some(days), true) => format!("{days} days & forensic investigation"),
            (None, true) => panic!("{line}"),
        };
        assert_eq!(words, cells[5], "{line}");
        rows += 1;
    }
    assert_eq!(rows, 16);
}

#[test]
fn what_cisa_lists_is_due_from_the_day_it_was_listed() {
    let now = at("2024-08-20T12:00:00Z");
    let facts = listed(Some("2024-08-13T00:00:00Z"));
    let found = deadline(&facts, &place(Exposure::Declared), Some(now), now);
    assert_eq!((found.days, found.forensics), (Some(3), true));
    assert_eq!(found.due, Some(at("2024-08-16T00:00:00Z")));
    assert!(found.overdue && !found.is_earliest);
    assert_eq!(found.clock.unwrap().start, ClockStart::AddedToKev);
    let evidence: Vec<&str> = found
        .facts
        .iter()
        .map(|fact| fact.evidence.as_str())
        .collect();
    assert!(evidence[0].ends_with("since 2024-08-13"), "{evidence:?}");
    assert!(evidence[1].contains("sshd listens"), "{evidence:?}");
    let inside = deadline(
        &facts,
        &place(Exposure::Internal),
        None,
        at("2024-08-14T00:00:00Z"),
    );
    assert_eq!((inside.days, inside.overdue), (Some(3), false));
}

#[test]
fn what_nobody_lists_is_due_from_the_day_it_was_found() {
    let now = at("2026-11-30T00:00:00Z");
    let facts = VulnerabilityFacts {
        automatable: Some("no".to_owned()),
        technical_impact: Some("total".to_owned()),
        ..VulnerabilityFacts::default()
    };
    let found = deadline(
        &facts,
        &place(Exposure::PublicAddress),
        Some(at("2026-11-20T00:00:00Z")),
        now,
    );
    assert_eq!(
        (found.days, found.due),
        (Some(14), Some(at("2026-12-04T00:00:00Z")))
    );
    assert_eq!(found.clock.unwrap().start, ClockStart::FirstFound);
    assert!(!found.overdue);
    // Days alone are told where nothing says when they begin.
    let unclocked = deadline(&facts, &place(Exposure::PublicAddress), None, now);
    assert_eq!((unclocked.days, unclocked.due), (Some(14), None));
    // Nothing is due where the next upgrade is soon enough.
    let calm = deadline(&facts, &place(Exposure::None), Some(now), now);
    assert_eq!((calm.days, calm.due, calm.is_earliest), (None, None, false));
}

#[test]
fn a_fact_that_is_missing_gives_the_earliest_deadline_and_is_named() {
    let now = at("2026-11-30T00:00:00Z");
    let facts = VulnerabilityFacts {
        automatable: None,
        technical_impact: None,
        ..listed(Some("2026-11-29T00:00:00Z"))
    };
    let found = deadline(&facts, &place(Exposure::Published), None, now);
    assert_eq!((found.days, found.forensics), (Some(3), true));
    assert!(found.is_earliest);
    for missing in ["publicly exposed", "automated", "total control", "14 days"] {
        assert!(found.reason.contains(missing), "{}", found.reason);
    }
    // A fact that is missing and decides nothing does not make the deadline an early one.
    let known = VulnerabilityFacts {
        automatable: None,
        ..listed(None)
    };
    let found = deadline(&known, &place(Exposure::Observed), None, now);
    assert!(!found.is_earliest, "{}", found.reason);
    assert_eq!(found.facts[2].answer, Answer::Unknown);
    // What only a vendor calls exploited is not in the catalogue.
    let vendor = VulnerabilityFacts {
        exploited_sources: vec!["msrc".to_owned()],
        ..listed(None)
    };
    let found = deadline(&vendor, &place(Exposure::Declared), None, now);
    assert_eq!((found.days, found.forensics), (Some(3), false));
    assert_eq!(found.facts[0].answer, Answer::No);
    assert!(found.facts[0].evidence.contains("msrc"));
}
