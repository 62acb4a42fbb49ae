//! Java archives: what a jar, war or ear is and holds, archives within archives included.
//!
//! An archive is known by its `pom.properties` (one for itself and one for each part that was shaded into it); without
//! them by its file's name and its manifest. A group id that neither states is not invented: the artifact is listed
//! without one, for matching to find by its artifact id alone, and coverage says so.

mod names;
mod zip;

use std::io::Read as _;

use schemas::inventory::{CoverageGap, Evidence, GapReason, Package, PackageKind};

use super::{Analysis, Analyzer, AnalyzerError};
use crate::{
    content::Content,
    gaps::{Gaps, chain, gap_at},
    path::{ends_with_ignore_case, split},
};
use names::{Coordinates, Manifest};
use zip::{Entry, ZipError};

const ENDINGS: &[&str] = &[
    ".jar", ".war", ".ear", ".hpi", ".jpi", ".par", ".sar", ".kar", ".nar",
];
/// Archives within archives. Real ones are at most three deep (ear, war, jar).
const MAX_DEPTH: usize = 5;
/// Archives looked into below one file, and their bytes together.
const MAX_ARCHIVES: usize = 5_000;
const MAX_NESTED_BYTES: u64 = 2 << 30;
/// Bytes of one archive within another.
const MAX_ARCHIVE_BYTES: u64 = 512 << 20;
/// Bytes read of a manifest, whose main part comes first, and of a `pom.properties`.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;
const MAX_PROPERTIES_BYTES: u64 = 64 << 10;
/// Manifests and `pom.properties` read of one file, and what reading them costs: their bytes packed and unpacked. Entries
/// may share their bytes, so that the file's size bounds neither.
const MAX_SMALL_ENTRIES: usize = 100_000;
const MAX_SMALL_BYTES: u64 = 256 << 20;
const MAX_GAPS: usize = 20;
/// Artifacts without a group that a gap names.
const MAX_NAMED: usize = 5;

/// Reads Java archives.
pub(crate) struct Java;

impl Analyzer for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn wants(&self, path: &str) -> bool {
        is_archive(path)
    }

    fn is_database(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let mut reader = Reader::new();
        if content.is_empty() {
            return Ok(Analysis::default());
        }
        reader
            .archive(path, content, 0)
            .map_err(|error| match error {
                ZipError::Limit(why) => AnalyzerError::Limit(why),
                ZipError::Unsupported(why) => AnalyzerError::Unsupported(why.to_owned()),
                ZipError::Read(error) => AnalyzerError::Read(error),
                error => AnalyzerError::Corrupt(chain(&error)),
            })?;
        reader.tell_groups(path);
        reader.packages.sort();
        reader.packages.dedup();
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages: reader.packages,
            }],
            gaps: reader.gaps.into_vec(),
        })
    }
}

/// Whether the name is that of an archive of classes.
fn is_archive(path: &str) -> bool {
    ENDINGS
        .iter()
        .any(|ending| ends_with_ignore_case(path, ending))
        && !["-sources.jar", "-javadoc.jar"]
            .iter()
            .any(|ending| ends_with_ignore_case(path, ending))
}

struct Reader {
    packages: Vec<Package>,
    gaps: Gaps,
    /// Names of artifacts whose group is not known.
    without_group: Vec<String>,
    archives: usize,
    nested_bytes: u64,
    /// Bytes that the archives within take as they lie there.
    packed_bytes: u64,
    small_entries: usize,
    small_bytes: u64,
    /// Whether no more small entries are read.
    spent: bool,
    full: bool,
}

impl Reader {
    fn new() -> Self {
        Self {
            packages: Vec::new(),
            gaps: Gaps::new(MAX_GAPS),
            without_group: Vec::new(),
            archives: 0,
            nested_bytes: 0,
            packed_bytes: 0,
            small_entries: 0,
            small_bytes: 0,
            spent: false,
            full: false,
        }
    }

