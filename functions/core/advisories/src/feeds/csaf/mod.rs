//! CSAF 2.0 of distributions: Red Hat's and SUSE's VEX documents, one a vulnerability, and their advisories.
//!
//! Source: CSAF 2.0, OASIS Standard, profiles 4.4 "Security Advisory" and 4.5 "VEX";
//! `https://security.access.redhat.com/data/csaf/v2/vex/`, `https://ftp.suse.com/pub/projects/security/csaf-vex/`. VEX
//! documents are complete, with what is not fixed and will not be.

mod document;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::{Severity, Timestamp, advisory::AdvisoryStatus, severity::SeveritySource};

use super::{
    Document, Feed, FeedError, Sink,
    almalinux_errata::find,
    errata::plain_evr,
    is_cve, json_error, moment, one_line,
    rpm_names::{Nevra, digits, module_stream, nevra},
    shape, suse_products,
};
use crate::{
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::{of_score, of_word},
};
use document::{Csaf, Part, Products, Vulnerability};

/// Bytes at the beginning that tell what a document is.
const FIRST_BYTES: usize = 4096;
/// Bytes at the beginning that tell whose it is: its notes may come first.
const HEAD_BYTES: usize = 256 * 1024;
/// What stands before the release in the stream of a fix of one of Red Hat's extended channels: `rhel:8.8`. Such a fix
/// mends machines of that channel and says nothing of others.
pub(crate) const CHANNEL: &str = "rhel:";

/// Whose documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    RedHat,
    Suse,
}

/// CSAF documents of one vendor.
pub(super) struct CsafFeed(pub(super) Vendor);

impl Feed for CsafFeed {
    fn name(&self) -> &'static str {
        match self.0 {
            Vendor::RedHat => "redhat-csaf",
            Vendor::Suse => "suse-csaf",
        }
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let publisher: &[u8] = match self.0 {
            Vendor::RedHat => b"\"Red Hat Product Security\"",
            Vendor::Suse => b"\"SUSE Product Security Team\"",
        };
        // There are hundreds of thousands of these, some large: a look at the beginning must do.
        let part = |bytes: usize| document.bytes.get(..bytes).unwrap_or(document.bytes);
        shape::trimmed(document.bytes).starts_with(b"{")
            && find(part(FIRST_BYTES), b"\"document\"")
            && find(part(FIRST_BYTES), b"\"csaf_version\"")
            && published_by(part(HEAD_BYTES), publisher)
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let csaf: Csaf<'_> = serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
        if !csaf.document.csaf_version.starts_with("2.") {
            return Err(FeedError::OtherVersion {
                found: format!("CSAF {}", super::shown(&csaf.document.csaf_version)),
                known: "CSAF 2",
            });
        }
        if let Some(moment) = csaf
            .document
            .tracking
            .current_release_date
            .as_deref()
            .and_then(moment)
        {
            sink.as_of(moment);
        }
        let products = Products::of(&csaf.product_tree);
        for vulnerability in &csaf.vulnerabilities {
            Reading {
                vendor: self.0,
                csaf: &csaf,
                products: &products,
                vulnerability,
            }
            .rows(sink);
        }
        Ok(())
    }
}

/// Whether a document's beginning has this text, with its quotes, as a name: that of the publisher, and not one of
/// those that are thanked.
pub(super) fn published_by(head: &[u8], publisher: &[u8]) -> bool {
    let is_name = |at: usize| {
        let before = head.get(..at).unwrap_or_default().trim_ascii_end();
        let key = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        key.is_some_and(|key| key.ends_with(b"\"name\""))
    };
    let mut windows = head.windows(publisher.len().max(1)).enumerate();
    windows.any(|(at, window)| window == publisher && is_name(at))
}

/// One vulnerability of a document.
struct Reading<'d> {
    vendor: Vendor,
    csaf: &'d Csaf<'d>,
    products: &'d Products<'d>,
    vulnerability: &'d Vulnerability<'d>,
}

/// One row but for its architectures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said<'d> {
    ecosystem: &'static str,
    release: Option<String>,
    package: &'d str,
    stream: Option<String>,
    fixed: Option<&'d str>,
    /// Order of [`AdvisoryStatus`] is of no interest, but a key needs one.
    status: u8,
    advisory: Option<&'d str>,
    fixed_at: Option<Timestamp>,
}

