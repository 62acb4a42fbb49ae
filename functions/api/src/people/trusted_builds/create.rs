//! Trusting builds.

use access::builds::{BuildRule, MAX_LIFETIME_S};
use axum::{Json, extract::State, http::StatusCode};
use records::identity::{MAX_TRUSTED_BUILDS, TrustedBuild};
use schemas::api::{
    Problem,
    trusted_build::{NewTrustedBuild, TrustedBuildRow},
};
use sources::oidc::is_issuer;

use super::row;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromJson,
    people::given::{bad, note, roles},
    problem::{ApiError, Kind},
    state::ApiState,
};

const DEFAULT_LIFETIME_S: u32 = 900;
const MAX_AUDIENCE_BYTES: usize = 256;

/// Says which builds are trusted: their jobs' tokens can be exchanged for one of this server
/// (`POST /api/v1/token/exchange`).
#[utoipa::path(
    post,
    path = "/api/v1/trusted-builds",
    tag = "tokens",
    operation_id = "create_trusted_build",
    request_body = NewTrustedBuild,
    responses(
        (status = 201, description = "The rule", body = TrustedBuildRow),
        (status = 400, description = "A value out of bounds, or a rule that a stranger's build could meet", body = Problem),
        (status = 403, description = "A role that the caller may not give", body = Problem),
        (status = 409, description = "The tenant has as many rules as may be", body = Problem),
    ),
    security(("session" = ["tokens.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManageTokens>,
    State(state): State<ApiState>,
    FromJson(request): FromJson<NewTrustedBuild>,
) -> Result<(StatusCode, Json<TrustedBuildRow>), ApiError> {
    caller.person()?;
    if !is_issuer(&request.issuer) {
        return Err(bad(
            "`issuer` is an address such as https://token.actions.githubusercontent.com, without query and fragment.".to_owned(),
        ));
    }
    state
        .guard()
        .url(&request.issuer)
        .map_err(|error| bad(format!("`issuer`: {error}.")))?;
    if !(1..=MAX_AUDIENCE_BYTES).contains(&request.audience.len()) {
        return Err(bad(format!(
            "`audience` has 1 to {MAX_AUDIENCE_BYTES} bytes."
        )));
    }
    let lifetime_s = request.lifetime_s.unwrap_or(DEFAULT_LIFETIME_S);
    if !(60..=MAX_LIFETIME_S).contains(&lifetime_s) {
        return Err(bad(format!("`lifetime_s` is 60 to {MAX_LIFETIME_S}.")));
    }
    BuildRule::new(&request.claims).map_err(|error| bad(format!("`claims`: {error}.")))?;
    let rule = TrustedBuild {
        id: state
            .random_hex::<8>()?
            .parse()
            .map_err(ApiError::internal)?,
        note: note(request.note)?,
        issuer: request.issuer,
        audience: request.audience,
        claims: request.claims,
        roles: roles(&state, caller.tenant(), caller.grants(), request.roles).await?,
        lifetime_s,
        created_at: state.now(),
        created_by: caller.name().to_owned(),
    };
    if !state
        .identity()
        .create_trusted_build(caller.tenant(), &rule)
        .await?
    {
        return Err(ApiError::new(
            Kind::Conflict,
            format!("There are {MAX_TRUSTED_BUILDS} rules: remove some first."),
        ));
    }
    let row = row(rule);
    let act = Act::new("create_trusted_build").on("trusted_build", &row.id);
    state.audit(&caller, act.after(&row)?).await?;
    tracing::info!(rule = %row.id, by = caller.name(), tenant = %caller.tenant(), "builds trusted");
    Ok((StatusCode::CREATED, Json(row)))
}
