//! Tokens of another implementation, and those of people who mean harm.

use schemas::Timestamp;
use secrecy::SecretBox;
use serde_json::{Value, json};

use super::*;
use crate::keys::{AgentKey, Sign, encode};

const ISSUER: &str = "https://issuer.example";
const NOW_S: i64 = 1_700_000_000;

fn golden() -> (KeySet, Vec<(String, String, String)>) {
    let golden: Value = serde_json::from_str(include_str!("tests/golden.json")).unwrap();
    let keys = KeySet::parse(golden["keys"].to_string().as_bytes()).unwrap();
    let text = |token: &Value, name: &str| token[name].as_str().unwrap().to_owned();
    let tokens = golden["tokens"].as_array().unwrap().iter();
    let tokens = tokens.map(|t| (text(t, "alg"), text(t, "kid"), text(t, "token")));
    (keys, tokens.collect())
}

fn expected(now_s: i64) -> Expected<'static> {
    Expected {
        issuer: ISSUER,
        audience: "client-1",
        used_as: Use::SignIn { nonce: "n-1" },
        now: Timestamp::from_ms(now_s * 1000),
    }
}

fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, TokenError> {
    UnverifiedToken::parse(token)?.verify(keys, expected)
}

fn key(seed: u8) -> AgentKey {
    AgentKey::from_seed(SecretBox::new(Box::new([seed; 32])))
}

/// A set with one key of this seed.
fn keys(seed: u8, kid: &str) -> KeySet {
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": key(seed).public().to_base64url()});
    KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap()
}

/// A token with exactly this header and these claims, signed with the key of seed 1.
fn signed(header: &str, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    );
    format!("{signed}.{}", encode(&key(1).sign(signed.as_bytes())))
}

/// Good claims with some changed; null takes one away.
fn claims(changes: Value) -> String {
    let mut claims = json!({"iss": ISSUER, "sub": "person-1", "aud": "client-1", "nonce": "n-1",
        "iat": NOW_S, "exp": NOW_S + 600});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims.to_string()
}

const HEADER: &str = r#"{"alg":"EdDSA","kid":"k","typ":"JWT"}"#;

fn judge(changes: Value) -> Result<Claims, TokenError> {
    verify(
        &signed(HEADER, &claims(changes)),
        &keys(1, "k"),
        &expected(NOW_S),
    )
}

#[test]
fn every_accepted_algorithm_verifies_what_another_implementation_signed() {
    let (keys, tokens) = golden();
    let mut accepted = Vec::new();
    for (alg, kid, token) in &tokens {
        match verify(token, &keys, &expected(NOW_S)) {
            Ok(claims) => {
                assert_eq!(claims.subject, "person-1");
                accepted.push(alg.as_str());
                // One bit of the signature, and one of what is signed.
                let at = token.rfind('.').unwrap();
                for place in [at + 8, at - 8] {
                    let mut altered = token.clone().into_bytes();
                    altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
                    let altered = String::from_utf8(altered).unwrap();
                    let verdict = verify(&altered, &keys, &expected(NOW_S));
                    assert!(
                        matches!(verdict, Err(TokenError::Signature | TokenError::Malformed)),
                        "{alg}: {verdict:?}"
                    );
                }
            }
            Err(TokenError::Algorithm(said)) => {
                assert!(["HS256", "ES512"].contains(&said.as_str()), "{said}");
            }
            Err(error) => assert_eq!((kid.as_str(), error), ("weak", TokenError::UnknownKey)),
        }
    }
    let all = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    assert_eq!(accepted, all);
}

