//! Who calls: the session of a person, and the permission that an operation needs.
//!
//! An operation takes `Allowed<needs::…>` as its first argument and names the same permission in the `security` of its
//! OpenAPI description; a test compares the two for every operation and role.

use std::marker::PhantomData;

use access::{Permission, permission, session::Session};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use schemas::TenantId;

use crate::{
    large::Asker,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// A person with a session of an unchanged password.
pub(crate) struct SignedIn(pub(crate) Session);

/// A person who may do what `N` names.
pub(crate) struct Allowed<N> {
    session: Session,
    needs: PhantomData<N>,
}

impl<N> Allowed<N> {
    /// The person's tenant; everything they reach is in it.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.session.person.tenant
    }

    /// The person's name for records of what was done.
    pub(crate) fn name(&self) -> &str {
        self.session.person.user.as_str()
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
        ManagePolicies,
        ExportTenant,
    );
}

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        session(parts, state).await.map(Self)
    }
}

impl<N: Needs> FromRequestParts<ApiState> for Allowed<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let session = session(parts, state).await?;
        if session.person.must_change_password {
            return Err(ApiError::new(
                Kind::PasswordChangeRequired,
                "Change the one-time password with `POST /api/v1/session/password`, then sign in again.",
            ));
        }
        if !permission::allows(&session.person.roles, N::PERMISSION) {
            return Err(ApiError::new(
                Kind::Forbidden,
                format!(
                    "This needs the permission {}, which none of your roles has.",
                    N::PERMISSION.as_str()
                ),
            ));
        }
        Ok(Self {
            session,
            needs: PhantomData,
        })
    }
}

/// The session of a request. The person's record is read each time, so that a changed password or role counts at once.
async fn session(parts: &Parts, state: &ApiState) -> Result<Session, ApiError> {
    let refused = |why: &str| ApiError::new(Kind::Unauthenticated, why);
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
    let (_, key) = state.session_key();
    let mut session = access::session::verify(token, key, state.now()).map_err(|error| {
        let mut why = error.to_string();
        why.push_str(": sign in again.");
        refused(&why)
    })?;
    let user = state
        .identity()
        .user(&session.person.tenant, &session.person.user)
        .await?
        .filter(|user| user.password_version == session.person.password_version)
        .ok_or_else(|| refused("The session has ended: sign in again."))?;
    state.spend(&session.person.tenant).await?;
    if let Some(asker) = parts.extensions.get::<Asker>() {
        asker.is_of(&session.person.tenant);
    }
    // Both have to allow it: a role that was taken away is gone, one that was given counts from the next session on.
    session
        .person
        .roles
        .retain(|role| user.roles.contains(role));
    session.person.must_change_password |= user.one_time;
    Ok(session)
}
