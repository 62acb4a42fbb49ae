//! Webhooks: what registries tell of pushes. One file per format, one line each in [`FORMATS`].
//!
//! A webhook asks for no session: the secret of its registry opens it, in the way that the registry offers. It only
//! queues what to read, and asks nobody: `registry` reads the image, unless the same was read before, so that a push that
//! is told twice, or once more by somebody who recorded it, changes nothing.

mod acr;
mod aliyun;
mod artifactory;
mod authentic;
mod distribution;
mod docker_hub;
mod ecr;
mod ghcr;
mod gitlab;
mod harbor;
mod quay;
pub(crate) mod receive;

use std::collections::BTreeMap;

use schemas::{Digest, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::authentic::Way;
use crate::state::ApiState;

/// Most pushes of one delivery; a registry bundles some tens.
const MAX_PUSHES: usize = 100;

/// The operations of registries.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(receive::receive))
}

/// A format of webhooks.
struct Format {
    /// Its name in the path.
    name: &'static str,
    /// The ways in which the registry can show that it knows the secret; one is enough.
    ways: &'static [Way],
    /// Reads a delivery.
    read: fn(Value, &mut Told),
}

/// Every format.
static FORMATS: [&Format; 10] = [
    &acr::FORMAT,
    &aliyun::FORMAT,
    &artifactory::FORMAT,
    &distribution::FORMAT,
    &docker_hub::FORMAT,
    &ecr::FORMAT,
    &ghcr::FORMAT,
    &gitlab::FORMAT,
    &harbor::FORMAT,
    &quay::FORMAT,
];

/// An image that was pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Push {
    /// The registry as the delivery names it, where that is the name that images have: another than the registry's own is
    /// ignored. No address is ever taken from a delivery.
    host: Option<String>,
    /// Its repository.
    repository: String,
    /// Its tag.
    tag: String,
    /// Digest of its manifest or index.
    digest: Option<Digest>,
    /// When it was pushed, where that is told.
    at: Option<Timestamp>,
}

/// What a delivery tells.
#[derive(Debug, Default)]
struct Told {
    pushes: Vec<Push>,
    /// When what is read next was pushed, where that is told.
    at: Option<Timestamp>,
    /// Why something of it is nothing to read, each reason once.
    ignored: BTreeMap<String, ()>,
}

impl Told {
    fn ignore(&mut self, why: impl Into<String>) {
        let mut why: String = why.into();
        why.truncate(why.floor_char_boundary(200));
        if self.ignored.len() < 20 {
            self.ignored.insert(why, ());
        }
    }

    /// Takes a push, if its names can be of one. A digest that is not understood is left out, and the tag is asked.
    fn push(
        &mut self,
        host: Option<&str>,
        repository: &str,
        tag: Option<&str>,
        digest: Option<&str>,
    ) {
        let some = |text: Option<&str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let digest: Option<Digest> = digest.and_then(|digest| digest.parse().ok());
        if repository.is_empty() {
            return self.ignore("a push that names no repository");
        }
        // A scope is one of tags. What is pushed without is mostly a part of an image of several platforms.
        let Some(tag) = some(tag) else {
            return self.ignore("an image without a tag");
        };
        if self.pushes.len() >= MAX_PUSHES {
            return self.ignore(format!("more than {MAX_PUSHES} pushes at once"));
        }
        let push = Push {
            host: some(host).map(|host| host.to_ascii_lowercase()),
            repository: repository.to_owned(),
            tag,
            digest,
            at: self.at,
        };
        if !self.pushes.contains(&push) {
            self.pushes.push(push);
        }
    }

    /// Notes when what is read next was pushed: a moment of RFC 3339. One that is not understood is none.
    fn pushed_at(&mut self, moment: Option<&str>) {
        self.at = moment.and_then(|moment| moment.parse().ok());
    }

    /// What a format reads, or that it is nothing of it.
    fn of<T: DeserializeOwned>(&mut self, delivery: Value, what: &str) -> Option<T> {
        match serde_json::from_value(delivery) {
            Ok(read) => Some(read),
            Err(_) => {
                self.ignore(format!("it is not {what}"));
                None
            }
        }
    }
}

