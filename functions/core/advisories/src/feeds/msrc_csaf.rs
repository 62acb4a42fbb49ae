//! MSRC security advisories in CSAF form, one document a vulnerability: the facts of CVRF's months by other names.
//!
//! Source: CSAF 2.0, OASIS Standard; `https://msrc.microsoft.com/csaf/advisories/`. A product has two entries below its
//! name: the range that is affected, under a number of this document only, and the version that is fixed, under MSRC's
//! ProductID. What CVRF has and these lack: the updates that an update replaces, the need of a restart, the component
//! (titles are too vague to tell a driver from a program: "Windows Networking" is either), and a severity for each
//! product, for which the document's own stands. Dates of remedies are those of the document's revision and not of the
//! fix, so none is taken for it.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;

use super::{
    Document, Feed, FeedError, Sink,
    almalinux_errata::find,
    csaf::published_by,
    json_error, moment,
    msrc_cvrf::{self, Entry, MAX_TEXT_BYTES, Remediation, ScoreSet, says_exploited},
    shape, shown,
};
use crate::windows::is_kb_number;

/// The feed's name.
pub(crate) const NAME: &str = "msrc-csaf";

/// Bytes at the beginning that tell what a document is.
const FIRST_BYTES: usize = 4096;
/// Bytes at the beginning that tell whose it is: acknowledgements and notes come first.
const HEAD_BYTES: usize = 128 * 1024;
/// The publisher's name as it stands in a document.
const PUBLISHER: &[u8] = b"\"Microsoft Security Response Center\"";

/// The feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct MsrcCsaf;

/// Nesting is bounded by the reader of JSON, which gives up at 128 levels.
#[derive(Deserialize)]
struct Csaf<'d> {
    #[serde(borrow)]
    document: About<'d>,
    #[serde(borrow, default)]
    product_tree: Tree<'d>,
    #[serde(borrow, default)]
    vulnerabilities: Vec<Vulnerability<'d>>,
}

#[derive(Deserialize)]
struct About<'d> {
    #[serde(borrow)]
    csaf_version: Cow<'d, str>,
    #[serde(borrow, default)]
    aggregate_severity: Option<Severity<'d>>,
    #[serde(borrow)]
    tracking: Tracking<'d>,
}

#[derive(Deserialize)]
struct Severity<'d> {
    #[serde(borrow, default)]
    text: Cow<'d, str>,
}

#[derive(Deserialize)]
struct Tracking<'d> {
    #[serde(borrow)]
    id: Cow<'d, str>,
    #[serde(borrow, default)]
    current_release_date: Option<Cow<'d, str>>,
    #[serde(borrow, default)]
    revision_history: Vec<Revision<'d>>,
}

#[derive(Deserialize)]
struct Revision<'d> {
    #[serde(borrow, default)]
    date: Cow<'d, str>,
}

#[derive(Default, Deserialize)]
struct Tree<'d> {
    #[serde(borrow, default)]
    branches: Vec<Branch<'d>>,
    #[serde(borrow, default)]
    full_product_names: Vec<Product<'d>>,
    #[serde(borrow, default)]
    relationships: Vec<Relationship<'d>>,
}

#[derive(Deserialize)]
struct Branch<'d> {
    #[serde(borrow, default)]
    category: Cow<'d, str>,
    #[serde(borrow, default)]
    name: Cow<'d, str>,
    #[serde(borrow, default)]
    branches: Vec<Branch<'d>>,
    #[serde(borrow, default)]
    product: Option<Product<'d>>,
}

#[derive(Deserialize)]
struct Product<'d> {
    #[serde(borrow)]
    product_id: Cow<'d, str>,
    #[serde(borrow, default)]
    name: Cow<'d, str>,
}

#[derive(Deserialize)]
struct Relationship<'d> {
    #[serde(borrow)]
    full_product_name: Product<'d>,
    #[serde(borrow)]
    product_reference: Cow<'d, str>,
    #[serde(borrow)]
    relates_to_product_reference: Cow<'d, str>,
}

#[derive(Deserialize)]
struct Vulnerability<'d> {
    #[serde(borrow, default)]
    cve: Option<Cow<'d, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'d, str>>,
    #[serde(borrow, default)]
    product_status: Statuses<'d>,
    #[serde(borrow, default)]
    remediations: Vec<Remedy<'d>>,
    #[serde(borrow, default)]
    scores: Vec<Score<'d>>,
    #[serde(borrow, default)]
    threats: Vec<Threat<'d>>,
}

