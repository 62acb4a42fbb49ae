//! Alerts: what somebody has to look at.

use access::keys::sha256;
use platform::{Condition, Cursor, Item, Page, SortRange, TableError, Write};
use schemas::{AgentId, HostId, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Listed;

use super::{Identity, IdentityError, encode, tenant_key};

const NOUN: &str = "alerts";
/// Where the names of alerts are kept, so that one is raised once.
const NAMES: &str = "alert-names";

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id; the same for the same thing, which raises it once.
    pub id: String,
    /// Its kind, such as `agent-key-copied`.
    pub kind: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// What happened and what to do, for people.
    pub summary: String,
    /// The agent it is about.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// The host it is about.
    #[serde(default)]
    pub host: Option<HostId>,
}

impl Alert {
    /// An alert about an agent; `about` distinguishes it from others of its kind.
    pub fn of_agent(
        kind: &str,
        agent: &AgentId,
        host: &HostId,
        about: &str,
        now: Timestamp,
        summary: String,
    ) -> Self {
        let digest = sha256(format!("{kind}\n{agent}\n{about}").as_bytes());
        let hex = schemas::Digest::from_sha256(&digest);
        Self {
            id: hex.hex().get(..24).unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            raised_at: now,
            summary,
            agent: Some(agent.clone()),
            host: Some(host.clone()),
        }
    }
}

impl Alert {
    /// An alert about a session of a person.
    pub fn of_session(kind: &str, user: &UserId, session: &SessionId, now: Timestamp) -> Self {
        let digest = sha256(format!("{kind}\n{user}\n{session}").as_bytes());
        let hex = schemas::Digest::from_sha256(&digest);
        Self {
            id: hex.hex().get(..24).unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            raised_at: now,
            summary: format!(
                "A secret of session {session} of {user} was used again after it had been replaced: it was copied, or an \
                 answer was lost. The session was ended. Unless {user} knows of a lost answer, have them change their \
                 password and look at their sessions."
            ),
            agent: None,
            host: None,
        }
    }
}

impl Identity {
    /// Raises an alert; `false` when it was raised before.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn raise(&self, tenant: &TenantId, alert: &Alert) -> Result<bool, IdentityError> {
        let sort = format!("{:015}-{}", alert.raised_at.as_ms().max(0), alert.id);
        let record = encode(NOUN, tenant_key(tenant, NOUN, &sort), alert)?;
        let name = Item::new(tenant_key(tenant, NAMES, &alert.id), sort.into_bytes());
        let writes = [name, record]
            .map(|item| Write::Put {
                item,
                condition: Condition::NotExists,
            })
            .to_vec();
        match self.platform.table.transact(writes).await {
            Ok(()) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// One page of a tenant's alerts, the latest first.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn alerts(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<Alert>, IdentityError> {
        let page = Page {
            limit,
            cursor,
            descending: true,
        };
        self.page_of(tenant, NOUN, &SortRange::All, &page).await
    }
}
