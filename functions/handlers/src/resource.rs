//! What collections look at of hosts and images, and the names of their systems.

use estate::Resource;
use records::ImageRecord;
use risk::RunningContainer;
use schemas::inventory::OperatingSystem;

/// An image: its names and labels, and of its containers the hosts, namespaces, labels and accounts, whether they run or
/// not.
pub(crate) fn of_image(image: &ImageRecord, containers: &[RunningContainer<'_>]) -> Resource {
    let containers = containers.iter();
    containers.fold(Resource::of_image(&image.facts), |all, one| {
        all.with_container(one.container, one.host)
    })
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
