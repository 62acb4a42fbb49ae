//! A message for Slack's incoming webhooks. Source: Slack, "Block Kit" and "Formatting text for app surfaces".

use schemas::notification::Notification;
use serde_json::{Value, json};

use crate::text;

/// Most characters of a header and of a section.
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3000;
/// Most blocks of a message.
const MAX_BLOCKS: usize = 50;

/// The message as Slack takes it: a header and sections, with a plain text for notices.
pub fn slack(notification: &Notification) -> Value {
    let title = text::title(notification);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": title.chars().take(MAX_HEADER).collect::<String>()},
    })];
    for section in sections(&text::lines(notification)) {
        blocks.push(json!({
            "type": "section",
            "text": {"type": "mrkdwn", "text": section, "verbatim": true},
        }));
    }
    blocks.truncate(MAX_BLOCKS);
    json!({"text": escaped(&title), "blocks": blocks})
}

/// Lines, as many in each section as it holds.
fn sections(lines: &[String]) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in lines {
        let line = escaped(line);
        match sections.last_mut() {
            Some(last) if last.chars().count() + 1 + line.chars().count() <= MAX_SECTION => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => sections.push(line),
        }
    }
    sections
}

/// The three characters that begin mentions and links, which text from outside must not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
