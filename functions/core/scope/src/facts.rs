//! What collections look at, from what agents report.

use schemas::inventory::{Container, HostFacts, ImageFacts, WorkloadId};

use crate::Resource;

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

impl Resource {
    /// A host: its name, labels and account.
    #[must_use]
    pub fn of_host(host: &HostFacts) -> Self {
        let labels = host.labels.iter();
        let named = Self::new().host(&host.name);
        let resource = labels.fold(named, |all, (key, value)| all.label(key, value));
        resource.in_account_of(host)
    }

    /// An image: its names and labels.
    #[must_use]
    pub fn of_image(image: &ImageFacts) -> Self {
        let names = image.tags.iter().chain(&image.repo_digests);
        let all = names.fold(Self::new(), |all, name| all.image(name));
        let labels = image.labels.iter();
        labels.fold(all, |all, (key, value)| all.label(key, value))
    }

    /// A container alone, whether it runs or not: the name of its image, and what [`Self::with_container`] says.
    #[must_use]
    pub fn of_container(container: &Container, host: Option<&HostFacts>) -> Self {
        let all = match &container.image_name {
            Some(name) => Self::new().image(name),
            None => Self::new(),
        };
        all.with_container(container, host)
    }

    /// Its containers are among these: host, namespace, labels and account.
    #[must_use]
    pub fn with_container(self, container: &Container, host: Option<&HostFacts>) -> Self {
        let mut all = match host {
            Some(host) => self.host(&host.name).in_account_of(host),
            None => self,
        };
        if let Some(namespace) = namespace(container) {
            all = all.namespace(namespace);
        }
        for (key, value) in &container.labels {
            let is_volatile = VOLATILE.iter().any(|begin| key.starts_with(begin));
            if !is_volatile || KEPT.contains(&key.as_str()) {
                all = all.label(key, value);
            }
        }
        all
    }

    fn in_account_of(self, host: &HostFacts) -> Self {
        match host.labels.get(ACCOUNT_LABEL) {
            Some(account) => self.account(account),
            None => self,
        }
    }
}

/// The namespace that a container is in, where it is in one.
#[must_use]
pub fn namespace(container: &Container) -> Option<&str> {
    match (&container.pod, &container.workload) {
        (Some(pod), _) => Some(&pod.namespace),
        (None, WorkloadId::Cluster { namespace, .. }) => Some(namespace),
        _ => None,
    }
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
        let image: ImageFacts = serde_json::from_value(facts).unwrap();
        let host =
            json!({"id": "h", "name": "Web-1", "labels": {"cloud.account.id": "123", "rack": "7"}});
        let host: HostFacts = serde_json::from_value(host).unwrap();
        let container = container(&json!({"tier": "front", "io.kubernetes.pod.uid": "9f",
            "com.docker.compose.project": "till"}));
        let wanted = Resource::new()
            .image("docker.io/shop/till:1")
            .host("web-1")
            .namespace("shop")
            .account("123")
            .label("team", "shop")
            .label("tier", "front")
            .label("com.docker.compose.project", "till");
        let found = Resource::of_image(&image).with_container(&container, Some(&host));
        assert_eq!(found, wanted);
        let alone = Resource::new().image("shop/till:1").label("team", "shop");
        assert_eq!(Resource::of_image(&image), alone);
        let wanted = Resource::new().host("web-1").account("123");
        let wanted = wanted.label("cloud.account.id", "123").label("rack", "7");
        assert_eq!(Resource::of_host(&host), wanted);
    }
}
