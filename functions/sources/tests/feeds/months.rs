//! Feeds of many documents with a list of their revisions: MSRC's months.

use crate::{
    script::Reply,
    world::{MSRC, World, walk},
};

/// A month of MSRC with one vulnerability.
fn month(id: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<cvrf:cvrfdoc xmlns:cvrf="http://www.icasi.org/CVRF/schema/cvrf/1.1" xmlns:prod="http://www.icasi.org/CVRF/schema/prod/1.1" xmlns:vuln="http://www.icasi.org/CVRF/schema/vuln/1.1">
<cvrf:DocumentTitle>{id}</cvrf:DocumentTitle>
<cvrf:DocumentTracking><cvrf:Identification><cvrf:ID>{id}</cvrf:ID></cvrf:Identification>
<cvrf:CurrentReleaseDate>2024-08-13T07:00:00Z</cvrf:CurrentReleaseDate></cvrf:DocumentTracking>
<prod:ProductTree><prod:FullProductName ProductID="11572">Windows Server 2019  (Server Core installation)</prod:FullProductName></prod:ProductTree>
<vuln:Vulnerability Ordinal="1"><vuln:Title>T</vuln:Title><vuln:CVE>CVE-2024-38063</vuln:CVE>
<vuln:ProductStatuses><vuln:Status Type="Known Affected"><vuln:ProductID>11572</vuln:ProductID></vuln:Status></vuln:ProductStatuses>
<vuln:Remediations><vuln:Remediation Type="Vendor Fix"><vuln:Description>5043050</vuln:Description><vuln:URL>https://x</vuln:URL>
<vuln:ProductID>11572</vuln:ProductID><vuln:FixedBuild>10.0.17763.6293</vuln:FixedBuild></vuln:Remediation></vuln:Remediations>
</vuln:Vulnerability></cvrf:cvrfdoc>"#
    )
}

/// The list of months and when they were revised.
pub(crate) fn months(revisions: &[(&str, &str)]) -> String {
    let rows: Vec<_> = revisions
        .iter()
        .map(|(id, date)| format!("{{\"ID\":\"{id}\",\"CurrentReleaseDate\":\"{date}\"}}"))
        .collect();
    format!("{{\"value\":[{}]}}", rows.join(","))
}

#[tokio::test]
async fn only_months_that_were_revised_are_asked_for() {
    let mut world = World::new().await;
    let ids: Vec<_> = (1..=12).map(|n| format!("20{n:02}-Aug")).collect();
    let first: Vec<_> = ids
        .iter()
        .map(|id| (id.as_str(), "2026-01-01T00:00:00Z"))
        .collect();
    world.answers("updates", vec![Reply::ok(months(&first))]);
    for id in &ids {
        world.answers(&format!("cvrf/{id}"), vec![Reply::ok(month(id))]);
    }
    assert!(world.update(&[&MSRC]).await);
    assert_eq!(world.feed("msrc").last_error(), None);
    assert_eq!(
        (world.feed("msrc").in_use(), world.feed("msrc").rows()),
        (12, 12)
    );
    assert_eq!(world.server.requests_of("cvrf/").len(), 12);

    let mut revised = first.clone();
    revised[3].1 = "2026-02-02T00:00:00Z";
    world.answers("updates", vec![Reply::ok(months(&revised))]);
    world.update(&[&MSRC]).await;
    assert_eq!(world.server.requests_of("cvrf/").len(), 13);
    assert!(
        world
            .server
            .requests()
            .last()
            .unwrap()
            .contains("/cvrf/2004-aug")
    );

    // A list that lost months is not acted on, and the months stay.
    world.answers("updates", vec![Reply::ok(months(&revised[..6]))]);
    assert!(!world.update(&[&MSRC]).await);
    let error = world.feed("msrc").last_error().unwrap();
    assert!(
        error.contains("names 6 documents, and 12 before"),
        "{error}"
    );
    assert_eq!(walk(&world.file("msrc")).len(), 12);
    // A page in its place is no list either.
    world.answers("updates", vec![Reply::ok("<html>busy</html>")]);
    world.update(&[&MSRC]).await;
    let error = world.feed("msrc").last_error().unwrap();
    assert!(error.contains("updates"), "{error}");
}
