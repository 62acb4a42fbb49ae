//! Alibaba Cloud Container Registry. Source: Alibaba Cloud, "Manage webhooks" of Container Registry.
//!
//! It signs nothing, so that the secret is in the address: `?token=SECRET`.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "aliyun",
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
    #[serde(default)]
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    repo_full_name: String,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "a push to Container Registry") else {
        return;
    };
    let (tag, digest) = (event.push_data.tag, event.push_data.digest);
    let name = event.repository.repo_full_name;
    told.push(None, &name, tag.as_deref(), digest.as_deref());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_names_repository_tag_and_digest() {
        let digest = format!("sha256:{}", "c".repeat(64));
        let (pushes, _) = read(
            &super::FORMAT,
            json!({"push_data": {"digest": digest, "pushed_at": "2026-11-29 12:25:46", "tag": "v1"},
                "repository": {"name": "app", "namespace": "team", "region": "eu-central-1", "repo_full_name": "team/app"}}),
        );
        assert_eq!(pushes, [format!("team/app:v1@{digest}")]);
    }
}
