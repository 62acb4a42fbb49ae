//! Sending notifications: each to an address that a tenant's people entered, so only public ones are reached unless the
//! operator allows others, redirects are not followed, and what is answered is read only as far as a person wants to know.

mod bounded;
mod jira;
mod mail;
mod syslog;
mod wire;

use std::time::Duration;

use notification::{ChannelSecrets, ocsf, signatures, slack, teams, webhook};
use schemas::{Timestamp, api::notification::ChannelTarget, notification::Notification as Told};
use tokio::time::timeout;

pub use self::{
    mail::is_mail_address,
    wire::{MAX_CHANNEL_AUTHORITIES_BYTES, check_authorities},
};
use crate::http::{Guard, Http, HttpError, HttpOptions, HttpRequest, retry_after};

/// Time for a whole delivery.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Time for a delivery of several requests or steps: less than an attempt is waited for.
const STEPS_TIMEOUT: Duration = Duration::from_secs(40);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 4096;
/// Most characters of an answer that are told.
const MAX_TOLD_CHARS: usize = 200;
/// The longest wait that a receiver may ask for, in seconds.
const MAX_WAIT_S: u64 = 24 * 3600;

/// Sends notifications. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    http: Http,
    guard: Guard,
}

/// What became of an attempt. Texts are for people, bounded and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered(String),
    /// It may take it later.
    Later {
        /// Why not now.
        reason: String,
        /// How long the receiver asked to wait, in seconds.
        wait_s: Option<u64>,
    },
    /// Some have it, and the others may take it later.
    Partly {
        /// Who has it not, and why.
        reason: String,
        /// Who has it since this attempt: addresses as the channel has them.
        taken_by: Vec<String>,
    },
    /// It will not take it as it is.
    Refused(String),
    /// It wants nothing of this channel any more.
    Gone(String),
}

impl Outbound {
    /// A sender to what this guard admits.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(guard: &Guard) -> Result<Self, HttpError> {
        let http = Http::new(&HttpOptions {
            guard: Some(guard.clone()),
            redirects: false,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: TOTAL_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
            ..HttpOptions::default()
        })?;
        Ok(Self {
            http,
            guard: guard.clone(),
        })
    }

    /// Sends a notification to where a channel leads. `id` is the same for every attempt; `has` are those who have it since
    /// an earlier one, of a channel that leads to several.
    pub async fn send(
        &self,
        target: &ChannelTarget,
        secrets: &ChannelSecrets,
        told: &Told,
        id: &str,
        has: &[String],
        now: Timestamp,
    ) -> Outcome {
        let secrets = &secrets.clone().of_target(target);
        match target {
            ChannelTarget::Syslog {
                host,
                port,
                transport,
                authorities,
            } => {
                let server = syslog::Server {
                    host,
                    port: *port,
                    transport: *transport,
                    authorities: authorities.as_deref(),
                };
                let sent = syslog::send(&self.guard, &server, told, id);
                return in_time(sent).await;
            }
            ChannelTarget::Email { settings } => {
                let mail = mail::Sent {
                    settings,
                    told,
                    id,
                    has,
                    now,
                };
                return mail::send(&self.guard, &mail, secrets).await;
            }
            ChannelTarget::Jira { settings } => {
                let sent = jira::send(&self.http, settings, secrets, told, id);
                return in_time(sent).await;
            }
            ChannelTarget::Webhook { .. }
            | ChannelTarget::Slack { .. }
            | ChannelTarget::Teams { .. }
            | ChannelTarget::Ocsf { .. }
            | ChannelTarget::OcsfStore
            | ChannelTarget::Unknown => {}
        }
        let Some(request) = request(target, secrets, told, id, now) else {
            return Outcome::Refused(
                "this version cannot send to this kind of channel, or its secret is missing"
                    .to_owned(),
            );
        };
        match self.http.begin(request).await {
            Ok(mut answer) => {
                let status = answer.status();
                let wait = answer.header("retry-after").map(str::to_owned);
                let mut body = Vec::new();
                // What a receiver says is only told to people: where it breaks off does not matter.
                while body.len() < MAX_ANSWER_BYTES
                    && let Ok(Some(chunk)) = answer.chunk().await
                {
                    body.extend_from_slice(&chunk);
                }
                let said = told_answer(answer.host(), status, &body, secrets);
                judge(status, said, wait.as_deref())
            }
            Err(error) => failure(&error, secrets),
        }
    }
}

