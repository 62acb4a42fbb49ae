//! Trading the code that a browser brought for the person's ID token (RFC 6749, 4.1.3, with PKCE).

use access::oidc::{MAX_TOKEN_BYTES, Provider};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Issuers;
use crate::http::{HttpError, HttpRequest};

/// Largest answer of a token endpoint: its access token is read over and not kept.
const MAX_ANSWER_BYTES: usize = 128 * 1024;

/// Why a code could not be traded.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The issuer describes no token endpoint.
    #[error("the issuer's description has no `token_endpoint`")]
    NoEndpoint,
    /// The endpoint cannot be reached or may not be asked.
    #[error("ask the issuer's token endpoint")]
    Http(#[source] HttpError),
    /// The endpoint refused: a wrong or expired code, or wrong credentials of this service.
    #[error("the issuer refused the code: {status} {error}")]
    Refused {
        /// The status.
        status: u16,
        /// The error's code, such as `invalid_grant`; empty when none was given.
        error: String,
    },
    /// An answer without an ID token.
    #[error("the issuer's answer has no ID token; ask for the scope `openid`")]
    NoToken,
}

/// What a code is traded with.
#[derive(Debug)]
pub struct CodeTrade<'a> {
    /// This service's name at the issuer.
    pub client_id: &'a str,
    /// Its secret there; none for a public client.
    pub client_secret: Option<&'a SecretString>,
    /// The code.
    pub code: &'a SecretString,
    /// The verifier of PKCE.
    pub verifier: &'a SecretString,
    /// Where the browser was sent back to, as in the authorization request.
    pub redirect_uri: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    id_token: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

impl Issuers {
    /// Trades a code for the ID token, which is not verified yet.
    ///
    /// # Errors
    /// When the issuer cannot be reached, refuses, or gives no ID token.
    pub async fn trade(
        &self,
        provider: &Provider,
        trade: &CodeTrade<'_>,
    ) -> Result<SecretString, CodeError> {
        let address = provider
            .token_address
            .as_deref()
            .ok_or(CodeError::NoEndpoint)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", trade.code.expose_secret()),
            ("redirect_uri", trade.redirect_uri),
            ("code_verifier", trade.verifier.expose_secret()),
        ];
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        match trade.client_secret {
            Some(secret) if !provider.secret_in_body => {
                // RFC 6749, 2.3.1: both are form-encoded first.
                let pair = format!(
                    "{}:{}",
                    encoded(trade.client_id),
                    encoded(secret.expose_secret())
                );
                let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
                headers.push(("authorization".to_owned(), value));
            }
            Some(secret) => {
                form.push(("client_id", trade.client_id));
                form.push(("client_secret", secret.expose_secret()));
            }
            None => form.push(("client_id", trade.client_id)),
        }
        let body: Vec<String> = form
            .into_iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: address.to_owned(),
            headers,
            body: body.join("&").into_bytes(),
        };
        let reply = self.http().send(request, MAX_ANSWER_BYTES).await;
        let reply = reply.map_err(CodeError::Http)?;
        if reply.status != 200 {
            let refusal: Refusal = serde_json::from_slice(&reply.body).unwrap_or_default();
            let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            return Err(CodeError::Refused {
                status: reply.status,
                error: refusal.error.chars().filter(plain).take(64).collect(),
            });
        }
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| CodeError::NoToken)?;
        answer
            .id_token
            .filter(|token| token.len() <= MAX_TOKEN_BYTES)
            .map(SecretString::from)
            .ok_or(CodeError::NoToken)
    }
}

/// Text as `application/x-www-form-urlencoded` has it.
pub(super) fn encoded(text: &str) -> String {
    let mut form = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            form.push(char::from(byte));
        } else {
            form.push_str(&format!("%{byte:02X}"));
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(encoded("a b&c=d+é:%"), "a%20b%26c%3Dd%2B%C3%A9%3A%25");
    }
}
