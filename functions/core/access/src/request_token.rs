//! The token that signs one request of an agent.
//!
//! Header `authorization: Bulkhead-Agent TOKEN`. The token is a compact JWS of type `bulkhead-request+jwt` with the claims
//! iss (the agent), aud (`bulkhead-gateway`), iat, exp (at most 60 s later), jti (the nonce: 128 random bits as hex), htm
//! (method), htu (path and query as sent) and bdg (SHA-256 of the exact body bytes as hex). The gateway remembers the
//! nonce until exp and the allowed skew have passed, so a request has its effect once.

use std::fmt;

use schemas::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{
    jws::{self, JwsError, SignError},
    keys::{AgentKey, PublicKey, sha256},
};

/// Scheme of the `authorization` header.
pub const SCHEME: &str = "Bulkhead-Agent";
/// Whom the tokens are for.
pub const AUDIENCE: &str = "bulkhead-gateway";
/// How long a token holds, in seconds.
pub const LIFETIME_S: i64 = 60;
/// By how much the clocks of agent and gateway may differ, in seconds, either way.
pub const ALLOWED_SKEW_S: i64 = 30;
/// Type of the token.
const KIND: &str = "bulkhead-request+jwt";

/// Why a request is not accepted as an agent's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no token of the right form in the header.
    #[error("the request carries no token of the scheme {SCHEME}")]
    Malformed,
    /// The agent is not known, or no longer.
    #[error("the agent is not known")]
    UnknownAgent,
    /// The signature is not the agent's.
    #[error("the token is not signed by the agent's key")]
    BadSignature,
    /// The token is for somebody else.
    #[error("the token is not for this gateway")]
    WrongAudience,
    /// The token holds longer than it may.
    #[error("the token holds longer than {LIFETIME_S} seconds")]
    BadLifetime,
    /// The token's time is over, also with the allowed skew: an old token, or a clock that is slow.
    #[error("the token expired {by_s} seconds ago")]
    Expired {
        /// By how many seconds.
        by_s: i64,
    },
    /// The token's time has not come, also with the allowed skew: a clock that is fast.
    #[error("the token begins in {by_s} seconds")]
    NotYetValid {
        /// By how many seconds.
        by_s: i64,
    },
    /// The token was made for another method.
    #[error("the token was made for another method")]
    WrongMethod,
    /// The token was made for another path or query.
    #[error("the token was made for another path")]
    WrongPath,
    /// The token was made for another body.
    #[error("the token was made for another body")]
    WrongBody,
}

impl RequestError {
    /// Whether correcting the agent's clock by the gateway's time may help.
    pub fn is_clock_skew(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::NotYetValid { .. })
    }
}

/// The claims of a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: AgentId,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    htm: String,
    htu: String,
    bdg: String,
}

/// Signs the requests of one agent.
pub struct RequestSigner {
    agent: AgentId,
    key: AgentKey,
}

impl RequestSigner {
    /// The signer of an enrolled agent.
    pub fn new(agent: AgentId, key: AgentKey) -> Self {
        Self { agent, key }
    }

    /// The agent.
    pub fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// The value of the `authorization` header of one request.
    ///
    /// `method` is upper case, `path` is path and query as they stand in the request line, `body` is what is sent (after
    /// compression), `now` is the agent's clock corrected to the gateway's, `nonce` is 16 fresh random bytes.
    ///
    /// # Errors
    /// The token could not be signed.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        now: Timestamp,
        nonce: [u8; 16],
    ) -> Result<String, SignError> {
        let iat = now.as_s();
        let claims = Claims {
            iss: self.agent.clone(),
            aud: AUDIENCE.to_owned(),
            iat,
            exp: iat.saturating_add(LIFETIME_S),
            jti: hex::encode(nonce),
            htm: method.to_owned(),
            htu: path.to_owned(),
            bdg: hex::encode(sha256(body)),
        };
        let token = jws::sign(KIND, &claims, &self.key)?;
        Ok(format!("{SCHEME} {token}"))
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSigner")
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

/// The request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Path and query as they stand in the request line.
    pub path: &'a str,
    /// SHA-256 of the body as it was sent ([`crate::keys::sha256`]).
    pub body_sha256: &'a [u8; 32],
    /// The gateway's time.
    pub now: Timestamp,
}

/// The request as far as it arrived before its body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Path and query as they stand in the request line.
    pub path: &'a str,
    /// The gateway's time.
    pub now: Timestamp,
}

/// A head that its agent has signed, with the digest of the body that has still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHead {
    request: VerifiedRequest,
    body_sha256: String,
}

