//! GitHub's container registry: the events `package` and `registry_package`. Source: GitHub, "Webhook events and payloads".
//!
//! Deliveries are signed: `X-Hub-Signature-256` is the HMAC-SHA256 of the body under the secret. Source: GitHub,
//! "Validating webhook deliveries".

use serde::Deserialize;
use serde_json::Value;

use super::{Format, Told, authentic::Way, host_of};

pub(super) static FORMAT: Format = Format {
    name: "ghcr",
    ways: &[Way::Signature("x-hub-signature-256")],
    read,
};

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    action: String,
    #[serde(alias = "registry_package")]
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    package_type: String,
    #[serde(default)]
    owner: Owner,
    #[serde(default)]
    package_version: Option<Version>,
}

#[derive(Default, Deserialize)]
struct Owner {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    package_url: Option<String>,
    #[serde(default)]
    container_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    tag: Option<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    digest: Option<String>,
}

fn read(delivery: Value, told: &mut Told) {
    if delivery.get("zen").is_some() {
        return told.ignore("an event of the kind `ping`");
    }
    let Some(event) = told.of::<Event>(delivery, "a package of GitHub") else {
        return;
    };
    if !matches!(event.action.as_str(), "published" | "updated") {
        return told.ignore(format!("an event of the kind `{}`", event.action));
    }
    let package = event.package;
    if !package.package_type.eq_ignore_ascii_case("container") {
        return told.ignore(format!("a package of the type `{}`", package.package_type));
    }
    let Some(version) = package.package_version else {
        return told.ignore("a package without a version");
    };
    // Names of images are in lower case, those of people and organisations need not be.
    let name = format!("{}/{}", package.owner.login, package.name).to_lowercase();
    let tag = version.container_metadata.and_then(|data| data.tag);
    let (tag, digest) = tag.map_or((None, None), |tag| (tag.name, tag.digest));
    let is_digest = |text: &String| text.starts_with("sha256:");
    let digest = digest.or(version.version.clone().filter(is_digest));
    // An untagged image has its digest for a name.
    let tag = tag
        .filter(|tag| !tag.is_empty())
        .or(version.name.filter(|name| !is_digest(name)));
    let host = version.package_url.as_deref().and_then(host_of);
    told.push(host, &name, tag.as_deref(), digest.as_deref());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::read;

    #[test]
    fn images_are_read_and_other_packages_are_not() {
        let digest = format!("sha256:{}", "e".repeat(64));
        let package = |kind: &str| {
            json!({"name": "App", "namespace": "Team", "package_type": kind, "owner": {"login": "Team"},
                "package_version": {"version": digest, "name": digest, "package_url": "ghcr.io/team/app:v1",
                    "container_metadata": {"tag": {"name": "v1", "digest": digest}}}})
        };
        let expected = [format!("ghcr.io/team/app:v1@{digest}")];
        for (field, action) in [("package", "published"), ("registry_package", "updated")] {
            let event = json!({"action": action, field: package("CONTAINER")});
            assert_eq!(read(&super::FORMAT, event).0, expected);
        }
        for (event, why) in [
            (
                json!({"action": "published", "package": package("npm")}),
                "a package of the type `npm`",
            ),
            (
                json!({"action": "deleted", "package": package("CONTAINER")}),
                "an event of the kind `deleted`",
            ),
            (
                json!({"zen": "Keep it logically awesome.", "hook_id": 1}),
                "an event of the kind `ping`",
            ),
        ] {
            let (pushes, ignored) = read(&super::FORMAT, event);
            assert!(pushes.is_empty());
            assert_eq!(ignored, [why]);
        }
        let untagged = json!({"action": "published", "package": {"name": "app", "package_type": "container",
            "owner": {"login": "team"}, "package_version": {"version": digest, "name": digest,
                "container_metadata": {"tag": {"name": "", "digest": digest}}}}});
        assert_eq!(read(&super::FORMAT, untagged).1, ["an image without a tag"]);
    }
}
