//! A new secret for a registry's webhook.

use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use records::{Registries, registries::StoredWebhookSecret};
use schemas::{
    RegistryId,
    api::{
        Problem,
        registry::{NewWebhookSecret, WebhookSecret},
    },
};

use super::{found, told};
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    etag,
    extract::{FromPath, FromSomeJson},
    problem::ApiError,
    state::ApiState,
    webhooks,
};

/// Makes a secret for the webhook of a registry, which is in this answer and nowhere else. The one before goes on to open
/// the webhook until the next is made, unless it is replaced at once.
#[utoipa::path(
    post,
    path = "/api/v1/registries/{id}/webhook-secret",
    tag = "registries",
    operation_id = "create_webhook_secret",
    params(("id" = RegistryId, Path, description = "The registry")),
    request_body = Option<NewWebhookSecret>,
    responses(
        (status = 201, description = "The secret, shown this once", body = WebhookSecret),
        (status = 404, description = "No such registry", body = Problem),
        (status = 412, description = "The registry changed meanwhile", body = Problem),
    ),
    security(("session" = ["registries.manage"]))
)]
pub(crate) async fn create(
    caller: Allowed<needs::ManageRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
    FromSomeJson(wanted): FromSomeJson<NewWebhookSecret>,
) -> Result<(StatusCode, Json<WebhookSecret>), ApiError> {
    let tenant = caller.tenant();
    let (mut record, revision) = found(&state, tenant, &id).await?;
    let before = told(record.clone())?;
    let secret = URL_SAFE_NO_PAD.encode(state.random::<24>()?);
    let registries = Registries(state.platform());
    let sealed = registries.seal(tenant, &id, &secret.clone().into()).await?;
    let kept = if wanted.replace { 0 } else { 1 };
    record.webhook_secrets.truncate(kept);
    record.webhook_secrets.insert(
        0,
        StoredWebhookSecret {
            secret: sealed,
            made_at: state.now(),
        },
    );
    record.updated_at = state.now();
    record.updated_by = caller.name().to_owned();
    if !registries.put(tenant, &record, Some(revision)).await? {
        return Err(etag::changed());
    }
    let act = Act::new("create_webhook_secret").on("registry", &id);
    let act = act.before(&before)?.after(&told(record)?)?;
    state.audit(&caller, act).await?;
    tracing::info!(registry = %id, by = caller.name(), %tenant, "webhook secret made");
    let path = format!(
        "/webhooks/v1/FORMAT/{}",
        webhooks::receive::path_id(&id, tenant)
    );
    Ok((StatusCode::CREATED, Json(WebhookSecret { secret, path })))
}
