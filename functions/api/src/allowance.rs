//! How many requests are still answered: of a tenant, of one caller, of an address that nobody known sends from.
//!
//! A tenant's bucket is a record from which instances take shares ([`records::allowances`]), so it holds over all of them.
//! Those of callers and of addresses are kept by each instance for itself: a write for each request would cost more than
//! most requests do. On one server that is exact. In the cloud an instance answers one request at a time, and whoever is
//! answered by several at once may make as many times as much; what all together may do, the gateway bounds before any
//! instance is asked (the stage's throttling in `infra/template.yaml`), and the tenant's bucket after that.
//!
//! What is left is told by the fields `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10: a
//! policy's quota `q` is what may be made at once and `w` the seconds in which as many come anew; `r` is what is left now, and
//! `t` the seconds after which nothing is missing.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use platform::Platform;
use records::allowances::{Allowances, Bucket, Rate, Share};
use schemas::TenantId;

use crate::{
    problem::{ApiError, Kind},
    request_id,
};

/// Tenants that are remembered; when there are more all are asked for anew.
const MAX_TENANTS: usize = 10_000;
/// Buckets of callers, or of addresses, that are remembered.
const MAX_BUCKETS: usize = 50_000;

/// What is left of a quota, and which one it is.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The quotas.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A quota that a request counted for, as it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Whose it is: `tenant`, `caller` or `address`.
    name: &'static str,
    rate: Rate,
    left: u32,
    full_in_s: u64,
}

impl Quota {
    fn new(name: &'static str, rate: Rate, bucket: &Bucket, held: u32) -> Self {
        // What an instance holds is out of the bucket, and not spent.
        let held_ms = (u64::from(held) * 1000).div_ceil(u64::from(rate.per_s.max(1)));
        let full_in_ms = bucket.full_in_ms(rate).saturating_sub(held_ms);
        Self {
            name,
            rate,
            left: bucket.left().saturating_add(held).min(rate.burst),
            full_in_s: full_in_ms.div_ceil(1000),
        }
    }

    /// Whether both are what is left of the same quota.
    pub(crate) fn is_of_same(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Tells of the quotas that a request counted for: of all of them what they are, and of the tightest what is left.
pub(crate) fn tell(headers: &mut HeaderMap, quotas: &[Quota]) {
    let Some(tightest) = quotas.iter().min_by_key(|quota| quota.left) else {
        return;
    };
    let policies: Vec<_> = quotas
        .iter()
        .map(|Quota { name, rate, .. }| {
            let window_s = rate.burst.div_ceil(rate.per_s.max(1));
            format!("\"{name}\";q={};w={window_s}", rate.burst)
        })
        .collect();
    let left = format!(
        "\"{}\";r={};t={}",
        tightest.name, tightest.left, tightest.full_in_s
    );
    if let (Ok(policies), Ok(left)) = (
        HeaderValue::try_from(policies.join(", ")),
        HeaderValue::try_from(left),
    ) {
        headers.insert(RATE_LIMIT_POLICY, policies);
        headers.insert(RATE_LIMIT, left);
    }
}

/// What this instance holds of a tenant's allowance.
#[derive(Debug, Default)]
struct Held {
    requests: u32,
    /// The tenant's bucket as it was last seen.
    bucket: Option<Bucket>,
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
        let now_ms = platform.clock.now_ms();
        let tell = |held: &Held| {
            if let Some(bucket) = held.bucket {
                let bucket = bucket.at(rate, now_ms);
                request_id::note(Quota::new("tenant", rate, &bucket, held.requests));
            }
        };
        if held.requests > 0 {
            held.requests -= 1;
            tell(&held);
            return Ok(());
        }
        let too_many = |ms| {
            too_many(
                ms,
                "Your tenant makes more requests than it may: send this one again after",
            )
        };
        if now_ms < held.empty_until_ms {
            tell(&held);
            return Err(too_many(held.empty_until_ms - now_ms));
        }
        match Allowances(platform).take(tenant, rate, rate.share()).await {
            Ok((share, bucket)) => {
                held.bucket = Some(bucket);
                let answer = match share {
                    Share::Granted(requests) => {
                        held.requests = requests.saturating_sub(1);
                        Ok(())
                    }
                    Share::Wait { ms } => {
                        held.empty_until_ms = now_ms.saturating_add(ms);
                        Err(too_many(ms))
                    }
                    Share::Busy => Ok(()),
                };
                tell(&held);
                answer
            }
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

/// Buckets that this instance keeps for itself.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    name: &'static str,
    rate: Option<Rate>,
    why: &'static str,
    all: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn within(rate: Option<Rate>, name: &'static str, why: &'static str) -> Self {
        Self {
            name,
            rate,
            why,
            all: Mutex::default(),
        }
    }

    /// Counts one request, or says when there is room for it.
    fn take(&self, key: K, now_ms: u64) -> Result<(), ApiError> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_BUCKETS && !all.contains_key(&key) {
            all.retain(|_, bucket| !bucket.is_full_at(rate, now_ms));
            // Where most are in use, going through them again for each newcomer would cost more than it saves.
            if all.len() > MAX_BUCKETS / 2 {
                all.clear();
            }
        }
        let bucket = all.entry(key).or_insert_with(|| Bucket::full(rate, now_ms));
        *bucket = bucket.at(rate, now_ms);
        let share = bucket.take(rate, 1);
        request_id::note(Quota::new(self.name, rate, bucket, 0));
        match share {
            Share::Wait { ms } => Err(too_many(ms, self.why)),
            Share::Granted(_) | Share::Busy => Ok(()),
        }
    }
}

/// What each person, API key and build may do. One that runs wild is stopped before it takes what its tenant has.
pub(crate) type Callers = Buckets<(TenantId, String)>;

impl Callers {
    /// Spends within a rate; without one nothing is counted.
    pub(crate) fn of_rate(rate: Option<Rate>) -> Self {
        let why = "You make more requests than one caller may: send this one again after";
        Self::within(rate, "caller", why)
    }

    /// Counts one request of a caller by their name for records.
    pub(crate) fn spend(
        &self,
        platform: &Platform,
        tenant: &TenantId,
        name: &str,
    ) -> Result<(), ApiError> {
        if self.rate.is_none() {
            return Ok(());
        }
        self.take((tenant.clone(), name.to_owned()), platform.clock.now_ms())
    }
}

/// What may come from an address of those who do not show who they are.
pub(crate) type Addresses = Buckets<IpAddr>;

impl Addresses {
    /// Spends within a rate; without one nothing is counted.
    pub(crate) fn of_rate(rate: Option<Rate>) -> Self {
        let why =
            "More requests come from your address than of strangers may: send this one again after";
        Self::within(rate, "address", why)
    }

    /// Counts one request from an address. This machine's own is not counted: what comes from it is of somebody who may do
    /// anything here, or of everybody, by a proxy that nobody named.
    pub(crate) fn spend(&self, platform: &Platform, address: IpAddr) -> Result<(), ApiError> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Ok(());
        }
        self.take(network(address), platform.clock.now_ms())
    }
}

