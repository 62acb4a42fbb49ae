//! Sending a browser to a service.

use access::oidc::Pkce;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    IdentityProviderId,
    api::{Problem, identity_provider::SignInQuery},
};
use secrecy::ExposeSecret;

use super::{Begun, DEFAULT_TENANT, PATIENCE_S, cookie};
use crate::{
    extract::{FromPath, FromQuery},
    problem::{ApiError, Kind, chain},
    state::ApiState,
};

/// Sends the browser to a service to sign in there.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in/{id}",
    tag = "sign-in",
    operation_id = "begin_sign_in",
    params(("id" = IdentityProviderId, Path, description = "The service"), SignInQuery),
    responses(
        (status = 303, description = "To the service, with a cookie that ends the sign-in", headers(("location" = String, description = "The service's address"))),
        (status = 404, description = "No such service", body = Problem),
        (status = 503, description = "The service cannot be asked how it is used", body = Problem),
    ),
    security(())
)]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    FromPath(id): FromPath<IdentityProviderId>,
    FromQuery(query): FromQuery<SignInQuery>,
) -> Result<Response, ApiError> {
    let tenant = match query.tenant {
        Some(tenant) => tenant,
        None => DEFAULT_TENANT.parse().map_err(ApiError::internal)?,
    };
    let found = state.identity().identity_provider(&tenant, &id).await?;
    let (provider, _) = found.ok_or_else(|| ApiError::not_found("identity provider"))?;
    let known = state.issuers().known(&provider.issuer, state.now()).await;
    let known = known.map_err(|error| {
        ApiError::new(
            Kind::Unavailable,
            format!(
                "The service cannot be asked how to sign in: {}.",
                chain(&error)
            ),
        )
    })?;
    let unusable = |why: &str| {
        ApiError::new(
            Kind::Unavailable,
            format!("The service cannot be used to sign in: {why}."),
        )
    };
    let address = known.provider.authorization_address.as_deref();
    let address = address.ok_or_else(|| unusable("it describes no authorization endpoint"))?;
    // Where browsers are sent is the issuer's word, so it is held to the same as what is entered.
    let address = state.guard().url(address);
    let address = address.map_err(|error| unusable(&error.to_string()))?;
    let pkce = Pkce::new(state.random::<32>()?);
    let begun = Begun {
        tenant,
        provider: id,
        state: state.random_hex::<16>()?,
        nonce: state.random_hex::<16>()?,
        verifier: pkce.verifier().expose_secret().to_owned(),
        ends_at_s: state.now().as_s().saturating_add(PATIENCE_S),
        secure: provider.redirect_uri.starts_with("https://"),
    };
    let mut scope = "openid".to_owned();
    for one in provider.scopes.iter().filter(|one| *one != "openid") {
        scope.push(' ');
        scope.push_str(one);
    }
    let location = sources::oidc::with_query(
        &address,
        &[
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", &provider.redirect_uri),
            ("scope", &scope),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &pkce.challenge()),
            ("code_challenge_method", "S256"),
        ],
    );
    let kept = cookie(begun.secure, &begun.seal(&state).await?, PATIENCE_S);
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::LOCATION, location.as_str()),
        (header::SET_COOKIE, kept.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(
            name,
            HeaderValue::try_from(value).map_err(ApiError::internal)?,
        );
    }
    Ok(response)
}
