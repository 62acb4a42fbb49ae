//! The token of a build's job: its system signs one, and the server gives its own for it.
//!
//! | system | what the job needs |
//! |---|---|
//! | GitHub Actions | `permissions: id-token: write` |
//! | GitLab and others | the token in `BULKHEAD_ID_TOKEN` (GitLab: `id_tokens: BULKHEAD_ID_TOKEN: aud: …`) |
//! | Azure DevOps | `SYSTEM_ACCESSTOKEN` in the step's environment, and the id of a service connection in `BULKHEAD_AZURE_SERVICE_CONNECTION` |
//!
//! The audience is the server's address as it was given, or `BULKHEAD_AUDIENCE`; Azure DevOps has one of its own. The tenant
//! is `BULKHEAD_TENANT`, where the server has several.
//!
//! What the server gives lasts for minutes, and a scan may take longer: it is got just before it is used, and anew where it is about
//! to end. A token that was given is exchanged once, so it is kept for when all is ready that it is needed for.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use schemas::api::trusted_build::{
    ExchangedToken, GRANT_TOKEN_EXCHANGE, SUBJECT_TOKEN_TYPES, TokenExchange,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sources::http::{Http, HttpOptions, HttpRequest};

use super::client::Client;
use crate::exit::{Exit, Failure};

const EXCHANGE: &str = "/api/v1/token/exchange";
/// What ends sooner than this is not used any more: what is sent with it has to arrive.
const LEAST_LEFT: Duration = Duration::from_secs(30);
/// The largest answer of a build's system that is read.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Where a job's token comes from.
#[derive(Debug)]
pub(super) enum Job {
    /// It is there.
    Given(SecretString),
    /// GitHub Actions is asked for it.
    GitHub {
        /// Where.
        url: String,
        /// With what.
        token: SecretString,
    },
    /// Azure DevOps is asked for it.
    AzureDevOps {
        /// Where.
        url: String,
        /// With what.
        token: SecretString,
        /// For which service connection.
        connection: String,
    },
}

/// The server's token for a job's, as long as it lasts.
#[derive(Debug)]
pub(super) struct Renewed {
    job: Job,
    held: RefCell<Option<Held>>,
}

/// A token of the server, and when it ends.
#[derive(Clone, Debug)]
struct Held {
    token: SecretString,
    ends: Instant,
}

impl Renewed {
    /// Nothing is exchanged yet.
    pub(super) fn of(job: Job) -> Self {
        Self {
            job,
            held: RefCell::default(),
        }
    }

    /// Whether the job's system gives a token as often as it is asked.
    pub(super) fn is_renewable(&self) -> bool {
        !matches!(self.job, Job::Given(_))
    }

