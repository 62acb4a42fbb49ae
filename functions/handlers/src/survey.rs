//! Looking for images that a registry keeps: its repositories, the newest tags of each, and of those what nobody read yet.
//!
//! A look is split: one message lists repositories, one for each of them lists its tags, and one for each image reads it.
//! What registries tell of pushes is the last of these. All are of the queue `registry`, whose function does the work.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt as _, stream};
use records::{
    Registries, RegistryRecord,
    identity::Identity,
    messages::{self, RegistryMessage},
    registries::{RegistryImageRecord, RunPart},
};
use schemas::{Digest, ImageId, RegistryId, TenantId, Timestamp};
use sources::registry::{
    Credentials, KeptCredentials, Newest, Reference, Registry, RegistryError, Scope,
};

use crate::{Context, HandlerError};

/// Pages of repositories that one message lists, of up to a thousand each.
const PAGES: usize = 10;
/// Most repositories of one look.
const MAX_REPOSITORIES: u32 = 5_000;
/// Most pages of a list of repositories; a registry may name ever new places where its list goes on.
const MAX_PAGES: u32 = 1_000;
/// Names that are held against patterns before others have their turn: patterns and names are of strangers.
const NAMES_AT_ONCE: usize = 256;
/// Most pages of the tags of a repository, of up to a thousand each.
const MAX_TAG_PAGES: usize = 200;
/// Digests that are asked for at once.
const DIGESTS_AT_ONCE: usize = 8;
/// Tags of one message.
const TAGS_OF_MESSAGE: usize = 20;
/// How long something that could not be read is left alone, in milliseconds (a day).
const LEFT_ALONE_MS: i64 = 86_400_000;

/// A part of a look.
pub(crate) struct Look<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) registry: &'a RegistryId,
    /// When it began.
    pub(crate) began: Timestamp,
}

impl<'a> Look<'a> {
    pub(crate) fn of(tenant: &'a TenantId, registry: &'a RegistryId, began: Timestamp) -> Self {
        Self {
            tenant,
            registry,
            began,
        }
    }
}

/// The registry of a message, unless it is gone or disabled: then there is nothing left to do.
async fn enabled(
    context: &Context,
    tenant: &TenantId,
    id: &RegistryId,
) -> Result<Option<RegistryRecord>, HandlerError> {
    let found = Registries(&context.platform).get(tenant, id).await?;
    Ok(found
        .map(|(record, _)| record)
        .filter(|record| record.settings.enabled))
}

/// What a registry is signed in to with.
pub(crate) async fn credentials(
    context: &Context,
    tenant: &TenantId,
    record: &RegistryRecord,
) -> Result<Option<Credentials>, HandlerError> {
    let Some(kept) = &record.credentials else {
        return Ok(None);
    };
    let registries = Registries(&context.platform);
    let secret = registries.open(tenant, &record.id, &kept.secret).await?;
    let kept = KeptCredentials {
        kind: kept.kind,
        user: kept.user.clone(),
        secret,
    };
    let signed = kept.sign_in(&record.settings.address, &context.registries.options);
    Ok(Some(signed.await.map_err(failed)?))
}

/// What the tenant keeps for the registry of an image, from the one whose scope has it before any other of that address.
pub(crate) async fn kept_for(
    context: &Context,
    tenant: &TenantId,
    reference: &Reference,
) -> Result<Option<Credentials>, HandlerError> {
    let all = Registries(&context.platform).all(tenant).await?;
    let of_host = |record: &&RegistryRecord| {
        record.credentials.is_some() && record.settings.address == reference.host()
    };
    let in_scope = |record: &&RegistryRecord| {
        Scope::of(&record.settings.scope).has_repository(reference.repository())
    };
    let candidates = || all.iter().filter(of_host);
    match candidates().find(in_scope).or_else(|| candidates().next()) {
        Some(record) => credentials(context, tenant, record).await,
        None => Ok(None),
    }
}

