//! Looking for images that a registry keeps: its repositories, the newest tags of each, and of those what nobody read yet.
//!
//! A look is split: one message lists repositories, one for each of them lists its tags, and one for each image reads it.
//! What registries tell of pushes is the last of these. All are of the queue `registry`, whose function does the work.

mod pushed;
mod tags;

use std::collections::BTreeSet;

use records::{
    Registries, RegistryRecord,
    identity::Identity,
    messages::{self, RegistryMessage},
    registries::RunPart,
};
use schemas::{RegistryId, TenantId, Timestamp};
use sources::registry::{
    Credentials, KeptCredentials, Product, Reference, Registry, RegistryError, RegistryOptions,
    Scope,
};

pub(crate) use self::{pushed::Pushed, tags::repository};
use crate::{Context, HandlerError};

/// Pages of repositories that one message lists, of up to a thousand each.
const PAGES: usize = 10;
/// Most repositories of one look.
const MAX_REPOSITORIES: u32 = 5_000;
/// Most pages of a list of repositories; a registry may name ever new places where its list goes on.
const MAX_PAGES: u32 = 1_000;
/// Names that are held against patterns before others have their turn: patterns and names are of strangers.
const NAMES_AT_ONCE: usize = 256;

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
    let Some(kept) = kept(context, tenant, record).await? else {
        return Ok(None);
    };
    let signed = kept.sign_in(&record.settings.address, &context.registries.options);
    Ok(Some(signed.await.map_err(failed)?))
}

/// What the tenant keeps for a registry.
async fn kept(
    context: &Context,
    tenant: &TenantId,
    record: &RegistryRecord,
) -> Result<Option<KeptCredentials>, HandlerError> {
    let Some(kept) = &record.credentials else {
        return Ok(None);
    };
    let registries = Registries(&context.platform);
    let secret = registries.open(tenant, &record.id, &kept.secret).await?;
    Ok(Some(KeptCredentials {
        kind: kept.kind,
        user: kept.user.clone(),
        secret,
    }))
}

/// The own interface of a registry's product, where it has one.
async fn product(
    context: &Context,
    tenant: &TenantId,
    record: &RegistryRecord,
) -> Result<Option<Product>, HandlerError> {
    let kept = kept(context, tenant, record).await?;
    Product::of(&record.settings, kept, &options(context)).map_err(failed)
}

/// How registries are asked, each within the time that one message has.
fn options(context: &Context) -> RegistryOptions {
    let mut options = context.registries.options.clone();
    let most = crate::registry::READING_TIME;
    options.time = Some(options.time.map_or(most, |time| time.min(most)));
    options
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
    Registry::new(reference, credentials, options(context)).map_err(failed)
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
    let product = product(context, look.tenant, record).await?;
    for _ in 0..PAGES {
        let page = client
            .repositories_of(product.as_ref(), &scope, after.as_deref())
            .await;
        let page = page.map_err(failed)?;
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