const FIXED: u8 = 0;
const OPEN: u8 = 1;
const WILL_NOT_FIX: u8 = 2;
const END_OF_LIFE: u8 = 3;
const UNDETERMINED: u8 = 4;
const NOT_AFFECTED: u8 = 5;

/// What remedies say of a product.
#[derive(Clone, Copy, Default)]
struct Remedy<'d> {
    advisory: Option<&'d str>,
    date: Option<Timestamp>,
    status: Option<u8>,
}

impl<'d> Reading<'d> {
    fn rows(&self, sink: &mut dyn Sink) {
        let Some(cve) = self.vulnerability.cve.as_deref().filter(|id| is_cve(id)) else {
            sink.problem(
                &self.csaf.document.tracking.id,
                "a vulnerability without a CVE id",
            );
            return;
        };
        let remedies = self.remedies();
        let statuses = &self.vulnerability.product_status;
        let mut said: BTreeMap<Said<'d>, BTreeSet<&'d str>> = BTreeMap::new();
        let fixed = [
            &statuses.fixed,
            &statuses.first_fixed,
            &statuses.recommended,
        ];
        let others = [
            (&statuses.known_affected, OPEN),
            (&statuses.under_investigation, UNDETERMINED),
            (&statuses.known_not_affected, NOT_AFFECTED),
        ];
        let all = fixed
            .into_iter()
            .map(|list| (list, FIXED))
            .chain(others)
            .flat_map(|(list, status)| list.iter().map(move |id| (&**id, status)));
        for (id, status) in all {
            // SUSE names every package of every product that is not concerned: a million rows that decide nothing.
            if status == NOT_AFFECTED && self.vendor == Vendor::Suse {
                continue;
            }
            let Some(part) = self.products.part(id) else {
                continue;
            };
            let remedy = remedies.get(id).copied().unwrap_or_default();
            match self.one(part, status, remedy) {
                Ok(Some((row, architecture))) => {
                    said.entry(row).or_default().insert(architecture);
                }
                Ok(None) => {}
                Err(what) => sink.not_judged(what),
            }
        }
        let (ratings, summary) = (self.ratings(), self.summary());
        for (row, architectures) in &said {
            let everywhere = architectures.contains("noarch") || architectures.contains("");
            let run = row
                .fixed
                .filter(|_| row.status == FIXED)
                .map(|fixed| EventsRef {
                    introduced: "0",
                    fixed: Some(fixed),
                    last_affected: None,
                });
            sink.advisory(&Row {
                ecosystem: EcosystemRef {
                    name: row.ecosystem,
                    release: row.release.as_deref(),
                },
                package: row.package,
                vulnerability: cve,
                advisory: row.advisory.filter(|id| *id != cve),
                status: match row.status {
                    FIXED => AdvisoryStatus::Fixed,
                    OPEN => AdvisoryStatus::Open,
                    WILL_NOT_FIX => AdvisoryStatus::WillNotFix,
                    END_OF_LIFE => AdvisoryStatus::EndOfLife,
                    NOT_AFFECTED => AdvisoryStatus::NotAffected,
                    _ => AdvisoryStatus::Undetermined,
                },
                affected: run.into_iter().collect(),
                stream: row.stream.as_deref(),
                architectures: match everywhere {
                    true => Vec::new(),
                    false => architectures.iter().copied().collect(),
                },
                ratings: ratings.clone(),
                summary: summary.as_deref(),
                fixed_at: row.fixed_at,
                ..Row::default()
            });
        }
    }

