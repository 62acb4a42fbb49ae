//! What collections have, by table and by law.

use proptest::prelude::*;
use schemas::collection::CollectionParts;

use crate::{
    Collection, InvalidCollection, MAX_PATTERN_BYTES, MAX_PATTERNS, Resource, Scope,
    pattern::Pattern,
};

fn parts(text: &[(&str, &str)]) -> CollectionParts {
    let of = |wanted: &str| {
        let all = text.iter().filter(|(part, _)| *part == wanted);
        all.map(|(_, pattern)| (*pattern).to_owned()).collect()
    };
    CollectionParts {
        images: of("image"),
        namespaces: of("namespace"),
        hosts: of("host"),
        labels: of("label"),
        accounts: of("account"),
    }
}

fn collection(text: &[(&str, &str)]) -> Collection {
    Collection::read(&parts(text)).unwrap()
}

#[test]
fn names_of_images_are_read_as_registries_are() {
    for (pattern, name, is_in) in [
        ("nginx", "docker.io/library/nginx:1.27", true),
        ("nginx", "nginx", true),
        ("nginx:latest", "nginx", true),
        ("nginx", "nginx@sha256:00", true),
        ("nginx", "registry.example.com/nginx:1", false),
        ("nginx", "nginxer:1", false),
        ("nginx*", "nginxer:1", true),
        ("nginx:1.*", "index.docker.io/library/nginx:1.27", true),
        ("nginx:1.*", "nginx:2.1", false),
        ("team/*", "team/app/part:1", true),
        ("team/*", "docker.io/team/app:1", true),
        ("team/*", "registry.example.com/team/app:1", false),
        ("*/team/*", "registry.example.com/team/app:1", true),
        ("*/team/app", "registry.example.com:5000/team/app:1", true),
        ("*/team/app", "registry.example.com/team/apple:1", false),
        ("Registry.example.com/*", "registry.example.com/a:1", true),
        ("*.example.com/a", "registry.example.com/a:1", true),
        ("localhost:5000/*", "localhost:5000/a:1", true),
        ("localhost:5000/*", "localhost:50001/a:1", false),
        ("*", "anything:1", true),
    ] {
        let collection = collection(&[("image", pattern)]);
        let resource = Resource::new().image(name);
        assert_eq!(collection.includes(&resource), is_in, "{pattern} {name}");
    }
}

#[test]
fn other_parts_fit_whole_texts() {
    let host = || Resource::new().host("WEB-1.example");
    for (part, pattern, resource, is_in) in [
        ("host", "web-*", host(), true),
        ("host", "Web-1.Example", host(), true),
        ("host", "web-1", host(), false),
        (
            "namespace",
            "shop-*",
            Resource::new().namespace("shop-eu"),
            true,
        ),
        (
            "namespace",
            "shop",
            Resource::new().namespace("shop-eu"),
            false,
        ),
        ("label", "team", Resource::new().label("team", "a"), true),
        ("label", "team=a", Resource::new().label("team", "a"), true),
        ("label", "team=A", Resource::new().label("team", "a"), false),
        ("label", "team", Resource::new().label("teams", "a"), false),
        (
            "account",
            "1234*",
            Resource::new().account("123456789012"),
            true,
        ),
        ("host", "*", Resource::new().image("web-1"), false),
    ] {
        let collection = collection(&[(part, pattern)]);
        assert_eq!(
            collection.includes(&resource),
            is_in,
            "{part} {pattern} {resource:?}"
        );
    }
}

#[test]
fn parts_are_all_wanted_and_patterns_of_one_are_not() {
    let both = collection(&[("image", "shop/*"), ("image", "till/*"), ("host", "web-*")]);
    let image = |name: &str| Resource::new().image(name);
    assert!(both.includes(&image("shop/a:1").host("web-1")));
    assert!(both.includes(&image("till/a:1").host("db-1").host("web-1")));
    assert!(!both.includes(&image("shop/a:1")));
    assert!(!both.includes(&image("shop/a:1").host("db-1")));
    assert!(!both.includes(&image("other/a:1").host("web-1")));
    assert!(!both.includes(&Resource::new().host("web-1")));
    assert!(collection(&[]).includes(&Resource::new()));
}

