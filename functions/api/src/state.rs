//! What every request needs.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use access::{KeyError, PublicKey, Sign};
use platform::{MacKey, Platform, SigningKey};
use records::{AuditLog, EstateCache, allowances::Rate, estate_top::TopCache, identity::Identity};
use schemas::{TenantId, Timestamp};
use secrecy::ExposeSecret;
use sources::{
    http::{Guard, HttpError, HttpOptions},
    oidc::Issuers,
    outbound::Outbound,
    registry::RegistryOptions,
};
use tokio::sync::Semaphore;

use crate::{
    allowance::{Addresses, Callers, Spending},
    changes::Changes,
    health::LastLook,
    large::MAX_ANSWER_BYTES,
    problem::ApiError,
    requests::Requests,
    scoped::Withins,
    verified::Verified,
};

/// Password hashes computed at the same time: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

/// How long an issuer of tokens may take for an answer, while somebody waits.
const ISSUER_PATIENCE: Duration = Duration::from_secs(8);

/// Large bodies of agents that are looked at at the same time: as JSON values they take many times their size.
const LARGE_AT_ONCE: usize = 1;

/// Why the state could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A key could not be had.
    #[error("the key {0} could not be had")]
    Key(&'static str, #[source] platform::KeyError),
    /// A key cannot be used.
    #[error("the key {0} cannot be used")]
    Public(&'static str, #[source] KeyError),
    /// Issuers of tokens cannot be asked.
    #[error("the client that asks issuers of tokens could not be made")]
    Issuers(#[source] HttpError),
    /// Notifications could not be tried.
    #[error("what sends notifications could not be made")]
    Outbound(#[source] HttpError),
}

/// What every request needs. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Platform,
    identity: Identity,
    audit: AuditLog,
    session: Signer,
    session_public: PublicKey,
    bundle: Signer,
    bundle_public: PublicKey,
    cursors: MacKey,
    hashing: Semaphore,
    changes: Changes,
    large: Arc<Semaphore>,
    estates: EstateCache,
    tops: TopCache,
    withins: Withins,
    verified: Verified,
    spending: Spending,
    callers: Callers,
    addresses: Addresses,
    standing: Standing,
    behind_tls: bool,
    max_answer_bytes: u64,
    last_look: LastLook,
    requests: Requests,
    guard: Guard,
    registries: RegistryOptions,
    issuers: Issuers,
    outbound: Outbound,
}

/// What the API stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// The embedded platform, in one process with everything else.
    #[default]
    Embedded,
    /// Amazon Web Services.
    Aws,
}

impl Standing {
    /// Its name, `embedded` or `aws`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Aws => "aws",
        }
    }
}

/// How the API is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiOptions {
    /// Requests that each tenant may make, over all instances; without it none is counted.
    pub tenant_rate: Option<Rate>,
    /// Requests that each person, API key and build may make of this instance; without it none is counted.
    pub caller_rate: Option<Rate>,
    /// Requests that may come to this instance from each address, of those who do not show who they are; without it none is
    /// counted.
    pub address_rate: Option<Rate>,
    /// What it stands on, for those who ask for its version.
    pub standing: Standing,
    /// Most bytes of an answer where larger ones can be had by an address, in place of 4 MiB.
    pub max_answer_bytes: Option<u64>,
    /// What judges the addresses that people enter.
    pub guard: Guard,
    /// How registries are asked.
    pub registries: RegistryOptions,
    /// Whether people reach it by HTTPS alone, whatever host their requests name here: a proxy may name a loopback address.
    pub behind_tls: bool,
}

/// A key of the platform as one that `access` signs with.
pub(crate) struct Signer(SigningKey);

impl Sign for Signer {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }

    fn encoding_key(&self) -> jsonwebtoken::EncodingKey {
        jsonwebtoken::EncodingKey::from_ed_der(self.0.pkcs8_der().expose_secret())
    }
}

impl ApiState {
    /// The state of a platform; asks for its keys once.
    ///
    /// # Errors
    /// When a key cannot be had.
    pub async fn open(platform: Platform) -> Result<Self, StateError> {
        Self::open_with(platform, ApiOptions::default()).await
    }

