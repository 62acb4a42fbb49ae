//! Azure Container Registry. Source: Microsoft, "Azure Container Registry webhook reference".
//!
//! A webhook has the custom headers that it was made with: `Authorization=Bearer SECRET`.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "acr",
    ways: &[Way::Authorization],
    read,
};

#[derive(Deserialize)]
struct Event {
    action: String,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    request: Request,
}

#[derive(Default, Deserialize)]
struct Target {
    #[serde(default)]
    repository: String,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default, rename = "mediaType")]
    media_type: String,
}

#[derive(Default, Deserialize)]
struct Request {
    #[serde(default)]
    host: Option<String>,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "an event of a registry") else {
        return;
    };
    // `ping` is what the button in the portal sends; charts have events of their own.
    if event.action != "push" {
        return told.ignore(format!("an event of the kind `{}`", event.action));
    }
    let target = event.target;
    if target.media_type.contains("helm") {
        return told.ignore("a chart");
    }
    let (tag, digest) = (target.tag.as_deref(), target.digest.as_deref());
    told.pushed_at(event.timestamp.as_deref());
    told.push(
        event.request.host.as_deref(),
        &target.repository,
        tag,
        digest,
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_is_read_and_a_ping_is_not() {
        let digest = format!("sha256:{}", "b".repeat(64));
        let event = |action: &str| {
            json!({"id": "1", "action": action, "target": {"repository": "app", "tag": "v1", "digest": digest,
                "mediaType": "application/vnd.oci.image.manifest.v1+json"}, "request": {"host": "Shop.azurecr.io"}})
        };
        let (pushes, _) = read(&super::FORMAT, event("push"));
        assert_eq!(pushes, [format!("shop.azurecr.io/app:v1@{digest}")]);
        let (pushes, ignored) = read(&super::FORMAT, event("ping"));
        assert!(pushes.is_empty());
        assert_eq!(ignored, ["an event of the kind `ping`"]);
    }
}
