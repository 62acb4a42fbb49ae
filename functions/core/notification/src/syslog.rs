//! A notification as a message of syslog. Sources: RFC 5424 for its form; RFC 5425, 4.3, and RFC 6587, 3.4.1, for how messages
//! follow one another on a connection.

use schemas::{
    Severity,
    notification::{Notification, NotificationEvent},
};

use crate::text;

/// The facility: local use 0, so that nothing of the system's own is mixed with it.
const FACILITY: u8 = 16;
/// Longest message in bytes: what every receiver over TLS should take (RFC 5425, 4.3.1).
pub const MAX_SYSLOG_BYTES: usize = 8192;
/// The element of structured data. 32473 stands for no enterprise, as in the examples of RFC 5424 (RFC 5612).
const ELEMENT: &str = "bulkhead@32473";
/// Most characters of a value in structured data.
const MAX_VALUE: usize = 256;
/// What marks text as UTF-8.
const BOM: &str = "\u{feff}";

/// The message. `id` is the same for every attempt, and the receiver can tell by it what came twice.
pub fn syslog(notification: &Notification, id: &str) -> String {
    let priority = FACILITY * 8 + severity(notification);
    let mut data = format!("[{ELEMENT}");
    let mut add = |name: &str, value: &str| {
        data.push_str(&format!(" {name}=\"{}\"", escaped(value)));
    };
    add("id", id);
    add("event", notification.event.as_str());
    add("tenant", notification.tenant.as_str());
    if notification.event.is_of_findings() {
        add("severity", notification.severity.as_str());
    }
    if let Some(fix) = &notification.fix {
        add("package", &fix.package);
        if let Some(version) = &fix.fixed_version {
            add("fixed", version);
        }
        if let Some(kb) = &fix.kb {
            add("kb", kb);
        }
    }
    data.push(']');
    let message_id = notification.event.as_str();
    let mut message = format!(
        "<{priority}>1 {} - bulkhead - {message_id} {data} {BOM}{}",
        notification.at,
        text::title(notification)
    );
    // What does not fit is left out as a whole, and what a receiver reads is never half a character.
    for line in text::lines(notification) {
        if message.len() + 2 + line.len() > MAX_SYSLOG_BYTES {
            break;
        }
        message.push_str("; ");
        message.push_str(&line);
    }
    message
}

/// The message as it goes over a connection: its length in bytes goes before it.
pub fn framed(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// Severity of syslog. Nothing here is an emergency of the receiver's own system, so none is worse than critical.
fn severity(notification: &Notification) -> u8 {
    const CRITICAL: u8 = 2;
    const ERROR: u8 = 3;
    const WARNING: u8 = 4;
    const NOTICE: u8 = 5;
    const INFORMATIONAL: u8 = 6;
    match notification.event {
        NotificationEvent::FindingsNew => match notification.severity {
            Severity::Critical => CRITICAL,
            Severity::High => ERROR,
            Severity::Medium => WARNING,
            Severity::Low | Severity::Unknown => NOTICE,
        },
        NotificationEvent::FeedFailed
        | NotificationEvent::RegistryFailed
        | NotificationEvent::AgentSilent => WARNING,
        NotificationEvent::DeadLettersWaiting => ERROR,
        _ => INFORMATIONAL,
    }
}

/// A value of structured data: three characters are escaped (RFC 5424, 6.3.3), and control characters left out.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars().filter(|c| !c.is_control()).take(MAX_VALUE) {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
