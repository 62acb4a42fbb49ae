//! The advisories that the expected results were computed from, as documents that our feeds publish: OSV, and
//! `updateinfo.xml` for distributions that OSV does not have.

use serde_json::{Value, json};

/// A run of affected versions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    introduced: String,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// Named documents of all buckets of one file.
pub(crate) fn documents(name: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let buckets: Vec<Value> = serde_saphyr::from_str(text).unwrap();
    let mut documents = Vec::new();
    for bucket in &buckets {
        let place = bucket["bucket"].as_str().unwrap();
        for package in bucket["pairs"].as_array().into_iter().flatten() {
            let Some(package_name) = package["bucket"].as_str() else {
                continue;
            };
            for pair in package["pairs"].as_array().into_iter().flatten() {
                let key = pair["key"].as_str().unwrap();
                for document in of_pair(place, package_name, key, &pair["value"]) {
                    let name = format!("{name}-{}", documents.len());
                    documents.push((name, document));
                }
            }
        }
    }
    documents
}

fn of_pair(place: &str, package: &str, key: &str, value: &Value) -> Vec<Vec<u8>> {
    if let Some((language, _)) = place.split_once("::") {
        let ecosystem = match language {
            "npm" => "npm",
            "pip" => "PyPI",
            "rubygems" => "RubyGems",
            "composer" => "Packagist",
            "maven" => "Maven",
            "go" => "Go",
            "nuget" => "NuGet",
            "cargo" => "crates.io",
            "pub" => "Pub",
            "erlang" => "Hex",
            "swift" => "SwiftURL",
            "cocoapods" => "CocoaPods",
            "conan" => "ConanCenter",
            _ => return Vec::new(),
        };
        return vec![osv(key, &[], ecosystem, package, &language_runs(value))];
    }
    if place == "Red Hat" {
        return red_hat(package, key, value);
    }
    let fixed = value["FixedVersion"].as_str();
    let run = |fixed: Option<&str>| Run {
        introduced: "0".to_owned(),
        fixed: fixed.map(str::to_owned),
        last_affected: None,
    };
    let of_release = |ecosystem: String| vec![osv(key, &[], &ecosystem, package, &[run(fixed)])];
    let (name, release) = place.rsplit_once(' ').unwrap_or((place, ""));
    match name {
        "debian" => of_release(format!("Debian:{release}")),
        "alpine" => of_release(format!("Alpine:v{release}")),
        "ubuntu" => of_release(format!("Ubuntu:{release}:LTS")),
        "alma" => of_release(format!("AlmaLinux:{release}")),
        "rocky" => of_release(format!("Rocky Linux:{release}")),
        _ if name.starts_with("openSUSE") => of_release(place.replacen(' ', ":", 1)),
        _ if name.starts_with("SUSE") => of_release(place.replacen(' ', ":", 1)),
        "amazon linux" => {
            let id = match release {
                "1" => "ALAS-2019-1".to_owned(),
                release => format!("ALAS{release}-2019-1"),
            };
            vec![updateinfo(&id, key, package, fixed.unwrap())]
        }
        "Oracle Linux" => vec![updateinfo("ELSA-2019-0001", key, package, fixed.unwrap())],
        _ => Vec::new(),
    }
}

/// Red Hat's entries name products by number: of those, one stands for each release of Enterprise Linux.
fn red_hat(package: &str, key: &str, value: &Value) -> Vec<Vec<u8>> {
    let mut documents = Vec::new();
    for entry in value["Entries"].as_array().into_iter().flatten() {
        let products: Vec<u64> = entry["Affected"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        for (product, release) in [(857, 6), (869, 7)] {
            if !products.contains(&product) {
                continue;
            }
            let fixed = entry["FixedVersion"].as_str();
            let run = Run {
                introduced: "0".to_owned(),
                fixed: fixed.map(str::to_owned),
                last_affected: None,
            };
            let cves: Vec<&str> = entry["Cves"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|cve| cve["ID"].as_str())
                .collect();
            let ecosystem = format!("Red Hat:enterprise_linux:{release}::server");
            documents.push(osv(key, &cves, &ecosystem, package, &[run]));
        }
    }
    documents
}

fn osv(id: &str, cves: &[&str], ecosystem: &str, package: &str, runs: &[Run]) -> Vec<u8> {
    let ranges: Vec<Value> = runs
        .iter()
        .map(|run| {
            let mut events = vec![json!({"introduced": run.introduced})];
            events.extend(run.fixed.as_ref().map(|fixed| json!({"fixed": fixed})));
            events.extend(
                run.last_affected
                    .as_ref()
                    .map(|last| json!({"last_affected": last})),
            );
            json!({"type": "ECOSYSTEM", "events": events})
        })
        .collect();
    let document = json!({
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2024-01-01T00:00:00Z",
        "upstream": cves,
        "affected": [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}],
    });
    serde_json::to_vec(&document).unwrap()
}

