//! A container as containerd describes it, in our words. Its environment is never looked at: it holds secrets.

use std::collections::BTreeMap;

use schemas::{
    Digest, Timestamp,
    inventory::{Container, Isolation, Mount},
};

use super::{
    super::{RuntimeContainer, RuntimeError, Surroundings, text, workload},
    cri::{self, CONTAINER_RUNNING, ContainerStatusResponse},
    info::{ContainerInfo, LinuxSecurity, NamespaceOption, RuntimeOptions, RuntimeSpec},
    pod::Sandbox,
};

/// Most mounts of one container that are kept.
const MAX_MOUNTS: usize = 4096;
/// Longest path that is kept, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// What containerd says of one container. `reference` is a name of its image, in case the status has none.
pub(super) fn container(
    at: &Surroundings,
    answer: ContainerStatusResponse,
    image: Digest,
    reference: Option<&str>,
    sandbox: &Sandbox,
) -> Result<RuntimeContainer, RuntimeError> {
    let status = answer
        .status
        .ok_or_else(|| RuntimeError::Answer("a container has no status".to_owned()))?;
    // Other runtimes add nothing, or something else: what is only told there stays unknown.
    let info: ContainerInfo = match answer.info.get("info") {
        Some(json) => serde_json::from_str(json)
            .map_err(|error| RuntimeError::Answer(format!("what is said of it: {error}")))?,
        None => ContainerInfo::default(),
    };
    let config = info.config.as_ref();
    let linux = config
        .and_then(|c| c.linux.as_ref())
        .and_then(|p| p.security_context.as_ref());
    let windows = config
        .and_then(|c| c.windows.as_ref())
        .and_then(|p| p.security_context.as_ref());
    let spec = info.runtime_spec.as_ref();
    let running = status.state == CONTAINER_RUNNING;
    let name = text::name(&status.metadata.unwrap_or_default().name);
    let labels = text::labels(Some(status.labels));
    let image_name = image_name(&info, status.image.unwrap_or_default(), reference);
    let privileged = match (linux, windows) {
        (Some(security), _) if security.privileged => Some(true),
        (_, Some(security)) => Some(security.host_process),
        _ => config.map(|_| false),
    };
    let capability = linux.and_then(|security| security.capabilities.as_ref());
    let added = capability.map(|capability| {
        let plain = capability.add_capabilities.iter().flatten();
        plain
            .chain(capability.add_ambient_capabilities.iter().flatten())
            .cloned()
            .collect()
    });
    let named = with_pod(&labels, sandbox, &name);
    // Where namespaces are not named, a pod has its own.
    let shares = |of: fn(&NamespaceOption) -> i32| {
        let options = |security: &LinuxSecurity| {
            let options = security.namespace_options.as_ref();
            options.is_some_and(|options| of(options) == cri::NAMESPACE_NODE)
        };
        linux.map(options)
    };
    Ok(RuntimeContainer {
        pid: info.pid.filter(|pid| running && *pid != 0),
        network_of: None,
        container: Container {
            workload: workload::workload(
                at,
                &named,
                &name,
                image_name.as_deref().unwrap_or(image.as_str()),
            ),
            pod: workload::pod(&named),
            id: text::name(&status.id),
            name,
            image,
            image_name,
            running,
            started_at: (status.started_at > 0)
                .then(|| Timestamp::from_ms(status.started_at / 1_000_000)),
            published: sandbox.published.clone(),
            listening: Vec::new(),
            host_network: sandbox.host_network.unwrap_or_else(|| {
                linux
                    .and_then(|security| security.namespace_options.as_ref())
                    .is_some_and(|options| options.network == cri::NAMESPACE_NODE)
            }),
            host_pid: shares(|options| options.pid),
            host_ipc: shares(|options| options.ipc),
            networked: sandbox.networked,
            user: match windows.and_then(|security| security.run_as_username.as_deref()) {
                Some(user) => text::name(user),
                None => linux.map(linux_user).unwrap_or_default(),
            },
            uid: spec.and_then(uid),
            privileged,
            capabilities_added: text::capabilities(added),
            capabilities_dropped: text::capabilities(
                capability.and_then(|capability| capability.drop_capabilities.clone()),
            ),
            security_options: linux
                .zip(spec)
                .map(|(security, spec)| security_options(security, spec))
                .unwrap_or_default(),
            mounts: status
                .mounts
                .into_iter()
                .take(MAX_MOUNTS)
                .map(mount)
                .collect(),
            isolation: isolation(&info, sandbox),
            labels,
        },
    })
}

/// The labels, with the names of the pod from its sandbox where they have none: the kubelet sets them, other clients
/// need not.
fn with_pod(
    labels: &BTreeMap<String, String>,
    sandbox: &Sandbox,
    name: &str,
) -> BTreeMap<String, String> {
    let mut named = labels.clone();
    if let Some(pod) = &sandbox.pod {
        let mut set = |key: &str, value: &str| {
            named
                .entry(key.to_owned())
                .or_insert_with(|| value.to_owned());
        };
        set("io.kubernetes.pod.namespace", &pod.namespace);
        set("io.kubernetes.pod.name", &pod.name);
        if let Some(uid) = &pod.uid {
            set("io.kubernetes.pod.uid", uid);
        }
        set("io.kubernetes.container.name", name);
    }
    named
}

