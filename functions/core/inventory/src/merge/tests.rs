//! Images of a few layers, and what they contain in the end.

use schemas::inventory::{FileOwner, LayerRef, OsFamily, PackageOrigin, layer::LAYER_VERSION};

use super::*;

fn digest(number: u8) -> Digest {
    Digest::from_sha256(&[number; 32])
}

fn package(name: &str, version: &str, path: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Deb,
        purl: String::new(),
        source_name: None,
        source_version: None,
        architecture: Some("amd64".to_owned()),
        path: path.to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    }
}

fn status(path: &str, packages: &[(&str, &str)]) -> Evidence {
    Evidence::Packages {
        path: path.to_owned(),
        analyzer: "dpkg".to_owned(),
        packages: packages
            .iter()
            .map(|(name, version)| package(name, version, path))
            .collect(),
    }
}

fn os(path: &str, id: &str) -> Evidence {
    Evidence::Os {
        path: path.to_owned(),
        os: OperatingSystem {
            family: OsFamily::Linux,
            id: id.to_owned(),
            id_like: vec![],
            version_id: Some("12".to_owned()),
            codename: None,
            pretty_name: None,
            architecture: None,
            windows: None,
        },
    }
}

fn layer(number: u8, evidence: Vec<Evidence>) -> LayerInventory {
    LayerInventory {
        version: LAYER_VERSION,
        diff_id: digest(number),
        reader: None,
        generation: crate::GENERATION,
        size_bytes: 0,
        entries: 0,
        windows: false,
        evidence,
        whiteouts: vec![],
        opaque: vec![],
        replaced: vec![],
        gaps: vec![],
    }
}

fn image(layers: &[LayerInventory]) -> ImageFacts {
    ImageFacts {
        id: digest(200),
        tags: vec!["app:1".to_owned()],
        repo_digests: vec![],
        os: "linux".to_owned(),
        os_version: None,
        architecture: Some("arm64".to_owned()),
        created_at: None,
        user: String::new(),
        exposed_ports: vec![],
        labels: BTreeMap::new(),
        layers: layers
            .iter()
            .map(|layer| LayerRef {
                diff_id: layer.diff_id.clone(),
                blob: None,
                media_type: None,
                size_bytes: None,
                created_by: None,
            })
            .collect(),
        base: None,
    }
}

fn merged(layers: Vec<LayerInventory>) -> Inventory {
    let image = image(&layers);
    let layers: Vec<_> = layers.into_iter().map(Some).collect();
    merge(&image, &layers, vec![])
}

/// Names with the number of the layer that brought them.
fn rows(inventory: &Inventory) -> Vec<(String, String)> {
    inventory
        .packages
        .iter()
        .map(|package| {
            let layer = package.layer.as_ref().unwrap();
            let number = (0..=255).find(|number| digest(*number) == *layer).unwrap();
            (
                format!("{}@{}", package.name, package.version),
                format!("layer {number}"),
            )
        })
        .collect()
}

fn row(package: &str, layer: u8) -> (String, String) {
    (package.to_owned(), format!("layer {layer}"))
}

const STATUS: &str = "var/lib/dpkg/status";

#[test]
fn evidence_that_only_a_later_version_understands_is_no_clean_bill() {
    let known = status("var/lib/dpkg/status", &[("bash", "5")]);
    let evidence = vec![os("etc/os-release", "debian"), known, Evidence::Unknown];
    let inventory = merged(vec![layer(1, evidence)]);
    assert_eq!(inventory.packages.len(), 1);
    assert_ne!(inventory.coverage.status, CoverageStatus::Complete);
    let gap = &inventory.coverage.gaps[0];
    assert_eq!(gap.reason, GapReason::UnsupportedFormat);
    assert_eq!(gap.layer, Some(digest(1)));
}

#[test]
fn the_topmost_file_decides_and_packages_keep_the_layer_that_brought_them() {
    let inventory = merged(vec![
        layer(
            1,
            vec![
                os("etc/os-release", "debian"),
                status(STATUS, &[("bash", "5"), ("curl", "7"), ("gone", "1")]),
            ],
        ),
        layer(
            2,
            vec![status(STATUS, &[("bash", "5"), ("curl", "8"), ("jq", "1")])],
        ),
        layer(3, vec![]),
        layer(
            4,
            vec![status(
                STATUS,
                &[("bash", "5"), ("curl", "8"), ("jq", "1"), ("gone", "1")],
            )],
        ),
    ]);
    assert_eq!(
        rows(&inventory),
        [
            row("bash@5", 1),
            row("curl@8", 2),
            row("gone@1", 4),
            row("jq@1", 2)
        ]
    );
    assert_eq!(inventory.coverage.status, CoverageStatus::Complete);
    assert_eq!(
        inventory.os.as_ref().unwrap().architecture.as_deref(),
        Some("arm64")
    );
    assert_eq!(
        inventory.packages[0].purl,
        "pkg:deb/debian/bash@5?arch=amd64&distro=debian-12"
    );
    assert_eq!(inventory.target.name, "app:1");
}

