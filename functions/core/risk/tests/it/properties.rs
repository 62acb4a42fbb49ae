//! What holds of every score, whatever the facts.

use proptest::prelude::*;
use risk::{MAX_POINTS, asked, deadline, due, intel_tenths, place_tenths, rating_tenths, score};
use schemas::{
    Severity, Timestamp,
    risk::{Answer, Exposure, PlaceFacts, VulnerabilityFacts},
};

/// From the best to the worst; unknown is between.
const EXPOSURES: [Exposure; 7] = [
    Exposure::None,
    Exposure::Internal,
    Exposure::Unknown,
    Exposure::Published,
    Exposure::PublicAddress,
    Exposure::Declared,
    Exposure::Observed,
];
const ANSWERS: [Answer; 3] = [Answer::No, Answer::Unknown, Answer::Yes];
const SEVERITIES: [Severity; 5] = [
    Severity::Low,
    Severity::Medium,
    Severity::Unknown,
    Severity::High,
    Severity::Critical,
];
/// From the best to the worst; `None` is that nobody said.
const EXPLOITATIONS: [Option<&str>; 4] = [None, Some("none"), Some("poc"), Some("active")];
const IMPACTS: [Option<&str>; 3] = [Some("partial"), None, Some("total")];

fn of<T: Copy + std::fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(|at| all[at])
}

fn vulnerabilities() -> impl Strategy<Value = VulnerabilityFacts> {
    let first = (
        of(&SEVERITIES),
        proptest::option::of(0.0f32..=10.0),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(0.0f32..=1.0),
    );
    let then = (
        of(&EXPLOITATIONS),
        of(&[None, Some("yes"), Some("no")]),
        of(&IMPACTS),
        0u32..3,
    );
    (first, then).prop_map(|(first, then)| {
        let (severity, cvss_score, known_exploited, is_in_kev, ransomware, epss) = first;
        let (exploitation, automatable, technical_impact, public_exploits) = then;
        VulnerabilityFacts {
            severity,
            cvss_score,
            known_exploited,
            exploited_sources: match (known_exploited, is_in_kev) {
                (true, true) => vec!["cisa-kev".to_owned(), "msrc".to_owned()],
                (true, false) => vec!["msrc".to_owned()],
                (false, _) => Vec::new(),
            },
            ransomware,
            epss,
            exploitation: exploitation.map(str::to_owned),
            automatable: automatable.map(str::to_owned),
            technical_impact: technical_impact.map(str::to_owned),
            public_exploits,
            ..VulnerabilityFacts::default()
        }
    })
}

fn places() -> impl Strategy<Value = PlaceFacts> {
    (
        of(&EXPOSURES),
        proptest::collection::vec(of(&ANSWERS), 8),
        proptest::option::of(0u32..40),
        any::<bool>(),
    )
        .prop_map(
            |(exposure, answers, running_containers, is_critical)| PlaceFacts {
                exposure,
                root: answers[0],
                privileged: answers[1],
                capabilities: answers[2],
                no_security_profile: answers[3],
                host_namespaces: answers[4],
                host_mounts: answers[5],
                runtime_socket: answers[6],
                package_in_use: answers[7],
                running_containers,
                critical_label: is_critical.then(|| "env=production".to_owned()),
                ..PlaceFacts::default()
            },
        )
}

