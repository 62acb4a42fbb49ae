//! Containers and pods as containerd describes them. The Linux answers were recorded from containerd 1.6 and shortened;
//! the Windows ones are written after the sources that `info` names.

use std::collections::HashMap;

use schemas::inventory::{Pod, PublishedPort, WorkloadId};
use serde_json::{Value, json};

use super::{
    super::{
        cri::{
            CONTAINER_RUNNING, ContainerMetadata, ContainerStatus, ContainerStatusResponse,
            ImageSpec, LinuxPodSandboxStatus, Namespace, NamespaceOption, PodSandbox,
            PodSandboxMetadata, PodSandboxNetworkStatus, PodSandboxStatus,
            PodSandboxStatusResponse,
        },
        pod,
    },
    *,
};

fn info(json: &Value) -> HashMap<String, String> {
    HashMap::from([("info".to_owned(), json.to_string())])
}

fn status() -> ContainerStatus {
    ContainerStatus {
        id: "e99c5733".to_owned(),
        metadata: Some(ContainerMetadata {
            name: "app".to_owned(),
        }),
        state: CONTAINER_RUNNING,
        started_at: 1_795_467_979_307_491_447,
        image: Some(ImageSpec {
            image: "registry.test/shop/web:2".to_owned(),
            ..ImageSpec::default()
        }),
        labels: HashMap::from([("team".to_owned(), "shop".to_owned())]),
        mounts: vec![],
    }
}

fn described(status: ContainerStatus, json: &Value, sandbox: &Sandbox) -> RuntimeContainer {
    let at = Surroundings {
        host: "h1".parse().unwrap(),
        cluster: Some("c1".to_owned()),
    };
    let image = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
    let answer = ContainerStatusResponse {
        status: Some(status),
        info: info(json),
    };
    container(
        &at,
        answer,
        image,
        Some("registry.test/shop/web:1"),
        sandbox,
    )
    .unwrap()
}

fn on_linux(security: Value, process: Value, seccomp: Value) -> Value {
    json!({
        "sandboxID": "330271c3", "pid": 7032, "removing": false, "snapshotter": "overlayfs",
        "runtimeType": "io.containerd.runc.v2", "runtimeOptions": {},
        "config": {
            "metadata": {"name": "app"}, "image": {"image": "sha256:d2"},
            "envs": [{"key": "PASSWORD", "value": "hunter2"}],
            "linux": {"security_context": security}
        },
        "runtimeSpec": {
            "ociVersion": "1.0.2-dev", "process": process,
            "linux": {"seccomp": seccomp, "namespaces": [{"type": "pid"}, {"type": "mount"}]}
        }
    })
}

fn pod_of(status: PodSandboxStatus, json: &Value) -> Sandbox {
    let listed = pod::listed(&PodSandbox {
        id: "330271c3".to_owned(),
        metadata: Some(PodSandboxMetadata {
            name: "web-7c5ddbdf54-x2b9k".to_owned(),
            uid: String::new(),
            namespace: "shop".to_owned(),
        }),
    });
    pod::described(
        listed,
        PodSandboxStatusResponse {
            status: Some(status),
            info: info(json),
        },
    )
}

