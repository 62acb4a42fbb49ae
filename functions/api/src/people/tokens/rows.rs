//! What lets somebody in, kind by kind, as far as a caller may see it.

use access::{Permission, Reach};
use platform::Cursor;
use records::{
    Registries, RegistryRecord,
    identity::{
        Agent, ApiKey, ApiKeyState, Invitation, SessionRecord, StoredToken, TokenState as Enrols,
        TrustedBuild,
    },
};
use schemas::{
    Timestamp, UserId,
    api::{
        session_settings::SessionSettings,
        token::{TokenKind, TokenRow, TokenState},
    },
};

use crate::{
    auth::{Principal, Scoped, needs},
    people::session::begin::settings,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// The kinds in the order of the list.
pub(super) const KINDS: [TokenKind; 7] = [
    TokenKind::ApiKey,
    TokenKind::TrustedBuild,
    TokenKind::EnrolmentToken,
    TokenKind::Agent,
    TokenKind::Session,
    TokenKind::Invitation,
    TokenKind::WebhookSecret,
];

/// Who looks, and at whose.
pub(super) struct Look<'a> {
    pub(super) state: &'a ApiState,
    pub(super) caller: &'a Principal,
    /// The person whose things alone are wanted; what is of nobody who can be one is of nobody.
    pub(super) owner: Option<UserId>,
}

/// Some rows, and where those after them begin.
pub(super) type Rows = (Vec<TokenRow>, Option<Cursor>);

impl Look<'_> {
    fn sees_all(&self, permission: Permission) -> bool {
        self.caller.grants.reach(permission) == Reach::Tenant
    }

    /// Whose keys or sessions are listed: those of one person, or everybody's; `None` where the caller may see none of those
    /// that are wanted.
    fn whose(&self, all: Permission) -> Option<Option<UserId>> {
        if self.sees_all(all) {
            return Some(self.owner.clone());
        }
        let own = self.caller.came.user()?;
        let is_wanted = self.owner.as_ref().is_none_or(|owner| owner == own);
        is_wanted.then(|| Some(own.clone()))
    }

    /// Some rows of a kind. What the caller may not see is as if it were not there.
    pub(super) async fn rows(
        &self,
        kind: TokenKind,
        limit: u32,
        at: Option<Cursor>,
    ) -> Result<Rows, ApiError> {
        let (identity, tenant) = (self.state.identity(), &self.caller.tenant);
        let now = self.state.now();
        let nothing = Ok((Vec::new(), None));
        match kind {
            TokenKind::ApiKey => {
                let Some(owner) = self.whose(Permission::ReadTokens) else {
                    return nothing;
                };
                let found = identity.api_keys(tenant, owner.as_ref(), limit, at).await?;
                let rows = found.records.into_iter().map(|key| api_key(key, now));
                Ok((rows.collect(), found.next))
            }
            TokenKind::Session => {
                let Some(user) = self.whose(Permission::ManagePeople) else {
                    return nothing;
                };
                let found = identity
                    .sessions_of(tenant, user.as_ref(), limit, at)
                    .await?;
                let settings = settings(self.state, tenant).await?;
                let records = found.records.into_iter();
                let rows = records.map(|record| session(record, &settings, now));
                Ok((rows.collect(), found.next))
            }
            TokenKind::TrustedBuild if self.sees_all(Permission::ReadTokens) => {
                let found = identity.list(tenant, limit, at).await?;
                Ok((
                    found.records.into_iter().map(trusted_build).collect(),
                    found.next,
                ))
            }
            TokenKind::EnrolmentToken if self.sees_all(Permission::ReadEnrolmentTokens) => {
                let found = identity.list(tenant, limit, at).await?;
                let rows = found.records.into_iter().map(|token| enrols(token, now));
                Ok((rows.collect(), found.next))
            }
            TokenKind::Invitation if self.sees_all(Permission::ReadPeople) => {
                let found = identity.list::<Invitation>(tenant, limit, at).await?;
                let open = found.records.into_iter().filter(|kept| kept.is_open(now));
                Ok((open.map(invitation).collect(), found.next))
            }
            TokenKind::WebhookSecret if self.sees_all(Permission::ReadRegistries) => {
                let found = Registries(self.state.platform())
                    .list(tenant, limit, at)
                    .await?;
                let rows = found.records.iter().flat_map(webhook_secrets);
                Ok((rows.collect(), found.next))
            }
            TokenKind::Agent if self.caller.grants.allows(Permission::ReadAgents) => {
                let caller = Scoped::<needs::ReadAgents>::by(self.caller.clone(), self.state).await;
                let caller = caller?;
                let sight = if caller.scope().is_everything() {
                    None
                } else {
                    Some(Sight::of(self.state, tenant, caller.scope()).await?)
                };
                let is_seen = |agent: &Agent| {
                    sight
                        .as_ref()
                        .is_none_or(|sight| sight.has_host(&agent.host, &agent.host_name))
                };
                let found = identity.agents(tenant, limit, at).await?;
                let seen = found.records.into_iter().filter(is_seen);
                Ok((seen.map(agent).collect(), found.next))
            }
            TokenKind::TrustedBuild
            | TokenKind::EnrolmentToken
            | TokenKind::Invitation
            | TokenKind::WebhookSecret
            | TokenKind::Agent
            | TokenKind::Unknown => nothing,
        }
    }
}

