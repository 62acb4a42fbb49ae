//! What hosts, images and feeds of a usual size look like. Everything is made up, and the same at each run.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use estate::{PlaceDelta, PlaceFinding, Resource};
use schemas::{
    Digest, HostId, ImageId, Place, Severity,
    agent::{ImageInventory, InventoryBody},
    inventory::{
        Container, ContainersSnapshot, Coverage, CoverageStatus, Evidence, HostFacts, ImageFacts,
        Inventory, Isolation, LayerInventory, LayerRef, ListeningSocket, OperatingSystem, OsFamily,
        Package, PackageKind, PublishedPort, Target, TargetKind, WorkloadId,
    },
    risk::{PlaceFacts, VulnerabilityFacts},
};
use serde_json::{Value, json};

/// Packages of a host.
pub(crate) const HOST_PACKAGES: usize = 600;
/// Packages of the layer that images share.
const BASE_PACKAGES: usize = 100;
/// Packages of each layer of an image's own.
const OWN_PACKAGES: usize = 40;
/// Layers of an image's own.
const OWN_LAYERS: usize = 2;
/// Sources that the tracker knows.
const SOURCES: usize = 1_200;

/// Words that names are made of, so that documents compress as real ones do.
const WORDS: [&str; 24] = [
    "lib", "core", "utils", "perl", "python3", "gnu", "ssl", "crypto", "xml", "net", "proc", "sys",
    "audio", "image", "font", "data", "dev", "common", "tools", "bin", "doc", "gcc", "glib", "db",
];

fn mix(number: usize) -> usize {
    let mixed = (number as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from((mixed >> 33) & 0x7fff_ffff).unwrap_or_default()
}

fn word(number: usize) -> &'static str {
    WORDS.get(number % WORDS.len()).copied().unwrap_or_default()
}

fn source(number: usize) -> String {
    let number = number % SOURCES;
    let mixed = mix(number);
    format!("{}{}-{number}", word(mixed), word(mixed / 31))
}

fn package(number: usize, release: usize) -> Package {
    let name = format!("{}-{}", source(number), word(mix(number) / 977));
    let mixed = mix(number);
    let version = format!(
        "{}.{}.{}-{}+deb12u{release}",
        mixed % 9,
        mixed % 31,
        mixed % 7,
        mixed % 4
    );
    Package {
        purl: format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12"),
        source_name: Some(source(number)),
        source_version: Some(version.clone()),
        name,
        version,
        kind: PackageKind::Deb,
        architecture: Some("amd64".to_owned()),
        path: "var/lib/dpkg/status".to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    }
}

