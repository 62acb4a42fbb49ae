//! Tags of which a message says that they are to be read.

use std::collections::{BTreeMap, HashMap};

use records::{Registries, RegistryRecord, registries::RegistryImageRecord};
use schemas::{Digest, ImageId, RegistryId, TenantId, Timestamp};
use sources::registry::Scope;

use super::{
    client, credentials, enabled, failed,
    tags::{is_attached, is_read},
    told,
};
use crate::{Context, HandlerError};

/// What a message says of tags.
pub(crate) struct Pushed<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) registry: &'a RegistryId,
    pub(crate) repository: &'a str,
    pub(crate) tags: &'a [String],
    pub(crate) digest: Option<&'a Digest>,
    /// When they stood for it.
    pub(crate) at: Timestamp,
}

/// What a tag stands for, and when that was so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    digest: Option<Digest>,
    at: Timestamp,
}

impl Pushed<'_> {
    /// Reads what these tags stand for, unless it was read before. Where something else is known of a tag, the registry is
    /// asked: messages come late and in any order, and an older push must not take the place of a newer one.
    pub(crate) async fn read(&self, context: &Context) -> Result<(), HandlerError> {
        let registries = Registries(&context.platform);
        let Some(record) = enabled(context, self.tenant, self.registry).await? else {
            return Ok(());
        };
        let scope = Scope::of(&record.settings.scope);
        let wanted: Vec<String> = self
            .tags
            .iter()
            .filter(|tag| scope.has_tag(tag) && !is_attached(tag))
            .cloned()
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        if !scope.has_repository(self.repository) {
            return Ok(());
        }
        let known: HashMap<_, _> = registries
            .known(self.tenant, self.registry, self.repository, &wanted)
            .await?
            .into_iter()
            .map(|known| (known.tag.clone(), known))
            .collect();
        let mut unread: BTreeMap<Held, Vec<String>> = BTreeMap::new();
        for tag in wanted {
            let known = known.get(&tag);
            let Some(held) = self.held(context, &record, &tag, known).await? else {
                continue;
            };
            let is_read =
                known.is_some_and(|known| is_read(known, held.digest.as_ref(), context.now()));
            if !is_read {
                unread.entry(held).or_default().push(tag);
            }
        }
        for (held, tags) in unread {
            let Some(first) = tags.first() else { continue };
            let read = self
                .read_platforms(context, &record, first, held.digest.as_ref())
                .await;
            let (images, problem) = match told(read)? {
                Ok(images) => (images, None),
                Err(why) => (Vec::new(), Some(why)),
            };
            self.note(context, &tags, &held, images, problem).await?;
        }
        Ok(())
    }

    /// What a tag stands for; nothing where what is known of it is newer than this.
    async fn held(
        &self,
        context: &Context,
        record: &RegistryRecord,
        tag: &str,
        known: Option<&RegistryImageRecord>,
    ) -> Result<Option<Held>, HandlerError> {
        // Without a digest it is the tag itself that is read.
        let Some(digest) = self.digest else {
            let (digest, at) = (None, context.now());
            return Ok(Some(Held { digest, at }));
        };
        let said = Held {
            digest: Some(digest.clone()),
            at: self.at,
        };
        let Some(known) = known.filter(|known| {
            let other = known.digest.as_ref();
            other.is_some_and(|other| other != digest)
        }) else {
            return Ok(Some(said));
        };
        let asked_at = context.now();
        let asked = async {
            let client = client(context, self.tenant, record, self.repository).await?;
            client.digest_of(tag).await.map_err(failed)
        };
        match told(asked.await)? {
            Ok(Some(digest)) => Ok(Some(Held {
                digest: Some(digest),
                at: asked_at,
            })),
            // It is gone, or the registry does not say.
            Ok(None) | Err(_) => Ok((known.as_of() < self.at).then_some(said)),
        }
    }

    async fn read_platforms(
        &self,
        context: &Context,
        record: &RegistryRecord,
        tag: &str,
        digest: Option<&Digest>,
    ) -> Result<Vec<ImageId>, HandlerError> {
        let name = format!("{}/{}", record.settings.address, self.repository);
        let reference = match digest {
            Some(digest) => format!("{name}:{tag}@{digest}"),
            None => format!("{name}:{tag}"),
        };
        let credentials = credentials(context, self.tenant, record).await?;
        let mut platforms: Vec<_> = record
            .settings
            .scope
            .platforms
            .iter()
            .cloned()
            .map(Some)
            .collect();
        if platforms.is_empty() {
            platforms.push(None);
        }
        let mut images = Vec::new();
        for platform in platforms {
            let image = crate::registry::read_image(
                context,
                self.tenant,
                &reference,
                platform,
                credentials.clone(),
            );
            images.push(image.await?);
        }
        images.dedup();
        Ok(images)
    }

    /// Notes that it was given up for this reason.
    pub(crate) async fn give_up(&self, context: &Context, why: &str) -> Result<(), HandlerError> {
        let held = Held {
            digest: self.digest.cloned(),
            at: self.at,
        };
        let problem = Some(why.to_owned());
        self.note(context, self.tags, &held, Vec::new(), problem)
            .await
    }

    async fn note(
        &self,
        context: &Context,
        tags: &[String],
        held: &Held,
        images: Vec<ImageId>,
        problem: Option<String>,
    ) -> Result<(), HandlerError> {
        let problem = problem.map(|mut problem| {
            problem.truncate(problem.floor_char_boundary(1000));
            problem
        });
        for tag in tags {
            let record = RegistryImageRecord {
                version: 1,
                repository: self.repository.to_owned(),
                tag: tag.clone(),
                digest: held.digest.clone(),
                images: images.clone(),
                updated_at: context.now(),
                as_of: Some(held.at),
                problem: problem.clone(),
            };
            Registries(&context.platform)
                .note_image(self.tenant, self.registry, &record)
                .await?;
        }
        Ok(())
    }
}
