//! Tokens that other services sign: taken apart, verified, and only then believed.

use jsonwebtoken::Algorithm;
use schemas::Timestamp;
use serde_json::{Map, Value};

use super::{
    json::StrictObject,
    keys::{KeySet, MAX_KID_BYTES},
};
use crate::keys::decode;

/// Longest token that is looked at, in bytes: one that lists 200 groups by their ids has about 12,000.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// By how much the clocks of the issuer and of this service may differ, in seconds, either way.
pub const ALLOWED_SKEW_S: i64 = 60;
/// How long a token may hold at most, in seconds, so that what was used has to be remembered for a bounded time only.
pub const MAX_LIFETIME_S: i64 = 24 * 60 * 60;
/// Longest subject, in bytes. Source: OpenID Connect Core 1.0, section 2.
const MAX_SUBJECT_BYTES: usize = 255;
/// Most entries of a list of audiences.
const MAX_AUDIENCES: usize = 32;

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long.
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts of base64url with JSON objects without repeated names.
    #[error("the token is not a signed JSON web token in compact form")]
    Malformed,
    /// An algorithm that is not used here: `none`, an HMAC, or an unknown one.
    #[error(
        "the token's algorithm `{0}` is not accepted; RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA are"
    )]
    Algorithm(String),
    /// A header that changes what the token means.
    #[error("the token's header has `{0}`, which is not accepted")]
    Header(&'static str),
    /// It does not say which key it is signed with.
    #[error("the token's header names no key (`kid`)")]
    NoKeyId,
    /// The issuer has published no such key.
    #[error("the token is signed with a key that its issuer has not published")]
    UnknownKey,
    /// The key is not for the token's algorithm.
    #[error("the token's algorithm is not one of its key")]
    WrongAlgorithm,
    /// Not signed by that key.
    #[error("the token's signature is not its issuer's")]
    Signature,
    /// A claim is missing or of another type.
    #[error("the token's claim `{0}` is missing or not of its type")]
    Claim(&'static str),
    /// Of another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Given to another client than it is for.
    #[error("the token was given to another client (`azp`)")]
    AuthorizedParty,
    /// Its time is over.
    #[error("the token expired {by_s} seconds ago")]
    Expired {
        /// By how many seconds.
        by_s: i64,
    },
    /// Its time has not come, or it was made in the future.
    #[error("the token begins in {by_s} seconds; compare the clocks")]
    NotYetValid {
        /// By how many seconds.
        by_s: i64,
    },
    /// It holds longer than is accepted.
    #[error("the token holds longer than {MAX_LIFETIME_S} seconds")]
    Lifetime,
    /// Of another sign-in.
    #[error("the token is not of this sign-in (`nonce`)")]
    Nonce,
}

/// What a token is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    /// A person's ID token, of the sign-in that has this nonce.
    SignIn {
        /// The nonce.
        nonce: &'a str,
    },
    /// A build's token.
    Build,
}

/// What a token has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its issuer, to the letter.
    pub issuer: &'a str,
    /// Whom it is for: the client's id, or a build's audience.
    pub audience: &'a str,
    /// What it is used for.
    pub used_as: Use<'a>,
    /// The time.
    pub now: Timestamp,
}

/// A token taken apart. Nothing it says is to be believed yet.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    algorithm: Algorithm,
    kid: String,
    claims: StrictObject,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedToken<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is none, or of an algorithm that is never accepted.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let object = |part: &str| {
            let bytes = decode(part).ok_or(TokenError::Malformed)?;
            StrictObject::parse(&bytes).map_err(|_| TokenError::Malformed)
        };
        let (header, claims) = (object(header)?, object(claims)?);
        let algorithm = algorithm(header.text("alg").ok_or(TokenError::Malformed)?)?;
        // Extensions that must be understood, and tokens of other kinds, such as an access token of the same issuer.
        if header.0.contains_key("crit") {
            return Err(TokenError::Header("crit"));
        }
        let is_jwt = |typ: &Value| typ.as_str().is_some_and(|t| t.eq_ignore_ascii_case("JWT"));
        if header.0.get("typ").is_some_and(|typ| !is_jwt(typ)) {
            return Err(TokenError::Header("typ"));
        }
        let kid = header.text("kid").ok_or(TokenError::NoKeyId)?;
        if kid.len() > MAX_KID_BYTES {
            return Err(TokenError::UnknownKey);
        }
        let kid = kid.to_owned();
        Ok(Self {
            algorithm,
            kid,
            claims,
            signed,
            signature,
        })
    }

    /// The key that it says it is signed with.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The issuer that it claims, to find out whose keys it has to be verified with.
    ///
    /// # Errors
    /// [`TokenError::Claim`].
    pub fn issuer(&self) -> Result<&str, TokenError> {
        self.claims.text("iss").ok_or(TokenError::Claim("iss"))
    }

    /// Verifies it; the signature is judged before anything that it says.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn verify(self, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, TokenError> {
        if !keys.has(&self.kid) {
            return Err(TokenError::UnknownKey);
        }
        if !keys.fits(&self.kid, self.algorithm) {
            return Err(TokenError::WrongAlgorithm);
        }
        if !keys.verifies(&self.kid, self.algorithm, self.signed, self.signature) {
            return Err(TokenError::Signature);
        }
        let claims = self.claims;
        if claims.text("iss").ok_or(TokenError::Claim("iss"))? != expected.issuer {
            return Err(TokenError::Issuer);
        }
        check_audience(&claims, expected)?;
        let (issued_at_s, expires_at_s) = check_times(&claims, expected.now.as_s())?;
        if let Use::SignIn { nonce } = expected.used_as {
            let found = claims.text("nonce").ok_or(TokenError::Claim("nonce"))?;
            if nonce.is_empty() || found != nonce {
                return Err(TokenError::Nonce);
            }
        }
        let subject = claims.text("sub").unwrap_or_default();
        if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
            return Err(TokenError::Claim("sub"));
        }
        Ok(Claims {
            subject: subject.to_owned(),
            issued_at_s,
            expires_at_s,
            all: claims.0,
        })
    }
}