    /// Remedies by product: the advisory that fixes it, or that nothing will.
    fn remedies(&self) -> HashMap<&'d str, Remedy<'d>> {
        let mut found: HashMap<&'d str, Remedy<'d>> = HashMap::new();
        for remediation in &self.vulnerability.remediations {
            let details = remediation.details.as_deref().unwrap_or_default();
            let status = match &*remediation.category {
                "no_fix_planned" if details.to_ascii_lowercase().contains("out of support") => {
                    END_OF_LIFE
                }
                "no_fix_planned" => WILL_NOT_FIX,
                // "Affected", "Fix deferred".
                "none_available" => OPEN,
                "vendor_fix" => FIXED,
                _ => continue,
            };
            let advisory = remediation
                .url
                .as_deref()
                .and_then(|url| url.rsplit('/').next())
                .filter(|id| {
                    id.starts_with("RHSA-") || id.starts_with("RHBA-") || id.starts_with("RHEA-")
                });
            let date = remediation.date.as_deref().and_then(moment);
            for id in &remediation.product_ids {
                let remedy = found.entry(id).or_default();
                if status == FIXED {
                    remedy.advisory = advisory.or(remedy.advisory);
                    remedy.date = date.or(remedy.date);
                } else {
                    remedy.status = Some(status);
                }
            }
        }
        found
    }

    /// The row of one product, and its architecture. An error names what is not judged here.
    fn one(
        &self,
        part: Part<'d>,
        status: u8,
        remedy: Remedy<'d>,
    ) -> Result<Option<(Said<'d>, &'d str)>, &'static str> {
        let (ecosystem, release, channel) = match self.vendor {
            Vendor::RedHat => {
                let (release, channel) = part
                    .cpe
                    .and_then(red_hat_release)
                    .ok_or("red hat products on top of a distribution")?;
                ("redhat", Some(release), channel)
            }
            Vendor::Suse => {
                let place = suse_products::place(part.product);
                let (ecosystem, release) = place.ok_or("suse products on top of a distribution")?;
                (ecosystem, release, None)
            }
        };
        let (component, stream) = component(&part);
        let build = nevra(component).filter(|_| component.contains('-') && status == FIXED);
        let advisory = match (&*self.csaf.document.category, self.vendor) {
            ("csaf_security_advisory", _) => Some(&*self.csaf.document.tracking.id),
            _ => remedy.advisory,
        };
        let issued = match &*self.csaf.document.category {
            "csaf_security_advisory" => self
                .csaf
                .document
                .tracking
                .initial_release_date
                .as_deref()
                .and_then(moment),
            _ => None,
        };
        let mut row = Said {
            ecosystem,
            release,
            package: component,
            stream,
            fixed: None,
            status: match status {
                OPEN => remedy.status.unwrap_or(OPEN),
                status => status,
            },
            advisory: advisory.filter(|_| status == FIXED),
            fixed_at: remedy.date.or(issued).filter(|_| status == FIXED),
        };
        if status == FIXED {
            let Some(Nevra {
                name,
                evr,
                architecture,
            }) = build
            else {
                return Ok(None);
            };
            if ["-debuginfo", "-debugsource"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                return Ok(None);
            }
            row.package = name;
            row.fixed = Some(plain_evr(evr));
            let source = matches!(architecture, "src" | "nosrc");
            return Ok(match channel {
                // Of extended channels the source package is enough to tell who is mended.
                Some(channel) if source => {
                    row.stream = Some(format!("{CHANNEL}{channel}"));
                    Some((row, ""))
                }
                Some(_) => None,
                None if source => None,
                None => Some((row, architecture)),
            });
        }
        // Builds that are named because an advisory carried them, and images of containers.
        if channel.is_some() || component.contains('/') || is_build(component) {
            return Ok(None);
        }
        Ok(Some((row, "")))
    }

    fn ratings(&self) -> Vec<RatingRef<'d>> {
        let impact = self
            .vulnerability
            .threats
            .iter()
            .find(|threat| threat.category == "impact");
        let word = impact.map(|threat| &*threat.details).or_else(|| {
            let severity = self.csaf.document.aggregate_severity.as_ref()?;
            Some(&*severity.text)
        });
        let cvss = self
            .vulnerability
            .scores
            .iter()
            .find_map(|score| score.cvss_v3.as_ref());
        let score = cvss
            .and_then(|cvss| cvss.base_score)
            .filter(|score| (0.0..=10.0).contains(score));
        let severity = match (word.map(of_word), score) {
            (Some(severity), _) if severity != Severity::Unknown => severity,
            (_, Some(score)) => of_score(score),
            _ => Severity::Unknown,
        };
        if word.is_none() && score.is_none() {
            return Vec::new();
        }
        vec![RatingRef {
            source: SeveritySource::Vendor,
            severity,
            word,
            cvss_score: score,
            cvss_vector: cvss
                .map(|cvss| &*cvss.vector)
                .filter(|vector| !vector.is_empty()),
        }]
    }

    fn summary(&self) -> Option<String> {
        let title = self
            .vulnerability
            .title
            .as_deref()
            .filter(|title| !is_cve(title));
        title
            .or(self.csaf.document.title.as_deref())
            .filter(|title| !title.starts_with("SUSE CVE "))
            .and_then(one_line)
    }
}

