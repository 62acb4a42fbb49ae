//! Harbor. Source: Harbor, "Configure webhook notifications".
//!
//! A webhook has the `Auth Header` that it was made with, which is sent as `Authorization`. Harbor can send CloudEvents
//! instead of its own form; those have the same `event_data` as `data`.

use schemas::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way, host_of};

pub(super) static FORMAT: Format = Format {
    name: "harbor",
    ways: &[Way::Authorization],
    read,
};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    /// Seconds since 1970.
    #[serde(default)]
    occur_at: Option<i64>,
    /// Of a CloudEvent.
    #[serde(default)]
    time: Option<String>,
    #[serde(alias = "data")]
    event_data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    #[serde(default)]
    resources: Vec<Resource>,
    repository: Repository,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    resource_url: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    repo_full_name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: String,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "an event of Harbor") else {
        return;
    };
    if !matches!(
        event.kind.as_str(),
        "PUSH_ARTIFACT" | "harbor.artifact.pushed"
    ) {
        return told.ignore(format!("an event of the kind `{}`", event.kind));
    }
    let of = event.event_data.repository;
    let name = match (of.repo_full_name, of.namespace) {
        (Some(name), _) if !name.is_empty() => name,
        (_, Some(namespace)) => format!("{namespace}/{}", of.name),
        _ => of.name,
    };
    if event.event_data.resources.is_empty() {
        told.ignore("a push of nothing");
    }
    told.pushed_at(event.time.as_deref());
    if let Some(at_s) = event.occur_at {
        told.at = Some(Timestamp::from_ms(at_s.saturating_mul(1000)));
    }
    for resource in event.event_data.resources {
        let host = resource.resource_url.as_deref().and_then(host_of);
        // What is pushed without a tag has its digest in the tag's place.
        let tag = resource.tag.filter(|tag| !tag.starts_with("sha256:"));
        told.push(host, &name, tag.as_deref(), resource.digest.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_is_read_in_both_forms_and_a_scan_is_not() {
        let digest = format!("sha256:{}", "d".repeat(64));
        let data = json!({"resources": [
                {"digest": digest, "tag": "1", "resource_url": "harbor.example.org/team/app:1"},
                {"digest": digest, "tag": digest, "resource_url": format!("harbor.example.org/team/app@{digest}")}],
            "repository": {"name": "app", "namespace": "team", "repo_full_name": "team/app", "repo_type": "private"}});
        let expected = [format!("harbor.example.org/team/app:1@{digest}")];
        let own =
            json!({"type": "PUSH_ARTIFACT", "occur_at": 1, "operator": "me", "event_data": data});
        let cloud = json!({"specversion": "1.0", "id": "1", "type": "harbor.artifact.pushed", "data": data});
        for event in [own, cloud] {
            assert_eq!(read(&super::FORMAT, event).0, expected);
        }
        let (pushes, ignored) = read(
            &super::FORMAT,
            json!({"type": "SCANNING_COMPLETED", "event_data": data}),
        );
        assert!(pushes.is_empty());
        assert_eq!(ignored, ["an event of the kind `SCANNING_COMPLETED`"]);
    }
}
