//! Quay, "Push to Repository". Source: Quay, "Repository notifications".
//!
//! It signs nothing, so that the secret is in the address: `?token=SECRET`. It does not tell digests.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way, host_of};

pub(super) static FORMAT: Format = Format {
    name: "quay",
    ways: &[Way::Query],
    read,
};

#[derive(Deserialize)]
struct Event {
    repository: String,
    #[serde(default)]
    docker_url: String,
    // Other events of Quay (of builds, of vulnerabilities) name a repository and no tags.
    updated_tags: Vec<String>,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "a push to Quay") else {
        return;
    };
    if event.updated_tags.is_empty() {
        told.ignore("a push without tags");
    }
    let host = host_of(&event.docker_url);
    for tag in &event.updated_tags {
        told.push(host, &event.repository, Some(tag), None);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn each_tag_of_a_push_is_read() {
        let (pushes, _) = read(
            &super::FORMAT,
            json!({"name": "app", "repository": "team/app", "namespace": "team", "docker_url": "quay.io/team/app",
                "homepage": "https://quay.io/repository/team/app", "updated_tags": ["latest", "v1"]}),
        );
        assert_eq!(pushes, ["quay.io/team/app:latest", "quay.io/team/app:v1"]);
        let (pushes, ignored) = read(
            &super::FORMAT,
            json!({"repository": "team/app", "build_id": "1", "docker_tags": ["latest"]}),
        );
        assert!(pushes.is_empty());
        assert_eq!(ignored, ["it is not a push to Quay"]);
    }
}