#[test]
fn a_pods_doors_are_those_of_its_containers() {
    let network = Some(PodSandboxNetworkStatus {
        ip: "10.244.77.2".to_owned(),
    });
    let namespaces = Namespace {
        options: Some(NamespaceOption { network: 0 }),
    };
    let linux = Some(LinuxPodSandboxStatus {
        namespaces: Some(namespaces),
    });
    let status_of_pod = PodSandboxStatus {
        network,
        linux,
        ..PodSandboxStatus::default()
    };
    let sandbox = pod_of(
        status_of_pod.clone(),
        &json!({
            "pid": 6999, "runtimeType": "io.containerd.runc.v2", "runtimeOptions": {},
            "config": {"port_mappings": [
                {"container_port": 8080, "host_port": 18080}, {"container_port": 9090},
                {"protocol": 1, "container_port": 53, "host_port": 53, "host_ip": "10.0.0.1"},
                {"container_port": 1, "host_port": 99999}
            ], "linux": {"security_context": {"namespace_options": {}}}},
            "runtimeSpec": {"linux": {}}, "cniResult": null
        }),
    );
    let json = on_linux(
        json!({"run_as_user": {}, "run_as_group": {"value": 7}}),
        json!({"user": {"uid": 0, "gid": 7}, "env": ["PASSWORD=hunter2"]}),
        json!(null),
    );
    let found = described(status(), &json, &sandbox);
    let c = &found.container;
    let port = |protocol: &str, address: &str, host_port, container_port| PublishedPort {
        protocol: protocol.to_owned(),
        host_address: address.to_owned(),
        host_port,
        container_port,
    };
    assert_eq!(
        c.published,
        [
            port("tcp", "0.0.0.0", 18080, 8080),
            port("udp", "10.0.0.1", 53, 53)
        ]
    );
    assert_eq!((c.host_network, c.networked), (false, Some(true)));
    assert_eq!((c.host_pid, c.host_ipc), (Some(false), Some(false)));
    // Go leaves out a zero, and root is a zero.
    assert_eq!((c.user.as_str(), c.uid), ("0:7", Some(0)));
    assert_eq!(c.security_options, ["seccomp=unconfined"]);
    assert_eq!(found.pid, Some(7032));
    assert_eq!(c.started_at.map(|at| at.as_ms()), Some(1_795_467_979_307));
    let names = Pod {
        namespace: "shop".to_owned(),
        name: "web-7c5ddbdf54-x2b9k".to_owned(),
        uid: None,
    };
    assert_eq!(c.pod.as_ref(), Some(&names));
    assert!(
        matches!(&c.workload, WorkloadId::Cluster { cluster, container, .. } if cluster == "c1" && container == "app")
    );
    // Names that were found out are not said to be labels.
    assert_eq!(c.labels.keys().collect::<Vec<_>>(), ["team"]);
    assert!(!serde_json::to_string(c).unwrap().contains("hunter2"));

    let ended = PodSandboxStatus {
        state: 1,
        ..status_of_pod
    };
    assert_eq!(pod_of(ended, &json!({})).networked, Some(false));
}

#[test]
fn profiles_are_those_in_force() {
    let options = |security: Value, process: Value, seccomp: Value| {
        let json = on_linux(security, process, seccomp);
        described(status(), &json, &Sandbox::default())
            .container
            .security_options
    };
    let filter = json!({"defaultAction": "SCMP_ACT_ERRNO"});
    assert_eq!(
        options(
            json!({"seccomp": {"profile_type": 2, "localhost_ref": "/p.json"}, "apparmor": {}}),
            json!({"apparmorProfile": "cri-containerd.apparmor.d", "noNewPrivileges": true}),
            filter.clone()
        ),
        [
            "apparmor=cri-containerd.apparmor.d",
            "no-new-privileges",
            "seccomp=custom"
        ]
    );
    assert_eq!(
        options(
            json!({"seccomp": {}, "apparmor": {"profile_type": 1}}),
            json!({}),
            filter
        ),
        ["apparmor=unconfined", "seccomp=builtin"]
    );
    assert_eq!(
        options(
            json!({"privileged": true}),
            json!({"selinuxLabel": "a:b:spc_t:s0"}),
            json!(null)
        ),
        [
            "apparmor=unconfined",
            "seccomp=unconfined",
            "selinux=a:b:spc_t:s0"
        ]
    );
}

#[test]
fn a_user_id_in_a_user_namespace_is_not_the_hosts() {
    let mut json = on_linux(json!({}), json!({"user": {"uid": 0}}), json!(null));
    json["runtimeSpec"]["linux"]["namespaces"] = json!([{"type": "user"}]);
    assert_eq!(
        described(status(), &json, &Sandbox::default())
            .container
            .uid,
        None
    );
}

#[test]
fn machines_of_their_own_are_told_from_namespaces() {
    for (kind, options, wanted) in [
        ("io.containerd.runc.v2", json!({}), Isolation::Process),
        (
            "io.containerd.runc.v2",
            json!({"BinaryName": "/usr/bin/crun"}),
            Isolation::Process,
        ),
        (
            "io.containerd.runc.v2",
            json!({"binary_name": "/usr/bin/kata-runtime"}),
            Isolation::HyperV,
        ),
        (
            "io.containerd.runc.v2",
            json!({"BinaryName": "runsc"}),
            Isolation::Unknown,
        ),
        ("io.containerd.kata.v2", json!(null), Isolation::HyperV),
        ("io.containerd.kata-qemu.v2", json!(null), Isolation::HyperV),
        ("io.containerd.runsc.v1", json!({}), Isolation::Unknown),
        ("io.containerd.runhcs.v1", json!({}), Isolation::Process),
        (
            "io.containerd.runhcs.v1",
            json!({"sandbox_isolation": 1}),
            Isolation::HyperV,
        ),
        (
            "io.containerd.runhcs.v1",
            json!({"SandboxIsolation": "HYPERVISOR"}),
            Isolation::HyperV,
        ),
        ("", json!({}), Isolation::Unknown),
    ] {
        let json = json!({"pid": 1, "runtimeType": kind, "runtimeOptions": options});
        let found = described(status(), &json, &Sandbox::default());
        assert_eq!(found.container.isolation, wanted, "{json}");
        assert_eq!(found.container.privileged, None, "nothing was said of it");
    }
}

