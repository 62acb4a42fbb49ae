//! Debian and its kin: `var/lib/dpkg/status`, and `status.d/` of distroless images (one paragraph per file).
//! Source: deb822(5), dpkg(1) "Information about packages".

use schemas::inventory::{Evidence, FileOwner, GapReason, Package, PackageKind};

use super::{
    Analysis, Analyzer, AnalyzerError,
    stanza::{Line, is_word, lines, paragraphs},
};
use crate::{content::Content, gaps::Gaps, gaps::gap_at, path::split, purls};

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_D: &str = "var/lib/dpkg/status.d";
const MAX_BYTES: u64 = 32 << 20;
const MAX_GAPS: usize = 20;
/// Words in the `Maintainer` field by which distributions' own packages are known, in lower case.
const DISTRIBUTIONS: &[&str] = &[
    "debian",
    "ubuntu",
    "canonical",
    "kali",
    "raspbian",
    "raspberrypi",
    "devuan",
    "linuxmint",
    "deepin",
    "pureos",
    "proxmox",
];

/// Reads dpkg's status.
pub(crate) struct Dpkg;

impl Analyzer for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn wants(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(STATUS) else {
            return false;
        };
        rest.is_empty()
            || (split(path).0 == STATUS_D
                && !path.ends_with(".md5sums")
                && !path.ends_with(".preinst"))
    }

    fn well_known(&self) -> &'static [&'static str] {
        &[STATUS]
    }

    fn is_sole_record(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut packages = Vec::new();
        let mut foreign = Vec::new();
        let mut gaps = Gaps::new(MAX_GAPS);
        for (line, paragraph) in paragraphs(&text) {
            if packages.len() >= super::MAX_PACKAGES {
                gaps.push(super::too_many(path));
                break;
            }
            let stanza = Stanza::read(paragraph);
            match stanza.package(path) {
                Ok(package) => {
                    if let Some(package) = package.as_ref().filter(|_| stanza.is_foreign()) {
                        foreign.push(FileOwner {
                            package: package.name.clone(),
                            foreign: true,
                            paths: Vec::new(),
                        });
                    }
                    packages.extend(package);
                }
                Err(why) => gaps.push(gap_at(
                    GapReason::Corrupt,
                    path,
                    format!("the paragraph at line {line} was skipped: {why}"),
                )),
            }
            if stanza.broken_line && stanza.is_named() {
                gaps.push(gap_at(
                    GapReason::Corrupt,
                    path,
                    format!("the paragraph at line {line} has a line that is not a field"),
                ));
            }
        }
        let mut evidence = vec![Evidence::Packages {
            path: path.to_owned(),
            analyzer: self.name().to_owned(),
            packages,
        }];
        if !foreign.is_empty() {
            foreign.sort_by(|a, b| a.package.cmp(&b.package));
            evidence.push(Evidence::OwnedFiles {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                owners: foreign,
            });
        }
        Ok(Analysis {
            evidence,
            gaps: gaps.into_vec(),
        })
    }
}

/// The fields of one paragraph that matter.
#[derive(Debug, Default)]
struct Stanza<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    status: Option<&'a str>,
    source: Option<&'a str>,
    architecture: Option<&'a str>,
    maintainer: Option<&'a str>,
    broken_line: bool,
}

impl<'a> Stanza<'a> {
    fn read(paragraph: &'a str) -> Self {
        let mut stanza = Self::default();
        for line in lines(paragraph) {
            match line {
                Line::Field(key, value) => stanza.field(key, value),
                Line::Continuation => {}
                Line::Broken => stanza.broken_line = true,
            }
        }
        stanza
    }

