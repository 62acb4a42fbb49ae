//! What a request asks of which service, in the words of policies: the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use std::collections::BTreeSet;

use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::client::{ACCOUNT, REGION};

/// A call that a function made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The function, by its name in the roster; or `api`, `setup`.
    pub function: String,
    /// The operation as the service names it, e.g. `dynamodb:TransactWriteItems`.
    pub operation: String,
    /// What a policy must allow for it: action and resource.
    pub needs: BTreeSet<(String, String)>,
}

impl Call {
    pub(super) fn of(
        function: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let target = headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok());
        let (operation, needs) = match target.and_then(|target| target.split_once('.')) {
            Some((service, operation)) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                match service {
                    "DynamoDB_20120810" => {
                        (format!("dynamodb:{operation}"), table(operation, &body))
                    }
                    "AmazonSQS" => (format!("sqs:{operation}"), queue(operation, &body)),
                    "TrentService" => (format!("kms:{operation}"), key(operation, &body)),
                    other => (format!("{other}:{operation}"), one(other, operation, "?")),
                }
            }
            None => bucket(method, uri, headers),
        };
        Self {
            function: function.to_owned(),
            operation,
            needs,
        }
    }
}

fn one(service: &str, action: &str, resource: &str) -> BTreeSet<(String, String)> {
    BTreeSet::from([(format!("{service}:{action}"), resource.to_owned())])
}

/// DynamoDB: batches and transactions are allowed by the actions of their parts, except for the two batches that have an
/// action of their own.
fn table(operation: &str, body: &Value) -> BTreeSet<(String, String)> {
    let arn = |name: &str| format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}");
    let named = |part: &Value| arn(part["TableName"].as_str().unwrap_or("?"));
    match operation {
        "BatchGetItem" | "BatchWriteItem" => body["RequestItems"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| (format!("dynamodb:{operation}"), arn(name)))
            .collect(),
        "TransactWriteItems" | "TransactGetItems" => body["TransactItems"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flatten()
            .map(|(part, what)| {
                let action = match part.as_str() {
                    "ConditionCheck" => "ConditionCheckItem",
                    "Put" => "PutItem",
                    "Update" => "UpdateItem",
                    "Delete" => "DeleteItem",
                    "Get" => "GetItem",
                    other => other,
                };
                (format!("dynamodb:{action}"), named(what))
            })
            .collect(),
        _ => {
            let resource = match body["IndexName"].as_str() {
                Some(index) => format!("{}/index/{index}", named(body)),
                None => named(body),
            };
            one("dynamodb", operation, &resource)
        }
    }
}

/// SQS: a batch is allowed by the action of one message.
fn queue(operation: &str, body: &Value) -> BTreeSet<(String, String)> {
    let name = body["QueueUrl"]
        .as_str()
        .or_else(|| body["QueueName"].as_str())
        .and_then(|url| url.rsplit('/').next())
        .unwrap_or("?");
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let resource = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
    one("sqs", action, &resource)
}

fn key(operation: &str, body: &Value) -> BTreeSet<(String, String)> {
    // A ciphertext names its key by itself.
    one(
        "kms",
        operation,
        body["KeyId"].as_str().unwrap_or("any key"),
    )
}

/// S3: what a path, a method and a query mean. Reading is one action whether or not the bytes are wanted.
fn bucket(method: &Method, uri: &Uri, headers: &HeaderMap) -> (String, BTreeSet<(String, String)>) {
    let path = uri.path().trim_start_matches('/');
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|part| part.split('=').next() == Some(name))
    };
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if key.is_empty() {
        let operation = match *method {
            Method::GET => "ListBucket",
            Method::HEAD => "HeadBucket",
            _ => "ChangeBucket",
        };
        // The bucket may be asked for by whoever may list it.
        let action = if operation == "HeadBucket" {
            "ListBucket"
        } else {
            operation
        };
        return (
            format!("s3:{operation}"),
            one("s3", action, &format!("arn:aws:s3:::{bucket}")),
        );
    }
    let (operation, actions): (_, &[&str]) = match *method {
        Method::GET => ("GetObject", &["GetObject"]),
        Method::HEAD => ("HeadObject", &["GetObject"]),
        Method::PUT if has("uploadId") => ("UploadPart", &["PutObject"]),
        Method::PUT => ("PutObject", &["PutObject"]),
        Method::POST if has("uploads") => ("CreateMultipartUpload", &["PutObject"]),
        Method::POST => ("CompleteMultipartUpload", &["PutObject"]),
        Method::DELETE if has("uploadId") => ("AbortMultipartUpload", &["AbortMultipartUpload"]),
        Method::DELETE => ("DeleteObject", &["DeleteObject"]),
        _ => ("?", &["?"]),
    };
    let resource = format!("arn:aws:s3:::{bucket}/{}", decoded(key));
    let mut needs: BTreeSet<_> = actions
        .iter()
        .map(|action| (format!("s3:{action}"), resource.clone()))
        .collect();
    if headers.contains_key("x-amz-tagging") || has("x-amz-tagging") {
        needs.insert(("s3:PutObjectTagging".to_owned(), resource));
    }
    (format!("s3:{operation}"), needs)
}

pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
