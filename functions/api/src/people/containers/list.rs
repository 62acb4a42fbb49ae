//! Listing containers.

use std::collections::HashMap;

use axum::{Json, extract::State};
use records::{Containers, Hosts, RecordError};
use schemas::{
    HostId, ImageId, Place, TenantId,
    api::{
        Problem,
        container::{ContainerList, ContainerQuery, ContainerRow},
        place::PlaceStanding,
    },
    inventory::{Container, HostFacts},
};
use scope::{Resource, Scope};

use super::exposure;
use crate::{
    auth::{Scoped, needs},
    cursor::{List, Search, limit, search},
    extract::FromQuery,
    people::standing::standing,
    problem::ApiError,
    scoped::Sight,
    state::ApiState,
};

/// Hosts that are read at once.
const HOSTS_AT_ONCE: u32 = 20;
/// Most hosts that are read for a page: of what few containers are, a page has fewer rows than it could.
const MOST_HOSTS: usize = 200;

/// Where a page ended: after a container of a host, or after all of them.
type Position = Option<(HostId, Option<String>)>;

/// Containers of all hosts, whether they run or not, by host and id. Whoever is limited to collections is shown those which are
/// within these by the name of their image, their host, namespace, labels or account. A page may have fewer rows than were asked
/// for although there is a next one.
#[utoipa::path(
    get,
    path = "/api/v1/containers",
    tag = "containers",
    operation_id = "list_containers",
    params(ContainerQuery),
    responses(
        (status = 200, description = "One page", body = ContainerList),
        (status = 400, description = "A filter or cursor that cannot be used", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn list(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<ContainerQuery>,
) -> Result<Json<ContainerList>, ApiError> {
    let text = search(query.search.as_deref())?;
    let filters = format!(
        "{text:?} {:?} {:?} {:?} {:?} {:?}",
        query.host, query.image, query.running, query.exposed, query.privileged
    );
    let (tenant, scope) = (caller.tenant(), caller.scope());
    let list = List::new(&state, tenant, "containers", &filters);
    let limit = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let mut at: Position = list.open_some(query.cursor.as_ref())?;
    let wanted = Wanted {
        query: &query,
        text: &text,
        scope,
    };
    let (mut rows, mut read, mut is_over) = (Vec::new(), 0, false);
    'page: while !is_over && read < MOST_HOSTS && rows.len() < limit {
        let (hosts, others) = some_hosts(&state, tenant, &query, &at).await?;
        is_over = !others;
        let ids: Vec<HostId> = hosts.iter().map(|(host, _)| host.clone()).collect();
        let known = Hosts(state.platform()).get_many(tenant, &ids).await?;
        let known = known.into_iter().map(|host| (host.id, host.facts));
        let facts: HashMap<HostId, HostFacts> = known.collect();
        for (host, mut containers) in hosts {
            containers.sort_by(|a, b| a.id.cmp(&b.id));
            if let Some((before, Some(id))) = &at
                && *before == host
            {
                containers.retain(|container| container.id > *id);
            }
            for container in containers {
                if rows.len() == limit {
                    is_over = false;
                    break 'page;
                }
                at = Some((host.clone(), Some(container.id.clone())));
                rows.extend(wanted.row(&host, facts.get(&host), container));
            }
            at = Some((host, None));
            read += 1;
        }
    }
    let sight = Sight::of(&state, tenant, scope).await?;
    judge(&sight, &mut rows);
    let next_cursor = at.filter(|_| !is_over).map(|at| list.seal(&at));
    Ok(Json(ContainerList {
        containers: rows,
        next_cursor: next_cursor.transpose()?,
    }))
}

/// Some hosts with those of their containers that can be wanted, by id, which are not behind, with whether there are more hosts.
async fn some_hosts(
    state: &ApiState,
    tenant: &TenantId,
    query: &ContainerQuery,
    at: &Position,
) -> Result<(Vec<(HostId, Vec<Container>)>, bool), RecordError> {
    let containers = Containers(state.platform());
    let is_ahead = |host: &HostId| match at {
        None => true,
        Some((before, None)) => host > before,
        Some((before, Some(_))) => host >= before,
    };
    let (mut heads, more) = match (&query.host, &query.image) {
        (Some(host), _) => {
            let head = containers.heads(tenant, std::slice::from_ref(host));
            (head.await?, false)
        }
        (None, Some(image)) => {
            let mut on = containers.of_image(tenant, image).await?;
            on.retain(|on| is_ahead(&on.host));
            on.sort_by(|a, b| a.host.cmp(&b.host));
            let on = on.into_iter().map(|on| (on.host, on.containers));
            return Ok((on.collect(), false));
        }
        (None, None) => {
            let from = at.as_ref().map(|(host, _)| host);
            containers.heads_from(tenant, from, HOSTS_AT_ONCE).await?
        }
    };
    heads.retain(|head| is_ahead(&head.host));
    let mut hosts = Vec::new();
    for head in heads {
        let found = containers.of_head(tenant, &head).await?;
        hosts.push((head.host, found));
    }
    Ok((hosts, more))
}

/// What is wanted of containers.
struct Wanted<'a> {
    query: &'a ContainerQuery,
    text: &'a Search,
    scope: &'a Scope,
}

impl Wanted<'_> {
    /// A container as it is listed, where it is wanted.
    fn row(
        &self,
        host: &HostId,
        facts: Option<&HostFacts>,
        container: Container,
    ) -> Option<ContainerRow> {
        let query = self.query;
        let host_name = facts.map_or(host.as_str(), |facts| &facts.name);
        let namespace = scope::namespace(&container).map(str::to_owned);
        let names = [
            Some(container.name.as_str()),
            container.image_name.as_deref(),
            Some(host_name),
            namespace.as_deref(),
        ];
        let (exposure, exposure_reason) = exposure(&container, facts);
        let is_exposed = estate::is_reached(exposure);
        let is_wanted = names
            .into_iter()
            .flatten()
            .any(|name| self.text.is_in(name))
            && query
                .image
                .as_ref()
                .is_none_or(|image| *image == container.image)
            && query
                .running
                .is_none_or(|wanted| wanted == container.running)
            && query.exposed.is_none_or(|wanted| wanted == is_exposed)
            && (query.privileged.is_none() || query.privileged == container.privileged)
            && (self.scope.is_everything()
                || self
                    .scope
                    .includes(&Resource::of_container(&container, facts)));
        is_wanted.then(|| ContainerRow {
            host: host.clone(),
            host_name: host_name.to_owned(),
            namespace,
            exposure,
            exposure_reason,
            id: container.id,
            name: container.name,
            image: container.image,
            image_name: container.image_name,
            workload: container.workload,
            running: container.running,
            started_at: container.started_at,
            published: container.published,
            privileged: container.privileged,
            isolation: container.isolation,
            top_score: None,
            counts: None,
        })
    }
}

/// Says how the images of containers stand.
fn judge(sight: &Sight, rows: &mut [ContainerRow]) {
    let mut known: HashMap<ImageId, Option<PlaceStanding>> = HashMap::new();
    for row in rows {
        let stands = known.entry(row.image.clone()).or_insert_with(|| {
            let image = Place::Image(row.image.clone());
            sight.view().summaries(Some(&image)).pop().map(standing)
        });
        if let Some(stands) = stands {
            row.top_score = stands.top_score;
            row.counts = Some(stands.counts.clone());
        }
    }
}
