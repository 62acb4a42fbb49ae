//! Setting a policy.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use policy::{Form, Policy};
use records::{Policies, policies::PolicyRecord};
use schemas::api::{
    Problem,
    policy::{PolicyDetail, PolicyForm, PolicyText},
};

use super::{answer, detail, known};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromLargeJson, FromPath},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Sets the policy that scans in builds are held against. One that is set is replaced only by who names its state.
#[utoipa::path(
    put,
    path = "/api/v1/policies/{id}",
    tag = "policies",
    operation_id = "set_policy",
    params(
        ("id" = String, Path, description = "`ci`"),
        ("if-match" = Option<String>, Header, description = "ETag of the state that it replaces; absent where none is set"),
    ),
    request_body = PolicyText,
    responses(
        (status = 200, description = "It is set", body = PolicyDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "It cannot be read as a policy; the problem names line and key", body = Problem),
        (status = 404, description = "No such policy", body = Problem),
        (status = 412, description = "Another state is set than the one named", body = Problem),
        (status = 413, description = "Larger than a policy that is kept, 256 KiB", body = Problem),
    ),
    security(("session" = ["policies.manage"]))
)]
pub(crate) async fn set(
    caller: Allowed<needs::ManagePolicies>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<String>,
    headers: HeaderMap,
    FromLargeJson(wanted, _turn): FromLargeJson<PolicyText>,
) -> Result<Response, ApiError> {
    let id = known(&id)?;
    let form = match wanted.form {
        PolicyForm::Toml => Form::Toml,
        PolicyForm::Yaml => Form::Yaml,
        PolicyForm::Unknown => {
            return Err(ApiError::new(
                Kind::BadRequest,
                "`form` is `toml` or `yaml`.",
            ));
        }
    };
    let read = Policy::parse(id, form, wanted.text.as_bytes())
        .map_err(|error| ApiError::new(Kind::BadRequest, error.to_string()))?;
    if !read.has_rules() {
        return Err(ApiError::new(
            Kind::BadRequest,
            "The policy has no rule, so nothing could ever violate it: add one under `fail_on`.",
        ));
    }
    let policies = Policies(state.platform());
    let before = policies.get(caller.tenant(), id).await?;
    let revision = before.as_ref().map(|(_, revision)| *revision);
    let agreed = match revision {
        Some(revision) => etag::must_match(&headers, revision).is_ok(),
        None => !headers.contains_key(header::IF_MATCH),
    };
    let changed = || {
        ApiError::new(
            Kind::PreconditionFailed,
            "Read the policy, and send its ETag as `if-match`; send none where no policy is set.",
        )
    };
    if !agreed {
        return Err(changed());
    }
    let record = PolicyRecord::new(wanted, state.now(), caller.name());
    if !policies.put(caller.tenant(), id, &record, revision).await? {
        return Err(changed());
    }
    tracing::info!(policy = id, by = caller.name(), tenant = %caller.tenant(), "policy set");
    let kept = policies.get(caller.tenant(), id).await?;
    let (record, revision) = kept.ok_or_else(changed)?;
    let before = before.map(|(record, _)| detail(id, record));
    let mut act = Act::new("set_policy").on("policy", id);
    if let Some(before) = before {
        act = act.before(&before)?;
    }
    let act = act.after(&detail(id, record.clone()))?;
    state.audit(&caller, act).await?;
    answer(id, record, revision)
}
