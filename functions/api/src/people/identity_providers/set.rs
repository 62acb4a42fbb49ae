//! Setting a service that signs people in.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use records::{
    SealedSecret, Secrets,
    identity::{GroupRoles, IdentityProvider, MAX_IDENTITY_PROVIDERS},
};
use schemas::{
    IdentityProviderId,
    api::{
        Problem,
        identity_provider::{IdentityProviderDetail, SetIdentityProvider},
    },
};
use secrecy::SecretString;
use sources::oidc::is_issuer;

use super::{must_cover_all, row};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromJson, FromPath},
    people::{
        given::{bad, roles},
        sign_in::CALLBACK,
    },
    problem::{ApiError, Kind},
    state::ApiState,
};

const MAX_SCOPES: usize = 16;
const MAX_GROUPS: usize = 200;
const MAX_DOMAINS: usize = 50;

/// Sets a service that signs people in. One that is set is replaced only by who names its state.
#[utoipa::path(
    put,
    path = "/api/v1/identity-providers/{id}",
    tag = "sign-in",
    operation_id = "set_identity_provider",
    params(
        ("id" = IdentityProviderId, Path, description = "The service, by a short name of your choice such as `entra`"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that it replaces; absent for a new one"),
    ),
    request_body = SetIdentityProvider,
    responses(
        (status = 200, description = "It is set", body = IdentityProviderDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A value out of bounds, or an address that is not asked", body = Problem),
        (status = 403, description = "A role that the caller may not give", body = Problem),
        (status = 409, description = "The tenant has as many as may be", body = Problem),
        (status = 412, description = "Another state is set than the one named", body = Problem),
    ),
    security(("session" = ["identity_providers.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManageIdentityProviders>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<IdentityProviderId>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<SetIdentityProvider>,
) -> Result<Response, ApiError> {
    // What a key sets here would let people in when the key is gone.
    caller.person()?;
    check(&state, &id, &wanted)?;
    let (tenant, identity) = (caller.tenant(), state.identity());
    let given = async |given| roles(&state, tenant, caller.grants(), given).await;
    let mut groups = Vec::with_capacity(wanted.groups.len());
    for group in &wanted.groups {
        groups.push(GroupRoles {
            group: group.group.clone(),
            roles: given(group.roles.clone()).await?,
        });
    }
    let default_roles = match wanted.default_roles.is_empty() {
        true => Vec::new(),
        false => given(wanted.default_roles.clone()).await?,
    };
    let before = identity.identity_provider(tenant, &id).await?;
    if let Some((before, _)) = &before {
        must_cover_all(&state, caller.grants(), tenant, before).await?;
    }
    match &before {
        Some((_, revision)) if etag::named(&headers)? != *revision => return Err(etag::changed()),
        None if headers.contains_key(header::IF_MATCH) => return Err(etag::changed()),
        _ => {}
    }
    if before.is_none() {
        let all = identity.all::<IdentityProvider>(tenant).await?;
        if all.len() >= MAX_IDENTITY_PROVIDERS as usize {
            return Err(ApiError::new(
                Kind::Conflict,
                format!(
                    "There are {MAX_IDENTITY_PROVIDERS} identity providers: remove some first."
                ),
            ));
        }
    }
    let mut provider = IdentityProvider {
        id,
        name: wanted.name,
        issuer: wanted.issuer,
        client_id: wanted.client_id,
        client_secret: None,
        redirect_uri: wanted.redirect_uri,
        scopes: wanted.scopes,
        groups_claim: wanted.groups_claim.unwrap_or_else(|| "groups".to_owned()),
        groups,
        default_roles,
        email_domains: wanted.email_domains,
        updated_at: state.now(),
        updated_by: caller.name().to_owned(),
    };
    let former = before.as_ref().map(|(former, _)| former);
    provider.client_secret = match wanted.client_secret {
        Some(secret) => {
            let secret = SecretString::from(secret);
            let secrets = Secrets(state.platform());
            Some(
                secrets
                    .seal(tenant, &provider.sealed_for(), &secret)
                    .await?,
            )
        }
        None => kept(former, &provider),
    };
    let act = Act::new("set_identity_provider").on("identity_provider", &provider.id);
    let (act, replaces) = match before {
        Some((before, revision)) => (act.before(&row(before))?, Some(revision)),
        None => (act, None),
    };
    let revision = identity
        .put_identity_provider(tenant, &provider, replaces)
        .await?
        .ok_or_else(etag::changed)?;
    tracing::info!(provider = %provider.id, by = caller.name(), %tenant, "identity provider set");
    let provider = row(provider);
    state.audit(&caller, act.after(&provider)?).await?;
    etag::tagged(Json(provider), revision)
}

/// The secret that stays: never for another issuer or client, who would be told it.
fn kept(former: Option<&IdentityProvider>, now: &IdentityProvider) -> Option<SealedSecret> {
    let same = |former: &&IdentityProvider| {
        former.issuer == now.issuer && former.client_id == now.client_id
    };
    former.filter(same)?.client_secret.clone()
}

fn check(
    state: &ApiState,
    id: &IdentityProviderId,
    wanted: &SetIdentityProvider,
) -> Result<(), ApiError> {
    let text = |name: &str, text: &str, most: usize| {
        if (1..=most).contains(&text.len()) && !text.chars().any(char::is_control) {
            return Ok(());
        }
        Err(bad(format!(
            "`{name}` has 1 to {most} bytes and no control characters."
        )))
    };
    let many = |name: &str, found: usize, most: usize| match found > most {
        true => Err(bad(format!("`{name}` has at most {most} entries."))),
        false => Ok(()),
    };
    if id.as_str() == "callback" {
        return Err(bad(
            "`callback` is where browsers come back to: choose another id.".to_owned(),
        ));
    }
    text("name", &wanted.name, 100)?;
    text("client_id", &wanted.client_id, 256)?;
    if let Some(secret) = &wanted.client_secret {
        text("client_secret", secret, 1024)?;
    }
    if !is_issuer(&wanted.issuer) {
        return Err(bad(
            "`issuer` is an address such as https://login.example.org, without query and fragment."
                .to_owned(),
        ));
    }
    let guard = state.guard();
    guard
        .url(&wanted.issuer)
        .map_err(|error| bad(format!("`issuer`: {error}.")))?;
    // Nothing of a request says where a browser is sent, so nobody can have one sent elsewhere.
    let base = wanted.redirect_uri.strip_suffix(CALLBACK);
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_local = |base: &str| {
        let rest = local.iter().find_map(|start| base.strip_prefix(start));
        let port = rest.map(|rest| rest.strip_prefix(':').unwrap_or(rest));
        port.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
    };
    let usable = base
        .is_some_and(|base| is_issuer(base) && (base.starts_with("https://") || is_local(base)));
    if !usable {
        return Err(bad(format!(
            "`redirect_uri` is this server's address by https with {CALLBACK}."
        )));
    }
    many("scopes", wanted.scopes.len(), MAX_SCOPES)?;
    for scope in &wanted.scopes {
        // RFC 6749, 3.3.
        let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if !(1..=128).contains(&scope.len()) || !scope.bytes().all(plain) {
            return Err(bad("`scopes` are words of 1 to 128 characters.".to_owned()));
        }
    }
    if let Some(claim) = &wanted.groups_claim {
        text("groups_claim", claim, 128)?;
    }
    many("groups", wanted.groups.len(), MAX_GROUPS)?;
    for group in &wanted.groups {
        text("group", &group.group, 256)?;
    }
    many("email_domains", wanted.email_domains.len(), MAX_DOMAINS)?;
    for domain in &wanted.email_domains {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if !(1..=253).contains(&domain.len()) || !domain.bytes().all(plain) {
            return Err(bad(
                "`email_domains` are names such as example.org.".to_owned()
            ));
        }
    }
    Ok(())
}
