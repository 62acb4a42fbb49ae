//! The one HTTP client: encrypted unless told otherwise, with every size and time bounded.

mod authorities;
mod guard;
mod headers;

use std::{net::IpAddr, time::Duration};

use reqwest::{
    Client, Method, Response, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use thiserror::Error;

pub use self::{
    authorities::{AuthoritiesError, MAX_AUTHORITIES_BYTES, read_authorities},
    guard::{Guard, GuardedUrl, InvalidNetwork, MAX_URL_BYTES, Network},
    headers::retry_after,
};
use guard::{Refused, Resolver, is_internal};

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Certificate authorities to trust beside the built-in ones, PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Whether unencrypted addresses other than loopback are allowed.
    pub allow_http: bool,
    /// Proxy for every request, such as `http://proxy.example.org:3128`; without it those of the environment
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) count.
    pub proxy: Option<String>,
    /// Whether a public address may send on to one of this machine or a private network, as a registry may to the
    /// storage beside it.
    pub internal_redirects: bool,
    /// What judges the addresses that are asked, of redirects too: for a service that asks what people enter. Without a
    /// guard every address is asked.
    pub guard: Option<Guard>,
    /// Whether redirects are followed at all; without, an answer that sends on is the answer.
    pub redirects: bool,
    /// Time to establish a connection.
    pub connect_timeout: Duration,
    /// Time without a byte before a transfer is given up.
    pub read_timeout: Duration,
    /// Time for a whole request and its answer.
    pub total_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            extra_ca_pem: None,
            allow_http: false,
            proxy: None,
            internal_redirects: false,
            guard: None,
            redirects: true,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(600),
        }
    }
}

/// Why a request failed.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client cannot be made.
    #[error("set up the HTTP client")]
    Client(#[source] reqwest::Error),
    /// An address of this machine or a private network, which is not to be asked.
    #[error("`{0}` is of this machine or a private network, which this service does not ask")]
    Internal(String),
    /// A proxy asks for names itself, so that it cannot be known what is public.
    #[error(
        "only public addresses are to be asked, which cannot be made sure behind a proxy; leave out one of both"
    )]
    ProxyAndGuard,
    /// The proxy's address cannot be used.
    #[error("use the proxy `{proxy}`")]
    Proxy {
        /// The address.
        proxy: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The address is none.
    #[error("`{0}` is not an address")]
    Address(String),
    /// The address is not encrypted.
    #[error("`{0}` is not encrypted; use https://, or allow plain HTTP for this server")]
    NotEncrypted(String),
    /// A header that cannot be sent.
    #[error("header `{0}` cannot be sent")]
    Header(String),
    /// The server cannot be reached, or the connection broke.
    #[error("reach {host}")]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is no success.
    #[error("{host} answered {status}")]
    Status {
        /// The server.
        host: String,
        /// What it answered.
        status: u16,
    },
    /// An answer larger than allowed.
    #[error("{host} sends more than {max_bytes} bytes")]
    TooLarge {
        /// The server.
        host: String,
        /// The bound.
        max_bytes: u64,
    },
}

/// A request with its whole body.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// Absolute address.
    pub url: String,
    /// Headers, name and value.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
}

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case; values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpReply {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a server said of a document's version, to ask for it again only when it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// The client. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    allow_http: bool,
    guard: Option<Guard>,
}

