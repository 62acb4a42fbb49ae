//! Who calls, and the permission that an operation needs.
//!
//! An operation takes `Allowed<needs::…>` as its first argument and names the same permission in the `security` of its
//! OpenAPI description; a test compares the two for every operation and role.

use std::{marker::PhantomData, net::IpAddr, ops::Deref};

use access::{
    Grants, Permission, Reach,
    api_key::{self, ApiKeyText},
    builds,
    session::{Session, SessionError},
    session_secret::SessionSecret,
};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use records::identity::{ApiKey, ApiKeyState, HeldSession, SessionRecord, lacks_second_factor};
use schemas::{
    SessionId, TenantId, TokenId, UserId,
    api::{
        audit::{AuditActor, AuditActorKind},
        role::{RoleAssignment, RoleName},
    },
};
use scope::{Collection, Scope};
use secrecy::{ExposeSecret, SecretString};
use sources::http::Network;

use crate::{
    changes, cookie, frame,
    large::Asker,
    problem::{ApiError, Kind},
    request_id::Peer,
    scoped::scope_of,
    state::ApiState,
};

/// How a caller showed who they are.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// A person, by a session.
    Session {
        /// The person.
        user: UserId,
        /// The session.
        session: SessionId,
        /// Whether it is in a browser's cookie.
        is_cookie: bool,
    },
    /// A script, by a person's API key.
    ApiKey {
        /// The key's public half.
        id: TokenId,
        /// Whose key it is.
        owner: UserId,
        /// The name for records: `key ID of OWNER`.
        name: String,
    },
    /// A build, by the token that it exchanged.
    Build {
        /// The name for records: `build SUBJECT`.
        name: String,
    },
}

impl Came {
    /// The person, where one calls.
    pub(crate) fn user(&self) -> Option<&UserId> {
        match self {
            Self::Session { user, .. } => Some(user),
            Self::ApiKey { .. } | Self::Build { .. } => None,
        }
    }

    /// The person behind it: who calls, or whose key it is. Builds have none.
    pub(crate) fn behind(&self) -> Option<&UserId> {
        match self {
            Self::Session { user, .. } => Some(user),
            Self::ApiKey { owner, .. } => Some(owner),
            Self::Build { .. } => None,
        }
    }

    /// The API key, where one is used.
    pub(crate) fn key(&self) -> Option<&TokenId> {
        match self {
            Self::ApiKey { id, .. } => Some(id),
            Self::Session { .. } | Self::Build { .. } => None,
        }
    }

    /// The person and the session, for what only somebody does who has signed in.
    pub(crate) fn session(&self) -> Result<(&UserId, &SessionId), ApiError> {
        match self {
            Self::Session { user, session, .. } => Ok((user, session)),
            Self::ApiKey { .. } | Self::Build { .. } => Err(only_a_person()),
        }
    }
}

/// Whoever calls.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// Their tenant; everything they reach is in it.
    pub(crate) tenant: TenantId,
    /// How they showed who they are.
    pub(crate) came: Came,
    /// The names of their roles.
    pub(crate) roles: Vec<RoleName>,
    /// What they may do at this moment.
    pub(crate) grants: Grants,
    /// Whether they can do nothing before they change their one-time password.
    pub(crate) must_change_password: bool,
    /// Whether they can do nothing before they set up a second factor.
    pub(crate) must_set_up_second_factor: bool,
}

impl Principal {
    /// The name for records of what was done.
    pub(crate) fn name(&self) -> &str {
        match &self.came {
            Came::Session { user, .. } => user.as_str(),
            Came::ApiKey { name, .. } | Came::Build { name } => name,
        }
    }

    /// Who they are, for the audit log.
    pub(crate) fn actor(&self) -> AuditActor {
        match &self.came {
            Came::Session { user, .. } => person(user, &self.roles),
            Came::ApiKey { id, name, .. } => AuditActor {
                kind: AuditActorKind::ApiKey,
                id: id.to_string(),
                name: Some(name.clone()),
                roles: self.roles.iter().map(RoleName::to_string).collect(),
            },
            Came::Build { name } => AuditActor {
                kind: AuditActorKind::Build,
                id: name.clone(),
                name: None,
                roles: self.roles.iter().map(RoleName::to_string).collect(),
            },
        }
    }

