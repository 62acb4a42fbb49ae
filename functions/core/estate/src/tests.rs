//! The index as a tenant would ask it.

use proptest::prelude::*;
use schemas::{
    Place, PlaceKind, Severity,
    inventory::CoverageStatus,
    risk::{Answer, Exposure, PlaceFacts, VulnerabilityFacts},
};

use schemas::collection::CollectionParts;
use scope::{Collection, Scope};

use super::*;

pub(crate) fn finding(id: &str, severity: Severity, cvss: f32, fix: bool) -> PlaceFinding {
    PlaceFinding {
        vulnerability: id.parse().unwrap(),
        severity,
        cvss_score: Some(cvss),
        fix_available: fix,
        excepted: false,
        facts: VulnerabilityFacts::default(),
    }
}

pub(crate) fn image(n: u8) -> Place {
    Place::Image(schemas::Digest::from_sha256(&[n; 32]))
}

pub(crate) fn delta(
    place: Place,
    sequence: u64,
    exposure: Exposure,
    findings: Vec<PlaceFinding>,
) -> PlaceDelta {
    PlaceDelta {
        name: place.to_string(),
        place,
        sequence,
        removed: false,
        coverage: CoverageStatus::Complete,
        packages: 3,
        cannot_judge: 1,
        facts: PlaceFacts {
            exposure,
            exposure_reason: Some("seen".to_owned()),
            root: Answer::Yes,
            running_containers: Some(2),
            ..PlaceFacts::default()
        },
        findings,
        os: String::new(),
        resource: Resource::new(),
        at_h: 0,
    }
}

fn estate() -> EstateIndex {
    let mut index = EstateIndex::new();
    let host: Place = "host/db-1".parse().unwrap();
    index.apply(&delta(
        host,
        1,
        Exposure::Internal,
        vec![
            finding("CVE-2024-1", Severity::High, 8.0, true),
            finding("CVE-2024-2", Severity::Low, 2.0, false),
        ],
    ));
    index.apply(&delta(
        image(1),
        1,
        Exposure::Published,
        vec![finding("CVE-2024-1", Severity::Critical, 9.8, false)],
    ));
    index
}

#[test]
fn a_vulnerability_ranks_by_its_worst_place() {
    let page = estate().page(&Filter::default(), None, 10);
    assert_eq!((page.total, page.next), (2, None));
    let first = &page.rows[0];
    assert_eq!(first.id.as_str(), "CVE-2024-1");
    assert_eq!(
        (first.hosts, first.images, first.running_containers),
        (1, 1, 2)
    );
    assert_eq!(first.severity, Severity::Critical);
    assert!(first.fix_available);
    assert_eq!(first.top_place.0, image(1));
    let affected = estate().affected(&first.id);
    assert_eq!(affected[0].score_tenths, first.score_tenths);
    let by_hand = risk::score(&affected[0].vulnerability, false, &affected[0].facts);
    assert_eq!(f32::from(first.score_tenths) / 10.0, by_hand.value);
}

#[test]
fn filters_count_only_what_they_want() {
    let hosts = Filter {
        place_kind: Some(PlaceKind::Host),
        ..Filter::default()
    };
    let rows = estate().ranked(&hosts);
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].images, rows[0].severity), (0, Severity::High));
    let searched = Filter {
        search: Some("cve-2024-2".to_owned()),
        ..Filter::default()
    };
    assert_eq!(estate().ranked(&searched).len(), 1);
    let exploited = Filter {
        known_exploited: Some(true),
        ..Filter::default()
    };
    assert!(estate().ranked(&exploited).is_empty());
    let severe = Filter {
        severities: vec![Severity::Low],
        ..Filter::default()
    };
    assert_eq!(estate().ranked(&severe)[0].id.as_str(), "CVE-2024-2");
}

