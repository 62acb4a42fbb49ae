//! An agent whose requests a test writes itself, to say what no agent would, or what agents of another time say.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use access::{AgentKey, enrolment::prove, request_token::RequestSigner, sha256};
use anyhow::{Context, Result, ensure};
use reqwest::{
    Method,
    blocking::{Client, Response},
};
use schemas::{Digest, Timestamp};
use secrecy::SecretBox;
use serde_json::{Value, json};

/// What was answered.
#[derive(Debug)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// The JSON, or the text as JSON.
    pub body: Value,
    /// The server's time of the answer.
    pub server_time: Option<Timestamp>,
}

impl Said {
    fn of(response: Response) -> Result<Self> {
        let header = response.headers().get("bulkhead-time");
        let server_time = header
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        let status = response.status().as_u16();
        let text = response.text()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self {
            status,
            body,
            server_time,
        })
    }

    /// Whether it is a problem of this status and type.
    pub fn is(&self, status: u16, kind: &str) -> bool {
        self.status == status && self.body["type"] == format!("/problems/{kind}")
    }
}

/// The agent.
pub struct ByHand {
    client: Client,
    server: String,
    signer: RequestSigner,
    /// Its id.
    pub id: String,
    /// Its host's id.
    pub host: String,
    boot_id: String,
    sent: AtomicU64,
    /// By how much its clock is ahead of the machine's, in ms.
    pub ahead_ms: i64,
}

