//! A containerd of its own in a temporary folder, an image whose only program waits for ever, and pods of it.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use schemas::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        super::RuntimeError,
        client::Client,
        cri::{
            ContainerMetadata, ImageSpec, Mount, NAMESPACE_NODE, NamespaceOption,
            PodSandboxMetadata,
        },
    },
    requests::{
        Capability, ContainerConfig, CreateContainerRequest, Empty, Id, Int64Value, KeyValue,
        LinuxContainerConfig, LinuxContainerSecurityContext, LinuxPodSandboxConfig,
        LinuxSandboxSecurityContext, PodSandboxConfig, PortMapping, RunPodSandboxRequest,
        SecurityProfile,
    },
};

/// The image's name.
pub(super) const NAME: &str = "registry.test/shop/web:2";

/// A program that calls `pause` for ever: `mov eax, 34; syscall; jmp` back, in the smallest ELF file for x86-64.
fn waiting_program() -> Vec<u8> {
    const CODE: [u8; 9] = [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7];
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let size = HEADERS + CODE.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    for field in [BASE + HEADERS, 64, 0] {
        elf.extend(u64::to_le_bytes(field));
    }
    elf.extend(b"\0\0\0\0\x40\0\x38\0\x01\0\0\0\0\0\0\0");
    elf.extend(b"\x01\0\0\0\x05\0\0\0");
    for field in [0, BASE, BASE, size, size, 0x1000] {
        elf.extend(u64::to_le_bytes(field));
    }
    elf.extend(CODE);
    elf
}

/// Digests of the image.
pub(super) struct Image {
    pub(super) id: Digest,
    pub(super) manifest: Digest,
    pub(super) diff_id: Digest,
}

struct Layout(tar::Builder<Vec<u8>>);

impl Layout {
    fn file(&mut self, path: &str, bytes: &[u8], mode: u32) {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        self.0.append_data(&mut header, path, bytes).unwrap();
    }

    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> (Digest, Value) {
        let digest = Digest::from_sha256(&Sha256::digest(bytes).into());
        self.file(&format!("blobs/sha256/{}", digest.hex()), bytes, 0o644);
        let named = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        (digest, named)
    }

    fn document(&mut self, media_type: &str, document: &Value) -> (Digest, Value) {
        self.blob(media_type, document.to_string().as_bytes())
    }
}

/// An OCI layout with an index of two platforms, of which only this one is there.
fn image() -> (Image, Vec<u8>) {
    let mut layer = Layout(tar::Builder::new(Vec::new()));
    layer.file("pause", &waiting_program(), 0o755);
    let layer = layer.0.into_inner().unwrap();
    let mut layout = Layout(tar::Builder::new(Vec::new()));
    let (diff_id, layer) = layout.blob("application/vnd.oci.image.layer.v1.tar", &layer);
    let (id, config) = layout.document("application/vnd.oci.image.config.v1+json", &json!({
        "os": "linux", "os.version": "7.4", "architecture": "amd64", "created": "2026-01-02T03:04:05Z",
        "config": {"User": "1000", "Entrypoint": ["/pause"], "Env": ["PASSWORD=hunter2"],
            "ExposedPorts": {"8080/tcp": {}}, "Labels": {"team": "shop"}},
        "history": [{"created_by": "ENV PASSWORD=hunter2"}],
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }));
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let (manifest, mut here) = layout.document(
        manifest_type,
        &json!({
            "schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": [layer],
        }),
    );
    here["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let absent = json!({"mediaType": manifest_type, "digest": format!("sha256:{}", "1".repeat(64)), "size": 7,
        "platform": {"os": "linux", "architecture": "arm64"}});
    let index_type = "application/vnd.oci.image.index.v1+json";
    let (_, mut index) = layout.document(
        index_type,
        &json!({
            "schemaVersion": 2, "mediaType": index_type, "manifests": [absent, here],
        }),
    );
    index["annotations"] = json!({"io.containerd.image.name": NAME});
    let top = json!({"schemaVersion": 2, "manifests": [index]});
    layout.file("index.json", top.to_string().as_bytes(), 0o644);
    layout.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#, 0o644);
    (
        Image {
            id,
            manifest,
            diff_id,
        },
        layout.0.into_inner().unwrap(),
    )
}