#[test]
fn pages_follow_each_other_without_gaps() {
    let mut index = EstateIndex::new();
    let findings = (0..25)
        .map(|n| finding(&format!("CVE-2020-{n}"), Severity::High, 7.5, false))
        .collect();
    index.apply(&delta(image(1), 1, Exposure::None, findings));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = index.page(&Filter::default(), after.as_ref(), 10);
        seen.extend(page.rows.into_iter().map(|row| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let all: Vec<_> = index
        .ranked(&Filter::default())
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(seen, all);
    assert_eq!(seen.len(), 25);
}

#[test]
fn older_and_repeated_states_change_nothing_and_a_removed_place_stays_away() {
    let mut index = estate();
    let before = index.clone();
    assert!(!index.apply(&delta(image(1), 1, Exposure::None, vec![])));
    assert!(!index.apply(&delta(image(1), 0, Exposure::None, vec![])));
    assert_eq!(index, before);
    assert!(index.apply(&PlaceDelta::removal(image(1), 5)));
    assert!(!index.apply(&delta(image(1), 4, Exposure::Published, vec![])));
    assert!(index.summaries(Some(&image(1))).is_empty());
    assert_eq!(index.summaries(None).len(), 1);
}

#[test]
fn a_daily_feed_changes_scores_and_touches_no_finding() {
    let mut index = estate();
    let before = index.ranked(&Filter::default())[0].score_tenths;
    let changed = index.refresh(&|id| {
        (id.as_str() == "CVE-2024-1").then(|| VulnerabilityFacts {
            known_exploited: true,
            exploited_sources: vec!["cisa-kev".to_owned()],
            epss: Some(0.5),
            ..VulnerabilityFacts::default()
        })
    });
    assert_eq!(changed, 1);
    let first = &index.ranked(&Filter::default())[0];
    assert_eq!(first.score_tenths, before + 180 + 40);
    assert_eq!(EstateIndex::decode(&index.encode()).unwrap(), index);
}

#[test]
fn a_place_is_summed_up() {
    let summary = estate()
        .summaries(Some(&"host/db-1".parse().unwrap()))
        .remove(0);
    assert_eq!(
        (
            summary.counts.total,
            summary.counts.high,
            summary.counts.low
        ),
        (2, 1, 1)
    );
    assert_eq!(
        (
            summary.counts.fixable,
            summary.cannot_judge,
            summary.packages
        ),
        (1, 1, 3)
    );
    assert_eq!(
        summary.top_score_tenths,
        estate().affected(&"CVE-2024-1".parse().unwrap())[1].score_tenths
    );
}

fn of_hosts(pattern: &str) -> Scope {
    let parts = CollectionParts {
        hosts: vec![pattern.to_owned()],
        ..CollectionParts::default()
    };
    Scope::union([Collection::read(&parts).unwrap()])
}

/// Two hosts and an image that both run; each host has a vulnerability of its own beside the one that all have.
fn shared() -> EstateIndex {
    let mut index = EstateIndex::new();
    let both = || finding("CVE-2024-1", Severity::High, 7.0, false);
    let place = |name: &str, own: &str| PlaceDelta {
        os: "Debian GNU/Linux 12".to_owned(),
        resource: Resource::new().host(name),
        ..delta(
            format!("host/{name}").parse().unwrap(),
            1,
            Exposure::None,
            vec![both(), finding(own, Severity::Low, 2.0, false)],
        )
    };
    index.apply(&place("web-1", "CVE-2024-11"));
    index.apply(&place("db-1", "CVE-2024-12"));
    index.apply(&PlaceDelta {
        name: "shop:1".to_owned(),
        resource: Resource::new().image("team/shop:1").host("web-1"),
        ..delta(image(1), 1, Exposure::None, vec![both()])
    });
    index
}

#[test]
fn what_is_outside_a_scope_is_neither_answered_nor_counted() {
    let index = shared();
    let web = index.within(&of_hosts("web-*"));
    let db = index.within(&of_hosts("db-*"));
    let ids = |within: &Within| -> Vec<String> {
        let rows = index.seen(within).ranked(&Filter::default());
        rows.into_iter().map(|row| row.id.to_string()).collect()
    };
    assert_eq!(ids(&web), ["CVE-2024-1", "CVE-2024-11"]);
    assert_eq!(ids(&db), ["CVE-2024-1", "CVE-2024-12"]);
    let page = index
        .seen(&web)
        .page(&Filter::default(), Order::Score, None, 1);
    assert_eq!(
        (page.total, page.rows[0].hosts, page.rows[0].images),
        (2, 1, 1)
    );
    let page = index
        .seen(&db)
        .page(&Filter::default(), Order::Score, None, 1);
    assert_eq!(
        (page.total, page.rows[0].hosts, page.rows[0].images),
        (2, 1, 0)
    );
    assert_eq!(page.rows[0].running_containers, 0);
    assert!(
        index
            .seen(&db)
            .affected(&"CVE-2024-11".parse().unwrap())
            .is_empty()
    );
    assert!(index.seen(&db).summaries(Some(&image(1))).is_empty());
    assert!(index.seen(&web).has(&image(1)));
    let hosts = index
        .seen(&db)
        .ranked_places(PlaceKind::Host, &PlaceFilter::default());
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0].os, "Debian GNU/Linux 12");
    let nothing = index.within(&Scope::union([]));
    assert!(index.seen(&nothing).summaries(None).is_empty());
    let all = index.within(&Scope::everything());
    assert_eq!(index.seen(&all).summaries(None), index.summaries(None));
}