/// A client for a repository of a registry.
async fn client(
    context: &Context,
    tenant: &TenantId,
    record: &RegistryRecord,
    repository: &str,
) -> Result<Registry, HandlerError> {
    let name = format!("{}/{repository}", record.settings.address);
    let reference: Reference = name
        .parse()
        .map_err(|error| HandlerError::poison_by("no repository is named so", error))?;
    let credentials = match credentials(context, tenant, record).await? {
        Some(credentials) => credentials,
        // The operator's own are for all tenants where an image is named; what they open is listed to nobody but the only one.
        None if Identity::new(context.platform.clone())
            .tenants()
            .await?
            .len()
            == 1 =>
        {
            context
                .registries
                .credentials
                .find(&reference)
                .await
                .map_err(|error| {
                    HandlerError::poison_by("no credentials can be looked for", error)
                })?
        }
        None => Credentials::Anonymous,
    };
    let mut options = context.registries.options.clone();
    let most = crate::registry::READING_TIME;
    options.time = Some(options.time.map_or(most, |time| time.min(most)));
    Registry::new(reference, credentials, options).map_err(failed)
}

fn failed(error: RegistryError) -> HandlerError {
    if error.is_passing() {
        HandlerError::Retry(error.into())
    } else {
        HandlerError::Poison(error.into())
    }
}

/// What a look notes instead of failing: nobody can repair by sending a message again what the registry refuses.
fn told<T>(result: Result<T, HandlerError>) -> Result<Result<T, String>, HandlerError> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(error) if error.is_retry() => Err(error),
        Err(error) => Ok(Err(error.reason())),
    }
}

/// Lists the repositories of a registry, and has those looked at that its scope has.
pub(crate) async fn survey(
    context: &Context,
    look: &Look<'_>,
    after: Option<String>,
    pages: u32,
) -> Result<(), HandlerError> {
    let registries = Registries(&context.platform);
    let Some(record) = enabled(context, look.tenant, look.registry).await? else {
        return Ok(());
    };
    if after.is_none() {
        registries
            .begin_run(look.tenant, look.registry, look.began)
            .await?;
    }
    let scope = Scope::of(&record.settings.scope);
    let mut found: BTreeSet<String> = BTreeSet::new();
    if after.is_none() {
        found.extend(scope.named().map(str::to_owned));
    }
    let mut next = None;
    let mut problem = None;
    if scope.patterns().next().is_some() {
        let listed = listed(context, look, &record, after.clone(), &mut found).await;
        match told(listed)? {
            Ok(after) => next = after,
            Err(why) => problem = Some(why),
        }
    }
    let pages = pages.saturating_add(u32::try_from(PAGES).unwrap_or(u32::MAX));
    if next.is_some() && pages >= MAX_PAGES {
        problem = Some(format!(
            "its list has more than {MAX_PAGES} pages; what follows is not looked at"
        ));
        next = None;
    }
    let run = registries.run(look.tenant, look.registry).await?;
    let before = run.map_or(0, |run| run.repositories);
    let room = usize::try_from(MAX_REPOSITORIES.saturating_sub(before)).unwrap_or(0);
    if found.len() > room {
        problem = Some(format!(
            "its scope has more than {MAX_REPOSITORIES} repositories; the others are not looked at"
        ));
        next = None;
    }
    let sent: Vec<_> = found
        .into_iter()
        .take(room)
        .map(|repository| RegistryMessage::Repository {
            tenant: look.tenant.clone(),
            registry: look.registry.clone(),
            began: look.began,
            repository,
        })
        .collect();
    messages::send(&context.platform, &sent).await?;
    if next.is_some() {
        let goes_on = RegistryMessage::Survey {
            tenant: look.tenant.clone(),
            registry: look.registry.clone(),
            began: look.began,
            after: next,
            pages,
        };
        messages::send(&context.platform, &[goes_on]).await?;
    }
    let part = RunPart {
        // No repository is named so.
        name: format!("?{}", after.unwrap_or_default()),
        repositories: count(sent.len()),
        problem,
        ..RunPart::default()
    };
    Ok(registries
        .note_run(look.tenant, look.registry, look.began, &part)
        .await?)
}

