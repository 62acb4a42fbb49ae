//! The feeds: one file each, registered in [`FEEDS`], recognised by what a document says and never by its name.

mod almalinux_errata;
mod alpine_secdb;
mod cisa_kev;
mod csaf;
mod cve_metrics;
mod cve_record;
mod cvss_ssvc;
mod debian_tracker;
mod dotnet_releases;
mod ecosystems;
mod epss;
mod errata;
mod friends_of_php;
mod language;
mod msrc_csaf;
mod msrc_cvrf;
mod nodejs;
mod nvd;
mod osv;
mod osv_document;
mod oval;
mod photon;
mod public_exploits;
mod requirement;
mod rocky_errata;
mod rpm_names;
mod ruby_advisories;
mod rustsec;
mod shape;
mod suse_products;
mod ubuntu;
mod ubuntu_oval;
mod ubuntu_tracker;
mod updateinfo;
mod windows_builds;
mod xml;

use schemas::Timestamp;

use crate::row::{IntelRow, Row};

/// Every feed. The first that recognises a document reads it.
pub static FEEDS: &[&dyn Feed] = &[
    // First, as they are the most and the largest, and are told apart at little cost.
    &csaf::CsafFeed(csaf::Vendor::RedHat),
    &csaf::CsafFeed(csaf::Vendor::Suse),
    &msrc_csaf::MsrcCsaf,
    &msrc_cvrf::MsrcCvrf,
    &windows_builds::WindowsBuilds,
    &debian_tracker::DebianTracker,
    &alpine_secdb::AlpineSecdb,
    &almalinux_errata::AlmaLinuxErrata,
    &rocky_errata::RockyErrata,
    &updateinfo::UpdateInfo,
    &photon::Photon,
    &oval::Oval(oval::Vendor::Oracle),
    &oval::Oval(oval::Vendor::Suse),
    &oval::Oval(oval::Vendor::Azure),
    &oval::Oval(oval::Vendor::Photon),
    &ubuntu_oval::UbuntuOval,
    &ubuntu_tracker::UbuntuTracker,
    &cisa_kev::CisaKev,
    &epss::Epss,
    &cvss_ssvc::CvssSsvc,
    &nvd::Nvd,
    &cve_record::CveRecord,
    &public_exploits::ExploitDb,
    &public_exploits::Metasploit,
    &public_exploits::Nuclei,
    &public_exploits::ExploitCounts,
    &rustsec::RustSec,
    &ruby_advisories::RubyAdvisories,
    &friends_of_php::FriendsOfPhp,
    &nodejs::NodeJs,
    &dotnet_releases::DotnetReleases,
    &osv::Osv,
];

pub(crate) use csaf::CHANNEL;
pub(crate) use ecosystems::{alpine_release, debian_release, normal_name, scheme_of};
pub(crate) use msrc_csaf::NAME as MSRC_CSAF;
pub(crate) use rpm_names::module_stream;

/// Whether a feed is one of a distribution's own, which knows its packages better than a collection of all does.
pub(crate) fn distributions_own(feed: &str) -> bool {
    let own = [
        debian_tracker::NAME,
        alpine_secdb::NAME,
        almalinux_errata::NAME,
        rocky_errata::NAME,
        updateinfo::NAME,
        photon::NAME,
        ubuntu_oval::NAME,
        ubuntu_tracker::NAME,
    ];
    own.contains(&feed) || feed.ends_with("-oval") || feed.ends_with("-csaf")
}

/// Text that a document's error carries, at most, in characters.
const SHOWN_CHARS: usize = 160;

/// One document, unpacked and whole.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its name for messages; says nothing about what it is.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A kind of document that advisories are read from.
pub trait Feed: Sync {
    /// The feed's name, such as `debian-tracker`: stored in every row and shown to people.
    fn name(&self) -> &'static str;

