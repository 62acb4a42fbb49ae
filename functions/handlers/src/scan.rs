//! scan: what a place contains is matched with the advisories in use.

use async_trait::async_trait;
use platform::Delivery;
use records::{
    Feeds, FindingsDocument, Hosts, Inventories, InventoryRef, Layers, PlaceRecord, Places,
    PutPlace, RecordError,
    messages::{self, NotifyMessage, ScanMessage, ScoreMessage},
    places::WindowsFixes,
};
use schemas::{
    Digest, Place, TenantId,
    finding::Finding,
    inventory::{Inventory, OperatingSystem},
    report::Summary,
};

use crate::{
    ATTEMPTS, Context, Handler, HandlerError, advise, merge, message, rematch,
    tell::{self, Changed},
};

/// The function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan;

/// What is to be matched, and what names it.
pub(crate) struct Input {
    pub(crate) name: String,
    /// Content of the inventory.
    pub(crate) content: Digest,
    /// The inventory; absent when it is stored under the reference and was not needed yet.
    pub(crate) inventory: Option<Inventory>,
    pub(crate) reference: InventoryRef,
    /// Only of images.
    pub(crate) basis: Option<Digest>,
    pub(crate) missing_layers: Vec<Digest>,
}

#[async_trait]
impl Handler for Scan {
    async fn handle(&self, context: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        match message(delivery)? {
            ScanMessage::Place {
                tenant,
                place,
                rematch,
            } => {
                // What an earlier delivery stored may have been told to nobody.
                let is_repeated = delivery.receive_count > 1;
                let tells = !rematch || is_repeated;
                scan(context, tenant, place, tells, is_repeated).await
            }
            ScanMessage::Rematch {
                tenant,
                changes,
                from,
            } => rematch::rematch(context, &tenant, &changes, from).await,
        }
    }
}

/// What came of matching a place once.
enum Matched {
    /// Something that was read changed in between.
    Again,
    /// What is stored is of this inventory and these advisories, or nothing is known of the place.
    Known,
    /// It was stored.
    Stored {
        /// Whether anything but the advisories differs from what was stored before.
        is_changed: bool,
        /// Whether what changed was kept with it, to be told to somebody.
        is_told: bool,
        /// Whether the advisories are still those that are in use.
        is_settled: bool,
    },
}

async fn scan(
    context: &Context,
    tenant: TenantId,
    place: Place,
    tells: bool,
    gathers: bool,
) -> Result<(), HandlerError> {
    let mut gathers = gathers;
    // Unless only advisories changed, facts of the place may have, of which findings do not tell.
    let mut tells = tells;
    for _ in 0..ATTEMPTS {
        let is_settled = match match_once(context, &tenant, &place).await? {
            Matched::Again => false,
            // An earlier delivery may have stored it and told nobody.
            Matched::Known => {
                tells = true;
                true
            }
            Matched::Stored {
                is_changed,
                is_told,
                is_settled,
            } => {
                tells |= is_changed;
                gathers |= is_told;
                is_settled
            }
        };
        if is_settled {
            if gathers {
                let gather = NotifyMessage::Gather {
                    tenant: tenant.clone(),
                };
                let delay_s = context.limits.quiet_s;
                messages::send_after(&context.platform, &[gather], delay_s).await?;
            }
            if !tells {
                return Ok(());
            }
            let score = ScoreMessage::Place { tenant, place };
            return Ok(messages::send(&context.platform, &[score]).await?);
        }
    }
    Err(HandlerError::retry("the place is being changed by others"))
}

