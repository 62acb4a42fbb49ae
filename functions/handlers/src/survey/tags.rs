//! The newest tags of a repository, and which of them nobody read yet.

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt as _, stream};
use records::{
    Registries, RegistryRecord,
    messages::{self, RegistryMessage},
    registries::{RegistryImageRecord, RunPart},
};
use schemas::{Digest, Timestamp};
use sources::registry::{Newest, Product, Registry, RegistryError, Scope};

use super::{Look, NAMES_AT_ONCE, client, count, enabled, failed, product, told};
use crate::{Context, HandlerError};

/// Most pages of the tags of a repository, of up to a thousand each.
const MAX_TAG_PAGES: usize = 200;
/// Digests that are asked for at once.
const DIGESTS_AT_ONCE: usize = 8;
/// Tags of one message.
const TAGS_OF_MESSAGE: usize = 20;
/// How long something that could not be read is left alone, in milliseconds (a day).
const LEFT_ALONE_MS: i64 = 86_400_000;

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
    let newest = match product(context, look.tenant, record).await? {
        Some(product) if product.knows_times() => {
            match newest_by_time(&product, &scope, repository, part).await {
                // Who may read images need not have a say in the product's own interface, nor a way to it: the newest are then
                // the last in the order of versions, as of other registries.
                Err(error) if error.is_for_good() => {
                    let why = failed(error).reason();
                    tracing::info!(registry = %look.registry, repository, why, "nobody says when tags were pushed");
                    part.note = Some(by_versions(&why));
                    None
                }
                Err(error) => return Err(failed(error)),
                Ok(None) => {
                    part.note = Some(by_versions("it has no such repository"));
                    None
                }
                Ok(found) => found,
            }
        }
        _ => None,
    };
    let newest = match newest {
        Some(newest) => newest,
        None => newest_by_name(&client, &scope, repository, part).await?,
    };
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
                    pushed_at: None,
                }),
        );
    }
    Ok(sent)
}

/// What a look notes where it does not go by when tags were pushed.
fn by_versions(why: &str) -> String {
    format!(
        "The newest tags are the last in the order of versions, since the registry's own interface does not say when tags were \
         pushed: {why}"
    )
}

/// The newest tags of a repository by when they were pushed; `None` when the product has no such repository.
async fn newest_by_time(
    product: &Product,
    scope: &Scope<'_>,
    repository: &str,
    part: &mut RunPart,
) -> Result<Option<Newest>, RegistryError> {
    let mut newest = Newest::of(scope.newest());
    let mut after = None;
    for page in 0.. {
        if page >= MAX_TAG_PAGES {
            part.problem = Some(format!("{repository}: it has more tags than are listed"));
            break;
        }
        let Some(found) = product.tags(repository, after.as_deref()).await? else {
            return Ok(None);
        };
        for tags in found.tags.chunks(NAMES_AT_ONCE) {
            for tag in tags {
                if scope.has_tag(&tag.name) && !is_attached(&tag.name) {
                    newest.meet_at(tag.name.clone(), tag.pushed_at);
                }
            }
            tokio::task::yield_now().await;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok(Some(newest))
}

/// The newest tags of a repository in the order of versions.
async fn newest_by_name(
    client: &Registry,
    scope: &Scope<'_>,
    repository: &str,
    part: &mut RunPart,
) -> Result<Newest, HandlerError> {
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
        for tags in found.names.chunks(NAMES_AT_ONCE) {
            for tag in tags {
                if scope.has_tag(tag) && !is_attached(tag) {
                    newest.meet(tag.clone());
                }
            }
            tokio::task::yield_now().await;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok(newest)
}

/// Whether what a tag stands for was read, or could not be a short while ago.
pub(super) fn is_read(
    known: &RegistryImageRecord,
    digest: Option<&Digest>,
    now: Timestamp,
) -> bool {
    let same = digest.is_some() && known.digest.as_ref() == digest;
    let lately = now.as_ms().saturating_sub(known.updated_at.as_ms()) < LEFT_ALONE_MS;
    same && (known.problem.is_none() || lately)
}

/// Whether a tag is of what is attached to an image and no image itself: a signature, an attestation, a list of packages.
/// Source: sigstore's cosign, "Signature specification"; OCI distribution-spec, "Referrers tag schema".
pub(super) fn is_attached(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("sha256-") else {
        return false;
    };
    let hex = rest.split('.').next().unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
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