    /// Whether this document is of this feed, by its content. A document that is cut is still recognised when its
    /// beginning tells; only the beginning should be looked at.
    fn recognises(&self, document: &Document<'_>) -> bool;

    /// Reads the document into rows.
    ///
    /// # Errors
    /// A document that cannot be used as a whole; the rows it had given are then taken back. A single bad row is
    /// told by [`Sink::problem`], and the document goes on.
    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError>;
}

/// Where a feed's rows go. Rows are copied at once, so they may borrow anything.
pub trait Sink {
    /// Takes an advisory row.
    fn advisory(&mut self, row: &Row<'_>);

    /// Takes facts about a vulnerability.
    fn intel(&mut self, row: &IntelRow<'_>);

    /// Counts a row that was understood and is of an ecosystem whose order of versions is not known here.
    fn not_judged(&mut self, ecosystem: &str);

    /// The date that the document carries; the newest counts.
    fn as_of(&mut self, moment: Timestamp);

    /// The name of the document in its publisher's words, such as `2024-Aug`, instead of its file's name. To be
    /// called before the first row.
    fn title(&mut self, title: &str);

    /// Tells of a row that could not be read: where, and what is wrong.
    fn problem(&mut self, at: &str, what: &str);
}

/// Why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// It ends before it is complete.
    #[error("the document is cut: it ends at {at}")]
    Cut {
        /// Line and column, byte offset or element.
        at: String,
    },
    /// It holds nothing.
    #[error("the document is empty")]
    Empty,
    /// Its form is not the one that is read here.
    #[error("malformed at {at}: {what}")]
    Malformed {
        /// Line and column, byte offset or element.
        at: String,
        /// What is wrong, for people.
        what: String,
    },
    /// It says that it has a version of its form that is not read here.
    #[error("the document has form {found}, and {known} is read")]
    OtherVersion {
        /// What it says.
        found: String,
        /// What is known.
        known: &'static str,
    },
}

/// A foreign text, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// The page about a row where its address follows from its ids.
pub(crate) fn page_of(feed: &str, row: &Row<'_>) -> Option<String> {
    let id = row.advisory.unwrap_or(row.vulnerability);
    match feed {
        debian_tracker::NAME => Some(format!("https://security-tracker.debian.org/tracker/{id}")),
        alpine_secdb::NAME => Some(format!("https://security.alpinelinux.org/vuln/{id}")),
        osv::NAME => Some(format!("https://osv.dev/vulnerability/{id}")),
        almalinux_errata::NAME => {
            let release = row.ecosystem.release.unwrap_or_default();
            let page = id.replace(':', "-");
            Some(format!(
                "https://errata.almalinux.org/{release}/{page}.html"
            ))
        }
        rocky_errata::NAME => Some(format!("https://errata.rockylinux.org/{id}")),
        ubuntu_tracker::NAME | ubuntu_oval::NAME => {
            Some(format!("https://ubuntu.com/security/{}", row.vulnerability))
        }
        "oracle-oval" => Some(format!("https://linux.oracle.com/errata/{id}.html")),
        updateinfo::NAME if row.ecosystem.name == "amazon" => Some(updateinfo::page(
            row.ecosystem.release.unwrap_or_default(),
            id,
        )),
        "redhat-csaf" => Some(match row.advisory {
            Some(id) => format!("https://access.redhat.com/errata/{id}"),
            None => format!("https://access.redhat.com/security/cve/{id}"),
        }),
        "suse-csaf" | "suse-oval" => Some(format!(
            "https://www.suse.com/security/cve/{}.html",
            row.vulnerability
        )),
        photon::NAME => Some(format!("https://nvd.nist.gov/vuln/detail/{id}")),
        rustsec::NAME => Some(format!("https://rustsec.org/advisories/{id}.html")),
        nodejs::NAME => row
            .vulnerability
            .starts_with("CVE-")
            .then(|| format!("https://www.cve.org/CVERecord?id={}", row.vulnerability)),
        "msrc-cvrf" | msrc_csaf::NAME => {
            let id = row.vulnerability;
            Some(format!(
                "https://msrc.microsoft.com/update-guide/vulnerability/{id}"
            ))
        }
        _ => None,
    }
}

/// The error of a JSON reader, with where it is.
fn json_error(error: &serde_json::Error) -> FeedError {
    let at = format!("line {} column {}", error.line(), error.column());
    if error.is_eof() {
        FeedError::Cut { at }
    } else {
        FeedError::Malformed {
            at,
            what: error.to_string(),
        }
    }
}

/// The error of a CSV reader, with where it is.
fn csv_error(error: &csv::Error) -> FeedError {
    FeedError::Malformed {
        at: match error.position() {
            Some(position) => format!("line {}", position.line()),
            None => "the beginning".to_owned(),
        },
        what: error.to_string(),
    }
}

/// One line of at most 240 characters, from a text of any form; none when nothing is left.
fn one_line(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        if line.chars().count() + word.chars().count() > 240 {
            line.push('…');
            break;
        }
        line.push_str(word);
    }
    Some(line).filter(|line| !line.is_empty() && line != "…")
}

/// The CVE ids in a text, in order, each once. An id ends where its digits do.
fn cves_in(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("CVE-") {
        let candidate = rest.get(start..).unwrap_or_default();
        let end = 4 + candidate
            .get(4..)
            .unwrap_or_default()
            .bytes()
            .position(|b| !b.is_ascii_digit() && b != b'-')
            .unwrap_or(candidate.len() - 4);
        let id = candidate
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches('-');
        if is_cve(id) && !found.contains(&id) {
            found.push(id);
        }
        rest = candidate.get(end.max(4)..).unwrap_or_default();
    }
    found
}

/// Whether this is `CVE-YEAR-NUMBER`.
fn is_cve(id: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    id.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| {
            year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
        })
}

/// A moment from a date (`2025-08-25`) or a date and time, with or without an offset; none for anything else.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    match text.len() {
        10 => format!("{text}T00:00:00Z").parse().ok(),
        // `+0000` without its colon, as EPSS writes it.
        _ => match text.strip_suffix("+0000") {
            Some(local) => format!("{local}Z").parse().ok(),
            None => format!("{text}Z").parse().ok(),
        },
    }
}

#[cfg(test)]
mod distribution_tests;
#[cfg(test)]
mod tests;
