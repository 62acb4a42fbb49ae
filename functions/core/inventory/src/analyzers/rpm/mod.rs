//! Red Hat, SUSE and their kin: the rpm database in all its forms: SQLite (since RHEL 9 and Fedora 33), Berkeley DB (all
//! before, Amazon Linux 2), ndb (SUSE). Source: rpm's `lib/backend`, and its description of the header format.

mod berkeley;
mod header;
mod ndb;
mod older;
mod owners;
mod sqlite;

use schemas::inventory::{Evidence, GapReason, Package, PackageKind};

use super::{Analysis, Analyzer, AnalyzerError};
use crate::{
    content::Content,
    gaps::{Gaps, chain, gap_at},
    path::split,
    purls,
};
use older::OlderError;
use owners::Owners;

const FOLDERS: &[&str] = &["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const WELL_KNOWN: &[&str] = &[
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/share/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "usr/lib/sysimage/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/share/rpm/Packages",
];
/// An installed package's header is some tens of kilobytes; those of kernels reach a few megabytes.
const MAX_HEADER_BYTES: u64 = 16 << 20;
const MAX_GAPS: usize = 20;
/// Size of the head of a write-ahead log, below which it holds nothing.
const WAL_HEAD_BYTES: u64 = 32;

/// Reads the rpm database.
pub(crate) struct Rpm;

impl Analyzer for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn wants(&self, path: &str) -> bool {
        let (folder, name) = split(path);
        FOLDERS.contains(&folder)
            && matches!(
                name,
                "rpmdb.sqlite" | "rpmdb.sqlite-wal" | "Packages" | "Packages.db"
            )
    }

    fn well_known(&self) -> &'static [&'static str] {
        WELL_KNOWN
    }

    fn is_database(&self) -> bool {
        true
    }

    fn is_sole_record(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let name = split(path).1;
        if name == "rpmdb.sqlite-wal" {
            return if content.len() <= WAL_HEAD_BYTES {
                Ok(Analysis::default())
            } else {
                Err(AnalyzerError::Unsupported(
                    "the rpm database has a write-ahead log that was not applied: the newest changes may be missing; \
                     running `rpm -qa` as root on the host writes them into the database"
                        .to_owned(),
                ))
            };
        }
        if content.is_empty() {
            // rpm leaves an empty file of its older form behind.
            return Ok(Analysis::default());
        }
        let mut packages = Vec::new();
        let mut owners = Owners::default();
        let mut gaps = Gaps::new(MAX_GAPS);
        let mut full = false;
        let mut take = |row: String, blob: Result<&[u8], String>| match blob
            .map(|bytes| package(path, bytes, &mut owners))
        {
            Ok(Some(Some(_))) if packages.len() >= super::MAX_PACKAGES => full = true,
            Ok(Some(package)) => packages.extend(package),
            Ok(None) => gaps.push(gap_at(
                GapReason::Corrupt,
                path,
                format!("the package of row {row} was skipped: its header is damaged"),
            )),
            Err(why) => gaps.push(gap_at(
                GapReason::Corrupt,
                path,
                format!("the package of row {row} was skipped: {why}"),
            )),
        };
        let mut older = |number: u64, blob: Result<&[u8], OlderError>| {
            take(number.to_string(), blob.map_err(|error| chain(&error)));
        };
        let walked = match name {
            "Packages" => {
                berkeley::for_each_blob(content, MAX_HEADER_BYTES, &mut older).map_err(unread)
            }
            "Packages.db" => {
                ndb::for_each_blob(content, MAX_HEADER_BYTES, &mut older).map_err(unread)
            }
            _ => sqlite::for_each_blob(content, "Packages", MAX_HEADER_BYTES, &mut |row, blob| {
                take(row.to_string(), blob.map_err(|error| chain(&error)));
            })
            .map_err(|error| AnalyzerError::Corrupt(chain(&error))),
        };
        if full {
            gaps.push(super::too_many(path));
        }
        if let Err(error) = walked {
            if packages.is_empty() {
                return Err(error);
            }
            gaps.push(gap_at(
                GapReason::Corrupt,
                path,
                format!(
                    "the rest of the rpm database was skipped: {}",
                    chain(&error)
                ),
            ));
        }
        let (files, gap) = owners.finish(path, self.name());
        gaps.extend(gap);
        let mut evidence = vec![Evidence::Packages {
            path: path.to_owned(),
            analyzer: self.name().to_owned(),
            packages,
        }];
        evidence.extend(files);
        Ok(Analysis {
            evidence,
            gaps: gaps.into_vec(),
        })
    }
}

fn unread(error: OlderError) -> AnalyzerError {
    match error {
        OlderError::Unsupported(why) => AnalyzerError::Unsupported(format!(
            "{why}: the packages of the rpm database are not listed"
        )),
        OlderError::Read(error) => AnalyzerError::Read(error),
        error => AnalyzerError::Corrupt(chain(&error)),
    }
}

/// The package of a header; `Some(None)` for what is no software (imported keys).
fn package(path: &str, blob: &[u8], owners: &mut Owners) -> Option<Option<Package>> {
    let header = header::Header::read(blob)?;
    owners.see(&header);
    let name = header.name?;
    if name == "gpg-pubkey" {
        return Some(None);
    }
    let (version, release) = (header.version?, header.release?);
    let full = match header.epoch {
        // An epoch of zero and none compare alike, and rpm prints neither.
        None | Some(0) => format!("{version}-{release}"),
        Some(epoch) => format!("{epoch}:{version}-{release}"),
    };
    let (source_name, source_version) = header.source_rpm.as_deref().and_then(source_of).unzip();
    let mut package = Package {
        name,
        version: full,
        kind: PackageKind::Rpm,
        purl: String::new(),
        source_name,
        source_version,
        architecture: header.arch,
        path: path.to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    };
    package.purl = purls::of_distribution(&package, None)?;
    if let Some(module) = header.modularity_label {
        package.purl = purl::with(&package.purl, "rpmmod", &module);
    }
    Some(Some(package))
}

/// `openssl-3.0.7-6.el9_2.src.rpm` → `openssl`, `3.0.7-6.el9_2`.
fn source_of(file: &str) -> Option<(String, String)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name.to_owned(), format!("{version}-{release}")))
}

#[cfg(test)]
mod tests;