/// The outcome of several steps, if they come to one in time.
async fn in_time(sent: impl Future<Output = Outcome>) -> Outcome {
    let late = |_| Outcome::Later {
        reason: "it did not answer in time".to_owned(),
        wait_s: None,
    };
    timeout(STEPS_TIMEOUT, sent).await.unwrap_or_else(late)
}

fn request(
    target: &ChannelTarget,
    secrets: &ChannelSecrets,
    told: &Told,
    id: &str,
    now: Timestamp,
) -> Option<HttpRequest> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let (url, body) = match target {
        ChannelTarget::Webhook { .. } => {
            let body = webhook(told).to_string();
            let signing = secrets.signing(now);
            if signing.is_empty() {
                return None;
            }
            let signed = signatures(&signing, id, now.as_s(), &body);
            headers.extend([
                ("webhook-id".to_owned(), id.to_owned()),
                ("webhook-timestamp".to_owned(), now.as_s().to_string()),
                ("webhook-signature".to_owned(), signed),
            ]);
            (secrets.url()?.to_owned(), body)
        }
        ChannelTarget::Slack { .. } => (secrets.url()?.to_owned(), slack(told).to_string()),
        ChannelTarget::Teams { .. } => (secrets.url()?.to_owned(), teams(told).to_string()),
        ChannelTarget::Ocsf { .. } => {
            if let Some(value) = secrets.authorization() {
                headers.push(("authorization".to_owned(), value.to_owned()));
            }
            (secrets.url()?.to_owned(), ocsf(told).to_string())
        }
        ChannelTarget::Syslog { .. }
        | ChannelTarget::Email { .. }
        | ChannelTarget::Jira { .. }
        // Of the platform and not of this.
        | ChannelTarget::OcsfStore
        | ChannelTarget::Unknown => return None,
    };
    Some(HttpRequest {
        method: "POST".to_owned(),
        url,
        headers,
        body: body.into_bytes(),
    })
}

/// What an answer means. Sources: Standard Webhooks, "Response status codes"; RFC 9110.
fn judge(status: u16, said: String, wait: Option<&str>) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered(said),
        410 => Outcome::Gone(said),
        // Too early, too slow, too much: as it is for now.
        408 | 425 | 429 | 500..=599 => Outcome::Later {
            reason: said,
            wait_s: wait
                .and_then(retry_after)
                .map(|wait| wait.as_secs().min(MAX_WAIT_S)),
        },
        300..=399 => Outcome::Refused(format!(
            "{said}; redirects are not followed, so enter the address that it leads to"
        )),
        _ => Outcome::Refused(said),
    }
}

fn told_answer(host: &str, status: u16, body: &[u8], secrets: &ChannelSecrets) -> String {
    let text = String::from_utf8_lossy(body);
    let text: String = secrets
        .removed_from(&text)
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TOLD_CHARS)
        .collect();
    let text = text.trim();
    if text.is_empty() {
        format!("{host} answered {status}")
    } else {
        format!("{host} answered {status}: {text}")
    }
}

/// Why nothing was answered, without the address, which may be a secret.
fn failure(error: &HttpError, secrets: &ChannelSecrets) -> Outcome {
    match error {
        HttpError::Unreachable { host, source } => {
            let why = if source.is_timeout() {
                "it did not answer in time".to_owned()
            } else {
                innermost(source)
            };
            Outcome::Later {
                reason: secrets.removed_from(&format!("cannot reach {host}: {why}")),
                wait_s: None,
            }
        }
        HttpError::Internal(_) => Outcome::Refused(
            "the address is of this machine or a private network, which this service does not ask"
                .to_owned(),
        ),
        HttpError::NotEncrypted(_) => {
            Outcome::Refused("the address is not encrypted; use https://".to_owned())
        }
        HttpError::Header(name) => Outcome::Refused(format!("the header `{name}` cannot be sent")),
        _ => Outcome::Refused("the address cannot be used".to_owned()),
    }
}

/// The last cause, which names no address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut text = "the connection failed".to_owned();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
