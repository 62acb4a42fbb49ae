//! Which places of a tenant a generation of advisories concerns: those which ask a changed shard for a changed name.

use std::collections::BTreeSet;

use records::{
    Feeds, Places, RecordError,
    messages::{self, ScanMessage},
};
use schemas::{Place, PlaceKind, TenantId};

use crate::{Context, HandlerError};

/// Sends `scan` the places that a document of changes names.
pub(crate) async fn rematch(
    context: &Context,
    tenant: &TenantId,
    changes: &str,
) -> Result<(), HandlerError> {
    let platform = &context.platform;
    let changes = match Feeds(platform).changes(changes).await {
        Ok(changes) => changes,
        // Two generations came out since, and the document is gone. A place whose shards are the same is left alone by
        // `scan`, so telling all of them is only slower.
        Err(RecordError::Gone(_)) => return tell_all(context, tenant).await,
        Err(error) => return Err(error.into()),
    };
    let mut told = BTreeSet::new();
    for (shard, names) in changes.sets() {
        let mut cursor = None;
        loop {
            let page = Places(platform)
                .asking(tenant, &shard, &names, cursor)
                .await?;
            let fresh = page
                .records
                .into_iter()
                .filter(|place| told.insert(place.clone()));
            tell(context, tenant, fresh.collect()).await?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn tell_all(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    for kind in [PlaceKind::Host, PlaceKind::Image] {
        let mut cursor = None;
        loop {
            let page = Places(&context.platform)
                .list(tenant, kind, 1000, cursor)
                .await?;
            let places = page.records.into_iter().map(|record| record.place);
            tell(context, tenant, places.collect()).await?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn tell(
    context: &Context,
    tenant: &TenantId,
    places: Vec<Place>,
) -> Result<(), HandlerError> {
    let scans: Vec<_> = places
        .into_iter()
        .map(|place| ScanMessage::Place {
            tenant: tenant.clone(),
            place,
        })
        .collect();
    Ok(messages::send(&context.platform, &scans).await?)
}