/// The registry within the name of an image: `HOST[:PORT]/…`, with or without `https://`.
fn host_of(name: &str) -> Option<&str> {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let (host, _) = name.split_once('/')?;
    (host.contains(['.', ':']) || host == "localhost").then_some(host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a format reads of a delivery, as `[HOST/]REPOSITORY[:TAG][@DIGEST]` and the reasons.
    pub(super) fn read(format: &Format, delivery: Value) -> (Vec<String>, Vec<String>) {
        let mut told = Told::default();
        (format.read)(delivery, &mut told);
        let shown = told.pushes.into_iter().map(|push| {
            let host = push.host.map(|host| host + "/").unwrap_or_default();
            let digest = push.digest.map(|d| format!("@{d}")).unwrap_or_default();
            format!("{host}{}:{}{digest}", push.repository, push.tag)
        });
        (shown.collect(), told.ignored.into_keys().collect())
    }

    #[test]
    fn what_says_when_it_was_pushed_is_understood() {
        let pushed = |format: &Format, delivery: Value| {
            let mut told = Told::default();
            (format.read)(delivery, &mut told);
            told.pushes.first().and_then(|push| push.at)
        };
        let at = Some(Timestamp::from_ms(1_800_000_000_000));
        let target = json!({"repository": "app", "tag": "1"});
        let event =
            |timestamp: &str| json!({"action": "push", "timestamp": timestamp, "target": target});
        let notification = |timestamp| json!({"events": [event(timestamp)]});
        let nanoseconds = "2027-01-15T09:00:00.000123456+01:00";
        assert_eq!(pushed(&distribution::FORMAT, notification(nanoseconds)), at);
        assert_eq!(pushed(&acr::FORMAT, event(nanoseconds)), at);
        let data = json!({"resources": [{"tag": "1"}], "repository": {"repo_full_name": "app"}});
        let own = json!({"type": "PUSH_ARTIFACT", "occur_at": 1_800_000_000, "event_data": data});
        assert_eq!(pushed(&harbor::FORMAT, own), at);
        let ecr = json!({"detail-type": "ECR Image Action", "account": "1", "region": "eu-west-1",
            "time": "2027-01-15T08:00:00Z", "detail": {"result": "SUCCESS", "action-type": "PUSH",
                "repository-name": "app", "image-tag": "1"}});
        assert_eq!(pushed(&ecr::FORMAT, ecr), at);
        // What is no moment is none, and the push counts all the same.
        assert_eq!(
            pushed(&distribution::FORMAT, notification("yesterday")),
            None
        );
        let (pushes, _) = read(&distribution::FORMAT, notification("yesterday"));
        assert_eq!(pushes, ["app:1"]);
    }

    #[test]
    fn names_are_distinct_and_in_order() {
        let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn no_delivery_breaks_a_format() {
        let odd = [
            json!(null),
            json!(5),
            json!([]),
            json!({}),
            json!({"events": 5, "event_data": [], "detail": "x", "target": [], "repository": 7, "package": [], "data": 1}),
            json!({"events": [[], {}, {"action": "push"}], "action": "push", "type": "PUSH_ARTIFACT"}),
        ];
        for format in FORMATS {
            for delivery in &odd {
                let (pushes, ignored) = read(format, delivery.clone());
                assert!(pushes.is_empty(), "{} {delivery}", format.name);
                assert!(!ignored.is_empty(), "{} {delivery}", format.name);
            }
        }
    }

    #[test]
    fn a_delivery_is_bounded() {
        let events: Vec<_> = (0..500)
            .map(
                |n| json!({"action": "push", "target": {"repository": "a", "tag": format!("{n}")}}),
            )
            .collect();
        let (pushes, ignored) = read(&distribution::FORMAT, json!({"events": events}));
        assert_eq!(pushes.len(), MAX_PUSHES);
        assert_eq!(ignored, ["more than 100 pushes at once"]);
    }

    /// Deliveries that registries really sent, where they lie beside the project.
    #[test]
    fn deliveries_of_real_registries_are_read() {
        let Some(folder) = at_hand::data("webhooks") else {
            return;
        };
        let formats: [(&str, &Format, usize); 11] = [
            ("distribution-pull", &distribution::FORMAT, 0),
            ("ecr-eventbridge-push", &ecr::FORMAT, 1),
            ("harbor-push-artifact", &harbor::FORMAT, 1),
            ("github-package-published.docker", &ghcr::FORMAT, 0),
            ("jenkins-acr-payload-valid", &acr::FORMAT, 1),
            ("jenkins-public-repository-payload", &docker_hub::FORMAT, 1),
            (
                "jenkins-private-registry-payload-1-repository",
                &distribution::FORMAT,
                0,
            ),
            ("image-updater-harbor", &harbor::FORMAT, 5),
            (
                "jenkins-private-registry-payload-pull-1-repository",
                &distribution::FORMAT,
                0,
            ),
            ("image-updater-quay", &quay::FORMAT, 7),
            ("image-updater-aliyun_acr", &aliyun::FORMAT, 4),
        ];
        for (name, format, expected) in formats {
            let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
            let deliveries: Value = serde_json::from_str(&text).unwrap();
            let all = match deliveries {
                Value::Array(all) => all,
                one => vec![one],
            };
            let pushes: Vec<_> = all
                .into_iter()
                .flat_map(|one| read(format, one).0)
                .collect();
            assert_eq!(pushes.len(), expected, "{name}: {pushes:?}");
        }
    }
}
