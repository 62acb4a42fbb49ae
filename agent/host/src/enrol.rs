//! Enrolment: a key is made here, and a token makes it known to the server.

use access::enrolment::prove;
use schemas::{Timestamp, agent::EnrolRequest};
use secrecy::{ExposeSecret, SecretString};
use std::{fs, path::PathBuf};

use crate::{
    SOFTWARE,
    clock::Clock,
    discover, key,
    state::{Enrolled, StateDir, StateError},
    uplink::{self, UplinkError},
};

/// Why the agent was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The agent is enrolled already.
    #[error("this agent is enrolled at {server} already: --force enrols it anew, with a new key")]
    Already {
        /// Where.
        server: String,
    },
    /// The folder could not be used.
    #[error("the agent's folder could not be used")]
    State(#[from] StateError),
    /// The server was not reached, or refused.
    #[error("the server did not enrol the agent")]
    Uplink(#[from] UplinkError),
}

/// What enrolment is asked for with.
pub struct Wanted {
    /// Address of the server.
    pub server: String,
    /// The enrolment token.
    pub token: SecretString,
    /// Certificates that the server's has to come from.
    pub ca: Option<PathBuf>,
    /// Whether a server without TLS on another host is allowed.
    pub allow_http: bool,
    /// Whether to enrol anew.
    pub force: bool,
}

/// Enrols the agent of this folder.
///
/// # Errors
/// Says at which step it failed; a key that was made stays for the next attempt.
pub async fn enrol(state: &StateDir, wanted: Wanted) -> Result<Enrolled, EnrolError> {
    match state.enrolled() {
        Ok(known) if !wanted.force => {
            return Err(EnrolError::Already {
                server: known.server,
            });
        }
        Ok(_) => forget(state)?,
        Err(StateError::NotEnrolled(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let server = uplink::server_address(&wanted.server, wanted.allow_http)?;
    let ca = wanted
        .ca
        .map(|path| std::path::absolute(&path).unwrap_or(path));
    let http = uplink::client(ca.as_deref())?;
    let key = match key::load(state)? {
        Some(key) => key,
        None => key::create(state)?,
    };
    let token = wanted.token.expose_secret().trim();
    let request = EnrolRequest {
        token: token.to_owned(),
        public_key: key.public().to_base64url(),
        proof: prove(token, &key),
        host_name: discover::host_name(),
        machine: discover::machine(state)?,
        platform: discover::platform(),
        software: SOFTWARE.to_owned(),
    };
    let clock = Clock::default();
    let reply = uplink::enrol(&http, &server, &request, &clock).await?;
    access::PublicKey::from_base64url(&reply.bundle_key).map_err(|error| {
        UplinkError::Answer(format!("the key for bundles is not usable: {error}"))
    })?;
    warn_of_wrong_clock(reply.server_time);
    let enrolled = Enrolled {
        version: 1,
        server: server.to_string(),
        ca,
        allow_http: wanted.allow_http,
        agent: reply.agent,
        tenant: reply.tenant,
        host: reply.host,
        bundle_key: reply.bundle_key,
    };
    state.write("agent.json", &enrolled)?;
    Ok(enrolled)
}

/// Forgets the server that the agent was enrolled at. What was observed for it is another owner's and is not sent on.
fn forget(state: &StateDir) -> Result<(), StateError> {
    for name in [
        "agent.json",
        "agent.key",
        "agent.key.next",
        "rotation.json",
        "bundle.json",
        "sent.json",
        "images.json",
        "spool",
    ] {
        let path = state.path(name);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        match removed {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StateError::Write { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn warn_of_wrong_clock(server: Timestamp) {
    let difference_ms = server.as_ms().saturating_sub(Clock::local().as_ms());
    if difference_ms.saturating_abs() > 30_000 {
        tracing::warn!(
            difference_ms,
            "this host's clock differs from the server's; requests are signed by the server's"
        );
    }
}
