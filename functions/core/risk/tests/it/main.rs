//! Scores, marks and deadlines as somebody who checks them by hand would.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod deadlines;
mod fixes;
mod properties;
mod supposed;

use risk::{intel_tenths, place_tenths, rating_tenths, score};
use schemas::risk::{PlaceFacts, VulnerabilityFacts};
use serde::Deserialize;

/// The parts in their order.
const PARTS: [&str; 17] = [
    "known_exploited",
    "epss",
    "exploit",
    "severity",
    "technical_impact",
    "exposure",
    "root",
    "privileged",
    "capabilities",
    "no_security_profile",
    "host_namespaces",
    "host_mounts",
    "runtime_socket",
    "running",
    "package_in_use",
    "critical",
    "fix",
];

#[derive(Deserialize)]
struct Vector {
    name: String,
    vulnerability: VulnerabilityFacts,
    fix: bool,
    place: PlaceFacts,
    points: Vec<f32>,
    score: f32,
}

#[test]
fn scores_are_those_worked_out_by_hand() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert!(vectors.len() >= 15);
    for vector in vectors {
        let found = score(&vector.vulnerability, vector.fix, &vector.place);
        let names: Vec<&str> = found.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, PARTS);
        let points: Vec<f32> = found.parts.iter().map(|part| part.points).collect();
        assert_eq!(points, vector.points, "{}", vector.name);
        assert_eq!(found.value, vector.score, "{}", vector.name);
        let facts = &vector.vulnerability;
        let tenths = rating_tenths(facts.severity, facts.cvss_score, vector.fix)
            + intel_tenths(facts)
            + place_tenths(&vector.place);
        assert_eq!(f32::from(tenths) / 10.0, vector.score, "{}", vector.name);
    }
}

#[test]
fn what_each_part_can_give_is_one_hundred_in_all() {
    let score = score(
        &VulnerabilityFacts::default(),
        false,
        &PlaceFacts::default(),
    );
    let most: f32 = score.parts.iter().map(|part| part.max).sum();
    assert_eq!(most, risk::MAX_POINTS);
    assert!(score.parts.iter().all(|part| !part.reason.is_empty()));
}
