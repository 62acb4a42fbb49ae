//! A build's token for one of this server.

use access::{
    builds::{Build, BuildRule, issue},
    oidc::{ALLOWED_SKEW_S, Claims, Expected, TokenError, UnverifiedToken, Use},
    sha256,
};
use axum::{Json, extract::State};
use records::identity::TrustedBuild;
use schemas::{
    TenantId,
    api::{
        Problem,
        trusted_build::{
            ACCESS_TOKEN_TYPE, ExchangedToken, GRANT_TOKEN_EXCHANGE, SUBJECT_TOKEN_TYPES,
            TokenExchange,
        },
    },
};
use sources::oidc::IssuerError;

use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromJson,
    frame,
    people::given::bad,
    problem::{ApiError, Kind, chain},
    state::ApiState,
};

/// The tenant of those who do not name one.
const DEFAULT_TENANT: &str = "default";
/// Longest subject that is kept of a build's token, in characters.
const MAX_SUBJECT_CHARS: usize = 120;

/// Exchanges the token that a build's system signed for its job for a short-lived one of this server, where a rule of the
/// tenant trusts it. A build's token is exchanged once: ask the build's system for another.
#[utoipa::path(
    post,
    path = "/api/v1/token/exchange",
    tag = "tokens",
    operation_id = "exchange_token",
    request_body = TokenExchange,
    responses(
        (status = 200, description = "The token", body = ExchangedToken),
        (status = 400, description = "Not an exchange of a signed token", body = Problem),
        (status = 401, description = "The token is not trusted, and why, or came before", body = Problem),
        (status = 503, description = "The token's issuer cannot be asked for its keys", body = Problem),
    ),
    security(())
)]
pub(crate) async fn exchange(
    State(state): State<ApiState>,
    FromJson(request): FromJson<TokenExchange>,
) -> Result<Json<ExchangedToken>, ApiError> {
    if request.grant_type != GRANT_TOKEN_EXCHANGE {
        return Err(bad(format!("`grant_type` is `{GRANT_TOKEN_EXCHANGE}`.")));
    }
    if !SUBJECT_TOKEN_TYPES.contains(&request.subject_token_type.as_str()) {
        let [jwt, id_token] = SUBJECT_TOKEN_TYPES;
        return Err(bad(format!(
            "`subject_token_type` is `{jwt}` or `{id_token}`."
        )));
    }
    let tenant = match request.tenant {
        Some(tenant) => tenant,
        None => DEFAULT_TENANT.parse().map_err(ApiError::internal)?,
    };
    let token = request.subject_token;
    let (rule, claims) = trusted(&state, &tenant, &token).await?;
    frame::is_of(&tenant);
    state.spend(&tenant).await?;
    let subject = subject(&claims);
    let act = Act::new("exchange_token").on("trusted_build", &rule.id);
    // What makes the token one: its id, or where it has none, what is signed: there may be several signatures of that.
    let signed = token.rsplit_once('.').map_or(&*token, |(signed, _)| signed);
    let id = claims.text("jti").unwrap_or(signed);
    let digest = sha256(format!("{}\n{id}", rule.issuer).as_bytes());
    let digest = schemas::Digest::from_sha256(&digest);
    let until_s = claims.expires_at_s.saturating_add(ALLOWED_SKEW_S);
    if !state
        .identity()
        .use_token(&tenant, digest.hex(), until_s)
        .await?
    {
        // Whoever sends a token that is trusted and was used may have found it in a log.
        let by = Somebody::anonymous(&tenant);
        let told = serde_json::json!({"subject": subject});
        state.audit_refusal(&by, act.after(&told)?).await;
        return Err(refused(
            "the token was exchanged before; ask the build's system for another",
        ));
    }
    let build = Build {
        tenant: tenant.clone(),
        rule: rule.id.clone(),
        subject,
    };
    let by = Somebody::of(&tenant, auth::build(&build.subject, &rule.roles));
    let told = serde_json::json!({"issuer": rule.issuer, "lifetime_s": rule.lifetime_s});
    state.audit(&by, act.after(&told)?).await?;
    tracing::info!(rule = %rule.id, build = build.subject, %tenant, "a build's token exchanged");
    let (key, _) = state.session_key();
    let random = state.random::<16>()?;
    let access_token =
        issue(build, state.now(), rule.lifetime_s, random, key).map_err(ApiError::internal)?;
    Ok(Json(ExchangedToken {
        access_token,
        issued_token_type: ACCESS_TOKEN_TYPE.to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: rule.lifetime_s,
        trusted_build: rule.id,
    }))
}

/// The rule that trusts a token, and what the token says.
async fn trusted(
    state: &ApiState,
    tenant: &TenantId,
    token: &str,
) -> Result<(TrustedBuild, Claims), ApiError> {
    let parse = || UnverifiedToken::parse(token).map_err(|error| refused(&error.to_string()));
    let parsed = parse()?;
    let issuer = parsed
        .issuer()
        .map_err(|error| refused(&error.to_string()))?;
    // Only issuers that the tenant trusts are asked for anything. Another tenant's rules, and whether there is such a
    // tenant, are not told: without a rule the answer is the same.
    let mut rules = state.identity().all_trusted_builds(tenant).await?;
    rules.retain(|rule| rule.issuer == issuer);
    if rules.is_empty() {
        return Err(refused("no rule trusts tokens of this issuer"));
    }
    let now = state.now();
    let known = state
        .issuers()
        .known_with_key(issuer, parsed.kid(), now)
        .await;
    let known = known.map_err(|error| away(&error))?;
    let mut why = None;
    for rule in rules {
        let expected = Expected {
            issuer: &rule.issuer,
            audience: &rule.audience,
            used_as: Use::Build,
            now,
        };
        let claims = match parse()?.verify(&known.keys, &expected) {
            Ok(claims) => claims,
            Err(TokenError::Audience) => {
                why.get_or_insert_with(|| TokenError::Audience.to_string());
                continue;
            }
            // Every rule would say the same.
            Err(error) => return Err(refused(&error.to_string())),
        };
        // A rule that this version does not understand trusts nobody.
        let Ok(checked) = BuildRule::new(&rule.claims) else {
            continue;
        };
        match checked.differs(&claims) {
            None => return Ok((rule, claims)),
            Some(name) => {
                why = Some(format!(
                    "no rule trusts it: its `{name}` is not as it has to be"
                ))
            }
        }
    }
    Err(refused(why.as_deref().unwrap_or("no rule trusts it")))
}

fn refused(why: &str) -> ApiError {
    ApiError::new(
        Kind::BadBuildToken,
        format!("The build's token is not accepted: {why}."),
    )
}

fn away(error: &IssuerError) -> ApiError {
    ApiError::new(
        Kind::Unavailable,
        format!(
            "The keys of the token's issuer cannot be had: {}.",
            chain(error)
        ),
    )
}

/// What a build is called in records: its subject as it can be shown.
fn subject(claims: &Claims) -> String {
    let plain = |c: &char| c.is_ascii_graphic();
    claims
        .subject
        .chars()
        .filter(plain)
        .take(MAX_SUBJECT_CHARS)
        .collect()
}
