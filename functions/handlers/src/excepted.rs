//! Exceptions: what they hide, and bringing what changed of them into the estate index.
//!
//! `score` marks what is hidden as it writes a place's state. Where an exception comes into force or out of it, the places
//! that have its vulnerability are scored again; what is left of that stands in the record of what is in force, so that
//! whoever comes next goes on, by a message or by the timer.

use estate::Resource;
use policy::{AtPlace, Standing};
use records::{
    Exceptions, InForceRecord,
    messages::{self, ScoreMessage},
};
use schemas::{CollectionId, Place, TenantId, VulnerabilityId};

use crate::{ATTEMPTS, Context, HandlerError, within::Within};

/// The exceptions of a tenant that hold now.
pub(crate) struct Excepted {
    standing: Standing,
    revision: u64,
}

impl Excepted {
    pub(crate) async fn read(context: &Context, tenant: &TenantId) -> Result<Self, HandlerError> {
        let found = Exceptions(&context.platform).in_force(tenant).await?;
        Ok(Self {
            standing: Standing::new(&found.record.exceptions, context.now()),
            revision: found.record.revision,
        })
    }

    /// The revision that was read.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Of the collections that exceptions hold in, those that have this.
    pub(crate) async fn collections_of(
        &self,
        context: &Context,
        tenant: &TenantId,
        resource: &Resource,
    ) -> Result<Vec<CollectionId>, HandlerError> {
        let within = Within::among(context, tenant, self.standing.collections()).await?;
        Ok(within.have(resource))
    }

    /// The same of a place as it is known now.
    pub(crate) async fn collections_of_place(
        &self,
        context: &Context,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Vec<CollectionId>, HandlerError> {
        let within = Within::among(context, tenant, self.standing.collections()).await?;
        within.have_place(context, tenant, place).await
    }

    /// Those that hold in a place of these collections.
    pub(crate) fn at(&self, place: &Place, collections: &[CollectionId]) -> AtPlace<'_> {
        self.standing.at(place, collections)
    }
}

/// The revision of what is in force now.
pub(crate) async fn revision(context: &Context, tenant: &TenantId) -> Result<u64, HandlerError> {
    let found = Exceptions(&context.platform).in_force(tenant).await?;
    Ok(found.record.revision)
}

/// What asks `score` to bring in what changed, where something is to be done.
pub(crate) async fn due(
    context: &Context,
    tenant: &TenantId,
) -> Result<Option<ScoreMessage>, HandlerError> {
    let found = Exceptions(&context.platform).in_force(tenant).await?;
    let is_due = found.record.is_due(context.now());
    Ok(is_due.then(|| ScoreMessage::Exceptions {
        tenant: tenant.clone(),
    }))
}

/// Notes which exceptions are over, and has the places scored again that changed exceptions are about: some thousand by each
/// message, and the rest by a further one.
pub(crate) async fn bring_in(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let exceptions = Exceptions(&context.platform);
    exceptions.end(tenant, context.now()).await?;
    let most = context.limits.rematched_at_once;
    let (mut asked_for, mut conflicts) = (0, 0);
    loop {
        let found = exceptions.in_force(tenant).await?;
        let Some(pending) = found.record.pending.first() else {
            return Ok(());
        };
        if asked_for >= most {
            let next = ScoreMessage::Exceptions {
                tenant: tenant.clone(),
            };
            return Ok(messages::send(&context.platform, &[next]).await?);
        }
        let limit = most.saturating_sub(asked_for).max(1);
        let vulnerability = pending.vulnerability.clone();
        let places = holders(
            context,
            tenant,
            &vulnerability,
            pending.after.clone(),
            limit,
        )
        .await?;
        let scores: Vec<_> = places
            .iter()
            .map(|place| ScoreMessage::Place {
                tenant: tenant.clone(),
                place: place.clone(),
            })
            .collect();
        messages::send(&context.platform, &scores).await?;
        asked_for += places.len();
        let last = places.last().filter(|_| places.len() == limit);
        let after = advanced(&found.record, last);
        if !exceptions.settle(tenant, &found, &after).await? {
            // Another change came; to ask for the same places once more does no harm.
            conflicts += 1;
            if conflicts >= ATTEMPTS {
                return Err(HandlerError::retry(
                    "exceptions are being changed by others",
                ));
            }
        }
    }
}

/// What is left once the first that waits was asked for up to a place, or to its end.
fn advanced(before: &InForceRecord, last: Option<&Place>) -> InForceRecord {
    let mut after = before.clone();
    match (last, after.pending.first_mut()) {
        (Some(last), Some(pending)) => pending.after = Some(last.clone()),
        _ => after.pending = before.pending.iter().skip(1).cloned().collect(),
    }
    after
}

/// Some places that have a vulnerability, hidden or not, after this one.
async fn holders(
    context: &Context,
    tenant: &TenantId,
    vulnerability: &VulnerabilityId,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Place>, HandlerError> {
    let index = context.estates.load(&context.platform, tenant).await?;
    let vulnerability = vulnerability.clone();
    crate::advise::aside(move || Ok(index.holding(&vulnerability, after.as_ref(), limit))).await
}
