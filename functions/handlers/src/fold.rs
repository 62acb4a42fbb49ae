//! fold: from time to time the new states of a tenant's places are folded into the base of its estate index.

use async_trait::async_trait;
use platform::Delivery;
use records::{
    Estates,
    identity::Identity,
    messages::{self, ScoreMessage},
};
use schemas::TenantId;

use crate::{Context, Handler, HandlerError};

/// The scheduled function: asks `score` to fold, tenant by tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fold;

#[async_trait]
impl Handler for Fold {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        let tenants = Identity::new(context.platform.clone()).tenants().await?;
        let folds: Vec<_> = tenants
            .into_iter()
            .map(|tenant| ScoreMessage::Fold { tenant: tenant.id })
            .collect();
        Ok(messages::send(&context.platform, &folds).await?)
    }
}

/// Folds where it is worth it: reading a few states beside the base costs less than writing the base.
pub(crate) async fn fold(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let estates = Estates(&context.platform);
    if estates.pending(tenant).await? < context.limits.fold_at {
        return Ok(());
    }
    Ok(estates.fold(tenant, |_| false).await?)
}
