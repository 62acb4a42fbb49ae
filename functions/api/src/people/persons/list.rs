//! Listing people.

use axum::{Json, extract::State};
use records::identity::User;
use schemas::api::{
    Problem,
    person::{PersonList, PersonQuery},
};

use super::detail;
use crate::{
    auth::{Allowed, needs},
    cursor::{Gathering, List, limit, search},
    extract::FromQuery,
    problem::ApiError,
    state::ApiState,
};

/// The people of the tenant, by login. A page may have fewer rows than were asked for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    operation_id = "list_people",
    params(PersonQuery),
    responses(
        (status = 200, description = "One page", body = PersonList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["people.read"]))
)]
pub(crate) async fn list(
    caller: Allowed<needs::ReadPeople>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<PersonQuery>,
) -> Result<Json<PersonList>, ApiError> {
    let wanted = search(query.search.as_deref())?;
    let filters = format!("{wanted:?} {:?} {:?}", query.role, query.disabled);
    let list = List::new(&state, caller.tenant(), "people", &filters);
    let is_wanted = |user: &User| {
        let known = user.external.iter();
        let names = known.flat_map(|known| known.name.iter().chain(&known.email));
        let mut texts = names.map(String::as_str).chain([user.id.as_str()]);
        let roles = user.role_names();
        texts.any(|text| wanted.is_in(text))
            && query.role.as_ref().is_none_or(|role| roles.contains(role))
            && query
                .disabled
                .is_none_or(|disabled| user.disabled_at.is_some() == disabled)
    };
    let cursor = list.open_some(query.cursor.as_ref())?;
    let mut gathering = Gathering::new(limit(query.limit)?, cursor);
    while let Some((room, at)) = gathering.next() {
        let found = state.identity().list(caller.tenant(), room, at).await?;
        gathering.add(found.records.into_iter().filter(is_wanted), found.next);
    }
    let (people, next) = gathering.page();
    Ok(Json(PersonList {
        people: people.iter().map(detail).collect(),
        next_cursor: next.map(|next| list.seal(&next)).transpose()?,
    }))
}
