//! Trying a registry.

use std::time::Duration;

use axum::{Json, extract::State};
use records::{Registries, RegistryRecord};
use schemas::{
    RegistryId, TenantId,
    api::{Problem, registry::RegistryTest},
};
use sources::registry::{
    Credentials, KeptCredentials, Product, Reference, Registry, RegistryError, RegistryOptions,
    Scope,
};

use super::found;
use crate::{
    audit::Act,
    auth::{Allowed, needs},
    extract::FromPath,
    problem::ApiError,
    state::ApiState,
};

/// How long a registry may take: a person waits, and a gateway for them.
const TIME: Duration = Duration::from_secs(15);

/// Asks a registry for what a look would ask first, signed in with its credentials, and tells what came of it. Nothing is
/// read. Without credentials of its own a look may use those of the operator, and this does not.
#[utoipa::path(
    post,
    path = "/api/v1/registries/{id}/test",
    tag = "registries",
    operation_id = "test_registry",
    params(("id" = RegistryId, Path, description = "The registry")),
    responses(
        (status = 200, description = "What came of it", body = RegistryTest),
        (status = 404, description = "No such registry", body = Problem),
    ),
    security(("session" = ["registries.manage"]))
)]
pub(crate) async fn test(
    caller: Allowed<needs::ManageRegistries>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<RegistryId>,
) -> Result<Json<RegistryTest>, ApiError> {
    let tenant = caller.tenant();
    let (record, _) = found(&state, tenant, &id).await?;
    let kept = match &record.credentials {
        None => None,
        Some(kept) => Some(KeptCredentials {
            kind: kept.kind,
            user: kept.user.clone(),
            secret: open(&state, tenant, &record, &kept.secret).await?,
        }),
    };
    let options = RegistryOptions {
        retries: 0,
        time: Some(TIME),
        silence: TIME,
        ..state.registries().clone()
    };
    // It changes nothing, but sends the credentials somewhere, also for whoever leaves before it is answered.
    let act = Act::new("test_registry").on("registry", &id);
    let told = serde_json::json!({"address": record.settings.address});
    state.audit_asking(&caller, act.after(&told)?).await?;
    let tried = tokio::time::timeout(TIME, ask(&record, kept, options)).await;
    let tested = match tried {
        Ok(Ok(detail)) => RegistryTest { ok: true, detail },
        Ok(Err(error)) => RegistryTest {
            ok: false,
            detail: chain(&error),
        },
        Err(_) => RegistryTest {
            ok: false,
            detail: format!("it did not answer within {} seconds", TIME.as_secs()),
        },
    };
    tracing::info!(registry = %id, by = caller.name(), %tenant, ok = tested.ok, "registry tried");
    Ok(Json(tested))
}

async fn open(
    state: &ApiState,
    tenant: &TenantId,
    record: &RegistryRecord,
    sealed: &records::SealedSecret,
) -> Result<secrecy::SecretString, ApiError> {
    let registries = Registries(state.platform());
    Ok(registries.open(tenant, &record.id, sealed).await?)
}

/// What a look would ask first.
async fn ask(
    record: &RegistryRecord,
    kept: Option<KeptCredentials>,
    options: RegistryOptions,
) -> Result<String, RegistryError> {
    let address = &record.settings.address;
    let product = Product::of(&record.settings, kept.clone(), &options)?;
    let credentials = match kept {
        Some(kept) => kept.sign_in(address, &options).await?,
        None => Credentials::Anonymous,
    };
    let scope = Scope::of(&record.settings.scope);
    let named = scope.named().next();
    let name = format!("{address}/{}", named.unwrap_or("catalog"));
    let reference: Reference = name.parse().map_err(|_| RegistryError::NotFound {
        registry: address.clone(),
        wanted: name.clone(),
    })?;
    let registry = Registry::new(reference, credentials, options)?;
    match named {
        Some(repository) => match registry.tags(None).await? {
            Some(page) => Ok(format!(
                "it answered, and {repository} has {}{} tags",
                if page.next.is_some() {
                    "more than "
                } else {
                    ""
                },
                page.names.len()
            )),
            None => Err(RegistryError::NotFound {
                registry: address.clone(),
                wanted: repository.to_owned(),
            }),
        },
        None => {
            let page = registry.repositories_of(product.as_ref(), &scope, None);
            let page = page.await?;
            Ok(format!(
                "it answered, and lists {}{} repositories",
                if page.next.is_some() {
                    "more than "
                } else {
                    ""
                },
                page.names.len()
            ))
        }
    }
}

fn chain(error: &RegistryError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text.truncate(text.floor_char_boundary(1000));
    text
}