/// The name that the user wrote, before one that containerd found for the id which the kubelet gave it.
fn image_name(info: &ContainerInfo, image: cri::ImageSpec, listed: Option<&str>) -> Option<String> {
    let written = info
        .config
        .as_ref()
        .and_then(|config| config.image.as_ref())
        .and_then(|image| image.user_specified_image.clone());
    [
        written,
        Some(image.user_specified_image),
        Some(image.image),
        listed.map(str::to_owned),
    ]
    .into_iter()
    .flatten()
    .find(|name| !name.is_empty() && !name.starts_with("sha256:"))
    .map(|name| text::name(&name))
}

/// As Docker writes it: a name, `UID` or `UID:GID`.
fn linux_user(security: &LinuxSecurity) -> String {
    let user = match (&security.run_as_username, &security.run_as_user) {
        (Some(name), _) if !name.is_empty() => text::name(name),
        (_, Some(uid)) => uid.value.to_string(),
        _ => return String::new(),
    };
    match &security.run_as_group {
        Some(gid) => format!("{user}:{}", gid.value),
        None => user,
    }
}

/// The user id is that of the host unless there is a user namespace.
fn uid(spec: &RuntimeSpec) -> Option<u32> {
    let namespaces = spec.linux.as_ref()?.namespaces.as_ref()?;
    if namespaces.iter().any(|namespace| namespace.kind == "user") {
        return None;
    }
    spec.process.as_ref()?.user.as_ref()?.uid
}

/// The profiles in force, as the container was made with them in the end.
fn security_options(security: &LinuxSecurity, spec: &RuntimeSpec) -> Vec<String> {
    let mut options = Vec::new();
    let process = spec.process.as_ref();
    let apparmor = process.and_then(|process| process.apparmor_profile.as_deref());
    let refused = security
        .apparmor
        .as_ref()
        .is_some_and(|profile| profile.profile_type == 1);
    match apparmor.filter(|profile| !profile.is_empty()) {
        Some(profile) => options.push(format!("apparmor={}", text::name(profile))),
        None if security.privileged || refused => options.push("apparmor=unconfined".to_owned()),
        // The host may have no AppArmor at all.
        None => {}
    }
    let from_host = |profile: i32| profile == 2;
    let path = security.seccomp_profile_path.as_deref().unwrap_or_default();
    let custom = security
        .seccomp
        .as_ref()
        .is_some_and(|profile| from_host(profile.profile_type))
        || path.starts_with("localhost/");
    let filtered = spec
        .linux
        .as_ref()
        .is_some_and(|linux| linux.seccomp.is_some());
    options.push(
        match (filtered, custom) {
            (false, _) => "seccomp=unconfined",
            (true, true) => "seccomp=custom",
            (true, false) => "seccomp=builtin",
        }
        .to_owned(),
    );
    if let Some(process) = process {
        if let Some(label) = process
            .selinux_label
            .as_deref()
            .filter(|label| !label.is_empty())
        {
            options.push(format!("selinux={}", text::name(label)));
        }
        if process.no_new_privileges {
            options.push("no-new-privileges".to_owned());
        }
    }
    options.sort();
    options
}

fn mount(mount: cri::Mount) -> Mount {
    let (kind, source, read_only) = match mount.image {
        Some(image) => ("image", image.image, true),
        None if is_pipe(&mount.host_path) => ("npipe", mount.host_path, mount.readonly),
        None => ("bind", mount.host_path, mount.readonly),
    };
    Mount {
        kind: kind.to_owned(),
        source: text::cut(&source, MAX_PATH_BYTES),
        target: text::cut(&mount.container_path, MAX_PATH_BYTES),
        read_only,
    }
}

/// A named pipe of Windows, `\\.\pipe\NAME`.
fn is_pipe(path: &str) -> bool {
    path.replace('/', r"\")
        .to_ascii_lowercase()
        .starts_with(r"\\.\pipe\")
}

fn isolation(info: &ContainerInfo, sandbox: &Sandbox) -> Isolation {
    let windows = info
        .runtime_spec
        .as_ref()
        .and_then(|spec| spec.windows.as_ref());
    let options = info.runtime_options.as_ref();
    let program = options.map(RuntimeOptions::program).unwrap_or_default();
    let runtime = info.runtime_type.as_deref().unwrap_or_default();
    if sandbox.hyper_v
        || windows.is_some_and(|windows| windows.hyperv.is_some())
        || options.is_some_and(RuntimeOptions::hyper_v)
        || runtime.starts_with("io.containerd.kata")
        || program.contains("kata")
    {
        return Isolation::HyperV;
    }
    match (runtime, program) {
        ("io.containerd.runhcs.v1", _) => Isolation::Process,
        (
            "io.containerd.runc.v2" | "io.containerd.runc.v1" | "io.containerd.runtime.v1.linux",
            "" | "runc" | "crun" | "youki",
        ) => Isolation::Process,
        // A kernel of its own in user space, for example, is neither.
        _ => Isolation::Unknown,
    }
}

#[cfg(test)]
mod tests;