fn api_key(key: ApiKey, now: Timestamp) -> TokenRow {
    TokenRow {
        kind: TokenKind::ApiKey,
        state: match key.state(now) {
            ApiKeyState::Valid => TokenState::Valid,
            ApiKeyState::Expired => TokenState::Expired,
            ApiKeyState::Revoked => TokenState::Revoked,
        },
        id: key.id.to_string(),
        name: key.note,
        owner: Some(key.owner.to_string()),
        created_at: key.created_at,
        expires_at: Some(key.expires_at),
        last_used_at: key.last_used_at,
    }
}

fn trusted_build(rule: TrustedBuild) -> TokenRow {
    TokenRow {
        kind: TokenKind::TrustedBuild,
        id: rule.id.to_string(),
        name: if rule.note.is_empty() {
            rule.issuer
        } else {
            rule.note
        },
        owner: Some(rule.created_by),
        created_at: rule.created_at,
        expires_at: None,
        last_used_at: None,
        state: TokenState::Valid,
    }
}

fn enrols(token: StoredToken, now: Timestamp) -> TokenRow {
    TokenRow {
        kind: TokenKind::EnrolmentToken,
        state: match token.state(now) {
            Enrols::Valid => TokenState::Valid,
            Enrols::Expired => TokenState::Expired,
            Enrols::UsedUp => TokenState::UsedUp,
            Enrols::Revoked => TokenState::Revoked,
        },
        id: token.id.to_string(),
        name: token.note,
        owner: Some(token.created_by),
        created_at: token.created_at,
        expires_at: Some(token.expires_at),
        last_used_at: None,
    }
}

fn agent(agent: Agent) -> TokenRow {
    TokenRow {
        kind: TokenKind::Agent,
        state: if agent.revoked_at.is_some() {
            TokenState::Revoked
        } else {
            TokenState::Valid
        },
        id: agent.id.to_string(),
        name: agent.host_name,
        owner: None,
        created_at: agent.key_since.unwrap_or(agent.enrolled_at),
        expires_at: None,
        last_used_at: Some(agent.last_seen_at),
    }
}

fn session(record: SessionRecord, settings: &SessionSettings, now: Timestamp) -> TokenRow {
    let ends_at = record.ends_by(settings);
    TokenRow {
        kind: TokenKind::Session,
        // A session is of its person's: the id alone does not find it.
        id: format!("{}.{}", record.id, record.user),
        name: record.user_agent,
        owner: Some(record.user.to_string()),
        created_at: record.created_at,
        expires_at: Some(ends_at),
        last_used_at: Some(record.last_used_at),
        state: if now < ends_at {
            TokenState::Valid
        } else {
            TokenState::Expired
        },
    }
}

fn invitation(kept: Invitation) -> TokenRow {
    TokenRow {
        kind: TokenKind::Invitation,
        id: kept.id.to_string(),
        name: kept.note,
        owner: Some(kept.created_by),
        created_at: kept.created_at,
        expires_at: Some(kept.expires_at),
        last_used_at: None,
        state: TokenState::Valid,
    }
}

fn webhook_secrets(record: &RegistryRecord) -> Vec<TokenRow> {
    let row = |made_at: Timestamp| TokenRow {
        kind: TokenKind::WebhookSecret,
        // A registry has up to two at once.
        id: format!("{}.{}", record.id, made_at.as_ms()),
        name: record.settings.name.clone(),
        owner: None,
        created_at: made_at,
        expires_at: None,
        last_used_at: None,
        state: TokenState::Valid,
    };
    let secrets = record.webhook_secrets.iter();
    secrets.map(|secret| row(secret.made_at)).collect()
}
