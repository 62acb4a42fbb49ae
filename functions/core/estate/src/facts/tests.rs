//! Facts on their way through bytes, and labels that make places critical.

use schemas::{
    Place, Severity,
    inventory::CoverageStatus,
    risk::{Answer, Exposure, Factor, FactorSet, PlaceFacts, VulnerabilityFacts},
};
use scope::Resource;

use crate::{EstateIndex, Filter, PlaceDelta, PlaceFinding, Replaced};

fn facts() -> PlaceFacts {
    PlaceFacts {
        exposure: Exposure::Observed,
        exposure_reason: Some("seen".to_owned()),
        root: Answer::Yes,
        privileged: Answer::No,
        runtime_socket: Answer::Unknown,
        capabilities: Answer::Yes,
        no_security_profile: Answer::No,
        host_namespaces: Answer::Unknown,
        host_mounts: Answer::Yes,
        running_containers: Some(3),
        listening: Answer::No,
        package_in_use: Answer::Yes,
        own_kernel: Answer::No,
        critical_label: None,
    }
}

fn known() -> VulnerabilityFacts {
    VulnerabilityFacts {
        known_exploited: true,
        exploited_sources: vec!["cisa-kev".to_owned()],
        public_exploits: 7,
        known_exploited_since: Some("2024-08-13T00:00:00Z".parse().unwrap()),
        factors: [Factor::AttackVectorNetwork, Factor::RemoteExecution]
            .into_iter()
            .collect(),
        ..VulnerabilityFacts::default()
    }
}

fn state(place: &str, sequence: u64, labels: &[(&str, &str)]) -> PlaceDelta {
    let named = Resource::new().host(place);
    let resource = labels
        .iter()
        .fold(named, |all, (key, value)| all.label(key, value));
    PlaceDelta {
        place: format!("host/{place}").parse().unwrap(),
        name: place.to_owned(),
        sequence,
        removed: false,
        coverage: CoverageStatus::Complete,
        packages: 1,
        cannot_judge: 0,
        facts: facts(),
        findings: vec![PlaceFinding {
            vulnerability: "CVE-2024-38063".parse().unwrap(),
            severity: Severity::High,
            cvss_score: Some(8.1),
            fix_available: true,
            excepted: false,
            facts: known(),
        }],
        os: "Windows Server 2019".to_owned(),
        resource,
        at_h: 0,
        replaced: Replaced::default(),
    }
}

fn label_of(index: &EstateIndex, place: &str) -> Option<String> {
    let place: Place = format!("host/{place}").parse().unwrap();
    index.place_facts(&place).unwrap().critical_label.clone()
}

fn estate() -> EstateIndex {
    let mut index = EstateIndex::new();
    // In the order of places, in which texts are numbered when they are read.
    index.apply(&state("lab", 1, &[("env", "test")]));
    index.apply(&state("web", 1, &[("env", "production"), ("rack", "7")]));
    index
}

#[test]
fn every_fact_survives_the_way_through_bytes() {
    let delta = state("web", 1, &[("env", "production")]);
    assert_eq!(PlaceDelta::decode(&delta.encode()), Ok(delta));
    let mut index = estate();
    index.set_critical_labels(&["env=prod*".to_owned()]);
    let read = EstateIndex::decode(&index.encode()).unwrap();
    assert_eq!(read, index);
    let row = &read.ranked(&Filter::default())[0];
    assert_eq!(row.facts, known());
    assert_eq!(label_of(&read, "web").as_deref(), Some("env=production"));
}

