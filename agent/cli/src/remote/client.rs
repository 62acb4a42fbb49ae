//! Requests to a Bulkhead server, and what its answers mean for the exit code.

use std::path::Path;

use schemas::api::Problem;
use serde::de::DeserializeOwned;
use sources::http::{Http, HttpError, HttpOptions, HttpReply, HttpRequest, read_authorities};

use crate::{
    args::VulnerabilitiesArgs,
    exit::{Exit, Failure},
};

/// The largest answer that is read: a page of 500 rows has some 200 KB.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// Where a server is, and how it is trusted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    /// Its URL.
    pub(super) server: &'a str,
    /// File of further certificate authorities.
    pub(super) ca_file: Option<&'a Path>,
    /// Whether it may be asked without encryption.
    pub(super) allow_http: bool,
}

impl<'a> From<&'a VulnerabilitiesArgs> for Address<'a> {
    fn from(args: &'a VulnerabilitiesArgs) -> Self {
        Self {
            server: &args.server,
            ca_file: args.ca_file.as_deref(),
            allow_http: args.allow_http,
        }
    }
}

/// A server.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    base: String,
}

impl Client {
    pub(super) fn new(address: &Address<'_>) -> Result<Self, Failure> {
        let authorities = address.ca_file.map(read_authorities).transpose();
        let http = Http::new(&HttpOptions {
            extra_ca_pem: authorities.map_err(Failure::input)?,
            allow_http: address.allow_http,
            ..HttpOptions::default()
        })
        .map_err(Failure::input)?;
        Ok(Self {
            http,
            base: address.server.trim_end_matches('/').to_owned(),
        })
    }

    /// The server's address, as it was given.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request and understands its answer, which must have status 200 or 201.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let reply = self.send(method, path, headers, body).await?;
        if !matches!(reply.status, 200 | 201) {
            return Err(self.refused(&reply));
        }
        self.understood(&reply)
    }

    /// As [`Self::json`], for what need not be there: `None` when the server says that there is no such thing.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Option<T>, Failure> {
        let reply = self.send(method, path, headers, body).await?;
        match reply.status {
            200 | 201 => self.understood(&reply).map(Some),
            // Any other server has a 404, too; only ours says it in these words.
            404 if serde_json::from_slice::<Problem>(&reply.body)
                .is_ok_and(|problem| problem.kind == "/problems/not-found") =>
            {
                Ok(None)
            }
            _ => Err(self.refused(&reply)),
        }
    }

    /// Finds out whether the server can be reached, whatever it answers to those who do not show who they are.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        let asked = self.send("GET", "/healthz", Vec::new(), Vec::new());
        asked.await.map(|_| ())
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<HttpReply, Failure> {
        let request = HttpRequest {
            method: method.to_owned(),
            url: format!("{}{path}", self.base),
            headers,
            body,
        };
        self.http
            .send(request, MAX_ANSWER_BYTES)
            .await
            .map_err(|error| self.not_sent(error))
    }

    fn understood<T: DeserializeOwned>(&self, reply: &HttpReply) -> Result<T, Failure> {
        serde_json::from_slice(&reply.body).map_err(|error| {
            let error = anyhow::Error::new(error).context(format!(
                "{} does not answer as a Bulkhead server",
                self.base
            ));
            Failure::unreachable(error).advise("check the address given with --server")
        })
    }

    fn not_sent(&self, error: HttpError) -> Failure {
        match error {
            HttpError::NotEncrypted(_) => Failure::input(anyhow::anyhow!(
                "{} would be asked without encryption",
                self.base
            ))
            .advise("use https://, or --allow-http on a network you trust"),
            HttpError::Address(_) | HttpError::Header(_) | HttpError::Client(_) => {
                Failure::input(error).advise("check --server and the token")
            }
            error => Failure::unreachable(
                anyhow::Error::new(error).context(format!("ask {}", self.base)),
            )
            .advise("check that the server runs and that the address given with --server is right"),
        }
    }

    /// An answer that is no success. A server in trouble is not the caller's fault; anything else is.
    fn refused(&self, reply: &HttpReply) -> Failure {
        let problem: Option<Problem> = serde_json::from_slice(&reply.body).ok();
        let said = match &problem {
            Some(problem) => problem
                .detail
                .as_deref()
                .unwrap_or(&problem.title)
                .to_owned(),
            None => "without saying why".to_owned(),
        };
        let error = anyhow::anyhow!("{} answered {}: {said}", self.base, reply.status);
        let (exit, advice) = match reply.status {
            401 => (
                Exit::BadInput,
                Some("check the token or password; a session lasts 15 minutes".to_owned()),
            ),
            403 => (
                Exit::BadInput,
                Some("ask an administrator for a role that may do this".to_owned()),
            ),
            404 => (
                Exit::BadInput,
                Some("check the address given with --server".to_owned()),
            ),
            429 | 503 => (
                Exit::Unreachable,
                Some(match reply.header("retry-after") {
                    Some(seconds) => format!("try again in {seconds} seconds"),
                    None => "try again later".to_owned(),
                }),
            ),
            500.. => (
                Exit::Unreachable,
                Some("look at the server's log".to_owned()),
            ),
            _ => (Exit::BadInput, None),
        };
        Failure {
            exit,
            error,
            advice,
        }
    }
}
