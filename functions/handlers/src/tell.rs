//! What changed in a place, for channels that want to be told.

use notification::{changes, gather};
use records::{
    Channels, FindingsDocument, PlaceRecord, Places, RecordError, place_changes::ChangeRecord,
};
use schemas::{TenantId, inventory::CoverageStatus};

use crate::{Context, HandlerError, advise, excepted::Excepted, within::Within};

/// What changed in a place.
pub(crate) enum Changed {
    /// These are to be told; none where nobody is to be told.
    These(Vec<ChangeRecord>),
    /// The state before was replaced since it was read.
    Replaced,
    /// What was found before is nowhere any more, so what of it is new cannot be said. To tell of all would tell of it as
    /// new once more; what changes from here on is told.
    Lost,
}

/// What changed in a place between these states.
pub(crate) async fn changed(
    context: &Context,
    tenant: &TenantId,
    known: Option<&PlaceRecord>,
    record: &PlaceRecord,
    document: &FindingsDocument,
) -> Result<Changed, HandlerError> {
    let platform = &context.platform;
    let mut channels = Channels(platform).all(tenant).await?;
    channels.retain(|channel| {
        let mut events = channel.wants.events.iter();
        channel.enabled && events.any(|event| event.is_of_findings())
    });
    if channels.is_empty() {
        return Ok(Changed::These(Vec::new()));
    }
    // Of what no advisories were there for nothing was known yet.
    let before = match known.filter(|known| known.generation > 0) {
        None => None,
        Some(known) => match Places(platform).findings(tenant, known).await {
            Err(RecordError::Gone(_)) => return gone(context, tenant, known).await,
            before => Some(before?),
        },
    };
    let within = Within::of(context, tenant, channels.iter()).await?;
    let collections = within.have_place(context, tenant, &record.place).await?;
    let here = Excepted::read(context, tenant).await?;
    let excepted_in = here
        .collections_of_place(context, tenant, &record.place)
        .await?;
    let sees_less = known.is_some_and(|known| sees_less(known, record));
    let sees_more = known.is_some_and(|known| lacks(record, known));
    let (record, mut document, at) = (record.clone(), document.clone(), context.now());
    let mut before = before;
    // Places have tens of thousands of findings.
    advise::aside(move || {
        // What an exception hides is no news, neither that it came nor that it went; nor is it that one begins or ends.
        let here = here.at(&record.place, &excepted_in);
        for found in before.iter_mut().chain([&mut document]) {
            found.findings.retain(|finding| here.of(finding).is_none());
        }
        let changes = changes::changes(&changes::Compared {
            place: &record.place,
            name: &record.name,
            before: before.as_ref().map(found),
            sees_more,
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
        Ok(Changed::These(records.collect()))
    })
    .await
}

/// Why the findings of a state are not there.
async fn gone(
    context: &Context,
    tenant: &TenantId,
    known: &PlaceRecord,
) -> Result<Changed, HandlerError> {
    let now = Places(&context.platform).get(tenant, &known.place).await?;
    if now.is_none_or(|now| now.record != *known) {
        return Ok(Changed::Replaced);
    }
    tracing::warn!(
        %tenant,
        place = %known.place,
        "what was found before is lost, so nobody is told what changed since"
    );
    Ok(Changed::Lost)
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
        || lacks(known, record)
        || record.generation < known.generation
}

/// Whether the other state lacks a layer that this one has.
fn lacks(one: &PlaceRecord, other: &PlaceRecord) -> bool {
    let mut missing = other.missing_layers.iter();
    missing.any(|layer| !one.missing_layers.contains(layer))
}
