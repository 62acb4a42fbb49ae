//! What is taken in place of a document: nothing that is none, that is another, or that shrank.

use crate::{
    script::Reply,
    world::{EPSS, KEV, REPOSITORY, World, epss, gzip, kev},
};

#[tokio::test]
async fn what_is_no_document_never_replaces_one() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.answers("epss.csv.gz", vec![Reply::ok(epss())]);
    world.update(&[&KEV, &EPSS]).await;
    let (before, packed) = (kev(60), epss());
    let cut = &before[..before.len() - 30];
    for (wrong, says) in [
        (
            b"<!DOCTYPE html><html><title>Sign in</title></html>".to_vec(),
            "HTML",
        ),
        (b"".to_vec(), "nothing"),
        (cut.as_bytes().to_vec(), "cut"),
        (b"{\"error\":\"try later\"}".to_vec(), "not recognised"),
        (b"cve,epss\n".to_vec(), "not JSON"),
        (vec![b'['; 2 << 20], "more than 1048576 bytes"),
    ] {
        world.answers("kev.json", vec![Reply::ok(wrong)]);
        assert!(!world.update(&[&KEV]).await);
        let error = world.feed("kev").last_error().unwrap();
        assert!(
            error.contains(says) && error.contains("kev.json"),
            "{error}"
        );
        assert_eq!(world.text("kev/kev.json"), before);
        assert_eq!(world.feed("kev").rows(), 60);
    }
    // A gzip that the publisher itself cut: its length is right, its content is not whole.
    world.answers("epss.csv.gz", vec![Reply::ok(&packed[..packed.len() - 12])]);
    world.update(&[&EPSS]).await;
    let error = world.feed("epss").last_error().unwrap();
    assert!(error.contains("epss.csv.gz"), "{error}");
    assert_eq!(
        std::fs::read(world.file("epss/epss.csv.gz")).unwrap(),
        packed
    );
    // And all is well again once it is.
    world.answers("epss.csv.gz", vec![Reply::ok(&packed)]);
    world.update(&[&EPSS]).await;
    assert_eq!(world.feed("epss").last_error(), None);
}

#[tokio::test]
async fn a_document_that_shrinks_is_held_back_until_a_person_takes_it() {
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![Reply::ok(kev(100)).header("etag", "\"1\"")],
    );
    world.update(&[&KEV]).await;
    world.answers("kev.json", vec![Reply::ok(kev(95)).header("etag", "\"2\"")]);
    assert!(
        world.update(&[&KEV]).await,
        "a twentieth is nothing to hold back"
    );
    world.answers(
        "kev.json",
        vec![
            Reply::ok(kev(80)).header("etag", "\"3\""),
            Reply::status(304),
        ],
    );
    assert!(!world.update(&[&KEV]).await);
    let check = |world: &World| {
        assert_eq!(world.text("kev/kev.json"), kev(95));
        let state = world.feed("kev");
        let (name, held) = state.held().next().unwrap();
        assert_eq!(
            (name, held.document.rows, state.rows()),
            ("kev.json", 80, 95)
        );
        assert!(held.why.contains("80 rows, and 95 before"), "{}", held.why);
        assert!(held.why.contains("--accept-shrunk kev"), "{}", held.why);
    };
    check(&world);
    // It is not downloaded again every time.
    assert!(!world.update(&[&KEV]).await);
    check(&world);
    assert!(
        world
            .server
            .requests()
            .last()
            .unwrap()
            .contains("if-none-match: \"3\"")
    );

    world.accept.insert("kev".to_owned());
    assert!(world.update(&[&KEV]).await);
    assert_eq!(world.text("kev/kev.json"), kev(80));
    assert_eq!(
        (world.feed("kev").rows(), world.feed("kev").held().count()),
        (80, 0)
    );

    // One that was held back and came back whole is forgotten.
    world.accept.clear();
    world.answers("kev.json", vec![Reply::ok(kev(10))]);
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").held().count(), 1);
    world.answers("kev.json", vec![Reply::ok(kev(81))]);
    assert!(world.update(&[&KEV]).await);
    assert_eq!(
        (world.feed("kev").rows(), world.feed("kev").held().count()),
        (81, 0)
    );
}

#[tokio::test]
async fn what_is_not_what_its_repository_names_is_not_taken() {
    use sha2::Digest as _;
    let repomd = |document: &[u8]| {
        Reply::ok(format!(
            "<repomd><data type=\"updateinfo\"><checksum type=\"sha256\">{}</checksum>\
             <location href=\"repodata/u.xml.gz\"/></data></repomd>",
            hex::encode(sha2::Sha256::digest(document))
        ))
    };
    let mut world = World::new().await;
    let (first, second) = (gzip("<updates>1</updates>"), gzip("<updates>2</updates>"));
    world.answers("mirror.list", vec![Reply::ok("https://feeds.test/repo/")]);
    world.answers("repo/repodata/repomd.xml", vec![repomd(&first)]);
    world.answers(
        "repo/repodata/u.xml.gz",
        vec![Reply::ok(&first).header("etag", "\"1\"")],
    );
    assert!(world.update(&[&REPOSITORY]).await);
    assert_eq!(world.feed("repository").last_error(), None);
    let file = world.file("repository/repository.xml.gz");
    // Another one than the list names, and one that the server says has not changed although the list says so.
    world.answers("repo/repodata/repomd.xml", vec![repomd(&second)]);
    for reply in [Reply::ok(gzip("<updates>3</updates>")), Reply::status(304)] {
        world.answers("repo/repodata/u.xml.gz", vec![reply]);
        assert!(!world.update(&[&REPOSITORY]).await);
        let error = world.feed("repository").last_error().unwrap();
        assert!(
            error.contains("repository.xml.gz has the SHA-256") && error.contains("list says"),
            "{error}"
        );
        assert_eq!(
            std::fs::read(&file).unwrap(),
            first,
            "the last good one stays"
        );
    }
    world.answers("repo/repodata/u.xml.gz", vec![Reply::ok(&second)]);
    assert!(world.update(&[&REPOSITORY]).await);
    assert_eq!(world.feed("repository").last_error(), None);
    assert_eq!(std::fs::read(&file).unwrap(), second);
}

#[tokio::test]
async fn a_feed_is_not_up_to_date_while_anything_of_it_is_held_back() {
    let mut world = World::new().await;
    world.answers("kev.json", vec![Reply::ok(kev(100))]);
    world.update(&[&KEV]).await;
    world.state.feeds.get_mut("kev").unwrap().good_at = None;
    world.answers("kev.json", vec![Reply::ok(kev(60))]);
    world.update(&[&KEV]).await;
    assert_eq!(world.feed("kev").held().count(), 1);
    assert_eq!(world.feed("kev").good_at, None, "it is not the latest");
    world.accept.insert("kev".to_owned());
    // The word counts even where the publisher cannot be asked.
    world.state.feeds.get_mut("kev").unwrap().changed_at = None;
    world.answers("kev.json", vec![Reply::status(404)]);
    assert!(world.update(&[&KEV]).await);
    assert_eq!(world.feed("kev").rows(), 60);
    assert!(world.feed("kev").changed_at.is_some());
}
