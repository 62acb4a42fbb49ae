//! The body of a webhook. Source: Standard Webhooks, "Payload structure".

use schemas::notification::Notification;
use serde_json::{Value, json};

/// The body of a webhook: `{type, timestamp, data}`.
pub fn webhook(notification: &Notification) -> Value {
    json!({
        "type": notification.event,
        "timestamp": notification.at,
        "data": notification,
    })
}