    /// The server's token, for what is sent now.
    pub(super) async fn token(
        &self,
        client: &Client,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<SecretString, Failure> {
        let held = self.held.borrow().clone();
        if let Some(held) = held {
            // One that cannot be renewed is worth a try to its end.
            let is_enough = held.ends > Instant::now() + LEAST_LEFT;
            if is_enough || !self.is_renewable() {
                return Ok(held.token);
            }
        }
        let held = self.job.exchange(client, environment).await?;
        let token = held.token.clone();
        *self.held.borrow_mut() = Some(held);
        Ok(token)
    }
}

#[derive(Deserialize)]
struct GitHubAnswer {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AzureAnswer {
    oidc_token: String,
}

impl Job {
    /// The job that this process runs in, by its environment; `None` when it has nothing to show.
    pub(super) fn of(environment: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let of = |name: &str| environment(name).map(|value| value.trim().to_owned());
        let of = |name: &str| of(name).filter(|value| !value.is_empty());
        if let Some(token) = of("BULKHEAD_ID_TOKEN") {
            return Some(Self::Given(token.into()));
        }
        if let (Some(url), Some(token)) = (
            of("ACTIONS_ID_TOKEN_REQUEST_URL"),
            of("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        ) {
            let token = token.into();
            return Some(Self::GitHub { url, token });
        }
        Some(Self::AzureDevOps {
            connection: of("BULKHEAD_AZURE_SERVICE_CONNECTION")?,
            url: of("SYSTEM_OIDCREQUESTURI")?,
            token: of("SYSTEM_ACCESSTOKEN")?.into(),
        })
    }

    /// Gets the server's token for the job's.
    async fn exchange(
        &self,
        client: &Client,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Held, Failure> {
        let audience = environment("BULKHEAD_AUDIENCE").filter(|given| !given.is_empty());
        let audience = audience.unwrap_or_else(|| client.base().to_owned());
        let token = self.token(&audience).await?;
        let tenant = environment("BULKHEAD_TENANT").filter(|given| !given.is_empty());
        let tenant = tenant.map(|tenant| tenant.parse()).transpose();
        let [jwt, _] = SUBJECT_TOKEN_TYPES;
        let body = serde_json::to_vec(&TokenExchange {
            grant_type: GRANT_TOKEN_EXCHANGE.to_owned(),
            subject_token: token.expose_secret().to_owned(),
            subject_token_type: jwt.to_owned(),
            tenant: tenant
                .context("use BULKHEAD_TENANT")
                .map_err(Failure::input)?,
        })
        .map_err(Failure::input)?;
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let given: ExchangedToken = client
            .json("POST", EXCHANGE, headers, body)
            .await
            .map_err(|failure| match failure.exit {
                Exit::BadInput => failure.advise(
                    "let an administrator trust this build (POST /api/v1/trusted-builds), or give a token with BULKHEAD_TOKEN",
                ),
                _ => failure,
            })?;
        let lasts = Duration::from_secs(u64::from(given.expires_in));
        Ok(Held {
            token: given.access_token.into(),
            ends: Instant::now() + lasts,
        })
    }

    /// The job's own token.
    async fn token(&self, audience: &str) -> Result<SecretString, Failure> {
        let (what, method, url, bearer) = match self {
            Self::Given(token) => return Ok(token.clone()),
            Self::GitHub { url, token } => {
                let between = if url.contains('?') { '&' } else { '?' };
                let url = format!("{url}{between}audience={}", encoded(audience));
                ("GitHub Actions", "GET", url, token)
            }
            Self::AzureDevOps {
                url,
                token,
                connection,
            } => {
                let connection = encoded(connection);
                let url = format!("{url}?api-version=7.1&serviceConnectionId={connection}");
                ("Azure DevOps", "POST", url, token)
            }
        };
        let asked = || format!("ask {what} for the job's token");
        let failed = |error: anyhow::Error| Failure::unreachable(error.context(asked()));
        let http = Http::new(&HttpOptions::default()).map_err(Failure::input)?;
        let request = HttpRequest {
            method: method.to_owned(),
            url,
            headers: vec![
                ("accept".to_owned(), "application/json".to_owned()),
                ("content-type".to_owned(), "application/json".to_owned()),
                (
                    "authorization".to_owned(),
                    format!("Bearer {}", bearer.expose_secret()),
                ),
            ],
            body: Vec::new(),
        };
        let reply = http.send(request, MAX_ANSWER_BYTES).await;
        let reply = reply.map_err(|error| failed(error.into()))?;
        if reply.status != 200 {
            return Err(failed(anyhow::anyhow!("it answered {}", reply.status)));
        }
        let token = match self {
            Self::AzureDevOps { .. } => {
                serde_json::from_slice(&reply.body).map(|answer: AzureAnswer| answer.oidc_token)
            }
            _ => serde_json::from_slice(&reply.body).map(|answer: GitHubAnswer| answer.value),
        };
        // What was answered may be a token, so it is not repeated.
        let token = token.map_err(|_| failed(anyhow::anyhow!("its answer has no token")))?;
        Ok(token.into())
    }
}

/// The environment of this process.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Text as a value of a query.
fn encoded(text: &str) -> String {
    let mut query = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.push_str(&format!("%{byte:02X}"));
        }
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Option<Job> {
        Job::of(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_job_is_told_by_what_its_system_gives_it() {
        let github = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://run.example/?v=2"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
        ];
        assert!(matches!(of(&github), Some(Job::GitHub { .. })));
        assert!(of(&github[..1]).is_none());
        let azure = [
            (
                "SYSTEM_OIDCREQUESTURI",
                "https://dev.azure.com/acme/p/_apis",
            ),
            ("SYSTEM_ACCESSTOKEN", "t"),
            ("BULKHEAD_AZURE_SERVICE_CONNECTION", "c"),
        ];
        assert!(matches!(of(&azure), Some(Job::AzureDevOps { .. })));
        assert!(of(&azure[..2]).is_none());
        // What was given on purpose comes before what is there by itself.
        let both = [github[0], github[1], ("BULKHEAD_ID_TOKEN", " a.b.c\n")];
        let Some(Job::Given(token)) = of(&both) else {
            panic!("the given token");
        };
        assert_eq!(token.expose_secret(), "a.b.c");
        assert!(of(&[("BULKHEAD_ID_TOKEN", " ")]).is_none());
        assert!(!format!("{:?}", of(&both)).contains("a.b.c"));
    }
}
