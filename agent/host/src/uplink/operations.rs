//! What the gateway can be asked for.

use std::sync::Arc;

use access::{AgentKey, request_token::RequestSigner};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use schemas::{
    Digest,
    agent::{
        EnrolReply, EnrolRequest, EnvelopeBatch, EnvelopesReply, MissingLayersReply,
        MissingLayersRequest, RotateKeyReply, RotateKeyRequest, SignedBundle, UploadHeader,
        UploadTicketReply, UploadTicketRequest,
    },
    api::Problem,
    inventory::{CoverageGap, GapReason, LayerInventory},
};
use serde::{Serialize, de::DeserializeOwned};

use super::address::Upload;
use super::{Answer, Outgoing, ServerAddress, Uplink, UplinkError, answer, bounded, follow_time};
use crate::clock::Clock;

/// Most layers that one question may name.
const LAYERS_PER_QUESTION: usize = 1000;
/// Most headers of an upload.
const MAX_UPLOAD_HEADERS: usize = 16;
/// Largest document that the gateway unfolds, in bytes of JSON.
const MAX_DOCUMENT_BYTES: usize = 60 << 20;

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, UplinkError> {
    serde_json::to_vec(value).map_err(UplinkError::Encode)
}

fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T, UplinkError> {
    serde_json::from_slice(&answer.body).map_err(|error| UplinkError::Answer(error.to_string()))
}

/// A bundle with the name of its version, to ask for a newer one by.
pub struct FreshBundle {
    /// The bundle, not yet verified.
    pub signed: SignedBundle,
    /// Its ETag.
    pub etag: Option<String>,
}

/// Asks to be known. Nothing is signed but the proof in the request; the clock follows the answer.
///
/// # Errors
/// The server did not answer, or refused the token.
pub async fn enrol(
    http: &reqwest::Client,
    server: &ServerAddress,
    request: &EnrolRequest,
    clock: &Clock,
) -> Result<EnrolReply, UplinkError> {
    let sent = Clock::local();
    let response = http
        .post(server.join("/agent/v1/enrol")?)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(encode(request)?)
        .send()
        .await
        .map_err(UplinkError::Unreachable)?;
    follow_time(clock, &response, sent);
    decode(&answer(response).await?)
}

impl Uplink {
    /// Those of the layers whose inventories the tenant lacks.
    ///
    /// # Errors
    /// The gateway did not answer, or refused.
    pub async fn missing_layers(&self, layers: &[Digest]) -> Result<Vec<Digest>, UplinkError> {
        let mut missing = Vec::new();
        for part in layers.chunks(LAYERS_PER_QUESTION) {
            let request = MissingLayersRequest {
                layers: part.to_vec(),
                generation: inventory::GENERATION,
            };
            let outgoing = Outgoing {
                body: encode(&request)?,
                ..Outgoing::default()
            };
            let answer = self
                .send(Method::POST, "/agent/v1/layers/missing", outgoing)
                .await?;
            let reply: MissingLayersReply = decode(&answer)?;
            // Only what was asked for: an answer must not make the agent read more than it offered.
            missing.extend(
                reply
                    .missing
                    .into_iter()
                    .filter(|layer| part.contains(layer)),
            );
        }
        Ok(missing)
    }

    /// Uploads the inventory of a layer.
    ///
    /// # Errors
    /// The gateway did not answer, or refused.
    pub async fn put_layer(&self, layer: &LayerInventory) -> Result<(), UplinkError> {
        let mut document = encode(layer)?;
        if document.len() > MAX_DOCUMENT_BYTES {
            let mut shortened = layer.clone();
            shortened.evidence.clear();
            shortened.gaps.push(CoverageGap {
                reason: GapReason::LimitExceeded,
                detail: format!(
                    "What this layer contains takes {} bytes to write down, more than the {MAX_DOCUMENT_BYTES} that can be sent.",
                    document.len()
                ),
                path: None,
                layer: Some(layer.diff_id.clone()),
            });
            document = encode(&shortened)?;
        }
        let path = format!("/agent/v1/layers/{}", layer.diff_id);
        let outgoing = self.pack(&document).await?;
        self.send(Method::PUT, &path, outgoing).await?;
        Ok(())
    }

    /// Hands envelopes over; those that the reply does not name stay the agent's.
    ///
    /// # Errors
    /// The gateway did not answer, or refused the batch as a whole.
    pub async fn send_envelopes(
        &self,
        batch: &EnvelopeBatch,
    ) -> Result<EnvelopesReply, UplinkError> {
        let outgoing = self.pack(&encode(batch)?).await?;
        decode(
            &self
                .send(Method::POST, "/agent/v1/envelopes", outgoing)
                .await?,
        )
    }

