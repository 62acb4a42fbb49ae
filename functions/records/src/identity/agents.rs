//! Enrolled agents.

use access::keys::sha256;
use platform::{Condition, Cursor, Page, SortRange, TableError, Write};
use schemas::{AgentId, HostId, TenantId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use crate::Listed;

use super::{
    Identity, IdentityError, encode,
    enrolment_tokens::{StoredToken, TokenState, token_key},
    tenant_key,
};

const NOUN: &str = "agents";
/// Earlier runs that are remembered of an agent.
const MAX_RETIRED: usize = 16;
/// How stale the moment an agent was last seen may be, in ms: below the time between two heartbeats, so that each of these
/// is noted and what is sent soon after one is not worth another write.
const SEEN_EVERY_MS: i64 = 5 * 60_000;

/// How long the key before the agent's own is accepted, in ms: a day, so that an answer that is lost is no lost agent.
pub const FORMER_KEY_MS: i64 = 24 * 60 * 60_000;

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its host.
    pub host: HostId,
    /// Its Ed25519 public key, base64url.
    pub public_key: String,
    /// Since when that is its key; absent while it is the one that it enrolled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_since: Option<Timestamp>,
    /// The key before that one, while it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_key: Option<FormerKey>,
    /// When somebody asked for another key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation_asked_at: Option<Timestamp>,
    /// Its host's own name.
    pub host_name: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Its version.
    pub software: String,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// With which token.
    pub enrolled_with: TokenId,
    /// When it was heard of last, to five minutes.
    pub last_seen_at: Timestamp,
    /// When its access was taken away.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    /// The run it is in.
    #[serde(default)]
    pub boot: Option<Boot>,
    /// Runs before that one, the latest first.
    #[serde(default)]
    pub retired: Vec<Boot>,
}

/// A key that an agent had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerKey {
    /// The key, base64url.
    pub public_key: String,
    /// Until when it is accepted.
    pub accepted_until: Timestamp,
}

impl Agent {
    /// The keys that its requests may be signed with now, its own first.
    pub fn accepted_keys(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let former = self.former_key.as_ref();
        let former = former.filter(|former| now < former.accepted_until);
        std::iter::once(self.public_key.as_str())
            .chain(former.map(|former| former.public_key.as_str()))
    }
}

/// What became of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is the agent's, now or by an earlier request whose answer was lost; the one before is accepted until then.
    Rotated {
        /// Until when.
        former_until: Timestamp,
        /// Whether this request did it.
        is_new: bool,
    },
    /// The request is signed by the key before, which can give the place to no other.
    Former,
    /// The agent had this key before.
    Reused,
    /// There is no such agent, or its access was taken away.
    Gone,
}

/// A run of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Its id.
    pub id: String,
    /// The earliest observation known of it.
    pub since: Timestamp,
}

/// What an agent says of itself at enrolment.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Its public key, base64url.
    pub public_key: String,
    /// Its host.
    pub host: HostId,
    /// Its host's own name.
    pub host_name: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Its version.
    pub software: String,
}

/// What became of an enrolment.
#[derive(Clone, Debug)]
pub enum Enrolment {
    /// The agent is enrolled, now or by an earlier request whose answer was lost.
    Enrolled(Box<Agent>),
    /// The token does not open the door.
    Refused(TokenState),
    /// The agent's access was taken away.
    Revoked,
}

/// Whether an observation tells something about the agent's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootNews {
    /// Nothing.
    None,
    /// A run that had ended goes on beside a later one: two agents use one key.
    Copied {
        /// The run that should have ended.
        old: String,
        /// The run after it.
        new: String,
    },
}

/// The id of the agent that has a key in a tenant.
///
/// # Errors
/// When the tenant's id leaves no room for it.
pub fn agent_id(tenant: &TenantId, public_key: &str) -> Result<AgentId, IdentityError> {
    let digest = sha256(format!("bulkhead-agent:{tenant}\n{public_key}").as_bytes());
    let hex = schemas::Digest::from_sha256(&digest);
    let short = hex.hex().get(..24).unwrap_or_default();
    format!("a-{short}.{tenant}")
        .parse()
        .map_err(IdentityError::Id)
}

/// The tenant that an agent's id names; a claim until its signature is verified.
pub fn tenant_of_agent(agent: &AgentId) -> Option<TenantId> {
    agent.as_str().split_once('.')?.1.parse().ok()
}

