//! What collections look at of hosts and images.

use estate::Resource;
use records::ImageRecord;
use risk::RunningContainer;
use schemas::inventory::{Container, HostFacts, OperatingSystem, WorkloadId};

/// The label of a host that names the account of a cloud that it is in. Source: OpenTelemetry's attribute of this name.
const ACCOUNT_LABEL: &str = "cloud.account.id";
/// Labels that engines write anew for each start of a container: an image would be another one for collections each time.
const VOLATILE: [&str; 5] = [
    "annotation.",
    "com.docker.",
    "desktop.docker.",
    "io.kubernetes.",
    "org.opencontainers.",
];
/// Of these, those that say what it belongs to.
const KEPT: [&str; 2] = ["com.docker.compose.project", "com.docker.compose.service"];

/// A host: its name, labels and account.
pub(crate) fn of_host(host: &HostFacts) -> Resource {
    let labels = host.labels.iter();
    let named = Resource::new().host(&host.name);
    let resource = labels.fold(named, |all, (key, value)| all.label(key, value));
    account(resource, host)
}

fn account(resource: Resource, host: &HostFacts) -> Resource {
    match host.labels.get(ACCOUNT_LABEL) {
        Some(account) => resource.account(account),
        None => resource,
    }
}

/// An image: its names and labels, and of its containers the hosts, namespaces, labels and accounts, whether they run or
/// not.
pub(crate) fn of_image(image: &ImageRecord, containers: &[RunningContainer<'_>]) -> Resource {
    let names = image.facts.tags.iter().chain(&image.facts.repo_digests);
    let mut all = names.fold(Resource::new(), |all, name| all.image(name));
    for (key, value) in &image.facts.labels {
        all = all.label(key, value);
    }
    for RunningContainer { container, host } in containers {
        if let Some(host) = host {
            all = account(all.host(&host.name), host);
        }
        if let Some(namespace) = namespace(container) {
            all = all.namespace(namespace);
        }
        for (key, value) in &container.labels {
            let is_volatile = VOLATILE.iter().any(|begin| key.starts_with(begin));
            if !is_volatile || KEPT.contains(&key.as_str()) {
                all = all.label(key, value);
            }
        }
    }
    all
}

fn namespace(container: &Container) -> Option<&str> {
    match (&container.pod, &container.workload) {
        (Some(pod), _) => Some(&pod.namespace),
        (None, WorkloadId::Cluster { namespace, .. }) => Some(namespace),
        _ => None,
    }
}

/// The name of an operating system that people know.
pub(crate) fn os_name(os: Option<&OperatingSystem>) -> String {
    let Some(os) = os else {
        return String::new();
    };
    let plain = || match &os.version_id {
        Some(version) => format!("{} {version}", os.id),
        None => os.id.clone(),
    };
    os.pretty_name.clone().unwrap_or_else(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(labels: &Value) -> Container {
        let container = json!({"id": "c", "name": "c", "image": format!("sha256:{}", "1".repeat(64)),
            "workload": {"form": "unknown"}, "running": false, "labels": labels,
            "pod": {"namespace": "Shop", "name": "till-0"}});
        serde_json::from_value(container).unwrap()
    }

    #[test]
    fn an_image_is_where_its_containers_are() {
        let facts = json!({"id": format!("sha256:{}", "1".repeat(64)), "tags": ["shop/till:1"], "repo_digests": [],
            "os": "linux", "labels": {"team": "shop"}, "layers": []});
        let image = json!({"version": 1, "facts": facts, "first_seen_at": "2026-01-01T00:00:00Z"});
        let image: ImageRecord = serde_json::from_value(image).unwrap();
        let host =
            json!({"id": "h", "name": "Web-1", "labels": {"cloud.account.id": "123", "rack": "7"}});
        let host: HostFacts = serde_json::from_value(host).unwrap();
        let container = container(&json!({"tier": "front", "io.kubernetes.pod.uid": "9f",
            "com.docker.compose.project": "till"}));
        let running = [RunningContainer {
            container: &container,
            host: Some(&host),
        }];
        let wanted = Resource::new()
            .image("docker.io/shop/till:1")
            .host("web-1")
            .namespace("shop")
            .account("123")
            .label("team", "shop")
            .label("tier", "front")
            .label("com.docker.compose.project", "till");
        assert_eq!(of_image(&image, &running), wanted);
        let alone = Resource::new().image("shop/till:1").label("team", "shop");
        assert_eq!(of_image(&image, &[]), alone);
        let wanted = Resource::new().host("web-1").account("123");
        let wanted = wanted.label("cloud.account.id", "123").label("rack", "7");
        assert_eq!(of_host(&host), wanted);
    }

    #[test]
    fn systems_have_the_names_that_people_know() {
        let os = |text: Value| -> OperatingSystem { serde_json::from_value(text).unwrap() };
        let plain = os(json!({"family": "linux", "id": "debian", "version_id": "12"}));
        assert_eq!(os_name(Some(&plain)), "debian 12");
        let named =
            json!({"family": "windows", "id": "windows", "pretty_name": "Windows Server 2022"});
        assert_eq!(os_name(Some(&os(named))), "Windows Server 2022");
        assert_eq!(os_name(None), "");
    }
}
