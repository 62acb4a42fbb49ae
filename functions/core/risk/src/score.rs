//! The score: ten parts that add up to at most 100.
//!
//! | part | at most | points |
//! |---|---|---|
//! | `severity` | 30 | 3 × CVSS base score; without one by word: critical 28.5, high 24, medium 16.5, low 6, unknown 16.5 |
//! | `known_exploited` | 22 | 18 when listed in CISA KEV or exploited by the vendor's word, 4 more when ransomware uses it |
//! | `epss` | 8 | 8 × EPSS probability |
//! | `exploit` | 5 | SSVC exploitation: active 5, poc 3 |
//! | `fix` | 5 | 5 when a fix is available: it can be acted on |
//! | `exposure` | 15 | declared 15, public address 13, published 9, unknown 6, internal 4, none 0 |
//! | `root` | 5 | yes 5, unknown 3 |
//! | `privileged` | 4 | yes 4, unknown 2 |
//! | `runtime_socket` | 3 | yes 3, unknown 1 |
//! | `running` | 3 | no container 0, one 1, up to nine 2, more 3; unknown, or a host, 1 |
//!
//! The words' points are three times the middle of their CVSS 3.1 band. Unknown lies between the answers, so that
//! learning a fact can raise or lower a score and not knowing it is never a discount to zero.

use schemas::{
    Severity,
    risk::{Answer, Exposure, PlaceFacts, Score, ScorePart, VulnerabilityFacts},
};

/// The most points that all parts together can give.
pub const MAX_POINTS: f32 = 100.0;

/// Points in tenths, so that the parts add up exactly.
struct Part {
    name: &'static str,
    tenths: u32,
    max_tenths: u32,
    reason: String,
}

/// The score of a vulnerability in a place, from these facts and nothing else.
pub fn score(vulnerability: &VulnerabilityFacts, fix_available: bool, place: &PlaceFacts) -> Score {
    let parts = [
        severity(vulnerability),
        known_exploited(vulnerability),
        epss(vulnerability),
        exploit(vulnerability),
        fix(fix_available),
        exposure(place),
        answer(
            "root",
            place.root,
            [50, 30],
            "something in it runs as root or administrator",
        ),
        answer(
            "privileged",
            place.privileged,
            [40, 20],
            "something in it runs privileged",
        ),
        answer(
            "runtime_socket",
            place.runtime_socket,
            [30, 10],
            "a container runtime's socket is mounted into it",
        ),
        running(place),
    ];
    let total: u32 = parts.iter().map(|part| part.tenths).sum();
    Score {
        value: from_tenths(total),
        parts: parts
            .into_iter()
            .map(|part| ScorePart {
                name: part.name.to_owned(),
                points: from_tenths(part.tenths),
                max: from_tenths(part.max_tenths),
                reason: part.reason,
            })
            .collect(),
    }
}

/// The tenths of a point that a vulnerability contributes wherever it is: the first five parts.
///
/// With [`place_tenths`] this lets a list of millions be ranked without writing down reasons.
pub fn vulnerability_tenths(vulnerability: &VulnerabilityFacts, fix_available: bool) -> u16 {
    sum(&vulnerability_parts(vulnerability, fix_available))
}

/// The tenths of a point that a place contributes whatever is in it: the last five parts.
pub fn place_tenths(place: &PlaceFacts) -> u16 {
    sum(&place_parts(place))
}

fn sum(parts: &[Part]) -> u16 {
    let total: u32 = parts.iter().map(|part| part.tenths).sum();
    u16::try_from(total).unwrap_or(u16::MAX)
}

fn vulnerability_parts(vulnerability: &VulnerabilityFacts, fix_available: bool) -> [Part; 5] {
    [
        severity(vulnerability),
        known_exploited(vulnerability),
        epss(vulnerability),
        exploit(vulnerability),
        fix(fix_available),
    ]
}

fn place_parts(place: &PlaceFacts) -> [Part; 5] {
    [
        exposure(place),
        answer(
            "root",
            place.root,
            [50, 30],
            "something in it runs as root or administrator",
        ),
        answer(
            "privileged",
            place.privileged,
            [40, 20],
            "something in it runs privileged",
        ),
        answer(
            "runtime_socket",
            place.runtime_socket,
            [30, 10],
            "a container runtime's socket is mounted into it",
        ),
        running(place),
    ]
}

fn from_tenths(tenths: u32) -> f32 {
    // At most 1,000: exact as a 16-bit number, and so as f32.
    f32::from(u16::try_from(tenths).unwrap_or(u16::MAX)) / 10.0
}

/// `most` × a share from 0 to 1, in whole tenths. Not a number counts as nothing.
fn share(most: u32, share: f32) -> u32 {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    (0..=most)
        .rev()
        .find(|tenths| f64::from(*tenths) <= f64::from(share) * f64::from(most) + 0.5)
        .unwrap_or(0)
}