    /// The bundle, nothing when it is the one with this ETag.
    ///
    /// # Errors
    /// The gateway did not answer, or refused.
    pub async fn bundle(&self, etag: Option<&str>) -> Result<Option<FreshBundle>, UplinkError> {
        let outgoing = Outgoing {
            if_none_match: etag.map(str::to_owned),
            ..Outgoing::default()
        };
        let answer = self.send(Method::GET, "/agent/v1/bundle", outgoing).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        Ok(Some(FreshBundle {
            signed: decode(&answer)?,
            etag: answer.etag,
        }))
    }

    /// Has the server know the agent by another key; `by` signs the request instead of the agent's own, where it is given.
    ///
    /// # Errors
    /// The gateway did not answer, or refused.
    pub async fn rotate_key(
        &self,
        request: &RotateKeyRequest,
        by: Option<AgentKey>,
    ) -> Result<RotateKeyReply, UplinkError> {
        let outgoing = Outgoing {
            body: encode(request)?,
            ..Outgoing::default()
        };
        let signer = match by {
            Some(key) => Arc::new(RequestSigner::new(self.agent.clone(), key)),
            None => self.signer(),
        };
        decode(
            &self
                .send_by(&signer, Method::POST, "/agent/v1/key", outgoing)
                .await?,
        )
    }

    /// Uploads bytes by a ticket and returns the name to refer to them by.
    pub(super) async fn upload(&self, bytes: Vec<u8>) -> Result<String, UplinkError> {
        let request = UploadTicketRequest {
            size_bytes: bytes.len() as u64,
            digest: Digest::from_sha256(&access::keys::sha256(&bytes)),
        };
        let outgoing = Outgoing {
            body: encode(&request)?,
            ..Outgoing::default()
        };
        // Boxed, because uploads are rare and every request would otherwise be as large as they are.
        let answer = Box::pin(self.send(Method::POST, "/agent/v1/uploads", outgoing)).await?;
        let ticket: UploadTicketReply = decode(&answer)?;
        // The address is the permission: nothing of the agent's own is sent along.
        let request = match self.server.upload(&ticket.url)? {
            Upload::Here(url) => self.http.put(url),
            Upload::Elsewhere(url) => self.elsewhere.put(url),
        };
        let response = request
            .headers(upload_headers(&ticket.headers)?)
            .body(bytes)
            .send()
            .await
            // The address is a secret for as long as it holds.
            .map_err(|error| UplinkError::Unreachable(error.without_url()))?;
        taken(response).await?;
        Ok(ticket.upload)
    }
}

/// The headers of a ticket, as long as they only describe the upload.
fn upload_headers(headers: &[UploadHeader]) -> Result<HeaderMap, UplinkError> {
    let refused = |name: &str| {
        UplinkError::Answer(format!(
            "the upload's header `{}` is none that may be sent",
            name.escape_debug().take(80).collect::<String>()
        ))
    };
    if headers.len() > MAX_UPLOAD_HEADERS {
        return Err(UplinkError::Answer(format!(
            "the upload has more than {MAX_UPLOAD_HEADERS} headers"
        )));
    }
    let mut map = HeaderMap::new();
    for UploadHeader { name, value } in headers {
        if name != "if-none-match" && !name.starts_with("x-") {
            return Err(refused(name));
        }
        let value = HeaderValue::try_from(value).map_err(|_| refused(name))?;
        let name = HeaderName::try_from(name).map_err(|_| refused(name))?;
        map.insert(name, value);
    }
    Ok(map)
}

/// Whether an upload was taken. A store speaks another language than the gateway, so that none of its refusals is taken for
/// a verdict of the gateway's.
async fn taken(response: reqwest::Response) -> Result<(), UplinkError> {
    let status = response.status();
    if status.is_success() || status.is_server_error() {
        return answer(response).await.map(|_| ());
    }
    let body = bounded(response).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let problem: Option<Problem> = serde_json::from_str(&body).ok();
    let code = match problem {
        Some(problem) => problem.kind,
        None => {
            let code = body.split_once("<Code>").map_or("", |(_, rest)| rest);
            let end = |c: char| !c.is_ascii_alphanumeric();
            code.split(end).next().unwrap_or_default().to_owned()
        }
    };
    Err(UplinkError::Upload {
        status: status.as_u16(),
        code: code.chars().take(80).collect(),
    })
}
