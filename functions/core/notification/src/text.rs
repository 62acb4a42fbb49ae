//! A notification in words.

use schemas::{
    Severity,
    notification::{Notification, NotificationEvent, NotifiedFix, NotifiedVulnerability},
};

/// Most vulnerabilities and places that a text names.
const NAMED: usize = 20;
/// Longest piece of a text that comes from outside, in characters.
const MAX_PIECE: usize = 160;

/// One line that says what happened.
pub fn title(notification: &Notification) -> String {
    match notification.summed_up {
        0 | 1 => subject(notification),
        n => format!("{n} messages in one: {}", subject(notification)),
    }
}

fn subject(notification: &Notification) -> String {
    let vulnerabilities =
        count(notification.vulnerabilities.len()).saturating_add(notification.more_vulnerabilities);
    let places = count(notification.places.len()).saturating_add(notification.more_places);
    let (is, word) = match notification.event {
        NotificationEvent::FindingsNew => ("new", true),
        NotificationEvent::FindingsFixed => ("fixed", false),
        NotificationEvent::FeedFailed
        | NotificationEvent::FeedRecovered
        | NotificationEvent::AgentSilent
        | NotificationEvent::AgentHeard
        | NotificationEvent::RegistryFailed
        | NotificationEvent::RegistryRecovered
        | NotificationEvent::DeadLettersWaiting
        | NotificationEvent::DeadLettersCleared => return state(notification),
        NotificationEvent::Test => return "Test of this channel: nothing happened".to_owned(),
        NotificationEvent::Unknown => return "Something happened".to_owned(),
    };
    let what = match vulnerabilities {
        1 => format!("1 {is} vulnerability"),
        n => format!("{n} {is} vulnerabilities"),
    };
    let rating = if word && notification.severity != Severity::Unknown {
        format!(" ({})", notification.severity.as_str())
    } else {
        String::new()
    };
    let at = match (places, notification.places.first()) {
        (1, Some(place)) => format!("at {}", plain(&place.name)),
        (n, _) => format!("at {n} places"),
    };
    match &notification.fix {
        Some(fix) => format!("{}: {what}{rating} {at}", plain(&fix.package)),
        None => format!("{what}{rating} {at}"),
    }
}

/// One line of what is not about findings.
fn state(notification: &Notification) -> String {
    let number = count(notification.subjects.len()).saturating_add(notification.more_subjects);
    let (one, many, is) = match notification.event {
        NotificationEvent::FeedFailed => ("Feed", "feeds", "cannot be read"),
        NotificationEvent::FeedRecovered => ("Feed", "feeds", "can be read again"),
        NotificationEvent::AgentSilent => ("Agent of", "agents", "not heard of any more"),
        NotificationEvent::AgentHeard => ("Agent of", "agents", "heard of again"),
        NotificationEvent::RegistryFailed => ("Registry", "registries", "cannot be looked through"),
        NotificationEvent::RegistryRecovered => {
            ("Registry", "registries", "can be looked through again")
        }
        NotificationEvent::DeadLettersWaiting => {
            ("Queue", "queues", "with messages that were given up")
        }
        _ => ("Queue", "queues", "without messages that were given up"),
    };
    match (number, notification.subjects.first()) {
        (1, Some(subject)) => format!("{one} {}: {is}", plain(&subject.name)),
        (n, _) => format!("{n} {many}: {is}"),
    }
}

/// What to do, what it is about and where, one thing a line, without any markup and without control characters.
pub fn lines(notification: &Notification) -> Vec<String> {
    let mut lines = Vec::new();
    if notification.summed_up > 1 {
        lines.push(format!(
            "Too much happened at once for a message each: this stands for {}.",
            notification.summed_up
        ));
    }
    if let Some(fix) = &notification.fix {
        lines.push(remedy(notification.event, fix));
    } else if notification.digest && notification.summed_up <= 1 {
        lines.push(
            "Much was new at once, as after a first scan, so this sums it up; the worst comes first."
                .to_owned(),
        );
    }
    let vulnerabilities = &notification.vulnerabilities;
    lines.extend(vulnerabilities.iter().take(NAMED).map(vulnerability));
    let left = left(vulnerabilities.len(), notification.more_vulnerabilities);
    if left > 0 {
        lines.push(format!("and {left} more vulnerabilities"));
    }
    for place in notification.places.iter().take(NAMED) {
        let kind = match place.place {
            schemas::Place::Host(_) => "host",
            schemas::Place::Image(_) => "image",
        };
        let mut line = format!("at {kind} {}", plain(&place.name));
        if let Some(version) = &place.installed_version {
            line.push_str(&format!(", which has {}", plain(version)));
        }
        lines.push(line);
    }
    let left = self::left(notification.places.len(), notification.more_places);
    if left > 0 {
        lines.push(format!("and at {left} more places"));
    }
    let is_over = notification.event.is_good();
    lines.extend(notification.subjects.iter().take(NAMED).map(|subject| {
        let since = if is_over { "was so since" } else { "since" };
        let mut line = format!("{} {since} {}", plain(&subject.name), subject.since);
        if let Some(detail) = &subject.detail {
            line.push_str(&format!(": {}", plain(detail)));
        }
        line
    }));
    let left = self::left(notification.subjects.len(), notification.more_subjects);
    if left > 0 {
        lines.push(format!("and {left} more"));
    }
    lines
}

fn remedy(event: NotificationEvent, fix: &NotifiedFix) -> String {
    let package = plain(&fix.package);
    let by = match (&fix.kb, &fix.fixed_version) {
        (Some(kb), Some(version)) => format!("{} ({})", plain(kb), plain(version)),
        (Some(kb), None) => plain(kb),
        (None, Some(version)) => format!("{package} {}", plain(version)),
        (None, None) => return format!("No fix of {package} is available yet."),
    };
    match event {
        NotificationEvent::FindingsFixed => format!("Was to be fixed by: {by}"),
        _ => format!("Fixed by: {by}"),
    }
}

fn vulnerability(known: &NotifiedVulnerability) -> String {
    let mut line = format!("{} {}", known.id, known.severity.as_str());
    if known.kev {
        line.push_str(", known to be exploited");
    }
    if let Some(score) = known.score {
        line.push_str(&format!(", risk {score:.1}"));
    }
    if let Some(package) = &known.package {
        line.push_str(&format!(" in {}", plain(package)));
    }
    if let Some(summary) = &known.summary {
        line.push_str(&format!(": {}", plain(summary)));
    }
    line
}

/// Text from outside without control characters, and of bounded length.
fn plain(text: &str) -> String {
    let mut out: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_PIECE)
        .collect();
    if text.chars().count() > MAX_PIECE {
        out.push('…');
    }
    out
}

fn left(named: usize, more: u32) -> u32 {
    count(named.saturating_sub(NAMED)).saturating_add(more)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