#[test]
fn whiteouts_opaque_folders_and_replacements_hide_what_is_below_only() {
    let base = || {
        layer(
            1,
            vec![
                os("etc/os-release", "debian"),
                status("app/a/one", &[("one", "1")]),
                status("app/a/b/two", &[("two", "1")]),
                status("app/ab", &[("three", "1")]),
                status("app/a0", &[("four", "1")]),
            ],
        )
    };
    let names = |top: LayerInventory| {
        let inventory = merged(vec![base(), top]);
        let mut names: Vec<_> = inventory.packages.into_iter().map(|p| p.name).collect();
        names.sort();
        names.join(" ")
    };
    let mut whiteout = layer(2, vec![status("app/a/new", &[("five", "1")])]);
    whiteout.whiteouts.push("app/a".to_owned());
    assert_eq!(names(whiteout), "five four three");
    let mut opaque = layer(2, vec![status("app/a/b/two", &[("six", "1")])]);
    opaque.opaque.push("app/a/b".to_owned());
    assert_eq!(names(opaque), "four one six three");
    let mut replaced = layer(2, vec![]);
    replaced.replaced.push("app".to_owned());
    assert_eq!(names(replaced), "");
    let mut everything = layer(2, vec![]);
    everything.opaque.push(String::new());
    assert_eq!(names(everything), "");
    let mut one = layer(2, vec![]);
    one.whiteouts.push("app/a/one".to_owned());
    assert_eq!(names(one), "four three two");
}

#[test]
fn a_package_that_was_away_counts_from_its_return() {
    let mut away = layer(2, vec![]);
    away.whiteouts.push("var/lib/dpkg".to_owned());
    let inventory = merged(vec![
        layer(1, vec![status(STATUS, &[("bash", "5")])]),
        away,
        layer(3, vec![status(STATUS, &[("bash", "5")])]),
    ]);
    assert_eq!(rows(&inventory), [row("bash@5", 3)]);
}

#[test]
fn windows_paths_compare_without_case() {
    let mut base = layer(
        1,
        vec![
            status("App/Node_Modules/x", &[("x", "1")]),
            status("App/y", &[("y", "1")]),
        ],
    );
    base.windows = true;
    let mut top = layer(2, vec![status("app/Y", &[("y", "2")])]);
    top.windows = true;
    top.whiteouts.push("APP/node_modules".to_owned());
    assert_eq!(rows(&merged(vec![base, top])), [row("y@2", 2)]);
}

#[test]
fn what_was_not_read_is_never_complete() {
    let layers = vec![
        layer(1, vec![os("usr/lib/os-release", "debian")]),
        layer(2, vec![]),
    ];
    let image = image(&layers);
    let mut some: Vec<_> = layers.into_iter().map(Some).collect();
    some[1] = None;
    let inventory = merge(&image, &some, vec![]);
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    assert_eq!(inventory.coverage.gaps[0].reason, GapReason::MissingLayer);
    assert_eq!(inventory.coverage.gaps[0].layer, Some(digest(2)));
    let foreign = vec![gap_in(GapReason::ForeignLayer, &digest(2), "x")];
    let inventory = merge(&image, &some, foreign);
    assert_eq!(inventory.coverage.gaps.len(), 1);
    let nothing = merge(&image, &[None, None], vec![]);
    assert_eq!(nothing.coverage.status, CoverageStatus::Unsupported);
    assert!(
        nothing
            .coverage
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::UnknownOs)
    );
    // Layers in a wrong order are not taken for others.
    some.swap(0, 1);
    assert_eq!(merge(&image, &some, vec![]).os, None);
}

fn python(path: &str) -> Evidence {
    Evidence::Packages {
        path: path.to_owned(),
        analyzer: "python".to_owned(),
        packages: vec![Package {
            kind: PackageKind::Pypi,
            ..package("six", "1.16.0", path)
        }],
    }
}

fn owned(record: &str, analyzer: &str, owners: &[(&str, bool, &str)]) -> Evidence {
    Evidence::OwnedFiles {
        path: record.to_owned(),
        analyzer: analyzer.to_owned(),
        owners: owners
            .iter()
            .map(|(package, foreign, path)| FileOwner {
                package: (*package).to_owned(),
                foreign: *foreign,
                paths: vec![(*path).to_owned()],
            })
            .collect(),
    }
}

