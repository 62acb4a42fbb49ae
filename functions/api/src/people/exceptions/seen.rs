//! Which exceptions somebody sees who is limited to collections, and which they decide on.

use std::collections::BTreeMap;

use records::{Collections, ExceptionRecord};
use schemas::{
    CollectionId, TenantId,
    exception::{ExceptionScope, ExceptionState},
};
use scope::{Collection, Scope};

use crate::{problem::ApiError, scoped::Sight, state::ApiState};

/// What of the places and collections that exceptions hold in is within a caller's reach.
pub(super) struct Seen {
    scope: Scope,
    collections: BTreeMap<CollectionId, Collection>,
    /// Absent where nothing asks for it.
    sight: Option<Sight>,
}

impl Seen {
    /// What a caller sees of what these exceptions are about.
    pub(super) async fn of<'a>(
        state: &ApiState,
        tenant: &TenantId,
        scope: &Scope,
        records: impl IntoIterator<Item = &'a ExceptionRecord>,
    ) -> Result<Self, ApiError> {
        let scopes = records.into_iter().map(|record| &record.text.scope);
        Self::of_scopes(state, tenant, scope, scopes).await
    }

    /// The same, by where they hold.
    pub(super) async fn of_scopes<'a>(
        state: &ApiState,
        tenant: &TenantId,
        scope: &Scope,
        scopes: impl IntoIterator<Item = &'a ExceptionScope>,
    ) -> Result<Self, ApiError> {
        let mut seen = Self {
            scope: scope.clone(),
            collections: BTreeMap::new(),
            sight: None,
        };
        if scope.is_everything() {
            return Ok(seen);
        }
        let (mut collections, mut has_place) = (Vec::new(), false);
        for one in scopes {
            match one {
                ExceptionScope::Collection { collection } => collections.push(collection),
                ExceptionScope::Place { .. } => has_place = true,
                ExceptionScope::Estate | ExceptionScope::Unknown => {}
            }
        }
        collections.sort();
        collections.dedup();
        let kept = Collections(state.platform());
        let kept = kept.get_many(tenant, collections).await?;
        let read = kept.into_iter().filter_map(|record| {
            let collection = Collection::read(&record.parts).ok()?;
            Some((record.id, collection))
        });
        seen.collections = read.collect();
        if has_place {
            seen.sight = Some(Sight::of(state, tenant, scope).await?);
        }
        Ok(seen)
    }

    /// Whether the caller reaches all of where something holds.
    pub(super) fn covers(&self, scope: &ExceptionScope) -> bool {
        if self.scope.is_everything() {
            return true;
        }
        match scope {
            ExceptionScope::Estate | ExceptionScope::Unknown => false,
            ExceptionScope::Collection { collection } => {
                let known = self.collections.get(collection);
                known.is_some_and(|known| self.scope.covers(known))
            }
            ExceptionScope::Place { place } => {
                let sight = self.sight.as_ref();
                sight.is_some_and(|sight| sight.view().has(place))
            }
        }
    }

    /// Whether the caller may know of an exception: also of one that is in force everywhere, since it is in force in what
    /// they see.
    pub(super) fn has(&self, record: &ExceptionRecord) -> bool {
        let is_everywhere =
            record.text.scope == ExceptionScope::Estate && record.state == ExceptionState::Approved;
        is_everywhere || self.covers(&record.text.scope)
    }
}
