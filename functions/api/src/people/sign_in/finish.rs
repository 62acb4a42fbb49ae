//! A browser that comes back from a service.

use access::{
    oidc::{Claims, Expected, UnverifiedToken, Use},
    sha256,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use records::{
    Secrets,
    identity::{External, IdentityProvider, SignedIn, User},
};
use schemas::{
    TenantId,
    api::{
        Problem, identity_provider::SignInCallback, role::RoleAssignment, session::SessionReply,
    },
};
use secrecy::{ExposeSecret, SecretString};
use sources::oidc::CodeTrade;

use super::{Begun, cookie};
use crate::{
    audit::{Act, Somebody},
    auth,
    extract::FromQuery,
    frame,
    people::{persons::detail, session::begin::begin},
    problem::{ApiError, Kind, chain},
    state::ApiState,
};

/// Longest code that is traded, in bytes.
const MAX_CODE_BYTES: usize = 4096;
/// Longest name of a person that is kept, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Ends a sign-in: trades the code that the service gave the browser, verifies whom it is about, and begins a session of the
/// person, whose roles follow their groups at each sign-in.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in/callback",
    tag = "sign-in",
    operation_id = "finish_sign_in",
    params(SignInCallback),
    responses(
        (status = 200, description = "A session", body = SessionReply),
        (status = 303, description = "A session, for a browser that shows pages: on to the portal", headers(("location" = String, description = "The portal"))),
        (status = 401, description = "The sign-in was not begun by this browser, came before, or what the service says does not hold", body = Problem),
        (status = 403, description = "The person is known, and not let in", body = Problem),
        (status = 503, description = "The service cannot be asked", body = Problem),
    ),
    security(())
)]
pub(crate) async fn finish(
    State(state): State<ApiState>,
    headers: HeaderMap,
    FromQuery(query): FromQuery<SignInCallback>,
) -> Result<Response, ApiError> {
    let begun = Begun::of(&state, &headers).await?;
    if !same(query.state.as_deref().unwrap_or_default(), &begun.state) {
        return Err(refused(
            "the service's answer is to another sign-in (`state`)",
        ));
    }
    if let Some(error) = query.error {
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let error: String = error.chars().filter(plain).take(64).collect();
        return Err(refused(&format!("the service says `{error}`")));
    }
    let tenant = begun.tenant.clone();
    let found = state
        .identity()
        .identity_provider(&tenant, &begun.provider)
        .await?;
    let (provider, _) = found.ok_or_else(|| refused("the service was removed meanwhile"))?;
    let code = query
        .code
        .filter(|code| (1..=MAX_CODE_BYTES).contains(&code.len()));
    let code = code.ok_or_else(|| refused("the service's answer has no code"))?;
    let come = async {
        let claims = verified(&state, &provider, &begun, query.iss.as_deref(), code.into()).await?;
        let roles = let_in(&provider, &claims)?;
        person(&state, &tenant, &provider, &claims, &roles).await
    };
    let act = Act::new("finish_sign_in");
    let (user, before) = match come.await {
        Ok(come) => come,
        Err(error) => {
            let act = act.on("identity_provider", &provider.id);
            state
                .audit_refusal(&Somebody::anonymous(&tenant), act)
                .await;
            return Err(error);
        }
    };
    frame::is_of(&tenant);
    let mut act = act.on("person", &user.id);
    // Who comes for the first time, or with other roles, is changed by it.
    if before.as_ref().map(User::assignments) != Some(user.assignments()) {
        if let Some(before) = &before {
            act = act.before(&detail(before))?;
        }
        act = act.after(&detail(&user))?;
    }
    let by = Somebody::of(&tenant, auth::person(&user.id, &user.role_names()));
    state.audit(&by, act).await?;
    let mut response = begin(&state, &tenant, &user, &headers, true).await?;
    if shows_pages(&headers) {
        // The session is in its cookie; the answer's words are for who reads JSON.
        *response.status_mut() = StatusCode::SEE_OTHER;
        *response.body_mut() = Body::empty();
        let kept = response.headers_mut();
        kept.remove(header::CONTENT_TYPE);
        kept.remove(header::CONTENT_LENGTH);
        kept.insert(header::LOCATION, HeaderValue::from_static("/"));
    }
    for (name, value) in [
        (header::SET_COOKIE, cookie(begun.secure, "", 0)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ] {
        let value = HeaderValue::try_from(value).map_err(ApiError::internal)?;
        // The session's own cookie stays beside the one that ends.
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Whether a browser asks that came by a link, as one does from the page of a service.
fn shows_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| {
        accept
            .split(',')
            .any(|kind| kind.trim().starts_with("text/html"))
    })
}

/// What the service says of the person, once for each sign-in.
async fn verified(
    state: &ApiState,
    provider: &IdentityProvider,
    begun: &Begun,
    iss: Option<&str>,
    code: SecretString,
) -> Result<Claims, ApiError> {
    let away = |error: &dyn std::error::Error| {
        ApiError::new(
            Kind::Unavailable,
            format!("The service cannot be asked: {}.", chain(error)),
        )
    };
    let issuer = &provider.issuer;
    let known = state.issuers().known(issuer, state.now()).await;
    let known = known.map_err(|error| away(&error))?;
    // A code of another service, brought here (RFC 9207).
    if iss.map_or(known.provider.names_itself, |iss| iss != issuer) {
        return Err(refused("the answer is of another service (`iss`)"));
    }
    let digest = schemas::Digest::from_sha256(&sha256(begun.nonce.as_bytes()));
    let fresh = state
        .identity()
        .use_token(&begun.tenant, digest.hex(), begun.ends_at_s);
    if !fresh.await? {
        return Err(refused("this sign-in was ended before"));
    }
    let secret = match &provider.client_secret {
        Some(sealed) => {
            let secrets = Secrets(state.platform());
            Some(
                secrets
                    .open(&begun.tenant, &provider.sealed_for(), sealed)
                    .await?,
            )
        }
        None => None,
    };
    let trade = CodeTrade {
        client_id: &provider.client_id,
        client_secret: secret.as_ref(),
        code: &code,
        verifier: &SecretString::from(begun.verifier.clone()),
        redirect_uri: &provider.redirect_uri,
    };
    let token = state.issuers().trade(&known.provider, &trade).await;
    let token = token.map_err(|error| match error {
        sources::oidc::CodeError::Http(_) => away(&error),
        error => refused(&chain(&error)),
    })?;
    let not_believed = |error: access::oidc::TokenError| refused(&error.to_string());
    let token = UnverifiedToken::parse(token.expose_secret()).map_err(not_believed)?;
    let known = state
        .issuers()
        .known_with_key(issuer, token.kid(), state.now())
        .await
        .map_err(|error| away(&error))?;
    let expected = Expected {
        issuer,
        audience: &provider.client_id,
        used_as: Use::SignIn {
            nonce: &begun.nonce,
        },
        now: state.now(),
    };
    token.verify(&known.keys, &expected).map_err(not_believed)
}

/// The roles that a person is given; fails when they are not let in.
fn let_in(provider: &IdentityProvider, claims: &Claims) -> Result<Vec<RoleAssignment>, ApiError> {
    let shut = |why: &str| Err(ApiError::new(Kind::Forbidden, why));
    if !provider.email_domains.is_empty() {
        let domain = claims
            .text("email")
            .and_then(|email| email.rsplit_once('@'));
        let known = domain.is_some_and(|(_, domain)| {
            let is = |known: &String| known.eq_ignore_ascii_case(domain);
            provider.email_domains.iter().any(is)
        });
        if !known || !claims.is_true("email_verified") {
            return shut(
                "The service names no verified e-mail address of a domain that is let in here.",
            );
        }
    }
    // Whoever is in too many groups would lose roles without a word.
    if !provider.groups.is_empty() && claims.is_elsewhere(&provider.groups_claim) {
        return shut(
            "The service leaves your groups out of its token, because there are too many: have it send app roles (`roles`), or only the groups that are assigned to this application.",
        );
    }
    let groups = claims.words(&provider.groups_claim);
    let mut roles = provider.default_roles.clone();
    for given in &provider.groups {
        if groups.contains(&given.group.as_str()) {
            roles.extend(given.roles.iter().cloned());
        }
    }
    roles.sort();
    roles.dedup();
    if roles.is_empty() {
        return shut("You are in none of the groups that have a role here: ask an administrator.");
    }
    Ok(roles)
}

/// The person with their roles, as of this sign-in, and as they were before it.
async fn person(
    state: &ApiState,
    tenant: &TenantId,
    provider: &IdentityProvider,
    claims: &Claims,
    roles: &[RoleAssignment],
) -> Result<(User, Option<User>), ApiError> {
    let shown = |name: &str| {
        let text = claims.text(name)?;
        let plain = |c: &char| !c.is_control();
        Some(text.chars().filter(plain).take(MAX_NAME_CHARS).collect())
    };
    let external = External {
        issuer: provider.issuer.clone(),
        subject: claims.subject.clone(),
        name: shown("name").or_else(|| shown("preferred_username")),
        email: shown("email"),
        signed_in_at: state.now(),
    };
    let shut = |why: &str| Err(ApiError::new(Kind::Forbidden, why));
    let (user, before) = match state.identity().signed_in(tenant, &external, roles).await? {
        SignedIn::New(user) => (*user, None),
        SignedIn::Known { user, before } => (*user, Some(*before)),
        SignedIn::LastAdmin => {
            return shut(
                "You are the last administrator here, and your groups no longer say so: have another one first.",
            );
        }
        SignedIn::Taken => {
            return shut(
                "Somebody else has the login that is yours here: an administrator has to remove them.",
            );
        }
    };
    if user.disabled_at.is_some() {
        return shut("An administrator keeps you from signing in.");
    }
    Ok((user, before))
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
fn same(a: &str, b: &str) -> bool {
    sha256(a.as_bytes()) == sha256(b.as_bytes())
}

fn refused(why: &str) -> ApiError {
    ApiError::new(
        Kind::BadSignIn,
        format!("Signing in failed: {why}. Begin again."),
    )
}