#[derive(Default, Deserialize)]
struct Statuses<'d> {
    #[serde(borrow, default)]
    known_affected: Vec<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Remedy<'d> {
    #[serde(borrow, default)]
    category: Cow<'d, str>,
    #[serde(borrow, default)]
    details: Cow<'d, str>,
    #[serde(borrow, default)]
    url: Cow<'d, str>,
    #[serde(borrow, default)]
    product_ids: Vec<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Score<'d> {
    #[serde(borrow, default)]
    cvss_v3: Option<Cvss<'d>>,
    #[serde(borrow, default)]
    products: Vec<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Cvss<'d> {
    #[serde(rename = "baseScore", default)]
    score: Option<f32>,
    #[serde(rename = "vectorString", borrow, default)]
    vector: Cow<'d, str>,
}

#[derive(Deserialize)]
struct Threat<'d> {
    #[serde(borrow, default)]
    category: Cow<'d, str>,
    #[serde(borrow, default)]
    details: Cow<'d, str>,
}

impl Feed for MsrcCsaf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let part = |bytes: usize| document.bytes.get(..bytes).unwrap_or(document.bytes);
        shape::trimmed(document.bytes).starts_with(b"{")
            && find(part(FIRST_BYTES), b"\"document\"")
            && published_by(part(HEAD_BYTES), PUBLISHER)
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        let csaf: Csaf<'_> = serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
        let about = &csaf.document;
        if !about.csaf_version.starts_with("2.") {
            return Err(FeedError::OtherVersion {
                found: format!("CSAF {}", shown(&about.csaf_version)),
                known: "CSAF 2",
            });
        }
        sink.title(&about.tracking.id);
        let released = about.tracking.current_release_date.as_deref();
        if let Some(released) = released.and_then(moment) {
            sink.as_of(released);
        }
        let products = products(&csaf.product_tree);
        let mut parser = msrc_cvrf::parser(sink);
        for named in products.values().flatten() {
            parser.product(named.id.clone(), &named.name);
        }
        for vulnerability in &csaf.vulnerabilities {
            let entry = entry(&mut parser, about, &products, vulnerability);
            parser.emit(entry);
        }
        Ok(())
    }
}

/// MSRC's id of a product, and its name without a version.
#[derive(Clone)]
struct Named<'d> {
    id: Cow<'d, str>,
    name: Cow<'d, str>,
}

/// Products by their ids in this document; nothing for a range beside which no version has its ProductID.
type Products<'d> = HashMap<&'d str, Option<Named<'d>>>;

