//! Amazon ECR through EventBridge: a rule for `ECR Image Action` with an API destination. Source: AWS, "Amazon ECR events
//! and EventBridge".
//!
//! The connection of an API destination has the secret: an API key in the header `x-api-key`, or a password of basic
//! authorization.

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way};

pub(super) static FORMAT: Format = Format {
    name: "ecr",
    ways: &[Way::Header("x-api-key"), Way::Authorization],
    read,
};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    kind: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    time: Option<String>,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    #[serde(default)]
    result: String,
    #[serde(default)]
    action_type: String,
    #[serde(default)]
    repository_name: String,
    #[serde(default)]
    image_digest: Option<String>,
    #[serde(default)]
    image_tag: Option<String>,
}

fn read(delivery: Value, told: &mut Told) {
    let Some(event) = told.of::<Event>(delivery, "an event of ECR") else {
        return;
    };
    let detail = event.detail;
    if event.kind != "ECR Image Action" || detail.action_type != "PUSH" {
        let what = if detail.action_type.is_empty() {
            &event.kind
        } else {
            &detail.action_type
        };
        return told.ignore(format!("an event of the kind `{what}`"));
    }
    if detail.result != "SUCCESS" {
        return told.ignore("a push that failed");
    }
    let end = if event.region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let host = format!("{}.dkr.ecr.{}.{end}", event.account, event.region);
    let (tag, digest) = (detail.image_tag.as_deref(), detail.image_digest.as_deref());
    told.pushed_at(event.time.as_deref());
    told.push(Some(&host), &detail.repository_name, tag, digest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn a_push_that_succeeded_is_read() {
        let digest = format!("sha256:{}", "f".repeat(64));
        let event = |action: &str, result: &str| {
            json!({"version": "0", "detail-type": "ECR Image Action", "source": "aws.ecr", "account": "123456789012",
                "region": "eu-central-1", "detail": {"result": result, "repository-name": "team/app",
                    "image-digest": digest, "action-type": action, "image-tag": "v1"}})
        };
        let (pushes, _) = read(&super::FORMAT, event("PUSH", "SUCCESS"));
        assert_eq!(
            pushes,
            [format!(
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1@{digest}"
            )]
        );
        for (action, result, why) in [
            ("DELETE", "SUCCESS", "an event of the kind `DELETE`"),
            ("PUSH", "FAILURE", "a push that failed"),
        ] {
            let (pushes, ignored) = read(&super::FORMAT, event(action, result));
            assert!(pushes.is_empty());
            assert_eq!(ignored, [why]);
        }
    }
}
