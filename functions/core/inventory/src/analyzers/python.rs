//! Python distributions as installed: `*.dist-info/METADATA`, `*.egg-info` as file or folder, `EGG-INFO` inside eggs.
//! Source: PEP 376, PEP 566, core metadata specification.

use schemas::inventory::{Evidence, Package, PackageKind};

use super::{
    Analysis, Analyzer, AnalyzerError,
    stanza::{Line, is_word, lines, paragraphs},
};
use crate::{
    content::Content,
    path::{ends_with_ignore_case, split},
};

const MAX_BYTES: u64 = 8 << 20;

/// Reads the metadata of an installed distribution.
pub(crate) struct Python;

impl Analyzer for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn wants(&self, path: &str) -> bool {
        let (folder, name) = split(path);
        if name.eq_ignore_ascii_case("METADATA") {
            return ends_with_ignore_case(folder, ".dist-info");
        }
        if name.eq_ignore_ascii_case("PKG-INFO") {
            return ends_with_ignore_case(folder, ".egg-info")
                || ends_with_ignore_case(folder, "/EGG-INFO");
        }
        ends_with_ignore_case(name, ".egg-info")
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let (mut name, mut version) = (None, None);
        // The headers end at the first empty line; the description follows.
        for line in paragraphs(&text)
            .next()
            .into_iter()
            .flat_map(|(_, headers)| lines(headers))
        {
            if let Line::Field(key, value) = line {
                if key.eq_ignore_ascii_case("name") {
                    name.get_or_insert(value);
                } else if key.eq_ignore_ascii_case("version") {
                    version.get_or_insert(value);
                }
            }
        }
        let (Some(name), Some(version)) = (
            name.filter(|text| is_word(text)),
            version.filter(|text| is_word(text)),
        ) else {
            return Err(AnalyzerError::Corrupt(
                "the metadata names no distribution and version".to_owned(),
            ));
        };
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages: vec![Package {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    kind: PackageKind::Pypi,
                    purl: purl::pypi(name, version),
                    source_name: None,
                    source_version: None,
                    architecture: None,
                    path: path.to_owned(),
                    layer: None,
                    origin: Default::default(),
                    owned_by: None,
                }],
            }],
            gaps: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_are_read_and_the_description_is_not() {
        let text = "Metadata-Version: 2.1\r\nName: Jinja2\r\nVersion: 3.1.2\r\nSummary: x\r\n folded\r\n\r\nVersion: 9\r\n";
        let path = "usr/lib/python3/site-packages/Jinja2-3.1.2.dist-info/METADATA";
        assert!(Python.wants(path));
        let analysis = Python
            .analyze(path, &mut Content::from(text.as_bytes()))
            .unwrap();
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        assert_eq!(packages[0].purl, "pkg:pypi/jinja2@3.1.2");
        assert_eq!(packages[0].name, "Jinja2");
    }

    #[test]
    fn forms_of_installation_are_told_from_other_files() {
        for path in [
            "a/six.egg-info",
            "a/six.egg-info/PKG-INFO",
            "a/six-1.egg/EGG-INFO/PKG-INFO",
        ] {
            assert!(Python.wants(path), "{path}");
        }
        for path in ["a/METADATA", "src/PKG-INFO", "a/x.dist-info/RECORD"] {
            assert!(!Python.wants(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Python.analyze("p", &mut Content::from(bytes));
        }
    }
}
