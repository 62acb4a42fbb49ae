//! score: the findings of a place and the facts of it become its state in the tenant's estate index.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use estate::{EstateIndex, PlaceDelta, PlaceFinding, Resource};
use platform::Delivery;
use policy::AtPlace;
use records::{
    Containers, Estates, Feeds, FindingsDocument, Hosts, Images, Places, SettingsOfRisk,
    messages::ScoreMessage,
};
use risk::RunningContainer;
use schemas::{
    ImageId, Place, TenantId, VulnerabilityId,
    inventory::{HostFacts, OperatingSystem},
    risk::PlaceFacts,
};

use crate::{
    ATTEMPTS, Advisories, Context, Handler, HandlerError, advise, excepted, fold, history::Seen,
    message, resource,
};

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score;

#[async_trait]
impl Handler for Score {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        match message(delivery)? {
            ScoreMessage::Place { tenant, place } => place_state(context, &tenant, &place).await,
            ScoreMessage::Intel { tenant, .. } => refresh(context, &tenant).await,
            ScoreMessage::Labels { tenant } => relabel(context, &tenant).await,
            ScoreMessage::Fold { tenant } => fold::fold(context, &tenant).await,
            ScoreMessage::Exceptions { tenant } => excepted::bring_in(context, &tenant).await,
        }
    }
}

async fn place_state(
    context: &Context,
    tenant: &TenantId,
    place: &Place,
) -> Result<(), HandlerError> {
    for _ in 0..ATTEMPTS {
        if score_once(context, tenant, place).await? {
            return Ok(());
        }
    }
    Err(HandlerError::retry("the place is being changed by others"))
}

/// Scores a place; `false` when something that was read changed in between.
async fn score_once(
    context: &Context,
    tenant: &TenantId,
    place: &Place,
) -> Result<bool, HandlerError> {
    let platform = &context.platform;
    let before = Estates(platform).state(tenant, place).await?;
    let excepted = excepted::Excepted::read(context, tenant).await?;
    let advisories = context.advisories().await?;
    let generation = advisories.generation();
    // Nothing was matched yet; when it is, a message of its own says so.
    let Some((record, document)) = Places(platform).newest(tenant, place).await? else {
        return Ok(true);
    };
    let (facts, resource) = match place {
        Place::Host(id) => match Hosts(platform).get(tenant, id).await? {
            Some(host) => (
                risk::host_place(&host.facts),
                Resource::of_host(&host.facts),
            ),
            None => return Ok(true),
        },
        Place::Image(id) => match image_facts(context, tenant, id, record.os.as_ref()).await? {
            Some(facts) => facts,
            None => return Ok(true),
        },
    };
    let collections = excepted.collections_of(context, tenant, &resource).await?;
    let revision = excepted.revision();
    let at = place.clone();
    let findings = advise::aside(move || {
        let here = excepted.at(&at, &collections);
        findings(&document, &advisories, &here)
    });
    let findings = findings.await?;
    let delta = PlaceDelta {
        place: place.clone(),
        name: record.name,
        sequence: 0,
        removed: false,
        coverage: record.coverage,
        packages: record.packages,
        cannot_judge: record.summary.cannot_judge,
        facts,
        findings,
        os: resource::os_name(record.os.as_ref()),
        resource,
        at_h: 0,
        replaced: estate::Replaced::default(),
    };
    let put = Estates(platform)
        .put(tenant, before.as_ref(), delta)
        .await?;
    // Facts of vulnerabilities may have been refreshed before this state was there, and exceptions changed: whoever looked for
    // places then did not find it.
    Ok(put
        && Feeds(platform).generation().await? == generation
        && excepted::revision(context, tenant).await? == revision)
}

/// Facts of an image, the worst over its containers on all hosts, and what collections look at.
async fn image_facts(
    context: &Context,
    tenant: &TenantId,
    id: &ImageId,
    os: Option<&OperatingSystem>,
) -> Result<Option<(PlaceFacts, Resource)>, HandlerError> {
    let platform = &context.platform;
    let Some(image) = Images(platform).get(tenant, id).await? else {
        return Ok(None);
    };
    let by_host = Containers(platform).of_image(tenant, id).await?;
    let mut hosts = Images(platform).holders(tenant, id).await?;
    hosts.extend(by_host.iter().map(|on| on.host.clone()));
    hosts.sort();
    hosts.dedup();
    let heads = Containers(platform).heads(tenant, &hosts).await?;
    let asked = heads.iter().any(|head| head.complete);
    let running = by_host
        .iter()
        .any(|on| on.containers.iter().any(|c| c.running));
    let with: Vec<_> = by_host
        .iter()
        .filter(|on| !on.containers.is_empty())
        .map(|on| on.host.clone())
        .collect();
    let facts: HashMap<_, HostFacts> = Hosts(platform)
        .get_many(tenant, &with)
        .await?
        .into_iter()
        .map(|host| (host.id, host.facts))
        .collect();
    let containers: Vec<_> = by_host
        .iter()
        .flat_map(|on| {
            let host = facts.get(&on.host);
            on.containers
                .iter()
                .map(move |container| RunningContainer { container, host })
        })
        .collect();
    let known = (asked || running).then_some(containers.as_slice());
    Ok(Some((
        risk::image_place(&image.facts, os, known),
        resource::of_image(&image, &containers),
    )))
}

