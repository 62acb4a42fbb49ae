//! The score: ten parts that add up to at most 100.
//!
//! | part | at most | points |
//! |---|---|---|
//! | `severity` | 30 | 3 × CVSS base score; without one by word: critical 28.5, high 24, medium 16.5, low 6, unknown 16.5 |
//! | `known_exploited` | 22 | 18 when listed in CISA KEV or exploited by the vendor's word, 4 more when ransomware uses it |
//! | `epss` | 8 | 8 × EPSS probability |
//! | `exploit` | 5 | SSVC exploitation: active 5, poc or a public exploit 3 |
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
    finding::Finding,
    risk::{Answer, Exposure, PlaceFacts, Score, ScorePart, VulnerabilityFacts},
    severity::SeverityRating,
};

/// The most points that all parts together can give.
pub const MAX_POINTS: f32 = 100.0;

/// Points in tenths, so that the parts add up exactly.
struct Part {
    name: &'static str,
    tenths: u16,
    max_tenths: u16,
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
            ROOT,
            "something in it runs as root or administrator",
        ),
        answer(
            "privileged",
            place.privileged,
            PRIVILEGED,
            "something in it runs privileged",
        ),
        answer(
            "runtime_socket",
            place.runtime_socket,
            RUNTIME_SOCKET,
            "a container runtime's socket is mounted into it",
        ),
        running(place),
    ];
    Score {
        value: from_tenths(parts.iter().map(|part| part.tenths).sum()),
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

/// The rating that a finding's severity was taken from and that its score uses: the first with a CVSS score and that
/// severity, or else the first with a CVSS score.
pub fn rating_used(finding: &Finding) -> Option<&SeverityRating> {
    let scored = || {
        finding
            .ratings
            .iter()
            .filter(|rating| rating.cvss_score.is_some())
    };
    scored()
        .find(|rating| rating.severity == finding.severity)
        .or_else(|| scored().next())
}

/// Whether something can be done about a finding: a fixed version or an update is named.
pub fn fix_available(finding: &Finding) -> bool {
    finding.fixed_version.is_some() || finding.kb.is_some()
}

/// The score of a finding in a place, from what is known of its vulnerability wherever it is; the severity and CVSS score
/// used are the finding's own.
pub fn finding_score(finding: &Finding, known: &VulnerabilityFacts, place: &PlaceFacts) -> Score {
    let used = rating_used(finding);
    let facts = VulnerabilityFacts {
        severity: finding.severity,
        cvss_score: used.and_then(|rating| rating.cvss_score),
        cvss_vector: used.and_then(|rating| rating.cvss_vector.clone()),
        ..known.clone()
    };
    score(&facts, fix_available(finding), place)
}

/// The tenths of a point for severity and fix: what a place's own rating of a vulnerability contributes.
///
/// With [`intel_tenths`] and [`place_tenths`], whose sum with it is the score, a list of millions can be ranked without
/// writing down reasons.
pub fn rating_tenths(severity: Severity, cvss_score: Option<f32>, fix_available: bool) -> u16 {
    severity_tenths(severity, cvss_score) + fix_tenths(fix_available)
}

/// The tenths of a point for exploitation: what is the same wherever the vulnerability is.
pub fn intel_tenths(facts: &VulnerabilityFacts) -> u16 {
    known_exploited_tenths(facts) + epss_tenths(facts.epss) + exploit_tenths(facts)
}

/// The tenths of a point that a place contributes whatever is in it: the last five parts.
pub fn place_tenths(place: &PlaceFacts) -> u16 {
    exposure_tenths(place.exposure)
        + answer_tenths(place.root, ROOT)
        + answer_tenths(place.privileged, PRIVILEGED)
        + answer_tenths(place.runtime_socket, RUNTIME_SOCKET)
        + running_tenths(place.running_containers)
}

/// Points in tenths for yes and for unknown.
type AnswerPoints = [u16; 2];
const ROOT: AnswerPoints = [50, 30];
const PRIVILEGED: AnswerPoints = [40, 20];
const RUNTIME_SOCKET: AnswerPoints = [30, 10];

fn from_tenths(tenths: u16) -> f32 {
    f32::from(tenths) / 10.0
}

/// `most` × a share from 0 to 1, in whole tenths. Not a number counts as nothing.
fn share(most: u16, share: f32) -> u16 {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the product lies between 0 and `most`"
    )]
    let tenths = (f32::from(most) * share).round() as u16;
    tenths.min(most)
}

fn severity_tenths(severity: Severity, cvss_score: Option<f32>) -> u16 {
    match (cvss_score, severity) {
        (Some(cvss), _) => share(300, cvss / 10.0),
        (None, Severity::Critical) => 285,
        (None, Severity::High) => 240,
        (None, Severity::Medium | Severity::Unknown) => 165,
        (None, Severity::Low) => 60,
    }
}

