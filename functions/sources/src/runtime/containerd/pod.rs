//! A pod sandbox: the network and the isolation that a pod's containers share.

use schemas::inventory::{Pod, PublishedPort};

use super::{
    super::text,
    cri::{NAMESPACE_NODE, PodSandbox, PodSandboxStatusResponse, SANDBOX_READY},
    info::SandboxInfo,
};

/// Most ports of one pod that are kept.
const MAX_PORTS: usize = 4096;

/// What a pod's containers have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sandbox {
    /// The pod's names, as the kubelet gave them.
    pub(super) pod: Option<Pod>,
    /// Ports of the host that lead into it.
    pub(super) published: Vec<PublishedPort>,
    /// Whether it is in the host's network, if known.
    pub(super) host_network: Option<bool>,
    /// Whether it is attached to any network, if known.
    pub(super) networked: Option<bool>,
    /// Whether it is a machine of its own.
    pub(super) hyper_v: bool,
}

/// What is known from the list alone.
pub(super) fn listed(sandbox: &PodSandbox) -> Sandbox {
    let pod = sandbox.metadata.as_ref().map(|names| Pod {
        namespace: text::name(&names.namespace),
        name: text::name(&names.name),
        uid: (!names.uid.is_empty()).then(|| text::name(&names.uid)),
    });
    Sandbox {
        pod,
        ..Sandbox::default()
    }
}

/// Adds what its status says.
pub(super) fn described(listed: Sandbox, answer: PodSandboxStatusResponse) -> Sandbox {
    let info: SandboxInfo = answer
        .info
        .get("info")
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let config = info.config.unwrap_or_default();
    let windows = config.windows.and_then(|windows| windows.security_context);
    let status = answer.status.unwrap_or_default();
    let on_linux = status
        .linux
        .and_then(|linux| linux.namespaces)
        .and_then(|namespaces| namespaces.options)
        .map(|options| options.network == NAMESPACE_NODE);
    // HostProcess containers have no network but the host's.
    let on_windows = windows.map(|security| {
        security.host_process
            || security
                .namespace_options
                .is_some_and(|options| options.network == NAMESPACE_NODE)
    });
    let host_network = if on_windows.is_some() {
        on_windows
    } else {
        on_linux
    };
    let has_address = status.network.is_some_and(|network| !network.ip.is_empty());
    let networked = if status.state == SANDBOX_READY {
        (has_address || host_network == Some(true)).then_some(true)
    } else {
        // Its network was taken down.
        Some(false)
    };
    let spec = info.runtime_spec.unwrap_or_default();
    let options = info.runtime_options.unwrap_or_default();
    let handler = status.runtime_handler.to_ascii_lowercase();
    let mut published: Vec<PublishedPort> = config
        .port_mappings
        .unwrap_or_default()
        .into_iter()
        .take(MAX_PORTS)
        .filter_map(|port| {
            Some(PublishedPort {
                protocol: match port.protocol {
                    0 => "tcp",
                    1 => "udp",
                    2 => "sctp",
                    _ => return None,
                }
                .to_owned(),
                host_address: if port.host_ip.is_empty() {
                    "0.0.0.0".to_owned()
                } else {
                    text::name(&port.host_ip)
                },
                // Without a port of the host it is only a declaration.
                host_port: u16::try_from(port.host_port)
                    .ok()
                    .filter(|port| *port != 0)?,
                container_port: u16::try_from(port.container_port).ok()?,
            })
        })
        .collect();
    published.sort();
    published.dedup();
    Sandbox {
        pod: listed.pod,
        published,
        host_network,
        networked,
        hyper_v: handler.contains("hyperv")
            || options.hyper_v()
            || spec.windows.is_some_and(|windows| windows.hyperv.is_some()),
    }
}
