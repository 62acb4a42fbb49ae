//! CSAF. Source: OASIS CSAF 2.0, 3.2.2 (product tree), 3.2.3 (vulnerabilities) and profile 5, "VEX".

use std::collections::HashMap;

use purl::Purl;
use schemas::{inventory::OperatingSystem, policy::VexStatus};
use serde::Deserialize;

use super::{
    Document, Identity, Justification, Platform, Product, Statement, bounded, moment, said,
};
use crate::error::{PolicyError, shown};

const WHAT: &str = "CSAF document";
/// How deep branches of products may be nested; documents have some five levels.
const MAX_DEPTH: usize = 30;
/// How many relationships may follow on one another.
const MAX_RELATED: usize = 4;

#[derive(Deserialize)]
struct Form {
    document: DocumentForm,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct DocumentForm {
    csaf_version: String,
    #[serde(default)]
    publisher: Publisher,
    #[serde(default)]
    tracking: Tracking,
}

#[derive(Default, Deserialize)]
struct Publisher {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Tracking {
    #[serde(default)]
    current_release_date: Option<String>,
}

#[derive(Default, Deserialize)]
struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<Named>,
    #[serde(default)]
    product_groups: Vec<Group>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    product: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    product_id: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

#[derive(Default, Deserialize)]
struct Helper {
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    cpe: Option<String>,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Named,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<Id>,
    #[serde(default)]
    product_status: ProductStatus,
    #[serde(default)]
    flags: Vec<Flag>,
    #[serde(default)]
    threats: Vec<Threat>,
}

#[derive(Deserialize)]
struct Id {
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProductStatus {
    first_affected: Vec<String>,
    first_fixed: Vec<String>,
    fixed: Vec<String>,
    known_affected: Vec<String>,
    known_not_affected: Vec<String>,
    last_affected: Vec<String>,
    under_investigation: Vec<String>,
}

#[derive(Deserialize)]
struct Flag {
    label: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Threat {
    #[serde(default)]
    category: String,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

/// The products by their id within the document.
struct Products<'a> {
    purls: HashMap<&'a str, Option<Purl>>,
    cpes: HashMap<&'a str, &'a str>,
    related: HashMap<&'a str, &'a Relationship>,
    groups: HashMap<&'a str, &'a [String]>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, PolicyError> {
    let form: Form = super::read(bytes, WHAT)?;
    if form.document.csaf_version != "2.0" {
        return Err(PolicyError::OtherVersion {
            what: "CSAF",
            found: shown(&form.document.csaf_version),
            known: "2.0",
        });
    }
    let products = Products::of(&form.product_tree);
    let mut document = Document {
        author: said(form.document.publisher.name),
        ..Document::default()
    };
    let at = moment(form.document.tracking.current_release_date.as_deref());
    let mut count = 0;
    for vulnerability in &form.vulnerabilities {
        let ids: Vec<String> = vulnerability
            .cve
            .iter()
            .chain(vulnerability.ids.iter().map(|id| &id.text))
            .cloned()
            .collect();
        let justifications = products.said_of(
            vulnerability.flags.iter().map(|flag| {
                let label = serde_json::Value::String(flag.label.clone());
                let word: Option<Justification> = serde_json::from_value(label).ok();
                (word, &flag.product_ids, &flag.group_ids)
            }),
            &mut count,
        )?;
        let impacts = products.said_of(
            vulnerability
                .threats
                .iter()
                .filter(|threat| threat.category == "impact")
                .map(|threat| {
                    let details = said(threat.details.clone());
                    (details, &threat.product_ids, &threat.group_ids)
                }),
            &mut count,
        )?;
        let status = &vulnerability.product_status;
        for (word, list) in [
            (VexStatus::NotAffected, &status.known_not_affected),
            (VexStatus::Fixed, &status.fixed),
            (VexStatus::Fixed, &status.first_fixed),
            (VexStatus::Affected, &status.known_affected),
            (VexStatus::Affected, &status.first_affected),
            (VexStatus::Affected, &status.last_affected),
            (VexStatus::UnderInvestigation, &status.under_investigation),
        ] {
            bounded(&mut count, list.len())?;
            for id in list {
                document.statements.push(Statement {
                    ids: ids.clone(),
                    status: word,
                    justification: justifications.get(id.as_str()).copied(),
                    detail: impacts.get(id.as_str()).cloned(),
                    at,
                    products: products.resolve(id, 0).into_iter().collect(),
                });
            }
        }
    }
    Ok(document)
}

impl<'a> Products<'a> {
    fn of(tree: &'a Tree) -> Self {
        let (mut purls, mut cpes) = (HashMap::new(), HashMap::new());
        let mut add = |named: &'a Named| {
            let purl = named.product_identification_helper.purl.as_deref();
            purls.insert(named.product_id.as_str(), purl.and_then(Purl::strict));
            if let Some(cpe) = named.product_identification_helper.cpe.as_deref() {
                cpes.insert(named.product_id.as_str(), cpe);
            }
        };
        tree.full_product_names.iter().for_each(&mut add);
        let mut open: Vec<(&'a Branch, usize)> =
            tree.branches.iter().map(|branch| (branch, 0)).collect();
        while let Some((branch, depth)) = open.pop() {
            branch.product.iter().for_each(&mut add);
            if depth < MAX_DEPTH {
                open.extend(branch.branches.iter().map(|inner| (inner, depth + 1)));
            }
        }
        for relationship in &tree.relationships {
            add(&relationship.full_product_name);
        }
        Self {
            purls,
            cpes,
            related: tree
                .relationships
                .iter()
                .map(|it| (it.full_product_name.product_id.as_str(), it))
                .collect(),
            groups: tree
                .product_groups
                .iter()
                .map(|group| (group.group_id.as_str(), group.product_ids.as_slice()))
                .collect(),
        }
    }

    /// What is said of each product by flags or threats; the first that is said of one stays.
    fn said_of<T: Clone>(
        &self,
        all: impl Iterator<Item = (Option<T>, &'a Vec<String>, &'a Vec<String>)>,
        count: &mut usize,
    ) -> Result<HashMap<&'a str, T>, PolicyError> {
        let mut of = HashMap::new();
        for (what, ids, groups) in all {
            let Some(what) = what else { continue };
            let grouped = groups
                .iter()
                .filter_map(|group| self.groups.get(group.as_str()))
                .flat_map(|ids| ids.iter());
            for id in ids.iter().chain(grouped) {
                bounded(count, 1)?;
                of.entry(id.as_str()).or_insert_with(|| what.clone());
            }
        }
        Ok(of)
    }

    /// What a product id means; `None` when nothing of it can be compared.
    fn resolve(&self, id: &str, depth: usize) -> Option<Product> {
        let own = self.purls.get(id).cloned().flatten();
        let on = |purl, platform| Product {
            identities: vec![Identity::Purl(purl)],
            components: Vec::new(),
            platform,
        };
        let alone = |purl| on(purl, None);
        let Some(relationship) = self.related.get(id).filter(|_| depth < MAX_RELATED) else {
            return own.map(alone);
        };
        let component = own.or_else(|| {
            let part = self.resolve(&relationship.product_reference, depth + 1)?;
            let whole = part.components.into_iter().next();
            whole.or_else(|| {
                part.identities.into_iter().find_map(|it| match it {
                    Identity::Purl(purl) => Some(purl),
                    Identity::Image(_) => None,
                })
            })
        })?;
        let whole = relationship.relates_to_product_reference.as_str();
        if let Some(product) = self.resolve(whole, depth + 1) {
            return Some(Product {
                identities: product.identities,
                components: vec![component],
                platform: product.platform,
            });
        }
        // A platform that is known by its CPE alone, such as a release of a distribution. A package without a version
        // is in many releases, and what holds in one says nothing of it in another.
        if component.version.is_some() {
            return Some(alone(component));
        }
        let platform = self.cpes.get(whole).and_then(|cpe| Platform::of(cpe))?;
        Some(on(component, Some(platform)))
    }
}

impl Platform {
    /// The release that a CPE names, in either form: `cpe:/o:redhat:enterprise_linux:9::baseos`,
    /// `cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*`. Extended channels are products of their own, and none.
    fn of(cpe: &str) -> Option<Self> {
        let rest = cpe
            .strip_prefix("cpe:/")
            .or_else(|| cpe.strip_prefix("cpe:2.3:"))?;
        let mut parts = rest.split(':').skip(1);
        let id = match (parts.next()?, parts.next()?) {
            ("redhat", "enterprise_linux") => "rhel",
            ("debian", "debian_linux") => "debian",
            ("canonical", "ubuntu_linux") => "ubuntu",
            _ => return None,
        };
        let release = parts.next().filter(|release| {
            !release.is_empty() && release.chars().all(|c| c.is_ascii_digit() || c == '.')
        })?;
        Some(Self {
            id,
            release: release.to_owned(),
        })
    }

    /// Whether a system is of this release.
    pub(super) fn is(&self, os: &OperatingSystem) -> bool {
        let rest = os
            .version_id
            .as_deref()
            .and_then(|version| version.strip_prefix(self.release.as_str()));
        os.id == self.id && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}