fn severity(facts: &VulnerabilityFacts) -> Part {
    let (tenths, reason) = match facts.cvss_score {
        Some(cvss) => (
            share(300, cvss / 10.0),
            format!("{} severity, CVSS {cvss:.1}", facts.severity.as_str()),
        ),
        None => (
            match facts.severity {
                Severity::Critical => 285,
                Severity::High => 240,
                Severity::Medium | Severity::Unknown => 165,
                Severity::Low => 60,
            },
            format!("{} severity, no CVSS score", facts.severity.as_str()),
        ),
    };
    Part {
        name: "severity",
        tenths,
        max_tenths: 300,
        reason,
    }
}

fn known_exploited(facts: &VulnerabilityFacts) -> Part {
    let known = facts.known_exploited || facts.ransomware;
    let tenths = if known { 180 } else { 0 } + if facts.ransomware { 40 } else { 0 };
    let reason = match (known, facts.ransomware) {
        (_, true) => format!("exploited, by ransomware too{}", said_by(facts)),
        (true, false) => format!("exploited in the wild{}", said_by(facts)),
        _ => "not known to be exploited".to_owned(),
    };
    Part {
        name: "known_exploited",
        tenths,
        max_tenths: 220,
        reason,
    }
}

fn said_by(facts: &VulnerabilityFacts) -> String {
    match facts.exploited_sources.as_slice() {
        [] => String::new(),
        sources => format!(" (according to {})", sources.join(", ")),
    }
}

fn epss(facts: &VulnerabilityFacts) -> Part {
    let (tenths, reason) = match facts.epss {
        Some(epss) => (
            share(80, epss),
            format!(
                "{:.1} % likely to be exploited within 30 days",
                epss * 100.0
            ),
        ),
        None => (0, "EPSS does not rate it".to_owned()),
    };
    Part {
        name: "epss",
        tenths,
        max_tenths: 80,
        reason,
    }
}

fn exploit(facts: &VulnerabilityFacts) -> Part {
    let (tenths, reason) = match facts.exploitation.as_deref() {
        Some("active") => (50, "active exploitation was seen"),
        Some("poc") => (30, "a proof of concept is public"),
        Some("none") => (0, "no public exploit was seen"),
        _ => (0, "nobody reported on exploits"),
    };
    Part {
        name: "exploit",
        tenths,
        max_tenths: 50,
        reason: reason.to_owned(),
    }
}

fn fix(available: bool) -> Part {
    let (tenths, reason) = if available {
        (50, "a fix is available")
    } else {
        (0, "no fix is available yet")
    };
    Part {
        name: "fix",
        tenths,
        max_tenths: 50,
        reason: reason.to_owned(),
    }
}

fn exposure(place: &PlaceFacts) -> Part {
    let (tenths, word) = match place.exposure {
        Exposure::Declared => (150, "declared to be reached from the internet"),
        Exposure::PublicAddress => (130, "reachable on a public address"),
        Exposure::Published => (90, "published on the host's address"),
        Exposure::Unknown => (60, "exposure is not known"),
        Exposure::Internal => (40, "reachable from inside only"),
        Exposure::None => (0, "not reachable"),
    };
    let reason = match &place.exposure_reason {
        Some(why) => format!("{word}: {why}"),
        None => word.to_owned(),
    };
    Part {
        name: "exposure",
        tenths,
        max_tenths: 150,
        reason,
    }
}

fn answer(name: &'static str, answer: Answer, [yes, unknown]: [u32; 2], what: &str) -> Part {
    let (tenths, reason) = match answer {
        Answer::Yes => (yes, what.to_owned()),
        Answer::No => (0, format!("not so: {what}")),
        Answer::Unknown => (unknown, format!("not known whether {what}")),
    };
    Part {
        name,
        tenths,
        max_tenths: yes,
        reason,
    }
}