fn severity(facts: &VulnerabilityFacts) -> Part {
    let word = facts.severity.as_str();
    let reason = match facts.cvss_score {
        Some(cvss) => format!("{word} severity, CVSS {cvss:.1}"),
        None => format!("{word} severity, no CVSS score"),
    };
    let tenths = severity_tenths(facts.severity, facts.cvss_score);
    Part {
        name: "severity",
        tenths,
        max_tenths: 300,
        reason,
    }
}

fn known_exploited_tenths(facts: &VulnerabilityFacts) -> u16 {
    match (facts.known_exploited, facts.ransomware) {
        (_, true) => 220,
        (true, false) => 180,
        (false, false) => 0,
    }
}

fn known_exploited(facts: &VulnerabilityFacts) -> Part {
    let reason = match (facts.known_exploited, facts.ransomware) {
        (_, true) => format!("exploited, by ransomware too{}", said_by(facts)),
        (true, false) => format!("exploited in the wild{}", said_by(facts)),
        (false, false) => "not known to be exploited".to_owned(),
    };
    let tenths = known_exploited_tenths(facts);
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

fn epss_tenths(epss: Option<f32>) -> u16 {
    epss.map_or(0, |epss| share(80, epss))
}

fn epss(facts: &VulnerabilityFacts) -> Part {
    let reason = match facts.epss {
        Some(epss) => format!(
            "{:.1} % likely to be exploited within 30 days",
            epss * 100.0
        ),
        None => "EPSS does not rate it".to_owned(),
    };
    Part {
        name: "epss",
        tenths: epss_tenths(facts.epss),
        max_tenths: 80,
        reason,
    }
}

fn exploit_tenths(facts: &VulnerabilityFacts) -> u16 {
    match facts.exploitation.as_deref() {
        Some("active") => 50,
        Some("poc") => 30,
        // What nobody judged, or was judged before it was published.
        _ if facts.public_exploits > 0 => 30,
        _ => 0,
    }
}

fn exploit(facts: &VulnerabilityFacts) -> Part {
    let reason = match facts.exploitation.as_deref() {
        Some("active") => "active exploitation was seen",
        Some("poc") => "a proof of concept is public",
        _ if facts.public_exploits > 0 => "exploits are public",
        Some("none") => "no public exploit was seen",
        _ => "nobody reported on exploits",
    };
    let tenths = exploit_tenths(facts);
    Part {
        name: "exploit",
        tenths,
        max_tenths: 50,
        reason: reason.to_owned(),
    }
}

fn fix_tenths(available: bool) -> u16 {
    if available { 50 } else { 0 }
}

fn fix(available: bool) -> Part {
    let reason = if available {
        "a fix is available"
    } else {
        "no fix is available yet"
    };
    let tenths = fix_tenths(available);
    Part {
        name: "fix",
        tenths,
        max_tenths: 50,
        reason: reason.to_owned(),
    }
}

fn exposure_tenths(exposure: Exposure) -> u16 {
    match exposure {
        Exposure::Declared => 150,
        Exposure::PublicAddress => 130,
        Exposure::Published => 90,
        Exposure::Unknown => 60,
        Exposure::Internal => 40,
        Exposure::None => 0,
    }
}

fn exposure(place: &PlaceFacts) -> Part {
    let word = match place.exposure {
        Exposure::Declared => "declared to be reached from the internet",
        Exposure::PublicAddress => "reachable on a public address",
        Exposure::Published => "published on the host's address",
        Exposure::Unknown => "exposure is not known",
        Exposure::Internal => "reachable from inside only",
        Exposure::None => "not reachable",
    };
    let reason = match &place.exposure_reason {
        Some(why) => format!("{word}: {why}"),
        None => word.to_owned(),
    };
    let tenths = exposure_tenths(place.exposure);
    Part {
        name: "exposure",
        tenths,
        max_tenths: 150,
        reason,
    }
}

fn answer_tenths(answer: Answer, [yes, unknown]: AnswerPoints) -> u16 {
    match answer {
        Answer::Yes => yes,
        Answer::No => 0,
        Answer::Unknown => unknown,
    }
}

fn answer(name: &'static str, answer: Answer, points: AnswerPoints, what: &str) -> Part {
    let reason = match answer {
        Answer::Yes => what.to_owned(),
        Answer::No => format!("not so: {what}"),
        Answer::Unknown => format!("not known whether {what}"),
    };
    let [yes, _] = points;
    Part {
        name,
        tenths: answer_tenths(answer, points),
        max_tenths: yes,
        reason,
    }
}

fn running_tenths(count: Option<u32>) -> u16 {
    match count {
        Some(0) => 0,
        None | Some(1) => 10,
        Some(2..=9) => 20,
        Some(_) => 30,
    }
}

fn running(place: &PlaceFacts) -> Part {
    let count = place.running_containers;
    let reason = match count {
        None => "number of running containers is not known or does not apply".to_owned(),
        Some(0) => "no container runs it".to_owned(),
        Some(1) => "one container runs it".to_owned(),
        Some(count) => format!("{count} containers run it"),
    };
    Part {
        name: "running",
        tenths: running_tenths(count),
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
            let halves = rating_tenths(v.severity, v.cvss_score, fix) + intel_tenths(&v) + place_tenths(&p);
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
