//! A container as the Docker Engine describes it, in our words. Its environment is never looked at: it holds secrets.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, HostConfig, MountPoint, PortMap};
use schemas::{
    Timestamp,
    inventory::{Container, Isolation, Mount, PublishedPort},
};

use super::{
    super::{RuntimeContainer, RuntimeError, Surroundings, text, workload},
    EngineDefaults,
};

/// Most ports, mounts and security options of one container that are kept.
const MAX_PARTS: usize = 4096;

/// What the engine says of one container.
pub(super) fn container(
    at: &Surroundings,
    defaults: &EngineDefaults,
    found: ContainerInspectResponse,
) -> Result<RuntimeContainer, RuntimeError> {
    let image = found.image.unwrap_or_default();
    let image = image
        .parse()
        .map_err(|_| RuntimeError::Answer(format!("`{}` is no image id", text::name(&image))))?;
    let config = found.config.unwrap_or_default();
    let host = found.host_config.unwrap_or_default();
    let state = found.state.unwrap_or_default();
    let network = found.network_settings.unwrap_or_default();
    let name = text::name(found.name.unwrap_or_default().trim_start_matches('/'));
    let labels = text::labels(config.labels);
    let reference = config.image.unwrap_or_default();
    let running = state.running.unwrap_or_default();
    let mode = host.network_mode.clone().unwrap_or_default();
    let cut_off = mode == "none" || config.network_disabled == Some(true);
    Ok(RuntimeContainer {
        pid: state
            .pid
            .filter(|_| running)
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0),
        network_of: mode.strip_prefix("container:").map(str::to_owned),
        container: Container {
            workload: workload::workload(at, &labels, &name, &reference),
            pod: workload::pod(&labels),
            id: text::name(&found.id.unwrap_or_default()),
            name,
            image,
            image_name: (!reference.is_empty()).then(|| text::name(&reference)),
            running,
            started_at: started(state.started_at.as_deref()),
            published: published(network.ports),
            listening: Vec::new(),
            host_network: mode == "host",
            host_pid: shares_host(defaults, host.pid_mode.as_deref()),
            host_ipc: shares_host(defaults, host.ipc_mode.as_deref()),
            networked: Some(!cut_off),
            user: text::name(&config.user.unwrap_or_default()),
            uid: None,
            privileged: host.privileged,
            capabilities_added: text::capabilities(host.cap_add.clone()),
            capabilities_dropped: text::capabilities(host.cap_drop.clone()),
            security_options: security(defaults, &host, found.app_armor_profile.as_deref()),
            mounts: mounts(found.mounts),
            isolation: isolation(defaults, &host),
            labels,
        },
    })
}

/// Containers that join another's network are reached through the other's ports.
pub(super) fn share_networks(containers: &mut [RuntimeContainer]) {
    let doors: HashMap<String, (Vec<PublishedPort>, bool, Option<bool>)> = containers
        .iter()
        .map(|one| {
            let c = &one.container;
            (
                c.id.clone(),
                (c.published.clone(), c.host_network, c.networked),
            )
        })
        .collect();
    for one in containers {
        let Some(other) = &one.network_of else {
            continue;
        };
        match doors.get(other) {
            Some((published, host_network, networked)) => {
                one.container.published.clone_from(published);
                one.container.host_network = *host_network;
                one.container.networked = *networked;
            }
            // The one it joined is gone, and with it what is known of the network.
            None => one.container.networked = None,
        }
    }
}

/// Whether a namespace is the host's; Windows has none of these.
fn shares_host(defaults: &EngineDefaults, mode: Option<&str>) -> Option<bool> {
    (defaults.os != "windows").then(|| mode == Some("host"))
}

/// Docker writes the year 1 for what never happened.
fn started(text: Option<&str>) -> Option<Timestamp> {
    let moment: Timestamp = text?.parse().ok()?;
    (moment.as_ms() > 0).then_some(moment)
}

