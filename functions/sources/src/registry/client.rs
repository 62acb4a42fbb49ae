//! Requests to a registry: signed in when it asks for it, repeated when it is busy or breaks off.

use std::time::Duration;

use inventory::Limits;
use schemas::Digest;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OnceCell};

use super::{
    Credentials, Reference, RegistryError, RegistryOptions,
    auth::{Authorisation, Signer},
    challenge,
    patience::Patience,
};
use crate::{
    http::{Answer, Http, HttpError, HttpOptions},
    runtime::text,
};

/// Forms of manifests that are understood. Source: OCI image-spec, `media-types.md`; Docker's "Image Manifest V2,
/// Schema 2".
pub(super) const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// Bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// A layer of some gigabytes may take so long in one go; silence ends it much earlier.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(6 * 3600);

/// One repository of a registry, and how to sign in to it.
pub struct Registry {
    http: Http,
    reference: Reference,
    options: RegistryOptions,
    patience: Patience,
    base: OnceCell<String>,
    signer: Signer,
    authorisation: Mutex<Option<Authorisation>>,
}

/// The document that a reference names: a manifest or an index.
#[derive(Clone, Debug)]
pub struct Root {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its digest, computed.
    pub digest: Digest,
}

impl Registry {
    /// A client for the repository of a reference. Nothing is sent yet.
    ///
    /// # Errors
    /// [`RegistryError::Client`] when a certificate cannot be used.
    pub fn new(
        reference: Reference,
        credentials: Credentials,
        options: RegistryOptions,
    ) -> Result<Self, RegistryError> {
        let mut how = HttpOptions {
            extra_ca_pem: options.extra_ca_pem.clone(),
            allow_http: options.plain_http,
            internal_redirects: true,
            guard: options.guard.clone(),
            read_timeout: options.silence,
            total_timeout: TRANSFER_TIMEOUT,
            ..HttpOptions::default()
        };
        let http = Http::new(&how).map_err(RegistryError::Client)?;
        // What is told to one server in confidence is not carried on to another.
        how.redirects = false;
        let for_tokens = Http::new(&how).map_err(RegistryError::Client)?;
        let patience = Patience::new(reference.host(), &options);
        Ok(Self {
            signer: Signer::new(for_tokens, reference.clone(), credentials, patience.clone()),
            http,
            patience,
            reference,
            options,
            base: OnceCell::new(),
            authorisation: Mutex::new(None),
        })
    }

