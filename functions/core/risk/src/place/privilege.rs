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
    let powerful = container.capabilities_added.iter().any(|capability| {
        let name = capability.to_ascii_uppercase();
        ALL_POWERFUL.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
    });
    if powerful {
        Answer::Yes
    } else {
        Answer::from(container.privileged)
    }
}

/// Whether a container runtime's socket or named pipe is mounted. A read-only mount of a socket can be written to.
pub(crate) fn runtime_socket(container: &Container) -> Answer {
    let mounted = container.mounts.iter().any(|mount| {
        if mount.kind == "volume" || mount.kind == "tmpfs" {
            return false;
        }
        let source = mount.source.replace('\\', "/").to_ascii_lowercase();
        if let Some(pipe) = source.split_once("/pipe/").map(|(_, name)| name) {
            return pipe.contains("docker") || pipe.contains("containerd");
        }
        let trimmed = match source.trim_end_matches('/') {
            "" => "/",
            trimmed => trimmed,
        };
        SOCKETS
            .iter()
            .any(|socket| trimmed.ends_with(&format!("/{socket}")))
            || SOCKET_FOLDERS.contains(&trimmed)
    });
    if mounted { Answer::Yes } else { Answer::No }
}