async fn match_once(
    context: &Context,
    tenant: &TenantId,
    place: &Place,
) -> Result<Matched, HandlerError> {
    let platform = &context.platform;
    let before = Places(platform).get(tenant, place).await?;
    let known = before.as_ref().map(|before| &before.record);
    let advisories = context.advisories().await?;
    let input = match place {
        Place::Host(id) => Hosts(platform).get(tenant, id).await?.map(|host| Input {
            name: host.facts.name,
            content: host.inventory.content.clone(),
            inventory: None,
            reference: host.inventory,
            basis: None,
            missing_layers: Vec::new(),
        }),
        Place::Image(id) => merge::image(context, tenant, id, known).await?,
    };
    // Nothing is known of the place yet; what makes it known sends a message of its own.
    let Some(input) = input else {
        return Ok(Matched::Known);
    };
    if let Some(known) = known
        && known.content == input.content
        && known.name == input.name
        && known.basis == input.basis
        && known.shards.iter().all(|used| advisories.is_same(used))
        // An earlier version did not say what newer builds fix.
        && (known.windows.is_some() || known.os.as_ref().is_none_or(|os| os.windows.is_none()))
    {
        return Ok(Matched::Known);
    }
    let inventory = match input.inventory {
        Some(inventory) => inventory,
        None => match Inventories(platform)
            .get(tenant, place, &input.reference)
            .await
        {
            // The place has a newer one by now.
            Err(RecordError::Gone(_)) => return Ok(Matched::Again),
            inventory => inventory?,
        },
    };
    let generation = advisories.generation();
    let (judged, inventory) = advise::judge(advisories, inventory, context.now()).await?;
    let packages = u64::try_from(inventory.packages.len()).unwrap_or(u64::MAX);
    context.metrics.items("scan", packages);
    let record = PlaceRecord {
        version: 1,
        place: place.clone(),
        name: input.name,
        revision: 0,
        generation,
        content: input.content,
        inventory: matches!(place, Place::Image(_)).then_some(input.reference),
        basis: input.basis,
        findings: String::new(),
        result: None,
        scanned_at: context.now(),
        summary: summary(&judged.findings, judged.cannot_judge.len()),
        coverage: judged.coverage.status,
        gaps: count(judged.coverage.gaps.len()),
        windows: windows(inventory.os.as_ref(), &judged.findings),
        os: inventory.os,
        packages: count(inventory.packages.len()),
        shards: judged.shards.clone(),
        names: None,
        missing_layers: input.missing_layers,
        trace: platform::trace::current().map(|trace| trace.trace_id()),
    };
    let mut document = FindingsDocument {
        version: 1,
        place: place.clone(),
        generation,
        coverage: judged.coverage,
        findings: judged.findings,
        cannot_judge: judged.cannot_judge,
        unseen: None,
    };
    let mut replaced = before.clone();
    let changes = match tell::changed(context, tenant, known, &record, &document).await? {
        Changed::These(changes, unseen) => {
            document.unseen = unseen;
            changes
        }
        Changed::Replaced => return Ok(Matched::Again),
        Changed::Lost => {
            // Findings that are as they were are written again, too.
            if let Some(replaced) = &mut replaced {
                replaced.record.result = None;
            }
            Vec::new()
        }
    };
    let is_told = !changes.is_empty();
    let put = Places(platform)
        .put_telling(
            tenant,
            replaced.as_ref(),
            record,
            document,
            &judged.names,
            changes,
        )
        .await?;
    let Some(PutPlace { record, is_changed }) = put else {
        return Ok(Matched::Again);
    };
    if let Place::Image(image) = place {
        let mut done = known.map_or_else(Vec::new, |known| known.missing_layers.clone());
        done.retain(|layer| !record.missing_layers.contains(layer));
        Layers(platform).stop_waiting(tenant, image, &done).await?;
    }
    // A generation that came out meanwhile may have looked for the places it concerns before this one said what it asks
    // for.
    Ok(Matched::Stored {
        is_changed,
        is_told,
        is_settled: Feeds(platform).generation().await? == generation,
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What newer revisions of a place's Windows build fix in it.
fn windows(os: Option<&OperatingSystem>, findings: &[Finding]) -> Option<WindowsFixes> {
    let build = os?.windows.as_ref()?.build;
    let revision = |finding: &Finding| {
        let mut parts = finding.fixed_version.as_ref()?.rsplitn(3, '.');
        let (ubr, of) = (parts.next()?.parse().ok()?, parts.next()?);
        // Of a package, the number of a build in its version would be chance.
        let is_of_system = finding.purl.is_none() && of.parse() == Ok(build);
        is_of_system.then_some(ubr)
    };
    let mut fixes = WindowsFixes::default();
    let mut fixed = Vec::new();
    for finding in findings {
        let Some(ubr): Option<u32> = revision(finding) else {
            continue;
        };
        if ubr > fixes.ubr {
            fixes.ubr = ubr;
            fixes.kb.clone_from(&finding.kb);
        }
        fixed.push(finding);
    }
    fixes.summary = summary(fixed, 0);
    Some(fixes)
}

/// Counts of findings.
fn summary<'a>(findings: impl IntoIterator<Item = &'a Finding>, cannot_judge: usize) -> Summary {
    use schemas::Severity;
    let mut summary = Summary {
        cannot_judge: count(cannot_judge),
        ..Summary::default()
    };
    for finding in findings {
        summary.total += 1;
        *match finding.severity {
            Severity::Critical => &mut summary.critical,
            Severity::High => &mut summary.high,
            Severity::Medium => &mut summary.medium,
            Severity::Low => &mut summary.low,
            Severity::Unknown => &mut summary.unknown,
        } += 1;
        summary.known_exploited += u32::from(finding.kev);
        summary.fixable += u32::from(finding.fixed_version.is_some() || finding.kb.is_some());
    }
    summary
}
