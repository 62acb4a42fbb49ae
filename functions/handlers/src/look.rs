//! look: from time to time registries are looked at for new images, each as often as it is set up to be.

use async_trait::async_trait;
use platform::Delivery;
use records::{
    Registries,
    identity::Identity,
    messages::{self, RegistryMessage},
};
use schemas::{RegistryId, TenantId, Timestamp};

use crate::{Context, Handler, HandlerError};

const HOUR_MS: i64 = 3_600_000;

/// The scheduled function: asks `registry` to look at each registry whose time has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct LookAtRegistries;

#[async_trait]
impl Handler for LookAtRegistries {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        let mut failed = None;
        for tenant in Identity::new(context.platform.clone()).tenants().await? {
            // One tenant's records must not keep the others from being looked at.
            if let Err(error) = look_for(context, &tenant.id).await {
                let cause = &error as &dyn std::error::Error;
                tracing::error!(tenant = %tenant.id, error = cause, "registries of a tenant are not looked at");
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Asks for the looks at one tenant's registries whose time has come.
async fn look_for(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    let registries = Registries(&context.platform);
    let mut looks = Vec::new();
    for record in registries.all(tenant).await? {
        let (true, Some(hours)) = (record.settings.enabled, record.settings.every_hours) else {
            continue;
        };
        let due = due(context.now(), hours, &record.id);
        // Who was changed since waits for the next time.
        let run = registries.run(tenant, &record.id).await?;
        let last = run.and_then(|run| run.started_at);
        if last.is_some_and(|last| last >= due) {
            continue;
        }
        looks.push(RegistryMessage::Survey {
            tenant: tenant.clone(),
            registry: record.id,
            // The same however often it is asked for until it begins.
            began: due,
            after: None,
            pages: 0,
        });
    }
    Ok(messages::send(&context.platform, &looks).await?)
}

/// When a registry was to be looked at last: every so many hours, and not all of them in the same minute.
fn due(now: Timestamp, hours: u32, id: &RegistryId) -> Timestamp {
    let every_ms = i64::from(hours.max(1)).saturating_mul(HOUR_MS);
    let seed = id.as_str().bytes().fold(7_i64, |seed, byte| {
        (seed.wrapping_mul(31).wrapping_add(i64::from(byte))) & 0x7fff_ffff
    });
    let offset = seed.checked_rem(every_ms).unwrap_or(0);
    let since = now.as_ms().saturating_sub(offset);
    let into = since.checked_rem_euclid(every_ms).unwrap_or(0);
    Timestamp::from_ms(now.as_ms().saturating_sub(into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_s_time_comes_once_in_its_hours() {
        let id: RegistryId = "0a1b2c3d4e5f6071".parse().unwrap();
        let begin = 1_795_000_000_000;
        let mut seen = std::collections::BTreeSet::new();
        for minute in 0..(24 * 60) {
            let now = Timestamp::from_ms(begin + minute * 60_000);
            let due = due(now, 6, &id);
            assert!(due <= now && now.as_ms() - due.as_ms() < 6 * HOUR_MS);
            seen.insert(due);
        }
        assert_eq!(seen.len(), 5);
    }
}