/// Tells the index which labels make places critical: it judges all places, those that come later too, by itself.
async fn relabel(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    for _ in 0..ATTEMPTS {
        let (labels, revision) = critical_labels(context, tenant).await?;
        Estates(&context.platform)
            .fold(tenant, move |index| index.set_critical_labels(&labels))
            .await?;
        // Another message may have told an older state in between.
        if critical_labels(context, tenant).await?.1 == revision {
            return Ok(());
        }
    }
    Err(HandlerError::retry("labels are being changed by others"))
}

/// The patterns of labels that make places critical, with the revision of the settings.
pub(crate) async fn critical_labels(
    context: &Context,
    tenant: &TenantId,
) -> Result<(Vec<String>, Option<u64>), HandlerError> {
    let kept = SettingsOfRisk(&context.platform).get(tenant).await?;
    Ok(match kept {
        Some((kept, revision)) => (kept.settings.critical_labels, Some(revision)),
        None => (Vec::new(), None),
    })
}

/// Each vulnerability of a place once, over all packages that have it.
fn findings(
    document: &FindingsDocument,
    advisories: &Advisories,
    here: &AtPlace<'_>,
) -> Result<Vec<PlaceFinding>, HandlerError> {
    let mut by_id: BTreeMap<&VulnerabilityId, PlaceFinding> = BTreeMap::new();
    for finding in &document.findings {
        let cvss_score = risk::rating_used(finding).and_then(|rating| rating.cvss_score);
        let fix_available = risk::fix_available(finding);
        let excepted = here.of(finding).is_some();
        match by_id.entry(&finding.vulnerability) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let rated = (finding.severity, cvss_score.unwrap_or(-1.0));
                if rated > (known.severity, known.cvss_score.unwrap_or(-1.0)) {
                    known.severity = finding.severity;
                    known.cvss_score = cvss_score;
                }
                known.fix_available |= fix_available;
                // Rated over all packages, whatever is hidden of them: exceptions change no score.
                known.excepted &= excepted;
                let factors = risk::lasting_factors(finding, known.facts.cvss_vector.as_deref());
                known.facts.factors = known.facts.factors.and(factors);
            }
            Entry::Vacant(place) => {
                let mut facts = advisories.facts(&finding.vulnerability)?;
                facts.factors = risk::lasting_factors(finding, facts.cvss_vector.as_deref());
                place.insert(PlaceFinding {
                    vulnerability: finding.vulnerability.clone(),
                    severity: finding.severity,
                    cvss_score,
                    fix_available,
                    excepted,
                    facts,
                });
            }
        }
    }
    Ok(by_id.into_values().collect())
}

/// Reads the facts of all vulnerabilities of a tenant anew.
async fn refresh(context: &Context, tenant: &TenantId) -> Result<(), HandlerError> {
    for _ in 0..ATTEMPTS {
        let advisories = context.advisories().await?;
        let generation = advisories.generation();
        // An earlier version, which knows none, may have written the base since they were told.
        let (labels, _) = critical_labels(context, tenant).await?;
        let unreadable = Arc::new(Mutex::new(None));
        let told = Arc::clone(&unreadable);
        let seen = Seen::default();
        let looks = seen.clone();
        Estates(&context.platform)
            .fold(tenant, move |index| {
                let changed = match refreshed(index, &advisories) {
                    Ok(fresh) => {
                        let is_fresh = fresh.is_some();
                        if let Some(fresh) = fresh {
                            *index = fresh;
                        }
                        index.set_critical_labels(&labels) || is_fresh
                    }
                    Err(error) => {
                        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return false;
                    }
                };
                looks.look(index);
                changed
            })
            .await?;
        seen.keep(context, tenant).await?;
        let unreadable = unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(error) = unreadable {
            return Err(error);
        }
        if Feeds(&context.platform).generation().await? == generation {
            return Ok(());
        }
    }
    Err(HandlerError::retry("advisories change too fast"))
}

/// The index with the facts of today, where any differ. Facts that cannot be read are not the same as none.
fn refreshed(
    index: &EstateIndex,
    advisories: &Advisories,
) -> Result<Option<EstateIndex>, HandlerError> {
    let mut fresh = index.clone();
    let unreadable = RefCell::new(None);
    let changed = fresh.refresh(&|id: &VulnerabilityId| match advisories.facts(id) {
        Ok(facts) => Some(facts),
        Err(error) => {
            *unreadable.borrow_mut() = Some(error);
            None
        }
    });
    match unreadable.into_inner() {
        Some(error) => Err(error),
        None => Ok((changed > 0).then_some(fresh)),
    }
}