/// The owner of each language's package, by path.
fn owners(layers: Vec<LayerInventory>) -> Vec<(String, Option<String>)> {
    merged(layers)
        .packages
        .into_iter()
        .filter(|package| package.kind != PackageKind::Deb)
        .map(|package| (package.path, package.owned_by))
        .collect()
}

const SIX: &str = "usr/lib/python3/dist-packages/six.egg-info";
const SIX_LIST: &str = "var/lib/dpkg/info/python3-six.list";

#[test]
fn the_distributions_own_packages_of_languages_are_known_by_dpkgs_lists() {
    let local = "usr/local/lib/python3.11/dist-packages/six.egg-info";
    let found = owners(vec![layer(
        1,
        vec![
            python(SIX),
            python(local),
            status(STATUS, &[("python3-six", "1.16.0-4")]),
            owned(SIX_LIST, "dpkg-files", &[("python3-six", false, SIX)]),
        ],
    )]);
    assert_eq!(
        found,
        [
            (SIX.to_owned(), Some("python3-six".to_owned())),
            (local.to_owned(), None)
        ]
    );
}

#[test]
fn what_lies_over_a_distributions_file_is_not_its_own() {
    let base = || {
        layer(
            1,
            vec![
                python(SIX),
                status(STATUS, &[("python3-six", "1.16.0-4")]),
                owned(SIX_LIST, "dpkg-files", &[("python3-six", false, SIX)]),
            ],
        )
    };
    assert!(owners(vec![base(), layer(2, vec![])])[0].1.is_some());
    let over = layer(2, vec![python(SIX)]);
    assert_eq!(owners(vec![base(), over])[0].1, None);
    // The package itself was renewed.
    let renewed = layer(
        2,
        vec![
            python(SIX),
            status(STATUS, &[("python3-six", "1.16.0-5")]),
            owned(SIX_LIST, "dpkg-files", &[("python3-six", false, SIX)]),
        ],
    );
    assert!(owners(vec![base(), renewed])[0].1.is_some());
    // Removed, with its list; the file came again from elsewhere.
    let mut removed = layer(2, vec![python(SIX), status(STATUS, &[("bash", "5")])]);
    removed.whiteouts.push(SIX_LIST.to_owned());
    let other = owned(
        "var/lib/dpkg/info/x.list",
        "dpkg-files",
        &[("x", false, "usr/bin/x")],
    );
    removed.evidence.push(other);
    assert_eq!(owners(vec![base(), removed])[0].1, None);
}

#[test]
fn a_database_that_a_later_layer_writes_anew_keeps_what_a_lower_one_brought() {
    let database = "lib/apk/db/installed";
    let path = "usr/lib/python3.11/site-packages/six.egg-info";
    let apk = |packages: &[(&str, &str)]| match status(database, packages) {
        Evidence::Packages { path, packages, .. } => Evidence::Packages {
            path,
            analyzer: "apk".to_owned(),
            packages,
        },
        other => other,
    };
    let files = || owned(database, "apk", &[("py3-six", false, path)]);
    let base = || layer(1, vec![python(path), apk(&[("py3-six", "1")]), files()]);
    let more = || layer(2, vec![apk(&[("py3-six", "1"), ("curl", "8")]), files()]);
    let owner = |layers: Vec<LayerInventory>| owners(layers)[0].1.clone();
    assert_eq!(owner(vec![base(), more()]).as_deref(), Some("py3-six"));
    // pip wrote over it, and then apk installed something else.
    let pip = layer(3, vec![python(path)]);
    assert_eq!(owner(vec![base(), pip, more()]), None);
}

#[test]
fn packages_by_others_than_the_distribution_are_not_its_own_to_judge() {
    let path = "usr/lib/node_modules/npm/package.json";
    let npm = Evidence::Packages {
        path: path.to_owned(),
        analyzer: "npm".to_owned(),
        packages: vec![Package {
            kind: PackageKind::Npm,
            ..package("npm", "9.0.0", path)
        }],
    };
    let list = owned(
        "var/lib/dpkg/info/nodejs.list",
        "dpkg-files",
        &[("nodejs", false, path)],
    );
    let stranger = owned(STATUS, "dpkg", &[("nodejs", true, "")]);
    let dpkg = status(STATUS, &[("nodejs", "18.0-1nodesource1")]);
    let of = |evidence: Vec<Evidence>| owners(vec![layer(1, evidence)])[0].1.clone();
    assert!(of(vec![npm.clone(), list.clone(), dpkg.clone()]).is_some());
    assert_eq!(of(vec![npm, list, dpkg, stranger]), None);
}