/// A component's name or build, and its module stream: by `nodejs:18/nodejs`, by what stands between it and the
/// product, or by `rpmmod` of its purl.
fn component<'d>(part: &Part<'d>) -> (&'d str, Option<String>) {
    // `nodejs-1:18.1-1.el8.x86_64::nodejs:18`
    let (component, after) = match part.component.split_once("::") {
        Some((component, module)) => (component, module_stream(module)),
        None => (part.component, None),
    };
    let by_purl = || module_stream(&purl::qualifier(part.purl?, "rpmmod")?);
    let (component, before) = match component.split_once('/') {
        Some((module, name)) if module.contains(':') => (name, module_stream(module)),
        _ => (component, None),
    };
    let stream = before
        .or(after)
        .or_else(|| part.between.and_then(module_stream))
        .or_else(by_purl);
    (component, stream)
}

/// Whether a component's id is a build's and not a package's name.
fn is_build(component: &str) -> bool {
    nevra(component).is_some_and(|build| build.evr.contains(':') || !build.architecture.is_empty())
}

/// The release of Red Hat Enterprise Linux that a CPE names, and the minor release of an extended channel.
/// `cpe:/o:redhat:enterprise_linux:9::baseos`, `cpe:/a:redhat:rhel_eus:9.2::appstream`.
fn red_hat_release(cpe: &str) -> Option<(String, Option<String>)> {
    let mut parts = cpe.split(':').skip_while(|part| *part != "redhat").skip(1);
    let (product, version) = (parts.next()?, parts.next()?);
    let major = digits(version)?.to_owned();
    match product {
        "enterprise_linux" => Some((major, None)),
        "rhel_eus" | "rhel_aus" | "rhel_tus" | "rhel_e4s" | "rhel_els" | "rhel_eus_long_life" => {
            Some((major, Some(version.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_modules_are_told() {
        for (cpe, expected) in [
            (
                "cpe:/o:redhat:enterprise_linux:9::baseos",
                Some(("9", None)),
            ),
            (
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                Some(("9", Some("9.2"))),
            ),
            ("cpe:/a:redhat:openshift:4.12::el8", None),
            ("cpe:/o:redhat:enterprise_linux", None),
        ] {
            let found = red_hat_release(cpe);
            let found = found
                .as_ref()
                .map(|(release, channel)| (release.as_str(), channel.as_deref()));
            assert_eq!(found, expected, "{cpe}");
        }
        let part = |component, between, purl| Part {
            component,
            between,
            purl,
            ..Part::default()
        };
        for (part, expected) in [
            (
                part("nodejs:18/nodejs", None, None),
                ("nodejs", Some("nodejs:18")),
            ),
            (
                part("nodejs-1:18-1.el8.src::nodejs:18", None, None),
                ("nodejs-1:18-1.el8.src", Some("nodejs:18")),
            ),
            (
                part("nodejs-1:18-1.el8.src", Some("nodejs:18:80:c"), None),
                ("nodejs-1:18-1.el8.src", Some("nodejs:18")),
            ),
            (
                part(
                    "a",
                    None,
                    Some("pkg:rpm/redhat/a@1?arch=src&rpmmod=nodejs%3A18%3A8"),
                ),
                ("a", Some("nodejs:18")),
            ),
            (
                part("rhel9/nodejs-18", None, None),
                ("rhel9/nodejs-18", None),
            ),
        ] {
            let (name, stream) = component(&part);
            assert_eq!((name, stream.as_deref()), expected);
        }
    }
}
