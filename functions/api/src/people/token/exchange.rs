//! A build's token for one of this server.

use std::time::Duration;

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
use tokio::time::Instant;

use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromJson,
    frame,
    people::given::bad,
    problem::{ApiError, Kind, chain},
    request_id,
    state::ApiState,
};

/// The tenant of those who do not name one.
const DEFAULT_TENANT: &str = "default";
/// Refusals for which something was looked up are answered after a whole number of these, so that how long one takes tells nothing
/// of what is known. Looking up and telling the audit log take some tens of milliseconds.
const EVENED: Duration = Duration::from_millis(200);
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
        (status = 401, description = "The token is not trusted, or came before: the tenant's audit log says which", body = Problem),
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
    // What is no token is none wherever it is sent: nothing is looked up for it, and no log told.
    let read = UnverifiedToken::parse(&token).and_then(|parsed| {
        let issuer = parsed.issuer()?.to_owned();
        Ok((issuer, parsed.kid().to_owned()))
    });
    let (issuer, kid) = read.map_err(|error| {
        let mut why = error.to_string();
        if let Some(first) = why.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        why.push_str(": send the one that the build's system signed for its job.");
        ApiError::new(Kind::BadBuildToken, why)
    })?;
    let begun = Instant::now();
    let (rule, claims) = match judged(&state, &tenant, &token, issuer, &kid).await? {
        Judged::Trusted(trusted) => *trusted,
        Judged::Refused(why) => {
            let act = Act::new("exchange_token");
            return Err(refuse(&state, &tenant, begun, act, why).await?);
        }
    };
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
        let why = format!("the token of {subject} was exchanged before");
        let why = Why::by(why, &rule.issuer);
        return Err(refuse(&state, &tenant, begun, act, why).await?);
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

/// What became of a token.
enum Judged {
    /// A rule trusts it.
    Trusted(Box<(TrustedBuild, Claims)>),
    /// None does.
    Refused(Why),
}

/// Why a token is not trusted, which is told to the tenant and not to whoever sent it.
struct Why {
    why: String,
    /// Its issuer, where the tenant trusts that one.
    issuer: Option<String>,
}

impl Why {
    fn of(why: impl ToString) -> Self {
        Self {
            why: why.to_string(),
            issuer: None,
        }
    }

    fn by(why: impl ToString, issuer: &str) -> Self {
        Self {
            why: why.to_string(),
            issuer: Some(issuer.to_owned()),
        }
    }
}

/// The rule that trusts a token that claims this issuer and this key, and what the token says.
async fn judged(
    state: &ApiState,
    tenant: &TenantId,
    token: &str,
    issuer: String,
    kid: &str,
) -> Result<Judged, ApiError> {
    // Only issuers that the tenant trusts are asked for anything.
    let mut rules = state.identity().all::<TrustedBuild>(tenant).await?;
    rules.retain(|rule| rule.issuer == issuer);
    if rules.is_empty() {
        return Ok(Judged::Refused(Why::of(
            "no rule trusts tokens of this issuer",
        )));
    }
    let refused = |why: String| Ok(Judged::Refused(Why::by(why, &issuer)));
    let now = state.now();
    let known = state.issuers().known_with_key(&issuer, kid, now).await;
    let known = match known {
        Ok(known) => known,
        Err(error) => {
            let error = chain(&error);
            return refused(format!("the keys of its issuer cannot be had: {error}"));
        }
    };
    let mut why = None;
    for rule in rules {
        let expected = Expected {
            issuer: &rule.issuer,
            audience: &rule.audience,
            used_as: Use::Build,
            now,
        };
        let verified = UnverifiedToken::parse(token);
        let claims = match verified.and_then(|parsed| parsed.verify(&known.keys, &expected)) {
            Ok(claims) => claims,
            Err(TokenError::Audience) => {
                why.get_or_insert_with(|| TokenError::Audience.to_string());
                continue;
            }
            // Every rule would say the same.
            Err(error) => return refused(error.to_string()),
        };
        // A rule that this version does not understand trusts nobody.
        let Ok(checked) = BuildRule::new(&rule.claims) else {
            continue;
        };
        match checked.differs(&claims) {
            None => return Ok(Judged::Trusted(Box::new((rule, claims)))),
            Some(name) => {
                why = Some(format!(
                    "no rule trusts it: its `{name}` is not as it has to be"
                ))
            }
        }
    }
    refused(why.unwrap_or_else(|| "no rule trusts it".to_owned()))
}

/// Refuses a token: with the same words and after the same time, whatever is wrong with it and whoever is trusted, so that
/// strangers do not learn which tenants there are and whom they trust. The tenant's audit log says why.
async fn refuse(
    state: &ApiState,
    tenant: &TenantId,
    begun: Instant,
    act: Act,
    why: Why,
) -> Result<ApiError, ApiError> {
    // Strangers cannot fill the store with names of tenants.
    if state.identity().tenant(tenant).await?.is_some() {
        frame::is_of(tenant);
        tracing::info!(%tenant, issuer = why.issuer, why = why.why, "a build's token refused");
        let told = serde_json::json!({"why": why.why, "issuer": why.issuer});
        let by = Somebody::anonymous(tenant);
        state.audit_refusal(&by, act.after(&told)?).await;
    }
    let steps = begun.elapsed().as_millis() / EVENED.as_millis() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    request_id::answer_not_before(begun + EVENED.saturating_mul(steps));
    Ok(ApiError::new(
        Kind::BadBuildToken,
        "A token is accepted once and before it expires, where a rule of the tenant trusts its issuer, its audience and its \
         claims and the issuer can be asked for its keys. The tenant's audit log says what is wrong with this one; ask the \
         build's system for another.",
    ))
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