#[test]
fn a_scope_of_nothing_has_nothing_and_everything_has_all() {
    let nobody = Scope::union([]);
    assert!(!nobody.includes(&Resource::new().host("a")));
    assert!(!nobody.covers(&collection(&[("host", "a")])));
    assert!(Scope::everything().includes(&Resource::new()));
    assert!(Scope::everything().covers(&collection(&[])));
}

#[test]
fn reaching_further_is_told_from_reaching_less_far() {
    for (mine, theirs, covers) in [
        (vec![("host", "web-*")], vec![("host", "web-1")], true),
        (vec![("host", "web-*")], vec![("host", "web-*-eu")], true),
        (vec![("host", "web-*")], vec![("host", "WEB-*")], true),
        (vec![("host", "web-*")], vec![("host", "w*")], false),
        (vec![("host", "web-*")], vec![("host", "*")], false),
        (vec![("host", "web-*")], vec![], false),
        (
            vec![("host", "web-*")],
            vec![("host", "web-1"), ("host", "db")],
            false,
        ),
        (
            vec![("host", "web-*")],
            vec![("host", "web-1"), ("image", "a")],
            true,
        ),
        (
            vec![("host", "web-*"), ("image", "a")],
            vec![("host", "web-1")],
            false,
        ),
        (
            vec![("image", "team/*")],
            vec![("image", "docker.io/team/app")],
            true,
        ),
        (
            vec![("image", "team/app")],
            vec![("image", "team/app:1")],
            true,
        ),
        (
            vec![("image", "team/app:1")],
            vec![("image", "team/app")],
            false,
        ),
        (vec![], vec![], true),
        (vec![], vec![("host", "web-1")], true),
    ] {
        let scope = Scope::union([collection(&mine)]);
        assert_eq!(
            scope.covers(&collection(&theirs)),
            covers,
            "{mine:?} {theirs:?}"
        );
    }
}

#[test]
fn what_could_fit_nothing_is_refused_and_says_where() {
    for (pattern, said) in [
        ("", "pattern 2 of `hosts` is empty"),
        (" a", "white space"),
        ("a\n", "white space"),
        ("a\0b", "control character"),
    ] {
        let told = Collection::read(&parts(&[("host", "a"), ("host", pattern)]));
        let told = told.unwrap_err().to_string();
        assert!(told.contains(said), "{told}");
    }
    let many = CollectionParts {
        labels: vec!["a=b".to_owned(); MAX_PATTERNS + 1],
        ..CollectionParts::default()
    };
    let told = Collection::read(&many).unwrap_err();
    assert!(matches!(told, InvalidCollection::TooMany { part: "labels", count } if count == 201));
    let long = parts(&[("image", &"a".repeat(MAX_PATTERN_BYTES + 1))]);
    let told = Collection::read(&long).unwrap_err();
    assert!(matches!(told, InvalidCollection::TooLong { number: 1, .. }));
}

#[test]
fn what_makes_others_go_back_and_forth_for_ever_is_answered() {
    // A matcher that goes back for each `*` would take longer than the universe is old.
    let pattern = Pattern::new("*a".repeat(127) + "*b");
    assert!(!pattern.fits(&"a".repeat(100_000)));
    assert!(pattern.fits(&("a".repeat(100_000) + "b")));
}

#[test]
fn texts_that_are_too_long_or_too_many_are_left_out() {
    let long = "a".repeat(2000);
    let all = collection(&[("host", "a*")]);
    assert!(!all.includes(&Resource::new().host(&long)));
    let many = (0..3000).fold(Resource::new(), |many, n| many.host(&format!("h{n}")));
    assert_eq!(many.texts().count(), 1000);
}

