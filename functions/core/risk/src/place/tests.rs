//! What is concluded of places from real-looking containers.

use schemas::inventory::host::ListeningSocket;
use schemas::inventory::{
    Isolation, Mount, OsFamily, PublishedPort, WindowsOs, WorkloadId, os::InstallationType,
};

use super::*;

fn container(name: &str) -> Container {
    Container {
        id: name.to_owned(),
        name: name.to_owned(),
        image: format!("sha256:{}", "0".repeat(64)).parse().unwrap(),
        image_name: None,
        workload: WorkloadId::Unknown,
        running: true,
        started_at: None,
        published: vec![],
        listening: vec![],
        host_network: false,
        host_pid: Some(false),
        host_ipc: Some(false),
        networked: Some(true),
        user: String::new(),
        uid: None,
        privileged: Some(false),
        capabilities_added: vec![],
        capabilities_dropped: vec![],
        security_options: vec![],
        mounts: vec![],
        labels: Default::default(),
        isolation: Isolation::Process,
        pod: None,
    }
}

fn published(address: &str) -> Container {
    let mut web = container("web");
    web.published.push(PublishedPort {
        protocol: "tcp".into(),
        host_address: address.into(),
        host_port: 8080,
        container_port: 80,
    });
    web
}

fn host(addresses: &[&str]) -> HostFacts {
    HostFacts {
        id: "h".parse().unwrap(),
        name: "h".into(),
        kernel: None,
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        listening: vec![],
        listening_complete: true,
        engines: vec![],
        labels: Default::default(),
        declared_exposure: None,
        booted_at: None,
    }
}

fn image(os: &str, user: &str) -> ImageFacts {
    serde_json::from_value(serde_json::json!({
        "id": format!("sha256:{}", "0".repeat(64)), "os": os, "user": user
    }))
    .unwrap()
}

#[test]
fn exposure_follows_the_address_a_port_is_published_on() {
    let private = host(&["10.0.0.5"]);
    let public = host(&["10.0.0.5", "8.8.4.4"]);
    let at = |address: &str, host| container_exposure(&published(address), Some(host)).0;
    assert_eq!(at("127.0.0.1", &public), Exposure::Internal);
    assert_eq!(at("0.0.0.0", &private), Exposure::Published);
    assert_eq!(at("0.0.0.0", &public), Exposure::PublicAddress);
    assert_eq!(at("10.0.0.5", &public), Exposure::Published);
    assert_eq!(
        container_exposure(&container("db"), Some(&public)).0,
        Exposure::Internal
    );
    let mut apart = container("job");
    apart.networked = Some(false);
    assert_eq!(container_exposure(&apart, Some(&public)).0, Exposure::None);
    apart.networked = None;
    assert_eq!(
        container_exposure(&apart, Some(&public)).0,
        Exposure::Unknown
    );
}

#[test]
fn what_an_owner_declares_holds_for_what_is_published_only() {
    let mut declared = host(&["10.0.0.5"]);
    declared.declared_exposure = Some(Exposure::Declared);
    assert_eq!(
        container_exposure(&published("0.0.0.0"), Some(&declared)).0,
        Exposure::Declared
    );
    assert_eq!(
        container_exposure(&container("db"), Some(&declared)).0,
        Exposure::Internal
    );
}

#[test]
fn a_host_is_as_exposed_as_its_worst_socket() {
    let mut server = host(&["10.0.0.5"]);
    assert_eq!(host_place(&server).exposure, Exposure::None);
    for (address, expected) in [
        ("127.0.0.1", Exposure::Internal),
        ("0.0.0.0", Exposure::Published),
        ("8.8.8.8", Exposure::PublicAddress),
    ] {
        server.listening.push(ListeningSocket {
            protocol: "tcp".into(),
            address: address.into(),
            port: 22,
            process: Some("sshd".into()),
            pid: None,
        });
        assert_eq!(host_place(&server).exposure, expected);
    }
    server.listening.clear();
    server.listening_complete = false;
    assert_eq!(host_place(&server).exposure, Exposure::Unknown);
}

#[test]
fn an_image_is_the_worst_of_its_running_containers() {
    let machine = host(&["10.0.0.5"]);
    let mut privileged = container("tool");
    privileged.privileged = Some(true);
    privileged.mounts.push(Mount {
        kind: "bind".into(),
        source: "/var/run/docker.sock".into(),
        target: "/s".into(),
        read_only: true,
    });
    let mut stopped = published("0.0.0.0");
    stopped.running = false;
    let quiet = container("quiet");
    let all: Vec<_> = [&privileged, &stopped, &quiet]
        .map(|container| RunningContainer {
            container,
            host: Some(&machine),
        })
        .to_vec();
    let place = image_place(&image("linux", "app"), None, Some(&all));
    assert_eq!(
        place.exposure,
        Exposure::Internal,
        "a stopped container publishes nothing"
    );
    assert_eq!(place.privileged, Answer::Yes);
    assert_eq!(place.runtime_socket, Answer::Yes);
    assert_eq!(place.root, Answer::Unknown, "a name may stand for root");
    assert_eq!(place.running_containers, Some(2));

    let unasked = image_place(&image("linux", ""), None, None);
    assert_eq!(
        (unasked.exposure, unasked.root),
        (Exposure::Unknown, Answer::Yes)
    );
    assert_eq!(unasked.running_containers, None);
    let stored = image_place(&image("linux", ""), None, Some(&[]));
    assert_eq!(
        (stored.exposure, stored.running_containers),
        (Exposure::None, Some(0))
    );
}

