//! What is new and what was fixed, as states of a place follow each other.

use schemas::{
    Place, Severity, VulnerabilityId, inventory::CoverageStatus, posture::SeverityCounts,
    risk::Exposure,
};

use crate::{
    tests::{delta, finding, image},
    *,
};

const DAY: u32 = 24;
/// An hour to begin at.
const H: u32 = 498_000;

fn state(sequence: u64, at_h: u32, ids: &[&str]) -> PlaceDelta {
    let findings = ids.iter().map(|id| finding(id, Severity::High, 8.0, true));
    PlaceDelta {
        at_h,
        ..delta(image(1), sequence, Exposure::Published, findings.collect())
    }
}

fn fixed(index: &EstateIndex, from_h: u32) -> Vec<(String, u32)> {
    let rows = index.whole().fixed(from_h, None, 100).rows;
    let rows = rows.into_iter();
    rows.map(|row| (row.vulnerability.to_string(), row.at_h))
        .collect()
}

fn new_since(index: &EstateIndex, from_h: u32) -> Vec<VulnerabilityId> {
    let filter = Filter {
        new_since_h: Some(from_h),
        ..Filter::default()
    };
    let rows = index.ranked(&filter).into_iter();
    rows.map(|row| row.id).collect()
}

fn high(count: u32) -> SeverityCounts {
    SeverityCounts {
        high: count,
        ..SeverityCounts::default()
    }
}

#[test]
fn what_stays_keeps_its_hour_and_what_goes_is_fixed() {
    let mut index = EstateIndex::new();
    index.apply(&state(1, H, &["CVE-2026-1", "CVE-2026-2"]));
    index.apply(&state(2, H + DAY, &["CVE-2026-2", "CVE-2026-3"]));
    assert_eq!(
        index.whole().since(H + 1),
        Since {
            new: high(1),
            fixed: high(1)
        }
    );
    assert_eq!(new_since(&index, H + 1), ["CVE-2026-3".parse().unwrap()]);
    assert_eq!(new_since(&index, H).len(), 2);
    assert_eq!(fixed(&index, H), [("CVE-2026-1".to_owned(), H + DAY)]);
    assert!(fixed(&index, H + DAY + 1).is_empty());
    // It comes back: then it is new, and fixed no more.
    index.apply(&state(
        3,
        H + 2 * DAY,
        &["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"],
    ));
    assert!(fixed(&index, H).is_empty());
    assert_eq!(
        new_since(&index, H + DAY + 1),
        ["CVE-2026-1".parse().unwrap()]
    );
}

#[test]
fn what_could_not_be_seen_is_neither_fixed_nor_new_when_it_is_seen_again() {
    let mut index = EstateIndex::new();
    index.apply(&state(1, H, &["CVE-2026-1"]));
    index.apply(&PlaceDelta {
        coverage: CoverageStatus::Partial,
        ..state(2, H + 1, &[])
    });
    assert_eq!(index.whole().since(H + 1), Since::default());
    let mut again = index.clone();
    again.apply(&state(3, H + 2, &["CVE-2026-1"]));
    assert_eq!(again.whole().since(H + 1), Since::default());
    assert_eq!(again.whole().since(H).new, high(1));
    // A whole look does not find it: now it is gone.
    index.apply(&state(3, H + 2, &[]));
    assert_eq!(fixed(&index, H), [("CVE-2026-1".to_owned(), H + 2)]);
}

#[test]
fn what_goes_with_its_place_was_not_fixed_and_what_was_fixed_long_ago_is_forgotten() {
    let mut index = EstateIndex::new();
    index.apply(&state(1, H, &["CVE-2026-1", "CVE-2026-2"]));
    index.apply(&state(2, H + 1, &["CVE-2026-2"]));
    index.apply(&state(3, H + 2 + LEFT_HOURS, &["CVE-2026-2"]));
    assert!(fixed(&index, 1).is_empty());
    index.apply(&PlaceDelta::removal(image(1), 4));
    assert_eq!(index.whole().since(1), Since::default());
}

