//! Whether a delivery shows that its sender knows a secret of the registry. All comparisons take the same time whatever
//! is right of what was sent.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::MacKey;
use secrecy::{ExposeSecret, SecretBox, SecretString};

/// Bytes of a secret, as text: no longer than an HMAC's key is without being hashed.
pub(super) const SECRET_BYTES: usize = 32;

/// A way to show that one knows the secret.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// `Authorization`: the secret itself, `Bearer SECRET`, or the password of `Basic`.
    Authorization,
    /// The secret itself in this header.
    Header(&'static str),
    /// HMAC-SHA256 of the body under the secret in this header, in hex, with or without `sha256=`.
    Signature(&'static str),
    /// The secret itself in the parameter `token` of the address.
    Query,
}

/// Whether a delivery shows in one of these ways that its sender knows the secret.
pub(super) fn is_authentic(
    ways: &[Way],
    secret: &SecretString,
    headers: &HeaderMap,
    token: Option<&str>,
    body: &[u8],
) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Every way is tried, so that which of them fails takes no time of its own.
    ways.iter().fold(false, |seen, way| {
        let this = match way {
            Way::Authorization => {
                let sent = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
                is_secret(secret, password(sent).as_deref().unwrap_or(sent))
            }
            Way::Header(name) => is_secret(secret, text(name).unwrap_or_default()),
            Way::Query => is_secret(secret, token.unwrap_or_default()),
            Way::Signature(name) => is_signature(secret, text(name).unwrap_or_default(), body),
        };
        seen | this
    })
}

/// The secret within a value of `Authorization` that is more than the secret.
fn password(sent: &str) -> Option<String> {
    let (scheme, rest) = sent.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

fn is_secret(secret: &SecretString, sent: &str) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let same_length = secret.len() == sent.len();
    let differences = secret
        .iter()
        .zip(sent.bytes().chain(std::iter::repeat(0)))
        .fold(0_u8, |seen, (a, b)| seen | (a ^ b));
    std::hint::black_box(differences) == 0 && same_length
}

fn is_signature(secret: &SecretString, sent: &str, body: &[u8]) -> bool {
    let mut key = SecretBox::new(Box::new([0_u8; SECRET_BYTES]));
    let secret = secret.expose_secret().as_bytes();
    {
        use secrecy::ExposeSecretMut as _;
        for (to, from) in key.expose_secret_mut().iter_mut().zip(secret) {
            *to = *from;
        }
    }
    let right = MacKey::new(key).mac(body);
    let sent = unhex(sent.trim().trim_start_matches("sha256=")).unwrap_or_default();
    let differences = right
        .iter()
        .zip(sent.iter().chain(std::iter::repeat(&0)))
        .fold(0_u8, |seen, (a, b)| seen | (a ^ b));
    secret.len() <= SECRET_BYTES
        && sent.len() == right.len()
        && std::hint::black_box(differences) == 0
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: &u8| {
        (*digit as char)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((value(high)? << 4) | value(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_secret_counts_where_the_format_has_it_and_nowhere_else() {
        let secret = SecretString::from("0123456789abcdef0123456789abcdef");
        let right = secret.expose_secret();
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        let ok = |ways: &[Way], headers: &HeaderMap, token: Option<&str>| {
            is_authentic(ways, &secret, headers, token, b"body")
        };
        for value in [
            right.to_owned(),
            format!("Bearer {right}"),
            format!("bearer {right}"),
            basic(format!("any:{right}")),
        ] {
            assert!(
                ok(
                    &[Way::Authorization],
                    &headers("authorization", &value),
                    None
                ),
                "{value}"
            );
        }
        for value in [
            "".to_owned(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer {right}0"),
            format!("Bearer {}", &right[..31]),
            format!("Digest {right}"),
            basic(right.to_owned()),
            basic(format!("{right}:")),
        ] {
            assert!(
                !ok(
                    &[Way::Authorization],
                    &headers("authorization", &value),
                    None
                ),
                "{value}"
            );
        }
        let none = HeaderMap::new();
        assert!(ok(&[Way::Query], &none, Some(right)));
        assert!(!ok(&[Way::Authorization], &none, Some(right)));
        assert!(!ok(&[Way::Query], &headers("authorization", right), None));
        let both = [Way::Header("x-api-key"), Way::Authorization];
        assert!(ok(&both, &headers("x-api-key", right), None));
        assert!(!ok(&both, &headers("x-other", right), None));
        assert!(!ok(&[], &headers("authorization", right), Some(right)));
    }

    #[test]
    fn a_signature_is_of_this_body_under_this_secret() {
        // Source: GitHub, "Testing the webhook payload validation".
        let secret = SecretString::from("It's a Secret to Everybody");
        let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let way = [Way::Signature("x-hub-signature-256")];
        let ok = |value: &str, body: &[u8]| {
            let headers = headers("x-hub-signature-256", value);
            is_authentic(&way, &secret, &headers, None, body)
        };
        assert!(ok(right, b"Hello, World!"));
        assert!(ok(&right.replace("sha256=", ""), b"Hello, World!"));
        assert!(!ok(right, b"Hello, World?"));
        for value in [
            "",
            "sha256=",
            "sha256=zz",
            &right[..70],
            &right.replace('7', "8"),
            "It's a Secret to Everybody",
        ] {
            assert!(!ok(value, b"Hello, World!"), "{value}");
        }
    }
}