impl Identity {
    /// Enrols an agent with a token that was found: uses the token once and keeps the agent, both or neither. The same
    /// key with the same token again is the same agent, and uses nothing.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn enrol(
        &self,
        tenant: &TenantId,
        token_id: &TokenId,
        new: &NewAgent,
    ) -> Result<Enrolment, IdentityError> {
        let id = agent_id(tenant, &new.public_key)?;
        let key = tenant_key(tenant, NOUN, id.as_str());
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let token = self
                .read::<StoredToken>(NOUN, &token_key(tenant, token_id))
                .await?;
            let Some((mut token, version)) = token else {
                return Ok(Enrolment::Refused(TokenState::Revoked));
            };
            if let Some((known, _)) = self.read::<Agent>(NOUN, &key).await? {
                if known.revoked_at.is_some() {
                    return Ok(Enrolment::Revoked);
                }
                let holds = known.enrolled_with == *token_id
                    && matches!(token.state(now), TokenState::Valid | TokenState::UsedUp);
                if holds || token.state(now) == TokenState::Valid {
                    return Ok(Enrolment::Enrolled(Box::new(known)));
                }
                return Ok(Enrolment::Refused(token.state(now)));
            }
            let state = token.state(now);
            if state != TokenState::Valid {
                return Ok(Enrolment::Refused(state));
            }
            token.uses = token.uses.saturating_add(1);
            let agent = Agent {
                id: id.clone(),
                tenant: tenant.clone(),
                host: new.host.clone(),
                public_key: new.public_key.clone(),
                key_since: None,
                former_key: None,
                rotation_asked_at: None,
                host_name: new.host_name.clone(),
                platform: new.platform.clone(),
                software: new.software.clone(),
                enrolled_at: now,
                enrolled_with: token_id.clone(),
                last_seen_at: now,
                revoked_at: None,
                boot: None,
                retired: Vec::new(),
            };
            let writes = vec![
                Write::Put {
                    item: encode(NOUN, token_key(tenant, token_id), &token)?,
                    condition: Condition::VersionIs(version),
                },
                Write::Put {
                    item: encode(NOUN, key.clone(), &agent)?,
                    condition: Condition::NotExists,
                },
            ];
            match self.platform.table.transact(writes).await {
                Ok(()) => return Ok(Enrolment::Enrolled(Box::new(agent))),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }

    /// An agent, revoked or not.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn agent(
        &self,
        tenant: &TenantId,
        id: &AgentId,
    ) -> Result<Option<Agent>, IdentityError> {
        let found = self.agent_with_version(tenant, id).await?;
        Ok(found.map(|(agent, _)| agent))
    }

    /// An agent, revoked or not, with the version that its record has, for [`Self::seen`].
    ///
    /// # Errors
    /// When the table fails.
    pub async fn agent_with_version(
        &self,
        tenant: &TenantId,
        id: &AgentId,
    ) -> Result<Option<(Agent, u64)>, IdentityError> {
        self.read(NOUN, &tenant_key(tenant, NOUN, id.as_str()))
            .await
    }

    /// One page of a tenant's agents.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn agents(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<Agent>, IdentityError> {
        let page = Page::first(limit).after(cursor);
        self.page_of(tenant, NOUN, &SortRange::All, &page).await
    }

    /// Takes an agent's access away; `false` when the tenant has none of this id.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn revoke_agent(
        &self,
        tenant: &TenantId,
        id: &AgentId,
    ) -> Result<bool, IdentityError> {
        let now = self.now();
        self.change(tenant, id, |agent| {
            let change = agent.revoked_at.is_none();
            agent.revoked_at = agent.revoked_at.or(Some(now));
            change
        })
        .await
    }

    /// Asks an agent for another key; it makes one when it asks for its bundle next. `false` when the tenant has none of this
    /// id, or its access was taken away.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn ask_for_rotation(
        &self,
        tenant: &TenantId,
        id: &AgentId,
    ) -> Result<bool, IdentityError> {
        let now = self.now();
        let mut is_there = false;
        self.change(tenant, id, |agent| {
            is_there = agent.revoked_at.is_none();
            let change = is_there && agent.rotation_asked_at.is_none();
            if change {
                agent.rotation_asked_at = Some(now);
            }
            change
        })
        .await?;
        Ok(is_there)
    }

    /// Puts a key in the place of the one that a request is signed with. The same once more changes nothing.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn rotate_key(
        &self,
        tenant: &TenantId,
        id: &AgentId,
        signed_with: &str,
        next: &str,
    ) -> Result<Rotation, IdentityError> {
        let now = self.now();
        let mut became = Rotation::Gone;
        self.change(tenant, id, |agent| {
            let (changed, what) = judge_rotation(agent, signed_with, next, now);
            became = what;
            changed
        })
        .await?;
        Ok(became)
    }

    /// Notes that an agent was heard of, where that was not noted lately. `version` is the one that the agent was read at;
    /// when somebody wrote its record since, nothing is noted, and the next request does it.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn seen(&self, agent: &Agent, version: u64) -> Result<(), IdentityError> {
        let now = self.now();
        if agent.last_seen_at.plus_ms(SEEN_EVERY_MS) > now {
            return Ok(());
        }
        let mut seen = agent.clone();
        seen.last_seen_at = now;
        let item = encode(
            NOUN,
            tenant_key(&agent.tenant, NOUN, agent.id.as_str()),
            &seen,
        )?;
        let condition = Condition::VersionIs(version);
        match self.platform.table.put(item, condition).await {
            Ok(_) | Err(TableError::ConditionFailed { .. } | TableError::Conflict) => Ok(()),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Notes the run that an observation comes from.
    ///
    /// What a former run left in its spool may well arrive after its successor's first observations; but it was observed
    /// before them. A former run that observes something after its successor began is still running: its key was copied.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn note_boot(
        &self,
        agent: &Agent,
        boot_id: &str,
        observed_at: Timestamp,
    ) -> Result<BootNews, IdentityError> {
        // Nearly always it is the run that is known, as the request found it.
        if let (false, BootNews::None) = judge_boot(&mut agent.clone(), boot_id, observed_at) {
            return Ok(BootNews::None);
        }
        let mut news = BootNews::None;
        self.change(&agent.tenant, &agent.id, |agent| {
            let (changed, said) = judge_boot(agent, boot_id, observed_at);
            news = said;
            changed
        })
        .await?;
        Ok(news)
    }

    /// Changes an agent's record; `change` says whether it did, and may be called again.
    async fn change(
        &self,
        tenant: &TenantId,
        id: &AgentId,
        mut change: impl FnMut(&mut Agent) -> bool,
    ) -> Result<bool, IdentityError> {
        let key = tenant_key(tenant, NOUN, id.as_str());
        for _ in 0..super::ATTEMPTS {
            let Some((mut agent, version)) = self.read::<Agent>(NOUN, &key).await? else {
                return Ok(false);
            };
            if !change(&mut agent) {
                return Ok(true);
            }
            let item = encode(NOUN, key.clone(), &agent)?;
            match self
                .platform
                .table
                .put(item, Condition::VersionIs(version))
                .await
            {
                Ok(_) => return Ok(true),
                Err(TableError::ConditionFailed { .. } | TableError::Conflict) => {}
                Err(error) => return Err(IdentityError::Table(NOUN, error)),
            }
        }
        Err(IdentityError::Busy(NOUN))
    }
}