    /// Fails for who can do nothing before they change their one-time password or set up a second factor.
    pub(crate) fn settled(&self) -> Result<(), ApiError> {
        if self.must_change_password {
            return Err(ApiError::new(
                Kind::PasswordChangeRequired,
                "Change the one-time password with `POST /api/v1/session/password`, then sign in again.",
            ));
        }
        if self.must_set_up_second_factor {
            return Err(ApiError::new(
                Kind::SecondFactorSetupRequired,
                "Set one up with `POST /api/v1/session/second-factor` and confirm it; this session goes on then.",
            ));
        }
        Ok(())
    }

    /// Fails for who may not do something in the whole tenant: for what is of no collection.
    pub(crate) fn may_everywhere(&self, permission: Permission) -> Result<(), ApiError> {
        if self.grants.reach(permission) == Reach::Tenant {
            return Ok(());
        }
        Err(ApiError::new(
            Kind::Forbidden,
            format!(
                "This needs the permission {} for the whole tenant, which none of your roles gives.",
                permission.as_str()
            ),
        ))
    }
}

/// Whoever shows who they are, whatever they may do: for what is about the caller alone.
pub(crate) struct SignedIn(pub(crate) Principal);

/// A caller who may do what `N` names in the whole tenant: one who is limited to collections is refused, so that only what
/// takes [`Scoped`] has to think of limits.
pub(crate) struct Allowed<N> {
    caller: Principal,
    reach: Reach,
    needs: PhantomData<N>,
}

impl<N> Allowed<N> {
    /// The caller's tenant; everything they reach is in it.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.caller.tenant
    }

    /// The caller's name for records of what was done.
    pub(crate) fn name(&self) -> &str {
        self.caller.name()
    }

    /// Everything the caller may do, not only this.
    pub(crate) fn grants(&self) -> &Grants {
        &self.caller.grants
    }

    /// The person who calls, if it is one.
    pub(crate) fn user(&self) -> Option<&UserId> {
        self.caller.came.user()
    }

    /// The person behind the caller: who calls, or whose API key it is.
    pub(crate) fn behind(&self) -> Option<&UserId> {
        self.caller.came.behind()
    }

    /// The person, for what outlives the caller: a key or a build must not let itself in for longer than it holds.
    pub(crate) fn person(&self) -> Result<&UserId, ApiError> {
        self.user().ok_or_else(only_a_person)
    }

    /// Refuses callers whose permission is limited to some collections, for what is about the whole tenant.
    pub(crate) fn of_whole_tenant(&self) -> Result<(), ApiError> {
        if self.reach == Reach::Tenant {
            return Ok(());
        }
        Err(ApiError::new(
            Kind::Forbidden,
            "This is about the whole tenant, and your role is limited to collections of it.",
        ))
    }

    /// How far the permission of this operation reaches: the whole tenant, or what is in some collections.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Who they are, for the audit log.
    pub(crate) fn actor(&self) -> AuditActor {
        self.caller.actor()
    }
}

/// A person with roles, for the audit log.
pub(crate) fn person(user: &UserId, roles: &[RoleName]) -> AuditActor {
    AuditActor {
        kind: AuditActorKind::Person,
        id: user.to_string(),
        name: None,
        roles: roles.iter().map(RoleName::to_string).collect(),
    }
}

/// A build with the roles of its rule, for the audit log.
pub(crate) fn build(subject: &str, roles: &[RoleAssignment]) -> AuditActor {
    AuditActor {
        kind: AuditActorKind::Build,
        id: build_name(subject),
        name: None,
        roles: names(roles).iter().map(RoleName::to_string).collect(),
    }
}

fn build_name(subject: &str) -> String {
    format!("build {subject}")
}

/// A caller who may do what `N` names to what is in some collections, or in the whole tenant. The operation answers as if
/// there were nothing else.
pub(crate) struct Scoped<N> {
    allowed: Allowed<N>,
    scope: Scope,
}