    fn field(&mut self, key: &str, value: &'a str) {
        let field = match key.len() {
            7 if key.eq_ignore_ascii_case("package") => &mut self.name,
            7 if key.eq_ignore_ascii_case("version") => &mut self.version,
            6 if key.eq_ignore_ascii_case("status") => &mut self.status,
            6 if key.eq_ignore_ascii_case("source") => &mut self.source,
            12 if key.eq_ignore_ascii_case("architecture") => &mut self.architecture,
            10 if key.eq_ignore_ascii_case("maintainer") => &mut self.maintainer,
            _ => return,
        };
        // The first of a repeated field counts.
        field.get_or_insert(value);
    }

    /// Whether somebody else than a distribution seems to have built it. Most of Debian's maintainers are teams or have an
    /// address of Debian's; of the few others nothing tells them from vendors who publish packages of their own, so that
    /// what they bring is taken to be judged by nobody else.
    fn is_foreign(&self) -> bool {
        let Some(maintainer) = self.maintainer else {
            return false;
        };
        let maintainer = maintainer.to_ascii_lowercase();
        let (name, address) = maintainer
            .split_once('<')
            .unwrap_or((maintainer.as_str(), ""));
        let domain = address.rsplit('@').next().unwrap_or(address);
        !DISTRIBUTIONS
            .iter()
            .any(|word| name.contains(word) || domain.contains(word))
    }

    fn is_named(&self) -> bool {
        self.name.is_some() && self.version.is_some()
    }

    /// The package, nothing when it is not installed, or why the paragraph is of no use.
    fn package(&self, path: &str) -> Result<Option<Package>, &'static str> {
        let name = self.name.ok_or("it names no package")?;
        if !is_word(name) {
            return Err("its package name is not one");
        }
        if let Some(status) = self.status
            && !is_on_disk(status)?
        {
            return Ok(None);
        }
        let version = self.version.ok_or("it has no version")?;
        if !is_word(version) || !version.bytes().any(|b| b.is_ascii_digit()) {
            return Err("its version is not one");
        }
        // `Source: name` or `Source: name (version)`; without it the source is named as the binary package.
        let (source_name, source_version) = match self.source {
            // A binary-only rebuild that names no source version has its own without `+bN`.
            None => (name, without_binary_rebuild(version)),
            Some(source) => match source.split_once('(') {
                Some((source_name, rest)) => {
                    (source_name.trim_end(), rest.trim_end_matches(')').trim())
                }
                None => (source.trim(), without_binary_rebuild(version)),
            },
        };
        if !is_word(source_name) || !is_word(source_version) {
            return Err("its source is not a package and version");
        }
        let mut package = Package {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: PackageKind::Deb,
            purl: String::new(),
            source_name: Some(source_name.to_owned()),
            source_version: Some(source_version.to_owned()),
            architecture: self
                .architecture
                .filter(|text| is_word(text))
                .map(str::to_owned),
            path: path.to_owned(),
            layer: None,
            origin: Default::default(),
            owned_by: None,
        };
        package.purl = purls::of_distribution(&package, None).unwrap_or_default();
        Ok(Some(package))
    }
}

/// Whether `Status` (want, error flag, state) means that the package's files are in place. Of the states, only
/// `not-installed`, `config-files` and `half-installed` leave them out.
fn is_on_disk(status: &str) -> Result<bool, &'static str> {
    match status.split_ascii_whitespace().nth(2) {
        Some(
            "installed" | "triggers-pending" | "triggers-awaited" | "half-configured" | "unpacked",
        ) => Ok(true),
        Some("not-installed" | "config-files" | "half-installed") => Ok(false),
        _ => Err("its status is not one"),
    }
}

