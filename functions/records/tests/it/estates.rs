//! Reading estates of any size: what a list costs, and that no state is missed.

use std::sync::Arc;

use estate::{EstateIndex, Filter, PlaceDelta, PlaceFinding};
use platform::{
    BlobPath, Embedded, ManualClock, Platform, PutOptions,
    meter::{Meter, Port, metered},
};
use records::{
    EstateCache, Estates,
    estate_top::{LARGE_BYTES, Top, TopCache},
};
use schemas::{
    Place, PlaceKind, Severity, TenantId,
    inventory::CoverageStatus,
    risk::{PlaceFacts, VulnerabilityFacts},
};

use crate::{moving::breaking, support::tenant};

/// Numbers without a pattern, so that an index of them compresses badly.
fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn place(number: u64) -> Place {
    let host = number.is_multiple_of(10);
    let id = records::digest(number.to_string().as_bytes());
    if host {
        format!("host/host-{number:06}").parse().unwrap()
    } else {
        Place::Image(id)
    }
}

fn state(number: u64, sequence: u64, findings: u64) -> PlaceDelta {
    let findings = (0..findings).map(|at| {
        let mixed = mix(number * 1_000 + at + sequence * 7);
        let vulnerability = format!("CVE-2026-{:05}", mixed % 2_000);
        PlaceFinding {
            vulnerability: vulnerability.parse().unwrap(),
            severity: match mixed % 3 {
                0 => Severity::Low,
                1 => Severity::Medium,
                _ => Severity::High,
            },
            cvss_score: Some(f32::from(u8::try_from(mixed % 100).unwrap()) / 10.0),
            fix_available: mixed % 5 < 2,
            excepted: false,
            facts: VulnerabilityFacts::default(),
        }
    });
    PlaceDelta {
        place: place(number),
        name: format!("place {number}"),
        sequence,
        removed: false,
        coverage: CoverageStatus::Complete,
        packages: 100,
        cannot_judge: 0,
        facts: PlaceFacts::default(),
        findings: findings.collect(),
        os: String::new(),
        resource: estate::Resource::new(),
        at_h: 0,
    }
}

struct Estate {
    platform: Platform,
    meter: Arc<Meter>,
    clock: Arc<ManualClock>,
    tops: TopCache,
    _folder: tempfile::TempDir,
}

impl Estate {
    /// An estate of so many places with so many findings each, all folded in.
    async fn of(places: u64, findings: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_780_000_000_000));
        let store = Embedded::open(
            folder.path().join("store"),
            Arc::<ManualClock>::clone(&clock),
        );
        let meter = Arc::new(Meter::new());
        let platform = metered(store.unwrap(), Arc::clone(&meter));
        let all = move |index: &mut EstateIndex| {
            let mut changed = false;
            for number in 0..places {
                changed |= index.apply(&state(number, 0, findings));
            }
            changed
        };
        Estates(&platform).fold(&tenant(), all).await.unwrap();
        Self {
            platform,
            meter,
            clock,
            tops: TopCache::default(),
            _folder: folder,
        }
    }

    /// The beginning of the lists, as a process that lives on reads it, which is never other than one that has just begun.
    async fn top(&self) -> Option<Arc<Top>> {
        let top = self.tops.load(&self.platform, &tenant()).await.unwrap();
        let fresh = TopCache::default();
        let fresh = fresh.load(&self.platform, &tenant()).await.unwrap();
        assert_eq!(top, fresh);
        top
    }

    async fn change(&self, number: u64) {
        let estates = Estates(&self.platform);
        let place = place(number);
        let before = estates.state(&tenant(), &place).await.unwrap();
        let next = before.as_ref().map_or(1, |known| known.record.sequence + 1);
        let (tenant, state) = (tenant(), state(number, next, 20));
        assert!(estates.put(&tenant, before.as_ref(), state).await.unwrap());
    }

    /// Bytes and requests of opening the list.
    async fn opens(&self) -> (u64, u64) {
        let before = self.meter.snapshot();
        let top = self.tops.load(&self.platform, &tenant()).await.unwrap();
        assert!(top.is_some(), "a large estate");
        let asked = self.meter.snapshot().since(&before);
        let (table, blobs) = (asked.port(Port::Table), asked.port(Port::Blobs));
        (
            table.received_bytes + blobs.received_bytes,
            table.requests + blobs.requests,
        )
    }
}