/// The plain meaning of a pattern, slow.
fn means(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|cut| means(rest, &text[cut..])),
        Some((first, rest)) => text.first() == Some(first) && means(rest, &text[1..]),
    }
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab*]{1,4}", 0..3)
}

fn any_parts() -> impl Strategy<Value = CollectionParts> {
    (patterns(), patterns(), patterns()).prop_map(|(hosts, namespaces, accounts)| CollectionParts {
        hosts,
        namespaces,
        accounts,
        ..CollectionParts::default()
    })
}

fn any_resource() -> impl Strategy<Value = Resource> {
    let texts = || proptest::collection::vec("[ab]{0,5}", 0..3);
    (texts(), texts(), texts()).prop_map(|(hosts, namespaces, accounts)| {
        let with = hosts.iter().fold(Resource::new(), |r, t| r.host(t));
        let with = namespaces.iter().fold(with, |r, t| r.namespace(t));
        accounts.iter().fold(with, |r, t| r.account(t))
    })
}

proptest! {
    #[test]
    fn a_pattern_means_what_it_says(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
        let fits = Pattern::new(pattern.clone()).fits(&text);
        prop_assert_eq!(fits, means(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn a_pattern_that_covers_another_fits_all_that_it_does(
        mine in "[ab*]{0,5}", other in "[ab*]{0,5}", text in "[ab]{0,7}",
    ) {
        let (mine, other) = (Pattern::new(mine), Pattern::new(other));
        if mine.covers(&other) && other.fits(&text) {
            prop_assert!(mine.fits(&text));
        }
    }

    #[test]
    fn a_union_has_what_any_of_it_has(
        a in any_parts(), b in any_parts(), resource in any_resource(),
    ) {
        let (a, b) = (Collection::read(&a).unwrap(), Collection::read(&b).unwrap());
        let either = a.includes(&resource) || b.includes(&resource);
        prop_assert_eq!(Scope::union([a, b]).includes(&resource), either);
    }

    #[test]
    fn one_more_pattern_in_a_part_that_has_some_takes_nothing_away(
        before in any_parts(), more in "[ab*]{1,4}", resource in any_resource(),
    ) {
        let mut after = before.clone();
        prop_assume!(!before.hosts.is_empty());
        after.hosts.push(more);
        let (before, after) = (Collection::read(&before).unwrap(), Collection::read(&after).unwrap());
        prop_assert!(!before.includes(&resource) || after.includes(&resource));
        prop_assert!(Scope::union([after]).covers(&before));
    }

    #[test]
    fn one_more_part_adds_nothing(
        before in any_parts(), part in patterns(), resource in any_resource(),
    ) {
        let mut open = before.clone();
        open.hosts.clear();
        let narrow = CollectionParts { hosts: part, ..open.clone() };
        let (open, narrow) = (Collection::read(&open).unwrap(), Collection::read(&narrow).unwrap());
        prop_assert!(!narrow.includes(&resource) || open.includes(&resource));
    }

    #[test]
    fn what_a_scope_covers_has_nothing_that_it_has_not(
        mine in any_parts(), other in any_parts(), resource in any_resource(),
    ) {
        let (mine, other) = (Collection::read(&mine).unwrap(), Collection::read(&other).unwrap());
        if mine.covers(&other) && other.includes(&resource) {
            prop_assert!(mine.includes(&resource));
        }
        prop_assert!(mine.covers(&mine));
    }

    #[test]
    fn any_text_is_answered(pattern in ".{1,40}", text in ".{0,40}") {
        let parts = CollectionParts {
            images: vec![pattern.clone()],
            labels: vec![pattern],
            ..CollectionParts::default()
        };
        if let Ok(read) = Collection::read(&parts) {
            let _ = read.includes(&Resource::new().image(&text).label(&text, &text));
        }
    }
}