#[test]
fn places_are_found_by_their_names_and_systems() {
    let index = shared();
    let found = |kind: PlaceKind, search: Option<&str>, os: Option<&str>| {
        let filter = PlaceFilter {
            search: search.map(str::to_owned),
            os: os.map(str::to_owned),
            ..PlaceFilter::default()
        };
        index.whole().ranked_places(kind, &filter).len()
    };
    assert_eq!(found(PlaceKind::Host, Some("WEB"), None), 1);
    assert_eq!(found(PlaceKind::Host, None, Some("debian")), 2);
    assert_eq!(found(PlaceKind::Host, Some("web"), Some("windows")), 0);
    assert_eq!(found(PlaceKind::Image, Some("docker.io/team"), None), 1);
    assert_eq!(found(PlaceKind::Image, Some("web-1"), None), 0);
}

#[test]
fn what_collections_look_at_survives_the_way_through_bytes() {
    let index = shared();
    let read = EstateIndex::decode(&index.encode()).unwrap();
    assert_eq!(read.summaries(None), index.summaries(None));
    for pattern in ["web-*", "db-1", "*", "none"] {
        let scope = of_hosts(pattern);
        assert_eq!(read.within(&scope), index.within(&scope), "{pattern}");
    }
    let delta = PlaceDelta {
        os: "Alpine Linux v3.20".to_owned(),
        resource: Resource::new().image("a:1").label("team", "x").account("1"),
        ..delta(image(3), 1, Exposure::None, Vec::new())
    };
    assert_eq!(PlaceDelta::decode(&delta.encode()), Ok(delta));
}

#[test]
fn a_place_that_an_earlier_version_wrote_is_known_by_its_name() {
    let index = estate();
    let within = index.within(&of_hosts("host/db-*"));
    let seen = index.seen(&within).summaries(None);
    assert_eq!(seen.len(), 1);
    assert!(index.seen(&within).has(&seen[0].place));
}

