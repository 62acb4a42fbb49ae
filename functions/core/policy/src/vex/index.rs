//! The statements that are about one report, by vulnerability.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

use purl::Purl;
use schemas::{
    Timestamp,
    finding::Finding,
    inventory::OperatingSystem,
    policy::{PolicyNotice, PolicyNoticeKind, Suppression, SuppressionKind, VexStatus},
    report::Report,
};

use super::{Document, Identity, Product, Statement};
use crate::{image::ImageNames, words::counted};

/// The statements of all documents that are about a report.
pub(crate) struct Index<'a> {
    documents: &'a [Document],
    /// Entries by the vulnerability's id, upper case.
    entries: HashMap<String, Vec<Entry<'a>>>,
    /// Findings that each document's statements were about.
    used: Vec<Cell<usize>>,
}

struct Entry<'a> {
    document: usize,
    statement: &'a Statement,
    scope: Scope<'a>,
}

/// What of a report a statement is about.
enum Scope<'a> {
    /// All of it.
    Everything,
    /// These packages.
    Packages(Vec<&'a Purl>),
}

impl<'a> Index<'a> {
    pub(crate) fn new(documents: &'a [Document], report: &Report, image: &ImageNames) -> Self {
        let mut it = Self {
            documents,
            entries: HashMap::new(),
            used: vec![Cell::new(0); documents.len()],
        };
        if documents.is_empty() {
            return it;
        }
        let installed: HashSet<(String, String, String)> = report
            .packages
            .iter()
            .filter_map(|package| Purl::strict(&package.purl))
            .map(|purl| (purl.kind, purl.namespace, purl.name))
            .collect();
        for (at, document) in documents.iter().enumerate() {
            for statement in &document.statements {
                let scopes = statement
                    .products
                    .iter()
                    .filter_map(|product| scope(product, image, report.os.as_ref(), &installed));
                for scope in scopes {
                    for id in &statement.ids {
                        let entry = Entry {
                            document: at,
                            statement,
                            scope: match &scope {
                                Scope::Everything => Scope::Everything,
                                Scope::Packages(purls) => Scope::Packages(purls.clone()),
                            },
                        };
                        it.entries
                            .entry(id.to_ascii_uppercase())
                            .or_default()
                            .push(entry);
                    }
                }
            }
        }
        it
    }

    /// What says that a finding does not count: the newest statement about it, when that says `not affected` or
    /// `fixed`. Of statements of the same moment the worst decides.
    pub(crate) fn suppression(&self, finding: &Finding) -> Option<Suppression> {
        if self.entries.is_empty() {
            return None;
        }
        let ids = [
            Some(finding.vulnerability.as_str()),
            finding.evidence.advisory.as_deref(),
        ];
        let named = || {
            ids.iter()
                .flatten()
                .filter_map(|id| self.entries.get(&id.to_ascii_uppercase()))
                .flatten()
        };
        named().next()?;
        let purl = finding.purl.as_deref().and_then(Purl::strict);
        let order = |entry: &Entry<'_>| -> (Option<Timestamp>, u8) {
            let worst = match entry.statement.status {
                VexStatus::Affected => 3,
                VexStatus::UnderInvestigation => 2,
                VexStatus::Fixed => 1,
                VexStatus::NotAffected => 0,
            };
            (entry.statement.at, worst)
        };
        let entry = named()
            .filter(|entry| entry.scope.is_about(finding, purl.as_ref()))
            .max_by_key(|entry| order(entry))?;
        if let Some(used) = self.used.get(entry.document) {
            used.set(used.get() + 1);
        }
        let statement = entry.statement;
        let document = self.documents.get(entry.document)?;
        let reason = match statement.status {
            VexStatus::NotAffected => "not affected",
            VexStatus::Fixed => "fixed in this version",
            VexStatus::Affected | VexStatus::UnderInvestigation => return None,
        };
        let why = statement
            .justification
            .map(|word| word.as_str().replace('_', " "));
        let words: Vec<String> = [Some(reason.to_owned()), why, statement.detail.clone()]
            .into_iter()
            .flatten()
            .collect();
        Some(Suppression {
            kind: SuppressionKind::Vex,
            source: document.name.clone(),
            reason: words.join(": "),
            author: document.author.clone(),
            vex_status: Some(statement.status),
            vex_justification: statement.justification.map(|word| word.as_str().to_owned()),
            ..Suppression::default()
        })
    }

    /// What of the documents could not be used, and documents that were about nothing here.
    pub(crate) fn notices(&self) -> Vec<PolicyNotice> {
        let mut notices = Vec::new();
        for (document, used) in self.documents.iter().zip(&self.used) {
            let mut tell = |detail: String| {
                notices.push(PolicyNotice {
                    kind: PolicyNoticeKind::VexNotUsed,
                    source: document.name.clone(),
                    detail,
                });
            };
            for what in &document.unused.shown {
                tell(format!("a statement is not used: {what}"));
            }
            if let Some(more) = document
                .unused
                .number
                .checked_sub(document.unused.shown.len())
                .filter(|more| *more > 0)
            {
                tell(format!(
                    "{} not used for such reasons",
                    counted(more, "more statement is", "more statements are")
                ));
            }
            if used.get() == 0 && !document.statements.is_empty() {
                tell(format!(
                    "none of its {} is about a finding of this scan; products are compared by purl, and images by digest \
                     or name",
                    counted(document.statements.len(), "statement", "statements")
                ));
            }
        }
        notices
    }
}

fn scope<'a>(
    product: &'a Product,
    image: &ImageNames,
    os: Option<&OperatingSystem>,
    installed: &HashSet<(String, String, String)>,
) -> Option<Scope<'a>> {
    if let Some(platform) = &product.platform
        && !os.is_some_and(|os| platform.is(os))
    {
        return None;
    }
    let within = || Scope::Packages(product.components.iter().collect());
    let is_this_image = product.identities.iter().any(|identity| match identity {
        Identity::Image(name) => image.is_named(name),
        Identity::Purl(purl) => purl.is_image() && image.is_named_by(purl),
    });
    if is_this_image {
        return Some(if product.components.is_empty() {
            Scope::Everything
        } else {
            within()
        });
    }
    let packages = || {
        product.identities.iter().filter_map(|it| match it {
            Identity::Purl(purl) if !purl.is_image() => Some(purl),
            _ => None,
        })
    };
    if product.components.is_empty() {
        let packages: Vec<&Purl> = packages().collect();
        return (!packages.is_empty()).then_some(Scope::Packages(packages));
    }
    // Components of a product that is a package count where that package is installed.
    packages()
        .any(|purl| {
            installed.contains(&(purl.kind.clone(), purl.namespace.clone(), purl.name.clone()))
        })
        .then(within)
}

impl Scope<'_> {
    fn is_about(&self, finding: &Finding, purl: Option<&Purl>) -> bool {
        let Self::Packages(packages) = self else {
            return true;
        };
        let Some(installed) = purl else { return false };
        packages
            .iter()
            .any(|named| named.speaks_of(installed) || is_its_source(named, installed, finding))
    }
}

/// Distributions speak of source packages, marked by `arch=source` (Debian) or `arch=src` (rpm).
fn is_its_source(named: &Purl, installed: &Purl, finding: &Finding) -> bool {
    let source = matches!(
        named.qualifiers.get("arch").map(String::as_str),
        Some("source" | "src")
    );
    source
        && named.kind == installed.kind
        && named.namespace == installed.namespace
        && named.name == finding.evidence.matched_name
        && named
            .version
            .as_ref()
            .is_none_or(|version| *version == finding.evidence.matched_version)
}
