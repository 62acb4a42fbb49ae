//! Which places of a tenant a generation of advisories concerns: those which ask a changed shard for a changed name.
//!
//! One message looks at some thousand places and leaves the rest to the next, so that it ends in time in an estate of any
//! size.

use std::collections::BTreeSet;

use platform::Cursor;
use records::{
    Feeds, Places, RecordError,
    feeds::Changes,
    messages::{self, RematchFrom, ScanMessage},
};
use schemas::{Place, PlaceKind, TenantId};

use crate::{Context, HandlerError};

/// Pages that one message looks at, whoever is on them.
const PAGES_AT_ONCE: usize = 300;

/// Sends `scan` the places that a document of changes names, from where an earlier message ended.
pub(crate) async fn rematch(
    context: &Context,
    tenant: &TenantId,
    changes: &str,
    from: Option<RematchFrom>,
) -> Result<(), HandlerError> {
    let next = match from {
        Some(RematchFrom::Kind { kind, cursor }) => all(context, tenant, kind, cursor).await?,
        from => match Feeds(&context.platform).changes(changes).await {
            Ok(changes) => asking(context, tenant, &changes, from).await?,
            // Two generations came out since, and the document is gone. A place whose shards are the same is left alone
            // by `scan`, so telling all of them is only slower.
            Err(RecordError::Gone(_)) => all(context, tenant, PlaceKind::Host, None).await?,
            Err(error) => return Err(error.into()),
        },
    };
    let Some(from) = next else {
        return Ok(());
    };
    let more = ScanMessage::Rematch {
        tenant: tenant.clone(),
        changes: changes.to_owned(),
        from: Some(from),
    };
    Ok(messages::send(&context.platform, &[more]).await?)
}

/// Tells the places that ask for what changed. Returns where to go on.
async fn asking(
    context: &Context,
    tenant: &TenantId,
    changes: &Changes,
    from: Option<RematchFrom>,
) -> Result<Option<RematchFrom>, HandlerError> {
    let (first, mut cursor) = match from {
        Some(RematchFrom::Shard { shard, cursor }) => (shard, cursor.map(Cursor)),
        _ => (String::new(), None),
    };
    let mut told = BTreeSet::new();
    let mut pages = 0;
    for (shard, names) in changes.sets() {
        // In the order of their names.
        if shard < first {
            continue;
        }
        if shard != first {
            cursor = None;
        }
        loop {
            if told.len() >= context.limits.rematched_at_once || pages >= PAGES_AT_ONCE {
                let cursor = cursor.map(|cursor| cursor.0);
                return Ok(Some(RematchFrom::Shard { shard, cursor }));
            }
            let page = Places(&context.platform)
                .asking(tenant, &shard, &names, cursor)
                .await?;
            // Most shards are asked by nobody, and cost a look.
            pages += usize::from(!page.records.is_empty() || page.next.is_some());
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
    Ok(None)
}

/// Tells all places, from a kind on. Returns where to go on.
async fn all(
    context: &Context,
    tenant: &TenantId,
    kind: PlaceKind,
    cursor: Option<String>,
) -> Result<Option<RematchFrom>, HandlerError> {
    let (mut kind, mut cursor) = (kind, cursor.map(Cursor));
    let mut told = 0;
    while told < context.limits.rematched_at_once {
        let page = Places(&context.platform)
            .list(tenant, kind, 1000, cursor)
            .await?;
        told += page.records.len();
        let places = page.records.into_iter().map(|record| record.place);
        tell(context, tenant, places.collect()).await?;
        cursor = page.next;
        if cursor.is_none() {
            match kind {
                PlaceKind::Host => kind = PlaceKind::Image,
                PlaceKind::Image => return Ok(None),
            }
        }
    }
    let cursor = cursor.map(|cursor| cursor.0);
    Ok(Some(RematchFrom::Kind { kind, cursor }))
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
            rematch: true,
        })
        .collect();
    Ok(messages::send(&context.platform, &scans).await?)
}