/// Takes some pages of repositories; returns where the next begins.
async fn listed(
    context: &Context,
    look: &Look<'_>,
    record: &RegistryRecord,
    mut after: Option<String>,
    found: &mut BTreeSet<String>,
) -> Result<Option<String>, HandlerError> {
    let scope = Scope::of(&record.settings.scope);
    // Listing asks for no repository, but a reference has one.
    let client = client(context, look.tenant, record, "catalog").await?;
    for _ in 0..PAGES {
        let page = client
            .repositories(after.as_deref())
            .await
            .map_err(failed)?;
        for names in page.names.chunks(NAMES_AT_ONCE) {
            let patterned = |name: &&String| scope.has_repository(name);
            found.extend(names.iter().filter(patterned).cloned());
            tokio::task::yield_now().await;
        }
        after = page.next;
        // More than are looked at are told as that many.
        if after.is_none() || found.len() > MAX_REPOSITORIES as usize {
            break;
        }
    }
    Ok(after)
}

/// Lists the tags of a repository, and has the newest of them read that are not known.
pub(crate) async fn repository(
    context: &Context,
    look: &Look<'_>,
    repository: &str,
) -> Result<(), HandlerError> {
    let Some(record) = enabled(context, look.tenant, look.registry).await? else {
        return Ok(());
    };
    let mut part = RunPart {
        name: repository.to_owned(),
        done: 1,
        ..RunPart::default()
    };
    match told(new_tags(context, look, &record, repository, &mut part).await)? {
        Ok(sent) => {
            part.queued = count(sent.len());
            messages::send(&context.platform, &sent).await?;
        }
        Err(why) => part.problem = Some(format!("{repository}: {why}")),
    }
    Ok(Registries(&context.platform)
        .note_run(look.tenant, look.registry, look.began, &part)
        .await?)
}