    /// The same, run so.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(platform: Platform, options: ApiOptions) -> Result<Self, StateError> {
        // At once: a key service in the cloud takes some tens of milliseconds for each.
        let cursors = async {
            let key = platform.keys.mac_key("cursors").await;
            key.map_err(|error| StateError::Key("cursors", error))
        };
        let ((session, session_public), (bundle, bundle_public), cursors) = tokio::try_join!(
            signer(&platform, "sessions"),
            signer(&platform, "bundles"),
            cursors,
        )?;
        let issuers = Issuers::new(&HttpOptions {
            guard: Some(options.guard.clone()),
            connect_timeout: ISSUER_PATIENCE,
            read_timeout: ISSUER_PATIENCE,
            total_timeout: ISSUER_PATIENCE,
            ..HttpOptions::default()
        })
        .map_err(StateError::Issuers)?;
        let outbound = Outbound::new(&options.guard).map_err(StateError::Outbound)?;
        Ok(Self {
            inner: Arc::new(Inner {
                outbound,
                identity: Identity::new(platform.clone()),
                audit: AuditLog::new(platform.clone()),
                platform,
                session,
                session_public,
                bundle,
                bundle_public,
                cursors,
                hashing: Semaphore::new(HASHES_AT_ONCE),
                changes: Changes::default(),
                large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
                estates: EstateCache::default(),
                tops: TopCache::default(),
                withins: Withins::default(),
                verified: Verified::default(),
                spending: Spending::within(options.tenant_rate),
                callers: Callers::of_rate(options.caller_rate),
                addresses: Addresses::of_rate(options.address_rate),
                standing: options.standing,
                behind_tls: options.behind_tls,
                max_answer_bytes: options.max_answer_bytes.unwrap_or(MAX_ANSWER_BYTES),
                last_look: LastLook::default(),
                requests: Requests::default(),
                guard: options.guard,
                registries: options.registries,
                issuers,
            }),
        })
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.inner.platform
    }

    pub(crate) fn outbound(&self) -> &Outbound {
        &self.inner.outbound
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    pub(crate) fn audit_log(&self) -> &AuditLog {
        &self.inner.audit
    }

    pub(crate) fn session_key(&self) -> (&Signer, &PublicKey) {
        (&self.inner.session, &self.inner.session_public)
    }

    pub(crate) fn bundle_key(&self) -> (&Signer, &PublicKey) {
        (&self.inner.bundle, &self.inner.bundle_public)
    }

    pub(crate) fn cursor_key(&self) -> &MacKey {
        &self.inner.cursors
    }

    pub(crate) fn hashing(&self) -> &Semaphore {
        &self.inner.hashing
    }

    /// Whether people reach it by HTTPS alone.
    pub(crate) fn behind_tls(&self) -> bool {
        self.inner.behind_tls
    }

    /// The changes that are under way, whether their callers are still there or not.
    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    /// Waits until no change is under way, for hosts that stop.
    pub async fn settled(&self) {
        self.inner.changes.settled().await;
    }

    pub(crate) fn large(&self) -> &Arc<Semaphore> {
        &self.inner.large
    }

    pub(crate) fn max_answer_bytes(&self) -> u64 {
        self.inner.max_answer_bytes
    }

    pub(crate) fn estates(&self) -> &EstateCache {
        &self.inner.estates
    }

    pub(crate) fn tops(&self) -> &TopCache {
        &self.inner.tops
    }

    pub(crate) fn withins(&self) -> &Withins {
        &self.inner.withins
    }

    /// Tokens of sessions that were verified.
    pub(crate) fn verified(&self) -> &Verified {
        &self.inner.verified
    }

    pub(crate) fn standing_on(&self) -> Standing {
        self.inner.standing
    }

    pub(crate) fn last_look(&self) -> &LastLook {
        &self.inner.last_look
    }

    /// Issuers of tokens, as far as they are known.
    pub(crate) fn issuers(&self) -> &Issuers {
        &self.inner.issuers
    }

    /// What judges the addresses that people enter.
    pub fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    /// How registries are asked.
    pub(crate) fn registries(&self) -> &RegistryOptions {
        &self.inner.registries
    }

    /// The requests that this process answered.
    pub fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    /// Counts one request of a tenant.
    ///
    /// # Errors
    /// 429 when the tenant makes more than it may.
    pub(crate) async fn spend(&self, tenant: &TenantId) -> Result<(), ApiError> {
        self.inner
            .spending
            .spend(&self.inner.platform, tenant)
            .await
    }

    /// Counts one request of a caller of a tenant, by their name for records.
    ///
    /// # Errors
    /// 429 when the caller makes more than they may.
    pub(crate) fn spend_of(&self, tenant: &TenantId, caller: &str) -> Result<(), ApiError> {
        let (callers, platform) = (&self.inner.callers, &self.inner.platform);
        callers.spend(platform, tenant, caller)
    }

    /// Counts one request from an address, of somebody who does not show who they are.
    ///
    /// # Errors
    /// 429 when more come from there than may.
    pub(crate) fn spend_from(&self, address: IpAddr) -> Result<(), ApiError> {
        self.inner.addresses.spend(&self.inner.platform, address)
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        let now_ms = self.inner.platform.clock.now_ms();
        Timestamp::from_ms(i64::try_from(now_ms).unwrap_or(i64::MAX))
    }

    /// Fresh random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        self.inner
            .platform
            .keys
            .random(&mut bytes)
            .map_err(ApiError::internal)?;
        Ok(bytes)
    }

    /// Fresh random bytes as hex.
    pub(crate) fn random_hex<const N: usize>(&self) -> Result<String, ApiError> {
        use fmt::Write as _;
        let mut text = String::with_capacity(2 * N);
        for byte in self.random::<N>()? {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState").finish_non_exhaustive()
    }
}

async fn signer(
    platform: &Platform,
    name: &'static str,
) -> Result<(Signer, PublicKey), StateError> {
    let key = platform
        .keys
        .signing_key(name)
        .await
        .map_err(|error| StateError::Key(name, error))?;
    let public =
        PublicKey::from_bytes(&key.public()).map_err(|error| StateError::Public(name, error))?;
    Ok((Signer(key), public))
}