fn updateinfo(id: &str, cve: &str, package: &str, fixed: &str) -> Vec<u8> {
    let (epoch, rest) = fixed.split_once(':').unwrap_or(("0", fixed));
    let (version, release) = rest.split_once('-').unwrap();
    format!(
        r#"<?xml version="1.0"?><updates><update author="a" type="security"><id>{id}</id><title>t</title><issued date="2019-01-11 21:05"/><updated date="2019-01-16 01:28:00"/><severity>medium</severity><references><reference href="h" id="{cve}" type="cve"/></references><pkglist><collection short="c"><name>n</name><package arch="x86_64" epoch="{epoch}" name="{package}" release="{release}" version="{version}"><filename>f</filename></package></collection></pkglist></update></updates>"#
    )
    .into_bytes()
}

fn language_runs(value: &Value) -> Vec<Run> {
    let texts = |key: &str| -> Vec<String> {
        let list = value[key].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let vulnerable = texts("VulnerableVersions");
    if vulnerable.is_empty() {
        return complement(&texts("PatchedVersions"));
    }
    vulnerable.iter().map(|text| run(text)).collect()
}

/// `>= 1, < 2`, `<= 1`, `>= 0`, and Maven's `[1,2)`.
fn run(text: &str) -> Run {
    let mut run = Run {
        introduced: "0".to_owned(),
        fixed: None,
        last_affected: None,
    };
    if let Some(inner) = text.strip_prefix('[') {
        let (from, to) = inner.split_once(',').unwrap();
        from.trim().clone_into(&mut run.introduced);
        run.fixed = Some(to.trim_end_matches(')').trim().to_owned());
        return run;
    }
    for part in text.split(',').map(str::trim) {
        let version = |sign: &str| part.strip_prefix(sign).map(|rest| rest.trim().to_owned());
        if let Some(from) = version(">=") {
            run.introduced = from;
        } else if let Some(last) = version("<=") {
            run.last_affected = Some(last);
        } else if let Some(fixed) = version("<") {
            run.fixed = Some(fixed);
        } else {
            panic!("a range of another form: {text}");
        }
    }
    run
}

/// What is affected where only patched versions are named: all between them. They come from the highest down.
fn complement(patched: &[String]) -> Vec<Run> {
    let mut from = "0".to_owned();
    let mut runs = Vec::new();
    for text in patched.iter().rev() {
        let patched = run(text);
        runs.push(Run {
            introduced: from.clone(),
            fixed: Some(patched.introduced),
            last_affected: None,
        });
        from = patched.fixed.unwrap_or_default();
    }
    runs
}

#[test]
fn ranges_are_taken_as_they_are_meant() {
    let of = |text: &str| {
        let run = run(text);
        (run.introduced, run.fixed, run.last_affected)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of(">= 1.0, < 2.0"), ("1.0".to_owned(), some("2.0"), None));
    assert_eq!(of("<8.44"), ("0".to_owned(), some("8.44"), None));
    assert_eq!(of("<= 3"), ("0".to_owned(), None, some("3")));
    assert_eq!(
        of("[2.9.0,2.9.10.7)"),
        ("2.9.0".to_owned(), some("2.9.10.7"), None)
    );
    let between = complement(&[">= 3.1.0".to_owned(), ">= 2.1.3, < 3.0.0".to_owned()]);
    let bounds: Vec<_> = between
        .iter()
        .map(|run| (run.introduced.as_str(), run.fixed.as_deref()))
        .collect();
    assert_eq!(bounds, [("0", Some("2.1.3")), ("3.0.0", Some("3.1.0"))]);
}
