//! Measures the embedded pipeline: hosts whose packages differ a little from one to the next are ingested, matched and
//! scored. Prints the seconds and the ratio to the minute that is allowed.
//!
//! `cargo run --release -p handlers --example pipeline_bench -- [HOSTS [PACKAGES [DOCUMENTS]]]`; without a folder of
//! advisory documents, rows are made up.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use handlers::{Context, FeedSources, Limits};
use platform::{Embedded, Platform, SystemClock};
use records::{
    EnvelopeName, Envelopes, Estates,
    identity::{Identity, NewAgent, StoredToken},
    messages::{self, FeedMessage},
};
use roster::LocalOptions;
use schemas::{
    AgentId, HostId, TenantId, Timestamp,
    agent::{Envelope, EnvelopeKind, InventoryBody},
    inventory::{
        Coverage, CoverageStatus, HostFacts, Inventory, OperatingSystem, OsFamily, Package,
        PackageKind, Target, TargetKind,
    },
};
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the whole may take.
const ALLOWED: Duration = Duration::from_secs(60);
/// Names of packages; the rows that are made up are about half of them.
const NAMES: usize = 4_000;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let hosts = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let packages = arguments.next().map_or(Ok(800), |text| text.parse())?;
    let documents = arguments.next().map(PathBuf::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(measure(hosts, packages, documents))
}

async fn measure(hosts: usize, packages: usize, documents: Option<PathBuf>) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let platform = Embedded::open(folder.path().join("store"), Arc::new(SystemClock))?;
    let documents = match documents {
        Some(documents) => documents,
        None => {
            let made = folder.path().join("documents");
            std::fs::create_dir(&made)?;
            made_up_tracker(&made.join("tracker.json"))?;
            made
        }
    };
    let tenant: TenantId = "bench".parse()?;
    let agents = enrol(&platform, &tenant, hosts).await?;
    let sources = FeedSources::Folder(documents);
    let context = Arc::new(Context::new(platform.clone(), sources, Limits::default()));
    let mut out = std::io::stdout().lock();

    let start = Instant::now();
    messages::send(&platform, &[FeedMessage::scheduled()]).await?;
    settle(&context).await?;
    writeln!(
        out,
        "advisories compiled and published in {:.2} s",
        start.elapsed().as_secs_f64()
    )?;

    let bodies: Vec<_> = agents
        .iter()
        .enumerate()
        .map(|(number, (agent, host))| envelope(number, packages, agent, host))
        .collect::<Result<_, _>>()?;
    let bytes: usize = bodies.iter().map(|(_, json)| json.len()).sum();
    writeln!(
        out,
        "{hosts} hosts of {packages} packages, {} MB of envelopes",
        bytes / 1_000_000
    )?;

    let start = Instant::now();
    for some in bodies.chunks(20) {
        Envelopes(&platform).accept(&tenant, some.to_vec()).await?;
    }
    let accepted = start.elapsed();
    settle(&context).await?;
    let whole = start.elapsed();
    let index = Estates(&platform).load_merged(&tenant).await?;
    let listed = start.elapsed();
    let page = index.page(&estate::Filter::default(), None, 10);
    let summaries = index.summaries(None);
    let findings: u32 = summaries.iter().map(|summary| summary.counts.total).sum();
    writeln!(
        out,
        "envelopes durable after {:.2} s",
        accepted.as_secs_f64()
    )?;
    writeln!(
        out,
        "matched and scored after {:.2} s: {} places, {} vulnerabilities, {findings} findings",
        whole.as_secs_f64(),
        summaries.len(),
        page.total
    )?;
    writeln!(out, "index read in {:.2} s", (listed - whole).as_secs_f64())?;
    writeln!(
        out,
        "ratio to the {} s allowed: {:.2}",
        ALLOWED.as_secs(),
        whole.as_secs_f64() / ALLOWED.as_secs_f64()
    )?;
    if summaries.len() == hosts {
        Ok(())
    } else {
        Err("some hosts were not scored".into())
    }
}

async fn settle(context: &Arc<Context>) -> Result<(), Failure> {
    let options = LocalOptions {
        schedules: false,
        ..LocalOptions::default()
    };
    let limit = Duration::from_secs(600);
    if roster::drain(Arc::clone(context), options, limit).await {
        Ok(())
    } else {
        Err("messages are left after ten minutes".into())
    }
}

