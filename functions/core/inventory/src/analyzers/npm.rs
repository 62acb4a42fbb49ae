//! Node.js packages as installed: `node_modules/NAME/package.json`. Source: npm's package.json documentation.

use schemas::inventory::{Evidence, GapReason, Package, PackageKind};
use serde::Deserialize;

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{content::Content, gaps::gap_at, path::ends_with_ignore_case};

const MAX_BYTES: u64 = 4 << 20;

/// Reads the package.json of an installed package.
pub(crate) struct Npm;

#[derive(Deserialize)]
struct PackageJson {
    #[serde(default)]
    name: Option<serde_json::Value>,
    #[serde(default)]
    version: Option<serde_json::Value>,
}

impl Analyzer for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    /// Only the file at a package's root, `node_modules/NAME/` or `node_modules/@SCOPE/NAME/`: those deeper inside are
    /// parts and test fixtures of the package.
    fn wants(&self, path: &str) -> bool {
        if !ends_with_ignore_case(path, "/package.json") {
            return false;
        }
        let mut parts = path.rsplit('/').skip(1);
        let (Some(name), Some(parent)) = (parts.next(), parts.next()) else {
            return false;
        };
        if parent.starts_with('@') {
            return parts.next() == Some("node_modules");
        }
        parent == "node_modules" && !name.starts_with('@')
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let json: PackageJson = serde_json::from_slice(bytes)
            .map_err(|error| AnalyzerError::Corrupt(format!("not a package.json: {error}")))?;
        let text = |value: Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) if is_word(text.trim()) => {
                Some(text.trim().to_owned())
            }
            _ => None,
        };
        let mut gaps = Vec::new();
        let packages = match (text(json.name), text(json.version)) {
            (Some(name), Some(version)) => vec![Package {
                purl: purl::npm(&name, &version),
                name,
                version,
                kind: PackageKind::Npm,
                source_name: None,
                source_version: None,
                architecture: None,
                path: path.to_owned(),
                layer: None,
                origin: Default::default(),
                owned_by: None,
            }],
            (Some(name), None) => {
                gaps.push(gap_at(
                    GapReason::Corrupt,
                    path,
                    format!("the package `{name}` has no version"),
                ));
                Vec::new()
            }
            // Marker files such as {"type":"module"} name nothing.
            _ => Vec::new(),
        };
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages,
            }],
            gaps,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_roots_of_installed_packages_are_wanted() {
        for path in [
            "app/node_modules/lodash/package.json",
            "node_modules/@babel/core/package.json",
            "usr/lib/node_modules/npm/node_modules/ini/package.json",
        ] {
            assert!(Npm.wants(path), "{path}");
        }
        for path in [
            "app/package.json",
            "package.json",
            "node_modules/package.json",
            "app/node_modules/resolve/test/fixture/package.json",
            "app/node_modules/@babel/package.json",
            "app/node_modules/lodash/dist/package.json",
        ] {
            assert!(!Npm.wants(path), "{path}");
        }
    }

    #[test]
    fn name_and_version_make_a_package() {
        let read = |text: &str| {
            let analysis = Npm.analyze("p", &mut Content::from(text.as_bytes()));
            match analysis.unwrap().evidence.remove(0) {
                Evidence::Packages { packages, .. } => packages,
                _ => panic!("packages are wanted"),
            }
        };
        let found = read("\u{feff}{\"name\":\"@a/b\",\"version\":\" 1.0.0\",\"x\":{}}");
        assert_eq!(found[0].purl, "pkg:npm/%40a/b@1.0.0");
        assert!(read("{\"type\":\"module\"}").is_empty());
        assert!(read("{\"name\":{\"x\":1},\"version\":\"1\"}").is_empty());
        assert!(
            Npm.analyze("p", &mut Content::from(&b"{\"name\":"[..]))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Npm.analyze("p", &mut Content::from(bytes));
        }
    }
}
