//! With which rights a container runs.

use schemas::{
    inventory::{Container, ImageFacts, InstallationType, OperatingSystem},
    risk::Answer,
};

/// Capabilities that are as good as privileged. Source: capabilities(7).
const ALL_POWERFUL: [&str; 4] = ["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE"];

/// File names of container runtimes' sockets.
const SOCKETS: [&str; 4] = ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"];

/// Folders that hold such sockets: mounting one mounts them.
const SOCKET_FOLDERS: [&str; 8] = [
    "/",
    "/run",
    "/var",
    "/var/run",
    "/run/containerd",
    "/var/run/containerd",
    "/run/podman",
    "/run/crio",
];

/// Capabilities beyond an engine's default that reach out of a container, or past what keeps it apart; those that are as good
/// as privileged are among them. Source: capabilities(7); NSA/CISA, "Kubernetes Hardening Guidance".
const DANGEROUS: [&str; 16] = [
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "IPC_LOCK",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "PERFMON",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYSLOG",
];

/// Folders of a host that are as good as the host to whoever reads or writes them, in lower case.
const HOST_FOLDERS: [&str; 28] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/var",
    "/var/lib",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/run",
    "c:",
    "c:/programdata",
    "c:/programdata/docker",
    "c:/users",
    "c:/windows",
    "c:/windows/system32",
];

/// Whether a running container's processes are root or administrator.
pub(crate) fn root(
    container: &Container,
    image: &ImageFacts,
    os: Option<&OperatingSystem>,
) -> Answer {
    match container.uid {
        Some(0) => Answer::Yes,
        Some(_) => Answer::No,
        None if container.user.is_empty() => root_by_user(&image.user, &image.os, os),
        None => root_by_user(&container.user, &image.os, os),
    }
}

/// Whether a configured user is root or administrator.
///
/// On Windows an empty user is ContainerAdministrator on Server Core and Server, and ContainerUser on Nano Server.
/// Source: Microsoft, "Secure Windows containers", container users.
pub(crate) fn root_by_user(user: &str, image_os: &str, os: Option<&OperatingSystem>) -> Answer {
    if image_os.eq_ignore_ascii_case("windows") {
        let name = user.rsplit(['\\', '/']).next().unwrap_or(user);
        return match name.to_ascii_lowercase().as_str() {
            "" => match os.and_then(|os| os.windows.as_ref()?.installation_type) {
                Some(InstallationType::ServerCore | InstallationType::Server) => Answer::Yes,
                Some(InstallationType::NanoServer) => Answer::No,
                _ => Answer::Unknown,
            },
            "containeradministrator" | "administrator" | "system" | "localsystem" => Answer::Yes,
            "containeruser" | "local service" | "network service" | "localservice"
            | "networkservice" => Answer::No,
            _ => Answer::Unknown,
        };
    }
    match user.split(':').next().unwrap_or("") {
        "" | "root" | "0" => Answer::Yes,
        number if number.bytes().all(|b| b.is_ascii_digit()) => {
            if number.bytes().all(|b| b == b'0') {
                Answer::Yes
            } else {
                Answer::No
            }
        }
        // Which number a name stands for is said by a file of the image that nobody read.
        _ => Answer::Unknown,
    }
}

/// Whether a container is privileged, a HostProcess, or has capabilities that amount to it.
pub(crate) fn privileged(container: &Container) -> Answer {
    if has_any(container, &ALL_POWERFUL) {
        Answer::Yes
    } else {
        Answer::from(container.privileged)
    }
}

fn has_any(container: &Container, wanted: &[&str]) -> bool {
    container.capabilities_added.iter().any(|capability| {
        let name = capability.to_ascii_uppercase();
        wanted.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
    })
}

/// What a privileged container has anyway; Windows keeps containers apart without it.
fn by_privileged(container: &Container, is_windows: bool) -> Option<Answer> {
    match container.privileged {
        Some(true) => Some(Answer::Yes),
        _ if is_windows => Some(Answer::No),
        _ => None,
    }
}

/// Whether it has capabilities that reach out of a container.
pub(crate) fn capabilities(container: &Container, is_windows: bool) -> Answer {
    match by_privileged(container, is_windows) {
        Some(answer) => answer,
        None if has_any(container, &DANGEROUS) => Answer::Yes,
        None if container.privileged == Some(false) => Answer::No,
        None => Answer::Unknown,
    }
}

/// Whether one of the mandatory security profiles is switched off for it. That a host has no AppArmor or SELinux at all is not
/// told, so an option that is not there says nothing.
pub(crate) fn no_security_profile(container: &Container, is_windows: bool) -> Answer {
    if let Some(answer) = by_privileged(container, is_windows) {
        return answer;
    }
    let mut is_any_told = false;
    for option in &container.security_options {
        let option = option.to_ascii_lowercase();
        let Some((name, value)) = option.split_once(['=', ':']) else {
            continue;
        };
        match (name, value) {
            ("seccomp" | "apparmor", "unconfined")
            | ("label" | "selinux", "disable" | "disabled" | "unconfined") => {
                return Answer::Yes;
            }
            ("seccomp" | "apparmor" | "label" | "selinux", _) => is_any_told = true,
            _ => {}
        }
    }
    if is_any_told {
        Answer::No
    } else {
        Answer::Unknown
    }
}

/// Whether it shares the host's network, process ids or memory of processes.
pub(crate) fn host_namespaces(container: &Container, is_windows: bool) -> Answer {
    let shared = [
        Some(container.host_network),
        container.host_pid,
        container.host_ipc,
    ];
    if shared.contains(&Some(true)) {
        return Answer::Yes;
    }
    // HostProcess containers are processes of the host.
    if is_windows {
        return Answer::from(container.privileged);
    }
    if shared.contains(&None) {
        Answer::Unknown
    } else {
        Answer::No
    }
}

/// Whether folders of the host that are as good as the host are mounted into it. Reading them is enough for secrets.
pub(crate) fn host_mounts(container: &Container) -> Answer {
    let mounted = container.mounts.iter().any(|mount| {
        let is_folder = !matches!(mount.kind.as_str(), "volume" | "tmpfs" | "npipe" | "image");
        is_folder && HOST_FOLDERS.contains(&folder(&mount.source).as_str())
    });
    if mounted { Answer::Yes } else { Answer::No }
}

/// Whether anything in it listens, or is published.
pub(crate) fn listening(container: &Container) -> Answer {
    if !container.listening.is_empty() || !container.published.is_empty() {
        Answer::Yes
    } else if container.networked == Some(false) {
        Answer::No
    } else {
        Answer::Unknown
    }
}

/// A path in one form: lower case, slashes, none at its end.
fn folder(path: &str) -> String {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    match path.trim_end_matches('/') {
        "" => "/".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// Whether a container runtime's socket or named pipe is mounted. A read-only mount of a socket can be written to.
pub(crate) fn runtime_socket(container: &Container) -> Answer {
    let mounted = container.mounts.iter().any(|mount| {
        if mount.kind == "volume" || mount.kind == "tmpfs" {
            return false;
        }
        let source = folder(&mount.source);
        if let Some(pipe) = source.split_once("/pipe/").map(|(_, name)| name) {
            return pipe.contains("docker") || pipe.contains("containerd");
        }
        SOCKETS
            .iter()
            .any(|socket| source.ends_with(&format!("/{socket}")))
            || SOCKET_FOLDERS.contains(&source.as_str())
    });
    if mounted { Answer::Yes } else { Answer::No }
}
