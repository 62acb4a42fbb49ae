//! Docker Hub. Source: Docker, "Docker Hub webhooks".
//!
//! It signs nothing and sends no headers of one's own, so that the secret is in the address: `?token=SECRET`. It does not
//! tell the digest. Its `callback_url` is not asked: nothing here asks an address of a delivery.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "docker_hub",
    ways: &[Way::Query],
    read,
};

#[derive(Deserialize)]
struct Event {
    push_data: PushData,
    repository: Repository,
}

#[derive(Deserialize)]
struct PushData {
    #[serde(default)]
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    repo_name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "a push to Docker Hub") else {
        return;
    };
    let of = event.repository;
    let name = match (of.repo_name, of.namespace, of.name) {
        (Some(name), ..) if !name.is_empty() => name,
        (_, Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        (_, None, Some(name)) => name,
        _ => String::new(),
    };
    // Old deliveries name no tag, and were about the one that is meant when none is named.
    let tag = event.push_data.tag.as_deref().unwrap_or("latest");
    told.push(None, &name, Some(tag), None);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_names_repository_and_tag() {
        let (pushes, _) = read(
            &super::FORMAT,
            json!({"callback_url": "http://169.254.169.254/", "push_data": {"tag": "1.2", "pushed_at": 1, "pusher": "me"},
                "repository": {"repo_name": "team/app", "namespace": "team", "name": "app", "repo_url": "https://hub.docker.com/r/team/app"}}),
        );
        assert_eq!(pushes, ["team/app:1.2"]);
        let (pushes, _) = read(
            &super::FORMAT,
            json!({"push_data": {}, "repository": {"namespace": "team", "name": "app"}}),
        );
        assert_eq!(pushes, ["team/app:latest"]);
    }
}
