//! Which builds of Windows the estate has, and what is newer.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use estate::{PlaceFilter, PlaceSummary};
use records::{PlaceRecord, Places};
use schemas::{
    Place, PlaceKind,
    api::{
        Problem,
        windows_build::{
            WindowsBuild, WindowsBuildList, WindowsBuildQuery, WindowsPlace, WindowsRevision,
        },
    },
    inventory::WindowsOs,
    report::Summary,
};

use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    people::standing::points,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Most places of a kind that are read, those with the highest scores.
const MOST_PLACES: usize = 5000;
/// Most places of a kind and revision that are named.
const MOST_NAMED: usize = 200;

/// Windows by build: what hosts and images are on which revision, what the newest one that is known fixes in them, and which
/// base image has it. Whoever is limited to collections is told of what is in these.
#[utoipa::path(
    get,
    path = "/api/v1/windows-builds",
    tag = "vulnerabilities",
    operation_id = "list_windows_builds",
    params(WindowsBuildQuery),
    responses(
        (status = 200, description = "All builds", body = WindowsBuildList),
        (status = 400, description = "A filter that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<WindowsBuildQuery>,
) -> Result<Json<WindowsBuildList>, ApiError> {
    let as_of = state.now();
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let kinds = [PlaceKind::Host, PlaceKind::Image];
    let kinds = kinds.map(|kind| (kind, query.place_kind.is_none_or(|wanted| wanted == kind)));
    let found = sight.aside(move |view| {
        let filter = PlaceFilter {
            os: Some("windows".to_owned()),
            ..PlaceFilter::default()
        };
        let wanted = kinds.into_iter().filter(|(_, wanted)| *wanted);
        let places = wanted.map(|(kind, _)| view.ranked_places(kind, &filter));
        places.collect::<Vec<_>>()
    });
    let (mut summaries, mut left_out) = (Vec::new(), 0);
    for mut places in found.await? {
        left_out += places.len().saturating_sub(MOST_PLACES);
        places.truncate(MOST_PLACES);
        summaries.extend(places);
    }
    let places: Vec<Place> = summaries.iter().map(|one| one.place.clone()).collect();
    let records = Places(state.platform())
        .get_many(caller.tenant(), &places)
        .await?
        .into_iter();
    let records = records
        .map(|record| (record.place.clone(), record))
        .collect();
    let (builds, unknown) = by_build(summaries, &records);
    Ok(Json(WindowsBuildList {
        builds,
        unknown,
        left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        as_of,
    }))
}

/// A build while its places are counted.
#[derive(Default)]
struct Counted {
    name: String,
    newest: (u32, Option<String>),
    /// Whether it is known of any of its places what newer revisions fix there.
    is_judged: bool,
    revisions: BTreeMap<u32, WindowsRevision>,
}

/// The builds of these places, which come with the highest score first, and how many have none that is known.
fn by_build(
    summaries: Vec<PlaceSummary>,
    records: &BTreeMap<Place, PlaceRecord>,
) -> (Vec<WindowsBuild>, u32) {
    let (mut builds, mut unknown) = (BTreeMap::<u32, Counted>::new(), 0);
    for summary in summaries {
        let record = records.get(&summary.place);
        let windows = record.and_then(|record| record.os.as_ref()?.windows.as_ref());
        let Some((windows, ubr)) = windows.and_then(|windows| Some((windows, windows.ubr?))) else {
            unknown += 1;
            continue;
        };
        let counted = builds.entry(windows.build).or_default();
        if counted.name.is_empty() {
            counted.name = name(windows, &summary.os);
        }
        let fixes = record.and_then(|record| record.windows.as_ref());
        counted.is_judged |= fixes.is_some();
        let (newest, kb) = fixes.map_or((0, None), |fixes| (fixes.ubr, fixes.kb.clone()));
        counted.newest = counted.newest.clone().max((newest, kb)).max((ubr, None));
        let revision = counted.revisions.entry(ubr);
        let revision = revision.or_insert_with(|| WindowsRevision {
            ubr,
            is_newest: false,
            hosts: 0,
            images: 0,
            running_containers: 0,
            fixed_by_newer: Summary::default(),
            places: Vec::new(),
        });
        count(revision, summary, fixes.map(|fixes| &fixes.summary));
    }
    let builds = builds.into_iter().rev().map(|(build, mut counted)| {
        let (newest_ubr, newest_kb) = counted.newest;
        // Of what an earlier version matched it is not known whether anything is newer.
        if let Some(newest) = counted.revisions.get_mut(&newest_ubr) {
            newest.is_newest = counted.is_judged;
        }
        WindowsBuild {
            build,
            name: counted.name,
            newest_ubr,
            newest_kb,
            base_tag: format!("10.0.{build}.{newest_ubr}"),
            revisions: counted.revisions.into_values().collect(),
        }
    });
    (builds.collect(), unknown)
}

/// What people call a build: its product without the edition.
fn name(windows: &WindowsOs, os: &str) -> String {
    let product = windows.product_name.as_deref().unwrap_or(os);
    let editions = [" Datacenter", " Standard", " Azure Edition", " Evaluation"];
    let name = editions.iter().fold(product.to_owned(), |name, edition| {
        name.replace(edition, "")
    });
    if name.is_empty() {
        format!("Windows build {}", windows.build)
    } else {
        name
    }
}

/// Counts a place on a revision.
fn count(revision: &mut WindowsRevision, summary: PlaceSummary, fixed: Option<&Summary>) {
    match summary.place.kind() {
        PlaceKind::Host => revision.hosts += 1,
        PlaceKind::Image => revision.images += 1,
    }
    let running = summary.facts.running_containers;
    if summary.place.kind() == PlaceKind::Image {
        let running = running.unwrap_or(0);
        revision.running_containers = revision.running_containers.saturating_add(running);
    }
    if let Some(fixed) = fixed {
        let all = &mut revision.fixed_by_newer;
        for (sum, more) in [
            (&mut all.total, fixed.total),
            (&mut all.critical, fixed.critical),
            (&mut all.high, fixed.high),
            (&mut all.medium, fixed.medium),
            (&mut all.low, fixed.low),
            (&mut all.unknown, fixed.unknown),
            (&mut all.known_exploited, fixed.known_exploited),
            (&mut all.fixable, fixed.fixable),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
    let kind = summary.place.kind();
    let named = revision
        .places
        .iter()
        .filter(|one| one.place.kind() == kind);
    if named.count() < MOST_NAMED {
        revision.places.push(WindowsPlace {
            top_score: (summary.counts.total > 0).then(|| points(summary.top_score_tenths)),
            running_containers: running.filter(|_| summary.place.kind() == PlaceKind::Image),
            place: summary.place,
            name: summary.name,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn place(number: u8, ubr: Value, fixes: (u32, &str)) -> (PlaceSummary, PlaceRecord) {
        let place = Place::Image(schemas::Digest::from_sha256(&[number; 32]));
        let os = json!({"family": "windows", "id": "windows", "pretty_name": "Windows Server 2022",
            "windows": {"build": 20348, "ubr": ubr, "product_name": "Windows Server 2022 Datacenter"}});
        let record = json!({"version": 1, "place": place, "name": "shop", "revision": 1, "generation": 1,
            "content": schemas::Digest::from_sha256(&[9; 32]), "findings": "f", "scanned_at": "2026-01-01T00:00:00Z",
            "summary": Summary::default(), "coverage": "complete", "packages": 0, "os": os,
            "windows": {"ubr": fixes.0, "kb": fixes.1, "summary": Summary { total: 2, critical: 2, ..Summary::default() }}});
        let record: PlaceRecord = serde_json::from_value(record).unwrap();
        let summary = json!({"place": record.place, "name": "shop", "coverage": "complete", "packages": 0,
            "cannot_judge": 0, "counts": {"total": 2}, "top_score_tenths": 700,
            "facts": {"running_containers": 3}, "os": "Windows Server 2022"});
        (serde_json::from_value(summary).unwrap(), record)
    }

    #[test]
    fn the_newest_build_is_the_highest_that_anything_is_fixed_in_or_on() {
        let all = [
            place(1, json!(2700), (2966, "KB5049983")),
            place(2, json!(2700), (2849, "KB5048654")),
            place(3, json!(2966), (0, "")),
            place(4, Value::Null, (0, "")),
        ];
        let records = all
            .iter()
            .map(|(_, record)| (record.place.clone(), record.clone()));
        let records = records.collect();
        let summaries = all.into_iter().map(|(summary, _)| summary).collect();
        let (builds, unknown) = by_build(summaries, &records);
        assert_eq!((builds.len(), unknown), (1, 1));
        let build = &builds[0];
        assert_eq!(
            (build.build, build.name.as_str()),
            (20348, "Windows Server 2022")
        );
        assert_eq!(
            (build.newest_ubr, build.base_tag.as_str()),
            (2966, "10.0.20348.2966")
        );
        assert_eq!(build.newest_kb.as_deref(), Some("KB5049983"));
        let revisions = build.revisions.iter();
        let told: Vec<_> = revisions
            .map(|one| (one.ubr, one.is_newest, one.images, one.running_containers))
            .collect();
        assert_eq!(told, [(2700, false, 2, 6), (2966, true, 1, 3)]);
        assert_eq!(build.revisions[0].fixed_by_newer.critical, 4);
    }
}