impl VerifiedHead {
    /// The whole request, with SHA-256 of its body as it was sent ([`crate::keys::sha256`]).
    ///
    /// # Errors
    /// [`RequestError::WrongBody`].
    pub fn with_body(self, body_sha256: &[u8; 32]) -> Result<VerifiedRequest, RequestError> {
        let digest = hex::encode(body_sha256);
        if bool::from(digest.as_bytes().ct_eq(self.body_sha256.as_bytes())) {
            Ok(self.request)
        } else {
            Err(RequestError::WrongBody)
        }
    }
}

/// A request that its agent has signed. Whether its nonce is fresh is for the gateway's memory to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRequest {
    /// The agent.
    pub agent: AgentId,
    /// The nonce, 32 lowercase hex digits.
    pub nonce: String,
    /// Until when the nonce has to be remembered, in seconds since 1970.
    pub remember_until_s: i64,
}

/// The agent that a header claims to come from, to look up its key. Nothing is verified by this.
///
/// # Errors
/// [`RequestError::Malformed`].
pub fn claimed_agent(authorization: &str) -> Result<AgentId, RequestError> {
    let token = token_of(authorization)?;
    let parsed = jws::parse::<Claims>(KIND, token).map_err(|_| RequestError::Malformed)?;
    Ok(parsed.claims.iss)
}

/// Verifies a request with the key that is known for the agent of [`claimed_agent`]; `None` when there is none.
///
/// # Errors
/// Says what is wrong; the signature is judged before anything the token says.
pub fn verify_request(
    authorization: &str,
    key: Option<&PublicKey>,
    request: &Arrived<'_>,
) -> Result<VerifiedRequest, RequestError> {
    let head = Head {
        method: request.method,
        path: request.path,
        now: request.now,
    };
    verify_head(authorization, key, &head)?.with_body(request.body_sha256)
}

/// Verifies what came of a request before its body, as [`verify_request`] does with all of it: whose it is needs no waiting for
/// a body that may come slowly or never.
///
/// # Errors
/// Says what is wrong; the signature is judged before anything the token says.
pub fn verify_head(
    authorization: &str,
    key: Option<&PublicKey>,
    head: &Head<'_>,
) -> Result<VerifiedHead, RequestError> {
    let token = token_of(authorization)?;
    let parsed = jws::parse::<Claims>(KIND, token).map_err(|_| RequestError::Malformed)?;
    let claims = parsed
        .verify(key.ok_or(RequestError::UnknownAgent)?)
        .map_err(|error| match error {
            JwsError::Malformed => RequestError::Malformed,
            JwsError::Signature => RequestError::BadSignature,
        })?;
    if claims.aud != AUDIENCE {
        return Err(RequestError::WrongAudience);
    }
    let lifetime_s = claims.exp.saturating_sub(claims.iat);
    if !(0..=LIFETIME_S).contains(&lifetime_s) {
        return Err(RequestError::BadLifetime);
    }
    let now_s = head.now.as_s();
    let late_s = now_s.saturating_sub(claims.exp);
    if late_s >= ALLOWED_SKEW_S {
        return Err(RequestError::Expired { by_s: late_s });
    }
    let early_s = claims.iat.saturating_sub(now_s);
    if early_s > ALLOWED_SKEW_S {
        return Err(RequestError::NotYetValid { by_s: early_s });
    }
    let is_nonce = claims.jti.len() == 32
        && claims
            .jti
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !is_nonce {
        return Err(RequestError::Malformed);
    }
    if claims.htm != head.method {
        return Err(RequestError::WrongMethod);
    }
    if claims.htu != head.path {
        return Err(RequestError::WrongPath);
    }
    Ok(VerifiedHead {
        request: VerifiedRequest {
            agent: claims.iss,
            nonce: claims.jti,
            remember_until_s: claims.exp.saturating_add(ALLOWED_SKEW_S),
        },
        body_sha256: claims.bdg,
    })
}

