//! One OSV entry, and the rows that it gives.

use std::fmt;

use schemas::{Severity, advisory::AdvisoryStatus, severity::SeveritySource};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    FeedError, Sink,
    ecosystems::{Place, from_osv, is_language, normal_name},
    is_cve,
    language::of_any_word,
    moment, one_line, shown,
};
use crate::{
    cvss::base_score,
    row::{EcosystemRef, EventsRef, RatingRef, Row},
    severity::{of_score, of_word},
    version::{
        VersionScheme,
        range::{Event as RangeEvent, in_range},
    },
};

/// Most vulnerabilities that one entry may stand for.
const MAX_IDS: usize = 2000;

/// One entry. What is not used is not read.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    schema_version: Option<String>,
    pub(super) id: String,
    #[serde(default)]
    modified: Option<String>,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    related: Option<Vec<String>>,
    #[serde(default)]
    upstream: Option<Vec<String>>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    severity: Option<Vec<Rated>>,
    #[serde(default)]
    affected: Option<Vec<Affected>>,
    #[serde(default)]
    database_specific: Option<Specific>,
}

#[derive(Debug, Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<Package>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    severity: Option<Vec<Rated>>,
    #[serde(default)]
    ecosystem_specific: Option<Specific>,
    #[serde(default)]
    database_specific: Option<Specific>,
}

#[derive(Debug, Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Range {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    events: Option<Vec<Event>>,
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
    #[serde(default)]
    limit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rated {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    score: String,
}

/// Fields that each database shapes as it likes; only words are taken.
#[derive(Debug, Deserialize)]
struct Specific {
    #[serde(default)]
    severity: Word,
    #[serde(default)]
    urgency: Word,
    /// RustSec: `unmaintained`, `unsound`, `notice`.
    #[serde(default)]
    informational: Word,
    /// Go: ranges in the numbers of the project, where its module proxy has none.
    #[serde(default)]
    custom_ranges: Option<Vec<Range>>,
    #[serde(default)]
    ubuntu_priority: Word,
}

