//! Compiling advisories and showing what was compiled.

use std::fs;

use super::fixture::Place;

#[test]
fn a_build_counts_each_feed_and_names_what_it_does_not_know() {
    let place = Place::new();
    place.documents();
    place.write("documents/shopping.txt", "milk, bread");
    let ran = place
        .run(&["feeds", "build", "--from", "documents", "--to", "compiled"])
        .exits(0)
        .says("shopping.txt");
    let out = ran.out();
    for feed in ["debian-tracker", "cisa-kev", "epss"] {
        assert!(out.contains(feed), "{feed} is not in\n{out}");
    }
    place
        .run(&["feeds", "show", "compiled"])
        .exits(0)
        .says("debian:12")
        .says("2026-11-22");
}

#[test]
fn a_cut_document_is_told_and_its_last_good_rows_stay() {
    let place = Place::new();
    place.debian();
    place.compiled();
    let tracker = place.path("documents/one.json");
    let whole = fs::read_to_string(&tracker).unwrap();
    fs::write(&tracker, &whole[..whole.len() / 2]).unwrap();
    let build = ["feeds", "build", "--from", "documents", "--to", "compiled"];
    place
        .run(&build)
        .exits(0)
        .says("one.json")
        .says("its last good rows stay in use");
    place.run(&[&build[..], &["--strict"]].concat()).exits(4);
    place
        .run(&["scan", "dir:root", "--feeds", "compiled"])
        .exits(0)
        .says("CVE-2026-1001");
}

#[test]
fn a_build_never_overwrites_what_it_did_not_make() {
    let place = Place::new();
    place.documents();
    place.write("mine/letter.txt", "keep");
    place
        .run(&["feeds", "build", "--from", "documents", "--to", "mine"])
        .exits(2)
        .says("holds other things");
    place
        .run(&[
            "feeds",
            "build",
            "--from",
            "documents",
            "--to",
            "documents/compiled",
        ])
        .exits(2)
        .says("lies in --from");
    place.write("nothing/letter.txt", "not an advisory");
    place
        .run(&["feeds", "build", "--from", "nothing", "--to", "compiled"])
        .exits(2)
        .says("neither compiled advisories nor a document");
    place
        .run(&["feeds", "show", "nothing"])
        .exits(2)
        .says("feeds build");
}
