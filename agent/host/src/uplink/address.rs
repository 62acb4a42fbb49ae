//! The server's address, and when it may be without TLS.

use std::net::IpAddr;

use reqwest::Url;

use super::UplinkError;

/// An address that may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(Url);

/// The address in a text. Without TLS only this very host is spoken to, unless the owner allows more.
///
/// # Errors
/// It is no address, or would send over a network without TLS.
pub fn server_address(text: &str, allow_http: bool) -> Result<ServerAddress, UplinkError> {
    let mut url = Url::parse(text.trim()).map_err(|error| {
        UplinkError::Address(format!("`{text}` is no address of a server: {error}"))
    })?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(UplinkError::Address(
            "the server's address has neither user, password, query nor fragment".to_owned(),
        ));
    }
    may_be_sent_to(&url, allow_http)?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(ServerAddress(url))
}

impl ServerAddress {
    /// The address of an operation; `path` begins with a slash.
    pub(super) fn join(&self, path: &str) -> Result<Url, UplinkError> {
        self.0
            .join(path.trim_start_matches('/'))
            .map_err(|error| UplinkError::Address(format!("`{path}` is no path: {error}")))
    }

    /// An address that the server named for an upload: it may be relative, and has to be as safe as the server's own.
    pub(super) fn upload(&self, url: &str) -> Result<Url, UplinkError> {
        let url = self.0.join(url).map_err(|error| {
            UplinkError::Answer(format!("the upload's address is none: {error}"))
        })?;
        let same_place = url.scheme() == self.0.scheme() && url.host_str() == self.0.host_str();
        if !same_place {
            may_be_sent_to(&url, false)?;
        }
        Ok(url)
    }
}

impl std::fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn may_be_sent_to(url: &Url, allow_http: bool) -> Result<(), UplinkError> {
    let loopback = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => return Err(UplinkError::Address(format!("`{url}` names no host"))),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback || allow_http => Ok(()),
        "http" => Err(UplinkError::Address(format!(
            "`{url}` would send over the network without TLS: use https, or allow it with --allow-http"
        ))),
        other => Err(UplinkError::Address(format!(
            "`{other}` is neither https nor http"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_spoken_to_without_tls() {
        for good in [
            "https://bulkhead.example",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost",
        ] {
            assert!(server_address(good, false).is_ok(), "{good} was refused");
        }
        for bad in [
            "http://10.0.0.1:8080",
            "http://localhost.evil.example",
            "ftp://x",
            "x",
            "https://u:p@x",
            "https://x?y",
        ] {
            assert!(server_address(bad, false).is_err(), "{bad} was accepted");
        }
        assert!(server_address("http://10.0.0.1:8080", true).is_ok());
    }

    #[test]
    fn a_server_below_a_path_keeps_its_path() {
        let server = server_address("https://x.example/bulkhead", false).unwrap();
        assert_eq!(
            server.join("/agent/v1/time").unwrap().as_str(),
            "https://x.example/bulkhead/agent/v1/time"
        );
        let layer = format!("/agent/v1/layers/sha256:{}", "0".repeat(64));
        assert_eq!(
            server.join(&layer).unwrap().path(),
            format!("/bulkhead{layer}")
        );
        assert_eq!(
            server.upload("/uploads/1").unwrap().as_str(),
            "https://x.example/uploads/1"
        );
        assert!(server.upload("http://elsewhere.example/1").is_err());
    }
}
