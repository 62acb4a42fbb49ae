//! How far a caller reaches, and what of the estate is within that.
//!
//! Whoever has a role for some collections alone is answered as if the tenant had nothing else. An operation that takes
//! [`Scoped`](crate::auth::Scoped) promises that; all others refuse such a caller, so that one that does not think of
//! scopes shows nothing.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use estate::{
    AffectedPage, EstateIndex, Excepted, Filter, Order, PlaceFilter, PlaceOrder, PlacePosition,
    PlacesPage, Position, RankedPage, Resource, View, Within,
};
use records::Collections;
use schemas::{
    CollectionId, HostId, Place, PlaceKind, TenantId, VulnerabilityId,
    inventory::{Target, TargetKind},
};
use scope::{Collection, Scope};

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most answers that are remembered to what of an index is within a scope: for 110,000 places each takes 14 KB.
const MOST_KNOWN: usize = 256;
/// Most bytes that they take, about, with what is vulnerable there: 32 for each vulnerability.
const MOST_BYTES: usize = 64 << 20;

/// The scope of some collections as they are now; `None` stands for the whole tenant. What is not there any more, or cannot
/// be read, has nothing.
pub(crate) async fn scope_of(
    state: &ApiState,
    tenant: &TenantId,
    collections: Option<&BTreeSet<CollectionId>>,
) -> Result<Scope, ApiError> {
    let Some(ids) = collections else {
        return Ok(Scope::everything());
    };
    let kept = Collections(state.platform()).get_many(tenant, ids).await?;
    let read = kept.iter().map(|kept| Collection::read(&kept.parts));
    Ok(Scope::union(read.filter_map(Result::ok)))
}

/// What a scan in a build was of, as collections look at it. A folder is nothing that they know.
pub(crate) fn resource_of(target: &Target) -> Resource {
    match target.kind {
        TargetKind::Image => Resource::new().image(&target.name),
        TargetKind::Host => Resource::new().host(&target.name),
        TargetKind::Folder | TargetKind::Unknown => Resource::new(),
    }
}

/// Refuses what would reach further than the caller.
pub(crate) fn beyond(what: &str) -> ApiError {
    ApiError::new(
        Kind::BeyondScope,
        format!("{what} is not within the collections that your roles are limited to."),
    )
}

/// The estate as a caller sees it.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    index: Arc<EstateIndex>,
    scope: Scope,
    within: Option<Arc<Within>>,
    withins: Withins,
}

impl Sight {
    /// What of a tenant's estate is within a scope, as it is now.
    pub(crate) async fn of(
        state: &ApiState,
        tenant: &TenantId,
        scope: &Scope,
    ) -> Result<Self, ApiError> {
        let index = state.estates().load(state.platform(), tenant).await?;
        let within = if scope.is_everything() {
            None
        } else {
            Some(state.withins().get(&index, scope).await?)
        };
        Ok(Self {
            index,
            scope: scope.clone(),
            within,
            withins: state.withins().clone(),
        })
    }

