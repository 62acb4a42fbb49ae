//! Which builds are trusted: what a build's token has to say, and the short-lived token that it is exchanged for.
//!
//! A build system signs a token for each job (GitHub Actions, GitLab, Azure DevOps and others, by OpenID Connect). Names of
//! organisations and repositories can be given up and taken by somebody else, so a rule has to hold at least one claim that
//! never changes hands ([`IMMUTABLE`]) to an exact value.

use std::collections::BTreeMap;

use schemas::{TenantId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use crate::{
    jws::{self, JwsError, SignError},
    keys::{PublicKey, Sign},
    oidc::Claims,
    session::{AUDIENCE, ISSUER, SessionError},
};

/// Claims whose value is given to nobody else, by who signs them: GitHub's ids of repository and owner, GitLab's of project
/// and namespace, those of Azure DevOps, CircleCI and Buildkite, the object's id of Microsoft's. `sub` is one where an issuer
/// makes it of such an id alone, without `:` and `/`.
pub const IMMUTABLE: [&str; 13] = [
    "repository_id",
    "repository_owner_id",
    "project_id",
    "namespace_id",
    "org_id",
    "prj_id",
    "rpo_id",
    "def_id",
    "oidc.circleci.com/project-id",
    "organization_id",
    "pipeline_id",
    "oid",
    "sub",
];
/// Most claims that a rule names.
pub const MAX_CLAIMS: usize = 16;
/// Longest name of a claim, in bytes.
pub const MAX_CLAIM_BYTES: usize = 64;
/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;
/// How long an exchanged token may hold, in seconds.
pub const MAX_LIFETIME_S: u32 = 60 * 60;
/// Type of the exchanged token.
const KIND: &str = "bulkhead-build+jwt";

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Too many claims.
    #[error("a rule names at most {MAX_CLAIMS} claims")]
    Many,
    /// A name or a pattern that cannot be used.
    #[error(
        "the claim `{0}` is no name of 1 to {MAX_CLAIM_BYTES} bytes, or its pattern has none or more than {MAX_PATTERN_BYTES} bytes"
    )]
    Claim(String),
    /// What is checked otherwise.
    #[error("the claim `{0}` is checked by itself, and cannot be part of a rule")]
    Reserved(String),
    /// Everything in it may change hands.
    #[error("a rule holds at least one claim that never changes hands to an exact value, without `*`: {}", IMMUTABLE.join(", "))]
    NothingImmutable,
}

/// What a build's token has to say: each claim is like its pattern, in which `*` stands for any text, also none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildRule(BTreeMap<String, String>);

impl BuildRule {
    /// The rule of these claims.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn new(claims: &BTreeMap<String, String>) -> Result<Self, RuleError> {
        if claims.len() > MAX_CLAIMS {
            return Err(RuleError::Many);
        }
        for (name, pattern) in claims {
            let plain =
                |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/');
            if !(1..=MAX_CLAIM_BYTES).contains(&name.len())
                || !name.bytes().all(plain)
                || !(1..=MAX_PATTERN_BYTES).contains(&pattern.len())
            {
                return Err(RuleError::Claim(
                    name.chars().take(MAX_CLAIM_BYTES).collect(),
                ));
            }
            if ["iss", "aud", "exp", "nbf", "iat", "jti"].contains(&name.as_str()) {
                return Err(RuleError::Reserved(name.clone()));
            }
        }
        // Subjects with parts are made of names, and of which ones is often for the owner of a repository to say (GitHub's
        // `include_claim_keys`): a stranger's may be the same.
        let changes_hands = |name: &str, value: &str| {
            value.contains('*') || (name == "sub" && value.contains([':', '/']))
        };
        let holds = |name: &&str| {
            let value = claims.get(*name);
            value.is_some_and(|value| !changes_hands(name, value))
        };
        if !IMMUTABLE.iter().any(holds) {
            return Err(RuleError::NothingImmutable);
        }
        Ok(Self(claims.clone()))
    }

    /// The first claim that is not as it has to be; `None` when all are.
    #[must_use]
    pub fn differs(&self, claims: &Claims) -> Option<&str> {
        let differs = |(name, pattern): &(&String, &String)| {
            !claims
                .scalar(name)
                .is_some_and(|value| is_like(&value, pattern))
        };
        self.0.iter().find(differs).map(|(name, _)| name.as_str())
    }
}

/// Whether text is like a pattern. Each part between stars is taken at its first place, which never misses a match and
/// takes no longer than the text times the pattern.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What an exchanged token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The tenant.
    pub tenant: TenantId,
    /// The rule by which the build is trusted.
    pub rule: TokenId,
    /// What the build's own token was about, for records of what was done.
    pub subject: String,
}

#[derive(Serialize, Deserialize)]
struct BuildClaims {
    iss: String,
    aud: String,
    sub: String,
    tenant: TenantId,
    rule: TokenId,
    iat: i64,
    exp: i64,
    jti: String,
}

/// The token of a build, from now on for so many seconds, with 16 fresh random bytes as its id.
///
/// # Errors
/// The token could not be signed.
pub fn issue(
    build: Build,
    now: Timestamp,
    lifetime_s: u32,
    id: [u8; 16],
    key: &dyn Sign,
) -> Result<String, SignError> {
    let claims = BuildClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: build.subject,
        tenant: build.tenant,
        rule: build.rule,
        iat: now.as_s(),
        exp: now
            .as_s()
            .saturating_add(i64::from(lifetime_s.min(MAX_LIFETIME_S))),
        jti: hex::encode(id),
    };
    jws::sign(KIND, &claims, key)
}