    fn archive(&mut self, path: &str, content: &mut Content, depth: usize) -> Result<(), ZipError> {
        let mut nested = Vec::new();
        let mut properties = Vec::new();
        let mut manifest = None;
        zip::for_each_entry(content, &mut |entry| {
            if entry.name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
                manifest = Some(entry);
            } else if entry.name.starts_with("META-INF/maven/")
                && entry.name.ends_with("/pom.properties")
            {
                if properties.len() < super::MAX_PACKAGES {
                    properties.push(entry);
                }
            } else if is_archive(&entry.name) && nested.len() <= MAX_ARCHIVES {
                nested.push(entry);
            }
        })?;
        let mut found: Vec<Coordinates> = Vec::new();
        for entry in properties {
            if self.spent {
                break;
            }
            if let Some(bytes) = self.small(path, content, &entry, MAX_PROPERTIES_BYTES) {
                found.extend(names::properties(&bytes));
            }
        }
        let manifest = manifest
            .and_then(|entry| self.small(path, content, &entry, MAX_MANIFEST_BYTES))
            .map(|bytes| Manifest::read(&bytes))
            .unwrap_or_default();
        let file = split(path).1;
        if let Some(own) = names::own(file, &manifest, &found) {
            if own.group.is_empty() && self.without_group.len() <= MAX_NAMED {
                self.without_group
                    .push(format!("{} {}", own.artifact, own.version));
            }
            found.push(own);
        }
        for coordinates in found {
            self.add(path, coordinates);
        }
        for entry in nested {
            if self.full {
                break;
            }
            let inner = format!("{path}!/{}", entry.name);
            self.nested(&inner, content, &entry, depth + 1);
        }
        Ok(())
    }

    fn add(&mut self, path: &str, coordinates: Coordinates) {
        if self.packages.len() >= super::MAX_PACKAGES {
            if !self.full {
                self.full = true;
                self.gaps.push(super::too_many(path));
            }
            return;
        }
        let Coordinates {
            group,
            artifact,
            version,
        } = coordinates;
        self.packages.push(Package {
            purl: purl::maven(&group, &artifact, &version),
            name: if group.is_empty() {
                artifact
            } else {
                format!("{group}:{artifact}")
            },
            version,
            kind: PackageKind::Maven,
            path: path.to_owned(),
            ..Package::default()
        });
    }

    /// The bytes of a small entry, as far as `limit`; a gap when they cannot be read.
    fn small(
        &mut self,
        path: &str,
        content: &mut Content,
        entry: &Entry,
        limit: u64,
    ) -> Option<Vec<u8>> {
        // Blocks without content inflate to nothing, however many there are.
        let most_packed = entry.packed_bytes().min(2 * limit);
        self.small_entries += 1;
        self.small_bytes = self.small_bytes.saturating_add(most_packed);
        if self.spent
            || self.small_entries > MAX_SMALL_ENTRIES
            || self.small_bytes > MAX_SMALL_BYTES
        {
            if !self.spent {
                self.spent = true;
                self.gaps.push(gap_at(
                    GapReason::LimitExceeded,
                    path,
                    format!(
                        "the file holds more manifests and pom.properties than are read ({MAX_SMALL_ENTRIES}, or \
                         {MAX_SMALL_BYTES} bytes): the rest was not read"
                    ),
                ));
            }
            return None;
        }
        let mut bytes = Vec::new();
        let read = entry.open(content, most_packed).and_then(|reader| {
            reader
                .take(limit)
                .read_to_end(&mut bytes)
                .map_err(ZipError::Inflate)
        });
        self.small_bytes = self.small_bytes.saturating_add(bytes.len() as u64);
        match read {
            Ok(_) => Some(bytes),
            Err(error) => {
                self.gaps
                    .push(unread(&format!("{path}!/{}", entry.name), &error));
                None
            }
        }
    }

    fn nested(&mut self, path: &str, content: &mut Content, entry: &Entry, depth: usize) {
        self.archives += 1;
        let why = if depth > MAX_DEPTH {
            Some(format!("it lies more than {MAX_DEPTH} archives deep"))
        } else if self.archives > MAX_ARCHIVES {
            Some(format!(
                "the archive holds more than {MAX_ARCHIVES} archives"
            ))
        } else {
            None
        };
        if let Some(why) = why {
            self.gaps.push(gap_at(
                GapReason::LimitExceeded,
                path,
                format!("the archive within was not read: {why}"),
            ));
            return;
        }
        let result = self
            .extract(content, entry)
            .and_then(|mut inner| self.archive(path, &mut inner, depth));
        if let Err(error) = result {
            self.gaps.push(unread(path, &error));
        }
    }

    /// An archive's bytes. The size it states is not believed.
    fn extract(&mut self, content: &mut Content, entry: &Entry) -> Result<Content, ZipError> {
        let limit = MAX_ARCHIVE_BYTES.min(MAX_NESTED_BYTES.saturating_sub(self.nested_bytes));
        let over = || {
            ZipError::Limit(
                "it, or all that lie in the same file, inflate to more than is read".to_owned(),
            )
        };
        let packed = entry.packed_bytes().min(content.len());
        self.packed_bytes = self.packed_bytes.saturating_add(packed);
        if self.packed_bytes > MAX_NESTED_BYTES {
            return Err(over());
        }
        let mut reader = entry.open(content, packed)?;
        let mut inner = Content::empty();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = reader.read(&mut buffer).map_err(ZipError::Inflate)?;
            if count == 0 {
                return Ok(inner);
            }
            self.nested_bytes += count as u64;
            if inner.len() + count as u64 > limit {
                return Err(over());
            }
            inner
                .append(buffer.get(..count).unwrap_or_default())
                .map_err(ZipError::Read)?;
        }
    }

    fn tell_groups(&mut self, path: &str) {
        if self.without_group.is_empty() {
            return;
        }
        let more = match self.without_group.len() > MAX_NAMED {
            true => " and others",
            false => "",
        };
        self.without_group.truncate(MAX_NAMED);
        self.gaps.push(gap_at(
            GapReason::UnsupportedFormat,
            path,
            format!(
                "{}{more} state no group id (no pom.properties, and none in the manifest): judged by their artifact id alone, and \
                 only where advisories know one group that has it",
                self.without_group.join(", ")
            ),
        ));
    }
}

fn unread(path: &str, error: &ZipError) -> CoverageGap {
    let reason = match error {
        ZipError::Limit(_) => GapReason::LimitExceeded,
        ZipError::Unsupported(_) => GapReason::UnsupportedFormat,
        ZipError::Read(_) => GapReason::ReadError,
        _ => GapReason::Corrupt,
    };
    gap_at(reason, path, format!("it was not read: {}", chain(error)))
}

#[cfg(test)]
mod tests;