/// A version without the mark of a binary-only rebuild, `+b` and digits at the end.
fn without_binary_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            source
        }
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<Package>, Vec<String>) {
        let mut content = Content::from(text.as_bytes());
        let analysis = Dpkg.analyze(STATUS, &mut content).unwrap();
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        let gaps = analysis.gaps.into_iter().map(|gap| gap.detail).collect();
        (packages.clone(), gaps)
    }

    #[test]
    fn sources_and_rebuilds_are_told_apart() {
        let (packages, gaps) = read(
            "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nDescription: x\n folded: text\n .\n\n\
             Package: libgcc-s1\nStatus: install ok installed\nSource: gcc-12 (12.2.0-14)\nVersion: 12.2.0-14+b1\n\n\
             Package: ncal\nStatus: hold ok installed\nVersion: 12.1.8+b2\n\n\
             Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
             Package: waiting\nStatus: install ok triggers-awaited\nVersion: 2-1\n",
        );
        assert!(gaps.is_empty(), "{gaps:?}");
        let rows: Vec<_> = packages
            .iter()
            .map(|p| {
                (
                    p.name.as_str(),
                    p.version.as_str(),
                    p.source_name.as_deref().unwrap(),
                    p.source_version.as_deref().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("libssl3", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2"),
                ("libgcc-s1", "12.2.0-14+b1", "gcc-12", "12.2.0-14"),
                ("ncal", "12.1.8+b2", "ncal", "12.1.8"),
                ("waiting", "2-1", "waiting", "2-1"),
            ]
        );
        assert_eq!(packages[0].architecture.as_deref(), Some("amd64"));
    }

    #[test]
    fn packages_by_vendors_are_told_from_the_distributions() {
        let by = |name: &str, maintainer: &str| {
            format!(
                "Package: {name}\nStatus: install ok installed\nVersion: 1\nMaintainer: {maintainer}\n\n"
            )
        };
        let text = [
            by("a", "Debian Python Team <team+python@tracker.debian.org>"),
            by("b", "Matthias Klose <doko@debian.org>"),
            by(
                "c",
                "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>",
            ),
            by("nodejs", "NodeSource Support <support@nodesource.com>"),
            by("docker-ce", "Docker <support@docker.com>"),
            by(
                "cloud",
                "Cloud CLI Authors <https://code.example.com/p/sdk/>",
            ),
        ]
        .concat();
        let analysis = Dpkg
            .analyze(STATUS, &mut Content::from(text.into_bytes()))
            .unwrap();
        let [_, Evidence::OwnedFiles { owners, .. }] = &analysis.evidence[..] else {
            panic!("packages and strangers among them are wanted");
        };
        let names: Vec<_> = owners.iter().map(|owner| owner.package.as_str()).collect();
        assert_eq!(names, ["cloud", "docker-ce", "nodejs"]);
    }

    #[test]
    fn a_broken_paragraph_is_named_and_the_rest_is_read() {
        let (packages, gaps) = read(
            "Package: first\nStatus: install ok installed\nVersion: 1\n\n\
             Package: broken\nStatus: install ok insta\nVers\n\n\
             \u{0}\u{1}garbage\n\n\
             Package: third\nStatus: install ok installed\nVersion: 3\nnonsense\n\n\
             Package: last\nStatus: install ok installed\nVersion: 4\n",
        );
        let names: Vec<_> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["first", "third", "last"]);
        assert_eq!(gaps.len(), 3, "{gaps:?}");
        assert!(gaps[0].contains("line 5"), "{gaps:?}");
    }

    #[test]
    fn only_dpkg_records_are_wanted() {
        for path in [STATUS, "var/lib/dpkg/status.d/base-files"] {
            assert!(Dpkg.wants(path), "{path}");
        }
        for path in [
            "var/lib/dpkg/status-old",
            "var/lib/dpkg/status.d/base-files.md5sums",
            "var/lib/dpkg/status.d/a/b",
            "x/var/lib/dpkg/status",
        ] {
            assert!(!Dpkg.wants(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Dpkg.analyze(STATUS, &mut Content::from(bytes));
        }

        #[test]
        fn arbitrary_paragraphs_never_panic(text in "(Package: [a-z]{0,3}\n|Version: [0-9:~+b-]{0,6}\n|Source: [a-z]? ?\\(?[0-9]{0,2}\\)?\n|Status: install ok [a-z]{0,5}\n| x\n|\n){0,20}") {
            let _ = Dpkg.analyze(STATUS, &mut Content::from(text.into_bytes()));
        }
    }
}
