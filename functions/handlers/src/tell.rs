//! What changed in a place, for channels that want to be told.

use notification::{changes, gather};
use records::{
    Channels, FindingsDocument, PlaceRecord, Places, RecordError, place_changes::ChangeRecord,
};
use schemas::{TenantId, inventory::CoverageStatus};

use crate::{Context, HandlerError, advise, within::Within};

/// What changed in a place; nothing where nobody is to be told. `None` when the state before was replaced since it was read.
pub(crate) async fn changed(
    context: &Context,
    tenant: &TenantId,
    known: Option<&PlaceRecord>,
    record: &PlaceRecord,
    document: &FindingsDocument,
) -> Result<Option<Vec<ChangeRecord>>, HandlerError> {
    let platform = &context.platform;
    let mut channels = Channels(platform).all(tenant).await?;
    channels.retain(|channel| {
        let mut events = channel.wants.events.iter();
        channel.enabled && events.any(|event| event.is_of_findings())
    });
    if channels.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let within = Within::of(context, tenant, channels.iter()).await?;
    let collections = within.have_place(context, tenant, &record.place).await?;
    // Of what no advisories were there for, or was not wholly there, nothing was known yet.
    let before = match known.filter(|known| known.generation > 0 && known.missing_layers.is_empty())
    {
        None => None,
        Some(known) => match Places(platform).findings(tenant, known).await {
            Err(RecordError::Gone(_)) => return Ok(None),
            before => Some(before?),
        },
    };
    let sees_less = known.is_some_and(|known| sees_less(known, record));
    let (record, document, at) = (record.clone(), document.clone(), context.now());
    // Places have tens of thousands of findings.
    advise::aside(move || {
        let changes = changes::changes(&changes::Compared {
            place: &record.place,
            name: &record.name,
            before: before.as_ref().map(found),
            now: found(&document),
            sees_less,
        });
        let records = changes.into_iter().map(|change| ChangeRecord {
            version: 1,
            group: gather::group(&change, &collections),
            at,
            change,
            collections: collections.clone(),
        });
        Ok(Some(records.collect()))
    })
    .await
}

fn found(document: &FindingsDocument) -> changes::Found<'_> {
    changes::Found {
        findings: &document.findings,
        cannot_judge: &document.cannot_judge,
    }
}

/// Whether less could be read or judged than before: then what is missing may still be there.
fn sees_less(known: &PlaceRecord, record: &PlaceRecord) -> bool {
    let worse =
        known.coverage == CoverageStatus::Complete && record.coverage != CoverageStatus::Complete;
    worse
        || record.gaps > known.gaps
        || record.missing_layers.len() > known.missing_layers.len()
        || record.generation < known.generation
}
