//! Sessions of browsers: the secret is in a cookie that no script can read and no other site can have sent.
//!
//! The cookie is `__Host-bulkhead` with `Secure`, `HttpOnly` and `SameSite=Strict` (RFC 6265bis, 4.1). On a loopback address
//! a server may be reached without TLS, where some browsers keep no `Secure` cookie: there, and only there, it is
//! `bulkhead-loopback` without `Secure`, and it is believed only there. A server behind a proxy with TLS is told so
//! (`behind_tls`), since a proxy may name a loopback address in place of the one that browsers asked for. Who changes something by a cookie also sends the
//! header `bulkhead-csrf: 1`, which no form can, and no script of another site without being allowed to.

use axum::http::{HeaderMap, Method, header, request::Parts};
use secrecy::{ExposeSecret, SecretString};

use crate::problem::{ApiError, Kind};

const NAME: &str = "__Host-bulkhead";
const LOOPBACK_NAME: &str = "bulkhead-loopback";
/// The header that comes with each change.
const CSRF: &str = "bulkhead-csrf";

/// The cookie that gives a browser a session for so many seconds.
pub(crate) fn set(
    behind_tls: bool,
    headers: &HeaderMap,
    secret: &SecretString,
    seconds: i64,
) -> String {
    let secret = secret.expose_secret();
    if !behind_tls && is_loopback(headers) {
        format!("{LOOPBACK_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}")
    } else {
        format!("{NAME}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}")
    }
}

/// The cookie that takes it away.
pub(crate) fn clear(behind_tls: bool, headers: &HeaderMap) -> String {
    set(behind_tls, headers, &String::new().into(), 0)
}

/// The secret in a request's cookie.
///
/// # Errors
/// 403 when the request would change something and lacks the header.
pub(crate) fn secret(behind_tls: bool, parts: &Parts) -> Result<Option<SecretString>, ApiError> {
    let name = if !behind_tls && is_loopback(&parts.headers) {
        LOOPBACK_NAME
    } else {
        NAME
    };
    let cookies = parts.headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let Some((_, value)) = pairs.find(|(found, _)| *found == name) else {
        return Ok(None);
    };
    let is_safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !parts.headers.contains_key(CSRF) {
        return Err(ApiError::new(
            Kind::CsrfHeaderMissing,
            "Whoever signs in by a cookie sends `bulkhead-csrf: 1` with each request that changes something.",
        ));
    }
    Ok(Some(value.to_owned().into()))
}

/// Whether the request is for a loopback address. A site that is not ours cannot make a browser say so of its own.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of_host(host: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(host).unwrap());
        headers
    }

    #[test]
    fn only_loopback_addresses_go_without_secure() {
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:8443",
            "[::1]:80",
            "127.9.9.9",
        ] {
            let cookie = set(false, &of_host(host), &"x".to_owned().into(), 1);
            assert!(!cookie.contains("Secure"), "{host}");
            assert!(cookie.starts_with("bulkhead-loopback=x; "), "{host}");
            // Behind a proxy that names its own way in place of what browsers asked for.
            let cookie = set(true, &of_host(host), &"x".to_owned().into(), 1);
            assert!(
                cookie.starts_with("__Host-bulkhead=x; Path=/; Secure; "),
                "{host}"
            );
        }
        for host in [
            "",
            "localhost.evil.example",
            "10.0.0.1",
            "portal.example:443",
            "[::2]",
        ] {
            let cookie = set(false, &of_host(host), &"x".to_owned().into(), 1);
            assert!(
                cookie.starts_with("__Host-bulkhead=x; Path=/; Secure; HttpOnly; SameSite=Strict"),
                "{host}"
            );
        }
    }
}
