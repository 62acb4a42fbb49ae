//! Alpine and its kin: `lib/apk/db/installed`. Source: apk-package(5) and the index format of apk-tools 2.

use schemas::inventory::{Evidence, FileOwner, GapReason, Package, PackageKind};

use super::{
    Analysis, Analyzer, AnalyzerError,
    owned::{Budget, FULL, matters},
    stanza::{Line, is_word, lines, paragraphs},
};
use crate::{content::Content, gaps::Gaps, gaps::gap_at, purls};

const INSTALLED: &[&str] = &["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const MAX_BYTES: u64 = 32 << 20;
const MAX_GAPS: usize = 20;

/// Reads apk's list of installed packages.
pub(crate) struct Apk;

impl Analyzer for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn wants(&self, path: &str) -> bool {
        INSTALLED.contains(&path)
    }

    fn well_known(&self) -> &'static [&'static str] {
        INSTALLED
    }

    fn is_sole_record(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut packages = Vec::new();
        let mut owners = Vec::new();
        let mut budget = Budget::default();
        let mut gaps = Gaps::new(MAX_GAPS);
        for (line, paragraph) in paragraphs(&text) {
            if packages.len() >= super::MAX_PACKAGES {
                gaps.push(super::too_many(path));
                break;
            }
            match package(path, paragraph) {
                Some(package) => {
                    let paths = files(paragraph, &mut budget);
                    if !paths.is_empty() {
                        owners.push(FileOwner {
                            package: package.name.clone(),
                            foreign: false,
                            paths,
                        });
                    }
                    packages.push(package);
                }
                None => gaps.push(gap_at(
                    GapReason::Corrupt,
                    path,
                    format!(
                        "the paragraph at line {line} was skipped: it names no package and version"
                    ),
                )),
            }
        }
        if budget.full {
            gaps.push(gap_at(GapReason::LimitExceeded, path, FULL));
        }
        owners.sort_by(|a, b| a.package.cmp(&b.package));
        let mut evidence = vec![Evidence::Packages {
            path: path.to_owned(),
            analyzer: self.name().to_owned(),
            packages,
        }];
        if !owners.is_empty() {
            evidence.push(Evidence::OwnedFiles {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                owners,
            });
        }
        Ok(Analysis {
            evidence,
            gaps: gaps.into_vec(),
        })
    }
}

/// `P` name, `V` version, `A` architecture, `o` origin (the source package, built at the same version).
fn package(path: &str, paragraph: &str) -> Option<Package> {
    let (mut name, mut version, mut architecture, mut origin) = (None, None, None, None);
    for line in lines(paragraph) {
        match line {
            Line::Field("P", value) => name = Some(value),
            Line::Field("V", value) => version = Some(value),
            Line::Field("A", value) => architecture = Some(value),
            Line::Field("o", value) => origin = Some(value),
            // Files follow (`F:`, `R:`), which are most of the text.
            Line::Field("F", _) => break,
            _ => {}
        }
    }
    let name = name.filter(|text| is_word(text))?;
    let version = version.filter(|text| is_word(text))?;
    let mut package = Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Apk,
        purl: String::new(),
        source_name: Some(
            origin
                .filter(|text| is_word(text))
                .unwrap_or(name)
                .to_owned(),
        ),
        source_version: Some(version.to_owned()),
        architecture: architecture.filter(|text| is_word(text)).map(str::to_owned),
        path: path.to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    };
    package.purl = purls::of_distribution(&package, None).unwrap_or_default();
    Some(package)
}

/// The files that matter: `F` names a folder, `R` a file in it.
fn files(paragraph: &str, budget: &mut Budget) -> Vec<String> {
    let (mut folder, mut path, mut paths) = ("", String::new(), Vec::new());
    for line in lines(paragraph) {
        match line {
            Line::Field("F", value) => folder = value,
            Line::Field("R", value) => {
                path.clear();
                path.push_str(folder);
                if !folder.is_empty() {
                    path.push('/');
                }
                path.push_str(value);
                if matters(&path) && budget.takes(&path) {
                    paths.push(path.clone());
                }
            }
            _ => {}
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packages_have_their_origin_and_a_broken_one_is_named() {
        let text = "C:Q1abc=\nP:libcrypto3\nV:3.1.4-r1\nA:x86_64\no:openssl\nF:lib\nR:libcrypto.so.3\nP:not-this\n\n\
                    P:broken\n\n\
                    P:musl\nV:1.2.4-r2\nA:x86_64\n\n\
                    P:py3-six\nV:1.16.0-r6\nF:usr/lib/python3.11/site-packages\nR:six.py\nR:six-1.16.0-py3.11.egg-info\nZ:Q1=\n\n";
        let analysis = Apk
            .analyze(INSTALLED[0], &mut Content::from(text.as_bytes()))
            .unwrap();
        let [
            Evidence::Packages { packages, .. },
            Evidence::OwnedFiles { owners, .. },
        ] = &analysis.evidence[..]
        else {
            panic!("packages and their files are wanted");
        };
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0].package, "py3-six");
        assert_eq!(
            owners[0].paths,
            ["usr/lib/python3.11/site-packages/six-1.16.0-py3.11.egg-info"]
        );
        assert_eq!(packages.len(), 3);
        assert_eq!(packages[0].name, "libcrypto3");
        assert_eq!(packages[0].source_name.as_deref(), Some("openssl"));
        assert_eq!(packages[0].source_version.as_deref(), Some("3.1.4-r1"));
        assert_eq!(packages[1].source_name.as_deref(), Some("musl"));
        assert_eq!(analysis.gaps.len(), 1);
        assert!(
            analysis.gaps[0].detail.contains("line 10"),
            "{:?}",
            analysis.gaps
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Apk.analyze(INSTALLED[0], &mut Content::from(bytes));
        }
    }
}