#[test]
fn the_default_user_of_windows_depends_on_the_installation_type() {
    let os = |installation_type| OperatingSystem {
        family: OsFamily::Windows,
        id: "windows".into(),
        id_like: vec![],
        version_id: None,
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: Some(WindowsOs {
            installation_type,
            ..WindowsOs::default()
        }),
    };
    let root = |kind, user| image_place(&image("windows", user), Some(&os(kind)), None).root;
    assert_eq!(root(Some(InstallationType::ServerCore), ""), Answer::Yes);
    assert_eq!(root(Some(InstallationType::NanoServer), ""), Answer::No);
    assert_eq!(root(None, ""), Answer::Unknown);
    assert_eq!(
        root(Some(InstallationType::NanoServer), "ContainerAdministrator"),
        Answer::Yes
    );
    assert_eq!(
        root(
            Some(InstallationType::ServerCore),
            "User Manager\\ContainerUser"
        ),
        Answer::No
    );
}

#[test]
fn pipes_sockets_folders_and_capabilities_are_seen_for_what_they_give() {
    let with_mount = |kind: &str, source: &str| {
        let mut c = container("c");
        c.mounts.push(Mount {
            kind: kind.into(),
            source: source.into(),
            target: "/x".into(),
            read_only: false,
        });
        privilege::runtime_socket(&c)
    };
    for source in [
        "/run/containerd/containerd.sock",
        "/var/run/",
        "/",
        r"\\.\pipe\docker_engine",
        r"\\.\pipe\containerd-containerd",
    ] {
        assert_eq!(with_mount("bind", source), Answer::Yes, "{source}");
    }
    assert_eq!(with_mount("bind", "/srv/docker.sock.d"), Answer::No);
    assert_eq!(with_mount("volume", "/var/run/docker.sock"), Answer::No);
    let mut capable = container("c");
    capable.capabilities_added.push("CAP_SYS_ADMIN".into());
    assert_eq!(privilege::privileged(&capable), Answer::Yes);
}

#[test]
fn what_keeps_a_container_apart_is_told_from_what_does_not() {
    let with = |change: &dyn Fn(&mut Container)| {
        let mut changed = container("c");
        change(&mut changed);
        let running = [RunningContainer {
            container: &changed,
            host: None,
        }];
        image_place(&image("linux", "app"), None, Some(&running))
    };
    let plain = with(&|c| c.security_options = vec!["seccomp=builtin".into()]);
    for answer in [
        plain.capabilities,
        plain.no_security_profile,
        plain.host_namespaces,
        plain.host_mounts,
    ] {
        assert_eq!(answer, Answer::No);
    }
    assert_eq!(plain.listening, Answer::Unknown);
    assert_eq!(plain.package_in_use, Answer::Unknown);
    assert_eq!(with(&|_| ()).no_security_profile, Answer::Unknown);
    for option in ["seccomp=unconfined", "apparmor=unconfined", "label:disable"] {
        let found = with(&|c| c.security_options = vec!["seccomp=builtin".into(), option.into()]);
        assert_eq!(found.no_security_profile, Answer::Yes, "{option}");
    }
    let found = with(&|c| c.capabilities_added = vec!["CAP_NET_ADMIN".into()]);
    assert_eq!(
        (found.capabilities, found.privileged),
        (Answer::Yes, Answer::No)
    );
    let harmless = with(&|c| c.capabilities_added = vec!["NET_BIND_SERVICE".into()]);
    assert_eq!(harmless.capabilities, Answer::No);
    assert_eq!(
        with(&|c| c.host_pid = Some(true)).host_namespaces,
        Answer::Yes
    );
    assert_eq!(
        with(&|c| c.host_network = true).host_namespaces,
        Answer::Yes
    );
    assert_eq!(
        with(&|c| c.host_ipc = None).host_namespaces,
        Answer::Unknown
    );
    let privileged = with(&|c| c.privileged = Some(true));
    assert_eq!(
        (privileged.capabilities, privileged.no_security_profile),
        (Answer::Yes, Answer::Yes),
        "a privileged container has all of them"
    );
    let mounted = |kind: &str, source: &str| {
        let found = with(&|c| {
            c.mounts.push(Mount {
                kind: kind.into(),
                source: source.into(),
                target: "/x".into(),
                read_only: true,
            });
        });
        found.host_mounts
    };
    for source in ["/", "/etc/", "/proc", r"C:\", r"c:\Windows\"] {
        assert_eq!(mounted("bind", source), Answer::Yes, "{source}");
    }
    assert_eq!(mounted("bind", "/srv/data"), Answer::No);
    assert_eq!(mounted("volume", "/"), Answer::No);
}

#[test]
fn containers_of_windows_have_no_profiles_and_may_have_a_kernel_of_their_own() {
    let of = |isolations: &[Isolation]| {
        let all: Vec<Container> = isolations
            .iter()
            .map(|isolation| Container {
                isolation: *isolation,
                host_pid: None,
                ..container("w")
            })
            .collect();
        let running: Vec<_> = all
            .iter()
            .map(|container| RunningContainer {
                container,
                host: None,
            })
            .collect();
        image_place(&image("windows", ""), None, Some(&running))
    };
    let apart = of(&[Isolation::HyperV, Isolation::HyperV]);
    assert_eq!(apart.own_kernel, Answer::Yes);
    assert_eq!(
        (
            apart.capabilities,
            apart.no_security_profile,
            apart.host_namespaces
        ),
        (Answer::No, Answer::No, Answer::No)
    );
    assert_eq!(
        of(&[Isolation::HyperV, Isolation::Process]).own_kernel,
        Answer::No
    );
    assert_eq!(
        of(&[Isolation::HyperV, Isolation::Unknown]).own_kernel,
        Answer::Unknown
    );
}
