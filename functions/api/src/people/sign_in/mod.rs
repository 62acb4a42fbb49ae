//! Signing in by a service, with the authorization code flow of OpenID Connect and PKCE.
//!
//! What one sign-in has to remember (state, nonce, verifier) is sealed into a cookie of the browser that began it, so that
//! nothing is kept for those who never come back, and nobody else's browser can end it.

pub(crate) mod begin;
pub(crate) mod finish;
pub(crate) mod ways;

use axum::http::{HeaderMap, header};
use records::{SealedSecret, Secrets};
use schemas::{IdentityProviderId, TenantId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Where every service sends browsers back to.
pub(crate) const CALLBACK: &str = "/api/v1/sign-in/callback";
/// The tenant of those who do not name one.
const DEFAULT_TENANT: &str = "default";
/// How long somebody may take at the service, in seconds.
const PATIENCE_S: i64 = 10 * 60;
/// Longest cookie that is looked at, in bytes.
const MAX_COOKIE_BYTES: usize = 2048;

/// What a sign-in that was begun remembers.
#[derive(Serialize, Deserialize)]
struct Begun {
    tenant: TenantId,
    provider: IdentityProviderId,
    state: String,
    nonce: String,
    verifier: String,
    ends_at_s: i64,
    /// Whether this server is reached by HTTPS, as the service knows it.
    secure: bool,
}

/// The cookie's name. One with the prefix is set by this host alone, and by HTTPS (RFC 6265bis, 4.1.3); a server on this
/// machine without TLS cannot have it.
fn cookie_name(secure: bool) -> &'static str {
    match secure {
        true => "__Host-bulkhead-sign-in",
        false => "bulkhead-sign-in",
    }
}

/// A `set-cookie`. `Lax`, since the service sends the browser here from another site.
fn cookie(secure: bool, value: &str, max_age_s: i64) -> String {
    let name = cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}")
}

/// What the cookie is sealed for. It is opened before its tenant is known, so it is sealed for none of them.
fn sealed_for() -> Result<(TenantId, &'static str), ApiError> {
    let tenant = "global".parse().map_err(ApiError::internal)?;
    Ok((tenant, "sign-in"))
}

impl Begun {
    async fn seal(&self, state: &ApiState) -> Result<String, ApiError> {
        let (tenant, thing) = sealed_for()?;
        let text = serde_json::to_string(self).map_err(ApiError::internal)?;
        let secrets = Secrets(state.platform());
        let sealed = secrets
            .seal(&tenant, thing, &SecretString::from(text))
            .await?;
        let sealed = serde_json::to_value(&sealed).map_err(ApiError::internal)?;
        sealed
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| ApiError::internal("a sealed secret is no text"))
    }

    /// The sign-in that the request's browser began.
    async fn of(state: &ApiState, headers: &HeaderMap) -> Result<Self, ApiError> {
        let lost = || {
            ApiError::new(
                Kind::BadSignIn,
                "This browser began no sign-in, or began it more than 10 minutes ago: begin again.",
            )
        };
        let cookie = |wanted: &str| {
            let all = headers.get_all(header::COOKIE).iter();
            all.filter_map(|cookies| cookies.to_str().ok())
                .flat_map(|cookies| cookies.split(';'))
                .filter_map(|cookie| cookie.trim().split_once('='))
                .find(|(name, value)| *name == wanted && value.len() <= MAX_COOKIE_BYTES)
                .map(|(_, value)| value)
        };
        let secure = cookie(cookie_name(true));
        let value = secure
            .or_else(|| cookie(cookie_name(false)))
            .ok_or_else(lost)?;
        let (tenant, thing) = sealed_for()?;
        let sealed: SealedSecret = serde_json::from_value(value.into()).map_err(|_| lost())?;
        let opened = Secrets(state.platform())
            .open(&tenant, thing, &sealed)
            .await;
        let text = opened.map_err(|_| lost())?;
        let begun: Self = serde_json::from_str(text.expose_secret()).map_err(|_| lost())?;
        // The name without the prefix may be of any site beside this one, so it counts only where no other is to be had.
        if state.now().as_s() >= begun.ends_at_s || begun.secure != secure.is_some() {
            return Err(lost());
        }
        Ok(begun)
    }
}