#[tokio::test]
async fn a_list_costs_the_same_in_an_estate_of_any_size() {
    let (small, large) = (Estate::of(1_000, 150).await, Estate::of(3_000, 150).await);
    let size = async |estate: &Estate| {
        let pending = Estates(&estate.platform).pending(&tenant()).await.unwrap();
        pending.base_bytes()
    };
    assert!(size(&small).await >= LARGE_BYTES);
    assert!(size(&large).await > 2 * size(&small).await);
    let ((small_bytes, small_requests), (large_bytes, large_requests)) =
        (small.opens().await, large.opens().await);
    assert_eq!((small_requests, large_requests), (2, 2));
    assert!(
        large_bytes < small_bytes * 5 / 4,
        "{small_bytes} {large_bytes}"
    );
    assert!(large_bytes < 128 * 1024, "{large_bytes}");
    // Whoever opened it before only asks whether it is the same.
    let (again_bytes, again_requests) = large.opens().await;
    assert_eq!((again_bytes, again_requests), (0, 2));
}

#[tokio::test]
async fn the_beginning_of_the_lists_is_that_of_the_whole_index() {
    let estate = Estate::of(1_000, 150).await;
    let (platform, tenant) = (&estate.platform, tenant());
    estate.change(7).await;
    let cache = EstateCache::default();
    let estates = Estates(platform);
    let pending = estates.pending(&tenant).await.unwrap();
    assert_eq!(pending.states(), 1);
    cache.write_top(platform, &tenant, &pending).await.unwrap();
    let top = estate.top().await.unwrap();
    let index = estates.load_merged(&tenant).await.unwrap();
    let whole = index.ranked(&Filter::default());
    assert_eq!(top.vulnerabilities.total, whole.len() as u64);
    assert_eq!(top.vulnerabilities.rows.as_slice(), &whole[..500]);
    let images = index.ranked_places(PlaceKind::Image);
    assert_eq!(top.images.total, images.len() as u64);
    assert_eq!(top.images.rows.as_slice(), &images[..500]);
    assert_eq!(top.hosts.rows, index.ranked_places(PlaceKind::Host));
    assert!(
        top.hosts
            .page(1_000)
            .is_some_and(|(rows, more)| rows.len() == 100 && !more)
    );
    assert!(top.images.clone().page(501).is_none(), "more than is kept");

    // Nothing changed: nothing is written again.
    let before = estate.meter.snapshot();
    let pending = estates.pending(&tenant).await.unwrap();
    cache.write_top(platform, &tenant, &pending).await.unwrap();
    let asked = estate.meter.snapshot().since(&before);
    assert_eq!(asked.port(Port::Blobs).sent_bytes, 0);
}

#[tokio::test]
async fn where_nobody_writes_the_beginning_the_whole_index_is_read() {
    let estate = Estate::of(1_000, 150).await;
    estate.change(7).await;
    let estates = Estates(&estate.platform);
    assert!(estate.top().await.is_some());
    estate.clock.advance_ms(6 * 60_000);
    assert!(estate.top().await.is_none());
    // What is old and complete is not doubted.
    estates.fold(&tenant(), |_| false).await.unwrap();
    estate.clock.advance_ms(86_400_000);
    assert!(estate.top().await.is_some());
}

#[tokio::test]
async fn a_reader_reads_of_what_changed_no_more_than_that() {
    let estate = Estate::of(300, 20).await;
    let cache = EstateCache::default();
    let (platform, tenant) = (&estate.platform, tenant());
    cache.load(platform, &tenant).await.unwrap();
    for number in [3, 4, 3] {
        estate.change(number).await;
        let before = estate.meter.snapshot();
        let read = cache.load(platform, &tenant).await.unwrap();
        let asked = estate.meter.snapshot().since(&before);
        assert_eq!(asked.port(Port::Blobs).received_bytes, 0, "not the base");
        let whole = Estates(platform).load_merged(&tenant).await.unwrap();
        assert_eq!(read.summaries(None), whole.summaries(None));
        // Where nothing changed, nothing but that is asked.
        let before = estate.meter.snapshot();
        let again = cache.load(platform, &tenant).await.unwrap();
        assert!(Arc::ptr_eq(&read, &again));
        let asked = estate.meter.snapshot().since(&before);
        assert_eq!(asked.port(Port::Table).requests, 0);
        assert_eq!(asked.port(Port::Blobs).requests, 1);
    }
    Estates(platform).fold(&tenant, |_| false).await.unwrap();
    let read = cache.load(platform, &tenant).await.unwrap();
    let whole = Estates(platform).load_merged(&tenant).await.unwrap();
    assert_eq!(read.summaries(None), whole.summaries(None));
}

