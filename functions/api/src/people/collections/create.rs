//! Making a collection.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use records::{CollectionRecord, Collections};
use schemas::{
    CollectionId,
    api::{
        Problem,
        collection::{CollectionDetail, CollectionText},
    },
};

use super::{answer, checked, detail};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    extract::FromJson,
    problem::{ApiError, Kind},
    scoped::beyond,
    state::ApiState,
};

/// Makes a collection. Whoever is limited to collections makes none that reaches further than one of these.
#[utoipa::path(
    post,
    path = "/api/v1/collections",
    tag = "collections",
    operation_id = "create_collection",
    request_body = CollectionText,
    responses(
        (status = 201, description = "It is made", body = CollectionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A name or pattern that cannot be one; the problem says which", body = Problem),
        (status = 403, description = "It reaches further than the caller", body = Problem),
    ),
    security(("session" = ["collections.manage"]))
)]
pub(crate) async fn create(
    caller: Scoped<needs::ManageCollections>,
    State(state): State<ApiState>,
    FromJson(wanted): FromJson<CollectionText>,
) -> Result<Response, ApiError> {
    let collection = checked(&wanted)?;
    if !caller.scope().covers(&collection) {
        return Err(beyond("The collection"));
    }
    let id: CollectionId = state
        .random_hex::<8>()?
        .parse()
        .map_err(ApiError::internal)?;
    let record = CollectionRecord::new(id.clone(), wanted, state.now(), caller.name());
    let collections = Collections(state.platform());
    let taken = || ApiError::new(Kind::Conflict, "The id that was drawn is taken: repeat.");
    if !collections.put(caller.tenant(), &record, None).await? {
        return Err(taken());
    }
    let act = Act::new("create_collection").on("collection", &id);
    let act = act.after(&detail(record))?;
    state.audit(&caller, act).await?;
    tracing::info!(collection = %id, by = caller.name(), tenant = %caller.tenant(), "collection made");
    let kept = collections.get(caller.tenant(), &id).await?;
    let (record, revision) = kept.ok_or_else(taken)?;
    Ok((StatusCode::CREATED, answer(record, revision)?).into_response())
}
