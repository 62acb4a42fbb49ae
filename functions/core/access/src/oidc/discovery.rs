//! What a service says of itself: OpenID Connect Discovery 1.0.

use super::json::StrictObject;

/// Largest discovery document that is read, in bytes.
pub const MAX_DISCOVERY_BYTES: usize = 128 * 1024;

/// Why a document does not describe an issuer.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// Too large.
    #[error("the issuer's description is larger than {MAX_DISCOVERY_BYTES} bytes")]
    TooLarge,
    /// Not a JSON object.
    #[error("the issuer's description is not JSON")]
    Json(#[source] serde_json::Error),
    /// It is another issuer's: tokens would be of somebody else.
    #[error(
        "the description is of the issuer `{found}`, not of `{wanted}`; configure exactly the issuer that it names"
    )]
    OtherIssuer {
        /// The issuer that was asked for.
        wanted: String,
        /// The one that the document names.
        found: String,
    },
    /// Something is missing.
    #[error("the issuer's description has no `{0}`")]
    Missing(&'static str),
    /// It says that it cannot do what is needed.
    #[error("the issuer does not support {0}")]
    Unsupported(&'static str),
}

/// An issuer's addresses. None of them has been checked as an address: who asks them does that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The issuer, as its tokens name it.
    pub issuer: String,
    /// Where its keys are.
    pub keys_address: String,
    /// Where people are sent to sign in; a service that only signs builds' tokens has none.
    pub authorization_address: Option<String>,
    /// Where codes are traded for tokens.
    pub token_address: Option<String>,
    /// Whether secrets go in the form's body because the service takes them in no header.
    pub secret_in_body: bool,
    /// Whether the service puts `iss` into its answers by way of the browser (RFC 9207), so that one without is refused.
    pub names_itself: bool,
}

/// Where an issuer's description is.
#[must_use]
pub fn discovery_address(issuer: &str) -> String {
    let issuer = issuer.trim_end_matches('/');
    format!("{issuer}/.well-known/openid-configuration")
}

/// Reads the description of an issuer.
///
/// # Errors
/// When it is no description, is of another issuer, or says that it lacks PKCE with `S256` or the code flow.
pub fn parse_discovery(document: &[u8], issuer: &str) -> Result<Provider, DiscoveryError> {
    if document.len() > MAX_DISCOVERY_BYTES {
        return Err(DiscoveryError::TooLarge);
    }
    let document = StrictObject::parse(document).map_err(DiscoveryError::Json)?;
    let found = document
        .text("issuer")
        .ok_or(DiscoveryError::Missing("issuer"))?;
    if found != issuer {
        return Err(DiscoveryError::OtherIssuer {
            wanted: issuer.to_owned(),
            found: found.chars().take(200).collect(),
        });
    }
    let owned = |name: &str| document.text(name).map(str::to_owned);
    // What a document leaves out has a default (Discovery 1.0, section 3), or is not said by older services.
    let says = |list: &str, wanted: &str, absent: bool| {
        let list = document.0.get(list).and_then(|list| list.as_array());
        list.map_or(absent, |list| list.iter().any(|one| one == wanted))
    };
    let provider = Provider {
        issuer: issuer.to_owned(),
        keys_address: owned("jwks_uri").ok_or(DiscoveryError::Missing("jwks_uri"))?,
        authorization_address: owned("authorization_endpoint"),
        token_address: owned("token_endpoint"),
        secret_in_body: !says(
            "token_endpoint_auth_methods_supported",
            "client_secret_basic",
            true,
        ) && says(
            "token_endpoint_auth_methods_supported",
            "client_secret_post",
            false,
        ),
        names_itself: document
            .0
            .get("authorization_response_iss_parameter_supported")
            .is_some_and(|says| says == true),
    };
    if provider.authorization_address.is_some() {
        if !says("response_types_supported", "code", true) {
            return Err(DiscoveryError::Unsupported("the authorization code flow"));
        }
        if !says("code_challenge_methods_supported", "S256", true) {
            return Err(DiscoveryError::Unsupported("PKCE with S256"));
        }
    }
    Ok(provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_who_its_document_says_to_the_letter() {
        let document = br#"{"issuer":"https://id.example/","jwks_uri":"https://id.example/keys",
            "authorization_endpoint":"https://id.example/auth","token_endpoint":"https://id.example/token",
            "token_endpoint_auth_methods_supported":["client_secret_post"],"code_challenge_methods_supported":["S256"]}"#;
        let provider = parse_discovery(document, "https://id.example/").unwrap();
        assert_eq!(provider.keys_address, "https://id.example/keys");
        assert!(provider.secret_in_body && !provider.names_itself);
        for other in [
            "https://id.example",
            "https://ID.example/",
            "https://id.example//",
        ] {
            let error = parse_discovery(document, other).unwrap_err();
            assert!(
                matches!(error, DiscoveryError::OtherIssuer { .. }),
                "{error}"
            );
        }
        assert_eq!(
            discovery_address("https://id.example/"),
            discovery_address("https://id.example")
        );
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let read = |text: &str| {
            parse_discovery(text.as_bytes(), "i")
                .unwrap_err()
                .to_string()
        };
        assert!(read(r#"{"issuer":"i"}"#).contains("jwks_uri"));
        assert!(read("[]").contains("JSON"));
        assert!(read(r#"{"issuer":"i","issuer":"i"}"#).contains("JSON"));
        let plain = r#"{"issuer":"i","jwks_uri":"k","authorization_endpoint":"a","code_challenge_methods_supported":["plain"]}"#;
        assert!(read(plain).contains("S256"));
        assert!(read(&" ".repeat(MAX_DISCOVERY_BYTES + 1)).contains("larger"));
        // A service that signs builds' tokens describes no sign-in.
        let builds = br#"{"issuer":"i","jwks_uri":"k"}"#;
        assert!(parse_discovery(builds, "i").is_ok());
    }
}