#[test]
fn what_was_answered_before_a_change_is_not_answered_after_it() {
    let mut index = shared();
    let web = of_hosts("web-*");
    let ask = |index: &EstateIndex| {
        let within = index.within(&web);
        let filter = PlaceFilter {
            search: Some("web".to_owned()),
            ..PlaceFilter::default()
        };
        (
            index.ranked(&Filter::default()),
            index.seen(&within).ranked(&Filter::default()),
            index.affected(&"CVE-2024-1".parse().unwrap()),
            index.ranked_places(PlaceKind::Host),
            index.whole().ranked_places(PlaceKind::Host, &filter),
        )
    };
    let before = ask(&index);
    let copy = index.clone();
    assert!(index.apply(&PlaceDelta {
        resource: Resource::new().host("web-2"),
        ..delta(
            "host/web-2".parse().unwrap(),
            1,
            Exposure::Published,
            vec![finding("CVE-2024-1", Severity::Critical, 9.8, true)],
        )
    }));
    let after = ask(&index);
    assert_eq!(after.0[0].hosts, before.0[0].hosts + 1);
    assert_eq!(after.1[0].hosts, before.1[0].hosts + 1);
    assert_eq!(after.2.len(), before.2.len() + 1);
    assert_eq!(after.3.len(), before.3.len() + 1);
    assert_eq!(after.4.len(), before.4.len() + 1);
    assert_eq!(ask(&copy), before);
    index.refresh(&|_| None);
    let refreshed = index.refresh(&|id| {
        (id.as_str() == "CVE-2024-11").then(|| VulnerabilityFacts {
            known_exploited: true,
            ..VulnerabilityFacts::default()
        })
    });
    assert_eq!(refreshed, 1);
    let exploited = Filter {
        known_exploited: Some(true),
        ..Filter::default()
    };
    assert_eq!(index.ranked(&exploited)[0].id.as_str(), "CVE-2024-11");
}

/// Whether a place is a host, its kind, and its findings: which, and how rated.
type SomePlace = (bool, u8, Vec<(u8, u8)>);

/// An estate of some hosts and images that have some vulnerabilities each, from a few numbers.
fn some_estate(places: &[SomePlace]) -> EstateIndex {
    let mut index = EstateIndex::new();
    for (at, (is_host, kind, findings)) in places.iter().enumerate() {
        let severities = [Severity::Low, Severity::High, Severity::Critical];
        let findings = findings.iter().map(|(id, rated)| PlaceFinding {
            facts: VulnerabilityFacts {
                epss: (id % 3 != 0).then(|| f32::from(id % 7) / 10.0),
                known_exploited: id % 5 == 0,
                ..VulnerabilityFacts::default()
            },
            ..finding(
                &format!("CVE-2024-{}", id % 12),
                severities[usize::from(rated % 3)],
                f32::from(rated % 100) / 10.0,
                rated % 2 == 0,
            )
        });
        let mut once: Vec<PlaceFinding> = findings.collect();
        once.sort_by(|a, b| a.vulnerability.cmp(&b.vulnerability));
        once.dedup_by(|a, b| a.vulnerability == b.vulnerability);
        let name = format!("Team-{}/app-{at}", kind % 4);
        let (place, resource) = if *is_host {
            let place = format!("host/h{at}").parse().unwrap();
            (place, Resource::new().host(&name))
        } else {
            let tag = format!("registry.example.com/ALSO-{}:{at}", kind % 3);
            let place = image(u8::try_from(at).unwrap());
            (place, Resource::new().image(&name).image(&tag))
        };
        let exposures = [Exposure::None, Exposure::Internal, Exposure::Published];
        index.apply(&PlaceDelta {
            name,
            os: ["", "Debian GNU/Linux 12", "Windows Server 2022"][usize::from(kind % 3)]
                .to_owned(),
            resource,
            ..delta(place, 1, exposures[usize::from(kind % 3)], once)
        });
    }
    index
}

/// An index as the first version wrote it; later versions must go on reading it.
const WRITTEN_BY_VERSION_1: &str = concat!(
    "4248454901020a4356452d323032342d310000000000000a4356452d323032342d320000000000000209686f73",
    "742f64622d3109686f73742f64622d3101000003010101047365656e01020203020083500101144d696d616765",
    "2f7368613235363a30313031303130313031303130313031303130313031303130313031303130313031303130",
    "3130313031303130313031303130313031303130313031303130314d696d6167652f7368613235363a30313031",
    "303130313031303130313031303130313031303130313031303130313031303130313031303130313031303130",
    "31303130313031303130313031303101000003010201047365656e010202030100046240f61de572498437",
);

