//! A request that an agent has signed: its signature, its time, its nonce and its whole body are judged before anything
//! of it is looked at, and all but the body before that is waited for.

use access::{
    PublicKey,
    request_token::{Head, RequestError, VerifiedHead, claimed_agent, verify_head},
};
use axum::{
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use platform::{BlobError, BlobPath};
use records::identity::{Agent, tenant_of_agent};
use schemas::Digest;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    body::{self, MAX_BODY_BYTES, MAX_UNFOLDED_BYTES, MAX_UPLOAD_BYTES},
    changes, frame,
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Name of the header that says which upload is the body of a request.
pub(crate) const UPLOAD: &str = "bulkhead-upload";

/// Contents above this many bytes are looked at one after the other.
const LARGE_BYTES: usize = 8 * 1024 * 1024;

/// A verified request with its content, decompressed.
pub(crate) struct Signed {
    pub(crate) agent: Agent,
    /// The key that it is signed with: the agent's own, or for a while the one before.
    pub(crate) signed_with: String,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Bytes,
    /// The upload that the content came by, to be forgotten when the request is done.
    pub(crate) upload: Option<BlobPath>,
    /// Held while a large body is looked at.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Signed {
    /// The content as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.content).map_err(|error| {
            ApiError::new(
                Kind::BadRequest,
                format!("The body is not the JSON expected here: {error}."),
            )
        })
    }

    /// Forgets the upload: its content is stored where it belongs.
    pub(crate) async fn done(&self, state: &ApiState) {
        if let Some(path) = &self.upload
            && let Err(error) = state.platform().blobs.delete(path).await
        {
            tracing::warn!(%error, "an upload could not be forgotten");
        }
    }
}

impl FromRequest<ApiState> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (parts, content) = request.into_parts();
        let authorization = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let claimed = claimed_agent(authorization).map_err(|error| refusal(&error))?;
        let tenant = tenant_of_agent(&claimed);
        let agent = match &tenant {
            Some(tenant) => {
                state
                    .identity()
                    .agent_with_version(tenant, &claimed)
                    .await?
            }
            None => None,
        };
        let (agent, version) = agent.ok_or_else(|| refusal(&RequestError::UnknownAgent))?;
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |OriginalUri(uri)| uri);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let head = Head {
            method: parts.method.as_str(),
            path,
            now: state.now(),
        };
        let (verified, signed_with) = verified(&agent, authorization, &head)?;
        frame::is_of(&agent.tenant);
        if agent.revoked_at.is_some() {
            return Err(ApiError::new(
                Kind::AgentRevoked,
                "Enrol this host again with a new key if it is to be trusted.",
            ));
        }
        let name = format!("agent {}", agent.id);
        changes::is_of_agent(&parts.extensions, &agent.tenant, &name)?;
        let sent = body::read(&parts.headers, content, MAX_BODY_BYTES).await?;
        let body_sha256 = access::keys::sha256(&sent);
        let verified = verified.with_body(&body_sha256);
        let verified = verified.map_err(|error| refusal(&error))?;
        // Before anything is written for it.
        state.spend(&agent.tenant).await?;
        // A question changes nothing and is answered alike to whoever repeats it within its minute, so the heartbeats of
        // all hosts are spared a write each.
        let is_fresh = parts.method.is_safe()
            || state
                .identity()
                .use_nonce(
                    &agent.tenant,
                    &agent.id,
                    &verified.nonce,
                    verified.remember_until_s,
                )
                .await?;
        if !is_fresh {
            tracing::warn!(agent = %agent.id, "a request was replayed");
            return Err(ApiError::new(
                Kind::ReplayedRequest,
                "Sign each request anew, also when it is repeated.",
            ));
        }
        if let Err(error) = state.identity().seen(&agent, version).await {
            // When an agent was last seen is worth less than what it sends.
            tracing::warn!(%error, "could not note that an agent was seen");
        }
        let (sent, upload) = uploaded(state, &agent, &parts.headers, sent).await?;
        // Before unfolding: a small body may unfold to a large one.
        let folded = parts.headers.contains_key(header::CONTENT_ENCODING);
        let turn = if folded || sent.len() > LARGE_BYTES {
            let turn = Arc::clone(state.large()).acquire_owned().await;
            Some(turn.map_err(ApiError::internal)?)
        } else {
            None
        };
        let content = body::unfold(&parts.headers, sent, MAX_UNFOLDED_BYTES).await?;
        Ok(Self {
            _turn: turn,
            agent,
            signed_with,
            headers: parts.headers,
            content,
            upload,
        })
    }
}