    /// The image that was named.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The manifest or index that the reference names.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn root(&self, limits: &Limits) -> Result<Root, RegistryError> {
        let wanted = self.reference.wanted();
        let bytes = self.manifest(wanted, limits).await?;
        let bytes = bytes.ok_or_else(|| RegistryError::NotFound {
            registry: self.name(),
            wanted: match self.reference.digest() {
                Some(digest) => format!("{}@{digest}", self.reference.repository()),
                None => format!("{}:{wanted}", self.reference.repository()),
            },
        })?;
        let digest = Digest::from_sha256(&Sha256::digest(&bytes).into());
        match self.reference.digest() {
            Some(named) if *named != digest => Err(RegistryError::Digest {
                registry: self.name(),
                digest: named.to_string(),
            }),
            _ => Ok(Root { bytes, digest }),
        }
    }

    /// A manifest by tag or digest; nothing when it is not there. Its digest is not verified here.
    pub(super) async fn manifest(
        &self,
        wanted: &str,
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, RegistryError> {
        let path = format!("manifests/{wanted}");
        let mut attempt = 0;
        loop {
            let mut answer = self.get(&path, &[("accept", MANIFESTS)]).await?;
            match answer.status() {
                200 => {}
                404 => return Ok(None),
                _ => return Err(self.failed(&mut answer).await),
            }
            match self.body(&mut answer, limits.max_json_bytes).await {
                // The connection broke within the document.
                Err(RegistryError::Unreachable { .. }) if attempt < self.patience.retries() => {
                    self.patience.wait(attempt, None).await?;
                    attempt += 1;
                }
                other => return other.map(Some),
            }
        }
    }

    pub(super) async fn body(
        &self,
        answer: &mut Answer,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self
            .patience
            .limit(answer.chunk())
            .await?
            .map_err(|e| self.unreachable(e))?
        {
            if (bytes.len() + chunk.len()) as u64 > max_bytes {
                return Err(RegistryError::TooLarge {
                    registry: self.name(),
                    max_bytes,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// A blob from so many bytes on; nothing when it is not there. The answer's status is 200, 206 or 416.
    pub(super) async fn blob(
        &self,
        digest: &str,
        from: u64,
    ) -> Result<Option<Answer>, RegistryError> {
        let range = format!("bytes={from}-");
        // Layers are verified as they are kept: compression on the way would only be undone.
        let mut headers = vec![("accept-encoding", "identity")];
        if from > 0 {
            headers.push(("range", range.as_str()));
        }
        let mut answer = self.get(&format!("blobs/{digest}"), &headers).await?;
        match answer.status() {
            200 => Ok(Some(answer)),
            206 | 416 if from > 0 => Ok(Some(answer)),
            404 => Ok(None),
            _ => Err(self.failed(&mut answer).await),
        }
    }

    pub(super) fn patience(&self) -> &Patience {
        &self.patience
    }

    pub(super) fn too_slow(&self) -> RegistryError {
        RegistryError::TooSlow {
            registry: self.name(),
            min_bytes_per_s: self.options.min_bytes_per_s,
        }
    }

    pub(super) fn min_bytes_per_s(&self) -> u64 {
        self.options.min_bytes_per_s
    }

    /// Sends a request for something of the repository, until there is an answer that repeating would not change.
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, RegistryError> {
        let path = format!("{}/{path}", self.reference.repository());
        self.ask(&path, headers).await
    }

    /// The same for anything of the registry, by its path after `/v2/`.
    pub(super) async fn ask(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, RegistryError> {
        self.send(path, headers, false).await
    }

    /// The same, for the head of its answer alone.
    pub(super) async fn ask_head(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, RegistryError> {
        self.send(path, headers, true).await
    }

    async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        head: bool,
    ) -> Result<Answer, RegistryError> {
        let base = self
            .patience
            .limit(self.base.get_or_init(|| self.find_base()))
            .await?;
        let url = format!("{base}/v2/{path}");
        let mut attempt = 0;
        let mut signed_in = false;
        loop {
            let used = self.authorisation.lock().await.clone();
            let mut headers = headers.to_vec();
            if let Some(authorisation) = &used {
                headers.push(("authorization", authorisation.header()));
            }
            let asked = async {
                match head {
                    true => self.http.head(&url, &headers).await,
                    false => self.http.get(&url, &headers).await,
                }
            };
            let mut answer = match self.patience.limit(asked).await? {
                Ok(answer) => answer,
                Err(error) if self.patience.again(attempt, &error) => {
                    self.patience.wait(attempt, None).await?;
                    attempt += 1;
                    continue;
                }
                Err(error) => return Err(self.unreachable(error)),
            };
            match answer.status() {
                401 if !signed_in => {
                    signed_in = true;
                    self.sign_in(&answer, used.as_ref()).await?;
                }
                401 | 403 => {
                    return Err(RegistryError::Unauthorised {
                        registry: self.name(),
                        repository: self.reference.repository().to_owned(),
                        said: said(&mut answer).await,
                    });
                }
                status if self.patience.again_after(attempt, status) => {
                    let asked = answer.header("retry-after").map(str::to_owned);
                    self.patience.wait(attempt, asked.as_deref()).await?;
                    attempt += 1;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Gets an authorisation, unless another request has got a new one meanwhile.
    async fn sign_in(
        &self,
        answer: &Answer,
        used: Option<&Authorisation>,
    ) -> Result<(), RegistryError> {
        let mut current = self.authorisation.lock().await;
        if current.as_ref() != used {
            return Ok(());
        }
        let challenges: Vec<_> = answer
            .headers("www-authenticate")
            .flat_map(challenge::parse)
            .collect();
        let plain = self
            .base
            .get()
            .is_some_and(|base| base.starts_with("http:"));
        *current = self.signer.sign_in(&challenges, plain).await?;
        Ok(())
    }

    /// Encrypted, unless told otherwise; on this machine, without encryption if it answers only so.
    async fn find_base(&self) -> String {
        let address = self.reference.address();
        let encrypted = format!("https://{address}");
        let plain = format!("http://{address}");
        if self.options.plain_http {
            return plain;
        }
        if !self.reference.is_loopback() {
            return encrypted;
        }
        if self
            .http
            .get(&format!("{encrypted}/v2/"), &[])
            .await
            .is_ok()
        {
            return encrypted;
        }
        // An encrypted one whose certificate is not trusted answers 400 to this, and the error must name the certificate.
        match self.http.get(&format!("{plain}/v2/"), &[]).await {
            Ok(answer) if answer.status() != 400 => plain,
            _ => encrypted,
        }
    }

    pub(super) async fn failed(&self, answer: &mut Answer) -> RegistryError {
        RegistryError::Answer {
            registry: self.name(),
            said: said(answer).await,
        }
    }

    pub(super) fn unreachable(&self, source: HttpError) -> RegistryError {
        RegistryError::Unreachable {
            registry: self.name(),
            source,
        }
    }

    pub(super) fn name(&self) -> String {
        self.reference.host().to_owned()
    }
}

/// Status and message, as registries write errors.
async fn said(answer: &mut Answer) -> String {
    let status = answer.status();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len() + chunk.len() > MAX_ERROR_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    said_by(status, &body)
}

/// The same of an answer that was read. Source: OCI distribution-spec, "Error Codes".
pub(super) fn said_by(status: u16, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Told>,
    }
    #[derive(serde::Deserialize)]
    struct Told {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let told: Option<Errors> = serde_json::from_slice(body).ok();
    match told.and_then(|told| told.errors.into_iter().next()) {
        Some(told) => {
            let message = text::cut(&told.message, 200);
            format!("{status} {} {message}", text::cut(&told.code, 50))
                .trim_end()
                .to_owned()
        }
        None => status.to_string(),
    }
}
