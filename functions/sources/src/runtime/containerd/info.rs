//! The JSON that containerd adds to the status of a container or pod sandbox when asked for everything: how it was
//! asked to be run, and how it is run. Only what is needed is read; the environment is not.
//!
//! Sources: containerd `pkg/cri/server/container_status.go` and `sandbox_status.go` for the outer form, kubernetes/cri-api
//! `api.proto` for `config` (Go writes neither zeros nor empty values), OCI runtime-spec `config.md` for `runtimeSpec`.

use serde::Deserialize;
use serde_json::Value;

/// A container.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerInfo {
    pub(super) pid: Option<u32>,
    pub(super) runtime_type: Option<String>,
    pub(super) runtime_options: Option<RuntimeOptions>,
    pub(super) config: Option<ContainerConfig>,
    pub(super) runtime_spec: Option<RuntimeSpec>,
}

/// Options of a shim: every shim has its own. Go writes the fields of older versions by their own names, those of newer
/// ones by their JSON names.
#[derive(Default, Deserialize)]
pub(super) struct RuntimeOptions {
    #[serde(alias = "BinaryName")]
    binary_name: Option<Value>,
    #[serde(alias = "SandboxIsolation")]
    sandbox_isolation: Option<Value>,
}

impl RuntimeOptions {
    /// The name of the program that an OCI shim runs, empty for its default.
    pub(super) fn program(&self) -> &str {
        let path = self
            .binary_name
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether runhcs makes a machine. Source: microsoft/hcsshim, `cmd/containerd-shim-runhcs-v1/options/runhcs.proto`,
    /// `SandboxIsolation.HYPERVISOR`.
    pub(super) fn hyper_v(&self) -> bool {
        let isolation = self.sandbox_isolation.as_ref();
        isolation.is_some_and(|value| *value == 1 || *value == "HYPERVISOR")
    }
}

#[derive(Default, Deserialize)]
pub(super) struct ContainerConfig {
    pub(super) image: Option<Image>,
    pub(super) linux: Option<Platform<LinuxSecurity>>,
    pub(super) windows: Option<Platform<WindowsSecurity>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Image {
    pub(super) user_specified_image: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Platform<Security> {
    pub(super) security_context: Option<Security>,
}

#[derive(Default, Deserialize)]
pub(super) struct LinuxSecurity {
    pub(super) capabilities: Option<Capability>,
    #[serde(default)]
    pub(super) privileged: bool,
    pub(super) namespace_options: Option<NamespaceOption>,
    pub(super) run_as_user: Option<Int64Value>,
    pub(super) run_as_group: Option<Int64Value>,
    pub(super) run_as_username: Option<String>,
    pub(super) seccomp: Option<SecurityProfile>,
    pub(super) apparmor: Option<SecurityProfile>,
    /// The older form of `seccomp`.
    pub(super) seccomp_profile_path: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct WindowsSecurity {
    pub(super) run_as_username: Option<String>,
    #[serde(default)]
    pub(super) host_process: bool,
    pub(super) namespace_options: Option<NamespaceOption>,
}

#[derive(Default, Deserialize)]
pub(super) struct Capability {
    pub(super) add_capabilities: Option<Vec<String>>,
    pub(super) drop_capabilities: Option<Vec<String>>,
    pub(super) add_ambient_capabilities: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
pub(super) struct NamespaceOption {
    #[serde(default)]
    pub(super) network: i32,
    #[serde(default)]
    pub(super) pid: i32,
    #[serde(default)]
    pub(super) ipc: i32,
}

#[derive(Default, Deserialize)]
pub(super) struct Int64Value {
    #[serde(default)]
    pub(super) value: i64,
}

/// 0: the runtime's default, 1: unconfined, 2: one of the host's.
#[derive(Default, Deserialize)]
pub(super) struct SecurityProfile {
    #[serde(default)]
    pub(super) profile_type: i32,
}

/// What the container was made from in the end.
#[derive(Default, Deserialize)]
pub(super) struct RuntimeSpec {
    pub(super) process: Option<Process>,
    pub(super) linux: Option<LinuxSpec>,
    pub(super) windows: Option<WindowsSpec>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    pub(super) user: Option<User>,
    pub(super) apparmor_profile: Option<String>,
    pub(super) selinux_label: Option<String>,
    #[serde(default)]
    pub(super) no_new_privileges: bool,
}

#[derive(Default, Deserialize)]
pub(super) struct User {
    pub(super) uid: Option<u32>,
}

#[derive(Default, Deserialize)]
pub(super) struct LinuxSpec {
    pub(super) seccomp: Option<serde::de::IgnoredAny>,
    pub(super) namespaces: Option<Vec<Namespace>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Namespace {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

#[derive(Default, Deserialize)]
pub(super) struct WindowsSpec {
    pub(super) hyperv: Option<serde::de::IgnoredAny>,
}

/// A pod sandbox.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SandboxInfo {
    pub(super) config: Option<SandboxConfig>,
    pub(super) runtime_options: Option<RuntimeOptions>,
    pub(super) runtime_spec: Option<RuntimeSpec>,
}

#[derive(Default, Deserialize)]
pub(super) struct SandboxConfig {
    pub(super) port_mappings: Option<Vec<PortMapping>>,
    pub(super) windows: Option<Platform<WindowsSecurity>>,
}

#[derive(Default, Deserialize)]
pub(super) struct PortMapping {
    /// 0: TCP, 1: UDP, 2: SCTP.
    #[serde(default)]
    pub(super) protocol: i32,
    #[serde(default)]
    pub(super) container_port: i32,
    #[serde(default)]
    pub(super) host_port: i32,
    #[serde(default)]
    pub(super) host_ip: String,
}
