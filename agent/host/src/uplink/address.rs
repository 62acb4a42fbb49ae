//! The server's address, and when it may be without TLS.

use std::net::IpAddr;

use reqwest::Url;

use super::UplinkError;

/// Where an upload goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// To the server.
    Here(Url),
    /// To another host.
    Elsewhere(Url),
}

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

    /// An address that the server named for an upload: it may be relative, or another host's, such as that of the store
    /// behind the server. Another host needs TLS. Without it only a server on this very host may name another address on
    /// this host, so that no server far away can make the agent write to what listens here.
    pub(super) fn upload(&self, url: &str) -> Result<Upload, UplinkError> {
        let url = self.0.join(url).map_err(|error| {
            UplinkError::Answer(format!("the upload's address is none: {error}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UplinkError::Answer(
                "the upload's address has a user or password".to_owned(),
            ));
        }
        if url.scheme() == self.0.scheme() && url.host_str() == self.0.host_str() {
            return Ok(Upload::Here(url));
        }
        let both_local = is_local(&self.0) && is_local(&url);
        match url.scheme() {
            "https" => Ok(Upload::Elsewhere(url)),
            "http" if self.0.scheme() == "http" && both_local => Ok(Upload::Elsewhere(url)),
            _ => Err(UplinkError::Answer(format!(
                "the server named {} for an upload, which would go over the network without TLS",
                url.origin().ascii_serialization()
            ))),
        }
    }
}

impl std::fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Whether an address is one of this very host.
fn is_local(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

fn may_be_sent_to(url: &Url, allow_http: bool) -> Result<(), UplinkError> {
    if url.host_str().is_none() {
        return Err(UplinkError::Address(format!("`{url}` names no host")));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local(url) || allow_http => Ok(()),
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
        let here = Url::parse("https://x.example/uploads/1").unwrap();
        assert_eq!(server.upload("/uploads/1").unwrap(), Upload::Here(here));
    }

    #[test]
    fn an_upload_goes_elsewhere_by_tls_only_and_never_from_afar_to_this_host() {
        let far = server_address("https://x.example", false).unwrap();
        let allowed = server_address("http://x.example", true).unwrap();
        let near = server_address("http://127.0.0.1:8080", false).unwrap();
        let store = "https://bucket.s3.eu-central-1.amazonaws.com/t/a?X-Amz-Signature=1";
        for server in [&far, &allowed, &near] {
            let url = Url::parse(store).unwrap();
            assert_eq!(server.upload(store).unwrap(), Upload::Elsewhere(url));
            for bad in [
                "http://elsewhere.example/1",
                "ftp://x.example/1",
                "file:///etc/passwd",
                "https://user:word@x.example/1",
            ] {
                assert!(server.upload(bad).is_err(), "{bad} from {server}");
            }
        }
        for local in ["http://localhost:4566/1", "http://[::1]:9000/1"] {
            assert!(matches!(near.upload(local), Ok(Upload::Elsewhere(_))));
            assert!(far.upload(local).is_err());
            assert!(allowed.upload(local).is_err());
        }
    }
}
