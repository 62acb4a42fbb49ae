//! A CSAF document as far as it is read, and what its products are.
//!
//! Source: CSAF 2.0, OASIS Standard, sections 3.2.2 "Product Tree" and 3.2.3 "Vulnerabilities".

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;

/// Steps from a build to the product it is part of, at most: build, module, repository.
const MAX_STEPS: usize = 6;

#[derive(Deserialize)]
pub(super) struct Csaf<'a> {
    #[serde(borrow)]
    pub(super) document: About<'a>,
    #[serde(borrow, default)]
    pub(super) product_tree: Tree<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct About<'a> {
    #[serde(borrow)]
    pub(super) csaf_version: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) aggregate_severity: Option<Severity<'a>>,
    #[serde(borrow)]
    pub(super) tracking: Tracking<'a>,
}

#[derive(Deserialize)]
pub(super) struct Severity<'a> {
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Tracking<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) current_release_date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) initial_release_date: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Tree<'a> {
    #[serde(borrow, default)]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    full_product_names: Vec<Product<'a>>,
    #[serde(borrow, default)]
    relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
struct Branch<'a> {
    #[serde(borrow, default)]
    branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    product: Option<Product<'a>>,
}

#[derive(Deserialize)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Cow<'a, str>,
    #[serde(borrow, default)]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Deserialize)]
struct Helper<'a> {
    #[serde(borrow, default)]
    cpe: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    purl: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(borrow)]
    full_product_name: Product<'a>,
    #[serde(borrow)]
    product_reference: Cow<'a, str>,
    #[serde(borrow)]
    relates_to_product_reference: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) product_status: Statuses<'a>,
    #[serde(borrow, default)]
    pub(super) remediations: Vec<Remediation<'a>>,
    #[serde(borrow, default)]
    pub(super) scores: Vec<Score<'a>>,
    #[serde(borrow, default)]
    pub(super) threats: Vec<Threat<'a>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Statuses<'a> {
    #[serde(borrow, default)]
    pub(super) fixed: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) first_fixed: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) recommended: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) known_affected: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) known_not_affected: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) under_investigation: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Remediation<'a> {
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) details: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Score<'a> {
    #[serde(borrow, default)]
    pub(super) cvss_v3: Option<Cvss<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Cvss<'a> {
    #[serde(rename = "baseScore", default)]
    pub(super) base_score: Option<f32>,
    #[serde(rename = "vectorString", borrow, default)]
    pub(super) vector: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Threat<'a> {
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) details: Cow<'a, str>,
}

/// Products by id.
pub(super) struct Products<'d> {
    helpers: HashMap<&'d str, (Option<&'d str>, Option<&'d str>)>,
    parts: HashMap<&'d str, (&'d str, &'d str)>,
}

/// A build or a component of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part<'d> {
    /// Id of the component, such as `openssl-1:3.0.7-27.el9.src` or `edk2`.
    pub(super) component: &'d str,
    /// Its purl, if any.
    pub(super) purl: Option<&'d str>,
    /// Id of what stands between the component and the product: a module.
    pub(super) between: Option<&'d str>,
    /// Id of the product, such as `BaseOS-9.4.0.GA`.
    pub(super) product: &'d str,
    /// CPE of the product.
    pub(super) cpe: Option<&'d str>,
}

impl<'d> Products<'d> {
    pub(super) fn of(tree: &'d Tree<'_>) -> Self {
        let mut helpers = HashMap::new();
        let mut add = |product: &'d Product<'_>| {
            let helper = product.product_identification_helper.as_ref();
            let cpe = helper.and_then(|helper| helper.cpe.as_deref());
            let purl = helper.and_then(|helper| helper.purl.as_deref());
            if cpe.is_some() || purl.is_some() {
                helpers.insert(&*product.product_id, (cpe, purl));
            }
        };
        tree.full_product_names.iter().for_each(&mut add);
        let mut waiting: Vec<&'d Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = waiting.pop() {
            branch.product.iter().for_each(&mut add);
            waiting.extend(&branch.branches);
        }
        let parts = tree
            .relationships
            .iter()
            .map(|relationship| {
                (
                    &*relationship.full_product_name.product_id,
                    (
                        &*relationship.product_reference,
                        &*relationship.relates_to_product_reference,
                    ),
                )
            })
            .collect();
        Self { helpers, parts }
    }

    /// What a status names. None for a whole product, which is no package.
    pub(super) fn part(&self, id: &str) -> Option<Part<'d>> {
        let &(component, mut parent) = self.parts.get(id)?;
        let mut part = Part {
            component,
            purl: self.helpers.get(component).and_then(|helper| helper.1),
            ..Part::default()
        };
        // A chain that leads back to itself ends with the bound.
        for _ in 0..MAX_STEPS {
            match self.parts.get(parent) {
                Some(&(between, above)) => {
                    part.between = Some(between);
                    parent = above;
                }
                None => break,
            }
        }
        part.product = parent;
        part.cpe = self.helpers.get(parent).and_then(|helper| helper.0);
        Some(part)
    }
}