/// What a new key changes, and what becomes of it.
fn judge_rotation(
    agent: &mut Agent,
    signed_with: &str,
    next: &str,
    now: Timestamp,
) -> (bool, Rotation) {
    if agent.revoked_at.is_some() {
        return (false, Rotation::Gone);
    }
    let former = agent.former_key.as_ref();
    if agent.public_key == next {
        let former_until = former.map_or(now, |former| former.accepted_until);
        let is_new = false;
        return (
            false,
            Rotation::Rotated {
                former_until,
                is_new,
            },
        );
    }
    // Whoever found the key before has it for the overlap alone.
    if agent.public_key != signed_with {
        return (false, Rotation::Former);
    }
    if former.is_some_and(|former| former.public_key == next) {
        return (false, Rotation::Reused);
    }
    let former_until = now.plus_ms(FORMER_KEY_MS);
    agent.former_key = Some(FormerKey {
        public_key: std::mem::replace(&mut agent.public_key, next.to_owned()),
        accepted_until: former_until,
    });
    agent.key_since = Some(now);
    agent.rotation_asked_at = None;
    let is_new = true;
    (
        true,
        Rotation::Rotated {
            former_until,
            is_new,
        },
    )
}

/// What one observation changes, and tells.
fn judge_boot(agent: &mut Agent, boot_id: &str, observed_at: Timestamp) -> (bool, BootNews) {
    let fresh = Boot {
        id: boot_id.to_owned(),
        since: observed_at,
    };
    let Some(current) = agent.boot.as_mut() else {
        agent.boot = Some(fresh);
        return (true, BootNews::None);
    };
    if current.id == boot_id {
        let earlier = observed_at < current.since;
        current.since = current.since.min(observed_at);
        return (earlier, BootNews::None);
    }
    if agent.retired.iter().any(|boot| boot.id == boot_id) {
        if observed_at < current.since {
            return (false, BootNews::None);
        }
        let news = BootNews::Copied {
            old: boot_id.to_owned(),
            new: current.id.clone(),
        };
        return (false, news);
    }
    // A run that is not known: the next one, unless all it has is older than what is known of the current one.
    if observed_at < current.since {
        agent.retired.insert(0, fresh);
    } else {
        let former = std::mem::replace(current, fresh);
        agent.retired.insert(0, former);
    }
    agent.retired.truncate(MAX_RETIRED);
    (true, BootNews::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        let tenant: TenantId = "acme.eu".parse().unwrap();
        Agent {
            id: agent_id(&tenant, "key").unwrap(),
            tenant,
            host: "h".parse().unwrap(),
            public_key: "key".to_owned(),
            key_since: None,
            former_key: None,
            rotation_asked_at: None,
            host_name: "h".to_owned(),
            platform: "linux/amd64".to_owned(),
            software: "0".to_owned(),
            enrolled_at: Timestamp::from_ms(0),
            enrolled_with: "t".parse().unwrap(),
            last_seen_at: Timestamp::from_ms(0),
            revoked_at: None,
            boot: None,
            retired: Vec::new(),
        }
    }

    fn observe(agent: &mut Agent, boot: &str, at: i64) -> BootNews {
        judge_boot(agent, boot, Timestamp::from_ms(at)).1
    }

    #[test]
    fn an_agent_s_id_carries_its_tenant_whatever_that_is_called() {
        let agent = agent();
        assert_eq!(tenant_of_agent(&agent.id), Some(agent.tenant));
        assert_eq!(tenant_of_agent(&"a-1".parse().unwrap()), None);
    }

    #[test]
    fn two_runs_in_turns_are_a_copied_key() {
        let mut agent = agent();
        assert_eq!(observe(&mut agent, "a", 1), BootNews::None);
        assert_eq!(observe(&mut agent, "b", 2), BootNews::None);
        let copied = BootNews::Copied {
            old: "a".to_owned(),
            new: "b".to_owned(),
        };
        assert_eq!(observe(&mut agent, "a", 3), copied);
    }

    #[test]
    fn restarts_and_what_a_former_run_left_behind_are_not() {
        let mut agent = agent();
        for (boot, at) in [
            ("a", 1),
            ("b", 5),
            ("a", 3),
            ("c", 9),
            ("b", 8),
            ("a", 4),
            ("c", 10),
            ("z", 2),
            ("c", 11),
        ] {
            assert_eq!(
                observe(&mut agent, boot, at),
                BootNews::None,
                "{boot} at {at}"
            );
        }
    }

    #[test]
    fn only_the_key_that_counts_gives_its_place_away_and_to_none_of_before() {
        let mut agent = agent();
        let at = Timestamp::from_ms;
        let rotated = |agent: &mut Agent, by: &str, next: &str, now| {
            judge_rotation(agent, by, next, at(now)).1
        };
        let first = Rotation::Rotated {
            former_until: at(5 + FORMER_KEY_MS),
            is_new: true,
        };
        assert_eq!(rotated(&mut agent, "key", "next", 5), first);
        let keys = |agent: &Agent, now| -> Vec<String> {
            agent.accepted_keys(at(now)).map(str::to_owned).collect()
        };
        assert_eq!(keys(&agent, 4 + FORMER_KEY_MS), ["next", "key"]);
        assert_eq!(keys(&agent, 5 + FORMER_KEY_MS), ["next"]);
        // Once more, by whichever: the overlap does not grow.
        let again = Rotation::Rotated {
            former_until: at(5 + FORMER_KEY_MS),
            is_new: false,
        };
        assert_eq!(rotated(&mut agent, "key", "next", 9), again);
        assert_eq!(rotated(&mut agent, "next", "next", 9), again);
        assert_eq!(rotated(&mut agent, "key", "thief", 9), Rotation::Former);
        assert_eq!(rotated(&mut agent, "next", "key", 9), Rotation::Reused);
        agent.revoked_at = Some(at(9));
        assert_eq!(rotated(&mut agent, "next", "third", 9), Rotation::Gone);
    }

    #[test]
    fn only_so_many_runs_are_remembered() {
        let mut agent = agent();
        for at in 0..100 {
            observe(&mut agent, &format!("boot-{at}"), at);
        }
        assert_eq!(agent.retired.len(), MAX_RETIRED);
    }
}
