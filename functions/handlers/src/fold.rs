//! fold: from time to time the new states of a tenant's places are folded into the base of its estate index, and exceptions
//! whose time is over go out of force.

use std::error::Error;

use async_trait::async_trait;
use estate::EstateIndex;
use platform::Delivery;
use records::{
    Estates,
    estate_top::LARGE_BYTES,
    identity::Identity,
    messages::{self, ScoreMessage},
};
use schemas::TenantId;

use crate::{
    Context, Handler, HandlerError, excepted,
    history::{self, Seen},
    score::critical_labels,
};

/// The scheduled function: asks `score` to fold and to bring in what changed of exceptions, tenant by tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fold;

#[async_trait]
impl Handler for Fold {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        let (mut messages, mut failed) = (Vec::new(), None);
        for tenant in Identity::new(context.platform.clone()).tenants().await? {
            // What is wrong with one keeps none of the others waiting.
            match due(context, &tenant.id).await {
                Ok(due) => messages.extend(due),
                Err(error) => {
                    tracing::error!(tenant = %tenant.id, error = &error as &dyn Error, "cannot be looked at");
                    failed = Some(error);
                }
            }
        }
        messages::send(&context.platform, &messages).await?;
        failed.map_or(Ok(()), Err)
    }
}

/// What is to be done of a tenant.
async fn due(context: &Context, tenant: &TenantId) -> Result<Vec<ScoreMessage>, HandlerError> {
    // Most minutes nothing came, and asking costs less than a message.
    let is_pending = Estates(&context.platform).is_pending(tenant).await?;
    let fold = is_pending.then(|| ScoreMessage::Fold {
        tenant: tenant.clone(),
    });
    // What ended since, and what a lost message or a broken look left.
    let exceptions = excepted::due(context, tenant).await?;
    Ok(exceptions.into_iter().chain(fold).collect())
}

/// States together have to be this part of the base before they are folded in: a fold reads and writes the whole base.
const PART_OF_BASE: u64 = 16;

/// Folds where it is worth it: reading some states beside the base costs less than writing the base. Where it is not, the
/// lists of a large estate still learn of them.
pub(crate) async fn fold(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let estates = Estates(&context.platform);
    let pending = estates.pending(tenant).await?;
    if pending.states() == 0 {
        return Ok(());
    }
    let many = pending.states() >= context.limits.fold_at;
    if many && pending.bytes().saturating_mul(PART_OF_BASE) >= pending.base_bytes() {
        let seen = Seen::default();
        let looks = seen.clone();
        // Where a message of their change was lost.
        let (labels, _) = critical_labels(context, tenant).await?;
        let look = move |index: &mut EstateIndex| {
            let changed = index.set_critical_labels(&labels);
            looks.look(index);
            changed
        };
        estates.fold(tenant, look).await?;
        return Ok(seen.keep(context, tenant).await?);
    }
    if pending.base_bytes() >= LARGE_BYTES {
        let cache = &context.estates;
        cache.write_top(&context.platform, tenant, &pending).await?;
    }
    history::look(context, tenant).await
}