async fn enrol(
    platform: &Platform,
    tenant: &TenantId,
    hosts: usize,
) -> Result<Vec<(AgentId, HostId)>, Failure> {
    let identity = Identity::new(platform.clone());
    identity.create_tenant(tenant).await?;
    let token = StoredToken {
        id: "bench".parse()?,
        secret_hash: String::new(),
        note: String::new(),
        created_by: "bench".to_owned(),
        created_at: Timestamp::from_ms(0),
        expires_at: "9000-01-01T00:00:00Z".parse()?,
        max_uses: u32::MAX,
        uses: 0,
        hosts: Vec::new(),
        revoked_at: None,
    };
    identity.create_token(tenant, &token).await?;
    let mut agents = Vec::with_capacity(hosts);
    for number in 0..hosts {
        let host: HostId = format!("host-{number:05}").parse()?;
        let new = NewAgent {
            public_key: format!("key-{number}"),
            host: host.clone(),
            host_name: host.to_string(),
            platform: "linux/amd64".to_owned(),
            software: "bench".to_owned(),
        };
        identity.enrol(tenant, &token.id, &new).await?;
        agents.push((records::identity::agent_id(tenant, &new.public_key)?, host));
    }
    Ok(agents)
}

/// Nine tenths of the packages are those of every host; the last tenth begins elsewhere on each.
fn envelope(
    number: usize,
    packages: usize,
    agent: &AgentId,
    host: &HostId,
) -> Result<(EnvelopeName, Vec<u8>), Failure> {
    let same = packages - packages / 10;
    let own = (0..packages - same).map(|at| same + (number * 37 + at) % NAMES.saturating_sub(same));
    let packages = (0..same)
        .chain(own)
        .map(|at| {
            let name = format!("package-{at:04}");
            let version = format!("1.{}.{}-1", at % 7, at % 5);
            Package {
                purl: format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12"),
                source_name: Some(format!("source-{:04}", at / 2)),
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
        })
        .collect();
    let inventory = Inventory {
        version: 1,
        target: Target {
            kind: TargetKind::Host,
            name: host.to_string(),
            id: Some(host.to_string()),
        },
        os: Some(OperatingSystem {
            family: OsFamily::Linux,
            id: "debian".to_owned(),
            id_like: Vec::new(),
            version_id: Some("12".to_owned()),
            codename: Some("bookworm".to_owned()),
            pretty_name: None,
            architecture: Some("amd64".to_owned()),
            windows: None,
        }),
        packages,
        image: None,
        host: Some(HostFacts {
            id: host.clone(),
            name: host.to_string(),
            kernel: None,
            addresses: vec!["10.0.0.1".to_owned()],
            listening: Vec::new(),
            listening_complete: true,
            engines: Vec::new(),
            labels: BTreeMap::new(),
            declared_exposure: None,
            booted_at: None,
        }),
        coverage: Coverage {
            status: CoverageStatus::Complete,
            gaps: Vec::new(),
        },
    };
    let envelope = Envelope {
        version: 1,
        agent: agent.clone(),
        boot_id: "bench".to_owned(),
        seq: 1,
        observed_at: Timestamp::from_ms(1_780_000_000_000),
        kind: EnvelopeKind::Inventory,
        body: serde_json::to_value(InventoryBody::Host { inventory })?,
    };
    let name = EnvelopeName {
        agent: agent.clone(),
        boot_id: "bench".to_owned(),
        seq: 1,
    };
    Ok((name, serde_json::to_vec(&envelope)?))
}

/// A tracker of two rows for every second source: about a finding for each package, of which some are fixed.
fn made_up_tracker(file: &Path) -> Result<(), Failure> {
    let mut sources = serde_json::Map::new();
    for source in (0..NAMES / 2).step_by(2) {
        let mut rows = serde_json::Map::new();
        for (row, fixed) in ["1.3.2-1", "9"].iter().enumerate() {
            let id = format!("CVE-2026-{:05}", source * 2 + row + 1_000);
            rows.insert(
                id,
                json!({"description": "a flaw that was made up", "scope": "remote",
                "releases": {"bookworm": {"status": "resolved", "fixed_version": fixed,
                    "urgency": "not yet assigned", "repositories": {"bookworm": fixed}}}}),
            );
        }
        sources.insert(format!("source-{source:04}"), rows.into());
    }
    std::fs::write(file, serde_json::to_vec(&sources)?)?;
    Ok(())
}