impl Http {
    /// Makes a client.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpError> {
        // One provider of cryptography for the process; that another part set it already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("bulkhead/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .timeout(options.total_timeout)
            .redirect(match options.redirects {
                true => redirects(
                    options.allow_http,
                    options.internal_redirects,
                    options.guard.clone(),
                ),
                false => Policy::none(),
            });
        if let Some(pem) = &options.extra_ca_pem {
            let authorities =
                reqwest::Certificate::from_pem_bundle(pem).map_err(HttpError::Client)?;
            builder = builder.tls_certs_merge(authorities);
        }
        if let Some(proxy) = &options.proxy {
            if options.guard.is_some() {
                return Err(HttpError::ProxyAndGuard);
            }
            let all = reqwest::Proxy::all(proxy).map_err(|source| HttpError::Proxy {
                proxy: without_secrets(proxy),
                source: source.without_url(),
            })?;
            builder = builder.proxy(all);
        }
        if let Some(guard) = &options.guard {
            // A proxy would look names up itself, and reach whatever it can.
            builder = builder
                .no_proxy()
                .dns_resolver(std::sync::Arc::new(Resolver(guard.clone())));
        }
        let client = builder.build().map_err(HttpError::Client)?;
        Ok(Self {
            client,
            allow_http: options.allow_http,
            guard: options.guard.clone(),
        })
    }

    fn address(&self, url: &str) -> Result<Url, HttpError> {
        let address = Url::parse(url).map_err(|_| HttpError::Address(url.to_owned()))?;
        if self
            .guard
            .as_ref()
            .is_some_and(|guard| guard.refuses(&address))
        {
            return Err(HttpError::Internal(url.to_owned()));
        }
        match address.scheme() {
            "https" => Ok(address),
            "http" if self.allow_http || is_confidential(&address) => Ok(address),
            "http" => Err(HttpError::NotEncrypted(url.to_owned())),
            _ => Err(HttpError::Address(url.to_owned())),
        }
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When the server cannot be reached, or answers with more than `max_bytes`.
    pub async fn send(
        &self,
        request: HttpRequest,
        max_bytes: usize,
    ) -> Result<HttpReply, HttpError> {
        let mut answer = self.begin(request).await?;
        let headers = answer
            .response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > max_bytes {
                return Err(HttpError::TooLarge {
                    host: answer.host,
                    max_bytes: max_bytes as u64,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpReply {
            status: answer.status(),
            headers,
            body,
        })
    }

    /// Sends a request; the body of its answer is then read piece by piece, whatever the status is.
    ///
    /// # Errors
    /// When the server cannot be reached, or a header cannot be sent.
    pub async fn begin(&self, request: HttpRequest) -> Result<Answer, HttpError> {
        let address = self.address(&request.url)?;
        let host = host_of(&address);
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HttpError::Header(request.method.clone()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let unusable = || HttpError::Header(name.clone());
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?,
                HeaderValue::from_str(value).map_err(|_| unusable())?,
            );
        }
        let sent = self
            .client
            .request(method, address)
            .headers(headers)
            .body(request.body)
            .send();
        match sent.await {
            Ok(response) => Ok(Answer { response, host }),
            Err(source) => Err(unreached(&host, source)),
        }
    }

    /// Asks for a document, whose body is then read piece by piece whatever the status is.
    ///
    /// # Errors
    /// When the server cannot be reached, or a header cannot be sent.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, HttpError> {
        self.ask(Method::GET, url, headers).await
    }

    /// Asks for the head of an answer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn head(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, HttpError> {
        self.ask(Method::HEAD, url, headers).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, HttpError> {
        let address = self.address(url)?;
        let host = host_of(&address);
        let mut request = self.client.request(method, address);
        for (name, value) in headers {
            let value =
                HeaderValue::from_str(value).map_err(|_| HttpError::Header((*name).to_owned()))?;
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(response) => Ok(Answer { response, host }),
            Err(source) => Err(unreached(&host, source)),
        }
    }
}

/// An answer whose body is read piece by piece.
#[derive(Debug)]
pub struct Answer {
    response: Response,
    host: String,
}

impl Answer {
    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The server, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The first header of this lower-case name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// All headers of this lower-case name that are text.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.response.headers().get_all(name).into_iter();
        all.filter_map(|value| value.to_str().ok())
    }

    /// Whether a partial answer begins at this byte of the whole: its `Content-Range`.
    pub(crate) fn begins_at(&self, offset: u64) -> bool {
        self.header("content-range").and_then(headers::first_byte) == Some(offset)
    }

    /// The next piece of the body; `None` when it is complete.
    ///
    /// # Errors
    /// When the connection breaks before the length that was announced, or nothing comes for too long.
    pub async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, HttpError> {
        next_chunk(&mut self.response, &self.host).await
    }
}