/// containerd, ended when this is dropped.
pub(super) struct Rig {
    process: Child,
    pub(super) address: String,
    pub(super) image: Image,
    folder: tempfile::TempDir,
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config(folder: &Path) -> String {
    let folder = folder.display();
    // Copies for snapshots, as not every place allows overlays; no profile that the host would have to know.
    format!(
        r#"version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "{folder}/c.sock"
[ttrpc]
address = "{folder}/t.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{NAME}"
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
"#
    )
}

impl Rig {
    /// Starts it and imports the image; nothing where that is not possible.
    pub(super) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (image, layout) = image();
        std::fs::write(folder.path().join("config.toml"), config(folder.path())).unwrap();
        std::fs::write(folder.path().join("image.tar"), layout).unwrap();
        let root = Command::new("id").arg("-u").output().ok()?.stdout == b"0\n";
        if !root || !cfg!(target_arch = "x86_64") {
            return None;
        }
        let process = Command::new("containerd")
            .arg("--config")
            .arg(folder.path().join("config.toml"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .ok()?;
        let socket = folder.path().join("c.sock");
        let address = format!("unix://{}", socket.display());
        let rig = Self {
            process,
            address,
            image,
            folder,
        };
        for _ in 0..100 {
            if Client::connect(&rig.address).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let layout = rig.folder.path().join("image.tar");
        rig.ctr(&[
            "images",
            "import",
            "--snapshotter",
            "native",
            layout.to_str()?,
        ]);
        Some(rig)
    }

    fn ctr(&self, arguments: &[&str]) {
        let done = Command::new("ctr")
            .args(["--address", self.address.trim_start_matches("unix://")])
            .args(["--namespace", "k8s.io"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {said}");
    }

    /// Takes a blob away.
    pub(super) fn forget_content(&self, digest: &Digest) {
        self.ctr(&["content", "rm", digest.as_str()]);
    }

    /// Changes a byte of a blob.
    pub(super) fn spoil_content(&self, digest: &Digest) {
        let blobs = self
            .folder
            .path()
            .join("root/io.containerd.content.v1.content/blobs/sha256");
        let path = blobs.join(digest.hex());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] = b' ';
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }

    async fn ask<Q, A>(&self, method: &'static str, question: Q) -> Result<A, String>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let client = Client::connect(&self.address)
            .await
            .map_err(|error| error.to_string())?;
        client
            .ask(method, "run a pod", question)
            .await
            .map_err(|error| match error {
                RuntimeError::Refused { source, .. } => source.to_string(),
                other => other.to_string(),
            })
    }

    /// One pod with a container that runs, and one with a privileged container that was not started.
    pub(super) async fn run_pods(&self) -> Result<Vec<String>, String> {
        let socket = self.address.trim_start_matches("unix://").to_owned();
        let app = ContainerConfig {
            metadata: Some(ContainerMetadata { name: "app".into() }),
            envs: vec![KeyValue {
                key: "PASSWORD".into(),
                value: "hunter2".into(),
            }],
            mounts: vec![Mount {
                host_path: socket,
                container_path: "/run/engine.sock".into(),
                readonly: true,
                image: None,
            }],
            linux: Some(LinuxContainerConfig {
                security_context: Some(LinuxContainerSecurityContext {
                    capabilities: Some(Capability {
                        add_capabilities: vec!["NET_ADMIN".into()],
                        drop_capabilities: vec!["ALL".into()],
                    }),
                    run_as_user: Some(Int64Value { value: 1234 }),
                    no_new_privs: true,
                    seccomp: Some(SecurityProfile::default()),
                    ..LinuxContainerSecurityContext::default()
                }),
            }),
            ..ContainerConfig::default()
        };
        let tools = ContainerConfig {
            metadata: Some(ContainerMetadata {
                name: "tools".into(),
            }),
            linux: Some(LinuxContainerConfig {
                security_context: Some(LinuxContainerSecurityContext {
                    privileged: true,
                    ..LinuxContainerSecurityContext::default()
                }),
            }),
            ..ContainerConfig::default()
        };
        let mut pods = Vec::new();
        for (name, container, start) in [
            ("web-7c5ddbdf54-x2b9k", app, true),
            ("tools-0", tools, false),
        ] {
            if let Err(why) = self.run_pod(name, container, start, &mut pods).await {
                self.remove_pods(&pods).await;
                return Err(why);
            }
        }
        Ok(pods)
    }

    async fn run_pod(
        &self,
        name: &str,
        mut container: ContainerConfig,
        start: bool,
        pods: &mut Vec<String>,
    ) -> Result<(), String> {
        let host_network = Some(NamespaceOption {
            network: NAMESPACE_NODE,
        });
        let sandbox = PodSandboxConfig {
            metadata: Some(PodSandboxMetadata {
                name: name.to_owned(),
                uid: format!("uid-{name}"),
                namespace: "shop".into(),
            }),
            port_mappings: vec![
                PortMapping {
                    container_port: 8080,
                    host_port: 18080,
                },
                PortMapping {
                    container_port: 9090,
                    host_port: 0,
                },
            ],
            linux: Some(LinuxPodSandboxConfig {
                security_context: Some(LinuxSandboxSecurityContext {
                    namespace_options: host_network.clone(),
                    privileged: true,
                }),
            }),
            ..PodSandboxConfig::default()
        };
        let request = RunPodSandboxRequest {
            config: Some(sandbox.clone()),
        };
        let pod: Id = self
            .ask("/runtime.v1.RuntimeService/RunPodSandbox", request)
            .await?;
        pods.push(pod.id.clone());
        container.image = Some(ImageSpec {
            image: self.image.id.to_string(),
            ..ImageSpec::default()
        });
        if let Some(security) = container
            .linux
            .as_mut()
            .and_then(|linux| linux.security_context.as_mut())
        {
            security.namespace_options = host_network;
        }
        let request = CreateContainerRequest {
            pod_sandbox_id: pod.id,
            config: Some(container),
            sandbox_config: Some(sandbox),
        };
        let made: Id = self
            .ask("/runtime.v1.RuntimeService/CreateContainer", request)
            .await?;
        if start {
            let _: Empty = self
                .ask("/runtime.v1.RuntimeService/StartContainer", made)
                .await?;
        }
        Ok(())
    }

    /// Ends and removes them, as far as that is possible.
    pub(super) async fn remove_pods(&self, pods: &[String]) {
        for id in pods {
            for method in [
                "/runtime.v1.RuntimeService/StopPodSandbox",
                "/runtime.v1.RuntimeService/RemovePodSandbox",
            ] {
                let _: Result<Empty, _> = self.ask(method, Id { id: id.clone() }).await;
            }
        }
    }
}