    /// What is seen.
    pub(crate) fn view(&self) -> View<'_> {
        match &self.within {
            Some(within) => self.index.seen(within),
            None => self.index.whole(),
        }
    }

    /// One page of the vulnerabilities that are seen and that a filter wants.
    pub(crate) async fn page(
        &self,
        filter: &Filter,
        order: Order,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<RankedPage, ApiError> {
        if filter.excepted != Excepted::Hide {
            // What is not kept is worked out for each page.
            let (of, filter, after) = (self.clone(), filter.clone(), after.cloned());
            let page = move || of.view().page(&filter, order, after.as_ref(), limit);
            return tokio::task::spawn_blocking(page)
                .await
                .map_err(ApiError::internal);
        }
        let kind = filter.place_kind;
        self.known(
            move |view| view.is_ranked(kind),
            move |view| view.rank(kind),
        )
        .await?;
        Ok(self.view().page(filter, order, after, limit))
    }

    /// One page of the places that are seen and that a filter wants.
    pub(crate) async fn places(
        &self,
        kind: PlaceKind,
        filter: &PlaceFilter,
        order: PlaceOrder,
        after: Option<&PlacePosition>,
        limit: usize,
    ) -> Result<PlacesPage, ApiError> {
        self.known(
            move |view| view.are_places_known(kind, order),
            move |view| view.know_places(kind, order),
        )
        .await?;
        Ok(self.view().places_page(kind, filter, order, after, limit))
    }

    /// One page of the places that are seen and have a vulnerability; `None` when none has it.
    pub(crate) async fn affected(
        &self,
        id: &VulnerabilityId,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Option<AffectedPage>, ApiError> {
        self.known(|view| view.are_holders_known(), |view| view.know_holders())
            .await?;
        Ok(self.view().affected_page(id, after.as_ref(), limit))
    }

    /// Has something worked out once for this state of the estate, away from the threads that answer requests.
    async fn known(
        &self,
        is_known: impl Fn(&View<'_>) -> bool,
        know: impl FnOnce(&View<'_>) + Send + 'static,
    ) -> Result<(), ApiError> {
        if is_known(&self.view()) {
            return Ok(());
        }
        self.aside(know).await
    }

    /// Has something worked out of what is seen, away from the threads that answer requests.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let of = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&of.view()))
            .await
            .map_err(ApiError::internal)?;
        if self.within.is_some() {
            // It may take more than before.
            self.withins.weigh();
        }
        Ok(done)
    }

    /// The index itself, for facts of vulnerabilities and of places that are seen.
    pub(crate) fn index(&self) -> &EstateIndex {
        &self.index
    }

    /// Whether a host is seen, by what is known of it, or by its name where nothing was judged of it yet.
    pub(crate) fn has_host(&self, id: &HostId, name: &str) -> bool {
        let place = Place::Host(id.clone());
        if self.index.place_facts(&place).is_some() {
            self.view().has(&place)
        } else {
            self.scope.includes(&Resource::new().host(name))
        }
    }
}

/// What is known of scopes over indexes, so that each is worked out once for each state of an estate. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Withins {
    all: Arc<Mutex<Vec<Known>>>,
    most_bytes: usize,
}

impl Default for Withins {
    fn default() -> Self {
        Self {
            all: Arc::default(),
            most_bytes: MOST_BYTES,
        }
    }
}

#[derive(Debug)]
struct Known {
    scope: Scope,
    index: Weak<EstateIndex>,
    within: Arc<Within>,
}

impl Withins {
    async fn get(&self, index: &Arc<EstateIndex>, scope: &Scope) -> Result<Arc<Within>, ApiError> {
        if let Some(known) = self.known(index, scope) {
            return Ok(known);
        }
        // Many patterns over many names take a while.
        let (of, by) = (Arc::clone(index), scope.clone());
        let within = tokio::task::spawn_blocking(move || Arc::new(of.within(&by)))
            .await
            .map_err(ApiError::internal)?;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_KNOWN {
            all.remove(0);
        }
        all.push(Known {
            scope: scope.clone(),
            index: Arc::downgrade(index),
            within: Arc::clone(&within),
        });
        drop(all);
        self.weigh();
        Ok(within)
    }

    /// Forgets those that were asked for longest ago, until the others take no more than they may or one is left. What is
    /// asked of them makes them larger, so they are weighed then and whenever one comes.
    fn weigh(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes: usize = all.iter().map(|known| known.within.memory_bytes()).sum();
        while bytes > self.most_bytes && all.len() > 1 {
            bytes = bytes.saturating_sub(all.remove(0).within.memory_bytes());
        }
    }

    /// What is known of this very index; what is of one that is gone is forgotten.
    fn known(&self, index: &Arc<EstateIndex>, scope: &Scope) -> Option<Arc<Within>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.index.strong_count() > 0);
        let is_it = |known: &Known| {
            std::ptr::eq(known.index.as_ptr(), Arc::as_ptr(index)) && known.scope == *scope
        };
        let at = all.iter().position(is_it)?;
        // What was asked for longest ago is forgotten first.
        let known = all.remove(at);
        let within = Arc::clone(&known.within);
        all.push(known);
        Some(within)
    }
}

#[cfg(test)]
mod tests {
    use estate::{PlaceDelta, PlaceFinding};
    use schemas::{
        Severity, collection::CollectionParts, inventory::CoverageStatus, risk::VulnerabilityFacts,
    };

    use super::*;

    fn index() -> Arc<EstateIndex> {
        let findings = (1..2000).map(|n| PlaceFinding {
            vulnerability: format!("CVE-2026-{n:04}").parse().unwrap(),
            severity: Severity::High,
            cvss_score: Some(7.0),
            fix_available: false,
            excepted: false,
            facts: VulnerabilityFacts::default(),
        });
        let mut index = EstateIndex::new();
        index.apply(&PlaceDelta {
            name: "db-1".to_owned(),
            removed: false,
            coverage: CoverageStatus::Complete,
            packages: 1,
            findings: findings.collect(),
            resource: Resource::new().host("db-1"),
            ..PlaceDelta::removal("host/db-1".parse().unwrap(), 1)
        });
        Arc::new(index)
    }

    fn scope(n: usize) -> Scope {
        let parts = CollectionParts {
            hosts: vec!["db-*".to_owned(), format!("other-{n}")],
            ..CollectionParts::default()
        };
        Scope::union([Collection::read(&parts).unwrap()])
    }

    #[tokio::test]
    async fn what_is_worked_out_for_scopes_is_weighed_when_it_grows() {
        let index = index();
        let withins = Withins {
            most_bytes: 200_000,
            ..Withins::default()
        };
        let bytes = || -> usize {
            let all = withins.all.lock().unwrap();
            all.iter().map(|known| known.within.memory_bytes()).sum()
        };
        let mut seen = Vec::new();
        // By lists of places they take little, each.
        for n in 0..16 {
            let scope = scope(n);
            let within = withins.get(&index, &scope).await.unwrap();
            seen.push(Sight {
                index: Arc::clone(&index),
                scope,
                within: Some(within),
                withins: withins.clone(),
            });
        }
        assert_eq!(withins.all.lock().unwrap().len(), 16);
        // Nobody new comes, and all are asked what is vulnerable there.
        for sight in &seen {
            let filter = Filter::default();
            let page = sight.page(&filter, Order::Score, None, 10).await;
            assert_eq!(page.unwrap().total, 1999);
            assert!(bytes() <= withins.most_bytes, "{}", bytes());
        }
        let left = withins.all.lock().unwrap().len();
        assert!((1..16).contains(&left), "{left}");
    }
}
