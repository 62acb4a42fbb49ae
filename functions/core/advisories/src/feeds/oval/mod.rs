//! OVAL definitions of rpm distributions: Oracle Linux, SUSE and openSUSE, Azure Linux, Photon OS.
//!
//! Source: OVAL 5.11, "Definitions Schema" and "Linux Schema"; `https://linux.oracle.com/security/oval/`,
//! `https://ftp.suse.com/pub/projects/security/oval/`, `https://github.com/microsoft/AzureLinuxVulnerabilityData`,
//! `https://packages.vmware.com/photon/photon_oval_definitions/`.

mod criteria;
mod facts;

use std::collections::BTreeMap;

use super::{
    Document, Feed, FeedError, Sink, cves_in,
    errata::{Build, Erratum, State, rows},
    is_cve, moment,
    rpm_names::digits,
    suse_products,
    xml::{self, Element},
};
use criteria::Named;
use facts::Facts;

/// Bytes at the beginning that tell whose a document is.
const HEAD_BYTES: usize = 64 * 1024;

/// Whose definitions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    Oracle,
    Suse,
    Azure,
    Photon,
}

/// OVAL definitions of one vendor.
pub(super) struct Oval(pub(super) Vendor);

impl Vendor {
    /// What the ids of the vendor's definitions begin with.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Oracle => &["oval:com.oracle.elsa:"],
            Self::Suse => &["oval:org.opensuse.security:"],
            Self::Azure => &[
                "oval:com.microsoft.cbl-mariner:",
                "oval:com.microsoft.azurelinux:",
            ],
            Self::Photon => &["oval:com.vmware.phsa:"],
        }
    }

    fn ecosystem(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            // Named by each product instead.
            Self::Suse => "sles",
            Self::Azure => "azurelinux",
            Self::Photon => "photon",
        }
    }
}

/// Whether the beginning of a document is that of OVAL definitions, whose ids begin so.
pub(super) fn is_oval(bytes: &[u8], marks: &[&str]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..HEAD_BYTES).unwrap_or(bytes));
    head.contains("oval_definitions") && marks.iter().any(|mark| head.contains(mark))
}

/// The moment at which a document was made, read from its beginning.
pub(super) fn made_at(bytes: &[u8]) -> Option<schemas::Timestamp> {
    let head = String::from_utf8_lossy(bytes.get(..HEAD_BYTES).unwrap_or(bytes));
    let (_, rest) = head.split_once("timestamp>")?;
    moment(rest.split('<').next()?)
}

impl Feed for Oval {
    fn name(&self) -> &'static str {
        match self.0 {
            Vendor::Oracle => "oracle-oval",
            Vendor::Suse => "suse-oval",
            Vendor::Azure => "azurelinux-oval",
            Vendor::Photon => "photon-oval",
        }
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        is_oval(document.bytes, self.0.marks())
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        if let Some(moment) = made_at(document.bytes) {
            sink.as_of(moment);
        }
        let facts = Facts::read(document.bytes)?;
        let mut count = 0u64;
        xml::each(document.bytes, &["definition"], &mut |definition| {
            count += 1;
            one(&definition, &facts, self.0, sink);
        })?;
        match count {
            0 => Err(FeedError::Empty),
            _ => Ok(()),
        }
    }
}

/// What a definition's `metadata` says, before its packages.
struct Said<'d> {
    erratum: Erratum<'d>,
    /// Azure Linux: whether there is an update, `false` for not yet.
    patchable: Option<&'d str>,
}

