//! Whatever a publisher's answers name, nothing of the own network is asked.

use crate::{
    script::Reply,
    world::{DOTNET, KEV, REPOSITORY, World, kev},
};

#[tokio::test]
async fn no_redirect_leads_into_the_own_network() {
    let mut world = World::new().await;
    for inside in [
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/kev.json",
        "https://[fd00::1]/kev.json",
        "https://[::ffff:192.168.0.1]/kev.json",
        "https://metadata.google.internal/kev.json",
        "http://127.0.0.2:1/kev.json",
    ] {
        world.answers(
            "kev.json",
            vec![Reply::status(302).header("location", inside)],
        );
        world.update(&[&KEV]).await;
        let error = world.feed("kev").last_error().unwrap();
        assert!(
            error.contains("redirect to an address"),
            "{inside}: {error}"
        );
    }
    // One request each: what is refused on purpose is not tried again.
    assert_eq!(world.server.requests().len(), 6);
    world.answers("moved.json", vec![Reply::ok(kev(1))]);
    world.answers(
        "kev.json",
        vec![Reply::status(301).header("location", "/feeds.test/moved.json")],
    );
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").last_error(), None);
}

#[tokio::test]
async fn no_list_leads_into_the_own_network() {
    let mut world = World::new().await;
    for inside in [
        "https://10.0.0.1/repo",
        "https://[::ffff:192.168.0.1]/repo",
        "https://metadata.google.internal/repo",
        "https://localhost/repo",
    ] {
        world.answers("mirror.list", vec![Reply::ok(inside)]);
        let index = format!(
            "{{\"releases-index\":[{{\"channel-version\":\"8.0\",\"releases.json\":\"{inside}\"}}]}}"
        );
        world.answers("index.json", vec![Reply::ok(index)]);
        world.update(&[&REPOSITORY, &DOTNET]).await;
        for feed in ["repository", "dotnet"] {
            let error = world.feed(feed).last_error().unwrap();
            assert!(error.contains("a private network"), "{error}");
        }
    }
    // The lists, and nothing that they name.
    assert_eq!(world.server.requests().len(), 4 * 2);
}