#[test]
fn an_index_is_read_as_it_was_written_and_without_hours_nothing_is_new() {
    let mut index = EstateIndex::new();
    let mut first = state(1, H, &["CVE-2026-1", "CVE-2026-2", "CVE-2026-4"]);
    first.findings[1].excepted = true;
    assert_eq!(PlaceDelta::decode(&first.encode()).unwrap(), first);
    index.apply(&first);
    index.apply(&state(2, H + 1, &["CVE-2026-2", "CVE-2026-3"]));
    let read = EstateIndex::decode(&index.encode()).unwrap();
    assert_eq!(read.whole().since(1), index.whole().since(1));
    assert_eq!(fixed(&read, 1), fixed(&index, 1));
    assert_eq!(new_since(&read, H + 1), new_since(&index, H + 1));

    let mut unknown = EstateIndex::new();
    unknown.apply(&state(1, 0, &["CVE-2026-1", "CVE-2026-2"]));
    unknown.apply(&state(2, 0, &["CVE-2026-2"]));
    assert_eq!(unknown.whole().since(0), Since::default());
}

#[test]
fn pages_of_what_was_fixed_follow_each_other_the_latest_first() {
    let mut index = EstateIndex::new();
    for number in 1..=6u8 {
        let place: Place = image(number);
        let ids = ["CVE-2026-1", "CVE-2026-2"];
        let mut begun = state(1, H, &ids);
        let mut done = state(2, H + u32::from(number % 3), &[]);
        (begun.place, done.place) = (place.clone(), place);
        index.apply(&begun);
        index.apply(&done);
    }
    let all = index.whole().fixed(1, None, 100);
    assert_eq!((all.rows.len(), all.total, all.more), (12, 12, false));
    assert!(all.rows.is_sorted_by(|a, b| a.at_h >= b.at_h));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = index.whole().fixed(1, after.as_ref(), 5);
        after = page.rows.last().map(|last| FixedPosition {
            at_h: last.at_h,
            vulnerability: last.vulnerability.clone(),
            place: last.place.clone(),
        });
        seen.extend(page.rows);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, all.rows);
}

#[test]
fn a_posture_counts_each_thing_once_and_what_is_excepted_nowhere() {
    let mut index = EstateIndex::new();
    let mut worse = finding("CVE-2026-1", Severity::Critical, 9.8, false);
    worse.facts.known_exploited = true;
    let mut hidden = finding("CVE-2026-9", Severity::Critical, 9.9, true);
    hidden.excepted = true;
    let shared = finding("CVE-2026-2", Severity::Low, 2.0, true);
    let host: Place = "host/db-1".parse().unwrap();
    let on_host = vec![worse.clone(), shared.clone(), hidden.clone()];
    index.apply(&delta(host, 1, Exposure::Internal, on_host));
    index.apply(&delta(
        image(1),
        1,
        Exposure::Published,
        vec![shared, hidden],
    ));
    index.apply(&delta(image(2), 1, Exposure::None, Vec::new()));
    let posture = index.whole().posture();
    assert_eq!(
        (
            posture.vulnerabilities.critical,
            posture.vulnerabilities.low
        ),
        (1, 1)
    );
    assert_eq!(posture.vulnerabilities.total(), 2);
    assert_eq!((posture.known_exploited, posture.fix_available), (1, 1));
    assert_eq!((posture.findings, posture.exploited_exposed), (3, 0));
    assert_eq!(
        (posture.hosts.total, posture.hosts.highest.critical),
        (1, 1)
    );
    assert_eq!((posture.images.total, posture.images.none), (2, 1));
    assert_eq!((posture.images.highest.low, posture.images.exposed), (1, 1));
    assert_eq!(
        (posture.images.complete, posture.running_containers),
        (2, 4)
    );
    index.apply(&delta(image(2), 2, Exposure::PublicAddress, vec![worse]));
    assert_eq!(index.whole().posture().exploited_exposed, 1);
}