/// The accepted algorithm of a name.
fn algorithm(name: &str) -> Result<Algorithm, TokenError> {
    use Algorithm as A;
    Ok(match name {
        "RS256" => A::RS256,
        "RS384" => A::RS384,
        "RS512" => A::RS512,
        "PS256" => A::PS256,
        "PS384" => A::PS384,
        "PS512" => A::PS512,
        "ES256" => A::ES256,
        "ES384" => A::ES384,
        // RFC 9864 names the curve.
        "EdDSA" | "Ed25519" => A::EdDSA,
        other => return Err(TokenError::Algorithm(shown(other))),
    })
}

/// A stranger's word as it can be shown.
fn shown(word: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic();
    word.chars().filter(plain).take(32).collect()
}

fn check_audience(claims: &StrictObject, expected: &Expected<'_>) -> Result<(), TokenError> {
    let several = match claims.0.get("aud") {
        Some(Value::String(one)) => {
            if one != expected.audience {
                return Err(TokenError::Audience);
            }
            false
        }
        Some(Value::Array(many)) if (1..=MAX_AUDIENCES).contains(&many.len()) => {
            if !many.iter().all(Value::is_string) {
                return Err(TokenError::Claim("aud"));
            }
            if !many.iter().any(|one| one == expected.audience) {
                return Err(TokenError::Audience);
            }
            many.len() > 1
        }
        _ => return Err(TokenError::Claim("aud")),
    };
    // A build's authorized party is whoever asked for the token; a person's is the client that they signed in to.
    if matches!(expected.used_as, Use::SignIn { .. }) {
        match claims.0.get("azp") {
            None if several => return Err(TokenError::Claim("azp")),
            None => {}
            Some(azp) if azp == expected.audience => {}
            Some(_) => return Err(TokenError::AuthorizedParty),
        }
    }
    Ok(())
}

/// When the token was made and until when it holds.
fn check_times(claims: &StrictObject, now_s: i64) -> Result<(i64, i64), TokenError> {
    let at = |name: &'static str| match claims.0.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value).map(Some).ok_or(TokenError::Claim(name)),
    };
    let expires_at_s = at("exp")?.ok_or(TokenError::Claim("exp"))?;
    let issued_at_s = at("iat")?.ok_or(TokenError::Claim("iat"))?;
    let late_s = now_s.saturating_sub(expires_at_s);
    if late_s >= ALLOWED_SKEW_S {
        return Err(TokenError::Expired { by_s: late_s });
    }
    let begins_at_s = at("nbf")?.map_or(issued_at_s, |begins| begins.max(issued_at_s));
    let early_s = begins_at_s.saturating_sub(now_s);
    if early_s > ALLOWED_SKEW_S {
        return Err(TokenError::NotYetValid { by_s: early_s });
    }
    if expires_at_s.saturating_sub(issued_at_s) > MAX_LIFETIME_S {
        return Err(TokenError::Lifetime);
    }
    Ok((issued_at_s, expires_at_s))
}

/// Seconds since 1970; a fraction is cut off. Source: RFC 7519, section 2.
fn numeric_date(value: &Value) -> Option<i64> {
    /// The end of the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = value.as_f64().filter(|s| (0.0..=LAST).contains(s))?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 0 and the year 9999"
    )]
    Some(seconds as i64)
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Whom it is about, as the issuer names them for good.
    pub subject: String,
    /// When it was made, in seconds since 1970.
    pub issued_at_s: i64,
    /// Until when it holds, in seconds since 1970.
    pub expires_at_s: i64,
    all: Map<String, Value>,
}

impl Claims {
    /// A claim of text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// Whether a claim is true, as JSON or, as some services write it, as text.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.all
            .get(name)
            .is_some_and(|value| value == true || value == "true")
    }

    /// A claim as text to compare with: text as it is, whole numbers and truth values in their JSON form.
    #[must_use]
    pub fn scalar(&self, name: &str) -> Option<String> {
        match self.all.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The words of a claim: a list of text, or one text.
    #[must_use]
    pub fn words(&self, name: &str) -> Vec<&str> {
        match self.all.get(name) {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a claim was cut for length and stands elsewhere, as Entra does with more than 200 groups
    /// (`_claim_names`, OpenID Connect Core 1.0, 5.6.2; `hasgroups` in tokens by way of the browser).
    #[must_use]
    pub fn is_elsewhere(&self, name: &str) -> bool {
        let named = self.all.get("_claim_names");
        named.is_some_and(|names| names.get(name).is_some())
            || (name == "groups" && self.is_true("hasgroups"))
    }
}