#[tokio::test]
async fn a_beginning_of_another_base_is_not_shown_and_is_written_at_the_next_attempt() {
    let estate = Estate::of(1_000, 150).await;
    let (estates, tenant) = (Estates(&estate.platform), tenant());
    estate.change(7).await;
    // The base is stored, and what comes after it is not.
    let broken = breaking(estate.platform.clone(), 1);
    let fold = Estates(&broken).fold(&tenant, |_| false).await;
    assert!(fold.is_err());
    assert!(estate.top().await.is_none(), "it is old");

    // As the message comes again.
    estates.fold(&tenant, |_| false).await.unwrap();
    assert!(!estates.is_pending(&tenant).await.unwrap());
    let top = estate.top().await.unwrap();
    let index = estates.load_merged(&tenant).await.unwrap();
    assert_eq!(
        top.images.rows.as_slice(),
        &index.ranked_places(PlaceKind::Image)[..500]
    );
    let ranked = index.ranked(&Filter::default());
    assert_eq!(top.vulnerabilities.rows.as_slice(), &ranked[..500]);
}

#[tokio::test]
async fn a_beginning_of_another_form_is_none_and_is_written_anew() {
    let estate = Estate::of(1_000, 150).await;
    let (estates, tenant) = (Estates(&estate.platform), tenant());
    let path = BlobPath::parse("t/acme/estate/top.json.zst").unwrap();
    assert!(
        estate.platform.blobs.head(&path).await.unwrap().is_some(),
        "it stands there"
    );
    for other in [
        r#"{"version": 2, "as_of": "then", "lists": []}"#,
        r#"{"version": 1}"#,
        "[]",
        "",
    ] {
        let bytes = bytes::Bytes::from(zstd::bulk::compress(other.as_bytes(), 1).unwrap());
        let options = PutOptions::default();
        let put = estate.platform.blobs.put(&path, bytes.into(), options);
        put.await.unwrap();
        assert!(estate.top().await.is_none(), "{other}");
        let pending = estates.pending(&tenant).await.unwrap();
        let cache = EstateCache::default();
        let wrote = cache.write_top(&estate.platform, &tenant, &pending).await;
        wrote.unwrap();
        assert!(estate.top().await.is_some(), "{other}");
    }
}

#[tokio::test]
async fn of_more_indexes_than_there_is_room_for_the_one_that_was_not_asked_for_longest_goes() {
    let estate = Estate::of(300, 20).await;
    let platform = &estate.platform;
    let tenants: Vec<TenantId> = ["one", "two", "three"].map(|id| id.parse().unwrap()).into();
    let [one, two, three] = tenants.as_slice() else {
        unreachable!()
    };
    let mut bytes = 0;
    for tenant in &tenants {
        let all = |index: &mut EstateIndex| {
            let mut changed = false;
            for number in 0..300 {
                changed |= index.apply(&state(number, 1, 20));
            }
            changed
        };
        Estates(platform).fold(tenant, all).await.unwrap();
        let index = Estates(platform).load_merged(tenant).await.unwrap();
        bytes = index.memory_bytes();
    }
    // A finding has twelve bytes, a place and a vulnerability some hundreds, with what answers need of them.
    assert!((300 * 20 * 12..2_000_000).contains(&bytes), "{bytes}");

    let reads = async |cache: &EstateCache, tenant: &TenantId| {
        let before = estate.meter.snapshot();
        cache.load(platform, tenant).await.unwrap();
        let asked = estate.meter.snapshot().since(&before);
        asked.port(Port::Blobs).received_bytes > 0
    };
    let cache = EstateCache::new(bytes * 5 / 2);
    for (tenant, read) in [
        (one, true),
        (two, true),
        (one, false),
        (three, true),
        (one, false),
        (three, false),
        (two, true),
        (one, true),
    ] {
        assert_eq!(reads(&cache, tenant).await, read, "{tenant}");
    }
    // One is remembered however little room there is.
    let cache = EstateCache::new(0);
    for (tenant, read) in [(one, true), (one, false), (two, true), (one, true)] {
        assert_eq!(reads(&cache, tenant).await, read, "{tenant}");
    }
}
