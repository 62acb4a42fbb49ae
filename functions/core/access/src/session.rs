//! The short-lived token of a session: a compact JWS of type `bulkhead-session+jwt`, 15 minutes. It names the session, which
//! has to hold still when the token is used.

use schemas::{SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    jws::{self, JwsError, SignError},
    keys::{PublicKey, Sign},
};

/// Who issues the tokens.
pub const ISSUER: &str = "bulkhead";
/// Whom they are for.
pub const AUDIENCE: &str = "bulkhead-api";
/// How long they hold, in seconds.
pub const LIFETIME_S: i64 = 15 * 60;
/// Type of the token.
const KIND: &str = "bulkhead-session+jwt";

/// Why a token is not a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Not a token of this kind.
    #[error("this is not a session token")]
    Malformed,
    /// Not signed here.
    #[error("the session token is not signed by this service")]
    BadSignature,
    /// Of another issuer, or for another audience.
    #[error("the session token is of another issuer or for another audience")]
    WrongAudience,
    /// Its time is over, or has not come.
    #[error("the session has expired")]
    Expired,
}

/// Who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// The tenant they work in.
    pub tenant: TenantId,
    /// Whether they signed in with a one-time password: then the session can only change it.
    pub must_change_password: bool,
    /// Counts the password's changes: a session of an earlier password does not hold.
    pub password_version: u64,
}

/// What a session says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub person: Person,
    /// The session that it is a token of; none of an earlier version.
    pub session: Option<SessionId>,
    /// The token's own id.
    pub id: String,
    /// When it began.
    pub issued_at_s: i64,
    /// When it ends.
    pub expires_at_s: i64,
}

/// The claims of a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    tenant: TenantId,
    #[serde(default)]
    change_password: bool,
    password_version: u64,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(default)]
    sid: Option<SessionId>,
}

/// A token of a session that begins now, with 16 fresh random bytes as its id.
///
/// # Errors
/// The token could not be signed.
pub fn issue(
    person: Person,
    session: &SessionId,
    now: Timestamp,
    id: [u8; 16],
    key: &dyn Sign,
) -> Result<(Session, String), SignError> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: person.user,
        tenant: person.tenant,
        change_password: person.must_change_password,
        password_version: person.password_version,
        iat: now.as_s(),
        exp: now.as_s().saturating_add(LIFETIME_S),
        jti: hex::encode(id),
        sid: Some(session.clone()),
    };
    let token = jws::sign(KIND, &claims, key)?;
    Ok((claims.into(), token))
}

/// The session of a token.
///
/// # Errors
/// Says why there is none.
pub fn verify(token: &str, key: &PublicKey, now: Timestamp) -> Result<Session, SessionError> {
    let claims = jws::parse::<Claims>(KIND, token)
        .and_then(|parsed| parsed.verify(key))
        .map_err(|error| match error {
            JwsError::Malformed => SessionError::Malformed,
            JwsError::Signature => SessionError::BadSignature,
        })?;
    if claims.iss != ISSUER || claims.aud != AUDIENCE {
        return Err(SessionError::WrongAudience);
    }
    let session = Session::from(claims);
    session.holds_at(now)?;
    Ok(session)
}

impl Session {
    /// Whether its token's time is now: of a token that was verified before, all that can change.
    ///
    /// # Errors
    /// [`SessionError::Expired`] when it is over, or has not come.
    pub fn holds_at(&self, now: Timestamp) -> Result<(), SessionError> {
        // The same service issues and judges, so clocks hardly differ: a minute covers hosts that are set apart.
        let is_early = self.issued_at_s.saturating_sub(now.as_s()) > 60;
        if now.as_s() >= self.expires_at_s || is_early {
            return Err(SessionError::Expired);
        }
        Ok(())
    }
}

impl From<Claims> for Session {
    fn from(claims: Claims) -> Self {
        Self {
            person: Person {
                user: claims.sub,
                tenant: claims.tenant,
                must_change_password: claims.change_password,
                password_version: claims.password_version,
            },
            session: claims.sid,
            id: claims.jti,
            issued_at_s: claims.iat,
            expires_at_s: claims.exp,
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;
    use crate::keys::{AgentKey, encode};

    fn key(seed: u8) -> AgentKey {
        AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(1_800_000_000_000 + seconds * 1000)
    }

    fn token() -> String {
        issue(
            Person {
                user: "admin".parse().unwrap(),
                tenant: "default".parse().unwrap(),
                must_change_password: false,
                password_version: 1,
            },
            &"5e55".parse().unwrap(),
            at(0),
            [5; 16],
            &key(1),
        )
        .unwrap()
        .1
    }

    #[test]
    fn a_session_holds_fifteen_minutes() {
        let session = verify(&token(), &key(1).public(), at(899)).unwrap();
        assert_eq!(session.person.tenant.as_str(), "default");
        assert_eq!(session.expires_at_s - session.issued_at_s, 900);
        assert_eq!(
            verify(&token(), &key(1).public(), at(900)),
            Err(SessionError::Expired)
        );
        assert_eq!(
            verify(&token(), &key(1).public(), at(-61)),
            Err(SessionError::Expired)
        );
        assert_eq!(
            verify(&token(), &key(2).public(), at(0)),
            Err(SessionError::BadSignature)
        );
    }

    #[test]
    fn no_other_algorithm_kind_or_content_is_a_session() {
        let token = token();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let payload = signed.split_once('.').unwrap().1;
        let none = format!(
            "{}.{payload}.",
            encode(br#"{"alg":"none","typ":"bulkhead-session+jwt"}"#)
        );
        assert_eq!(
            verify(&none, &key(1).public(), at(0)),
            Err(SessionError::Malformed)
        );
        let hs256 = encode(br#"{"alg":"HS256","typ":"bulkhead-session+jwt"}"#);
        let confused = format!("{hs256}.{payload}.{signature}");
        assert_eq!(
            verify(&confused, &key(1).public(), at(0)),
            Err(SessionError::Malformed)
        );
        let request = format!(
            "{}.{payload}",
            encode(br#"{"alg":"EdDSA","typ":"bulkhead-request+jwt"}"#)
        );
        let request = format!("{request}.{}", encode(&key(1).sign(request.as_bytes())));
        assert_eq!(
            verify(&request, &key(1).public(), at(0)),
            Err(SessionError::Malformed)
        );
        let altered = String::from_utf8(crate::keys::decode(payload).unwrap())
            .unwrap()
            .replace("default", "another");
        let head = signed.split_once('.').unwrap().0;
        let altered = format!("{head}.{}.{signature}", encode(altered.as_bytes()));
        assert_eq!(
            verify(&altered, &key(1).public(), at(0)),
            Err(SessionError::BadSignature)
        );
        assert_eq!(
            verify(&"x".repeat(100_000), &key(1).public(), at(0)),
            Err(SessionError::Malformed)
        );
    }
}
