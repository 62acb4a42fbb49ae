//! Changes of many places become one notification, and each channel is told the part that it wants.

use schemas::{
    CollectionId, Severity, TenantId, Timestamp,
    api::notification::{ChannelWants, NotificationConditions},
    notification::{
        Notification, NotificationEvent, NotifiedPlace, NotifiedRest, NotifiedSubject,
        NotifiedVulnerability, PlaceChange,
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    changes::{MAX_VULNERABILITIES, worst_first},
    rest,
};

/// Most places that a notification names.
pub const MAX_PLACES: usize = 200;
/// Most feeds, agents, registries or queues that a notification names.
pub const MAX_SUBJECTS: usize = 200;

/// Names what a change is gathered with: 32 hexadecimal digits, the same for one fix wherever it is missing, as long as the
/// same collections that channels are limited to have the place. So a notification lies in a collection as a whole or not at
/// all, and nobody is told of more than of that collection.
pub fn group(change: &PlaceChange, collections: &[CollectionId]) -> String {
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
    within(&mut hash, collections);
    hex(hash)
}

/// The same for what is not about findings: everything of an event in these collections.
pub fn group_of(event: NotificationEvent, collections: &[CollectionId]) -> String {
    let mut hash = Sha256::new();
    hash.update((event.as_str().len() as u64).to_le_bytes());
    hash.update(event.as_str());
    within(&mut hash, collections);
    hex(hash)
}

/// Names what all notifications of one fix have in common, whether it is missing or was made, and all of one kind of trouble,
/// whether it begins or ends: 32 hexadecimal digits. A digest has nothing in common with others.
pub fn thread(notification: &Notification) -> String {
    let mut hash = Sha256::new();
    hash.update(notification.tenant.as_str());
    let kind = notification.event.as_str().split('.').next();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    part(kind.unwrap_or_default());
    match &notification.fix {
        Some(fix) => {
            part(&fix.package);
            part(fix.fixed_version.as_deref().unwrap_or_default());
            part(fix.kb.as_deref().unwrap_or_default());
        }
        None if notification.digest || !is_trouble(notification.event) => part(&notification.id),
        None => {}
    }
    hex(hash)
}

fn is_trouble(event: NotificationEvent) -> bool {
    !event.is_of_findings()
        && !matches!(event, NotificationEvent::Test | NotificationEvent::Unknown)
}

fn within(hash: &mut Sha256, collections: &[CollectionId]) {
    for id in collections {
        hash.update(b"/");
        hash.update(id.as_str());
    }
}

/// A notification of this id that tells of one change so far.
pub fn begin(tenant: &TenantId, id: &str, at: Timestamp, change: &PlaceChange) -> Notification {
    let mut notification = Notification {
        fix: change.fix.clone(),
        digest: change.fix.is_none(),
        ..empty(change.event, tenant, id, at)
    };
    add(&mut notification, change);
    notification
}

/// A notification that tells of nothing yet.
pub fn empty(event: NotificationEvent, tenant: &TenantId, id: &str, at: Timestamp) -> Notification {
    Notification {
        event,
        tenant: tenant.clone(),
        id: id.to_owned(),
        at,
        fix: None,
        digest: false,
        severity: Severity::Unknown,
        vulnerabilities: Vec::new(),
        more_vulnerabilities: 0,
        rest: Vec::new(),
        places: Vec::new(),
        more_places: 0,
        subjects: Vec::new(),
        more_subjects: 0,
        collections: Vec::new(),
        summed_up: 0,
    }
}

/// Adds a feed, an agent, a registry or a queue. Adding one twice is as adding it once, as long as it is named.
pub fn add_subject(notification: &mut Notification, subject: &NotifiedSubject) {
    let known = &mut notification.subjects;
    if known.iter().any(|known| known.id == subject.id) {
        return;
    }
    if known.len() < MAX_SUBJECTS {
        known.push(subject.clone());
    } else {
        notification.more_subjects = notification.more_subjects.saturating_add(1);
    }
}

/// Adds a change to a notification of its group. Adding one twice is as adding it once, as long as all of it is named.
pub fn add(notification: &mut Notification, change: &PlaceChange) {
    add_place(notification, &change.place);
    let (more, rest) = (change.more_vulnerabilities, &change.rest);
    add_vulnerabilities(notification, &change.vulnerabilities, more, rest);
}

fn add_place(notification: &mut Notification, place: &NotifiedPlace) {
    let mut places = notification.places.iter();
    if places.any(|known| known.place == place.place) {
        return;
    }
    if notification.places.len() < MAX_PLACES {
        notification.places.push(place.clone());
    } else {
        notification.more_places = notification.more_places.saturating_add(1);
    }
}

/// Adds vulnerabilities, and those that are not named: `more` of them, as many as are known as `rest`.
fn add_vulnerabilities(
    notification: &mut Notification,
    vulnerabilities: &[NotifiedVulnerability],
    more: u32,
    rest: &[NotifiedRest],
) {
    for vulnerability in vulnerabilities {
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
    // What an older version left out without a word about it.
    let untold = |more: u32, rest: &[NotifiedRest]| more.saturating_sub(rest::count(rest));
    let of_older = untold(notification.more_vulnerabilities, &notification.rest)
        .saturating_add(untold(more, rest));
    let mut left = rest::cut(&mut notification.vulnerabilities, MAX_VULNERABILITIES);
    for one in rest {
        rest::put(&mut left, one);
    }
    for one in &left {
        // One fix mends the same wherever it is missing; of a digest each place has its own.
        if notification.fix.is_some() {
            rest::cover(&mut notification.rest, one);
        } else {
            rest::put(&mut notification.rest, one);
        }
    }
    notification.more_vulnerabilities = rest::count(&notification.rest).saturating_add(of_older);
    let left_out = notification.rest.iter().map(|rest| rest.severity).max();
    notification.severity = worst(&notification.vulnerabilities).max(left_out.unwrap_or_default());
}

fn worse(known: &mut NotifiedVulnerability, other: &NotifiedVulnerability) {
    known.severity = known.severity.max(other.severity);
    known.kev |= other.kev;
    known.fixable |= other.fixable;
    known.epss = match (known.epss, other.epss) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
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
    let is_within = |id: &CollectionId| wants.collections.contains(id);
    let can_lie_in_collections = notification.event.is_of_findings()
        || matches!(
            notification.event,
            NotificationEvent::AgentSilent | NotificationEvent::AgentHeard
        );
    if can_lie_in_collections
        && !wants.collections.is_empty()
        && !notification.collections.iter().any(is_within)
    {
        return None;
    }
    if !notification.event.is_of_findings() {
        return Some(notification.clone());
    }
    let mut part = notification.clone();
    part.vulnerabilities
        .retain(|known| meets(known, &wants.conditions));
    part.rest = rest::wanted(&notification.rest, &wants.conditions);
    part.more_vulnerabilities = rest::count(&part.rest);
    // What an older version left out without a word about it: no worse than what is named, mostly.
    if notification.rest.is_empty()
        && part.vulnerabilities.len() == notification.vulnerabilities.len()
    {
        part.more_vulnerabilities = notification.more_vulnerabilities;
    }
    if part.vulnerabilities.is_empty() && part.more_vulnerabilities == 0 {
        return None;
    }
    let left_out = part.rest.iter().map(|rest| rest.severity).max();
    part.severity = worst(&part.vulnerabilities).max(left_out.unwrap_or_default());
    Some(part)
}

/// The same notifications with those of one fix as one: they were gathered apart only since their places lie in different
/// collections, which is nothing to a channel that is told of all of them.
pub fn merged(notifications: &[Notification]) -> Vec<Notification> {
    together(notifications, |one, other| {
        one.event == other.event && one.fix == other.fix && one.digest == other.digest
    })
}

/// One digest of many notifications for each thing that happened, where there would be too many messages.
pub fn digests(notifications: &[Notification]) -> Vec<Notification> {
    let single: Vec<Notification> = notifications.iter().map(single).collect();
    together(&single, |one, other| one.event == other.event)
}

/// Adds a notification to the digests of those that are too many for a channel.
pub fn sum_up(digests: &mut Vec<Notification>, notification: &Notification) {
    let single = single(notification);
    match digests
        .iter_mut()
        .find(|digest| digest.event == notification.event)
    {
        Some(digest) => {
            digest.id = joined(&[digest.id.as_str(), single.id.as_str()]);
            join(digest, &single);
        }
        None => digests.push(single),
    }
}

/// A digest of one notification, in which each vulnerability names its package.
fn single(notification: &Notification) -> Notification {
    let package = notification.fix.as_ref().map(|fix| &fix.package);
    let mut digest = notification.clone();
    for known in &mut digest.vulnerabilities {
        known.package = package.cloned().or(known.package.take());
    }
    for place in &mut digest.places {
        place.installed_version = None;
    }
    digest.fix = None;
    digest.digest = notification.event.is_of_findings();
    digest.summed_up = notification.summed_up.max(1);
    digest
}

/// Puts notifications together that are alike by this. What stays alone stays as it is.
fn together(
    notifications: &[Notification],
    alike: impl Fn(&Notification, &Notification) -> bool,
) -> Vec<Notification> {
    let mut all: Vec<(Notification, Vec<&str>)> = Vec::new();
    for notification in notifications {
        match all.iter_mut().find(|(one, _)| alike(one, notification)) {
            Some((one, ids)) => {
                join(one, notification);
                ids.push(&notification.id);
            }
            None => all.push((notification.clone(), vec![&notification.id])),
        }
    }
    let named = all.into_iter().map(|(mut one, ids)| {
        if ids.len() > 1 {
            one.id = joined(&ids);
        }
        one
    });
    named.collect()
}

/// The id of what was put together of these, in this order.
fn joined(ids: &[&str]) -> String {
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.as_bytes());
    }
    hex(hash)
}

/// Adds all of a notification to another one.
fn join(one: &mut Notification, other: &Notification) {
    one.at = one.at.min(other.at);
    one.summed_up = one.summed_up.saturating_add(other.summed_up);
    one.more_places = one.more_places.saturating_add(other.more_places);
    one.more_subjects = one.more_subjects.saturating_add(other.more_subjects);
    one.collections
        .retain(|known| other.collections.contains(known));
    for place in &other.places {
        add_place(one, place);
    }
    let (more, rest) = (other.more_vulnerabilities, &other.rest);
    add_vulnerabilities(one, &other.vulnerabilities, more, rest);
    for subject in &other.subjects {
        add_subject(one, subject);
    }
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
    rest::meet(
        conditions,
        known.severity,
        known.kev,
        known.fixable,
        known.epss,
    )
}
