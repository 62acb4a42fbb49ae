//! Notifications of the distribution project's registry, of Quay's mirror of it and of GitLab's registry.
//!
//! Source: distribution, `docs/content/about/notifications.md`. Its headers are what its configuration says:
//! `Authorization: [Bearer SECRET]`. The host that it names is that of the request, which behind a proxy is not the one that
//! images are named by.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "distribution",
    ways: &[Way::Authorization],
    read,
};

#[derive(Deserialize)]
struct Envelope {
    events: Vec<Value>,
}

#[derive(Deserialize)]
struct Event {
    action: String,
    #[serde(default)]
    timestamp: Option<String>,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    repository: String,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

pub(super) fn read(delivery: Value, told: &mut Told) {
    let Some(envelope) = told.of::<Envelope>(delivery, "an envelope of notifications") else {
        return;
    };
    if envelope.events.is_empty() {
        told.ignore("an envelope without notifications");
    }
    for event in envelope.events {
        let Some(event) = told.of::<Event>(event, "a notification") else {
            continue;
        };
        if event.action != "push" {
            told.ignore(format!("an event of the kind `{}`", event.action));
            continue;
        }
        let target = event.target;
        // Layers are pushed too. Only manifests have an address among manifests.
        if target.url.is_some_and(|url| !url.contains("/manifests/")) {
            told.ignore("a layer");
            continue;
        }
        let (tag, digest) = (target.tag.as_deref(), target.digest.as_deref());
        told.pushed_at(event.timestamp.as_deref());
        told.push(None, &target.repository, tag, digest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn manifests_that_are_pushed_are_read_and_layers_and_pulls_are_not() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let event = |action: &str, what: &str, tag: &str| {
            json!({"id": "1", "action": action, "target": {"repository": "team/app", "digest": digest, "tag": tag,
                "mediaType": "application/octet-stream", "url": format!("http://registry:5000/v2/team/app/{what}/{digest}")},
                "request": {"host": "registry:5000", "method": "PUT"}})
        };
        let (pushes, ignored) = read(
            &super::FORMAT,
            json!({"events": [
                event("push", "blobs", ""),
                event("push", "manifests", "1.0"),
                event("push", "manifests", "1.0"),
                event("push", "manifests", ""),
                event("pull", "manifests", "1.0"),
                {"action": "delete", "target": {"repository": "team/app", "digest": digest}},
                "?",
            ]}),
        );
        assert_eq!(pushes, [format!("team/app:1.0@{digest}")]);
        assert_eq!(
            ignored,
            [
                "a layer",
                "an event of the kind `delete`",
                "an event of the kind `pull`",
                "an image without a tag",
                "it is not a notification"
            ]
        );
    }
}