impl ByHand {
    /// Enrols it, with a key and a machine of this number.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol(server: &str, token: &str, number: u8) -> Result<Self> {
        // The client needs a provider of cryptography even where it speaks plain HTTP; set already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(60)).build()?;
        let key = || AgentKey::from_seed(SecretBox::new(Box::new([number; 32])));
        let request = json!({
            "token": token,
            "public_key": key().public().to_base64url(),
            "proof": prove(token, &key()),
            "host_name": format!("by-hand-{number}"),
            "machine": format!("by-hand-{number}"),
            "platform": "linux/amd64",
            "software": "0.1.0",
        });
        let url = format!("{server}/agent/v1/enrol");
        let said = Said::of(client.post(url).json(&request).send()?)?;
        let text = |name: &str| said.body[name].as_str().map(str::to_owned);
        let id = text("agent").with_context(|| format!("not enrolled: {said:?}"))?;
        let host = text("host").context("no host")?;
        Ok(Self {
            client,
            server: server.to_owned(),
            signer: RequestSigner::new(id.parse()?, key()),
            id,
            host,
            boot_id: format!("boot-{number}"),
            sent: AtomicU64::new(1),
            ahead_ms: 0,
        })
    }

    /// Lets it find its server at another address.
    pub fn point_at(&mut self, server: &str) {
        server.clone_into(&mut self.server);
    }

    fn now(&self) -> Result<Timestamp> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Timestamp::from_ms(i64::try_from(since.as_millis())?).plus_ms(self.ahead_ms))
    }

    /// Sends a signed request with these headers.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Said> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).context("random numbers")?;
        let signed = self
            .signer
            .sign(method.as_str(), path, &body, self.now()?, nonce)?;
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.server))
            .header("authorization", signed);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Said::of(request.body(body).send().with_context(|| path.to_owned())?)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post(&self, path: &str, body: &Value) -> Result<Said> {
        let kind = [("content-type", "application/json")];
        self.call(Method::POST, path, &kind, body.to_string().into_bytes())
    }

    /// The next envelope.
    ///
    /// # Errors
    /// When the machine's clock is unusable.
    pub fn envelope(&self, kind: &str, body: Value) -> Result<Value> {
        Ok(json!({
            "version": 1,
            "agent": self.id,
            "boot_id": self.boot_id,
            "seq": self.sent.fetch_add(1, Ordering::Relaxed),
            "observed_at": self.now()?,
            "kind": kind,
            "body": body,
        }))
    }

    /// Sends envelopes, all of which have to be accepted.
    ///
    /// # Errors
    /// When one is not.
    pub fn send(&self, envelopes: &[Value]) -> Result<()> {
        let said = self.post("/agent/v1/envelopes", &json!({"envelopes": envelopes}))?;
        let receipts = said.body["receipts"].as_array().map(Vec::as_slice);
        let all = receipts.is_some_and(|receipts| {
            receipts.len() == envelopes.len()
                && receipts
                    .iter()
                    .all(|receipt| receipt["status"] == "accepted")
        });
        ensure!(all, "{said:?}");
        Ok(())
    }

    /// What an agent says of an image with this name and this one layer.
    pub fn image(name: &str, layer: &Digest) -> Value {
        let id = Digest::from_sha256(&sha256(name.as_bytes()));
        json!({"subject": "image", "image": {"facts": {
            "id": id, "os": "linux", "tags": [name], "layers": [{"diff_id": layer}],
        }}})
    }

    /// A layer of this name of Debian 12 with packages, each of a name and a version.
    pub fn layer(name: &str, packages: &[(&str, &str)]) -> (Digest, Value) {
        let id = Digest::from_sha256(&sha256(name.as_bytes()));
        let packages: Vec<Value> = packages
            .iter()
            .map(|(package, version)| {
                json!({
                    "name": package, "version": version, "kind": "deb", "path": "var/lib/dpkg/status",
                    "purl": format!("pkg:deb/debian/{package}@{version}?arch=amd64&distro=debian-12"),
                })
            })
            .collect();
        let document = json!({
            "version": 1, "diff_id": id, "size_bytes": 1000, "entries": 10, "evidence": [
                {"type": "os", "path": "etc/os-release",
                 "os": {"family": "linux", "id": "debian", "version_id": "12"}},
                {"type": "packages", "path": "var/lib/dpkg/status", "analyzer": "dpkg", "packages": packages},
            ],
        });
        (id, document)
    }

    /// Sends the inventory of a layer.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn put_layer(&self, id: &Digest, document: &Value) -> Result<()> {
        let path = format!("/agent/v1/layers/{id}");
        let kind = [("content-type", "application/json")];
        let said = self.call(Method::PUT, &path, &kind, document.to_string().into_bytes())?;
        ensure!(said.status == 204, "{said:?}");
        Ok(())
    }

    /// Sends the inventory of a layer that is too large for a request.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn put_large_layer(&self, id: &Digest, document: &Value) -> Result<()> {
        let bytes = document.to_string().into_bytes();
        let ticket = self.ticket(bytes.len(), &Digest::from_sha256(&sha256(&bytes)))?;
        ensure!(ticket.status == 200, "{ticket:?}");
        let uploaded = self.upload(&ticket.body, bytes)?;
        ensure!(matches!(uploaded.status, 200 | 204), "{uploaded:?}");
        let upload = ticket.body["upload"].as_str().unwrap_or_default();
        let path = format!("/agent/v1/layers/{id}");
        let said = self.call(
            Method::PUT,
            &path,
            &[("bulkhead-upload", upload)],
            Vec::new(),
        )?;
        ensure!(said.status == 204, "{said:?}");
        Ok(())
    }

    /// Asks for a place to upload these many bytes of this digest to.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn ticket(&self, size_bytes: usize, digest: &Digest) -> Result<Said> {
        let request = json!({"size_bytes": size_bytes, "digest": digest});
        self.post("/agent/v1/uploads", &request)
    }

    /// Uploads bytes by a ticket.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn upload(&self, ticket: &Value, bytes: Vec<u8>) -> Result<Said> {
        let url = ticket["url"].as_str().context("no address")?;
        let url = match url.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.server),
            None => url.to_owned(),
        };
        let mut request = self.client.put(url);
        for header in ticket["headers"].as_array().into_iter().flatten() {
            let text = |name: &str| header[name].as_str().unwrap_or_default().to_owned();
            request = request.header(text("name"), text("value"));
        }
        Said::of(request.body(bytes).send()?)
    }
}
