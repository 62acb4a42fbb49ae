//! The few calls that a test makes itself, as their services' API references describe them. They are not signed: the
//! servers that the tests use read who asks and for which service, and check no signature of a header.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{
    Method, StatusCode,
    blocking::{Client, Response},
};
use serde_json::Value;

/// What such a server takes for the account of a pair of keys that names none.
pub(super) const ACCOUNT: &str = "000000000000";
/// The region of everything in tests.
pub(super) const REGION: &str = "us-east-1";

/// A server that speaks the protocols of Amazon's services.
#[derive(Clone)]
pub struct Aws {
    client: Client,
    endpoint: String,
}

impl Aws {
    /// Speaks with the server at this address.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn at(endpoint: &str) -> Result<Self> {
        // The client needs a provider of cryptography even where it speaks plain HTTP; set already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            // The first invocation of a function starts its process, on a machine that may be busy with much else.
            client: Client::builder()
                .timeout(Duration::from_secs(120))
                .build()?,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        })
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn request(
        &self,
        service: &str,
        method: Method,
        path: &str,
    ) -> reqwest::blocking::RequestBuilder {
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        self.client
            .request(method, format!("{}{path}", self.endpoint))
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"),
            )
            .header("x-amz-date", "20260101T000000Z")
    }

    /// A call of a service that speaks JSON and names the operation in a header: `DynamoDB_20120810.GetItem`,
    /// `AmazonSQS.SendMessage`.
    ///
    /// # Errors
    /// When the answer is not a success; the error holds it.
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let response = self
            .request(service, Method::POST, "/")
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string())
            .send()?;
        parsed(&succeeded(target, response)?)
    }

    /// A call of a service that takes a form and answers in XML: CloudFormation, IAM.
    ///
    /// # Errors
    /// When the answer is not a success; the error holds it.
    pub fn form(&self, service: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let response = self
            .request(service, Method::POST, "/")
            .form(parameters)
            .send()?;
        succeeded(&format!("{service} {parameters:.3?}"), response)
    }

    /// A call of a service whose operations are paths: Lambda, HTTP APIs.
    ///
    /// # Errors
    /// When the answer is not a success; the error holds it.
    pub fn rest(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = self.request(service, method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        parsed(&succeeded(path, request.send()?)?)
    }

    /// Makes a bucket; one that is there already is as good.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_bucket(&self, bucket: &str) -> Result<()> {
        let response = self
            .request("s3", Method::PUT, &format!("/{bucket}"))
            .send()?;
        if response.status() != StatusCode::CONFLICT {
            succeeded(bucket, response)?;
        }
        Ok(())
    }

    /// Stores an object.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<()> {
        let path = format!("/{bucket}/{key}");
        let response = self.request("s3", Method::PUT, &path).body(bytes).send()?;
        succeeded(&path, response)?;
        Ok(())
    }

    /// Reads an object; `None` where there is none.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let path = format!("/{bucket}/{key}");
        let response = self.request("s3", Method::GET, &path).send()?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        ensure!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        Ok(Some(response.bytes()?.to_vec()))
    }

    /// Whether there is an object.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn has_object(&self, bucket: &str, key: &str) -> Result<bool> {
        let response = self
            .request("s3", Method::HEAD, &format!("/{bucket}/{key}"))
            .send()?;
        Ok(response.status().is_success())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<()> {
        let path = format!("/{bucket}/{key}");
        succeeded(&path, self.request("s3", Method::DELETE, &path).send()?)?;
        Ok(())
    }

    /// Keys of the objects whose key begins so; at most a thousand.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let path = format!("/{bucket}?list-type=2&prefix={prefix}");
        let listed = succeeded(&path, self.request("s3", Method::GET, &path).send()?)?;
        Ok(between(&listed, "Key").map(str::to_owned).collect())
    }
}

fn succeeded(what: &str, response: Response) -> Result<String> {
    let status = response.status();
    let text = response.text().with_context(|| what.to_owned())?;
    ensure!(status.is_success(), "{what}: {status} {text}");
    Ok(text)
}

fn parsed(text: &str) -> Result<Value> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).with_context(|| text.to_owned())
}

/// What stands between the tags of an XML document, in its order. Enough for the answers that the tests read.
pub fn between<'a>(document: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = document;
    std::iter::from_fn(move || {
        let from = rest.find(&open)? + open.len();
        let found = &rest[from..];
        let until = found.find(&close)?;
        rest = &found[until + close.len()..];
        Some(&found[..until])
    })
}
