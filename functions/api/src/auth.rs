//! Who calls, and the permission that an operation needs.
//!
//! An operation takes `Allowed<needs::…>` as its first argument and names the same permission in the `security` of its
//! OpenAPI description; a test compares the two for every operation and role.

use std::{marker::PhantomData, ops::Deref};

use access::{Grants, Permission, Reach};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use schemas::{
    TenantId, UserId,
    api::{
        RoleName,
        audit::{AuditActor, AuditActorKind},
    },
};
use scope::{Collection, Scope};

use crate::{
    frame,
    large::Asker,
    problem::{ApiError, Kind},
    scoped::scope_of,
    state::ApiState,
};

/// How a caller showed who they are.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// A person, by a session of their password.
    Session {
        /// The person.
        user: UserId,
    },
}

impl Came {
    /// The person, where one calls.
    pub(crate) fn user(&self) -> Option<&UserId> {
        match self {
            Self::Session { user } => Some(user),
        }
    }

    /// The person, for what only a person does for themselves.
    pub(crate) fn person(self) -> Result<UserId, ApiError> {
        match self {
            Self::Session { user } => Ok(user),
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
}

impl Principal {
    /// The name for records of what was done.
    pub(crate) fn name(&self) -> &str {
        match &self.came {
            Came::Session { user } => user.as_str(),
        }
    }

    /// Who they are, for the audit log.
    pub(crate) fn actor(&self) -> AuditActor {
        match &self.came {
            Came::Session { user } => person(user, &self.roles),
        }
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
        ExportTenant,
        ReadPeople,
        ManagePeople,
        ReadAudit,
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
        let allowed = Self::of(parts, state).await?;
        if allowed.reach.collections().is_some() {
            return Err(ApiError::new(
                Kind::BeyondScope,
                "This is about the whole tenant, and your roles that allow it are limited to some collections.",
            ));
        }
        Ok(allowed)
    }
}

impl<N: Needs> FromRequestParts<ApiState> for Scoped<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let allowed = Allowed::of(parts, state).await?;
        let scope = scope_of(state, allowed.tenant(), allowed.reach().collections()).await?;
        Ok(Self { allowed, scope })
    }
}

impl<N: Needs> Allowed<N> {
    /// Whoever may do it, to whatever that reaches.
    async fn of(parts: &Parts, state: &ApiState) -> Result<Self, ApiError> {
        let caller = principal(parts, state).await?;
        if caller.must_change_password {
            return Err(ApiError::new(
                Kind::PasswordChangeRequired,
                "Change the one-time password with `POST /api/v1/session/password`, then sign in again.",
            ));
        }
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

/// Who sent a request.
async fn principal(parts: &Parts, state: &ApiState) -> Result<Principal, ApiError> {
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            refused("Sign in with `POST /api/v1/session` and send `authorization: Bearer TOKEN`.")
        })?;
    let caller = of_session(token, state).await?;
    frame::is_of(&caller.tenant);
    state.spend(&caller.tenant).await?;
    if let Some(asker) = parts.extensions.get::<Asker>() {
        asker.is_of(&caller.tenant);
    }
    Ok(caller)
}

/// The person of a session. Their record and roles are read each time, so that a change of them counts at once.
async fn of_session(token: &str, state: &ApiState) -> Result<Principal, ApiError> {
    let (_, key) = state.session_key();
    let session = access::session::verify(token, key, state.now()).map_err(|error| {
        let mut why = error.to_string();
        why.push_str(": sign in again.");
        refused(&why)
    })?;
    let person = session.person;
    let user = state
        .identity()
        .user(&person.tenant, &person.user)
        .await?
        .filter(|user| user.password_version == person.password_version)
        .filter(|user| user.disabled_at.is_none())
        .ok_or_else(|| refused("The session has ended: sign in again."))?;
    let grants = state
        .identity()
        .grants(&person.tenant, &user.assignments())
        .await?;
    Ok(Principal {
        must_change_password: person.must_change_password || user.one_time,
        roles: user.role_names(),
        came: Came::Session { user: person.user },
        tenant: person.tenant,
        grants,
    })
}

fn refused(why: &str) -> ApiError {
    ApiError::new(Kind::Unauthenticated, why)
}
