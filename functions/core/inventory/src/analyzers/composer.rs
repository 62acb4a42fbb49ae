//! PHP packages as installed: `vendor/composer/installed.json`, of Composer 1 (a list) and 2. Source: Composer's
//! documentation of its runtime files, and its schema of packages.

use schemas::inventory::{Evidence, GapReason, Package, PackageKind, PackageOrigin};
use serde_json::Value;

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{
    content::Content,
    gaps::{Gaps, gap_at},
    path::split,
};

/// As a tree in memory it takes up to sixteen times as much.
const MAX_BYTES: u64 = 8 << 20;
const MAX_GAPS: usize = 20;

/// Reads the list of installed packages.
pub(crate) struct Composer;

impl Analyzer for Composer {
    fn name(&self) -> &'static str {
        "composer"
    }

    fn wants(&self, path: &str) -> bool {
        split(path).1 == "installed.json"
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let is_composers = split(split(path).0).1 == "composer";
        let bytes = content.read_all(MAX_BYTES)?;
        let json: Value = match serde_json::from_slice(&bytes) {
            Ok(json) => json,
            // Others give their files this name too.
            Err(_) if !is_composers => return Ok(Analysis::default()),
            Err(error) => {
                return Err(AnalyzerError::Corrupt(format!(
                    "not an installed.json: {error}"
                )));
            }
        };
        let list = json.as_array().or_else(|| json.get("packages")?.as_array());
        let Some(list) = list else {
            return match is_composers {
                true => Err(AnalyzerError::Corrupt(
                    "the installed.json lists no packages".to_owned(),
                )),
                false => Ok(Analysis::default()),
            };
        };
        let mut packages = Vec::new();
        let mut gaps = Gaps::new(MAX_GAPS);
        for entry in list {
            let text = |key: &str| {
                let text = entry.get(key).and_then(Value::as_str)?;
                is_word(text).then_some(text)
            };
            let (Some(name), Some(version)) = (text("name"), text("version")) else {
                if is_composers {
                    let why = "a package without name or version was skipped";
                    gaps.push(gap_at(GapReason::Corrupt, path, why));
                }
                continue;
            };
            if packages.len() >= super::MAX_PACKAGES {
                gaps.push(super::too_many(path));
                break;
            }
            packages.push(Package {
                name: name.to_owned(),
                version: version.to_owned(),
                kind: PackageKind::Composer,
                purl: purl::composer(name, version),
                path: path.to_owned(),
                // Those of `dev-package-names` too: whatever they were meant for, they are there.
                origin: PackageOrigin::Installed,
                ..Package::default()
            });
        }
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages,
            }],
            gaps: gaps.into_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Result<Analysis, AnalyzerError> {
        assert!(Composer.wants(path));
        Composer.analyze(path, &mut Content::from(text.as_bytes()))
    }

    #[test]
    fn both_forms_are_read_and_what_is_installed_counts_as_such() {
        let path = "app/vendor/composer/installed.json";
        let list = r#"[{"name":"Guzzle/psr7","version":"1.8.3"},{"name":"x/y"}]"#;
        let analysis = read(path, list).unwrap();
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        assert_eq!(packages[0].purl, "pkg:composer/guzzle/psr7@1.8.3");
        assert_eq!(analysis.gaps.len(), 1);
        let map = r#"{"packages":[{"name":"a/b","version":"v2.0"},{"name":"phpunit/phpunit","version":"9.5"}],
            "dev":true,"dev-package-names":["phpunit/phpunit"]}"#;
        let analysis = read(path, map).unwrap();
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        let origins: Vec<_> = packages.iter().map(|package| package.origin).collect();
        assert_eq!(origins, [PackageOrigin::Installed; 2]);
    }

    #[test]
    fn files_of_others_say_nothing_and_broken_ones_are_told() {
        assert_eq!(
            read("x/installed.json", "{\"a\":1}").unwrap(),
            Analysis::default()
        );
        assert_eq!(
            read("x/installed.json", "nonsense").unwrap(),
            Analysis::default()
        );
        assert!(read("vendor/composer/installed.json", "{\"a\":1}").is_err());
        assert!(read("vendor/composer/installed.json", "[").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Composer.analyze("composer/installed.json", &mut Content::from(bytes));
        }
    }
}
