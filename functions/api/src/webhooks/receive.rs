//! Taking what a registry tells.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use records::{
    Registries, RegistryRecord,
    messages::{self, RegistryMessage},
};
use schemas::{
    RegistryId, TenantId,
    api::{Problem, registry::WebhookReply},
};
use secrecy::SecretString;
use serde::Deserialize;
use sources::registry::{Reference, Scope};

use super::{FORMATS, Format, Push, Told, authentic::is_authentic};
use crate::{
    body, changes,
    extract::{FromPath, FromQuery},
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Largest delivery, in bytes (1 MiB): an envelope of the distribution project's registry has some tens of events.
const MAX_DELIVERY_BYTES: usize = 1024 * 1024;

/// The secret, of registries that can send it nowhere else.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenQuery {
    /// The webhook's secret, for registries that send no headers of one's own (`docker_hub`, `quay`, `aliyun`).
    #[serde(default)]
    #[param(max_length = 200)]
    token: Option<String>,
}

/// Takes what a registry tells of pushes; what its scope has is going to be read, unless it is known. Which registry it
/// is, its secret shows: in the way that the format has it. An event that is nothing to read is answered 202 as well,
/// with the reason, since a registry would only send it again.
#[utoipa::path(
    post,
    path = "/webhooks/v1/{kind}/{id}",
    tag = "webhooks",
    operation_id = "receive_webhook",
    params(
        ("kind" = String, Path, description = "The format: `acr`, `aliyun`, `artifactory`, `distribution`, `docker_hub`, `ecr`, `ghcr`, `gitlab`, `harbor` or `quay`"),
        ("id" = String, Path, description = "As the answer that had the secret names it"),
        TokenQuery,
    ),
    request_body(content = Object, content_type = "application/json", description = "A delivery in the format's form, at most 1 MiB"),
    responses(
        (status = 202, description = "Taken", body = WebhookReply),
        (status = 400, description = "No JSON", body = Problem),
        (status = 401, description = "No such webhook, or not its secret", body = Problem),
        (status = 413, description = "Larger than 1 MiB", body = Problem),
    ),
    security(("webhook" = []))
)]
pub(crate) async fn receive(
    State(state): State<ApiState>,
    FromPath((kind, id)): FromPath<(String, String)>,
    FromQuery(query): FromQuery<TokenQuery>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookReply>), ApiError> {
    let refused = || {
        ApiError::new(
            Kind::Unauthenticated,
            "There is no such webhook, or this is not its secret.",
        )
    };
    let (parts, content) = request.into_parts();
    let headers = &parts.headers;
    let format = FORMATS.iter().find(|format| format.name == kind);
    let named = parse(&id);
    let registries = Registries(state.platform());
    let found = match &named {
        Some((registry, tenant)) => registries.get(tenant, registry).await?,
        None => None,
    };
    let record = found.map(|(record, _)| record);
    // What names no registry is read all the same, so that its answer is as late.
    let waits_for = named.as_ref().filter(|_| record.is_some());
    changes::may_be_of_registry(&parts.extensions, waits_for.map(|(_, tenant)| tenant))?;
    let bytes = body::read(headers, content, MAX_DELIVERY_BYTES).await?;
    let ways = format.map_or(&[][..], |format| format.ways);
    let mut authentic = false;
    for secret in secrets(&state, named.as_ref(), record.as_ref()).await? {
        authentic |= is_authentic(ways, &secret, headers, query.token.as_deref(), &bytes);
    }
    let (Some(format), Some((_, tenant)), Some(record), true) = (format, named, record, authentic)
    else {
        return Err(refused());
    };
    let name = format!("registry {}", record.id);
    changes::is_of(&parts.extensions, &tenant, &name)?;
    state.spend(&tenant).await?;
    // What was signed is what was sent.
    let bytes = body::unfold(headers, bytes, MAX_DELIVERY_BYTES).await?;
    let reply = queue(&state, format, &tenant, &record, &bytes).await?;
    tracing::info!(registry = %record.id, %tenant, format = format.name, queued = reply.queued, ignored = ?reply.ignored, "a registry told of pushes");
    Ok((StatusCode::ACCEPTED, Json(reply)))
}

/// The part of a webhook's path that names it.
pub(crate) fn path_id(registry: &RegistryId, tenant: &TenantId) -> String {
    format!("{registry}.{tenant}")
}

fn parse(id: &str) -> Option<(RegistryId, TenantId)> {
    let (registry, tenant) = id.split_once('.')?;
    Some((registry.parse().ok()?, tenant.parse().ok()?))
}