#[test]
fn what_the_distributions_files_do_not_say_is_no_gap_of_ours() {
    let jar = "usr/share/java/aopalliance-1.0.jar";
    let gaps = |foreign: bool, path: &str| {
        let mut only = layer(
            1,
            vec![
                os("etc/os-release", "debian"),
                status(STATUS, &[("libaopalliance-java", "1.0")]),
                owned(
                    "var/lib/dpkg/info/libaopalliance-java.list",
                    "dpkg-files",
                    &[("libaopalliance-java", false, jar)],
                ),
                owned(STATUS, "dpkg", &[("libaopalliance-java", foreign, "")]),
            ],
        );
        only.gaps = vec![crate::gaps::gap_at(
            GapReason::UnsupportedFormat,
            path,
            "no group id",
        )];
        merged(vec![only]).coverage.gaps.len()
    };
    assert_eq!(gaps(false, jar), 0);
    assert_eq!(gaps(false, &format!("{jar}!/inner.jar")), 0);
    assert_eq!(gaps(true, jar), 1);
    assert_eq!(gaps(false, "opt/app.jar"), 1);
}

#[test]
fn without_lists_of_files_debians_folders_tell() {
    let of = |dpkg: &[(&str, &str)]| {
        owners(vec![layer(1, vec![python(SIX), status(STATUS, dpkg)])])[0]
            .1
            .clone()
    };
    assert!(of(&[("python3-six", "1.16.0-4")]).is_some());
    assert_eq!(of(&[]), None, "without dpkg nothing else knows of it");
}

fn list(path: &str, analyzer: &str, packages: &[(PackageKind, &str, PackageOrigin)]) -> Evidence {
    Evidence::Packages {
        path: path.to_owned(),
        analyzer: analyzer.to_owned(),
        packages: packages
            .iter()
            .map(|(kind, name, origin)| Package {
                kind: *kind,
                origin: *origin,
                ..package(name, "1.0.0", path)
            })
            .collect(),
    }
}

#[test]
fn a_package_that_is_locked_and_installed_is_listed_once() {
    use PackageOrigin::{Development, Installed, Locked};
    let npm = PackageKind::Npm;
    let inventory = merged(vec![layer(
        1,
        vec![
            list(
                "app/package-lock.json",
                "npm-lock",
                &[
                    (npm, "a", Locked),
                    (npm, "d", Development),
                    (npm, "z", Locked),
                ],
            ),
            list(
                "app/node_modules/a/package.json",
                "npm",
                &[(npm, "a", Installed)],
            ),
            list(
                "app/node_modules/d/package.json",
                "npm",
                &[(npm, "d", Installed)],
            ),
            list("other/package-lock.json", "npm-lock", &[(npm, "a", Locked)]),
        ],
    )]);
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.path.as_str(), package.origin))
        .collect();
    assert_eq!(
        found,
        [
            ("a", "app/node_modules/a/package.json", Installed),
            ("a", "other/package-lock.json", Locked),
            ("d", "app/node_modules/d/package.json", Installed),
            ("z", "app/package-lock.json", Locked),
        ]
    );
}

#[test]
fn a_package_is_locked_and_installed_however_both_spell_its_name() {
    use PackageOrigin::{Installed, Locked};
    let pypi = PackageKind::Pypi;
    let inventory = merged(vec![layer(
        1,
        vec![
            list(
                "app/poetry.lock",
                "poetry",
                &[(pypi, "A.-B", Locked), (pypi, "ab", Locked)],
            ),
            list(
                "app/site-packages/a_b.dist-info/METADATA",
                "python",
                &[(pypi, "a_b", Installed)],
            ),
        ],
    )]);
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.origin))
        .collect();
    assert_eq!(found, [("a_b", Installed), ("ab", Locked)]);
}

#[test]
fn go_sum_adds_to_modules_before_go_1_17_only() {
    let go = PackageKind::Golang;
    let locked = PackageOrigin::Locked;
    let inventory = merged(vec![layer(
        1,
        vec![
            list("old/go.mod", "go-mod-before-1.17", &[(go, "a", locked)]),
            list(
                "old/go.sum",
                "go-sum",
                &[(go, "a", locked), (go, "b", locked)],
            ),
            list("new/go.mod", "go-mod", &[(go, "a", locked)]),
            list("new/go.sum", "go-sum", &[(go, "b", locked)]),
            list("alone/go.sum", "go-sum", &[(go, "b", locked)]),
        ],
    )]);
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("a", "new/go.mod"),
            ("a", "old/go.mod"),
            ("b", "old/go.sum")
        ]
    );
}
