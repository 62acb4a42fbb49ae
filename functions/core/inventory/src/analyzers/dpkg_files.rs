//! Which files dpkg's packages own: `var/lib/dpkg/info/NAME.list`, and in distroless images, which have no such lists,
//! `var/lib/dpkg/status.d/NAME.md5sums`. Source: dpkg-query(1), deb-md5sums(5).

use schemas::inventory::{Evidence, FileOwner, GapReason};

use super::{
    Analysis, Analyzer, AnalyzerError,
    owned::{Budget, FULL, matters},
};
use crate::{content::Content, gaps::gap_at, path::split};

const INFO: &str = "var/lib/dpkg/info/";
const STATUS_D: &str = "var/lib/dpkg/status.d/";
const MAX_BYTES: u64 = 32 << 20;

/// Reads one package's list of files.
pub(crate) struct DpkgFiles;

impl Analyzer for DpkgFiles {
    fn name(&self) -> &'static str {
        "dpkg-files"
    }

    fn wants(&self, path: &str) -> bool {
        let is_list = |folder: &str, end: &str| {
            path.strip_prefix(folder)
                .is_some_and(|name| name.ends_with(end) && !name.contains('/'))
        };
        is_list(INFO, ".list") || is_list(STATUS_D, ".md5sums")
    }

    fn is_supplement(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let file = split(path).1;
        let sums = file.ends_with(".md5sums");
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        // `NAME:ARCHITECTURE` where several of a name can be installed.
        let package = stem.split(':').next().unwrap_or(stem);
        let mut budget = Budget::default();
        let mut paths: Vec<String> = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            // Folders are listed before what they hold.
            let next = lines.peek().and_then(|next| next.strip_prefix(line));
            if next.is_some_and(|rest| rest.starts_with('/')) {
                continue;
            }
            let name = if sums {
                line.split_once("  ").map_or("", |(_, name)| name)
            } else {
                line
            };
            let name = name.trim_start_matches('/').trim_end_matches('\r');
            if !name.is_empty() && matters(name) && budget.takes(name) {
                paths.push(name.to_owned());
            }
        }
        let mut analysis = Analysis::default();
        if budget.full {
            analysis
                .gaps
                .push(gap_at(GapReason::LimitExceeded, path, FULL));
        }
        if !paths.is_empty() {
            analysis.evidence.push(Evidence::OwnedFiles {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                owners: vec![FileOwner {
                    package: package.to_owned(),
                    foreign: false,
                    paths,
                }],
            });
        }
        Ok(analysis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owners(path: &str, text: &str) -> Vec<FileOwner> {
        assert!(DpkgFiles.wants(path), "{path}");
        let mut content = Content::from(text.as_bytes());
        let analysis = DpkgFiles.analyze(path, &mut content).unwrap();
        match analysis.evidence.into_iter().next() {
            Some(Evidence::OwnedFiles { owners, .. }) => owners,
            _ => Vec::new(),
        }
    }

    #[test]
    fn lists_and_sums_name_what_languages_find() {
        let list = "/.\n/usr\n/usr/lib/python3/dist-packages\n/usr/lib/python3/dist-packages/six-1.16.0.egg-info\n/usr/share/doc/python3-six/copyright\n";
        let found = owners("var/lib/dpkg/info/python3-six.list", list);
        assert_eq!(found[0].package, "python3-six");
        assert_eq!(
            found[0].paths,
            ["usr/lib/python3/dist-packages/six-1.16.0.egg-info"]
        );
        let found = owners("var/lib/dpkg/info/libx:amd64.list", "/usr/lib/go/thing\n");
        assert_eq!(found[0].package, "libx");
        let sums = "0123  usr/bin/python3.11\n0123  usr/lib/python3/dist-packages/a-1.dist-info/METADATA\n";
        let found = owners("var/lib/dpkg/status.d/python3.md5sums", sums);
        assert_eq!(
            found[0].paths,
            ["usr/lib/python3/dist-packages/a-1.dist-info/METADATA"]
        );
        assert!(owners("var/lib/dpkg/info/tzdata.list", "/usr/share/zoneinfo/UTC\n").is_empty());
        assert!(!DpkgFiles.wants("var/lib/dpkg/info/bash.postinst"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = DpkgFiles.analyze("var/lib/dpkg/info/a.list", &mut Content::from(&bytes[..]));
            let _ = DpkgFiles.analyze("var/lib/dpkg/status.d/a.md5sums", &mut Content::from(bytes));
        }
    }
}
