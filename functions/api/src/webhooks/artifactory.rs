//! JFrog Artifactory: events of the domain `docker`. Source: JFrog, "Webhook event types", "Docker".
//!
//! A webhook's secret is in `X-JFrog-Event-Auth`, as it is or, where "use secret for payload signing" is chosen, as the
//! HMAC-SHA256 of the body under it. A repository of images is within a repository of Artifactory, `repo_key`, which is a
//! part of the path (`HOST/REPO_KEY/IMAGE`) or of the host, by how Artifactory is set up: the one that is in the scope of
//! the registry is meant.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "artifactory",
    ways: &[
        Way::Header("x-jfrog-event-auth"),
        Way::Signature("x-jfrog-event-auth"),
    ],
    read,
};

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    domain: String,
    event_type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    repo_key: String,
    image_name: String,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "an event of images of Artifactory") else {
        return;
    };
    if event.domain != "docker" || event.event_type != "pushed" {
        return told.ignore(format!("an event of the kind `{}`", event.event_type));
    }
    let data = event.data;
    let digest = data.sha256.map(|hex| format!("sha256:{hex}"));
    let (tag, digest) = (data.tag.as_deref(), digest.as_deref());
    if !data.repo_key.is_empty() {
        let within = format!("{}/{}", data.repo_key, data.image_name);
        told.push(None, &within, tag, digest);
    }
    told.push(None, &data.image_name, tag, digest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_is_read_under_both_names_that_it_may_have() {
        let hex = "1".repeat(64);
        let event = |kind: &str| {
            json!({"domain": "docker", "event_type": kind, "data": {"repo_key": "docker-local", "image_name": "team/app",
                "tag": "v1", "name": "manifest.json", "path": "team/app/v1/manifest.json", "sha256": hex, "size": 1}})
        };
        let (pushes, _) = read(&super::FORMAT, event("pushed"));
        assert_eq!(
            pushes,
            [
                format!("docker-local/team/app:v1@sha256:{hex}"),
                format!("team/app:v1@sha256:{hex}")
            ]
        );
        assert_eq!(
            read(&super::FORMAT, event("deleted")).1,
            ["an event of the kind `deleted`"]
        );
    }
}
