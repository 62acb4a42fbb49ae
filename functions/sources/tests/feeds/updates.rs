//! Updates as a whole: their time, and their folder.

use std::time::Duration;

use sources::feeds::FeedFolder;

use crate::{
    script::Reply,
    world::{KEV, World, kev},
};

#[tokio::test]
async fn what_an_update_has_no_time_for_is_left_to_the_next() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(3))]);
    world.budget = Some(Duration::ZERO);
    assert!(!world.update(&[&KEV]).await);
    assert!(world.unfinished && world.feed("kev").waiting > 0);
    assert_eq!(world.feed("kev").good_at, None, "nobody was asked");
    assert!(world.server.requests().is_empty());
    world.budget = None;
    assert!(world.update(&[&KEV]).await);
    assert!(!world.unfinished && world.feed("kev").good_at.is_some());
}

#[tokio::test]
async fn two_updates_of_one_folder_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let first = FeedFolder::lock(folder.path()).unwrap();
    let second = FeedFolder::lock(folder.path()).unwrap_err();
    assert!(second.to_string().contains("another update"), "{second}");
    drop(first);
    FeedFolder::lock(folder.path()).unwrap();
}