impl<N> Deref for Scoped<N> {
    type Target = Allowed<N>;

    fn deref(&self) -> &Allowed<N> {
        &self.allowed
    }
}

impl<N> Scoped<N> {
    /// What they may see and touch.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether they may know of a collection: whether they reach as far.
    pub(crate) fn may_see(&self, collection: Option<Collection>) -> bool {
        self.scope.is_everything()
            || collection.is_some_and(|collection| self.scope.covers(&collection))
    }
}

/// A permission as a type.
pub(crate) trait Needs: Send + Sync {
    /// The permission.
    const PERMISSION: Permission;
}

/// The permissions as types.
pub(crate) mod needs {
    use super::{Needs, Permission};

    macro_rules! needs {
        ($($name:ident),+ $(,)?) => {$(
            pub(crate) struct $name;
            impl Needs for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )+};
    }

    needs!(
        ReadVulnerabilities,
        ScanImages,
        ReadHosts,
        ReadAgents,
        RevokeAgents,
        ReadEnrolmentTokens,
        ManageEnrolmentTokens,
        ReadFeeds,
        RefreshFeeds,
        ReadAlerts,
        ReadDeadLetters,
        ReplayDeadLetters,
        UploadScans,
        ReadPolicies,
        ReadCollections,
        ManageCollections,
        ManagePolicies,
        ReadExceptions,
        RequestExceptions,
        DecideExceptions,
        ExportTenant,
        ReadPeople,
        ManagePeople,
        ReadAudit,
        ReadRegistries,
        ManageRegistries,
        ReadTokens,
        ManageTokens,
        ReadNotifications,
        ManageNotifications,
        ReadIdentityProviders,
        ManageIdentityProviders,
    );
}

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        principal(parts, state).await.map(Self)
    }
}

impl<N: Needs> FromRequestParts<ApiState> for Allowed<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        Self::by(principal(parts, state).await?)
    }
}

impl<N: Needs> FromRequestParts<ApiState> for Scoped<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        Self::by(principal(parts, state).await?, state).await
    }
}

impl<N: Needs> Scoped<N> {
    /// A caller that is known, if they may do it.
    pub(crate) async fn by(caller: Principal, state: &ApiState) -> Result<Self, ApiError> {
        let allowed = Allowed::reaching(caller)?;
        let scope = scope_of(state, allowed.tenant(), allowed.reach().collections()).await?;
        Ok(Self { allowed, scope })
    }
}

impl<N: Needs> Allowed<N> {
    /// A caller that is known, if they may do it in the whole tenant.
    pub(crate) fn by(caller: Principal) -> Result<Self, ApiError> {
        let allowed = Self::reaching(caller)?;
        if allowed.reach.collections().is_some() {
            return Err(ApiError::new(
                Kind::BeyondScope,
                "This is about the whole tenant, and your roles that allow it are limited to some collections.",
            ));
        }
        Ok(allowed)
    }

    /// Whoever may do it, to whatever that reaches.
    fn reaching(caller: Principal) -> Result<Self, ApiError> {
        caller.settled()?;
        if !caller.grants.allows(N::PERMISSION) {
            return Err(ApiError::new(
                Kind::Forbidden,
                format!(
                    "This needs the permission {}, which none of your roles has.",
                    N::PERMISSION.as_str()
                ),
            ));
        }
        Ok(Self {
            reach: caller.grants.reach(N::PERMISSION),
            caller,
            needs: PhantomData,
        })
    }
}

/// How long the last use of a browser's session may be ago before it is noted anew, in ms: not each request costs a write.
const NOTED_EVERY_MS: i64 = 5 * 60_000;

/// Who sent a request, where something before its operation found out.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Principal);

