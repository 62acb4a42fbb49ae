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
    AffectedPage, EstateIndex, Filter, Order, PlaceFilter, PlaceOrder, PlacePosition, PlacesPage,
    Position, RankedPage, Resource, View, Within,
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
        self.known(|view| view.are_places_known(), |view| view.know_places())
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
        let of = self.clone();
        tokio::task::spawn_blocking(move || know(&of.view()))
            .await
            .map_err(ApiError::internal)
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

/// What is known of scopes over indexes, so that each is worked out once for each state of an estate.
#[derive(Debug, Default)]
pub(crate) struct Withins(Mutex<Vec<Known>>);

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
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_KNOWN {
            all.remove(0);
        }
        // What is asked of them later makes them larger, so they are weighed whenever one comes.
        let mut bytes: usize = all.iter().map(|known| known.within.memory_bytes()).sum();
        while bytes > MOST_BYTES && !all.is_empty() {
            bytes -= all.remove(0).within.memory_bytes();
        }
        all.push(Known {
            scope: scope.clone(),
            index: Arc::downgrade(index),
            within: Arc::clone(&within),
        });
        Ok(within)
    }

    /// What is known of this very index; what is of one that is gone is forgotten.
    fn known(&self, index: &Arc<EstateIndex>, scope: &Scope) -> Option<Arc<Within>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
