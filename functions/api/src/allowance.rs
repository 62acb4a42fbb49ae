//! How many requests of a tenant this instance still answers before it asks for a further share of its allowance.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use platform::Platform;
use records::allowances::{Allowances, Rate, Share};
use schemas::TenantId;

use crate::problem::{ApiError, Kind};

/// Tenants that are remembered; when there are more all are asked for anew.
const MAX_TENANTS: usize = 10_000;

/// What this instance holds of a tenant's allowance.
#[derive(Debug, Default)]
struct Held {
    requests: u32,
    /// Before this moment the bucket is known to be empty, in milliseconds since 1970.
    empty_until_ms: u64,
}

/// What this instance holds of every tenant's allowance.
#[derive(Debug)]
pub(crate) struct Spending {
    rate: Option<Rate>,
    tenants: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Held>>>>,
}

impl Spending {
    /// Spends within a rate; without one nothing is counted.
    pub(crate) fn within(rate: Option<Rate>) -> Self {
        Self {
            rate,
            tenants: Mutex::default(),
        }
    }

    /// Counts one request of a tenant, or says when there is room for it. A store that fails limits nobody: the request
    /// itself is going to meet it.
    pub(crate) async fn spend(
        &self,
        platform: &Platform,
        tenant: &TenantId,
    ) -> Result<(), ApiError> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let held = self.held(tenant);
        // One asks for a share, the others wait for it instead of asking, too.
        let mut held = held.lock().await;
        if held.requests > 0 {
            held.requests -= 1;
            return Ok(());
        }
        let now_ms = platform.clock.now_ms();
        if now_ms < held.empty_until_ms {
            return Err(too_many(held.empty_until_ms - now_ms));
        }
        match Allowances(platform).take(tenant, rate, rate.share()).await {
            Ok(Share::Granted(requests)) => {
                held.requests = requests.saturating_sub(1);
                Ok(())
            }
            Ok(Share::Wait { ms }) => {
                held.empty_until_ms = now_ms.saturating_add(ms);
                Err(too_many(ms))
            }
            Ok(Share::Busy) => Ok(()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%tenant, error, "a request is not counted");
                Ok(())
            }
        }
    }

    fn held(&self, tenant: &TenantId) -> Arc<tokio::sync::Mutex<Held>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= MAX_TENANTS && !tenants.contains_key(tenant) {
            tenants.clear();
        }
        Arc::clone(tenants.entry(tenant.clone()).or_default())
    }
}

fn too_many(ms: u64) -> ApiError {
    let seconds = ms.div_ceil(1000).max(1);
    ApiError {
        retry_after_s: Some(seconds),
        ..ApiError::new(
            Kind::TooManyRequests,
            format!(
                "Your tenant makes more requests than it may: send this one again after {seconds} s."
            ),
        )
    }
}