/// The token of a header of our scheme; schemes compare without case (RFC 9110, 11.1).
fn token_of(authorization: &str) -> Result<&str, RequestError> {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(SCHEME) => Ok(token.trim()),
        _ => Err(RequestError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;
    use crate::keys::{Sign, encode};

    const NOW: i64 = 1_800_000_000_000;

    fn key(seed: u8) -> AgentKey {
        AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])))
    }

    fn signed(body: &[u8]) -> String {
        RequestSigner::new("a-1".parse().unwrap(), key(1))
            .sign(
                "POST",
                "/agent/v1/envelopes?x=1",
                body,
                Timestamp::from_ms(NOW),
                [9; 16],
            )
            .unwrap()
    }

    fn judge(
        header: &str,
        change: impl Fn(&mut Arrived<'_>),
    ) -> Result<VerifiedRequest, RequestError> {
        let digest = sha256(b"body");
        let mut arrived = Arrived {
            method: "POST",
            path: "/agent/v1/envelopes?x=1",
            body_sha256: &digest,
            now: Timestamp::from_ms(NOW),
        };
        change(&mut arrived);
        verify_request(header, Some(&key(1).public()), &arrived)
    }

    #[test]
    fn a_request_is_bound_to_method_path_body_time_and_key() {
        let header = signed(b"body");
        let verified = judge(&header, |_| {}).unwrap();
        assert_eq!(verified.agent.as_str(), "a-1");
        assert_eq!(verified.nonce, "09".repeat(16));
        assert_eq!(verified.remember_until_s, NOW / 1000 + 90);
        assert_eq!(claimed_agent(&header).unwrap().as_str(), "a-1");

        assert_eq!(
            judge(&header, |a| a.method = "PUT"),
            Err(RequestError::WrongMethod)
        );
        assert_eq!(
            judge(&header, |a| a.path = "/agent/v1/envelopes"),
            Err(RequestError::WrongPath)
        );
        assert_eq!(
            judge(&signed(b"other"), |_| {}),
            Err(RequestError::WrongBody)
        );
        let arrived = Arrived {
            method: "POST",
            path: "/agent/v1/envelopes?x=1",
            body_sha256: &sha256(b"body"),
            now: Timestamp::from_ms(NOW),
        };
        assert_eq!(
            verify_request(&header, Some(&key(2).public()), &arrived),
            Err(RequestError::BadSignature)
        );
        assert_eq!(
            verify_request(&header, None, &arrived),
            Err(RequestError::UnknownAgent)
        );
    }

    #[test]
    fn skew_up_to_30_seconds_is_allowed_either_way() {
        let header = signed(b"body");
        let at = |seconds: i64| {
            judge(&header, |a| {
                a.now = Timestamp::from_ms(NOW + seconds * 1000)
            })
        };
        assert!(at(-30).is_ok());
        assert_eq!(at(-31), Err(RequestError::NotYetValid { by_s: 31 }));
        assert!(at(89).is_ok());
        assert_eq!(at(90), Err(RequestError::Expired { by_s: 30 }));
        assert!(at(90).unwrap_err().is_clock_skew());
    }

    #[test]
    fn a_nonce_is_remembered_as_long_as_its_request_would_be_accepted() {
        let header = signed(b"body");
        let until = judge(&header, |_| {}).unwrap().remember_until_s;
        let last = judge(&header, |a| a.now = Timestamp::from_ms((until - 1) * 1000));
        let after = judge(&header, |a| a.now = Timestamp::from_ms(until * 1000));
        assert!(last.is_ok() && after.is_err());
    }

    #[test]
    fn other_algorithms_and_kinds_are_refused_whatever_their_signature() {
        let header = signed(b"body");
        let token = header.split_once(' ').unwrap().1;
        let payload = token.split('.').nth(1).unwrap();
        for head in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"none","typ":"bulkhead-request+jwt"}"#,
            r#"{"alg":"HS256","typ":"bulkhead-request+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"bulkhead-session+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"bulkhead-request+jwt","jwk":{}}"#,
        ] {
            let signed = format!("{}.{payload}", encode(head.as_bytes()));
            let forged = format!(
                "{SCHEME} {signed}.{}",
                encode(&key(1).sign(signed.as_bytes()))
            );
            assert_eq!(
                judge(&forged, |_| {}),
                Err(RequestError::Malformed),
                "{head}"
            );
        }
        for text in [
            "",
            "Bulkhead-Agent",
            "Bearer x.y.z",
            "Bulkhead-Agent x",
            "Bulkhead-Agent ..",
            "Bulkhead-Agent ....",
        ] {
            assert_eq!(judge(text, |_| {}), Err(RequestError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_token_cannot_hold_longer_than_a_minute() {
        let iat = NOW / 1000;
        let claims = Claims {
            iss: "a-1".parse().unwrap(),
            aud: AUDIENCE.to_owned(),
            iat,
            exp: iat + 61,
            jti: "0".repeat(32),
            htm: "POST".to_owned(),
            htu: "/agent/v1/envelopes?x=1".to_owned(),
            bdg: hex::encode(sha256(b"body")),
        };
        let long = format!("{SCHEME} {}", jws::sign(KIND, &claims, &key(1)).unwrap());
        assert_eq!(judge(&long, |_| {}), Err(RequestError::BadLifetime));
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics_and_no_changed_character_passes(at in 0_usize..400, to in proptest::char::any()) {
            let header = signed(b"body");
            let mut changed: Vec<char> = header.chars().collect();
            let at = at % changed.len();
            let same = changed[at] == to || (at < SCHEME.len() && changed[at].eq_ignore_ascii_case(&to));
            changed[at] = to;
            let changed: String = changed.into_iter().collect();
            if !same {
                let refused = judge(&changed, |_| {}).is_err();
                proptest::prop_assert!(refused, "accepted {}", changed);
            }
        }
    }
}