fn debian() -> OperatingSystem {
    OperatingSystem {
        family: OsFamily::Linux,
        id: "debian".to_owned(),
        id_like: Vec::new(),
        version_id: Some("12".to_owned()),
        codename: Some("bookworm".to_owned()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        architecture: Some("amd64".to_owned()),
        windows: None,
    }
}

fn complete() -> Coverage {
    Coverage {
        status: CoverageStatus::Complete,
        gaps: Vec::new(),
    }
}

/// A host's inventory; with a later release some of its packages are newer.
pub(crate) fn host(id: &HostId, number: usize, release: usize) -> Result<Value> {
    let own = HOST_PACKAGES / 10;
    let packages = (0..HOST_PACKAGES - own).map(|at| at * 2).chain(
        (0..own).map(|at| HOST_PACKAGES * 2 + (number * 37 + release * 6 + at) % (SOURCES / 2)),
    );
    let listening = (0..12).map(|at| ListeningSocket {
        protocol: "tcp".to_owned(),
        address: if at % 3 == 0 { "0.0.0.0" } else { "127.0.0.1" }.to_owned(),
        port: 8_000 + at,
        pid: Some(1_000 + u32::from(at)),
        process: Some(format!("service-{at}")),
    });
    let body = InventoryBody::Host {
        inventory: Inventory {
            version: 1,
            target: Target {
                kind: TargetKind::Host,
                name: format!("host-{number:03}"),
                id: Some(id.to_string()),
            },
            os: Some(debian()),
            packages: packages
                .map(|at| package(at, if at % 100 == 0 { release } else { 1 }))
                .collect(),
            image: None,
            host: Some(HostFacts {
                id: id.clone(),
                name: format!("host-{number:03}"),
                kernel: Some("6.1.0-25-amd64".to_owned()),
                addresses: vec![format!("10.0.0.{number}"), "fe80::1".to_owned()],
                listening: listening.collect(),
                listening_complete: true,
                engines: Vec::new(),
                labels: BTreeMap::from([("site".to_owned(), "berlin".to_owned())]),
                declared_exposure: None,
                booted_at: None,
            }),
            coverage: complete(),
        },
    };
    Ok(serde_json::to_value(body)?)
}

/// Layers of an image: one that all share, then its own.
pub(crate) fn layers(image: usize) -> Vec<LayerInventory> {
    let base = layer("base", 0..BASE_PACKAGES);
    let own = (0..OWN_LAYERS).map(|at| {
        let first = BASE_PACKAGES + (image * 53 + at * OWN_PACKAGES) % (SOURCES - BASE_PACKAGES);
        layer(
            &format!("layer {at} of {image}"),
            first..first + OWN_PACKAGES,
        )
    });
    std::iter::once(base).chain(own).collect()
}

fn layer(name: &str, packages: std::ops::Range<usize>) -> LayerInventory {
    let path = format!("var/lib/dpkg/status.d/{}", packages.start);
    let packages = packages.map(|at| Package {
        path: path.clone(),
        ..package(at, 1)
    });
    let mut evidence = vec![Evidence::Packages {
        path: path.clone(),
        analyzer: "dpkg".to_owned(),
        packages: packages.collect(),
    }];
    if name == "base" {
        evidence.push(Evidence::Os {
            path: "etc/os-release".to_owned(),
            os: debian(),
        });
    }
    LayerInventory {
        version: 1,
        diff_id: records::digest(name.as_bytes()),
        reader: None,
        generation: inventory::GENERATION,
        size_bytes: 30_000_000,
        entries: 3_000,
        windows: false,
        evidence,
        whiteouts: Vec::new(),
        opaque: Vec::new(),
        replaced: Vec::new(),
        gaps: Vec::new(),
    }
}

/// The id of an image.
pub(crate) fn image_id(number: usize) -> ImageId {
    records::digest(format!("config {number}").as_bytes())
}

/// An image as a host tells it.
pub(crate) fn image(number: usize) -> Result<Value> {
    let name = format!("registry.example/team-{}/service-{number}", number % 7);
    let layers = layers(number).into_iter().map(|layer| LayerRef {
        created_by: Some("RUN apt-get install -y --no-install-recommends all of it".to_owned()),
        diff_id: layer.diff_id,
        blob: None,
        media_type: None,
        size_bytes: None,
    });
    let image = ImageInventory {
        facts: ImageFacts {
            id: image_id(number),
            tags: vec![format!("{name}:1.0.{number}")],
            repo_digests: vec![format!("{name}@{}", digest(number))],
            os: "linux".to_owned(),
            os_version: None,
            architecture: Some("amd64".to_owned()),
            created_at: None,
            user: "app".to_owned(),
            exposed_ports: vec!["8080/tcp".to_owned()],
            labels: BTreeMap::from([("team".to_owned(), format!("team-{}", number % 7))]),
            layers: layers.collect(),
            base: None,
        },
        gaps: Vec::new(),
    };
    Ok(serde_json::to_value(InventoryBody::Image { image })?)
}

fn digest(number: usize) -> Digest {
    records::digest(format!("manifest {number}").as_bytes())
}

/// A host's containers: one of each image, of which the first may be replaced by another.
pub(crate) fn containers(host: &HostId, images: &[usize], run: usize) -> Result<Value> {
    let containers = images.iter().enumerate().map(|(at, image)| {
        let own = if at == 0 { run } else { 0 };
        let id = records::digest(format!("{host} {image} {own}").as_bytes());
        Container {
            id: id.hex().to_owned(),
            name: format!("service-{image}-{own}"),
            image: image_id(*image),
            image_name: Some(format!("registry.example/service-{image}")),
            workload: WorkloadId::Unknown,
            running: true,
            started_at: None,
            published: vec![PublishedPort {
                protocol: "tcp".to_owned(),
                host_address: "0.0.0.0".to_owned(),
                host_port: 8_080,
                container_port: 8_080,
            }],
            listening: Vec::new(),
            host_network: false,
            host_pid: Some(false),
            host_ipc: Some(false),
            networked: Some(true),
            user: "app".to_owned(),
            uid: Some(1_000),
            privileged: Some(false),
            capabilities_added: Vec::new(),
            capabilities_dropped: Vec::new(),
            security_options: Vec::new(),
            mounts: Vec::new(),
            labels: BTreeMap::new(),
            isolation: Isolation::Process,
            pod: None,
        }
    });
    let body = InventoryBody::Containers {
        snapshot: ContainersSnapshot {
            host: host.clone(),
            complete: true,
            containers: containers.collect(),
        },
    };
    Ok(serde_json::to_value(body)?)
}

/// The id of a flaw of a source.
fn flaw(source: usize, row: usize) -> String {
    format!("CVE-{}-{:05}", 2020 + row % 6, source * 8 + row + 1_000)
}

/// States of places for an index that is large.
pub(crate) fn states(places: usize) -> Result<Vec<PlaceDelta>> {
    let severity = |mixed: usize| match mixed % 3 {
        0 => Severity::Low,
        1 => Severity::Medium,
        _ => Severity::High,
    };
    let states = (0..places).map(|number| {
        let findings = (0..100).map(|at| {
            let mixed = mix(number * 100 + at);
            Ok(PlaceFinding {
                vulnerability: flaw(mixed % SOURCES, mixed % 2).parse()?,
                severity: severity(mixed / 7),
                cvss_score: Some(f32::from(u8::try_from(mixed % 100)?) / 10.0),
                fix_available: mixed.is_multiple_of(5),
                excepted: false,
                facts: VulnerabilityFacts::default(),
            })
        });
        Ok(PlaceDelta {
            place: Place::Image(records::digest(format!("more {number}").as_bytes())),
            name: format!("registry.example/more-{number}:1"),
            sequence: 1,
            removed: false,
            coverage: CoverageStatus::Complete,
            packages: 180,
            cannot_judge: 0,
            facts: PlaceFacts::default(),
            findings: findings.collect::<Result<_>>()?,
            os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            resource: Resource::new().image(&format!("registry.example/more-{number}:1")),
            at_h: 0,
            replaced: estate::Replaced::default(),
        })
    });
    states.collect()
}

/// A tracker of a flaw or two in every third source, of which half are open; `also` has one more.
pub(crate) fn write_tracker(folder: &Path, also: Option<usize>) -> Result<()> {
    let mut sources = serde_json::Map::new();
    for number in 0..SOURCES {
        let mut rows = serde_json::Map::new();
        let flaws = if number % 3 == 0 { 1 + number % 2 } else { 0 };
        for row in 0..flaws + usize::from(also == Some(number)) {
            let release = if mix(number + row).is_multiple_of(2) {
                json!({"status": "open", "urgency": "low", "repositories": {"bookworm": "1"}})
            } else {
                json!({"status": "resolved", "fixed_version": "99.1-1", "urgency": "not yet assigned",
                       "repositories": {"bookworm": "99.1-1"}})
            };
            let text = format!(
                "A flaw in {} allows {} to reach {} by way of a crafted {}.",
                source(number),
                word(mix(number) / 3),
                word(mix(number) / 7),
                word(mix(number) / 11)
            );
            rows.insert(
                flaw(number, row),
                json!({"description": text, "scope": "remote", "releases": {"bookworm": release}}),
            );
        }
        sources.insert(source(number), rows.into());
    }
    // Of sources that nobody here has, the feed knows one that changes at each writing.
    let mut rows = serde_json::Map::new();
    let fixed = format!("1.{}-1", also.unwrap_or_default());
    rows.insert(
        "CVE-2026-99999".to_owned(),
        json!({"description": "elsewhere", "scope": "remote", "releases": {"bookworm":
            {"status": "resolved", "fixed_version": fixed, "urgency": "low", "repositories": {"bookworm": fixed}}}}),
    );
    sources.insert("nobody-has-this".to_owned(), rows.into());
    std::fs::write(folder.join("tracker.json"), serde_json::to_vec(&sources)?)?;
    Ok(())
}

/// A tracker in which a source that all places have was looked at again: its name changed, and no finding did.
pub(crate) fn write_tracker_told_again(folder: &Path, times: usize) -> Result<()> {
    write_tracker(folder, None)?;
    let file = folder.join("tracker.json");
    let mut sources: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    // A flaw of another release's package: it changes the name's rows, and concerns no version that is here.
    let row = json!({"description": "a flaw that was mended long ago", "scope": "remote",
        "releases": {"bookworm": {"status": "resolved", "fixed_version": format!("0~{times}"),
            "urgency": "low", "repositories": {"bookworm": "1"}}}});
    for number in [0, 2] {
        if let Some(rows) = sources
            .get_mut(source(number))
            .and_then(Value::as_object_mut)
        {
            rows.insert("CVE-2019-00001".to_owned(), row.clone());
        }
    }
    std::fs::write(file, serde_json::to_vec(&sources)?)?;
    Ok(())
}

/// The probabilities of a day.
pub(crate) fn write_epss(folder: &Path, day: usize) -> Result<()> {
    let mut text = format!(
        "#model_version:v2025.03.14,score_date:2026-11-{:02}T00:00:00+0000\ncve,epss,percentile\n",
        day % 28 + 1
    );
    for number in (0..SOURCES).step_by(3) {
        for row in 0..2 {
            let share = (mix(number * 3 + row) % 1_000 + day) % 1_000;
            let id = flaw(number, row);
            text.push_str(&format!("{id},0.{share:03}10,0.{share:03}00\n"));
        }
    }
    std::fs::write(folder.join("epss.csv"), text)?;
    Ok(())
}
