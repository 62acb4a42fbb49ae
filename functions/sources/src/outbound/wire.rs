//! Connections that are not HTTP, under the same guard: a name is looked up once, and the connection is made to an address
//! that was judged.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::http::Guard;

/// Time to establish a connection to one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 3;
/// Most bytes of certificate authorities of a channel.
pub const MAX_CHANNEL_AUTHORITIES_BYTES: usize = 16 << 10;

/// Why there is no connection.
#[derive(Debug, Error)]
pub(super) enum WireError {
    /// It leads to nothing that is asked.
    #[error("the address is of this machine or a private network, which this service does not ask")]
    Internal,
    /// It is not encrypted.
    #[error(
        "the connection is not encrypted, and its address is in none of the networks that the operator allows; use TLS"
    )]
    Plain,
    /// The host cannot be named in a certificate.
    #[error("the host is neither a name nor an address")]
    Name,
    /// The certificate authorities cannot be used.
    #[error("the certificate authorities cannot be used: {0}")]
    Authorities(#[source] rustls::Error),
    /// Nothing is there, or it broke off.
    #[error("cannot reach {0}: {1}")]
    Unreachable(String, #[source] io::Error),
    /// The other end is not who it is to be, or speaks no TLS.
    #[error("{0} cannot be trusted: {1}")]
    Untrusted(String, #[source] io::Error),
}

impl WireError {
    /// Whether it may be otherwise later.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(..) | Self::Untrusted(..))
    }
}

/// Connects to a host, if it is one that is asked. `plain` is for what will not be encrypted.
pub(super) async fn connect(
    guard: &Guard,
    host: &str,
    port: u16,
    plain: bool,
) -> Result<TcpStream, WireError> {
    let unreachable = |error| WireError::Unreachable(host.to_owned(), error);
    let bare = host.trim_matches(['[', ']']);
    let found = match bare.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => {
            let looked = timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((bare, port))).await;
            let found = looked.map_err(|_| unreachable(io::ErrorKind::TimedOut.into()))?;
            found
                .map_err(unreachable)?
                .map(|found| found.ip())
                .collect()
        }
    };
    let admitted: Vec<IpAddr> = found.into_iter().filter(|ip| guard.admits(*ip)).collect();
    if admitted.is_empty() {
        return Err(WireError::Internal);
    }
    let usable = admitted
        .into_iter()
        .filter(|ip| !plain || guard.names(*ip))
        .take(MAX_ADDRESSES);
    let mut last = WireError::Plain;
    for address in usable {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect((address, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = unreachable(error),
            Err(_) => last = unreachable(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last)
}

/// Encrypts a connection to a host, whose certificate is judged as that of a web server, or by these authorities, too.
pub(super) async fn encrypt<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    authorities: Option<&str>,
) -> Result<TlsStream<S>, WireError> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
    let name = name.map_err(|_| WireError::Name)?;
    let authorities = authorities.map(str::to_owned);
    // The authorities of this machine are read from its disk.
    let config = tokio::task::spawn_blocking(move || config(authorities.as_deref()));
    let config = config
        .await
        .map_err(|error| WireError::Unreachable(host.to_owned(), io::Error::other(error)))?;
    let connector = TlsConnector::from(Arc::new(config.map_err(WireError::Authorities)?));
    match timeout(CONNECT_TIMEOUT, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(WireError::Untrusted(host.to_owned(), error)),
        Err(_) => Err(WireError::Unreachable(
            host.to_owned(),
            io::ErrorKind::TimedOut.into(),
        )),
    }
}

fn config(authorities: Option<&str>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = authorities.map(certificates).transpose()?;
    let verifier =
        Verifier::new_with_extra_roots(extra.unwrap_or_default(), Arc::clone(&provider))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// The certificates in a text of PEM, of which there is one at least.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, rustls::Error> {
    let odd = |why: String| rustls::Error::General(why);
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let read = read.map_err(|error| odd(error.to_string()))?;
    if read.is_empty() {
        return Err(odd("there is none in it".to_owned()));
    }
    Ok(read)
}

/// Why certificate authorities that somebody entered cannot be used.
///
/// # Errors
/// When there are none in the text, one is no certificate, or the text has more than
/// [`MAX_CHANNEL_AUTHORITIES_BYTES`] bytes.
pub fn check_authorities(pem: &str) -> Result<(), String> {
    if pem.len() > MAX_CHANNEL_AUTHORITIES_BYTES {
        return Err(format!(
            "they have more than {MAX_CHANNEL_AUTHORITIES_BYTES} bytes"
        ));
    }
    let mut store = rustls::RootCertStore::empty();
    for certificate in certificates(pem).map_err(|error| error.to_string())? {
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(())
}