async fn new_tags(
    context: &Context,
    look: &Look<'_>,
    record: &RegistryRecord,
    repository: &str,
    part: &mut RunPart,
) -> Result<Vec<RegistryMessage>, HandlerError> {
    let client = client(context, look.tenant, record, repository).await?;
    let scope = Scope::of(&record.settings.scope);
    let mut newest = Newest::of(scope.newest());
    let mut after = None;
    for page in 0.. {
        if page >= MAX_TAG_PAGES {
            part.problem = Some(format!("{repository}: it has more tags than are listed"));
            break;
        }
        let Some(found) = client.tags(after.as_deref()).await.map_err(failed)? else {
            return Err(HandlerError::poison("there is no such repository"));
        };
        for (at, tag) in found.names.into_iter().enumerate() {
            if scope.has_tag(&tag) && !is_attached(&tag) {
                newest.meet(tag);
            }
            if (at + 1).is_multiple_of(NAMES_AT_ONCE) {
                tokio::task::yield_now().await;
            }
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    part.tags = count(newest.met());
    let tags = newest.into_tags();
    let registries = Registries(&context.platform);
    let known: HashMap<_, _> = registries
        .known(look.tenant, look.registry, repository, &tags)
        .await?
        .into_iter()
        .map(|known| (known.tag.clone(), known))
        .collect();
    let client = &client;
    let asked = stream::iter(tags).map(async |tag| {
        let digest = client.digest_of(&tag).await;
        (tag, digest)
    });
    let asked: Vec<_> = asked.buffered(DIGESTS_AT_ONCE).collect().await;
    let mut unread: BTreeMap<(Option<Digest>, Option<String>), Vec<String>> = BTreeMap::new();
    for (tag, digest) in asked {
        let digest = digest.map_err(failed)?;
        if known
            .get(&tag)
            .is_some_and(|known| is_read(known, digest.as_ref(), context.now()))
        {
            continue;
        }
        // What has no digest is a message of its own.
        let apart = digest.is_none().then(|| tag.clone());
        unread.entry((digest, apart)).or_default().push(tag);
    }
    let mut sent = Vec::new();
    for ((digest, _), tags) in unread {
        sent.extend(
            tags.chunks(TAGS_OF_MESSAGE)
                .map(|tags| RegistryMessage::Tags {
                    tenant: look.tenant.clone(),
                    registry: look.registry.clone(),
                    repository: repository.to_owned(),
                    tags: tags.to_vec(),
                    digest: digest.clone(),
                }),
        );
    }
    Ok(sent)
}

/// Whether what a tag stands for was read, or could not be a short while ago.
fn is_read(known: &RegistryImageRecord, digest: Option<&Digest>, now: Timestamp) -> bool {
    let same = digest.is_some() && known.digest.as_ref() == digest;
    let lately = now.as_ms().saturating_sub(known.updated_at.as_ms()) < LEFT_ALONE_MS;
    same && (known.problem.is_none() || lately)
}

/// Whether a tag is of what is attached to an image and no image itself: a signature, an attestation, a list of packages.
/// Source: sigstore's cosign, "Signature specification"; OCI distribution-spec, "Referrers tag schema".
fn is_attached(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("sha256-") else {
        return false;
    };
    let hex = rest.split('.').next().unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What a message says of tags.
pub(crate) struct Pushed<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) registry: &'a RegistryId,
    pub(crate) repository: &'a str,
    pub(crate) tags: &'a [String],
    pub(crate) digest: Option<&'a Digest>,
}

impl Pushed<'_> {
    /// Reads what these tags stand for, unless it was read before.
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
        let Some(first) = wanted.first() else {
            return Ok(());
        };
        if !scope.has_repository(self.repository) {
            return Ok(());
        }
        let known = registries
            .known(self.tenant, self.registry, self.repository, &wanted)
            .await?;
        let all_read = known.len() == wanted.len()
            && known
                .iter()
                .all(|known| is_read(known, self.digest, context.now()));
        if all_read {
            return Ok(());
        }
        let read = self.read_platforms(context, &record, first).await;
        let (images, problem) = match told(read)? {
            Ok(images) => (images, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        self.note(context, &wanted, images, problem).await
    }

    async fn read_platforms(
        &self,
        context: &Context,
        record: &RegistryRecord,
        tag: &str,
    ) -> Result<Vec<ImageId>, HandlerError> {
        let name = format!("{}/{}", record.settings.address, self.repository);
        let reference = match self.digest {
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
        self.note(context, self.tags, Vec::new(), Some(why.to_owned()))
            .await
    }

    async fn note(
        &self,
        context: &Context,
        tags: &[String],
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
                digest: self.digest.cloned(),
                images: images.clone(),
                updated_at: context.now(),
                problem: problem.clone(),
            };
            Registries(&context.platform)
                .note_image(self.tenant, self.registry, &record)
                .await?;
        }
        Ok(())
    }
}

/// Notes that a part of a look was given up for this reason.
pub(crate) async fn give_up(
    context: &Context,
    look: &Look<'_>,
    name: &str,
    why: &str,
) -> Result<(), HandlerError> {
    let part = RunPart {
        name: name.to_owned(),
        problem: Some(if name.is_empty() {
            why.to_owned()
        } else {
            format!("{name}: {why}")
        }),
        ..RunPart::default()
    };
    Ok(Registries(&context.platform)
        .note_run(look.tenant, look.registry, look.began, &part)
        .await?)
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_to_an_image_is_no_image() {
        let hex = "0".repeat(64);
        assert!(is_attached(&format!("sha256-{hex}.sig")) && is_attached(&format!("sha256-{hex}")));
        assert!(!is_attached("sha256-0") && !is_attached("latest"));
    }
}