/// What one subscriber has: an address of version 4, 64 bits of one of version 6 (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
    }
}

fn too_many(ms: u64, why: &str) -> ApiError {
    let seconds = ms.div_ceil(1000).max(1);
    ApiError {
        retry_after_s: Some(seconds),
        ..ApiError::new(Kind::TooManyRequests, format!("{why} {seconds} s."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_s: 2, burst: 4 };

    #[test]
    fn each_key_has_its_own_bucket_and_it_fills_with_time() {
        let buckets = Buckets::within(Some(RATE), "caller", "wait");
        for _ in 0..4 {
            assert!(buckets.take("a", 1_000).is_ok());
        }
        let refused = buckets.take("a", 1_000).unwrap_err();
        assert_eq!(refused.retry_after_s, Some(1));
        assert!(buckets.take("b", 1_000).is_ok());
        assert!(buckets.take("a", 1_499).is_err());
        assert!(buckets.take("a", 1_500).is_ok());
        assert!(buckets.take("a", 1_500).is_err());
    }

    #[test]
    fn strangers_without_number_take_no_memory_without_end() {
        let buckets = Buckets::within(Some(RATE), "address", "wait");
        for key in 0..3 * MAX_BUCKETS {
            assert!(buckets.take(key, 1_000).is_ok());
        }
        assert!(buckets.all.lock().unwrap().len() <= MAX_BUCKETS);
    }

    #[test]
    fn a_subscriber_of_version_6_has_one_bucket() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn the_tightest_quota_is_told_and_all_policies_are() {
        let bucket = |taken| {
            let mut bucket = Bucket::full(RATE, 0);
            bucket.take(RATE, taken);
            bucket
        };
        let mut headers = HeaderMap::new();
        let tenant = Quota::new("tenant", RATE, &bucket(4), 3);
        let caller = Quota::new("caller", RATE, &bucket(3), 0);
        tell(&mut headers, &[caller, tenant]);
        assert_eq!(headers["ratelimit"], "\"caller\";r=1;t=2");
        assert_eq!(
            headers["ratelimit-policy"],
            "\"caller\";q=4;w=2, \"tenant\";q=4;w=2"
        );
        tell(&mut headers, &[tenant]);
        assert_eq!(headers["ratelimit"], "\"tenant\";r=3;t=1");
    }
}