fn published(ports: Option<PortMap>) -> Vec<PublishedPort> {
    let mut all: Vec<PublishedPort> = ports
        .unwrap_or_default()
        .into_iter()
        .flat_map(|(inner, outer)| {
            let (port, protocol) = inner.split_once('/').unwrap_or((&inner, "tcp"));
            let container_port: Option<u16> = port.parse().ok();
            let protocol = text::name(protocol);
            outer
                .unwrap_or_default()
                .into_iter()
                .filter_map(move |binding| {
                    let address = binding.host_ip.filter(|ip| !ip.is_empty());
                    Some(PublishedPort {
                        protocol: protocol.clone(),
                        host_address: text::name(address.as_deref().unwrap_or("0.0.0.0")),
                        host_port: binding.host_port?.parse().ok().filter(|port| *port != 0)?,
                        container_port: container_port?,
                    })
                })
        })
        .take(MAX_PARTS)
        .collect();
    all.sort();
    all.dedup();
    all
}

fn mounts(found: Option<Vec<MountPoint>>) -> Vec<Mount> {
    found
        .unwrap_or_default()
        .into_iter()
        .take(MAX_PARTS)
        .map(|mount| {
            let kind = mount.typ.unwrap_or_default();
            // A volume is known by its name; the path below the engine's folder says nothing.
            let source = match (kind.as_str(), mount.name) {
                ("volume", Some(name)) if !name.is_empty() => name,
                _ => mount.source.unwrap_or_default(),
            };
            Mount {
                kind: text::name(&kind),
                source: text::cut(&source, 4096),
                target: text::cut(&mount.destination.unwrap_or_default(), 4096),
                read_only: mount.rw == Some(false),
            }
        })
        .collect()
}

/// The profiles in force: those given, and the engine's defaults for the rest. Privileged containers have none of them.
fn security(defaults: &EngineDefaults, host: &HostConfig, apparmor: Option<&str>) -> Vec<String> {
    let mut options: Vec<String> = host
        .security_opt
        .iter()
        .flatten()
        .take(MAX_PARTS)
        .map(|option| {
            // Older clients write `:` for `=`, and a seccomp profile is given as the whole of its JSON.
            let option = match option.split_once([':', '=']) {
                Some((name, value)) => format!("{name}={value}"),
                None => option.clone(),
            };
            match option.strip_prefix("seccomp=") {
                Some(profile) if profile.trim_start().starts_with('{') => {
                    "seccomp=custom".to_owned()
                }
                _ => text::name(&option),
            }
        })
        .collect();
    if let Some(profile) = apparmor.filter(|profile| !profile.is_empty()) {
        options.retain(|option| !option.starts_with("apparmor="));
        options.push(format!("apparmor={}", text::name(profile)));
    }
    let privileged = host.privileged == Some(true);
    for default in &defaults.security {
        let Some((name, _)) = default.split_once('=') else {
            continue;
        };
        let given = |option: &String| {
            option
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('='))
                || (name == "selinux" && option.starts_with("label="))
        };
        if !options.iter().any(given) {
            options.push(if privileged {
                format!("{name}=unconfined")
            } else {
                default.clone()
            });
        }
    }
    options.sort();
    options.dedup();
    options
}

