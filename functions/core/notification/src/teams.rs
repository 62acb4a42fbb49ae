//! A message for a workflow of Microsoft Teams: an Adaptive Card. Source: Microsoft, "Adaptive Cards schema", 1.4, and
//! "Create incoming webhooks with Workflows".

use schemas::notification::Notification;
use serde_json::{Value, json};

use crate::text;

/// The message with one card. Runs of text know no markup, so none can be brought in from outside.
pub fn teams(notification: &Notification) -> Value {
    let run = |text: &str, heading: bool| {
        json!({
            "type": "RichTextBlock",
            "inlines": [{
                "type": "TextRun",
                "text": text,
                "size": if heading { "Medium" } else { "Default" },
                "weight": if heading { "Bolder" } else { "Default" },
            }],
        })
    };
    let mut body = vec![run(&text::title(notification), true)];
    body.extend(
        text::lines(notification)
            .iter()
            .map(|line| run(line, false)),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}
