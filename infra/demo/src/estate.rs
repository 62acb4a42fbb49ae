//! The demo estate as agents see it: 40 hosts, 300 images, 1,500 containers. The same each time.

use std::collections::BTreeMap;

use schemas::{
    HostId, ImageId, Timestamp,
    agent::ImageInventory,
    inventory::{
        BaseEvidence, BaseImage, Container, ContainersSnapshot, Coverage, CoverageStatus, Engine,
        Evidence, HiveForm, HiveKey, HiveValue, HostFacts, INVENTORY_VERSION, ImageFacts,
        InstallationType, Inventory, Isolation, LayerInventory, LayerRef, ListeningSocket, Mount,
        Package, Pod, PublishedPort, Target, TargetKind, WorkloadId, layer::LAYER_VERSION,
    },
    risk::Exposure,
};

use crate::{
    apps::{APPS, App, Base},
    systems::{Linux, WINDOWS, digest},
};

/// Versions of each application that are kept as images.
pub(crate) const VERSIONS: usize = 10;
/// Rounds of updates that Linux systems know.
const ROUNDS: usize = 4;
const HOUR_MS: i64 = 3_600_000;

/// What a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux(Linux),
    /// By its place in `systems::WINDOWS`.
    Windows(usize),
}

/// One host of the estate.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) system: System,
    /// Rounds of updates that it had.
    updated: usize,
    number: usize,
    /// The cluster that it is a node of.
    cluster: Option<&'static str>,
    /// Whether its owner says that the internet reaches it.
    is_edge: bool,
    containers: usize,
}

/// Kinds of hosts: how many, the name, what they run, rounds of updates from the first to the last, cluster, edge, containers.
type Kind = (
    usize,
    &'static str,
    System,
    [usize; 2],
    Option<&'static str>,
    bool,
    usize,
);

const LINUX: System = System::Linux(Linux::Debian);
const KINDS: [Kind; 9] = [
    (10, "node-eu", LINUX, [2, 4], Some("prod-eu"), false, 52),
    (6, "node-us", LINUX, [2, 4], Some("prod-us"), false, 50),
    (2, "edge-eu", LINUX, [4, 4], None, true, 12),
    (4, "build", LINUX, [1, 3], None, false, 25),
    (4, "db", System::Linux(Linux::Alma), [1, 4], None, false, 4),
    (
        6,
        "win-node",
        System::Windows(1),
        [3, 5],
        Some("prod-eu"),
        false,
        50,
    ),
    (5, "erp", System::Windows(0), [4, 5], None, false, 28),
    (1, "erp-edge", System::Windows(0), [0, 0], None, true, 6),
    (2, "insights", System::Windows(2), [3, 5], None, false, 47),
];

/// All hosts.
pub(crate) fn hosts() -> Vec<Host> {
    let mut hosts = Vec::new();
    for (count, name, system, [first, last], cluster, is_edge, containers) in KINDS {
        for at in 0..count {
            let updated = first + at * (last - first) / (count - 1).max(1);
            hosts.push(Host {
                name: format!("{name}-{:02}.example.com", at + 1),
                system,
                updated,
                number: hosts.len(),
                cluster,
                is_edge,
                containers,
            });
        }
    }
    hosts
}

/// An image with the layers that it is made of.
pub(crate) struct Image {
    pub(crate) inventory: ImageInventory,
    pub(crate) layers: Vec<LayerInventory>,
}