#[test]
fn host_process_containers_are_privileged_and_in_the_hosts_network() {
    let pod = json!({"config": {"windows": {"security_context": {"host_process": true}}}});
    let sandbox = pod_of(PodSandboxStatus::default(), &pod);
    let mut status = status();
    status.mounts = vec![
        cri::Mount {
            container_path: r"\\.\pipe\engine".to_owned(),
            host_path: r"\\.\pipe\containerd-containerd".to_owned(),
            ..cri::Mount::default()
        },
        cri::Mount {
            container_path: r"C:\data".to_owned(),
            image: Some(ImageSpec {
                image: "shop/data:1".to_owned(),
                ..ImageSpec::default()
            }),
            ..cri::Mount::default()
        },
    ];
    let found = described(
        status.clone(),
        &json!({
            "pid": 4242, "runtimeType": "io.containerd.runhcs.v1", "runtimeOptions": {},
            "config": {"image": {"user_specified_image": "shop/agent:3"},
                "windows": {"security_context": {"run_as_username": r"NT AUTHORITY\SYSTEM", "host_process": true}}},
            "runtimeSpec": {"process": {"user": {"username": r"NT AUTHORITY\SYSTEM"}}, "windows": {"layerFolders": []}}
        }),
        &sandbox,
    );
    let c = &found.container;
    assert_eq!(
        (c.privileged, c.host_network, c.networked),
        (Some(true), true, Some(true))
    );
    assert_eq!(c.user, r"NT AUTHORITY\SYSTEM");
    assert_eq!(c.isolation, Isolation::Process);
    assert_eq!(c.image_name.as_deref(), Some("shop/agent:3"));
    assert_eq!(c.mounts[0].kind, "npipe");
    assert_eq!(
        (c.mounts[1].kind.as_str(), c.mounts[1].read_only),
        ("image", true)
    );
    assert!(c.security_options.is_empty());

    let handler = PodSandboxStatus {
        runtime_handler: "runhcs-wcow-hypervisor".to_owned(),
        ..PodSandboxStatus::default()
    };
    let sandbox = pod_of(
        handler,
        &json!({
            "runtimeOptions": {"sandbox_isolation": 1}, "config": {"windows": {"security_context": {}}}
        }),
    );
    let found = described(
        status,
        &json!({
            "pid": 4243, "runtimeType": "io.containerd.runhcs.v1",
            "config": {"windows": {"security_context": {}}}, "runtimeSpec": {"windows": {}}
        }),
        &sandbox,
    );
    assert_eq!(found.container.isolation, Isolation::HyperV);
    assert_eq!(
        (found.container.privileged, found.container.host_network),
        (Some(false), false)
    );
}

#[test]
fn an_answer_that_is_not_understood_is_an_error_and_not_a_harmless_container() {
    let at = Surroundings {
        host: "h1".parse().unwrap(),
        cluster: None,
    };
    let image: Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
    let mut answer = ContainerStatusResponse {
        status: None,
        info: HashMap::new(),
    };
    assert!(
        container(
            &at,
            answer.clone(),
            image.clone(),
            None,
            &Sandbox::default()
        )
        .is_err()
    );
    answer.status = Some(status());
    answer.info = info(&json!({"config": {"linux": {"security_context": {"privileged": "yes"}}}}));
    assert!(
        container(
            &at,
            answer.clone(),
            image.clone(),
            None,
            &Sandbox::default()
        )
        .is_err()
    );
    answer.info.clear();
    let found = container(&at, answer, image, None, &Sandbox::default()).unwrap();
    assert_eq!((found.pid, found.container.privileged), (None, None));
}
