//! A server beside a scan: it says what its scans are held against, and keeps their results.

use std::{future::Future, time::Duration};

use anyhow::Context;
use policy::{Authority, Form, Gate, Policy};
use schemas::{
    api::{
        policy::{PolicyDetail, PolicyForm},
        scan::ScanRow,
    },
    report::Report,
};
use secrecy::ExposeSecret;

use super::{
    client::{Address, Client},
    job,
    secret::Credentials,
};
use crate::{
    args::GateArgs,
    exit::{Exit, Failure},
    output,
};

/// The policy of scans in builds.
const POLICY: &str = "/api/v1/policies/ci";
const SCANS: &str = "/api/v1/scans";
/// The most that a server takes in one piece, in bytes as they are sent.
const MAX_SENT_BYTES: usize = 4 << 20;
/// How long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Level of compression: reports are text that repeats itself, and the line to a server may be slow.
const LEVEL: i32 = 3;

/// The server of `--server`.
pub struct Server {
    client: Client,
    name: String,
    credentials: Credentials,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    /// The server that the command line names; `None` when it names none.
    ///
    /// # Errors
    /// When there is no token, or the address cannot be used.
    pub fn open(args: &GateArgs) -> Result<Option<Self>, Failure> {
        let Some(name) = &args.server else {
            return Ok(None);
        };
        let credentials =
            Credentials::token(args.server_token_file.as_deref()).map_err(|failure| {
                failure.advise("give a token or an API key with --server-token-file FILE (- for standard input) or BULKHEAD_TOKEN")
            })?;
        let client = Client::new(&Address {
            server: name,
            ca_file: args.server_ca_file.as_deref(),
            allow_http: args.server_allow_http,
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::unreachable)?;
        Ok(Some(Self {
            client,
            name: name.clone(),
            credentials,
            runtime,
        }))
    }

    /// Whether it may be asked before a scan and once more after it, however long that takes. With a job's token that was given it
    /// is asked only after: that is exchanged once, and what it is exchanged for may not last as long.
    #[must_use]
    pub fn may_be_asked_early(&self) -> bool {
        match &self.credentials {
            Credentials::Job(job) => job.is_renewable(),
            Credentials::Token(_) | Credentials::Login { .. } => true,
        }
    }

    /// Finds out whether the server can be reached, so that one that is away costs no time.
    ///
    /// # Errors
    /// When it cannot.
    pub fn reach(&self) -> Result<(), Failure> {
        self.wait(self.client.reach())
    }

    /// Adds the server's policy to a gate, where one is set.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or has a policy that this version cannot read.
    pub fn ask(&self, gate: &mut Gate) -> Result<(), Failure> {
        let headers = self.headers()?;
        let asked = self
            .client
            .find::<PolicyDetail>("GET", POLICY, headers, Vec::new());
        let Some(found) = self.wait(asked)? else {
            output::tell(&format!(
                "bulkhead: {} has no policy for scans, so it only keeps the result\n",
                crate::text::plain(&self.name)
            ));
            return Ok(());
        };
        let form = match found.policy.form {
            PolicyForm::Toml => Form::Toml,
            PolicyForm::Yaml => Form::Yaml,
            PolicyForm::Unknown => {
                let error =
                    anyhow::anyhow!("the policy of {} has a form that is not known", self.name);
                return Err(Failure::input(error).advise("use the release that the server has"));
            }
        };
        let policy = Policy::parse(&self.name, form, found.policy.text.as_bytes())
            .with_context(|| format!("use the policy of {}", self.name))
            .map_err(|error| Failure::input(error).advise("use the release that the server has"))?;
        gate.policy(Authority::Server, policy);
        Ok(())
    }

    /// Sends a report.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn upload(&self, report: &Report) -> Result<ScanRow, Failure> {
        let json = serde_json::to_vec(report)
            .context("write the report as JSON")
            .map_err(Failure::input)?;
        let body = zstd::bulk::compress(&json, LEVEL)
            .context("compress the report")
            .map_err(Failure::input)?;
        if body.len() > MAX_SENT_BYTES {
            let error = anyhow::anyhow!(
                "send the result to {}: it has {} bytes, and a server takes {MAX_SENT_BYTES}",
                self.name,
                body.len()
            );
            return Err(Failure::input(error).advise("scan the parts one by one"));
        }
        let mut headers = self.headers()?;
        // As JSON a gateway in the cloud would hand it on as text, which compressed bytes do not survive.
        let kind = "application/octet-stream";
        headers.push(("content-type".to_owned(), kind.to_owned()));
        headers.push(("content-encoding".to_owned(), "zstd".to_owned()));
        self.wait(self.client.json("POST", SCANS, headers, body))
    }

    /// The headers of what is sent now.
    fn headers(&self) -> Result<Vec<(String, String)>, Failure> {
        let token = match &self.credentials {
            Credentials::Job(job) => self.wait(job.token(&self.client, job::environment))?,
            Credentials::Token(token) => token.clone(),
            Credentials::Login { .. } => {
                return Err(Failure::input(anyhow::anyhow!("a scan takes a token")));
            }
        };
        Ok(vec![
            ("accept".to_owned(), "application/json".to_owned()),
            (
                "authorization".to_owned(),
                format!("Bearer {}", token.expose_secret()),
            ),
        ])
    }

    fn wait<T>(&self, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, asked).await })
            .map_err(|_| Failure {
                exit: Exit::Unreachable,
                error: anyhow::anyhow!(
                    "ask {}: no answer within {} seconds",
                    self.name,
                    PATIENCE.as_secs()
                ),
                advice: Some("look at the server's log".to_owned()),
            })?
    }
}