/// The version `1.VERSION` of an application.
pub(crate) fn image(app: &App, version: usize, now: Timestamp) -> Image {
    let (os, os_version, base, base_name) = match app.base {
        Base::Linux(linux) => {
            let round = version * ROUNDS / (VERSIONS - 1);
            let name = format!(
                "{}:{}",
                linux.os().id,
                linux.os().version_id.unwrap_or_default()
            );
            ("linux", None, linux_layer(linux, round), name)
        }
        Base::ServerCore(at) | Base::NanoServer(at) => {
            let updated = version * 5 / (VERSIONS - 1);
            let is_nano = matches!(app.base, Base::NanoServer(_));
            let (word, kind) = if is_nano {
                ("nanoserver", InstallationType::NanoServer)
            } else {
                ("servercore", InstallationType::ServerCore)
            };
            let windows = &WINDOWS[at];
            let name = format!("mcr.microsoft.com/windows/{word}:ltsc{}", windows.year);
            let layer = windows_layer(at, updated, kind, word);
            ("windows", Some(windows.version(updated)), layer, name)
        }
    };
    let own = LayerInventory {
        evidence: by_file(app.packages(version)),
        size_bytes: 40_000_000,
        entries: 900,
        windows: app.is_windows(),
        ..empty_layer(&format!("{}/{version}", app.name))
    };
    let layers = vec![base, own];
    let references = layers
        .iter()
        .zip(["FROM", "COPY . /app"])
        .map(|(layer, by)| LayerRef {
            diff_id: layer.diff_id.clone(),
            blob: None,
            media_type: None,
            size_bytes: Some(layer.size_bytes / 3),
            created_by: Some(by.to_owned()),
        });
    let age_h = i64::try_from((VERSIONS - version) * 24 * 9).unwrap_or_default();
    let facts = ImageFacts {
        id: id_of(app, version),
        tags: vec![tag(app, version)],
        repo_digests: Vec::new(),
        os: os.to_owned(),
        os_version,
        architecture: Some("amd64".to_owned()),
        created_at: Some(now.plus_ms(-age_h * HOUR_MS)),
        user: app.manner.user.to_owned(),
        exposed_ports: (app.manner.port != 0)
            .then(|| format!("{}/tcp", app.manner.port))
            .into_iter()
            .collect(),
        labels: BTreeMap::from([("org.example.team".to_owned(), app.team.to_owned())]),
        layers: references.collect(),
        base: Some(BaseImage {
            layers: 1,
            name: Some(base_name),
            digest: None,
            evidence: BaseEvidence::KnownImage,
        }),
    };
    let inventory = ImageInventory {
        facts,
        gaps: Vec::new(),
    };
    Image { inventory, layers }
}

fn tag(app: &App, version: usize) -> String {
    format!("registry.example.com/{}/{}:1.{version}", app.team, app.name)
}

fn id_of(app: &App, version: usize) -> ImageId {
    digest(&format!("image {} {version}", app.name))
}

fn empty_layer(name: &str) -> LayerInventory {
    LayerInventory {
        version: LAYER_VERSION,
        diff_id: digest(&format!("layer {name}")),
        reader: None,
        generation: inventory::GENERATION,
        size_bytes: 0,
        entries: 0,
        windows: false,
        evidence: Vec::new(),
        whiteouts: Vec::new(),
        opaque: Vec::new(),
        replaced: Vec::new(),
        gaps: Vec::new(),
    }
}

fn linux_layer(linux: Linux, round: usize) -> LayerInventory {
    let (analyzer, path) = linux.database();
    LayerInventory {
        size_bytes: 75_000_000,
        entries: 3_100,
        evidence: vec![
            Evidence::Os {
                path: "etc/os-release".to_owned(),
                os: linux.os(),
            },
            Evidence::Packages {
                path: path.to_owned(),
                analyzer: analyzer.to_owned(),
                packages: linux.packages(round, false),
            },
        ],
        ..empty_layer(&format!("{linux:?} {round}"))
    }
}

fn windows_layer(at: usize, updated: usize, kind: InstallationType, word: &str) -> LayerInventory {
    let windows = &WINDOWS[at];
    let installed = match kind {
        InstallationType::NanoServer => "Nano Server",
        _ => "Server Core",
    };
    let values = [
        (
            "ProductName",
            format!("Windows Server {} Datacenter", windows.year),
        ),
        ("CurrentBuild", windows.build.to_string()),
        ("UBR", windows.revision(updated).0.to_string()),
        ("EditionID", "ServerDatacenterCor".to_owned()),
        ("InstallationType", installed.to_owned()),
    ];
    let values = values.map(|(name, data)| HiveValue {
        name: name.to_owned(),
        data: Some(data),
    });
    LayerInventory {
        size_bytes: 3_900_000_000,
        entries: 41_000,
        windows: true,
        evidence: vec![Evidence::Hive {
            path: "Windows/System32/config/SOFTWARE".to_owned(),
            form: HiveForm::Base,
            keys: vec![HiveKey {
                path: "Microsoft\\Windows NT\\CurrentVersion".to_owned(),
                deleted: false,
                values: values.into(),
            }],
        }],
        ..empty_layer(&format!("{word} {} {updated}", windows.build))
    }
}