fn one(definition: &Element, facts: &Facts, vendor: Vendor, sink: &mut dyn Sink) {
    let Some(metadata) = definition.child("metadata") else {
        sink.problem(
            definition.attribute("id").unwrap_or("a definition"),
            "it has no metadata",
        );
        return;
    };
    let Some(said) = metadata_of(metadata, vendor) else {
        sink.problem(
            definition.attribute("id").unwrap_or("a definition"),
            "it names neither a vulnerability nor an advisory",
        );
        return;
    };
    let named = criteria::packages(definition, facts, vendor);
    if vendor == Vendor::Azure && said.patchable == Some("Not Applicable") {
        // Reported against the package and found not to concern it.
        return;
    }
    // Products by what they are here, so that a hundred of SUSE's become some releases.
    let mut places: BTreeMap<(&'static str, Option<String>), Vec<&Named<'_>>> = BTreeMap::new();
    for package in &named {
        let mut found: Vec<_> = match vendor {
            Vendor::Azure => azure_release(package)
                .into_iter()
                .map(|r| ("azurelinux", Some(r)))
                .collect(),
            _ => package
                .platforms
                .iter()
                .filter_map(|platform| place(platform, vendor))
                .collect(),
        };
        found.sort();
        found.dedup();
        if found.is_empty() {
            sink.not_judged(match vendor {
                Vendor::Suse => "suse products on top of a distribution",
                _ => vendor.ecosystem(),
            });
        }
        for place in found {
            places.entry(place).or_default().push(package);
        }
    }
    for ((ecosystem, release), packages) in &places {
        let mut builds = Vec::new();
        for package in packages {
            let build = |architecture| Build {
                release: release.as_deref(),
                package: package.package,
                stream: package.stream.clone(),
                version: package.version.clone(),
                state: match (package.state, said.patchable) {
                    // No update yet: the version named is the last that was looked at.
                    (State::Fixed, Some("false")) => State::Open,
                    (state, _) => state,
                },
                architecture,
            };
            if package.architectures.is_empty() {
                builds.push(build(""));
            }
            builds.extend(
                package
                    .architectures
                    .iter()
                    .map(|name| build(name.as_str())),
            );
        }
        let erratum = Erratum {
            ecosystem,
            cves: said.erratum.cves.clone(),
            scores: said.erratum.scores.clone(),
            limited: true,
            ..said.erratum
        };
        rows(&erratum, builds, sink);
    }
}

/// The ecosystem and release that a product's name means.
fn place(platform: &str, vendor: Vendor) -> Option<(&'static str, Option<String>)> {
    match vendor {
        Vendor::Suse => suse_products::place(platform),
        Vendor::Oracle => {
            let release = digits(platform.strip_prefix("Oracle Linux ")?)?;
            Some(("oracle", Some(release.to_owned())))
        }
        Vendor::Photon => {
            let release = platform
                .strip_prefix("Photon OS ")
                .or_else(|| platform.strip_prefix("Photon "))?;
            Some(("photon", Some(format!("{}.0", digits(release)?))))
        }
        Vendor::Azure => None,
    }
}

/// Azure Linux's documents do not name their release, but the versions bear it: `.cm1`, `.cm2`, `.azl3`.
fn azure_release(package: &Named<'_>) -> Option<String> {
    let version = package.version.as_deref()?;
    ["cm", "azl"].iter().find_map(|tag| {
        let (_, rest) = version.rsplit_once(&format!(".{tag}"))?;
        digits(rest).map(|major| format!("{major}.0"))
    })
}

fn metadata_of(metadata: &Element, vendor: Vendor) -> Option<Said<'_>> {
    let advisory = metadata.child("advisory");
    let title = metadata.text_of("title");
    let own = advisory.unwrap_or(metadata);
    let mut cves: Vec<&str> = Vec::new();
    let mut ids: Vec<(&str, Option<&str>)> = Vec::new();
    for reference in metadata.all("reference") {
        let Some(id) = reference.attribute("ref_id") else {
            continue;
        };
        match reference.attribute("source") {
            Some("CVE") => cves.extend(cves_in(id)),
            Some("elsa" | "PHSA" | "SUSE-SU") => ids.push((id, reference.attribute("ref_url"))),
            _ => {}
        }
    }
    let mut scores = BTreeMap::new();
    for cve in own.all("cve") {
        let Some(&id) = cves_in(cve.text()).first() else {
            continue;
        };
        cves.push(id);
        // `7.5/CVSS:3.1/AV:N/…`, and before 2016 `7.8/AV:N/…`.
        let scored = cve.attribute("cvss3").and_then(|text| text.split_once('/'));
        if let Some((score, vector)) = scored
            && vector.starts_with("CVSS:3")
        {
            scores.insert(id, (score.parse().ok(), Some(vector)));
        }
    }
    let word = match vendor {
        Vendor::Azure => metadata.text_of("severity"),
        _ => own.text_of("severity"),
    };
    let date = |name: &str| {
        own.child(name)
            .and_then(|date| moment(date.attribute("date")?))
    };
    let issued = match vendor {
        Vendor::Azure => metadata.text_of("advisory_date").and_then(moment),
        _ => date("issued"),
    };
    let (id, url) = match (ids.as_slice(), vendor) {
        // SUSE's definitions of one vulnerability name all its advisories, of whatever product; one alone is the one.
        (&[(id, url)], Vendor::Suse) | (&[(id, url), ..], Vendor::Oracle | Vendor::Photon) => {
            (id, url)
        }
        _ => (cves.first().copied()?, None),
    };
    let id = match (vendor, title.and_then(|title| title.split(' ').next())) {
        // The reference's id is a wiki page's.
        (Vendor::Photon, Some(word)) if word.starts_with("PHSA-") => word,
        _ => id,
    };
    if id.is_empty() || (cves.is_empty() && is_cve(id)) {
        cves.push(id);
    }
    Some(Said {
        erratum: Erratum {
            ecosystem: vendor.ecosystem(),
            id,
            cves,
            severity: word,
            scores,
            title: title
                .filter(|title| !is_cve(title))
                .or_else(|| metadata.text_of("description")),
            // The pages of Oracle's and SUSE's advisories follow from their ids.
            url: url.filter(|url| vendor == Vendor::Photon && url.starts_with("https://")),
            issued,
            updated: date("updated").or(issued),
            limited: true,
        },
        patchable: metadata
            .text_of("patchable")
            .filter(|_| vendor == Vendor::Azure),
    })
}
