//! Changes of many places become one notification, and each channel is told the part that it wants.

use schemas::{
    Severity, TenantId, Timestamp,
    api::notification::{ChannelWants, NotificationConditions},
    notification::{Notification, NotificationEvent, NotifiedVulnerability, PlaceChange},
};
use sha2::{Digest as _, Sha256};

use crate::changes::{MAX_VULNERABILITIES, worst_first};

/// Most places that a notification names.
pub const MAX_PLACES: usize = 200;

/// Names what a change is gathered with: 32 hexadecimal digits, the same for one fix wherever it is missing.
pub fn group(change: &PlaceChange) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: Option<&str>| {
        hash.update((text.map_or(u64::MAX, |text| text.len() as u64)).to_le_bytes());
        hash.update(text.unwrap_or_default());
    };
    part(Some(change.event.as_str()));
    if let Some(fix) = &change.fix {
        part(Some(&fix.package));
        part(fix.fixed_version.as_deref());
        part(fix.kb.as_deref());
    }
    hex(hash)
}

/// A notification of this id that tells of one change so far.
pub fn begin(tenant: &TenantId, id: &str, at: Timestamp, change: &PlaceChange) -> Notification {
    let mut notification = Notification {
        event: change.event,
        tenant: tenant.clone(),
        id: id.to_owned(),
        at,
        fix: change.fix.clone(),
        digest: change.fix.is_none(),
        severity: Severity::Unknown,
        vulnerabilities: Vec::new(),
        more_vulnerabilities: 0,
        places: Vec::new(),
        more_places: 0,
    };
    add(&mut notification, change);
    notification
}

/// Adds a change to a notification of its group. Adding one twice is as adding it once, as long as it is named.
pub fn add(notification: &mut Notification, change: &PlaceChange) {
    let is_known = notification
        .places
        .iter()
        .any(|known| known.place == change.place.place);
    if !is_known {
        if notification.places.len() < MAX_PLACES {
            notification.places.push(change.place.clone());
        } else {
            notification.more_places = notification.more_places.saturating_add(1);
        }
    }
    for vulnerability in &change.vulnerabilities {
        let known = notification
            .vulnerabilities
            .iter_mut()
            .find(|known| known.id == vulnerability.id && known.package == vulnerability.package);
        match known {
            Some(known) => worse(known, vulnerability),
            None => notification.vulnerabilities.push(vulnerability.clone()),
        }
    }
    worst_first(&mut notification.vulnerabilities);
    let left = notification
        .vulnerabilities
        .len()
        .saturating_sub(MAX_VULNERABILITIES);
    notification.vulnerabilities.truncate(MAX_VULNERABILITIES);
    if !is_known {
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        notification.more_vulnerabilities = notification
            .more_vulnerabilities
            .saturating_add(change.more_vulnerabilities)
            .saturating_add(left);
    }
    notification.severity = worst(&notification.vulnerabilities);
}

fn worse(known: &mut NotifiedVulnerability, other: &NotifiedVulnerability) {
    known.severity = known.severity.max(other.severity);
    known.kev |= other.kev;
    known.fixable |= other.fixable;
    known.score = match (known.score, other.score) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
}

fn worst(vulnerabilities: &[NotifiedVulnerability]) -> Severity {
    vulnerabilities
        .iter()
        .map(|known| known.severity)
        .max()
        .unwrap_or_default()
}

/// The part of a notification that a channel wants to be told; `None` when that is nothing.
pub fn wanted(notification: &Notification, wants: &ChannelWants) -> Option<Notification> {
    if notification.event == NotificationEvent::Test {
        return Some(notification.clone());
    }
    if !wants.events.contains(&notification.event) {
        return None;
    }
    let mut part = notification.clone();
    part.vulnerabilities
        .retain(|known| meets(known, &wants.conditions));
    if part.vulnerabilities.is_empty() {
        return None;
    }
    // What is left out is no worse than what is named: where something named is not wanted, neither is that.
    if part.vulnerabilities.len() < notification.vulnerabilities.len() {
        part.more_vulnerabilities = 0;
    }
    part.severity = worst(&part.vulnerabilities);
    Some(part)
}

/// One digest of many notifications for each thing that happened, where there would be too many messages.
pub fn digests(notifications: &[Notification]) -> Vec<Notification> {
    let mut digests: Vec<(Notification, Sha256)> = Vec::new();
    for notification in notifications {
        let at = digests
            .iter()
            .position(|(digest, _)| digest.event == notification.event);
        let at = at.unwrap_or_else(|| {
            digests.push((
                Notification {
                    fix: None,
                    digest: true,
                    vulnerabilities: Vec::new(),
                    more_vulnerabilities: 0,
                    places: Vec::new(),
                    more_places: 0,
                    ..notification.clone()
                },
                Sha256::new(),
            ));
            digests.len() - 1
        });
        let Some((digest, ids)) = digests.get_mut(at) else {
            continue;
        };
        ids.update(notification.id.as_bytes());
        let package = notification.fix.as_ref().map(|fix| &fix.package);
        let named = notification.vulnerabilities.iter().cloned().map(|known| {
            let package = package.cloned().or(known.package.clone());
            NotifiedVulnerability { package, ..known }
        });
        let vulnerabilities: Vec<_> = named.collect();
        digest.more_places = digest.more_places.saturating_add(notification.more_places);
        let mut more = notification.more_vulnerabilities;
        for place in &notification.places {
            let mut place = place.clone();
            place.installed_version = None;
            add(
                digest,
                &PlaceChange {
                    event: notification.event,
                    fix: None,
                    place,
                    vulnerabilities: vulnerabilities.clone(),
                    more_vulnerabilities: std::mem::take(&mut more),
                },
            );
        }
    }
    digests
        .into_iter()
        .map(|(digest, ids)| Notification {
            id: hex(ids),
            ..digest
        })
        .collect()
}

/// The first half of a digest, as hexadecimal digits.
fn hex(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn meets(known: &NotifiedVulnerability, conditions: &NotificationConditions) -> bool {
    let severity = conditions
        .min_severity
        .is_none_or(|least| known.severity >= least);
    let exploited = !conditions.known_exploited || known.kev;
    let fixable = !conditions.fixable || known.fixable;
    severity && exploited && fixable
}