/// Follows at most five redirects: never from an encrypted address to a plain one, and never, unless `internal`, from
/// a public address to one of this machine or its network, which the document's publisher has no business with. A name that resolves to
/// such an address is not looked at: it is asked by HTTPS only, and no server there has a certificate for the name. A guard,
/// where there is one, judges instead, and its resolver looks at names.
fn redirects(allow_http: bool, internal: bool, guard: Option<Guard>) -> Policy {
    Policy::custom(move |attempt| {
        let from = attempt.previous().last();
        if attempt.previous().len() > 5 {
            attempt.error("too many redirects")
        } else if !allow_http && !is_confidential(attempt.url()) {
            attempt.error("redirect to an address that is not encrypted")
        } else if let Some(guard) = &guard {
            match guard.refuses(attempt.url()) {
                true => attempt.error(Refused),
                false => attempt.follow(),
            }
        } else if !internal
            && is_internal(attempt.url())
            && from.is_some_and(|from| from.host_str() != attempt.url().host_str())
        {
            attempt.error("redirect to an address of this machine or a private network")
        } else {
            attempt.follow()
        }
    })
}

/// Whether a document from one address may name another to be asked, by the rule of redirects: encrypted, and not of this
/// machine or its network, unless it is the same host.
pub(crate) fn may_name(from: &str, to: &str) -> bool {
    let (Ok(from), Ok(to)) = (Url::parse(from), Url::parse(to)) else {
        return false;
    };
    let inside = is_internal(&to) && from.host_str() != to.host_str();
    is_confidential(&to) && !inside
}

/// Why there is no answer.
fn unreached(host: &str, source: reqwest::Error) -> HttpError {
    if Refused::is_behind(&source) {
        HttpError::Internal(host.to_owned())
    } else {
        HttpError::Unreachable {
            host: host.to_owned(),
            source,
        }
    }
}

async fn next_chunk(
    response: &mut Response,
    host: &str,
) -> Result<Option<bytes::Bytes>, HttpError> {
    response
        .chunk()
        .await
        .map_err(|source| HttpError::Unreachable {
            host: host.to_owned(),
            source,
        })
}

/// Whether nobody can listen in on the way to this address.
fn is_confidential(address: &Url) -> bool {
    let loopback = address.host_str().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    });
    address.scheme() == "https" || loopback
}

/// A proxy's address without the name and password that it may carry.
fn without_secrets(proxy: &str) -> String {
    let (scheme, rest) = match proxy.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), proxy),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}{rest}")
}

fn host_of(address: &Url) -> String {
    match address.port() {
        Some(port) => format!("{}:{port}", address.host_str().unwrap_or_default()),
        None => address.host_str().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_no_address_inside() {
        let list = "https://cdn.example.org/mirror.list";
        assert!(may_name(list, "https://other.example.org/repo"));
        for to in [
            "http://other.example.org/repo",
            "https://10.0.0.1/repo",
            "https://localhost/repo",
            "http://127.0.0.1/repo",
            "https://[::1]/repo",
            "https://metadata.google.internal/repo",
            "file:///etc/passwd",
            "repo",
        ] {
            assert!(!may_name(list, to), "{to}");
        }
        let own = "http://127.0.0.1:8000/mirror.list";
        assert!(may_name(own, "http://127.0.0.1:8000/repo"));
        assert!(!may_name(own, "http://127.0.0.2:8000/repo"));
    }

    #[test]
    fn a_guard_that_a_proxy_would_undo_is_not_set_up() {
        let options = HttpOptions {
            proxy: Some("http://proxy.example.org:3128".to_owned()),
            guard: Some(Guard::default()),
            ..HttpOptions::default()
        };
        assert!(matches!(Http::new(&options), Err(HttpError::ProxyAndGuard)));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
        for proxy in ["http://user:hunter2@pro xy:1"] {
            let options = HttpOptions {
                proxy: Some(proxy.to_owned()),
                ..HttpOptions::default()
            };
            let error = Http::new(&options).map(drop).unwrap_err();
            let mut text = format!("{error:?}");
            let mut next: Option<&dyn std::error::Error> = Some(&error);
            while let Some(one) = next {
                text.push_str(&one.to_string());
                next = one.source();
            }
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
