//! The HTTP client: TLS by rustls, no redirects, time limits on everything.

use std::{path::Path, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, redirect};

use super::UplinkError;

/// A client that trusts the certificates in `ca`, or the system's when there is none.
///
/// # Errors
/// The certificates could not be read, or the client not be made.
pub fn client(ca: Option<&Path>) -> Result<Client, UplinkError> {
    make(ca, ClientBuilder::tls_certs_only)
}

/// A client for hosts that the server names: it trusts the certificates in `ca` and the system's.
///
/// # Errors
/// As [`client`].
pub fn client_elsewhere(ca: Option<&Path>) -> Result<Client, UplinkError> {
    make(ca, ClientBuilder::tls_certs_merge)
}

fn make(
    ca: Option<&Path>,
    trust: fn(ClientBuilder, Vec<Certificate>) -> ClientBuilder,
) -> Result<Client, UplinkError> {
    // A second call finds the same provider in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(crate::SOFTWARE)
        // A redirect would carry a signature to where it was not made for.
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .timeout(Duration::from_secs(300));
    if let Some(path) = ca {
        let failed = |detail: String| UplinkError::Certificates {
            path: path.display().to_string(),
            detail,
        };
        let pem = sources::http::read_authorities(path)
            .map_err(|error| failed(error.source.to_string()))?;
        let certificates =
            Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.to_string()))?;
        if certificates.is_empty() {
            return Err(failed("there is no certificate in it".to_owned()));
        }
        builder = trust(builder, certificates);
    }
    builder.build().map_err(UplinkError::Client)
}
