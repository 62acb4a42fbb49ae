//! Exceptions that a tenant keeps: which of a place's findings they hide.

use std::collections::{BTreeSet, HashMap};

use purl::Purl;
use schemas::{
    CollectionId, ExceptionId, Place, Timestamp, VulnerabilityId,
    exception::{ExceptionInForce, ExceptionScope},
    finding::Finding,
};

/// The exceptions that hold at a moment, by vulnerability.
#[derive(Debug, Default)]
pub struct Standing(HashMap<VulnerabilityId, Vec<One>>);

#[derive(Debug)]
struct One {
    id: ExceptionId,
    /// Absent for whatever package has the vulnerability.
    package: Option<Purl>,
    scope: ExceptionScope,
}

/// The exceptions that hold in one place.
#[derive(Debug, Default)]
pub struct AtPlace<'a>(HashMap<&'a VulnerabilityId, Vec<&'a One>>);

/// Whether a text names a package so that an exception can be about it: a purl that is well-formed.
#[must_use]
pub fn is_package(text: &str) -> bool {
    Purl::strict(text).is_some_and(|purl| !purl.is_image())
}

impl Standing {
    /// Those of these exceptions that are not over.
    #[must_use]
    pub fn new(all: &[ExceptionInForce], now: Timestamp) -> Self {
        let mut by_vulnerability: HashMap<_, Vec<One>> = HashMap::new();
        for one in all {
            if one.expires_at.is_some_and(|end| end <= now) {
                continue;
            }
            let package = one.package.as_deref().map(Purl::strict);
            // One whose package cannot be read is about nothing, never about everything.
            let package = match package {
                Some(None) => continue,
                package => package.flatten(),
            };
            let of = by_vulnerability
                .entry(one.vulnerability.clone())
                .or_default();
            of.push(One {
                id: one.id.clone(),
                package,
                scope: one.scope.clone(),
            });
        }
        Self(by_vulnerability)
    }

    /// Whether none holds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The collections that any of them holds in.
    #[must_use]
    pub fn collections(&self) -> BTreeSet<&CollectionId> {
        let all = self.0.values().flatten();
        all.filter_map(|one| match &one.scope {
            ExceptionScope::Collection { collection } => Some(collection),
            _ => None,
        })
        .collect()
    }

    /// Those that hold in a place that is in these collections.
    #[must_use]
    pub fn at(&self, place: &Place, collections: &[CollectionId]) -> AtPlace<'_> {
        let holds = |one: &&One| match &one.scope {
            ExceptionScope::Estate => true,
            ExceptionScope::Collection { collection } => collections.contains(collection),
            ExceptionScope::Place { place: only } => only == place,
            ExceptionScope::Unknown => false,
        };
        let all = self.0.iter().filter_map(|(vulnerability, all)| {
            let here: Vec<&One> = all.iter().filter(holds).collect();
            (!here.is_empty()).then_some((vulnerability, here))
        });
        AtPlace(all.collect())
    }
}

impl AtPlace<'_> {
    /// Whether none holds here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The exception that hides a finding; `None` when none does. Of several the one that was asked for last.
    #[must_use]
    pub fn of(&self, finding: &Finding) -> Option<&ExceptionId> {
        let about = self.0.get(&finding.vulnerability)?;
        let installed = finding.purl.as_deref().and_then(Purl::strict);
        let is_about = |one: &&&One| match &one.package {
            None => true,
            Some(named) => installed
                .as_ref()
                .is_some_and(|installed| named.speaks_of(installed)),
        };
        // Later ones come first in the order of ids.
        let fitting = about.iter().filter(is_about);
        fitting.map(|one| &one.id).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str, package: Option<&str>, scope: ExceptionScope) -> ExceptionInForce {
        ExceptionInForce {
            id: id.parse().unwrap(),
            vulnerability: "CVE-2026-1".parse().unwrap(),
            package: package.map(str::to_owned),
            scope,
            expires_at: Some(Timestamp::from_ms(1_000)),
        }
    }

    fn finding(vulnerability: &str, purl: Option<&str>) -> Finding {
        let mut finding = serde_json::json!({
            "vulnerability": vulnerability, "package": "x", "installed_version": "1", "severity": "high",
            "kev": false, "status": "fixed",
            "evidence": {"ecosystem": {"name": "debian"}, "matched_name": "x", "matched_version": "1",
                "comparison": "1 < 2", "source": {"feed": "f", "document": "d", "row": "r"}},
        });
        if let Some(purl) = purl {
            finding["purl"] = purl.into();
        }
        serde_json::from_value(finding).unwrap()
    }

    const OPENSSL: &str = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64";

    #[test]
    fn an_exception_hides_its_vulnerability_in_its_packages_and_places_alone_until_its_end() {
        let host: Place = "host/a".parse().unwrap();
        let other: Place = "host/b".parse().unwrap();
        let collection: CollectionId = "shop".parse().unwrap();
        let all = [
            one(
                "pkg",
                Some("pkg:deb/debian/openssl"),
                ExceptionScope::Place {
                    place: host.clone(),
                },
            ),
            one(
                "shop",
                None,
                ExceptionScope::Collection {
                    collection: collection.clone(),
                },
            ),
            one("later", None, ExceptionScope::Unknown),
            one("broken", Some("not a purl"), ExceptionScope::Estate),
        ];
        let standing = Standing::new(&all, Timestamp::from_ms(999));
        let of = |place: &Place, collections: &[CollectionId], finding: &Finding| {
            let here = standing.at(place, collections);
            here.of(finding).map(|id| id.as_str().to_owned())
        };
        let openssl = finding("CVE-2026-1", Some(OPENSSL));
        assert_eq!(of(&host, &[], &openssl).as_deref(), Some("pkg"));
        assert_eq!(of(&other, &[], &openssl), None);
        let curl = finding("CVE-2026-1", Some("pkg:deb/debian/curl@7"));
        assert_eq!(of(&host, &[], &curl), None);
        assert_eq!(of(&host, &[], &finding("CVE-2026-1", None)), None);
        assert_eq!(of(&host, &[], &finding("CVE-2026-2", Some(OPENSSL))), None);
        let within = std::slice::from_ref(&collection);
        assert_eq!(of(&other, within, &curl).as_deref(), Some("shop"));
        assert_eq!(standing.collections(), BTreeSet::from([&collection]));

        let ended = Standing::new(&all, Timestamp::from_ms(1_000));
        assert!(ended.is_empty());
    }

    #[test]
    fn a_version_is_named_or_all_are_meant() {
        let host: Place = "host/a".parse().unwrap();
        let hides = |named: &str| {
            let all = [one("x", Some(named), ExceptionScope::Estate)];
            let standing = Standing::new(&all, Timestamp::from_ms(0));
            let here = standing.at(&host, &[]);
            here.of(&finding("CVE-2026-1", Some(OPENSSL))).is_some()
        };
        assert!(hides("pkg:deb/debian/openssl"));
        assert!(hides("pkg:deb/debian/openssl@3.0.11-1"));
        assert!(!hides("pkg:deb/debian/openssl@3.0.12-1"));
        assert!(!hides("pkg:deb/ubuntu/openssl"));
        assert!(is_package("pkg:npm/%40a/b") && !is_package("openssl"));
        assert!(!is_package("pkg:oci/nginx@sha256%3Aaa"));
    }
}
