//! How documents are asked for: once, by their version after, again where a server is busy, and from where a transfer broke.

use crate::{
    script::Reply,
    world::{EPSS, KEV, World, kev},
};

#[tokio::test]
async fn a_document_is_taken_once_and_asked_for_by_its_version_after() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(60))
                .header("etag", "\"1\"")
                .header("last-modified", "Fri, 20 Nov 2026 12:00:00 GMT"),
            Reply::status(304),
        ],
    );
    assert!(world.update(&[&KEV]).await);
    let state = world.feed("kev").clone();
    assert_eq!(
        (state.rows(), state.in_use(), state.last_error()),
        (60, 1, None)
    );
    assert!(state.good_at.is_some() && state.changed_at.is_some() && state.as_of().is_some());
    assert!(!world.update(&[&KEV]).await);
    let asked = world.server.requests();
    assert!(!asked[0].contains("if-none-match"), "{}", asked[0]);
    assert!(
        asked[1].contains("if-none-match: \"1\"")
            && asked[1].contains("if-modified-since: fri, 20 nov"),
        "{}",
        asked[1]
    );
    // Validators without their file would keep the document away for good.
    std::fs::remove_file(world.file("kev/kev.json")).unwrap();
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.update(&[&KEV]).await;
    assert!(!world.server.requests()[2].contains("if-none-match"));
    assert_eq!(world.text("kev/kev.json"), kev(60));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_one_that_is_busy_for_long_is_left_alone() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![
            Reply::status(429).header("retry-after", "0"),
            Reply::status(503),
            Reply::ok(kev(3)),
        ],
    );
    world.answers(
        "epss.csv.gz",
        vec![Reply::status(429).header("retry-after", "86400")],
    );
    world.update(&[&KEV, &EPSS]).await;
    assert_eq!(world.feed("kev").rows(), 3);
    assert_eq!(world.server.requests_of("kev.json").len(), 3);
    // One feed's failure is no other's.
    let error = world.feed("epss").last_error().unwrap();
    assert!(error.contains("86400 s"), "{error}");
    assert_eq!(world.server.requests_of("epss").len(), 1);
    assert!(world.feed("epss").good_at.is_none());

    world.answers("epss.csv.gz", vec![Reply::status(500)]);
    world.update(&[&EPSS]).await;
    let error = world.feed("epss").last_error().unwrap();
    assert!(
        error.contains("gave up after 3 attempts") && error.contains("500"),
        "{error}"
    );
    world.answers("epss.csv.gz", vec![Reply::status(404)]);
    world.update(&[&EPSS]).await;
    assert_eq!(
        world.server.requests_of("epss").len(),
        1 + 3 + 1,
        "404 is final"
    );
}

#[tokio::test]
async fn a_transfer_that_breaks_is_resumed_where_it_broke() {
    let mut world = World::new().await;
    let whole = kev(200);
    let half = whole.len() / 2;
    world.answers(
        "kev.json",
        vec![
            Reply::ok(&whole).header("etag", "\"7\"").cut_at(half),
            Reply::partial(&whole, half).header("etag", "\"7\""),
        ],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").last_error(), None);
    assert_eq!(world.text("kev/kev.json"), whole);
    let asked = world.server.requests();
    assert!(
        asked[1].contains(&format!("range: bytes={half}-")) && asked[1].contains("if-range: \"7\""),
        "{}",
        asked[1]
    );

    // The document changed in between: the server sends the new one whole, and no half of the old one is in it.
    let newer = kev(220);
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(210)).header("etag", "\"8\"").cut_at(half),
            Reply::ok(&newer).header("etag", "\"9\""),
        ],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.text("kev/kev.json"), newer);

    // Without a version nothing is resumed, and a line that always breaks ends in an error.
    world.answers("kev.json", vec![Reply::ok(kev(230)).cut_at(half)]);
    world.update(&[&KEV]).await;
    let error = world.feed("kev").last_error().unwrap();
    assert!(error.contains("gave up"), "{error}");
    assert_eq!(world.text("kev/kev.json"), newer, "the last good one stays");
}
