//! What a caller may do: sets of permissions, each with how far it reaches.
//!
//! A role is given for the whole tenant or for some collections of it. So "may this be done" and "to what" are asked
//! together: of a person who reads the hosts of one team and the images of another, neither is the answer for both.

use std::collections::BTreeSet;

use schemas::CollectionId;

use crate::Permission;

/// Permissions.
pub type Permissions = BTreeSet<Permission>;

/// How far a permission reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything of the tenant.
    Tenant,
    /// What is in any of these collections; without any, nothing.
    Collections(BTreeSet<CollectionId>),
}

impl Reach {
    /// The reach of a list of collections, where an empty list stands for the whole tenant.
    pub fn of(collections: &[CollectionId]) -> Self {
        if collections.is_empty() {
            Self::Tenant
        } else {
            Self::Collections(collections.iter().cloned().collect())
        }
    }

    /// The collections that it is limited to; `None` for the whole tenant.
    pub fn collections(&self) -> Option<&BTreeSet<CollectionId>> {
        match self {
            Self::Tenant => None,
            Self::Collections(some) => Some(some),
        }
    }

    /// Whether it reaches all that the other does. Collections are compared by their ids, never by what is in them, so that
    /// nobody gains anything when a collection is changed.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tenant, _) => true,
            (Self::Collections(_), Self::Tenant) => false,
            (Self::Collections(own), Self::Collections(others)) => own.is_superset(others),
        }
    }

    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Tenant, reach) | (reach, Self::Tenant) => reach.clone(),
            (Self::Collections(a), Self::Collections(b)) => {
                Self::Collections(a.intersection(b).cloned().collect())
            }
        }
    }
}

/// What a caller may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<(Permissions, Reach)>);

impl Grants {
    /// Adds permissions with their reach.
    pub fn add(&mut self, permissions: Permissions, reach: Reach) {
        self.0.push((permissions, reach));
    }

    /// Whether something may be done, wherever that is.
    #[must_use]
    pub fn allows(&self, permission: Permission) -> bool {
        self.0.iter().any(|(some, _)| some.contains(&permission))
    }

    /// Where something may be done: in all places together that each grant of it reaches; nowhere when there is none.
    #[must_use]
    pub fn reach(&self, permission: Permission) -> Reach {
        let mut all = BTreeSet::new();
        for (some, reach) in &self.0 {
            if some.contains(&permission) {
                match reach {
                    Reach::Tenant => return Reach::Tenant,
                    Reach::Collections(some) => all.extend(some.iter().cloned()),
                }
            }
        }
        Reach::Collections(all)
    }

    /// Everything that may be done somewhere.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.0.iter().flat_map(|(some, _)| some).copied().collect()
    }

    /// Whether whoever has these may give these others away: nobody gives what they lack, nor farther than they reach.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        others.0.iter().all(|(some, reach)| {
            some.iter()
                .all(|permission| self.reach(*permission).covers(reach))
        })
    }

    /// What both allow: what is left of a key's grants when whoever made it may do less by now.
    #[must_use]
    pub fn within(&self, limit: &Self) -> Self {
        let mut both = Self::default();
        for (some, reach) in &self.0 {
            for (limited, limit) in &limit.0 {
                let permissions: Permissions = some.intersection(limited).copied().collect();
                if !permissions.is_empty() {
                    both.add(permissions, reach.and(limit));
                }
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(parts: &[(&[Permission], &[&str])]) -> Grants {
        let mut grants = Grants::default();
        for (permissions, collections) in parts {
            let collections: Vec<_> = collections.iter().map(|id| id.parse().unwrap()).collect();
            grants.add(
                permissions.iter().copied().collect(),
                Reach::of(&collections),
            );
        }
        grants
    }

    use Permission::{ReadAlerts, ReadHosts, ReadVulnerabilities};

    #[test]
    fn each_permission_reaches_as_far_as_its_own_grants() {
        let some = grants(&[
            (&[ReadHosts, ReadAlerts], &["a"]),
            (&[ReadHosts], &["b"]),
            (&[ReadAlerts], &[]),
        ]);
        let hosts = some.reach(ReadHosts);
        let ids: Vec<_> = hosts
            .collections()
            .unwrap()
            .iter()
            .map(|c| c.as_str())
            .collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(some.reach(ReadAlerts), Reach::Tenant);
        let nowhere = some.reach(ReadVulnerabilities);
        assert!(nowhere.collections().unwrap().is_empty());
        assert!(!some.allows(ReadVulnerabilities));
    }

    #[test]
    fn nobody_gives_away_what_they_lack_or_farther_than_they_reach() {
        let own = grants(&[(&[ReadHosts], &["a", "b"]), (&[ReadAlerts], &[])]);
        assert!(own.covers(&grants(&[(&[ReadHosts], &["a"]), (&[ReadAlerts], &["z"])])));
        assert!(own.covers(&Grants::default()));
        assert!(
            !own.covers(&grants(&[(&[ReadHosts], &[])])),
            "the whole tenant"
        );
        assert!(!own.covers(&grants(&[(&[ReadHosts], &["c"])])));
        assert!(!own.covers(&grants(&[(&[ReadVulnerabilities], &["a"])])));
    }

    #[test]
    fn a_key_keeps_only_what_its_maker_still_may() {
        let key = grants(&[(&[ReadHosts, ReadAlerts], &[])]);
        let maker = grants(&[(&[ReadHosts], &["a"])]);
        let left = key.within(&maker);
        assert_eq!(left, maker.within(&key));
        assert_eq!(left, maker);
        let apart = grants(&[(&[ReadHosts], &["b"])]);
        let nothing = apart.within(&maker).reach(ReadHosts);
        assert!(
            nothing.collections().unwrap().is_empty(),
            "no collection is in both"
        );
    }
}