/// Everything that makes a vulnerability in a place worse by one fact alone.
fn worsened(
    v: &VulnerabilityFacts,
    fix: bool,
    p: &PlaceFacts,
) -> Vec<(&'static str, VulnerabilityFacts, bool, PlaceFacts)> {
    let mut all = Vec::new();
    let mut vulnerability = |name, change: &dyn Fn(&mut VulnerabilityFacts)| {
        let mut worse = v.clone();
        change(&mut worse);
        all.push((name, worse, fix, p.clone()));
    };
    vulnerability("known_exploited", &|v| v.known_exploited = true);
    vulnerability("ransomware", &|v| v.ransomware = true);
    vulnerability("public_exploits", &|v| v.public_exploits += 1);
    for more in [0.001, 0.1, 1.0] {
        vulnerability("epss", &|v| {
            v.epss = Some((v.epss.unwrap_or(0.0) + more).min(1.0));
        });
        if v.cvss_score.is_some() {
            vulnerability("cvss_score", &|v| {
                v.cvss_score = v.cvss_score.map(|score| (score + more).min(10.0));
            });
        }
    }
    let after = |all: &[Option<&'static str>], now: Option<&str>| -> Vec<Option<&'static str>> {
        let at = all.iter().position(|word| *word == now).unwrap();
        all[at..].to_vec()
    };
    for word in after(&EXPLOITATIONS, v.exploitation.as_deref()) {
        vulnerability("exploitation", &|v| {
            v.exploitation = word.map(str::to_owned)
        });
    }
    for word in after(&IMPACTS, v.technical_impact.as_deref()) {
        vulnerability("technical_impact", &|v| {
            v.technical_impact = word.map(str::to_owned);
        });
    }
    let at = SEVERITIES
        .iter()
        .position(|one| *one == v.severity)
        .unwrap();
    for severity in &SEVERITIES[at..] {
        vulnerability("severity", &|v| v.severity = *severity);
    }
    let mut place = |name, change: &dyn Fn(&mut PlaceFacts)| {
        let mut worse = p.clone();
        change(&mut worse);
        all.push((name, v.clone(), fix, worse));
    };
    let at = EXPOSURES.iter().position(|one| *one == p.exposure).unwrap();
    for exposure in &EXPOSURES[at..] {
        place("exposure", &|p| p.exposure = *exposure);
    }
    type Field = fn(&mut PlaceFacts) -> &mut Answer;
    let answers: [(&'static str, Field); 8] = [
        ("root", |p| &mut p.root),
        ("privileged", |p| &mut p.privileged),
        ("capabilities", |p| &mut p.capabilities),
        ("no_security_profile", |p| &mut p.no_security_profile),
        ("host_namespaces", |p| &mut p.host_namespaces),
        ("host_mounts", |p| &mut p.host_mounts),
        ("runtime_socket", |p| &mut p.runtime_socket),
        ("package_in_use", |p| &mut p.package_in_use),
    ];
    for (name, field) in answers {
        let now = *field(&mut p.clone());
        let at = ANSWERS.iter().position(|one| *one == now).unwrap();
        for answer in &ANSWERS[at..] {
            place(name, &|p| *field(p) = *answer);
        }
    }
    if let Some(count) = p.running_containers {
        place("running_containers", &|p| {
            p.running_containers = Some(count + 1);
        });
    }
    place("critical_label", &|p| {
        p.critical_label = Some("a=b".to_owned())
    });
    all.push(("fix", v.clone(), true, p.clone()));
    all
}

/// Points in whole tenths.
fn tenths(points: f32) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    let tenths = (f64::from(points) * 10.0).round() as u64;
    tenths
}

proptest! {
    #[test]
    fn parts_add_up_and_stay_within_bounds(v in vulnerabilities(), p in places(), fix: bool) {
        let score = score(&v, fix, &p);
        let sum: u64 = score.parts.iter().map(|part| tenths(part.points)).sum();
        prop_assert_eq!(sum, tenths(score.value));
        let pieces = rating_tenths(v.severity, v.cvss_score, fix) + intel_tenths(&v) + place_tenths(&p);
        prop_assert_eq!(u64::from(pieces), tenths(score.value));
        prop_assert!((0.0..=MAX_POINTS).contains(&score.value));
        prop_assert!(score.parts.iter().all(|part| (0.0..=part.max).contains(&part.points)));
    }

    #[test]
    fn a_fact_made_worse_alone_never_lowers_the_score(v in vulnerabilities(), p in places(), fix: bool) {
        let before = score(&v, fix, &p).value;
        for (name, v, fix, p) in worsened(&v, fix, &p) {
            prop_assert!(score(&v, fix, &p).value >= before, "{}", name);
        }
    }

    #[test]
    fn hostile_numbers_stay_within_bounds(cvss: f32, epss: f32, count: u32, exploits: u32) {
        let v = VulnerabilityFacts {
            cvss_score: Some(cvss),
            epss: Some(epss),
            public_exploits: exploits,
            ..VulnerabilityFacts::default()
        };
        let p = PlaceFacts { running_containers: Some(count), ..PlaceFacts::default() };
        let score = score(&v, true, &p);
        prop_assert!((0.0..=MAX_POINTS).contains(&score.value));
        let sum: u64 = score.parts.iter().map(|part| tenths(part.points)).sum();
        prop_assert_eq!(sum, tenths(score.value));
    }

    #[test]
    fn a_fact_made_worse_alone_never_gives_more_days(v in vulnerabilities(), p in places(), found in 0i64..4_000_000_000_000) {
        let now = Timestamp::from_ms(2_000_000_000_000);
        let found = Some(Timestamp::from_ms(found));
        let days = |v: &VulnerabilityFacts, p: &PlaceFacts| {
            deadline(v, p, found, now).days.unwrap_or(u16::MAX)
        };
        let before = days(&v, &p);
        for (name, v, _, p) in worsened(&v, false, &p) {
            // To be exploited by ransomware or by a vendor's word is not to be in the catalogue.
            prop_assert!(days(&v, &p) <= before, "{}", name);
        }
        let whole = deadline(&v, &p, found, now);
        prop_assert_eq!(due(&v, p.exposure, found), whole.due);
        prop_assert_eq!(whole.due.is_some(), whole.days.is_some());
        prop_assert_eq!(whole.facts.len(), 4);
    }

    #[test]
    fn what_is_not_known_gives_the_earliest_of_what_it_may_be(v in vulnerabilities(), p in places()) {
        let now = Timestamp::from_ms(0);
        let found = deadline(&v, &p, None, now);
        let unknown = found.facts.iter().filter(|fact| fact.answer == Answer::Unknown).count();
        if unknown == 0 {
            let yes: Vec<bool> = found.facts.iter().map(|fact| fact.answer == Answer::Yes).collect();
            let asked = asked(yes[0], yes[1], yes[2], yes[3]);
            prop_assert_eq!((asked.days, asked.forensics), (found.days, found.forensics));
            prop_assert!(!found.is_earliest);
        }
        prop_assert!(!found.is_earliest || found.reason.contains("not known"));
    }
}
