//! What changed in a place, for channels that want to be told.

use notification::{
    changes::{self, Recognised},
    gather,
};
use records::{
    Channels, FindingsDocument, PlaceRecord, Places, RecordError,
    place_changes::ChangeRecord,
    places::{Sight, Unseen, UnseenFinding},
};
use schemas::{TenantId, Timestamp};

use crate::{Context, HandlerError, advise, excepted::Excepted, within::Within};

/// How long what is not seen is taken for what is still there, in milliseconds: 30 days. A place that is never seen whole again
/// is not told of for ever by what it had once.
const UNSEEN_MS: i64 = 30 * 24 * 3600 * 1000;

/// What changed in a place.
pub(crate) enum Changed {
    /// These are to be told, none where nobody is to be told; and this is not seen any more.
    These(Vec<ChangeRecord>, Option<Unseen>),
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
        return Ok(Changed::These(Vec::new(), None));
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
    let sight = known.map(PlaceRecord::sight);
    let (record, mut document, at) = (record.clone(), document.clone(), context.now());
    let mut before = before;
    // Places have tens of thousands of findings.
    advise::aside(move || {
        // What an exception hides is no news, neither that it came nor that it went; nor is it that one begins or ends.
        let here = here.at(&record.place, &excepted_in);
        for found in before.iter_mut().chain([&mut document]) {
            found.findings.retain(|finding| here.of(finding).is_none());
        }
        let now = record.sight();
        let before_it = before.as_ref().and_then(|before| before.unseen.as_ref());
        let unseen: Vec<_> = before_it
            .map_or(&[][..], |unseen| &unseen.findings)
            .iter()
            .map(recognised)
            .collect();
        let is_less = |sight: &Sight| now.is_less_than(sight);
        let compared = changes::Compared {
            place: &record.place,
            name: &record.name,
            before: before.as_ref().map(found),
            sees_more: sight
                .as_ref()
                .is_some_and(|sight| sight.reads_less_than(&now)),
            now: found(&document),
            sees_less: sight.as_ref().is_some_and(is_less),
            unseen: &unseen,
        };
        let changes = changes::changes(&compared);
        let since = since(before_it, sight.filter(is_less), &now, at);
        let unseen = since.and_then(|(since, sight)| {
            let findings = changes::unseen(&compared).into_iter();
            let findings: Vec<_> = findings
                .map(|one| UnseenFinding {
                    vulnerability: one.vulnerability,
                    package: one.package,
                })
                .collect();
            (!findings.is_empty()).then_some(Unseen {
                since,
                sight,
                findings,
            })
        });
        let records = changes.into_iter().map(|change| ChangeRecord {
            version: 1,
            group: gather::group(&change, &collections),
            at,
            change,
            collections: collections.clone(),
        });
        Ok(Changed::These(records.collect(), unseen))
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

fn recognised(one: &UnseenFinding) -> Recognised {
    Recognised {
        vulnerability: one.vulnerability.clone(),
        package: one.package.clone(),
    }
}

/// Since when something is not seen that was seen with that sight: since before, or since the state before, where its sight
/// was better than now.
fn since(
    before: Option<&Unseen>,
    better: Option<Sight>,
    now: &Sight,
    at: Timestamp,
) -> Option<(Timestamp, Sight)> {
    let kept = before.filter(|unseen| {
        let is_over = unseen.since.plus_ms(UNSEEN_MS) <= at;
        !is_over && now.is_less_than(&unseen.sight)
    });
    match kept {
        Some(unseen) => Some((unseen.since, unseen.sight.clone())),
        None => better.map(|sight| (at, sight)),
    }
}