/// A text, or nothing where something else stands.
#[derive(Debug, Default)]
struct Word(Option<String>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word(Some(text.to_owned())))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Word, E> {
                Ok(Word(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Word, E> {
                Ok(Word(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Word, E> {
                Ok(Word(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Word, E> {
                Ok(Word(None))
            }

            fn visit_unit<E>(self) -> Result<Word, E> {
                Ok(Word(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Word, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Word(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Word, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Word(None))
            }
        }
        reader.deserialize_any(Any)
    }
}

/// Reads one YAML document.
pub(super) fn yaml<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FeedError> {
    let text = std::str::from_utf8(bytes).map_err(|error| FeedError::Malformed {
        at: format!("byte {}", error.valid_up_to()),
        what: "it is not UTF-8".to_owned(),
    })?;
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| location.line());
        FeedError::Malformed {
            at: line.map_or("the beginning".to_owned(), |line| format!("line {line}")),
            what: shown(&error.to_string()),
        }
    })
}

/// Whether rows of this ecosystem speak of a distribution's own packages: then its words are the vendor's, and what it
/// calls upstream or related is what the advisory fixes.
fn is_distribution(place: &Place<'_>) -> bool {
    !is_language(place.name)
}

/// Hands the rows of an entry over.
pub(super) fn rows(entry: &Entry, sink: &mut dyn Sink) -> Result<(), FeedError> {
    if let Some(version) = &entry.schema_version
        && !version.starts_with("1.")
        && version != "1"
    {
        return Err(FeedError::OtherVersion {
            found: shown(version),
            known: "OSV 1.x",
        });
    }
    // Go's database writes the year 1 where it does not know.
    let known = |text: &Option<String>| {
        let moment = text.as_deref().and_then(moment);
        moment.filter(|moment| moment.as_ms() > 0)
    };
    let modified_at = known(&entry.modified);
    if let Some(modified) = modified_at {
        sink.as_of(modified);
    }
    if entry.withdrawn.is_some() {
        return Ok(());
    }
    // Patches of running kernels, and packages of special interest groups that bear the names of others.
    if entry.id.starts_with("LSN-") || entry.id.starts_with("RXSA-") {
        sink.not_judged("live patches and special interest groups");
        return Ok(());
    }
    let summary = [&entry.summary, &entry.details]
        .into_iter()
        .flatten()
        .find_map(|text| one_line(text));
    for affected in entry.affected.iter().flatten() {
        let Some(package) = &affected.package else {
            sink.not_judged("git");
            continue;
        };
        let Some(place) = from_osv(&package.ecosystem) else {
            let name = package.ecosystem.split(':').next().unwrap_or_default();
            sink.not_judged(name);
            continue;
        };
        let distribution = is_distribution(&place);
        // That nobody maintains a package is no vulnerability of it.
        let informational = [&affected.database_specific, &affected.ecosystem_specific]
            .into_iter()
            .flatten()
            .find_map(|specific| specific.informational.0.as_deref());
        if matches!(informational, Some("unmaintained" | "notice")) {
            continue;
        }
        let runs = runs(affected, place.scheme);
        let versions = versions_beyond(affected, &runs, place.scheme);
        if runs.is_empty() && versions.is_empty() {
            sink.not_judged("git");
            continue;
        }
        let ratings = ratings(entry, affected, distribution);
        let pro = place.name == "ubuntu"
            && runs
                .iter()
                .filter_map(|run| run.fixed)
                .any(super::ubuntu::is_pro_version);
        let (ids, aliases) = ids(entry, distribution);
        for id in ids {
            sink.advisory(&Row {
                ecosystem: EcosystemRef {
                    name: place.name,
                    release: place.release.as_deref(),
                },
                package: &normal_name(place.name, &package.name),
                vulnerability: id,
                advisory: Some(entry.id.as_str()).filter(|own| *own != id),
                aliases: aliases
                    .iter()
                    .copied()
                    .filter(|alias| *alias != id)
                    .collect(),
                status: if runs.iter().all(|run| run.fixed.is_none()) {
                    AdvisoryStatus::Open
                } else {
                    AdvisoryStatus::Fixed
                },
                affected: runs.clone(),
                versions: versions.clone(),
                ratings: ratings.clone(),
                summary: summary.as_deref(),
                modified_at,
                subscription: place
                    .subscription
                    .or_else(|| pro.then_some(super::ubuntu::PRO)),
                // An advisory is published when its fix is there, as a rule.
                fixed_at: known(&entry.published),
                ..Row::default()
            });
        }
    }
    Ok(())
}

/// The ids that the entry is ranked under, and its other names. The CVEs where there are any, else its own.
fn ids(entry: &Entry, distribution: bool) -> (Vec<&str>, Vec<&str>) {
    if is_cve(&entry.id) {
        return (
            vec![&entry.id],
            entry.aliases.iter().flatten().map(String::as_str).collect(),
        );
    }
    let mut cves: Vec<&str> = Vec::new();
    let mut aliases: Vec<&str> = Vec::new();
    for alias in entry.aliases.iter().flatten() {
        if is_cve(alias) {
            cves.push(alias);
        } else {
            aliases.push(alias);
        }
    }
    if distribution {
        let fixes = entry.upstream.iter().chain(&entry.related).flatten();
        cves.extend(fixes.map(String::as_str).filter(|id| is_cve(id)));
    }
    cves.sort_unstable();
    cves.dedup();
    cves.truncate(MAX_IDS);
    if cves.is_empty() {
        cves.push(&entry.id);
    }
    (cves, aliases)
}

/// The entry's ranges as runs of versions.
fn runs(affected: &Affected, scheme: VersionScheme) -> Vec<EventsRef<'_>> {
    let mut runs: Vec<EventsRef<'_>> = Vec::new();
    // Go's database gives every version of a module whose releases the module proxy does not know, and says beside it
    // in the project's own numbers which are affected: <https://go.dev/doc/security/vuln/database>.
    let custom = affected
        .ecosystem_specific
        .as_ref()
        .and_then(|specific| specific.custom_ranges.as_ref())
        .filter(|ranges| !ranges.is_empty());
    for range in custom.or(affected.ranges.as_ref()).into_iter().flatten() {
        if range.kind == "GIT" {
            continue;
        }
        let before = runs.len();
        let mut events: Vec<RangeEvent<'_>> = Vec::new();
        for event in range.events.iter().flatten() {
            events.extend(event.introduced.as_deref().map(RangeEvent::Introduced));
            events.extend(event.fixed.as_deref().map(RangeEvent::Fixed));
            events.extend(event.last_affected.as_deref().map(RangeEvent::LastAffected));
        }
        let first = |event: &RangeEvent<'_>| matches!(event, RangeEvent::Introduced("0"));
        events.sort_by(|a, b| {
            let by_version = scheme.order_total(a.version(), b.version());
            first(b).cmp(&first(a)).then(by_version)
        });
        let mut open: Option<EventsRef<'_>> = None;
        for event in events {
            match event {
                RangeEvent::Introduced(from) => {
                    open.get_or_insert(EventsRef {
                        introduced: from,
                        fixed: None,
                        last_affected: None,
                    });
                }
                RangeEvent::Fixed(at) => runs.extend(open.take().map(|run| EventsRef {
                    fixed: Some(at),
                    ..run
                })),
                RangeEvent::LastAffected(at) => runs.extend(open.take().map(|run| EventsRef {
                    last_affected: Some(at),
                    ..run
                })),
                RangeEvent::Limit(_) => {}
            }
        }
        runs.extend(open);
        let new = runs.split_off(before);
        runs.extend(within_limits(new, range, scheme));
    }
    runs
}

/// The parts of runs below the highest limit of their range: what lies above is not judged by it.
fn within_limits<'a>(
    mut runs: Vec<EventsRef<'a>>,
    range: &'a Range,
    scheme: VersionScheme,
) -> Vec<EventsRef<'a>> {
    let limits = || {
        let events = range.events.iter().flatten();
        events.filter_map(|event| event.limit.as_deref())
    };
    let Some(highest) = limits().max_by(|a, b| scheme.order_total(a, b)) else {
        return runs;
    };
    if limits().any(|limit| limit == "*") {
        return runs;
    }
    let below = |version: &str| version == "0" || scheme.order(version, highest).is_lt();
    runs.retain(|run| below(run.introduced));
    for run in &mut runs {
        let end = run.fixed.or(run.last_affected);
        if !end.is_some_and(below) {
            (run.fixed, run.last_affected) = (Some(highest), None);
        }
    }
    runs
}

/// Versions that are named and that no run holds: the schema wants every version of a run named too.
fn versions_beyond<'a>(
    affected: &'a Affected,
    runs: &[EventsRef<'_>],
    scheme: VersionScheme,
) -> Vec<&'a str> {
    let held = |version: &str| runs.iter().any(|run| holds(run, version, scheme));
    affected
        .versions
        .iter()
        .flatten()
        .map(String::as_str)
        .filter(|version| !version.is_empty() && !held(version))
        .collect()
}

/// Whether a run holds a version; an unreadable one is held by none.
pub(super) fn holds(run: &EventsRef<'_>, version: &str, scheme: VersionScheme) -> bool {
    let mut events = vec![RangeEvent::Introduced(run.introduced)];
    events.extend(run.fixed.map(RangeEvent::Fixed));
    events.extend(run.last_affected.map(RangeEvent::LastAffected));
    in_range(scheme, version, &events).is_ok_and(|verdict| verdict.affected)
}

/// All ratings of the entry. A distribution's are its own word for its own package; those of a database of languages
/// are a data publisher's.
fn ratings<'a>(entry: &'a Entry, affected: &'a Affected, distribution: bool) -> Vec<RatingRef<'a>> {
    let source = if distribution {
        SeveritySource::Vendor
    } else {
        SeveritySource::Adp
    };
    let mut ratings: Vec<RatingRef<'a>> = Vec::new();
    let specific = [
        affected.ecosystem_specific.as_ref(),
        affected.database_specific.as_ref(),
        entry.database_specific.as_ref(),
    ];
    let said = specific.into_iter().flatten();
    let word = said
        .flat_map(|specific| {
            [
                &specific.severity,
                &specific.urgency,
                &specific.ubuntu_priority,
            ]
        })
        .find_map(|word| word.0.as_deref());
    // AlmaLinux and its kin: `Important: firefox security update`.
    let from_summary = || {
        let (word, _) = entry.summary.as_deref()?.split_once(": ")?;
        (of_word(word) != Severity::Unknown).then_some(word)
    };
    let word = word.or_else(|| distribution.then(from_summary).flatten());
    // The OpenSSF's malicious packages: the whole package is the harm.
    let word = word.or_else(|| entry.id.starts_with("MAL-").then_some("malicious"));
    let own = affected.severity.as_ref().filter(|list| !list.is_empty());
    for rated in own.or(entry.severity.as_ref()).into_iter().flatten() {
        if rated.kind.starts_with("CVSS") {
            let score = base_score(&rated.score);
            ratings.push(RatingRef {
                source,
                severity: score.map_or(Severity::Unknown, of_score),
                word: None,
                cvss_score: score,
                cvss_vector: Some(&rated.score),
            });
        } else if of_word(&rated.score) != Severity::Unknown {
            ratings.push(RatingRef {
                source: SeveritySource::Vendor,
                severity: of_word(&rated.score),
                word: Some(&rated.score),
                cvss_score: None,
                cvss_vector: None,
            });
        }
    }
    // The same source's word goes with its score.
    let scored = ratings
        .iter_mut()
        .find(|rating| rating.source == source && rating.cvss_score.is_some());
    match (word, scored) {
        (Some(word), Some(rating)) if of_any_word(word) != Severity::Unknown => {
            rating.word = Some(word);
            rating.severity = of_any_word(word);
        }
        (Some(word), _) => ratings.insert(
            0,
            RatingRef {
                source,
                severity: of_any_word(word),
                word: Some(word),
                cvss_score: None,
                cvss_vector: None,
            },
        ),
        (None, _) => {}
    }
    ratings
}
