//! Telling the audit log what was done. Every operation of people that changes something does, after it did it and before it
//! answers: a test walks them all.
//!
//! ```ignore
//! let act = Act::new("revoke_agent").on("agent", &id).before(&row)?.after(&changed)?;
//! state.audit(&caller, act).await?;
//! ```
//! What is given as before and after are rows as the API answers them, never records: these have no secrets.

use std::fmt::Display;

use records::audit::NewEntry;
use schemas::{
    TenantId,
    api::audit::{AuditActor, AuditActorKind, AuditOutcome, AuditTarget},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    auth::{Allowed, Principal, Scoped},
    problem::{ApiError, Kind},
    request_id,
    state::ApiState,
};

/// Something that was done or refused.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    operation: &'static str,
    target: Option<AuditTarget>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Act {
    /// An operation by its `operationId`, or something that is none by a name of its own.
    pub(crate) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            target: None,
            before: None,
            after: None,
        }
    }

    /// The same, done to this thing.
    pub(crate) fn on(mut self, kind: &str, id: impl Display) -> Self {
        self.target = Some(AuditTarget {
            kind: kind.to_owned(),
            id: id.to_string(),
        });
        self
    }

    /// The same, of a thing that was like this.
    pub(crate) fn before(mut self, view: &impl Serialize) -> Result<Self, ApiError> {
        self.before = Some(serde_json::to_value(view).map_err(ApiError::internal)?);
        Ok(self)
    }

    /// The same, of a thing that is like this now.
    pub(crate) fn after(mut self, view: &impl Serialize) -> Result<Self, ApiError> {
        self.after = Some(serde_json::to_value(view).map_err(ApiError::internal)?);
        Ok(self)
    }

    fn entry(self, actor: AuditActor, outcome: AuditOutcome) -> NewEntry {
        NewEntry {
            actor,
            operation: self.operation.to_owned(),
            outcome,
            count: 1,
            target: self.target,
            origin: request_id::origin(),
            before: self.before,
            after: self.after,
        }
    }
}

/// Who does something, for the audit log.
pub(crate) trait Acts {
    /// Their tenant.
    fn tenant(&self) -> &TenantId;
    /// Who they are.
    fn actor(&self) -> AuditActor;
}

impl<N> Acts for Allowed<N> {
    fn tenant(&self) -> &TenantId {
        Allowed::tenant(self)
    }

    fn actor(&self) -> AuditActor {
        Allowed::actor(self)
    }
}

impl<N> Acts for Scoped<N> {
    fn tenant(&self) -> &TenantId {
        Allowed::tenant(self)
    }

    fn actor(&self) -> AuditActor {
        Allowed::actor(self)
    }
}

impl Acts for Principal {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn actor(&self) -> AuditActor {
        Principal::actor(self)
    }
}

/// Somebody of a tenant.
pub(crate) struct Somebody {
    tenant: TenantId,
    actor: AuditActor,
}

impl Somebody {
    /// Who has this id; nothing is said of roles.
    pub(crate) fn new(tenant: &TenantId, kind: AuditActorKind, id: impl Display) -> Self {
        Self {
            tenant: tenant.clone(),
            actor: AuditActor {
                kind,
                id: id.to_string(),
                name: None,
                roles: Vec::new(),
            },
        }
    }

    /// Who was found to be this.
    pub(crate) fn of(tenant: &TenantId, actor: AuditActor) -> Self {
        Self {
            tenant: tenant.clone(),
            actor,
        }
    }

    /// Nobody that is known.
    pub(crate) fn anonymous(tenant: &TenantId) -> Self {
        Self::new(tenant, AuditActorKind::Anonymous, "anonymous")
    }

    /// The service itself, or who works on its machine.
    pub(crate) fn system(tenant: &TenantId, id: &str) -> Self {
        Self::new(tenant, AuditActorKind::System, id)
    }
}

impl Acts for Somebody {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn actor(&self) -> AuditActor {
        self.actor.clone()
    }
}

impl ApiState {
    /// Tells that something was done.
    ///
    /// # Errors
    /// When it cannot be told: then the operation fails, although it happened.
    pub(crate) async fn audit(&self, by: &impl Acts, act: Act) -> Result<(), ApiError> {
        let operation = act.operation;
        let told = self
            .audit_log()
            .append(by.tenant(), act.entry(by.actor(), AuditOutcome::Done))
            .await;
        told.map(|_| ()).map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(operation, tenant = %by.tenant(), by = by.actor().id, error, "done, and not in the audit log");
            request_id::note_done_untold();
            ApiError::new(
                Kind::Unavailable,
                "It was done, and could not be written to the audit log: look at what is there before you send it again.",
            )
        })
    }

    /// Tells that something is going to be asked of somebody outside, by what ends when its caller leaves: afterwards there may
    /// be nobody to tell it.
    ///
    /// # Errors
    /// When it cannot be told: then it is not asked.
    pub(crate) async fn audit_asking(&self, by: &impl Acts, act: Act) -> Result<(), ApiError> {
        let entry = act.entry(by.actor(), AuditOutcome::Done);
        let told = self.audit_log().append(by.tenant(), entry).await;
        told.map(|_| ()).map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(tenant = %by.tenant(), by = by.actor().id, error, "not in the audit log, so not done");
            let why = "Nothing was done, since it could not be written to the audit log; send it again.";
            ApiError::new(Kind::Unavailable, why)
        })
    }

    /// Tells that something was refused. What cannot be told is refused all the same.
    pub(crate) async fn audit_refusal(&self, by: &impl Acts, act: Act) {
        let operation = act.operation;
        let entry = act.entry(by.actor(), AuditOutcome::Refused);
        if let Err(error) = self.audit_log().refused(by.tenant(), entry).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(operation, tenant = %by.tenant(), error, "a refusal is not in the audit log");
        }
    }
}
