//! Expected results of images that another scanner publishes, with the advisories that they were computed from: the same
//! pairs must come out when the same advisories come in, in the form in which each distribution publishes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
};

use serde_json::Value;

use super::{rpm_builds::oracle, *};

/// A golden file, the bucket of its advisories, the system, and how the distribution publishes.
static GOLDENS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "amazon-1",
        "amazon.yaml",
        "amazon linux 1",
        "amzn",
        "2018.03",
    ),
    ("amazon-2", "amazon.yaml", "amazon linux 2", "amzn", "2"),
    (
        "almalinux-8",
        "almalinux.yaml",
        "alma 8",
        "almalinux",
        "8.5",
    ),
    (
        "oraclelinux-8",
        "oracle.yaml",
        "Oracle Linux 8",
        "ol",
        "8.0",
    ),
    (
        "ubuntu-1804",
        "ubuntu.yaml",
        "ubuntu 18.04",
        "ubuntu",
        "18.04",
    ),
    (
        "alpine-310",
        "alpine.yaml",
        "alpine 3.10",
        "alpine",
        "3.10.2",
    ),
];

/// Sources of packages, which the goldens do not name.
static SOURCES: &[(&str, &str)] = &[
    ("libcom-err2", "e2fsprogs"),
    ("libext2fs2", "e2fsprogs"),
    ("libss2", "e2fsprogs"),
    ("libcrypto1.1", "openssl"),
    ("libssl1.1", "openssl"),
];

/// Package, vulnerability and fixed version of each advisory of a bucket.
fn advisories_of(database: &Value, bucket: &str) -> Vec<(String, String, Option<String>)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let mut found = Vec::new();
    for system in list(database)
        .iter()
        .filter(|system| system["bucket"] == bucket)
    {
        for package in list(&system["pairs"]) {
            for pair in list(&package["pairs"]) {
                let fixed =
                    Some(text(&pair["value"]["FixedVersion"])).filter(|fixed| !fixed.is_empty());
                found.push((text(&package["bucket"]), text(&pair["key"]), fixed));
            }
        }
    }
    found
}

/// The advisories as the system's distribution publishes them.
fn published(
    id: &str,
    release: &str,
    advisories: &[(String, String, Option<String>)],
) -> Vec<String> {
    let each = advisories.iter();
    match id {
        "amzn" => {
            let prefix = if release == "2" { "ALAS2" } else { "ALAS" };
            let updates: Vec<String> = each
                .filter_map(|(package, cve, fixed)| {
                    let (version, release) = fixed.as_deref()?.rsplit_once('-')?;
                    Some(format!(
                        r#"<update type="security"><id>{prefix}-2019-1</id><references><reference id="{cve}" type="cve"/></references><pkglist><collection><package name="{package}" version="{version}" release="{release}" epoch="0" arch="x86_64"/></collection></pkglist></update>"#
                    ))
                })
                .collect();
            vec![format!("<?xml version=\"1.0\"?><updates>{}</updates>", updates.concat())]
        }
        "almalinux" => each
            .filter_map(|(package, cve, fixed)| {
                let (epoch, rest) = fixed.as_deref()?.split_once(':').unwrap_or(("0", fixed.as_deref()?));
                let (version, release) = rest.rsplit_once('-')?;
                Some(format!(
                    r#"{{"data":[{{"id":"ALSA-2021:1","issued_date":1,"type":"security","packages":[{{"name":"{package}","epoch":"{epoch}","version":"{version}","release":"{release}","arch":"x86_64"}}],"references":[{{"id":"{cve}","type":"cve"}}]}}]}}"#
                ))
            })
            .collect(),
        "ol" => each
            .filter_map(|(package, cve, fixed)| {
                let fixed = format!("0:{}", fixed.as_deref()?);
                Some(oracle(&[(package, &fixed)]).replace("CVE-2023-0001", cve))
            })
            .collect(),
        "ubuntu" => each
            .map(|(package, cve, fixed)| {
                let status = match fixed {
                    Some(fixed) => format!("released ({fixed})"),
                    None => "needed".to_owned(),
                };
                format!("Candidate: {cve}\nPublicDate: 2019-01-01\nPriority: low\nbionic_{package}: {status}\n")
            })
            .collect(),
        _ => each
            .filter_map(|(package, cve, fixed)| {
                Some(format!(
                    r#"{{"distroversion":"v3.10","reponame":"main","packages":[{{"pkg":{{"name":"{package}","secfixes":{{"{}":["{cve}"]}}}}}}]}}"#,
                    fixed.as_deref()?
                ))
            })
            .collect(),
    }
}

#[test]
fn the_same_advisories_give_the_pairs_that_are_expected() {
    let Some(packed) = at_hand::data("peers/trivy/expected.tar.zst") else {
        return;
    };
    let packed = fs::File::open(packed).unwrap();
    let mut unpacked = zstd::stream::read::Decoder::new(packed).unwrap();
    unpacked.window_log_max(27).unwrap();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".golden") || name.ends_with(".yaml") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.insert(name, text);
        }
    }
    let mut pairs = 0;
    for &(golden, database, bucket, id, release) in GOLDENS {
        let database: Value = serde_saphyr::from_str(&files[database]).unwrap();
        let advisories = advisories_of(&database, bucket);
        let documents = published(id, release, &advisories);
        let names: Vec<String> = (0..documents.len()).map(|n| n.to_string()).collect();
        let named: Vec<(&str, &str)> = names
            .iter()
            .zip(&documents)
            .map(|(n, d)| (n.as_str(), d.as_str()))
            .collect();
        let (_out, shards) = shards(&named);
        let report: Value = serde_json::from_str(&files[&format!("{golden}.json.golden")]).unwrap();
        let mut packages: BTreeMap<String, Package> = BTreeMap::new();
        let mut expected = BTreeSet::new();
        for row in report["Results"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|r| r["Vulnerabilities"].as_array())
            .flatten()
        {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let (name, version) = (text("PkgName"), text("InstalledVersion"));
            let source = SOURCES
                .iter()
                .find(|(binary, _)| *binary == name)
                .map_or(name.as_str(), |(_, source)| source);
            let package = match id {
                "ubuntu" => deb(&name, &version, source),
                "alpine" => Package {
                    kind: PackageKind::Apk,
                    ..deb(&name, &version, source)
                },
                _ => rpm(&name, &version, source, "x86_64", ""),
            };
            packages.insert(name.clone(), package);
            expected.insert((text("VulnerabilityID"), name, text("FixedVersion")));
        }
        let result = judged(&shards, id, release, packages.into_values().collect());
        let found: BTreeSet<_> = result
            .findings
            .iter()
            .map(|f| {
                (
                    f.vulnerability.to_string(),
                    f.package.clone(),
                    f.fixed_version.clone().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{golden}");
        pairs += found.len();
    }
    assert!(pairs >= 15, "{pairs}");
}
