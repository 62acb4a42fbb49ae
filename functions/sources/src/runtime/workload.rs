//! What a container belongs to, from its labels: pods carry their names in labels of the kubelet.

use std::collections::BTreeMap;

use schemas::inventory::{Pod, WorkloadId};

use super::{Surroundings, text};

/// The alphabet of the suffixes that Kubernetes makes up. Source: k8s.io/apimachinery `util/rand`.
const SUFFIX_ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The pod that these labels name.
pub(crate) fn pod(labels: &BTreeMap<String, String>) -> Option<Pod> {
    Some(Pod {
        namespace: labels.get("io.kubernetes.pod.namespace")?.clone(),
        name: labels.get("io.kubernetes.pod.name")?.clone(),
        uid: labels.get("io.kubernetes.pod.uid").cloned(),
    })
}

/// The workload of a container.
pub(crate) fn workload(
    at: &Surroundings,
    labels: &BTreeMap<String, String>,
    container_name: &str,
    image_reference: &str,
) -> WorkloadId {
    if let Some(pod) = pod(labels) {
        let (owner_kind, owner_name) = owner(&pod.name);
        return WorkloadId::Cluster {
            cluster: at.cluster.clone().unwrap_or_else(|| "unknown".to_owned()),
            namespace: pod.namespace,
            owner_kind: owner_kind.to_owned(),
            owner_name,
            container: labels
                .get("io.kubernetes.container.name")
                .cloned()
                .unwrap_or_else(|| container_name.to_owned()),
        };
    }
    WorkloadId::Host {
        host: at.host.clone(),
        image_repository: text::repository(image_reference)
            .unwrap_or_else(|| text::name(image_reference)),
        container: container_name.to_owned(),
    }
}

/// The owner that a pod's name tells of: the host has no access to the cluster's records. `Unknown` for what several
/// kinds of owners name alike.
fn owner(pod: &str) -> (&'static str, String) {
    let made_up = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.chars().all(|c| SUFFIX_ALPHABET.contains(c))
    };
    let Some((rest, last)) = pod.rsplit_once('-') else {
        return ("Pod", pod.to_owned());
    };
    if !last.is_empty() && last.len() <= 5 && last.bytes().all(|b| b.is_ascii_digit()) {
        return ("StatefulSet", rest.to_owned());
    }
    if made_up(last, 5..=5) {
        return match rest.rsplit_once('-') {
            Some((name, hash)) if made_up(hash, 8..=10) => ("Deployment", name.to_owned()),
            _ => ("Unknown", rest.to_owned()),
        };
    }
    ("Pod", pod.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_one_owner_are_one_workload_over_restarts() {
        for (pod, wanted) in [
            ("web-7c5ddbdf54-x2b9k", ("Deployment", "web")),
            ("web-front-7c5ddbdf54-zzzzz", ("Deployment", "web-front")),
            ("db-0", ("StatefulSet", "db")),
            ("node-exporter-x2b9k", ("Unknown", "node-exporter")),
            ("bare", ("Pod", "bare")),
            ("my-pod", ("Pod", "my-pod")),
        ] {
            let (kind, name) = owner(pod);
            assert_eq!((kind, name.as_str()), wanted);
        }
    }

    #[test]
    fn without_a_pod_the_workload_is_host_repository_and_name() {
        let at = Surroundings {
            host: "h1".parse().unwrap(),
            cluster: None,
        };
        let found = workload(&at, &BTreeMap::new(), "web", "registry:5000/shop/web:2");
        assert_eq!(
            found,
            WorkloadId::Host {
                host: "h1".parse().unwrap(),
                image_repository: "registry:5000/shop/web".to_owned(),
                container: "web".to_owned(),
            }
        );
        let labels = BTreeMap::from([
            (
                "io.kubernetes.pod.name".to_owned(),
                "web-7c5ddbdf54-x2b9k".to_owned(),
            ),
            ("io.kubernetes.pod.namespace".to_owned(), "shop".to_owned()),
            ("io.kubernetes.container.name".to_owned(), "app".to_owned()),
        ]);
        let WorkloadId::Cluster {
            owner_name,
            container,
            namespace,
            ..
        } = workload(&at, &labels, "k8s_app_web", "x")
        else {
            panic!("a pod's container belongs to a cluster's workload");
        };
        assert_eq!(
            (owner_name.as_str(), container.as_str(), namespace.as_str()),
            ("web", "app", "shop")
        );
    }
}