/// The secrets that open a webhook. Of one that is not there, a secret that nobody knows, which takes as much work.
async fn secrets(
    state: &ApiState,
    named: Option<&(RegistryId, TenantId)>,
    record: Option<&RegistryRecord>,
) -> Result<Vec<SecretString>, ApiError> {
    let registries = Registries(state.platform());
    let mut secrets = Vec::new();
    if let (Some((registry, tenant)), Some(record)) = (named, record) {
        for kept in &record.webhook_secrets {
            secrets.push(registries.open(tenant, registry, &kept.secret).await?);
        }
    }
    if secrets.is_empty() {
        let secret = SecretString::from(URL_SAFE_NO_PAD.encode(state.random::<24>()?));
        let (registry, tenant) = match named {
            Some(named) => named.clone(),
            None => (
                "none".parse().map_err(ApiError::internal)?,
                "none".parse().map_err(ApiError::internal)?,
            ),
        };
        registries.seal(&tenant, &registry, &secret).await?;
        secrets.push(secret);
    }
    Ok(secrets)
}

/// Queues what is to be read of a delivery.
async fn queue(
    state: &ApiState,
    format: &Format,
    tenant: &TenantId,
    record: &RegistryRecord,
    bytes: &[u8],
) -> Result<WebhookReply, ApiError> {
    let delivery = serde_json::from_slice(bytes).map_err(|error| {
        ApiError::new(Kind::BadRequest, format!("The body is no JSON: {error}."))
    })?;
    let mut told = Told::default();
    (format.read)(delivery, &mut told);
    let mut pushes = std::mem::take(&mut told.pushes);
    if !record.settings.enabled && !pushes.is_empty() {
        told.ignore("the registry is disabled");
        pushes.clear();
    }
    let scope = Scope::of(&record.settings.scope);
    let mut queued: Vec<RegistryMessage> = Vec::new();
    for push in pushes {
        let address = record.settings.address.as_str();
        if push.host.as_deref().is_some_and(|host| host != address) {
            told.ignore("an image of another registry");
            continue;
        }
        let Some(push) = named(address, push) else {
            told.ignore("a name that no image has");
            continue;
        };
        let in_scope = scope.has_repository(&push.repository) && scope.has_tag(&push.tag);
        if !in_scope {
            told.ignore("an image that is not within the registry's scope");
            continue;
        }
        let message = RegistryMessage::Tags {
            tenant: tenant.clone(),
            registry: record.id.clone(),
            repository: push.repository,
            tags: vec![push.tag],
            digest: push.digest,
            pushed_at: push.at,
        };
        if !queued.contains(&message) {
            queued.push(message);
        }
    }
    messages::send(state.platform(), &queued).await?;
    Ok(WebhookReply {
        queued: u32::try_from(queued.len()).unwrap_or(u32::MAX),
        ignored: told.ignored.into_keys().collect(),
    })
}

/// A push by the name that its image has in the registry of this address; nothing when it can be no image there.
fn named(address: &str, push: Push) -> Option<Push> {
    let name = format!("{address}/{}:{}", push.repository, push.tag);
    let reference: Reference = name.parse().ok()?;
    (reference.host() == address
        && reference.tag() == Some(&push.tag)
        && reference.digest().is_none())
    .then(|| Push {
        repository: reference.repository().to_owned(),
        ..push
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_registry() {
        let push = |repository: &str, tag: &str| Push {
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            ..Push::default()
        };
        let at = "registry.example.org:5000";
        assert!(named(at, push("team/app", "1")).is_some());
        for (repository, tag) in [
            ("", "1"),
            ("../app", "1"),
            ("team//app", "1"),
            ("team/app:1", "2"),
            ("team/app@sha256:0", "1"),
            ("team/App", "1"),
            ("team/app", "a/b"),
            ("team/app", ""),
            ("@evil.example.org/app", "1"),
            ("team/app?x", "1"),
            ("team/app", "1@sha256:0"),
        ] {
            assert!(
                named(at, push(repository, tag)).is_none(),
                "{repository} {tag}"
            );
        }
        assert_eq!(
            named("docker.io", push("debian", "12")).unwrap().repository,
            "library/debian"
        );
    }

    #[test]
    fn the_id_of_a_path_names_registry_and_tenant() {
        let (registry, tenant) = ("0a".parse().unwrap(), "acme.eu".parse().unwrap());
        assert_eq!(
            parse(&path_id(&registry, &tenant)),
            Some((registry, tenant))
        );
        for id in ["", ".", "x", "x.", ".x", "x.a/b", "x.."] {
            assert_eq!(parse(id), None, "{id}");
        }
    }
}