fn products<'d>(tree: &'d Tree<'d>) -> Products<'d> {
    let mut found: Products<'d> = HashMap::new();
    for product in &tree.full_product_names {
        let named = Named {
            id: Cow::Borrowed(&*product.product_id),
            name: Cow::Borrowed(&*product.name),
        };
        found.insert(&product.product_id, Some(named));
    }
    let mut waiting: Vec<(&str, &[Branch<'d>])> = vec![("", &tree.branches)];
    while let Some((above, branches)) = waiting.pop() {
        let versions: HashMap<&str, &str> = branches
            .iter()
            .filter(|branch| branch.category == "product_version")
            .filter_map(|branch| Some((&*branch.name, &*branch.product.as_ref()?.product_id)))
            .collect();
        for branch in branches {
            waiting.push((&branch.name, &branch.branches));
            let Some(product) = &branch.product else {
                continue;
            };
            let own = &*product.product_id;
            let (id, name) = match &*branch.category {
                "product_version_range" => {
                    let fixed = branch.name.trim_start_matches(['<', '=']).trim();
                    (versions.get(fixed).copied(), above)
                }
                "product_version" => (Some(own), above),
                _ => (Some(own), &*branch.name),
            };
            let named = id.map(|id| Named {
                id: Cow::Borrowed(id),
                name: Cow::Borrowed(name),
            });
            found.insert(own, named);
        }
    }
    // A component of a system, such as the .NET Framework of a Windows: CVRF joins their ids with a dash.
    for relationship in &tree.relationships {
        let part = |id: &str| found.get(id).cloned().flatten();
        let component = part(&relationship.product_reference);
        let system = part(&relationship.relates_to_product_reference);
        let named = component.zip(system).map(|(component, system)| Named {
            id: Cow::Owned(format!("{}-{}", component.id, system.id)),
            name: Cow::Owned(format!("{} on {}", component.name, system.name)),
        });
        found.insert(&relationship.full_product_name.product_id, named);
    }
    found
}

fn entry<'d>(
    parser: &mut msrc_cvrf::Parser<'d, '_>,
    about: &'d About<'d>,
    products: &Products<'d>,
    said: &'d Vulnerability<'d>,
) -> Entry<'d> {
    let text = |text: &'d str| {
        let text = text.trim();
        let end = text.floor_char_boundary(MAX_TEXT_BYTES);
        let text = text.get(..end).filter(|text| !text.is_empty())?;
        Some(Cow::Borrowed(text))
    };
    let revisions = about.tracking.revision_history.iter();
    let mut entry = Entry {
        id: said.cve.as_deref().and_then(text),
        title: said.title.as_deref().and_then(text),
        exploited: said
            .threats
            .iter()
            .any(|threat| threat.category == "exploit_status" && says_exploited(&threat.details)),
        revised: revisions
            .filter_map(|revision| moment(&revision.date))
            .max(),
        ..Entry::default()
    };
    for id in &said.product_status.known_affected {
        match products.get(&**id) {
            Some(Some(named)) if parser.is_kept(&named.id) => {
                entry.affected.push(named.id.clone());
            }
            Some(Some(_)) => parser.sink.not_judged("microsoft"),
            Some(None) | None => {
                let at = entry.id.as_deref().unwrap_or(&about.tracking.id);
                let what = format!(
                    "the product `{}` has no fixed version beside it that tells its ProductID",
                    shown(id)
                );
                parser.sink.problem(at, &what);
            }
        }
    }
    let word = about.aggregate_severity.as_ref();
    if let Some(word) = word.and_then(|word| text(&word.text)) {
        for id in &entry.affected {
            entry.words.insert(id.clone(), word.clone());
        }
    }
    let kept = |ids: &'d [Cow<'d, str>]| -> Vec<Cow<'d, str>> {
        let named = ids.iter().filter_map(|id| products.get(&**id)?.as_ref());
        let kept = named.filter(|named| parser.is_kept(&named.id));
        kept.map(|named| named.id.clone()).collect()
    };
    for score in &said.scores {
        let of = kept(&score.products);
        let Some(cvss) = score.cvss_v3.as_ref().filter(|_| !of.is_empty()) else {
            continue;
        };
        let index = entry.score_sets.len();
        entry.scores.extend(of.into_iter().map(|id| (id, index)));
        entry.score_sets.push(ScoreSet {
            score: cvss.score.filter(|score| *score > 0.0 && *score <= 10.0),
            vector: text(&cvss.vector),
        });
    }
    for remedy in &said.remediations {
        let of = kept(&remedy.product_ids);
        if remedy.category != "vendor_fix" || of.is_empty() {
            continue;
        }
        let details = Details::of(&remedy.details, &remedy.url);
        entry.remediations.push(Remediation {
            kb: kb_of(&remedy.url).or_else(|| kb_of(details.url)),
            hotpatch: details.sub_type.to_ascii_lowercase().contains("hotpatch"),
            fixed_build: text(details.build),
            products: of,
            ..Remediation::default()
        });
    }
    entry
}

/// `10.0.17763.8389:Security Update:https://support.microsoft.com/help/5075904`, taken apart. The build may itself be an
/// address, or absent.
#[derive(Debug, PartialEq, Eq)]
struct Details<'d> {
    build: &'d str,
    sub_type: &'d str,
    url: &'d str,
}

impl<'d> Details<'d> {
    fn of(details: &'d str, url: &str) -> Self {
        let details = details.trim();
        let before = Some(url.trim())
            .filter(|url| !url.is_empty())
            .and_then(|url| details.strip_suffix(url));
        let (before, url) = match before {
            Some(before) => details.split_at(before.len()),
            None => match details.rfind(":http") {
                Some(colon) => details.split_at(colon),
                None => (details, ""),
            },
        };
        let before = before.strip_suffix(':').unwrap_or(before);
        let (build, sub_type) = match before.rsplit_once(':') {
            Some(parts) => parts,
            // One of the two is missing.
            None if before.starts_with(|c: char| c.is_ascii_digit()) => (before, ""),
            None => ("", before),
        };
        Self {
            build: build.trim(),
            sub_type: sub_type.trim(),
            url: url.trim_start_matches(':'),
        }
    }
}

/// The KB that an address leads to: `…/help/5075904`, `…?q=KB5075904`. Other numbers in addresses are none.
fn kb_of(url: &str) -> Option<String> {
    let mut before = "";
    url.split(['/', '=', '?', '&', '#']).find_map(|part| {
        let bare = before.eq_ignore_ascii_case("help") || before.eq_ignore_ascii_case("kb");
        before = part;
        let marked = part.strip_prefix("KB").or_else(|| part.strip_prefix("kb"));
        let digits = marked.or(Some(part).filter(|_| bare))?;
        is_kb_number(digits).then(|| format!("KB{digits}"))
    })
}

#[cfg(test)]
mod tests;