/// Packages by the file that they were found in.
fn by_file(packages: Vec<Package>) -> Vec<Evidence> {
    let mut files = BTreeMap::<String, Vec<Package>>::new();
    for package in packages {
        files.entry(package.path.clone()).or_default().push(package);
    }
    let evidence = |(path, packages): (String, Vec<Package>)| Evidence::Packages {
        analyzer: packages.first().map_or_else(String::new, |package| {
            serde_json::to_value(package.kind)
                .ok()
                .and_then(|word| word.as_str().map(str::to_owned))
                .unwrap_or_default()
        }),
        path,
        packages,
    };
    files.into_iter().map(evidence).collect()
}

impl Host {
    /// Operating system and packages of the host itself.
    pub(crate) fn inventory(&self, id: &HostId) -> Inventory {
        let (os, packages) = match self.system {
            System::Linux(linux) => (linux.os(), linux.packages(self.updated, true)),
            System::Windows(at) => {
                let os = WINDOWS[at].os(self.updated, InstallationType::Server);
                (os, Vec::new())
            }
        };
        let (engine, address) = match self.system {
            System::Windows(_) => ("containerd", r"npipe:////./pipe/containerd-containerd"),
            System::Linux(_) if self.cluster.is_some() => {
                ("containerd", "unix:///run/containerd/containerd.sock")
            }
            System::Linux(_) => ("docker", "unix:///var/run/docker.sock"),
        };
        let port = if matches!(self.system, System::Windows(_)) {
            5985
        } else {
            22
        };
        let mut labels = BTreeMap::from([(
            "environment".to_owned(),
            if self.name.starts_with("build") {
                "build"
            } else {
                "production"
            }
            .to_owned(),
        )]);
        if let Some(cluster) = self.cluster {
            labels.insert("cluster".to_owned(), cluster.to_owned());
        }
        Inventory {
            version: INVENTORY_VERSION,
            target: Target {
                kind: TargetKind::Host,
                name: self.name.clone(),
                id: Some(id.to_string()),
            },
            os: Some(os),
            packages,
            image: None,
            host: Some(HostFacts {
                id: id.clone(),
                name: self.name.clone(),
                kernel: None,
                addresses: vec![format!("10.20.{}.{}", self.number / 16, 10 + self.number)],
                listening: vec![ListeningSocket {
                    protocol: "tcp".to_owned(),
                    address: "0.0.0.0".to_owned(),
                    port,
                    process: None,
                    pid: None,
                }],
                listening_complete: true,
                engines: vec![Engine {
                    kind: engine.to_owned(),
                    version: "1.7.27".to_owned(),
                    address: address.to_owned(),
                }],
                labels,
                declared_exposure: self.is_edge.then_some(Exposure::Declared),
                booted_at: None,
            }),
            coverage: Coverage {
                status: CoverageStatus::Complete,
                gaps: Vec::new(),
            },
        }
    }

    /// What runs here: applications by turns, each in one of its last versions.
    pub(crate) fn workloads(&self) -> Vec<(&'static App, usize)> {
        let fits = |app: &&App| match (self.system, app.base) {
            (System::Linux(_), Base::Linux(_)) => {
                // What faces the internet runs where it does; builds run where they are made.
                let at_edge = app.name == "gateway" || app.name == "log-shipper";
                let is_build = app.name == "build-runner";
                (!self.is_edge || at_edge) && (!is_build || self.name.starts_with("build"))
            }
            (System::Windows(host), Base::ServerCore(at) | Base::NanoServer(at)) => {
                host == at && (app.name == "edge-proxy") == self.is_edge
            }
            _ => false,
        };
        let apps: Vec<&App> = APPS.iter().filter(fits).collect();
        let count = if apps.is_empty() { 0 } else { self.containers };
        let workload = |at: usize| {
            let app = apps[at % apps.len()];
            // Most run the newest; some were forgotten.
            let behind = (self.number * 5 + at * 3) % 13;
            let behind = [0, 0, 0, 0, 1, 0, 0, 1, 2, 0, 3, 0, 5][behind];
            let oldest = if self.name.starts_with("erp-edge") {
                VERSIONS - 1
            } else {
                behind
            };
            (app, VERSIONS - 1 - oldest)
        };
        (0..count).map(workload).collect()
    }

