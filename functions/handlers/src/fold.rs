//! fold: from time to time the new states of a tenant's places are folded into the base of its estate index.

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
    Context, Handler, HandlerError,
    history::{self, Seen},
};

/// The scheduled function: asks `score` to fold, tenant by tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fold;

#[async_trait]
impl Handler for Fold {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        let mut folds = Vec::new();
        for tenant in Identity::new(context.platform.clone()).tenants().await? {
            // Most minutes nothing came, and asking costs less than a message.
            if Estates(&context.platform).is_pending(&tenant.id).await? {
                folds.push(ScoreMessage::Fold { tenant: tenant.id });
            }
        }
        Ok(messages::send(&context.platform, &folds).await?)
    }
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
        let look = move |index: &mut EstateIndex| {
            looks.look(index);
            false
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
