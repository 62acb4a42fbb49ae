//! Changing a collection.

use access::{Permission, Reach};
use axum::{extract::State, http::HeaderMap, response::Response};
use records::{CollectionRecord, Collections, Exceptions};
use schemas::{
    CollectionId,
    api::{
        Problem,
        collection::{CollectionDetail, CollectionText},
    },
    exception::ExceptionScope,
};

use super::{answer, checked, detail, kept, uses, uses::uses as limits};
use crate::{
    audit::Act,
    auth::{Scoped, needs},
    etag,
    extract::{FromJson, FromPath},
    people::exceptions,
    problem::{ApiError, Kind},
    scoped::beyond,
    state::ApiState,
};

/// Changes a collection, for everything that uses it at once. Only who names its state changes it. Whoever is limited to
/// collections can make it narrower, and never wider; what limits somebody is made wider only by who gives people rights, and
/// what exceptions hold in only by who decides on these.
#[utoipa::path(
    put,
    path = "/api/v1/collections/{id}",
    tag = "collections",
    operation_id = "set_collection",
    params(
        ("id" = CollectionId, Path, description = "The collection"),
        ("if-match" = String, Header, description = "ETag of the state that it replaces"),
    ),
    request_body = CollectionText,
    responses(
        (status = 200, description = "It is changed", body = CollectionDetail, headers(("etag" = String, description = "Names this state"))),
        (status = 400, description = "A name or pattern that cannot be one; the problem says which", body = Problem),
        (status = 404, description = "No such collection", body = Problem),
        (status = 403, description = "It would reach further than the caller, or let somebody reach further", body = Problem),
        (status = 412, description = "It is in another state than the one named", body = Problem),
    ),
    security(("session" = ["collections.manage"]))
)]
pub(crate) async fn set(
    caller: Scoped<needs::ManageCollections>,
    State(state): State<ApiState>,
    FromPath(id): FromPath<CollectionId>,
    headers: HeaderMap,
    FromJson(wanted): FromJson<CollectionText>,
) -> Result<Response, ApiError> {
    let collections = Collections(state.platform());
    let (before, revision) = collections
        .get(caller.tenant(), &id)
        .await?
        .filter(|(record, _)| caller.may_see(kept(record)))
        .ok_or_else(|| ApiError::not_found("collection"))?;
    etag::must_match(&headers, revision)?;
    let collection = checked(&wanted)?;
    if !caller.scope().covers(&collection) {
        return Err(beyond("What the collection would become"));
    }
    // Whoever is limited to it would reach further: that is giving rights.
    let tenant = caller.tenant();
    let gives_rights = caller.grants().reach(Permission::ManagePeople) == Reach::Tenant;
    let is_wider = kept(&before).is_none_or(|before| !before.covers(&collection));
    if !gives_rights && is_wider {
        let limited = limits(&state, tenant, &id).await?;
        if !limited.is_empty() {
            return Err(ApiError::new(
                Kind::Forbidden,
                format!(
                    "It limits {}, and would reach further than before: that needs the permission {} for the whole tenant.",
                    limited.join(", "),
                    Permission::ManagePeople.as_str()
                ),
            ));
        }
    }
    let excepted = uses::excepted(&state, tenant, &id).await?;
    let decides = caller.grants().reach(Permission::DecideExceptions) == Reach::Tenant;
    if is_wider && !decides && !excepted.is_empty() {
        return Err(ApiError::new(
            Kind::Forbidden,
            format!(
                "Exceptions hold in it ({}), and would hide more than before: that needs the permission {} for the whole tenant.",
                excepted.join(", "),
                Permission::DecideExceptions.as_str()
            ),
        ));
    }
    let record = CollectionRecord::new(id.clone(), wanted, state.now(), caller.name());
    // What exceptions hide in it may be something else after this. Noted before, too: should this end in between, the timer
    // looks all the same.
    let holds_here = |scope: &ExceptionScope| matches!(scope, ExceptionScope::Collection { collection } if *collection == id);
    let exceptions = Exceptions(state.platform());
    exceptions
        .touch(tenant, |one| holds_here(&one.scope))
        .await?;
    if !collections
        .put(caller.tenant(), &record, Some(revision))
        .await?
    {
        return Err(etag::changed());
    }
    if exceptions
        .touch(tenant, |one| holds_here(&one.scope))
        .await?
    {
        exceptions::tell(&state, tenant).await;
    }
    let act = Act::new("set_collection").on("collection", &id);
    let act = act.before(&detail(before))?.after(&detail(record))?;
    state.audit(&caller, act).await?;
    tracing::info!(collection = %id, by = caller.name(), tenant = %caller.tenant(), "collection changed");
    let kept = collections.get(caller.tenant(), &id).await?;
    let (record, revision) = kept.ok_or_else(etag::changed)?;
    answer(record, revision)
}