    /// All its containers.
    pub(crate) fn containers(&self, id: &HostId, now: Timestamp) -> ContainersSnapshot {
        let container = |(at, (app, version)): (usize, (&'static App, usize))| {
            self.container(id, at, app, version, now)
        };
        ContainersSnapshot {
            host: id.clone(),
            complete: true,
            containers: self
                .workloads()
                .into_iter()
                .enumerate()
                .map(container)
                .collect(),
        }
    }

    fn container(
        &self,
        id: &HostId,
        at: usize,
        app: &App,
        version: usize,
        now: Timestamp,
    ) -> Container {
        let manner = app.manner;
        let name = format!("{}-{at}", app.name);
        let full = digest(&format!("container {} {name}", self.name));
        let workload = match self.cluster {
            Some(cluster) => WorkloadId::Cluster {
                cluster: cluster.to_owned(),
                namespace: app.team.to_owned(),
                owner_kind: "Deployment".to_owned(),
                owner_name: app.name.to_owned(),
                container: app.name.to_owned(),
            },
            None => WorkloadId::Host {
                host: id.clone(),
                image_repository: format!("registry.example.com/{}/{}", app.team, app.name),
                container: name.clone(),
            },
        };
        let mounts = manner.socket.then(|| Mount {
            kind: "bind".to_owned(),
            source: "/var/run/docker.sock".to_owned(),
            target: "/var/run/docker.sock".to_owned(),
            read_only: false,
        });
        let published = (manner.published && at == 0).then(|| PublishedPort {
            protocol: "tcp".to_owned(),
            host_address: "0.0.0.0".to_owned(),
            host_port: manner.port,
            container_port: manner.port,
        });
        let profile = if app.is_windows() {
            Vec::new()
        } else if manner.privileged {
            vec!["seccomp=unconfined".to_owned()]
        } else {
            vec![
                "seccomp=builtin".to_owned(),
                "apparmor=docker-default".to_owned(),
            ]
        };
        Container {
            id: full.hex().to_owned(),
            name: name.clone(),
            image: id_of(app, version),
            image_name: Some(tag(app, version)),
            workload,
            running: at % 17 != 16,
            started_at: Some(now.plus_ms(-HOUR_MS * i64::try_from(2 + at).unwrap_or(2))),
            published: published.into_iter().collect(),
            listening: Vec::new(),
            host_network: manner.host_network,
            host_pid: Some(false),
            host_ipc: Some(false),
            networked: Some(true),
            user: manner.user.to_owned(),
            uid: (!app.is_windows()).then(|| manner.user.parse().unwrap_or(0)),
            privileged: Some(manner.privileged),
            capabilities_added: Vec::new(),
            capabilities_dropped: Vec::new(),
            security_options: profile,
            mounts: mounts.into_iter().collect(),
            labels: BTreeMap::from([("org.example.team".to_owned(), app.team.to_owned())]),
            isolation: Isolation::Process,
            pod: self.cluster.map(|_| Pod {
                namespace: app.team.to_owned(),
                name: format!("{}-{}", app.name, full.hex().get(..10).unwrap_or_default()),
                uid: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_estate_has_what_is_promised() {
        let hosts = hosts();
        assert_eq!(hosts.len(), 40);
        assert_eq!(APPS.len() * VERSIONS, 300);
        let containers: usize = hosts.iter().map(|host| host.workloads().len()).sum();
        assert_eq!(containers, 1_500);
        let windows = hosts
            .iter()
            .filter(|host| matches!(host.system, System::Windows(_)));
        assert_eq!(windows.count(), 14);
        let edge = hosts
            .iter()
            .filter(|host| host.is_edge && matches!(host.system, System::Windows(_)));
        assert_eq!(edge.count(), 1, "the one that a newcomer is to find");
    }

    #[test]
    fn every_image_and_layer_is_one_of_its_own_and_bases_are_shared() {
        let now = Timestamp::from_ms(1_760_000_000_000);
        let mut ids = BTreeSet::new();
        let mut layers = BTreeSet::new();
        for app in &APPS {
            for version in 0..VERSIONS {
                let image = image(app, version, now);
                assert!(ids.insert(image.inventory.facts.id.to_string()));
                layers.extend(image.layers.iter().map(|layer| layer.diff_id.to_string()));
                assert!(
                    image
                        .layers
                        .iter()
                        .all(|layer| !layer.diff_id.to_string().is_empty())
                );
            }
        }
        assert_eq!(ids.len(), 300);
        assert!(layers.len() < 300 + 40, "{}", layers.len());
    }
}
