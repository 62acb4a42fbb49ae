//! How long the score of one finding takes, beside its limit.

#![expect(clippy::print_stdout, reason = "a tool of the command line")]

use std::{hint::black_box, time::Instant};

use risk::{intel_tenths, place_factors, place_tenths, rating_factors, rating_tenths, score};
use schemas::{
    Severity,
    risk::{Answer, Exposure, PlaceFacts, VulnerabilityFacts},
};

/// The score of one finding, without reasons, in nanoseconds.
const LIMIT_NS: f64 = 2_000.0;
const ROUNDS: u32 = 2_000_000;
const WORDY_ROUNDS: u32 = 200_000;

fn main() {
    let vulnerability = VulnerabilityFacts {
        severity: Severity::High,
        cvss_score: Some(7.8),
        known_exploited: true,
        exploited_sources: vec!["cisa-kev".to_owned()],
        epss: Some(0.355),
        exploitation: Some("poc".to_owned()),
        technical_impact: Some("total".to_owned()),
        ..VulnerabilityFacts::default()
    };
    let place = PlaceFacts {
        exposure: Exposure::PublicAddress,
        exposure_reason: Some("nginx publishes 80/tcp on 0.0.0.0:80".to_owned()),
        root: Answer::Yes,
        running_containers: Some(3),
        ..PlaceFacts::default()
    };
    let number = time(ROUNDS, || {
        let (v, p) = (black_box(&vulnerability), black_box(&place));
        let tenths =
            rating_tenths(v.severity, v.cvss_score, true) + intel_tenths(v) + place_tenths(p);
        let marks = place_factors(p).and(rating_factors(v.severity, true));
        black_box((tenths, marks));
    });
    let wordy = time(WORDY_ROUNDS, || {
        black_box(score(black_box(&vulnerability), true, black_box(&place)));
    });
    println!(
        "score of one finding with its marks: {number:.0} ns, {:.4} of the limit of {LIMIT_NS:.0} ns",
        number / LIMIT_NS
    );
    println!(
        "the same with its parts and reasons: {wordy:.0} ns, {:.1} times as long",
        wordy / number
    );
}

/// Nanoseconds of one round.
fn time(rounds: u32, mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..rounds {
        work();
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
}