#[test]
fn what_the_first_version_wrote_can_be_read() {
    let bytes: Vec<u8> = (0..WRITTEN_BY_VERSION_1.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&WRITTEN_BY_VERSION_1[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(EstateIndex::decode(&bytes).unwrap(), estate());
}

#[test]
fn later_versions_and_damage_are_told_apart() {
    let mut bytes = estate().encode();
    assert_eq!(EstateIndex::decode(b"nonsense"), Err(EstateError::NotOurs));
    let last = bytes.len() - 12;
    bytes[last] ^= 1;
    assert_eq!(
        EstateIndex::decode(&bytes),
        Err(EstateError::Damaged("wrong checksum"))
    );
    bytes[4] = 9;
    assert_eq!(
        EstateIndex::decode(&bytes),
        Err(EstateError::LaterVersion { found: 9, known: 1 })
    );
    let as_delta = PlaceDelta::decode(&estate().encode());
    assert_eq!(as_delta, Err(EstateError::NotOurs));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_harm(bytes: Vec<u8>) {
        let _ = EstateIndex::decode(&bytes);
        let mut dressed = b"BHED\x01".to_vec();
        dressed.extend_from_slice(&bytes);
        let _ = PlaceDelta::decode(&dressed);
    }

    #[test]
    fn a_delta_survives_the_way_through_bytes(sequence: u64, cvss in 0u8..=100, epss: Option<f32>, fix: bool) {
        prop_assume!(epss.is_none_or(|epss| !epss.is_nan()));
        let mut one = finding("CVE-2024-3", Severity::Unknown, f32::from(cvss) / 10.0, fix);
        one.facts.epss = epss;
        one.facts.exploitation = Some("poc".to_owned());
        let delta = delta(image(7), sequence, Exposure::Declared, vec![one]);
        prop_assert_eq!(PlaceDelta::decode(&delta.encode()), Ok(delta));
    }

    #[test]
    fn the_order_in_which_states_arrive_does_not_matter(order in Just((0..6u64).collect::<Vec<_>>()).prop_shuffle()) {
        let state = |n: u64| delta(image(1), n, Exposure::None, vec![finding(&format!("CVE-2024-{n}"), Severity::Low, 1.0, false)]);
        let mut index = EstateIndex::new();
        for n in order {
            index.apply(&state(n));
        }
        let ids: Vec<_> = index.ranked(&Filter::default()).into_iter().map(|row| row.id.to_string()).collect();
        prop_assert_eq!(ids, vec!["CVE-2024-5".to_owned()]);
    }

    #[test]
    fn pages_in_any_order_are_the_list_cut_in_pieces(
        places in prop::collection::vec((any::<bool>(), any::<u8>(), prop::collection::vec(any::<(u8, u8)>(), 0..9)), 0..14),
        limit in 1usize..6,
        seen in 0u8..4,
        severe: bool,
        search in prop::option::of("(cve-2024-1|4|x)"),
    ) {
        let index = some_estate(&places);
        let parts = CollectionParts {
            hosts: vec![format!("team-{seen}/*")],
            images: vec![format!("team-{seen}/*"), format!("*also-{seen}*")],
            ..CollectionParts::default()
        };
        let within = index.within(&Scope::union([Collection::read(&parts).unwrap()]));
        for view in [index.whole(), index.seen(&within)] {
            let filter = Filter {
                severities: if severe { vec![Severity::Critical, Severity::High] } else { Vec::new() },
                search: search.clone(),
                ..Filter::default()
            };
            let everything = view.ranked(&Filter::default());
            for order in [Order::Score, Order::Epss, Order::Places, Order::Id] {
                let key = |row: &RankedVulnerability| match order {
                    Order::Score => u32::from(row.score_tenths),
                    Order::Epss => row.facts.epss.map_or(0, f32::to_bits),
                    Order::Places => row.hosts + row.images,
                    Order::Id => 0,
                };
                let mut wanted = everything.clone();
                wanted.retain(|row| {
                    (filter.severities.is_empty() || filter.severities.contains(&row.severity))
                        && search.as_ref().is_none_or(|text| row.id.as_str().to_lowercase().contains(text))
                });
                wanted.sort_by(|a, b| key(b).cmp(&key(a)).then_with(|| a.id.cmp(&b.id)));
                let (mut rows, mut after) = (Vec::new(), None);
                loop {
                    let page = view.page(&filter, order, after.as_ref(), limit);
                    prop_assert_eq!(page.total, wanted.len());
                    prop_assert!(page.rows.len() <= limit);
                    rows.extend(page.rows);
                    match page.next {
                        Some(next) => after = Some(next),
                        None => break,
                    }
                }
                prop_assert_eq!(&rows, &wanted);
            }
            // What each place says of itself adds up to what is said of the vulnerability.
            for row in &everything {
                let affected = view.affected(&row.id);
                prop_assert_eq!(affected[0].score_tenths, row.score_tenths);
                prop_assert_eq!(&affected[0].place, &row.top_place.0);
                let hosts = affected.iter().filter(|one| one.place.kind() == PlaceKind::Host).count();
                prop_assert_eq!((hosts, affected.len() - hosts), (row.hosts as usize, row.images as usize));
                let (mut rows, mut after) = (Vec::new(), None);
                loop {
                    let page = view.affected_page(&row.id, after.as_ref(), limit).unwrap();
                    prop_assert_eq!(page.total, affected.len());
                    rows.extend(page.rows);
                    if !page.more {
                        break;
                    }
                    after = rows.last().map(|last| last.place.clone());
                }
                prop_assert_eq!(&rows, &affected);
            }
        }
    }

    #[test]
    fn pages_of_places_are_what_each_place_says_in_order(
        places in prop::collection::vec((any::<bool>(), any::<u8>(), prop::collection::vec(any::<(u8, u8)>(), 0..4)), 0..14),
        limit in 1usize..6,
        seen in prop::option::of(0u8..4),
        search in prop::option::of("(TEAM-1|also-2|app|-1|:|Z)"),
        os in prop::option::of("(debian|WIN|x)"),
    ) {
        let index = some_estate(&places);
        let pattern = seen.map_or("*".to_owned(), |seen| format!("team-{seen}/*"));
        let parts = CollectionParts {
            hosts: vec![pattern.clone()],
            images: vec![pattern],
            ..CollectionParts::default()
        };
        let within = index.within(&Scope::union([Collection::read(&parts).unwrap()]));
        let filter = PlaceFilter {
                search: search.clone(),
                os: os.clone(),
                ..PlaceFilter::default()
            };
        let has = |text: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(&wanted.to_lowercase()))
        };
        for view in [index.whole(), index.seen(&within)] {
            for kind in [PlaceKind::Host, PlaceKind::Image] {
                let mut wanted = view.summaries(None);
                wanted.retain(|row| {
                    let at = row.name.rsplit('-').next().unwrap();
                    let number: usize = at.parse().unwrap();
                    let tag = format!("registry.example.com/ALSO-{}:{at}", places[number].1 % 3);
                    let is_named = has(&row.name, &search) || kind == PlaceKind::Image && has(&tag, &search);
                    row.place.kind() == kind && is_named && (os.is_none() || !row.os.is_empty() && has(&row.os, &os))
                });
                for order in [PlaceOrder::Score, PlaceOrder::Name] {
                    wanted.sort_by(|a, b| match order {
                        PlaceOrder::Score => (b.top_score_tenths, &a.place).cmp(&(a.top_score_tenths, &b.place)),
                        PlaceOrder::Name => (&a.name, &a.place).cmp(&(&b.name, &b.place)),
                    });
                    let (mut rows, mut after) = (Vec::<PlaceSummary>::new(), None);
                    loop {
                        let page = view.places_page(kind, &filter, order, after.as_ref(), limit);
                        prop_assert_eq!(page.total, wanted.len());
                        rows.extend(page.rows);
                        if !page.more {
                            break;
                        }
                        after = rows.last().map(|last| PlacePosition {
                            score_tenths: last.top_score_tenths,
                            name: last.name.clone(),
                            place: last.place.clone(),
                        });
                    }
                    prop_assert_eq!(&rows, &wanted);
                }
            }
        }
    }
}