/// The header is not signed by who published the key for something else: another algorithm of the same key is another token.
#[test]
fn an_algorithm_is_never_chosen_by_the_token() {
    let (set, tokens) = golden();
    let (_, _, rs256) = &tokens[0];
    let (_, rest) = rs256.split_once('.').unwrap();
    for (header, error) in [
        (
            r#"{"alg":"none","kid":"rsa"}"#,
            TokenError::Algorithm("none".to_owned()),
        ),
        (
            r#"{"alg":"None","kid":"rsa"}"#,
            TokenError::Algorithm("None".to_owned()),
        ),
        (
            r#"{"alg":"HS512","kid":"rsa"}"#,
            TokenError::Algorithm("HS512".to_owned()),
        ),
        (
            r#"{"alg":"","kid":"rsa"}"#,
            TokenError::Algorithm(String::new()),
        ),
        (r#"{"alg":["RS256"],"kid":"rsa"}"#, TokenError::Malformed),
        (r#"{"kid":"rsa"}"#, TokenError::Malformed),
        (r#"{"alg":"RS256"}"#, TokenError::NoKeyId),
        (r#"{"alg":"RS256","kid":"other"}"#, TokenError::UnknownKey),
        (r#"{"alg":"ES256","kid":"rsa"}"#, TokenError::WrongAlgorithm),
        (r#"{"alg":"RS256","kid":"ed"}"#, TokenError::WrongAlgorithm),
        (r#"{"alg":"PS256","kid":"rsa"}"#, TokenError::Signature),
        (
            r#"{"alg":"RS256","alg":"RS256","kid":"rsa"}"#,
            TokenError::Malformed,
        ),
        (
            r#"{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}"#,
            TokenError::Header("crit"),
        ),
        (
            r#"{"alg":"RS256","kid":"rsa","typ":"at+jwt"}"#,
            TokenError::Header("typ"),
        ),
    ] {
        let token = format!("{}.{rest}", encode(header.as_bytes()));
        let verdict = verify(&token, &set, &expected(NOW_S));
        assert_eq!(verdict.unwrap_err(), error, "{header}");
    }
    // An empty signature under an accepted algorithm, and a key that the token brings along.
    let (unsigned, _) = rs256.rsplit_once('.').unwrap();
    let empty = verify(&format!("{unsigned}."), &set, &expected(NOW_S));
    assert_eq!(empty.unwrap_err(), TokenError::Signature);
    let own = format!(
        r#"{{"alg":"EdDSA","kid":"k","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{}"}}}}"#,
        key(1).public().to_base64url()
    );
    let brought = verify(
        &signed(&own, &claims(json!({}))),
        &keys(2, "k"),
        &expected(NOW_S),
    );
    assert_eq!(brought.unwrap_err(), TokenError::Signature);
}

#[test]
fn a_key_that_its_publisher_keeps_for_one_algorithm_is_used_with_no_other() {
    let golden: Value = serde_json::from_str(include_str!("tests/golden.json")).unwrap();
    let mut set = golden["keys"].clone();
    set["keys"][0]["alg"] = json!("PS256");
    let set = KeySet::parse(set.to_string().as_bytes()).unwrap();
    let (_, tokens) = self::golden();
    let judged = |alg: &str| {
        let (.., token) = tokens.iter().find(|(a, ..)| a == alg).unwrap();
        verify(token, &set, &expected(NOW_S)).map(drop)
    };
    assert_eq!(judged("PS256"), Ok(()));
    assert_eq!(judged("RS256"), Err(TokenError::WrongAlgorithm));
}

#[test]
fn claims_are_held_against_what_was_expected() {
    assert!(judge(json!({})).is_ok());
    for (changes, error) in [
        (
            json!({"iss": "https://issuer.example/"}),
            TokenError::Issuer,
        ),
        (json!({"iss": null}), TokenError::Claim("iss")),
        (json!({"aud": "client-2"}), TokenError::Audience),
        (
            json!({"aud": ["client-2", "client-3"]}),
            TokenError::Audience,
        ),
        (json!({"aud": []}), TokenError::Claim("aud")),
        (
            json!({"aud": ["client-1", 1], "azp": "client-1"}),
            TokenError::Claim("aud"),
        ),
        (json!({"aud": null}), TokenError::Claim("aud")),
        (
            json!({"aud": ["client-1", "client-2"]}),
            TokenError::Claim("azp"),
        ),
        (json!({"azp": "client-2"}), TokenError::AuthorizedParty),
        (json!({"exp": null}), TokenError::Claim("exp")),
        (json!({"exp": "1700000600"}), TokenError::Claim("exp")),
        (json!({"exp": -1}), TokenError::Claim("exp")),
        (json!({"exp": 1e300}), TokenError::Claim("exp")),
        (json!({"iat": null}), TokenError::Claim("iat")),
        (
            json!({"iat": NOW_S - 200, "exp": NOW_S - 60}),
            TokenError::Expired { by_s: 60 },
        ),
        (
            json!({"iat": NOW_S + 61}),
            TokenError::NotYetValid { by_s: 61 },
        ),
        (
            json!({"nbf": NOW_S + 300}),
            TokenError::NotYetValid { by_s: 300 },
        ),
        (json!({"nbf": "now"}), TokenError::Claim("nbf")),
        (json!({"exp": NOW_S + 86_401}), TokenError::Lifetime),
        (json!({"nonce": null}), TokenError::Claim("nonce")),
        (json!({"nonce": "n-2"}), TokenError::Nonce),
        (json!({"nonce": ["n-1"]}), TokenError::Claim("nonce")),
        (json!({"sub": null}), TokenError::Claim("sub")),
        (json!({"sub": ""}), TokenError::Claim("sub")),
        (json!({"sub": "x".repeat(256)}), TokenError::Claim("sub")),
        (json!({"sub": 1}), TokenError::Claim("sub")),
    ] {
        assert_eq!(judge(changes.clone()).unwrap_err(), error, "{changes}");
    }
    for good in [
        json!({"aud": ["client-1"]}),
        json!({"aud": ["client-2", "client-1"], "azp": "client-1"}),
        json!({"iat": NOW_S + 60}),
        json!({"exp": NOW_S - 59}),
        json!({"exp": 1_700_000_600.5}),
        json!({"exp": NOW_S + 86_400}),
    ] {
        assert!(judge(good.clone()).is_ok(), "{good}");
    }
}

#[test]
fn a_sign_in_without_a_nonce_accepts_nothing() {
    let token = signed(HEADER, &claims(json!({"nonce": ""})));
    let empty = Expected {
        used_as: Use::SignIn { nonce: "" },
        ..expected(NOW_S)
    };
    assert_eq!(
        verify(&token, &keys(1, "k"), &empty).unwrap_err(),
        TokenError::Nonce
    );
}

#[test]
fn a_build_s_token_needs_no_nonce_and_has_whoever_asked_as_its_party() {
    let build = Expected {
        used_as: Use::Build,
        ..expected(NOW_S)
    };
    let token = signed(
        HEADER,
        &claims(json!({"nonce": null, "azp": "other", "repository_id": 42})),
    );
    let claims = verify(&token, &keys(1, "k"), &build).unwrap();
    assert_eq!(claims.scalar("repository_id").as_deref(), Some("42"));
    assert_eq!(claims.text("repository_id"), None);
}

#[test]
fn what_two_readers_could_read_differently_or_nobody_should_read_is_refused() {
    let twice = claims(json!({})).replace(r#""aud":"#, r#""aud":"other","aud":"#);
    for (token, error) in [
        (signed(HEADER, &twice), TokenError::Malformed),
        (signed(HEADER, "[]"), TokenError::Malformed),
        (signed(HEADER, "not JSON"), TokenError::Malformed),
        (String::new(), TokenError::Malformed),
        ("a.b".to_owned(), TokenError::Malformed),
        ("a.b.c.d.e".to_owned(), TokenError::Malformed),
        (
            format!("{}=", signed(HEADER, &claims(json!({})))),
            TokenError::Signature,
        ),
        (
            format!(" {}", signed(HEADER, &claims(json!({})))),
            TokenError::Malformed,
        ),
        ("x".repeat(MAX_TOKEN_BYTES + 1), TokenError::TooLong),
        (signed(HEADER, &"[".repeat(8000)), TokenError::Malformed),
    ] {
        let verdict = verify(&token, &keys(1, "k"), &expected(NOW_S));
        assert_eq!(
            verdict.unwrap_err(),
            error,
            "{}",
            &token[..token.len().min(80)]
        );
    }
}

#[test]
fn a_key_set_is_read_for_what_can_be_used_and_no_further() {
    let good =
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": key(1).public().to_base64url()});
    let set = |keys: Vec<Value>| KeySet::parse(json!({"keys": keys}).to_string().as_bytes());
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    for useless in [
        json!("k"),
        json!({"kty": "oct", "kid": "k", "k": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "k", "x": "AAAA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "RSA", "kid": "k", "n": encode(&[255; 256]), "e": "AQ"}),
        json!({"kty": "RSA", "kid": "k", "n": encode(&[255; 1025]), "e": "AQAB"}),
        with("d", json!("AAAA")),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("kid", json!("")),
        with("kid", json!("k".repeat(257))),
        with("x", json!("AAAA")),
    ] {
        assert!(
            matches!(set(vec![useless.clone()]), Err(KeySetError::NoKey)),
            "{useless}"
        );
        assert!(set(vec![useless, good.clone()]).unwrap().has("k"));
    }
    assert!(matches!(
        set(vec![good.clone(); 101]),
        Err(KeySetError::TooLarge)
    ));
    assert!(matches!(KeySet::parse(b"{}"), Err(KeySetError::NoList)));
    assert!(matches!(
        KeySet::parse(b"<html>"),
        Err(KeySetError::Json(_))
    ));
    let large = vec![b' '; MAX_KEYS_BYTES + 1];
    assert!(matches!(KeySet::parse(&large), Err(KeySetError::TooLarge)));
}

/// RFC 7517 lets keys of different kinds share an id: the token's algorithm tells which is meant.
#[test]
fn keys_of_different_kinds_may_share_an_id() {
    let golden: Value = serde_json::from_str(include_str!("tests/golden.json")).unwrap();
    let mut ed = golden["keys"]["keys"][3].clone();
    ed["kid"] = json!("rsa");
    let shared = json!({"keys": [golden["keys"]["keys"][0], ed]});
    let set = KeySet::parse(shared.to_string().as_bytes()).unwrap();
    let (_, tokens) = self::golden();
    assert!(verify(&tokens[0].2, &set, &expected(NOW_S)).is_ok());
}

#[test]
fn groups_that_were_cut_are_known_to_be_elsewhere() {
    let cut = json!({"_claim_names": {"groups": "src1"}, "roles": ["a", 1, "b"], "one": "x"});
    let claims = judge(cut).unwrap();
    assert!(claims.is_elsewhere("groups") && !claims.is_elsewhere("roles"));
    assert_eq!(claims.words("roles"), ["a", "b"]);
    assert_eq!(claims.words("one"), ["x"]);
    assert!(
        judge(json!({"hasgroups": true}))
            .unwrap()
            .is_elsewhere("groups")
    );
    assert!(
        !judge(json!({"email_verified": "no"}))
            .unwrap()
            .is_true("email_verified")
    );
}
