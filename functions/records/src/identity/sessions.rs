//! Sessions of people: each sign-in is one, listed and ended on its own; only hashes of its secrets are kept.

use platform::{Condition, Cursor, Item, Page, SortRange, TableError};
use schemas::{SessionId, TenantId, Timestamp, UserId, api::session_settings::SessionSettings};
use serde::{Deserialize, Serialize};

use crate::Listed;

use super::{
    Identity, IdentityError, User, decode, encode, lacks_second_factor, session_settings,
    tenant_key,
};

const NOUN: &str = "sessions";

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The version of the password that it began with: it ends with it.
    pub password_version: u64,
    /// SHA-256 of the part of its secret that stays, hex.
    pub family_hash: String,
    /// SHA-256 of the part of its secret that changes, hex.
    pub secret_hash: String,
    /// Whether its secret is in a browser's cookie.
    #[serde(default)]
    pub is_cookie: bool,
    /// What signed in, in its own words.
    #[serde(default)]
    pub user_agent: String,
    /// From where, where that is known.
    #[serde(default)]
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed; of a browser's, used, to within minutes.
    pub last_used_at: Timestamp,
    /// How long it may lie unused, in ms.
    pub idle_ms: i64,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    /// When it ends if it is not used any more.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.last_used_at.plus_ms(self.idle_ms))
    }

    /// The same where the tenant's settings are stricter by now than when it began.
    pub fn ends_by(&self, settings: &SessionSettings) -> Timestamp {
        let idle = self.last_used_at.plus_ms(i64::from(settings.idle_s) * 1000);
        let absolute = self
            .created_at
            .plus_ms(i64::from(settings.absolute_s) * 1000);
        self.ends_at().min(idle).min(absolute)
    }

    fn item(&self, tenant: &TenantId) -> Result<Item, IdentityError> {
        let key = session_key(tenant, &self.user, &self.id);
        // A second later, so that whoever reads it in its last one judges by the milliseconds.
        let forget = self.ends_at().as_s().saturating_add(1);
        Ok(encode(NOUN, key, self)?.with_expiry(u64::try_from(forget).unwrap_or(0)))
    }
}

/// A session that holds, with what is judged by.
#[derive(Clone, Debug)]
pub struct HeldSession {
    /// Whose it is.
    pub person: User,
    /// The session.
    pub record: SessionRecord,
    /// The version that it was read at.
    pub version: u64,
    /// The settings of its tenant.
    pub settings: SessionSettings,
}

impl HeldSession {
    /// Whether it can do nothing but set up a second factor. A session of the machine's own, which nobody signed in for, can.
    #[must_use]
    pub fn lacks_second_factor(&self) -> bool {
        !self.record.secret_hash.is_empty() && lacks_second_factor(&self.settings, &self.person)
    }
}

impl Identity {
    /// Keeps a new session.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_session(
        &self,
        tenant: &TenantId,
        session: &SessionRecord,
    ) -> Result<(), IdentityError> {
        let put = self
            .platform
            .table
            .put(session.item(tenant)?, Condition::NotExists);
        let put = put.await.map_err(|error| IdentityError::Table(NOUN, error));
        put.map(|_| ())
    }

    /// A session that holds at this moment with its person: not of an earlier password, and not of somebody who is disabled.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn session(
        &self,
        tenant: &TenantId,
        user: &UserId,
        session: &SessionId,
    ) -> Result<Option<HeldSession>, IdentityError> {
        // With the settings, so that stricter ones count at once, for one more item and no more time.
        let keys = [
            super::users::key(tenant, user),
            session_key(tenant, user, session),
            session_settings::key(tenant),
        ];
        let found = self.platform.table.get_many(&keys).await;
        let found = found.map_err(|error| IdentityError::Table(NOUN, error))?;
        let [person, session, settings] = keys
            .each_ref()
            .map(|key| found.iter().find(|item| item.key == *key));
        let (Some(person), Some(session)) = (person, session) else {
            return Ok(None);
        };
        let person: User = decode("users", person)?;
        let record: SessionRecord = decode(NOUN, session)?;
        let version = session.version;
        let settings = session_settings::settings_in(settings)?;
        let holds = record.password_version == person.password_version
            && person.disabled_at.is_none()
            && self.now() < record.ends_by(&settings);
        Ok(holds.then_some(HeldSession {
            person,
            record,
            version,
            settings,
        }))
    }

    /// Replaces a session as it was read; says whether it still was so.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn put_session(
        &self,
        tenant: &TenantId,
        session: &SessionRecord,
        version: u64,
    ) -> Result<bool, IdentityError> {
        let condition = Condition::VersionIs(version);
        match self
            .platform
            .table
            .put(session.item(tenant)?, condition)
            .await
        {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. } | TableError::Conflict) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// One page of a person's sessions.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn sessions(
        &self,
        tenant: &TenantId,
        user: &UserId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<SessionRecord>, IdentityError> {
        self.sessions_of(tenant, Some(user), limit, cursor).await
    }

    /// One page of a person's sessions, or of everybody's, by their people.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn sessions_of(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<SessionRecord>, IdentityError> {
        let range = user.map_or(SortRange::All, |user| SortRange::Prefix(format!("{user}/")));
        let page = Page::first(limit).after(cursor);
        self.page_of(tenant, NOUN, &range, &page).await
    }

    /// Ends a session at once; says whether there was one.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn end_session(
        &self,
        tenant: &TenantId,
        user: &UserId,
        session: &SessionId,
    ) -> Result<bool, IdentityError> {
        let key = session_key(tenant, user, session);
        match self.platform.table.delete(&key, Condition::Exists).await {
            Ok(()) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// Ends all sessions of a person; says how many there were.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn end_sessions(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<usize, IdentityError> {
        let mut ended = 0;
        let mut cursor = None;
        loop {
            // A page of those that have ended of themselves is empty, and others follow it.
            let page = self.sessions(tenant, user, 100, cursor).await?;
            for session in &page.records {
                ended += usize::from(self.end_session(tenant, user, &session.id).await?);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(ended);
            }
        }
    }
}

fn session_key(tenant: &TenantId, user: &UserId, session: &SessionId) -> platform::Key {
    tenant_key(tenant, NOUN, &format!("{user}/{session}"))
}
