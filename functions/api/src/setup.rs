//! The first tenant, its administrator and an enrolment token, and new ones of each: for the host that serves the API and
//! for its command line.

use access::{
    enrolment::EnrolmentToken,
    password::{self, PasswordError},
    session::Person,
};
use records::identity::{IdentityError, SessionRecord, StoredToken, is_external};
use schemas::{SessionId, TenantId, Timestamp, UserId, api::session::Role};
use secrecy::{SecretBox, SecretString};

use crate::{
    audit::{Act, Somebody},
    people::enrolment_tokens::hosts,
    problem::ApiError,
    state::ApiState,
};

/// Why something could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The store failed.
    #[error("the store could not be read or written")]
    Store(#[from] IdentityError),
    /// A password could not be hashed.
    #[error("the one-time password could not be hashed")]
    Password(#[source] PasswordError),
    /// A fixed name is not an id.
    #[error("an id cannot be formed")]
    Id(#[source] schemas::ids::InvalidId),
    /// No randomness.
    #[error("no randomness could be had")]
    Random,
    /// A session could not be signed.
    #[error("the session could not be signed")]
    Session,
    /// It was done, and the audit log cannot be written.
    #[error("it was done, and could not be written to the audit log")]
    Audit,
    /// What is no pattern of names of hosts.
    #[error("an enrolment token cannot be limited so: {0}")]
    Hosts(String),
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// There is no such person.
    #[error("there is no person {0}")]
    NoUser(UserId),
    /// A person who has no password.
    #[error("{0} signs in by an identity provider and has no password here")]
    External(UserId),
    /// A login that nobody chooses.
    #[error("logins that begin with oidc- are of people who sign in by an identity provider")]
    Reserved,
    /// Somebody changed the person at the same moment.
    #[error("{0} was changed at the same moment: try again")]
    Meanwhile(UserId),
}

/// What the first start made.
pub struct Made {
    /// The tenant.
    pub tenant: TenantId,
    /// The administrator's login.
    pub admin: UserId,
    /// Their one-time password.
    pub one_time_password: SecretString,
    /// A token that one agent can enrol with, for a day.
    pub enrolment_token: SecretString,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made")
            .field("tenant", &self.tenant)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

/// What is wanted of an enrolment token.
#[derive(Clone, Debug)]
pub struct TokenWish {
    /// What it is for.
    pub note: String,
    /// Who makes it.
    pub created_by: String,
    /// How long it holds, in seconds.
    pub valid_for_s: u64,
    /// How many agents may enrol with it.
    pub max_uses: u32,
    /// Patterns of the names of hosts that may; none for every host.
    pub hosts: Vec<String>,
}

impl ApiState {
    /// Makes the tenant `default`, its administrator `admin` and an enrolment token; `None` when there is an administrator
    /// already. Can be repeated after it broke off.
    ///
    /// # Errors
    /// When the store or the randomness fails.
    pub async fn set_up(&self) -> Result<Option<Made>, SetupError> {
        let tenant: TenantId = "default".parse().map_err(SetupError::Id)?;
        let admin: UserId = "admin".parse().map_err(SetupError::Id)?;
        self.identity().create_tenant(&tenant).await?;
        if self.identity().user(&tenant, &admin).await?.is_some() {
            return Ok(None);
        }
        let (one_time_password, hash) = self.one_time_password()?;
        // The token comes first: once the administrator is there, nothing is made any more.
        let wish = TokenWish {
            note: "made at the first start".to_owned(),
            created_by: "setup".to_owned(),
            valid_for_s: 24 * 60 * 60,
            max_uses: 1,
            hosts: Vec::new(),
        };
        let (enrolment_token, stored) = self.create_token(&tenant, wish).await?;
        let roles = vec![Role::Admin.into()];
        if !self
            .identity()
            .create_user(&tenant, &admin, hash, roles)
            .await?
        {
            // Another process was faster; its secrets are the ones that count.
            self.identity().revoke_token(&tenant, &stored.id).await?;
            return Ok(None);
        }
        self.audit_local(&tenant, Act::new("set_up").on("person", &admin))
            .await?;
        Ok(Some(Made {
            tenant,
            admin,
            one_time_password,
            enrolment_token,
        }))
    }

    /// Gives a person a new one-time password for who works on this machine; their sessions end.
    ///
    /// # Errors
    /// When there is no such person, or the store or the randomness fails.
    pub async fn reset_password(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<SecretString, SetupError> {
        let known = self.identity().user(tenant, user).await?;
        if known.is_some_and(|known| known.external.is_some()) {
            return Err(SetupError::External(user.clone()));
        }
        let one_time_password = self.new_password(tenant, user).await?;
        self.audit_local(tenant, Act::new("reset_password").on("person", user))
            .await?;
        Ok(one_time_password)
    }

    /// Removes the second factor of a person who lost its device and their recovery codes, for who works on this machine;
    /// their sessions end.
    ///
    /// # Errors
    /// When there is no such person, or the store fails.
    pub async fn remove_second_factor(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<(), SetupError> {
        let identity = self.identity();
        let known = identity.user_at(tenant, user).await?;
        let (known, revision) = known.ok_or_else(|| SetupError::NoUser(user.clone()))?;
        let removed = identity.put_second_factor(tenant, &known, revision, None);
        if !removed.await? {
            return Err(SetupError::Meanwhile(user.clone()));
        }
        identity.end_sessions(tenant, user).await?;
        let act = Act::new("remove_second_factor_of").on("person", user);
        self.audit_local(tenant, act).await
    }

    pub(crate) async fn new_password(
        &self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<SecretString, SetupError> {
        let (one_time_password, hash) = self.one_time_password()?;
        let known = self
            .identity()
            .set_password(tenant, user, &hash, true, None)
            .await?;
        if !known {
            return Err(SetupError::NoUser(user.clone()));
        }
        self.identity().end_sessions(tenant, user).await?;
        self.identity().end_sign_in(tenant, user.as_str()).await?;
        Ok(one_time_password)
    }

    /// Creates a person with a one-time password; `None` when there is one of this login.
    ///
    /// # Errors
    /// When there is no such tenant, or the store or the randomness fails.
    pub async fn create_user(
        &self,
        tenant: &TenantId,
        user: &UserId,
        roles: Vec<Role>,
    ) -> Result<Option<SecretString>, SetupError> {
        self.known_tenant(tenant).await?;
        if is_external(user) {
            return Err(SetupError::Reserved);
        }
        let (one_time_password, hash) = self.one_time_password()?;
        let new = self
            .identity()
            .create_user(
                tenant,
                user,
                hash,
                roles.into_iter().map(Into::into).collect(),
            )
            .await?;
        if new {
            self.audit_local(tenant, Act::new("create_person").on("person", user))
                .await?;
        }
        Ok(new.then_some(one_time_password))
    }

    /// A session for scripts on the machine that holds the store: of the person `local-reader`, who sees everything,
    /// changes nothing and has no password that anybody knows. Returns its token and when it ends.
    ///
    /// # Errors
    /// When there is no such tenant, or the store or the randomness fails.
    pub async fn local_session(
        &self,
        tenant: &TenantId,
    ) -> Result<(SecretString, Timestamp), SetupError> {
        self.known_tenant(tenant).await?;
        let user: UserId = "local-reader".parse().map_err(SetupError::Id)?;
        let (_, hash) = self.one_time_password()?;
        let identity = self.identity();
        identity
            .create_user(tenant, &user, hash.clone(), vec![Role::Auditor.into()])
            .await?;
        let kept = identity.user(tenant, &user).await?;
        if kept.is_none_or(|kept| kept.one_time) {
            identity
                .set_password(tenant, &user, &hash, false, None)
                .await?;
        }
        let kept = identity
            .user(tenant, &user)
            .await?
            .ok_or_else(|| SetupError::NoUser(user.clone()))?;
        let person = Person {
            user,
            tenant: tenant.clone(),
            must_change_password: false,
            password_version: kept.password_version,
        };
        let id = self.random::<16>().map_err(|_| SetupError::Random)?;
        let session = self
            .random_hex::<16>()
            .map_err(|_| SetupError::Random)?
            .parse::<SessionId>()
            .map_err(SetupError::Id)?;
        let now = self.now();
        let lifetime_ms = access::session::LIFETIME_S.saturating_mul(1000);
        let record = SessionRecord {
            id: session.clone(),
            user: person.user.clone(),
            password_version: person.password_version,
            // Nothing has these as its hash: it is not renewed.
            family_hash: String::new(),
            secret_hash: String::new(),
            is_cookie: false,
            user_agent: "the machine that holds the store".to_owned(),
            address: None,
            created_at: now,
            last_used_at: now,
            idle_ms: lifetime_ms,
            expires_at: now.plus_ms(lifetime_ms),
        };
        identity.create_session(tenant, &record).await?;
        let (key, _) = self.session_key();
        let (session, token) = access::session::issue(person, &session, now, id, key)
            .map_err(|_| SetupError::Session)?;
        self.audit_local(
            tenant,
            Act::new("create_local_session").on("person", &session.person.user),
        )
        .await?;
        let ends = Timestamp::from_ms(session.expires_at_s.saturating_mul(1000));
        Ok((SecretString::from(token), ends))
    }

    /// Creates a tenant; says whether it is new.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<bool, SetupError> {
        let new = self.identity().create_tenant(tenant).await?;
        if new {
            self.audit_local(tenant, Act::new("create_tenant")).await?;
        }
        Ok(new)
    }

    /// Makes an enrolment token of a tenant for who works on this machine: the token, to be shown once, and what is kept of it.
    ///
    /// # Errors
    /// When there is no such tenant, or the store or the randomness fails.
    pub async fn create_token(
        &self,
        tenant: &TenantId,
        wish: TokenWish,
    ) -> Result<(SecretString, StoredToken), SetupError> {
        let (token, stored) = self.new_token(tenant, wish).await?;
        let act = Act::new("create_enrolment_token").on("enrolment_token", &stored.id);
        self.audit_local(tenant, act).await?;
        Ok((token, stored))
    }

    async fn new_token(
        &self,
        tenant: &TenantId,
        wish: TokenWish,
    ) -> Result<(SecretString, StoredToken), SetupError> {
        self.known_tenant(tenant).await?;
        hosts(&wish.hosts).map_err(SetupError::Hosts)?;
        let token = EnrolmentToken::new(
            self.random::<8>().map_err(|_| SetupError::Random)?,
            SecretBox::new(Box::new(
                self.random::<32>().map_err(|_| SetupError::Random)?,
            )),
        )
        .map_err(|_| SetupError::Random)?;
        let now = self.now();
        let valid_for_ms = i64::try_from(wish.valid_for_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        let stored = StoredToken {
            id: token.id().clone(),
            secret_hash: token.hash(),
            note: wish.note,
            created_by: wish.created_by,
            created_at: now,
            expires_at: now.plus_ms(valid_for_ms),
            max_uses: wish.max_uses,
            uses: 0,
            hosts: wish.hosts,
            revoked_at: None,
        };
        self.identity().create_token(tenant, &stored).await?;
        Ok((token.reveal(), stored))
    }

    /// A page of a tenant's enrolment tokens, all of them up to a thousand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(&self, tenant: &TenantId) -> Result<Vec<StoredToken>, SetupError> {
        Ok(self.identity().list(tenant, 1000, None).await?.records)
    }

    /// Tells the audit log what was done on the machine that holds the store.
    async fn audit_local(&self, tenant: &TenantId, act: Act) -> Result<(), SetupError> {
        let by = Somebody::system(tenant, "local");
        self.audit(&by, act).await.map_err(|_| SetupError::Audit)
    }

    async fn known_tenant(&self, tenant: &TenantId) -> Result<(), SetupError> {
        match self.identity().tenant(tenant).await? {
            Some(_) => Ok(()),
            None => Err(SetupError::NoTenant(tenant.clone())),
        }
    }

    fn one_time_password(&self) -> Result<(SecretString, String), SetupError> {
        let password = password::one_time(self.random::<15>().map_err(|_| SetupError::Random)?);
        let salt = self.random::<16>().map_err(|_| SetupError::Random)?;
        let hash = password::hash(&password, salt).map_err(SetupError::Password)?;
        Ok((password, hash))
    }
}

/// Makes an enrolment token for a caller of the API.
pub(crate) async fn make_token(
    state: &ApiState,
    tenant: &TenantId,
    wish: TokenWish,
) -> Result<(SecretString, StoredToken), ApiError> {
    state
        .new_token(tenant, wish)
        .await
        .map_err(|error| match error {
            SetupError::Store(error) => error.into(),
            other => ApiError::internal(other),
        })
}