/// The head of an agent's request by one of its keys, and the key.
fn verified(
    agent: &Agent,
    authorization: &str,
    head: &Head<'_>,
) -> Result<(VerifiedHead, String), ApiError> {
    for text in agent.accepted_keys(head.now) {
        let key = PublicKey::from_base64url(text).map_err(ApiError::internal)?;
        match verify_head(authorization, Some(&key), head) {
            Ok(verified) => return Ok((verified, text.to_owned())),
            Err(RequestError::BadSignature) => {}
            Err(error) => return Err(refusal(&error)),
        }
    }
    Err(refusal(&RequestError::BadSignature))
}

/// The body, or the upload that stands for it.
async fn uploaded(
    state: &ApiState,
    agent: &Agent,
    headers: &HeaderMap,
    sent: Bytes,
) -> Result<(Bytes, Option<BlobPath>), ApiError> {
    let Some(name) = headers.get(UPLOAD) else {
        return Ok((sent, None));
    };
    let unknown = || {
        ApiError::new(
            Kind::BadRequest,
            "There is no such upload of this agent: it never arrived whole, was used already, or was forgotten after a day. \
             Ask for a new ticket.",
        )
    };
    if !sent.is_empty() {
        return Err(ApiError::new(
            Kind::BadRequest,
            "A request whose body was uploaded has none itself.",
        ));
    }
    let name = name.to_str().map_err(|_| unknown())?;
    let path = upload_path(agent, name).ok_or_else(unknown)?;
    let blob = match state.platform().blobs.get(&path).await {
        Ok(blob) => blob,
        Err(BlobError::NotFound) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let limit = usize::try_from(MAX_UPLOAD_BYTES).unwrap_or(usize::MAX);
    let content = match blob.body.collect(limit).await {
        Err(BlobError::TooLarge { .. }) => {
            return Err(ApiError::new(
                Kind::TooLarge,
                format!("An upload has at most {MAX_UPLOAD_BYTES} bytes."),
            ));
        }
        content => content?,
    };
    // Tickets of the release before name no digest; they hold for minutes.
    if let Some((_, announced)) = name.split_once('-') {
        let hashed = content.clone();
        let found = tokio::task::spawn_blocking(move || access::keys::sha256(&hashed));
        let found = Digest::from_sha256(&found.await.map_err(ApiError::internal)?);
        if found.hex() != announced {
            return Err(ApiError::new(
                Kind::BadRequest,
                "The upload does not have the digest that was announced: upload it anew by a new ticket.",
            ));
        }
    }
    Ok((content, Some(path)))
}

/// Where an agent's upload of a name is kept.
pub(crate) fn upload_path(agent: &Agent, name: &str) -> Option<BlobPath> {
    let plain = name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain
        .then(|| BlobPath::parse(format!("t/{}/uploads/{}/{name}", agent.tenant, agent.id)).ok())
        .flatten()
}

/// The problem of a request that is not accepted as an agent's.
fn refusal(error: &RequestError) -> ApiError {
    let (kind, what_to_do) = match error {
        RequestError::Malformed | RequestError::WrongAudience | RequestError::BadLifetime => (
            Kind::UnsignedRequest,
            "send `authorization: Bulkhead-Agent TOKEN`",
        ),
        RequestError::UnknownAgent => (Kind::AgentUnknown, "enrol first"),
        RequestError::BadSignature => (Kind::BadSignature, "sign with the key that was enrolled"),
        RequestError::Expired { .. } | RequestError::NotYetValid { .. } => (
            Kind::ClockSkew,
            "correct the clock by the header `bulkhead-time` and sign anew",
        ),
        RequestError::WrongMethod | RequestError::WrongPath | RequestError::WrongBody => (
            Kind::RequestMismatch,
            "sign method, path with query, and body exactly as they are sent",
        ),
    };
    // Texts of errors are fragments; a problem's detail is a sentence.
    let mut detail = error.to_string();
    if let Some(first) = detail.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ApiError::new(kind, format!("{detail}: {what_to_do}."))
}
