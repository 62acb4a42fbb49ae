//! Making an API key.

use access::api_key::ApiKeyText;
use axum::{Json, extract::State, http::StatusCode};
use records::identity::{ApiKey, MAX_KEYS_OF_A_PERSON};
use schemas::api::{
    Problem,
    api_key::{CreatedApiKey, NewApiKey},
};
use secrecy::{ExposeSecret, SecretBox};
use sources::http::Network;

use super::row;
use crate::{
    audit::Act,
    auth::SignedIn,
    extract::FromJson,
    people::given::{self, DAY_S, note, roles},
    problem::{ApiError, Kind},
    state::ApiState,
};

const DEFAULT_VALID_FOR_S: u64 = 90 * DAY_S;
const MAX_VALID_FOR_S: u64 = 365 * DAY_S;
const MAX_NETWORKS: usize = 32;

/// Makes an API key of the caller, who is a person with a session: a key makes no keys. Its secret is in this answer and
/// nowhere else. The key never does more than its owner may at that moment, and ends with them; where its owner has to have a
/// second factor and has none, it is refused (`second-factor-setup-required`) until they set one up. That holds for keys in
/// builds, too: a build that exchanges its own token (`POST /api/v1/token/exchange`) depends on no person.
#[utoipa::path(
    post,
    path = "/api/v1/api-keys",
    tag = "tokens",
    operation_id = "create_api_key",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key, shown this once", body = CreatedApiKey),
        (status = 400, description = "A value out of bounds", body = Problem),
        (status = 403, description = "A role that the caller may not give, or the caller is a key", body = Problem),
        (status = 409, description = "The caller has as many keys as may be", body = Problem),
    ),
    security(("session" = []))
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn,
    FromJson(request): FromJson<NewApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>), ApiError> {
    caller.settled()?;
    let owner = caller.came.session()?.0.clone();
    let person = state.identity().user(&caller.tenant, &owner).await?;
    let person = person.ok_or_else(|| ApiError::not_found("person"))?;
    let valid_for_s = request.valid_for_s.unwrap_or(DEFAULT_VALID_FOR_S);
    if !(60..=MAX_VALID_FOR_S).contains(&valid_for_s) {
        return Err(given::bad(format!(
            "`valid_for_s` is 60 to {MAX_VALID_FOR_S}."
        )));
    }
    let networks = request.networks;
    if networks.len() > MAX_NETWORKS {
        return Err(given::bad(format!(
            "`networks` has at most {MAX_NETWORKS}."
        )));
    }
    for network in &networks {
        if let Err(error) = network.parse::<Network>() {
            return Err(given::bad(format!("`networks`: {error}.")));
        }
    }
    let note = note(request.note)?;
    let roles = roles(&state, &caller.tenant, &caller.grants, request.roles).await?;
    let key = ApiKeyText::new(
        state.random::<8>()?,
        SecretBox::new(Box::new(state.random::<32>()?)),
    )
    .map_err(ApiError::internal)?;
    let now = state.now();
    let valid_for_ms = i64::try_from(valid_for_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let kept = ApiKey {
        id: key.id().clone(),
        secret_hash: key.hash(),
        owner,
        owner_since: person.created_at,
        note,
        roles,
        networks,
        created_at: now,
        expires_at: now.plus_ms(valid_for_ms),
        last_used_at: None,
        last_used_from: None,
        revoked_at: None,
    };
    if !state
        .identity()
        .create_api_key(&caller.tenant, &kept)
        .await?
    {
        return Err(ApiError::new(
            Kind::Conflict,
            format!(
                "You have {MAX_KEYS_OF_A_PERSON} keys that are accepted. Revoke one that you do not need."
            ),
        ));
    }
    let act = Act::new("create_api_key").on("api_key", &kept.id);
    let row = row(kept, now);
    state.audit(&caller, act.after(&row)?).await?;
    tracing::info!(key = %row.id, by = caller.name(), tenant = %caller.tenant, "API key made");
    let created = CreatedApiKey {
        key: key.reveal().expose_secret().to_owned(),
        api_key: row,
    };
    Ok((StatusCode::CREATED, Json(created)))
}
