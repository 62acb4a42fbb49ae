//! Which of the collections that channels are limited to have a place.

use std::collections::{BTreeSet, HashMap};

use records::{ChannelRecord, Collections, Containers, Hosts, Images};
use risk::RunningContainer;
use schemas::{CollectionId, Place, TenantId, inventory::HostFacts};
use scope::{Collection, Resource};

use crate::{Context, HandlerError, resource};

/// Collections, read.
pub(crate) struct Within(Vec<(CollectionId, Collection)>);

impl Within {
    /// The collections that these channels are limited to. One that is gone, or cannot be read, has nothing: who is limited
    /// to it is told nothing.
    pub(crate) async fn of(
        context: &Context,
        tenant: &TenantId,
        channels: impl Iterator<Item = &ChannelRecord>,
    ) -> Result<Self, HandlerError> {
        let ids: BTreeSet<&CollectionId> = channels
            .flat_map(|channel| &channel.wants.collections)
            .collect();
        if ids.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let found = Collections(&context.platform).get_many(tenant, ids).await?;
        let read = found.into_iter().filter_map(|record| {
            let collection = Collection::read(&record.parts).ok()?;
            Some((record.id, collection))
        });
        let mut all: Vec<_> = read.collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self(all))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that have this, by id.
    pub(crate) fn have(&self, resource: &Resource) -> Vec<CollectionId> {
        let having = self.0.iter().filter(|(_, one)| one.includes(resource));
        having.map(|(id, _)| id.clone()).collect()
    }

    /// Those that have a place as it is known now, by id. An image lies also where its containers do.
    pub(crate) async fn have_place(
        &self,
        context: &Context,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Vec<CollectionId>, HandlerError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let platform = &context.platform;
        let resource = match place {
            Place::Host(id) => {
                let host = Hosts(platform).get(tenant, id).await?;
                host.map(|host| Resource::of_host(&host.facts))
            }
            Place::Image(id) => match Images(platform).get(tenant, id).await? {
                None => None,
                Some(image) => {
                    let by_host = Containers(platform).of_image(tenant, id).await?;
                    let hosts: Vec<_> = by_host.iter().map(|on| on.host.clone()).collect();
                    let hosts = Hosts(platform).get_many(tenant, &hosts).await?;
                    let facts: HashMap<_, HostFacts> = hosts
                        .into_iter()
                        .map(|host| (host.id, host.facts))
                        .collect();
                    let running: Vec<_> = by_host
                        .iter()
                        .flat_map(|on| {
                            let host = facts.get(&on.host);
                            on.containers
                                .iter()
                                .map(move |container| RunningContainer { container, host })
                        })
                        .collect();
                    Some(resource::of_image(&image, &running))
                }
            },
        };
        Ok(resource.map_or_else(Vec::new, |resource| self.have(&resource)))
    }
}
