//! Conda packages as installed: `conda-meta/NAME-VERSION-BUILD.json`. Source: conda's documentation, "conda-meta".

use schemas::inventory::{Evidence, Package, PackageKind};
use serde::Deserialize;

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{content::Content, path::split, purls};

/// The record lists all files of a package.
const MAX_BYTES: u64 = 32 << 20;

/// Reads the record of an installed package.
pub(crate) struct Conda;

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
}

impl Analyzer for Conda {
    fn name(&self) -> &'static str {
        "conda"
    }

    fn wants(&self, path: &str) -> bool {
        let (folder, name) = split(path);
        name.ends_with(".json") && (folder == "conda-meta" || folder.ends_with("/conda-meta"))
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let record: Record = serde_json::from_slice(&bytes)
            .map_err(|error| AnalyzerError::Corrupt(format!("not a record of conda: {error}")))?;
        if !is_word(&record.name) || !is_word(&record.version) {
            return Err(AnalyzerError::Corrupt(
                "the record names no package and version".to_owned(),
            ));
        }
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages: vec![Package {
                    purl: purls::of_language(PackageKind::Conda, &record.name, &record.version),
                    name: record.name,
                    version: record.version,
                    kind: PackageKind::Conda,
                    path: path.to_owned(),
                    ..Package::default()
                }],
            }],
            gaps: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_its_package() {
        let path = "opt/conda/envs/x/conda-meta/openssl-1.1.1q-h7f8727e_0.json";
        assert!(Conda.wants(path));
        assert!(!Conda.wants("conda-meta/history"));
        let text = br#"{"build":"0","name":"openssl","version":"1.1.1q","files":["bin/x"]}"#;
        let analysis = Conda.analyze(path, &mut Content::from(&text[..])).unwrap();
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        assert_eq!(packages[0].purl, "pkg:conda/openssl@1.1.1q");
        for bad in ["", "{}", "{\"name\":\"\",\"version\":\"1\"}"] {
            assert!(
                Conda
                    .analyze(path, &mut Content::from(bad.as_bytes()))
                    .is_err()
            );
        }
    }
}