/// Who sent a request.
pub(crate) async fn principal(parts: &Parts, state: &ApiState) -> Result<Principal, ApiError> {
    if let Some(Known(caller)) = parts.extensions.get::<Known>() {
        return Ok(caller.clone());
    }
    let nobody =
        || refused("Sign in with `POST /api/v1/session` and send `authorization: Bearer TOKEN`.");
    let caller = if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(nobody)?;
        if token.starts_with(api_key::PREFIX) {
            let from = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
            of_api_key(token, from, state).await?
        } else if let Some(known) = state.verified().known(token, state.now()).map_err(again)? {
            of_session(&known, state).await?
        } else {
            match builds::verify(token, state.session_key().1, state.now()) {
                Ok(build) => of_build(build, state).await?,
                Err(SessionError::Malformed) => of_token(token, state).await?,
                Err(error) => {
                    let mut why = error.to_string();
                    why.push_str(": exchange the build's own token again.");
                    return Err(refused(&why));
                }
            }
        }
    } else {
        let secret = cookie::secret(state.behind_tls(), parts)?.ok_or_else(nobody)?;
        of_cookie(&secret, state).await?
    };
    frame::is_of(&caller.tenant);
    changes::is_of(&parts.extensions, &caller.tenant, caller.name())?;
    state.spend_of(&caller.tenant, caller.name())?;
    state.spend(&caller.tenant).await?;
    if let Some(asker) = parts.extensions.get::<Asker>() {
        asker.is_of(&caller.tenant);
    }
    Ok(caller)
}

/// The person of a session's token. The session, the person and their roles are read each time, so that a change of them
/// counts at once.
async fn of_token(token: &str, state: &ApiState) -> Result<Principal, ApiError> {
    let (_, key) = state.session_key();
    let verified = state.verified().verify(token, key, state.now());
    let session = verified.map_err(again)?;
    of_session(&session, state).await
}

/// What is wrong with a token of a session.
fn again(error: SessionError) -> ApiError {
    let mut why = error.to_string();
    why.push_str(": sign in again.");
    refused(&why)
}

/// The person of a session, as it holds at this moment.
async fn of_session(token: &Session, state: &ApiState) -> Result<Principal, ApiError> {
    // Tokens of earlier versions name no session: nobody could end them.
    let session = token.session.as_ref().ok_or_else(ended)?;
    let (tenant, user) = (&token.person.tenant, &token.person.user);
    let found = state.identity().session(tenant, user, session).await?;
    signed_in(state, tenant.clone(), found.ok_or_else(ended)?).await
}

/// The person of a browser's cookie.
async fn of_cookie(secret: &SecretString, state: &ApiState) -> Result<Principal, ApiError> {
    let secret = SessionSecret::parse(secret.expose_secret()).map_err(|_| ended())?;
    let (tenant, identity) = (secret.tenant(), state.identity());
    let found = identity.session(tenant, secret.user(), secret.session());
    let held = found
        .await?
        .filter(|HeldSession { record, .. }| {
            record.is_cookie
                && secret.is_of_family(&record.family_hash)
                && secret.has_hash(&record.secret_hash)
        })
        .ok_or_else(ended)?;
    let now = state.now();
    if held.record.last_used_at.plus_ms(NOTED_EVERY_MS) <= now {
        let used = SessionRecord {
            last_used_at: now,
            ..held.record.clone()
        };
        // Who was faster noted the same.
        identity.put_session(tenant, &used, held.version).await?;
    }
    signed_in(state, tenant.clone(), held).await
}

/// A person with a session that holds.
async fn signed_in(
    state: &ApiState,
    tenant: TenantId,
    held: HeldSession,
) -> Result<Principal, ApiError> {
    let must_set_up_second_factor = held.lacks_second_factor();
    let HeldSession {
        person: user,
        record: session,
        ..
    } = held;
    let assignments = user.assignments();
    let grants = state.identity().grants(&tenant, &assignments).await?;
    Ok(Principal {
        must_change_password: user.one_time,
        must_set_up_second_factor,
        roles: user.role_names(),
        came: Came::Session {
            user: user.id,
            session: session.id,
            is_cookie: session.is_cookie,
        },
        tenant,
        grants,
    })
}