#[test]
fn an_earlier_version_reads_what_it_knows_and_a_later_one_passes_over_what_it_does_not() {
    // Cut off where the first form of these bytes ended, with a checksum of its own, it is what an earlier version wrote.
    let index = estate();
    let mut plain = index.clone();
    for row in plain.places.values_mut() {
        let row = std::sync::Arc::make_mut(row);
        let of_first_form = PlaceFacts {
            exposure: Exposure::Declared,
            exposure_reason: row.facts.exposure_reason.clone(),
            root: row.facts.root,
            privileged: row.facts.privileged,
            runtime_socket: row.facts.runtime_socket,
            running_containers: row.facts.running_containers,
            ..PlaceFacts::default()
        };
        row.facts = of_first_form;
    }
    for known in &mut plain.vulnerabilities {
        known.facts.public_exploits = 0;
        known.facts.known_exploited_since = None;
        known.facts.factors = FactorSet::NONE;
    }
    let cut = |bytes: &[u8], section: usize| -> Vec<u8> {
        let content = &bytes[..bytes.len() - 8 - section];
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for byte in content {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        [content, &sum.to_le_bytes()].concat()
    };
    // Number, length, then: no patterns; 7, four or five bytes of seconds, marks; and five bytes for each place.
    let bytes = index.encode();
    let length = (2..64)
        .find(|length| {
            let begin = bytes.len() - 8 - length;
            bytes[begin] == super::FACTS && usize::from(bytes[begin + 1]) == length - 2
        })
        .unwrap();
    let read = EstateIndex::decode(&cut(&bytes, length)).unwrap();
    assert_eq!(read, plain);
}

#[test]
fn labels_make_places_critical_those_too_that_come_later() {
    let mut index = estate();
    let score = |index: &EstateIndex| index.ranked(&Filter::default())[0].score_tenths;
    let before = score(&index);
    assert_eq!(label_of(&index, "web"), None);
    assert!(index.set_critical_labels(&["env=production".to_owned(), "tier".to_owned()]));
    assert!(!index.set_critical_labels(&["env=production".to_owned(), "tier".to_owned()]));
    assert_eq!(label_of(&index, "web").as_deref(), Some("env=production"));
    assert_eq!(label_of(&index, "lab"), None);
    assert_eq!(score(&index), before + 40);
    index.apply(&state("new", 1, &[("tier", "front")]));
    assert_eq!(label_of(&index, "new").as_deref(), Some("tier=front"));
    index.apply(&state("web", 2, &[]));
    assert_eq!(label_of(&index, "web"), None, "its label went away");
    assert!(index.set_critical_labels(&[]));
    assert_eq!(label_of(&index, "new"), None);
    assert_eq!(score(&index), before);
}

#[test]
fn a_list_tells_the_marks_of_the_place_that_its_score_is_of() {
    let mut index = estate();
    index.apply(&PlaceDelta {
        facts: PlaceFacts {
            exposure: Exposure::None,
            ..PlaceFacts::default()
        },
        ..state("lab", 2, &[])
    });
    let row = &index.ranked(&Filter::default())[0];
    assert_eq!(row.top_place.1, "web");
    assert!(row.factors.has(Factor::InternetReachable) && row.factors.has(Factor::RootMount));
    assert!(row.factors.has(Factor::HighSeverity) && row.factors.has(Factor::FixAvailable));
    let due = risk::due(&row.facts, Exposure::Observed, None);
    assert_eq!(row.clocks.due(&row.facts), due);
    let id = "CVE-2024-38063".parse().unwrap();
    let page = index.whole().affected_page(&id, None, 1).unwrap();
    assert_eq!((page.exposure, page.top.1), (Exposure::Observed, true));
    let lab = index.whole().affected_in(&id, &"host/lab".parse().unwrap());
    assert_eq!(lab.unwrap().facts.exposure, Exposure::None);
    let gone = index
        .whole()
        .affected_in(&id, &"host/gone".parse().unwrap());
    assert_eq!(gone, None);
    // A daily feed leaves the marks that findings gave.
    assert_eq!(index.refresh(&|_| None), 1);
    let row = &index.ranked(&Filter::default())[0];
    assert!(row.facts.factors.has(Factor::RemoteExecution));
    assert!(!row.facts.known_exploited);
}
