//! Credentials that a tenant keeps for a registry, as its client uses them. Access keys of AWS are exchanged for a password
//! first.
//!
//! Sources: AWS, "Signature Version 4 signing process" and "GetAuthorizationToken" of the ECR API reference.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use schemas::{Timestamp, api::registry::RegistryCredentialKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Credentials, RegistryError, RegistryOptions};
use crate::http::{Http, HttpOptions, HttpRequest};

/// Largest answer with a password.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Credentials as a tenant keeps them.
#[derive(Clone, Debug)]
pub struct KeptCredentials {
    /// Their form.
    pub kind: RegistryCredentialKind,
    /// The user, or the access key.
    pub user: Option<String>,
    /// What is secret of them.
    pub secret: SecretString,
}

impl KeptCredentials {
    /// The credentials for the registry of this host.
    ///
    /// # Errors
    /// When AWS gives no password for the keys, or the registry is none of its.
    pub async fn sign_in(
        self,
        host: &str,
        options: &RegistryOptions,
    ) -> Result<Credentials, RegistryError> {
        Ok(match self.kind {
            RegistryCredentialKind::Password => Credentials::Password {
                user: self.user.unwrap_or_default(),
                password: self.secret,
            },
            RegistryCredentialKind::IdentityToken => Credentials::Identity(self.secret),
            RegistryCredentialKind::BearerToken => Credentials::Token(self.secret),
            RegistryCredentialKind::AwsKeys => {
                let region = ecr_region(host).ok_or_else(|| RegistryError::Unauthorised {
                    registry: host.to_owned(),
                    repository: "anything".to_owned(),
                    said: "keys of AWS are for ACCOUNT.dkr.ecr.REGION.amazonaws.com".to_owned(),
                })?;
                ecr(host, region, &self, options).await?
            }
            RegistryCredentialKind::Unknown => Credentials::Anonymous,
        })
    }
}

/// The region of a registry of Amazon ECR, from its host.
pub fn ecr_region(host: &str) -> Option<&str> {
    let rest = host.strip_suffix(".cn").unwrap_or(host);
    let rest = rest.strip_suffix(".amazonaws.com")?;
    let (account, rest) = rest.split_once(".dkr.")?;
    let region = rest
        .strip_prefix("ecr.")
        .or(rest.strip_prefix("ecr-fips."))?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let is_region = (1..=30).contains(&region.len())
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_account && is_region).then_some(region)
}

/// A password of ECR, which holds twelve hours.
async fn ecr(
    host: &str,
    region: &str,
    keys: &KeptCredentials,
    options: &RegistryOptions,
) -> Result<Credentials, RegistryError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        authorization_data: Vec<Given>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        authorization_token: String,
    }
    let http = Http::new(&HttpOptions {
        extra_ca_pem: options.extra_ca_pem.clone(),
        guard: options.guard.clone(),
        redirects: false,
        total_timeout: options.silence,
        ..HttpOptions::default()
    })
    .map_err(RegistryError::Client)?;
    let end = if host.ends_with(".cn") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let address = format!("api.ecr.{region}.{end}");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
    let signed = Signed {
        host: &address,
        region,
        service: "ecr",
        method: "POST",
        query: "",
        headers: &[
            ("content-type", "application/x-amz-json-1.1"),
            (
                "x-amz-target",
                "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            ),
        ],
        body: b"{}",
        at: &compact(Timestamp::from_ms(now)),
    };
    let access_key = keys.user.as_deref().unwrap_or_default();
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: format!("https://{address}/"),
        headers: signed.headers(access_key, &keys.secret),
        body: b"{}".to_vec(),
    };
    let reply = http
        .send(request, MAX_ANSWER_BYTES)
        .await
        .map_err(|source| RegistryError::Unreachable {
            registry: address.clone(),
            source,
        })?;
    let refused = |said: String| RegistryError::Unauthorised {
        registry: host.to_owned(),
        repository: "anything".to_owned(),
        said,
    };
    if reply.status >= 500 || reply.status == 429 {
        return Err(RegistryError::Answer {
            registry: address,
            said: format!("{} when it was asked for a password", reply.status),
        });
    }
    if reply.status != 200 {
        return Err(refused(format!(
            "{} when it was asked for a password",
            reply.status
        )));
    }
    let unread = || refused("an answer without a password".to_owned());
    let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| unread())?;
    let given = answer
        .authorization_data
        .into_iter()
        .next()
        .ok_or_else(unread)?;
    let pair = STANDARD
        .decode(given.authorization_token.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(unread)?;
    let (user, password) = pair.split_once(':').ok_or_else(unread)?;
    Ok(Credentials::Password {
        user: user.to_owned(),
        password: password.into(),
    })
}

/// `20260131T235959Z`.
fn compact(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    let mut compact: String = seconds
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    compact.push('Z');
    compact
}

/// A request to be signed by Signature Version 4, to the path `/`.
struct Signed<'a> {
    host: &'a str,
    region: &'a str,
    service: &'a str,
    method: &'a str,
    /// In its canonical form.
    query: &'a str,
    /// Names in lower case.
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    /// `20260131T235959Z`.
    at: &'a str,
}

impl Signed<'_> {
    /// The headers to send, with the authorization; `host` is sent anyway.
    fn headers(&self, access_key: &str, secret: &SecretString) -> Vec<(String, String)> {
        let mut signed: Vec<_> = self.headers.to_vec();
        signed.extend([("host", self.host), ("x-amz-date", self.at)]);
        signed.sort_unstable();
        let names: Vec<_> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut canonical = format!("{}\n/\n{}\n", self.method, self.query);
        for (name, value) in &signed {
            // Writing to a String cannot fail.
            let _ = writeln!(canonical, "{name}:{}", value.trim());
        }
        let _ = write!(
            canonical,
            "\n{names}\n{}",
            hex::encode(Sha256::digest(self.body))
        );
        let day = self.at.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            self.at,
            hex::encode(Sha256::digest(canonical.as_bytes()))
        );
        let mut key = code(format!("AWS4{}", secret.expose_secret()).as_bytes(), day);
        for part in [self.region, self.service, "aws4_request"] {
            key = code(&key, part);
        }
        let signature = hex::encode(code(&key, &to_sign));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let dated = ("x-amz-date", self.at);
        let own = self.headers.iter().chain([&dated]);
        own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .chain([("authorization".to_owned(), authorization)])
            .collect()
    }
}

fn code(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is one.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_in_the_example_of_aws() {
        // Source: AWS General Reference, "Examples of the complete Signature Version 4 signing process".
        let signed = Signed {
            host: "iam.amazonaws.com",
            region: "us-east-1",
            service: "iam",
            method: "GET",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )],
            body: b"",
            at: "20150830T123600Z",
        };
        let secret = SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let headers = signed.headers("AKIDEXAMPLE", &secret);
        let (_, authorization) = headers.last().unwrap();
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert!(
            headers
                .iter()
                .any(|(name, at)| name == "x-amz-date" && at == "20150830T123600Z")
        );
    }

    #[test]
    fn keys_of_aws_are_sent_to_aws_alone() {
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.eu-central-1.amazonaws.com"),
            Some("eu-central-1")
        );
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
            Some("cn-north-1")
        );
        for host in [
            "registry.example.org",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.org",
            "123456789012.dkr.ecr.x.example.org/.amazonaws.com",
            "1.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr..amazonaws.com",
        ] {
            assert_eq!(ecr_region(host), None, "{host}");
        }
        let at: Timestamp = serde_json::from_str("\"2026-01-31T23:59:59.123Z\"").unwrap();
        assert_eq!(compact(at), "20260131T235959Z");
    }
}
