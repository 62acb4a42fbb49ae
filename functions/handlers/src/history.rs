//! How an estate stands is kept day by day, as its states are folded in.

use std::sync::{Arc, Mutex, PoisonError};

use estate::EstateIndex;
use records::{PostureDays, RecordError};
use schemas::{TenantId, posture::Posture};

use crate::{Context, HandlerError};

/// While states wait and are not folded in, the estate is looked at as often as this, in milliseconds: one hour.
const LOOKED_AT_MS: i64 = 60 * 60_000;

/// How an estate stood when it was folded, for whoever folds it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<Posture>>>);

impl Seen {
    /// Looks at the estate that is going to be the base.
    pub(crate) fn look(&self, index: &EstateIndex) {
        let posture = index.whole().posture();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(posture);
    }

    /// Keeps what was seen as of today.
    pub(crate) async fn keep(
        self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<(), RecordError> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match seen {
            Some(posture) => {
                let days = PostureDays(&context.platform);
                days.put(tenant, context.now(), posture).await
            }
            None => Ok(()),
        }
    }
}

/// Looks at an estate of which states wait that it is not worth to fold in yet: once an hour, so that each day is known.
pub(crate) async fn look(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let (platform, now) = (&context.platform, context.now());
    let known = PostureDays(platform).on(tenant, now).await?;
    let is_late = |at: schemas::Timestamp| at.plus_ms(LOOKED_AT_MS) <= now;
    if known.is_none_or(|known| is_late(known.at)) {
        let index = context.estates.load(platform, tenant).await?;
        let seen = Seen::default();
        let (looks, at) = (seen.clone(), index);
        crate::advise::aside(move || {
            looks.look(&at);
            Ok(())
        })
        .await?;
        seen.keep(context, tenant).await?;
    }
    Ok(())
}