fn running(place: &PlaceFacts) -> Part {
    let (tenths, reason) = match place.running_containers {
        None => (
            10,
            "number of running containers is not known or does not apply".to_owned(),
        ),
        Some(0) => (0, "no container runs it".to_owned()),
        Some(1) => (10, "one container runs it".to_owned()),
        Some(count @ 2..=9) => (20, format!("{count} containers run it")),
        Some(count) => (30, format!("{count} containers run it")),
    };
    Part {
        name: "running",
        tenths,
        max_tenths: 30,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tenths(points: f32) -> f64 {
        (f64::from(points) * 10.0).round()
    }

    #[test]
    fn the_parts_can_give_exactly_one_hundred() {
        let vulnerability = VulnerabilityFacts {
            severity: Severity::Critical,
            cvss_score: Some(10.0),
            known_exploited: true,
            ransomware: true,
            epss: Some(1.0),
            exploitation: Some("active".to_owned()),
            ..VulnerabilityFacts::default()
        };
        let place = PlaceFacts {
            exposure: Exposure::Declared,
            root: Answer::Yes,
            privileged: Answer::Yes,
            runtime_socket: Answer::Yes,
            running_containers: Some(10),
            ..PlaceFacts::default()
        };
        let worst = score(&vulnerability, true, &place);
        assert_eq!(worst.value, MAX_POINTS);
        assert!(worst.parts.iter().all(|part| part.points == part.max));
    }

    #[test]
    fn a_score_worked_out_by_hand() {
        // CVSS 9.8: 29.4; KEV 18; EPSS 0.5: 4; poc 3; fix 5; published 9; root 5; not privileged 0; socket unknown 1;
        // three containers 2.
        let vulnerability = VulnerabilityFacts {
            severity: Severity::Critical,
            cvss_score: Some(9.8),
            known_exploited: true,
            epss: Some(0.5),
            exploitation: Some("poc".to_owned()),
            ..VulnerabilityFacts::default()
        };
        let place = PlaceFacts {
            exposure: Exposure::Published,
            root: Answer::Yes,
            privileged: Answer::No,
            running_containers: Some(3),
            ..PlaceFacts::default()
        };
        let points: Vec<f32> = score(&vulnerability, true, &place)
            .parts
            .iter()
            .map(|part| part.points)
            .collect();
        assert_eq!(points, [29.4, 18.0, 4.0, 3.0, 5.0, 9.0, 5.0, 0.0, 1.0, 2.0]);
        assert_eq!(score(&vulnerability, true, &place).value, 76.4);
    }

    #[test]
    fn unknown_exposure_is_neither_none_nor_the_worst() {
        let at = |exposure| {
            let place = PlaceFacts {
                exposure,
                ..PlaceFacts::default()
            };
            score(&VulnerabilityFacts::default(), false, &place).value
        };
        assert!(at(Exposure::None) < at(Exposure::Unknown));
        assert!(at(Exposure::Unknown) < at(Exposure::Published));
    }

    fn vulnerabilities() -> impl Strategy<Value = VulnerabilityFacts> {
        (
            proptest::option::of(0.0f32..=10.0),
            any::<bool>(),
            any::<bool>(),
            proptest::option::of(0.0f32..=1.0),
            proptest::option::of(prop_oneof!["none", "poc", "active"]),
        )
            .prop_map(
                |(cvss_score, known_exploited, ransomware, epss, exploitation)| {
                    VulnerabilityFacts {
                        cvss_score,
                        known_exploited,
                        ransomware,
                        epss,
                        exploitation,
                        ..VulnerabilityFacts::default()
                    }
                },
            )
    }

    fn answers() -> impl Strategy<Value = Answer> {
        prop_oneof![Just(Answer::Yes), Just(Answer::No), Just(Answer::Unknown)]
    }

    fn places() -> impl Strategy<Value = PlaceFacts> {
        let exposures = prop_oneof![
            Just(Exposure::None),
            Just(Exposure::Internal),
            Just(Exposure::Unknown),
            Just(Exposure::Published),
            Just(Exposure::PublicAddress),
            Just(Exposure::Declared),
        ];
        (
            exposures,
            answers(),
            answers(),
            answers(),
            proptest::option::of(0u32..40),
        )
            .prop_map(
                |(exposure, root, privileged, runtime_socket, running_containers)| PlaceFacts {
                    exposure,
                    root,
                    privileged,
                    runtime_socket,
                    running_containers,
                    exposure_reason: None,
                },
            )
    }

    proptest! {
        #[test]
        fn parts_add_up_and_stay_within_bounds(v in vulnerabilities(), p in places(), fix: bool) {
            let score = score(&v, fix, &p);
            let sum: f64 = score.parts.iter().map(|part| tenths(part.points)).sum();
            prop_assert_eq!(sum, tenths(score.value));
            let halves = vulnerability_tenths(&v, fix) + place_tenths(&p);
            prop_assert_eq!(f64::from(halves), tenths(score.value));
            prop_assert!((0.0..=MAX_POINTS).contains(&score.value));
            prop_assert!(score.parts.iter().all(|part| part.points <= part.max));
        }

        #[test]
        fn a_worse_fact_never_lowers_the_score(v in vulnerabilities(), p in places(), more in 0.0f32..1.0) {
            let before = score(&v, false, &p).value;
            let mut worse = v.clone();
            worse.known_exploited = true;
            prop_assert!(score(&worse, false, &p).value >= before);
            worse.ransomware = true;
            prop_assert!(score(&worse, true, &p).value >= before);
            let mut likelier = v.clone();
            likelier.epss = Some((v.epss.unwrap_or(0.0) + more).min(1.0));
            likelier.cvss_score = v.cvss_score.map(|cvss| (cvss + more).min(10.0));
            prop_assert!(score(&likelier, false, &p).value >= before);
            let exposed = PlaceFacts {
                exposure: Exposure::Declared,
                root: Answer::Yes,
                privileged: Answer::Yes,
                runtime_socket: Answer::Yes,
                running_containers: p.running_containers.map(|count| count + 1),
                exposure_reason: None,
            };
            prop_assert!(score(&v, false, &exposed).value >= before);
        }

        #[test]
        fn hostile_numbers_stay_within_bounds(cvss: f32, epss: f32, count: u32) {
            let v = VulnerabilityFacts { cvss_score: Some(cvss), epss: Some(epss), ..VulnerabilityFacts::default() };
            let p = PlaceFacts { running_containers: Some(count), ..PlaceFacts::default() };
            prop_assert!((0.0..=MAX_POINTS).contains(&score(&v, false, &p).value));
        }
    }
}
