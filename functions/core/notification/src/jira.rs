//! A notification as an issue of Jira, or as a comment on one. Sources: Atlassian, "Jira Cloud platform REST API v3", issues,
//! and "Atlassian Document Format"; "Jira Data Center REST API", version 2.

use std::collections::BTreeSet;

use schemas::notification::Notification;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{text, thread};

/// Most characters of a summary.
const MAX_SUMMARY: usize = 250;
/// Most places and deliveries that are kept with an issue: what is kept is at most 32 KiB.
const MAX_KEPT_PLACES: usize = 200;
const MAX_KEPT_DELIVERIES: usize = 20;

/// The label by which the issue of a notification is found again: the same for one fix, however often it is told of.
pub fn jira_label(notification: &Notification) -> String {
    format!("bulkhead-{}", thread(notification))
}

/// One line that says what the issue is about.
pub fn jira_summary(notification: &Notification) -> String {
    text::title(notification)
        .chars()
        .take(MAX_SUMMARY)
        .collect()
}

/// The text as a document of version 3.
pub fn jira_document(notification: &Notification) -> Value {
    let run =
        |text: &str| json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
    let mut content = vec![run(&text::title(notification))];
    let items: Vec<Value> = text::lines(notification)
        .iter()
        .map(|line| json!({"type": "listItem", "content": [run(line)]}))
        .collect();
    if !items.is_empty() {
        content.push(json!({"type": "bulletList", "content": items}));
    }
    json!({"type": "doc", "version": 1, "content": content})
}

/// The text as the markup of version 2, in which nothing from outside is markup.
pub fn jira_markup(notification: &Notification) -> String {
    let mut all = escaped(&text::title(notification));
    for line in text::lines(notification) {
        all.push_str("\n* ");
        all.push_str(&escaped(&line));
    }
    all
}

/// Characters that begin markup are escaped by a backslash.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*'
                | '_'
                | '?'
                | '-'
                | '+'
                | '^'
                | '~'
                | '{'
                | '}'
                | '['
                | ']'
                | '!'
                | '|'
                | '#'
                | '@'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What is kept with an issue: where the fix is missing, and which deliveries it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JiraState {
    /// Places that were told of and not told to be fixed.
    #[serde(default)]
    pub places: BTreeSet<String>,
    /// Whether there are more than are kept: then it is not known when the last one is fixed.
    #[serde(default)]
    pub more: bool,
    /// Deliveries that were written into it, the latest ones.
    #[serde(default)]
    pub deliveries: Vec<String>,
}

impl JiraState {
    /// The same after this notification; says whether nothing is left to be done.
    pub fn told(&mut self, notification: &Notification, delivery: &str) -> bool {
        let subjects = notification.subjects.iter().map(|one| one.id.clone());
        let places = notification.places.iter();
        let named = places.map(|place| place.place.to_string()).chain(subjects);
        let is_good = notification.event.is_good();
        for name in named {
            if is_good {
                self.places.remove(&name);
            } else if self.places.len() < MAX_KEPT_PLACES {
                self.places.insert(name);
            } else {
                self.more = true;
            }
        }
        self.more |= !is_good && (notification.more_places > 0 || notification.more_subjects > 0);
        if !self.has(delivery) {
            self.deliveries.push(delivery.to_owned());
        }
        let beyond = self.deliveries.len().saturating_sub(MAX_KEPT_DELIVERIES);
        self.deliveries.drain(..beyond);
        is_good && self.places.is_empty() && !self.more
    }

    /// Whether a delivery was written into the issue.
    pub fn has(&self, delivery: &str) -> bool {
        self.deliveries.iter().any(|known| known == delivery)
    }
}