fn isolation(defaults: &EngineDefaults, host: &HostConfig) -> Isolation {
    if defaults.os == "windows" {
        let own = host
            .isolation
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let word = if own.is_empty() || own == "default" {
            &defaults.isolation
        } else {
            &own
        };
        return match word.as_str() {
            "process" => Isolation::Process,
            "hyperv" => Isolation::HyperV,
            _ => Isolation::Unknown,
        };
    }
    let runtime = host
        .runtime
        .as_deref()
        .filter(|name| !name.is_empty())
        .unwrap_or(&defaults.runtime);
    match runtime {
        "runc" | "crun" | "io.containerd.runc.v2" | "io.containerd.runtime.v1.linux" | "oci" => {
            Isolation::Process
        }
        name if name.contains("kata") => Isolation::HyperV,
        _ => Isolation::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(os: &str) -> EngineDefaults {
        EngineDefaults {
            security: vec!["seccomp=builtin".into(), "apparmor=docker-default".into()],
            isolation: "process".into(),
            runtime: "runc".into(),
            os: os.into(),
        }
    }

    fn described(os: &str, json: serde_json::Value) -> RuntimeContainer {
        let at = Surroundings {
            host: "h1".parse().unwrap(),
            cluster: None,
        };
        container(&at, &defaults(os), serde_json::from_value(json).unwrap()).unwrap()
    }

    fn image() -> String {
        format!("sha256:{}", "ab".repeat(32))
    }

    #[test]
    fn rights_doors_and_mounts_are_reported_and_the_environment_is_not() {
        let found = described(
            "linux",
            serde_json::json!({
                "Id": "c1", "Name": "/web", "Image": image(), "AppArmorProfile": "",
                "State": {"Running": true, "Pid": 77, "StartedAt": "2026-01-02T03:04:05.6Z"},
                "Config": {"Image": "shop/web:2", "User": "1000", "Env": ["PASSWORD=hunter2"], "Labels": {"team": "shop"}},
                "HostConfig": {"NetworkMode": "default", "PidMode": "host", "IpcMode": "private",
                    "Privileged": false, "CapAdd": ["CAP_NET_ADMIN"], "CapDrop": ["all"],
                    "SecurityOpt": ["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "no-new-privileges"]},
                "Mounts": [{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/var/run/docker.sock", "RW": true},
                           {"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Destination": "/d", "RW": false}],
                "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}], "53/udp": null}}
            }),
        );
        let c = &found.container;
        assert_eq!(found.pid, Some(77));
        assert_eq!(
            c.published
                .iter()
                .map(|p| p.host_address.as_str())
                .collect::<Vec<_>>(),
            ["0.0.0.0", "::"]
        );
        assert_eq!(c.published[0].container_port, 80);
        assert_eq!(c.capabilities_added, ["NET_ADMIN"]);
        assert_eq!(c.capabilities_dropped, ["ALL"]);
        assert_eq!((c.host_pid, c.host_ipc), (Some(true), Some(false)));
        assert_eq!(
            c.security_options,
            [
                "apparmor=docker-default",
                "no-new-privileges",
                "seccomp=custom"
            ]
        );
        assert_eq!(c.mounts[0].source, "/var/run/docker.sock");
        assert_eq!(
            (c.mounts[1].source.as_str(), c.mounts[1].read_only),
            ("data", true)
        );
        assert_eq!(c.privileged, Some(false));
        assert_eq!(c.isolation, Isolation::Process);
        assert_eq!(c.networked, Some(true));
        assert!(!serde_json::to_string(c).unwrap().contains("hunter2"));
    }

    #[test]
    fn a_privileged_container_is_not_said_to_be_confined() {
        let found = described(
            "linux",
            serde_json::json!({
                "Id": "c1", "Image": image(), "State": {"Running": false, "Pid": 0, "StartedAt": "0001-01-01T00:00:00Z"},
                "HostConfig": {"NetworkMode": "none", "Privileged": true, "Runtime": "kata"}
            }),
        );
        assert_eq!(
            found.container.security_options,
            ["apparmor=unconfined", "seccomp=unconfined"]
        );
        assert_eq!(found.container.networked, Some(false));
        assert_eq!(found.container.started_at, None);
        assert_eq!(found.container.isolation, Isolation::HyperV);
        assert_eq!(found.pid, None);
    }

    #[test]
    fn windows_isolation_falls_back_to_the_engines_default() {
        for (own, wanted) in [
            ("", Isolation::Process),
            ("default", Isolation::Process),
            ("hyperv", Isolation::HyperV),
        ] {
            let found = described(
                "windows",
                serde_json::json!({
                    "Id": "c1", "Image": image(), "HostConfig": {"Isolation": own},
                    "Mounts": [{"Type": "npipe", "Source": r"\\.\pipe\docker_engine", "Destination": r"\\.\pipe\docker_engine"}]
                }),
            );
            assert_eq!(found.container.isolation, wanted);
            assert_eq!(found.container.mounts[0].kind, "npipe");
        }
    }

    #[test]
    fn a_container_in_anothers_network_has_the_others_doors() {
        let mut both = vec![
            described(
                "linux",
                serde_json::json!({"Id": "pause", "Image": image(),
                "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}}}),
            ),
            described(
                "linux",
                serde_json::json!({"Id": "app", "Image": image(), "HostConfig": {"NetworkMode": "container:pause"}}),
            ),
            described(
                "linux",
                serde_json::json!({"Id": "lost", "Image": image(), "HostConfig": {"NetworkMode": "container:gone"}}),
            ),
        ];
        share_networks(&mut both);
        assert_eq!(both[1].container.published, both[0].container.published);
        assert_eq!(both[2].container.networked, None);
    }
}