/// The script that holds an API key. It may do what both its key and the key's owner may at this moment.
async fn of_api_key(
    token: &str,
    from: Option<IpAddr>,
    state: &ApiState,
) -> Result<Principal, ApiError> {
    let presented = ApiKeyText::parse(token).map_err(|error| refused(&format!("{error}.")))?;
    let identity = state.identity();
    let (tenant, key, version) = identity
        .find_api_key(&presented)
        .await?
        .ok_or_else(|| refused("There is no such API key."))?;
    match key.state(state.now()) {
        ApiKeyState::Valid => {}
        ApiKeyState::Expired => return Err(refused("The API key has expired: make another.")),
        ApiKeyState::Revoked => return Err(refused("The API key was revoked.")),
    }
    // An address by IPv6 that stands for one by IPv4 is the latter.
    let from = from.map(|address| address.to_canonical());
    if !is_admitted(&key, from) {
        return Err(refused("The API key is not accepted from this address."));
    }
    let owner = identity.user_with_settings(&tenant, &key.owner).await?;
    let (owner, settings) = owner
        .filter(|(user, _)| user.created_at == key.owner_since && user.disabled_at.is_none())
        .ok_or_else(|| refused("Whoever the API key is of is no longer here."))?;
    // An administrator who took the password away may not know of keys that a thief made by it.
    if owner.one_time {
        return Err(refused(
            "The password of whoever the API key is of was reset: they have to choose one first.",
        ));
    }
    // A key is as good as a session, and whoever took a password may have made one by it.
    if lacks_second_factor(&settings, &owner) {
        return Err(ApiError::new(
            Kind::SecondFactorSetupRequired,
            format!(
                "The API key is of {}, who has to have a second factor and has none: sign in as them and set one up with \
                 `POST /api/v1/session/second-factor`; the key goes on then. Builds need no person's key: \
                 `POST /api/v1/token/exchange`.",
                owner.id
            ),
        ));
    }
    let grants = identity.grants(&tenant, &key.roles).await?;
    let limit = identity.grants(&tenant, &owner.assignments()).await?;
    let address = from.map(|address| address.to_string());
    identity
        .note_key_use(&tenant, &key, version, address)
        .await?;
    Ok(Principal {
        came: Came::ApiKey {
            name: format!("key {} of {}", key.id, key.owner),
            id: key.id,
            owner: key.owner,
        },
        roles: names(&key.roles),
        grants: grants.within(&limit),
        tenant,
        must_change_password: false,
        must_set_up_second_factor: false,
    })
}

/// Whether a key is accepted from an address. One that is limited to networks is refused where the address is not known.
fn is_admitted(key: &ApiKey, from: Option<IpAddr>) -> bool {
    let holds = |network: &String| {
        let network = network.parse::<Network>();
        network.is_ok_and(|network| from.is_some_and(|address| network.holds(address)))
    };
    key.networks.is_empty() || key.networks.iter().any(holds)
}

/// The build that holds an exchanged token, as long as its rule is there.
async fn of_build(build: builds::Build, state: &ApiState) -> Result<Principal, ApiError> {
    let identity = state.identity();
    let rule = identity
        .trusted_build(&build.tenant, &build.rule)
        .await?
        .ok_or_else(|| refused("The rule that trusted this build is gone."))?;
    Ok(Principal {
        grants: identity.grants(&build.tenant, &rule.roles).await?,
        came: Came::Build {
            name: build_name(&build.subject),
        },
        roles: names(&rule.roles),
        tenant: build.tenant,
        must_change_password: false,
        must_set_up_second_factor: false,
    })
}

/// The names of roles, each once.
fn names(roles: &[RoleAssignment]) -> Vec<RoleName> {
    let mut names: Vec<_> = roles.iter().map(|role| role.role.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// What is told to scripts and builds of what only people do.
pub(crate) fn only_a_person() -> ApiError {
    ApiError::new(
        Kind::Forbidden,
        "Only a person does this, with a session: sign in with `POST /api/v1/session`.",
    )
}

fn ended() -> ApiError {
    refused("The session has ended: sign in again.")
}

fn refused(why: &str) -> ApiError {
    ApiError::new(Kind::Unauthenticated, why)
}