/// The build of a token. Whether its rule still holds is for the store to say.
///
/// # Errors
/// [`SessionError::Malformed`] for what is no such token at all; else what is wrong with it.
pub fn verify(token: &str, key: &PublicKey, now: Timestamp) -> Result<Build, SessionError> {
    let claims = jws::parse::<BuildClaims>(KIND, token)
        .and_then(|parsed| parsed.verify(key))
        .map_err(|error| match error {
            JwsError::Malformed => SessionError::Malformed,
            JwsError::Signature => SessionError::BadSignature,
        })?;
    if claims.iss != ISSUER || claims.aud != AUDIENCE {
        return Err(SessionError::WrongAudience);
    }
    if now.as_s() >= claims.exp || claims.iat.saturating_sub(now.as_s()) > 60 {
        return Err(SessionError::Expired);
    }
    Ok(Build {
        tenant: claims.tenant,
        rule: claims.rule,
        subject: claims.sub,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretBox;

    use super::*;
    use crate::AgentKey;

    fn rule(claims: &[(&str, &str)]) -> Result<BuildRule, RuleError> {
        let owned = |(name, pattern): &(&str, &str)| ((*name).to_owned(), (*pattern).to_owned());
        BuildRule::new(&claims.iter().map(owned).collect())
    }

    #[test]
    fn a_rule_that_a_renamed_repository_could_meet_is_refused() {
        assert!(rule(&[("repository_id", "42"), ("ref", "refs/heads/*")]).is_ok());
        for open in [
            &[][..],
            &[("repository", "acme/shop")],
            &[("repository_id", "4*")],
            &[("sub", "system:*")],
            &[("sub", "environment:production")],
            &[("sub", "acme/shop")],
            &[("sub", "repo:acme/shop:ref:refs/heads/main")],
            &[("sub", "project_path:acme/shop:ref_type:branch:ref:main")],
        ] {
            assert_eq!(rule(open), Err(RuleError::NothingImmutable), "{open:?}");
        }
        let reserved = rule(&[("sub", "x"), ("aud", "*")]);
        assert_eq!(reserved, Err(RuleError::Reserved("aud".to_owned())));
        for bad in [
            ("", "x"),
            ("a b", "x"),
            ("ref", ""),
            ("ref", &"x".repeat(257)),
        ] {
            assert!(
                matches!(rule(&[("sub", "x"), bad]), Err(RuleError::Claim(_))),
                "{bad:?}"
            );
        }
        let many: Vec<_> = (0..17).map(|n| (format!("c{n}"), "x".to_owned())).collect();
        assert_eq!(
            BuildRule::new(&many.into_iter().collect()),
            Err(RuleError::Many)
        );
    }

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_is_special() {
        for (text, pattern) in [
            ("refs/heads/main", "refs/heads/main"),
            ("refs/heads/main", "refs/heads/*"),
            ("refs/heads/", "refs/heads/*"),
            ("refs/tags/v1.2-rc", "refs/tags/v*-*"),
            ("aXbXc", "a*b*c"),
            ("aaa", "*a*a*"),
            ("", "*"),
            ("a*b", "a**b"),
        ] {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [
            ("refs/heads/main2", "refs/heads/main"),
            ("xrefs/heads/main", "refs/heads/*"),
            ("ab", "a*b*b"),
            ("a", "a*a"),
            ("refs/headsXmain", "refs/heads.main"),
            ("", "a"),
            ("main", "MAIN"),
        ] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }

    proptest! {
        /// Against the plain definition, which tries every way.
        #[test]
        fn patterns_match_as_they_are_defined(text in "[ab]{0,8}", pattern in "[ab*]{0,6}") {
            fn like(text: &[u8], pattern: &[u8]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some((b'*', after)) => (0..=text.len()).any(|at| like(&text[at..], after)),
                    Some((byte, after)) => text.first() == Some(byte) && like(&text[1..], after),
                }
            }
            prop_assert_eq!(is_like(&text, &pattern), like(text.as_bytes(), pattern.as_bytes()));
        }
    }

    #[test]
    fn an_exchanged_token_holds_as_long_as_it_may_and_is_no_session() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([1; 32])));
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        let build = Build {
            tenant: "acme".parse().unwrap(),
            rule: "r".parse().unwrap(),
            subject: "repo:acme/shop".to_owned(),
        };
        let token = issue(build.clone(), at(0), 999_999, [1; 16], &key).unwrap();
        assert_eq!(verify(&token, &key.public(), at(3599)), Ok(build));
        assert_eq!(
            verify(&token, &key.public(), at(3600)),
            Err(SessionError::Expired)
        );
        assert_eq!(
            verify(&token, &key.public(), at(-61)),
            Err(SessionError::Expired)
        );
        let other = AgentKey::from_seed(SecretBox::new(Box::new([2; 32])));
        assert_eq!(
            verify(&token, &other.public(), at(0)),
            Err(SessionError::BadSignature)
        );
        let session = crate::session::verify(&token, &key.public(), at(0));
        assert_eq!(session.unwrap_err(), SessionError::Malformed);
    }
}
