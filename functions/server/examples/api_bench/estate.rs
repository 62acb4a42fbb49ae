//! The estate that is asked about: images and hosts whose packages were matched and scored by the functions themselves.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use handlers::{Context, FeedSources, Limits};
use platform::{Embedded, Platform, SystemClock};
use records::{
    EnvelopeName, Envelopes, Images, Layers,
    identity::{Identity, NewAgent, StoredToken, agent_id},
    messages::{self, FeedMessage, ScanMessage},
};
use roster::LocalOptions;
use schemas::{
    AgentId, HostId, Place, TenantId, Timestamp,
    agent::ImageInventory,
    inventory::{LayerInventory, Reader, ReaderKind},
};
use serde_json::{Value, json};

use crate::Failure;

/// Images for each host.
const IMAGES_OF_HOST: usize = 10;
/// Vulnerable packages of each image and each host, of the names that advisories know: 100,000 findings in 10,000 images and
/// on 1,000 hosts.
const IMAGE_FINDINGS: usize = 9;
const HOST_FINDINGS: usize = 10;
/// Packages of each place that nothing is known of.
const CLEAN: usize = 20;
/// Names of packages that advisories know, each with a vulnerability of its own.
const NAMES: usize = 3_000;
/// The tenant that a first start makes.
const TENANT: &str = "default";

/// Makes an estate of so many hosts in a folder, unless it is there already; says what there is.
pub(crate) fn prepare(server: &Path, folder: &Path, hosts: usize) -> Result<String, Failure> {
    let told = folder.join("made.txt");
    if let Ok(text) = fs::read_to_string(&told) {
        return Ok(text);
    }
    let start = Instant::now();
    let setup = Command::new(server)
        .args(["setup", "--json", "--data"])
        .arg(folder.join("data"))
        .output()?;
    if !setup.status.success() {
        return Err(String::from_utf8_lossy(&setup.stderr).into());
    }
    fs::write(folder.join("setup.json"), setup.stdout)?;
    let documents = folder.join("documents");
    fs::create_dir_all(&documents)?;
    write_documents(&documents)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let found = runtime.block_on(fill(&folder.join("data"), documents, hosts))?;
    let text = format!(
        "{} images, {hosts} hosts, {found} findings, made in {:.0} s",
        hosts * IMAGES_OF_HOST,
        start.elapsed().as_secs_f64()
    );
    fs::write(told, &text)?;
    Ok(text)
}

async fn fill(data: &Path, documents: PathBuf, hosts: usize) -> Result<u32, Failure> {
    let images = hosts * IMAGES_OF_HOST;
    let platform = Embedded::open(data, Arc::new(SystemClock))?;
    let tenant: TenantId = TENANT.parse()?;
    let sources = FeedSources::Folder(documents);
    let context = Context::new(platform.clone(), sources, Limits::default());
    let context = Arc::new(context);
    messages::send(&platform, &[FeedMessage::scheduled()]).await?;
    settle(&context).await?;
    let agents = enrol(&platform, &tenant, hosts).await?;
    let mut envelopes = Vec::with_capacity(hosts);
    for (number, (agent, host)) in agents.iter().enumerate() {
        envelopes.push(envelope(number, agent, host)?);
    }
    for some in envelopes.chunks(20) {
        Envelopes(&platform).accept(&tenant, some.to_vec()).await?;
    }
    for number in 0..images {
        image(&platform, &tenant, number).await?;
    }
    settle(&context).await?;
    let index = records::Estates(&platform).load_merged(&tenant).await?;
    let summaries = index.summaries(None);
    if summaries.len() != images + hosts {
        return Err(format!("{} places were scored", summaries.len()).into());
    }
    Ok(summaries.iter().map(|one| one.counts.total).sum())
}

async fn settle(context: &Arc<Context>) -> Result<(), Failure> {
    let options = LocalOptions {
        schedules: false,
        ..LocalOptions::default()
    };
    if roster::drain(Arc::clone(context), options, Duration::from_secs(1_800)).await {
        Ok(())
    } else {
        Err("messages are left after half an hour".into())
    }
}

async fn enrol(
    platform: &Platform,
    tenant: &TenantId,
    hosts: usize,
) -> Result<Vec<(AgentId, HostId)>, Failure> {
    let identity = Identity::new(platform.clone());
    let token = StoredToken {
        id: "bench".parse()?,
        secret_hash: String::new(),
        note: String::new(),
        created_by: "bench".to_owned(),
        created_at: Timestamp::from_ms(0),
        expires_at: "9000-01-01T00:00:00Z".parse()?,
        hosts: Vec::new(),
        max_uses: u32::MAX,
        uses: 0,
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
        agents.push((agent_id(tenant, &new.public_key)?, host));
    }
    Ok(agents)
}

/// What a host's agent says of it.
fn envelope(
    number: usize,
    agent: &AgentId,
    host: &HostId,
) -> Result<(EnvelopeName, Vec<u8>), Failure> {
    let envelope = json!({
        "version": 1, "agent": agent, "boot_id": "bench", "seq": 1, "observed_at": "2026-11-01T00:00:00Z",
        "kind": "inventory",
        "body": {"subject": "host", "inventory": {
            "version": 1,
            "target": {"kind": "host", "name": host, "id": host},
            "os": os(),
            "packages": packages(number, HOST_FINDINGS),
            "host": {
                "id": host, "name": format!("node-{number:04}.site-{}.example.com", number % 12),
                "addresses": ["10.0.0.1"], "listening": [], "listening_complete": true, "engines": [], "labels": {},
            },
            "coverage": {"status": "complete", "gaps": []},
        }},
    });
    let name = EnvelopeName {
        agent: agent.clone(),
        boot_id: "bench".to_owned(),
        seq: 1,
    };
    Ok((name, serde_json::to_vec(&envelope)?))
}

/// Keeps an image of one layer as if it had been read from a registry, and has it scanned.
async fn image(platform: &Platform, tenant: &TenantId, number: usize) -> Result<(), Failure> {
    let layer: LayerInventory = serde_json::from_value(json!({
        "version": 1, "diff_id": format!("sha256:{number:064x}"), "size_bytes": 1_000_000, "entries": 100,
        "generation": 1_000,
        "evidence": [
            {"type": "os", "path": "etc/os-release", "os": os()},
            {"type": "packages", "path": "var/lib/dpkg/status", "analyzer": "dpkg",
             "packages": packages(number + 1_000, IMAGE_FINDINGS)},
        ],
    }))?;
    let image: ImageInventory = serde_json::from_value(json!({"facts": {
        "id": format!("sha256:{:064x}", number + (1 << 40)), "os": "linux", "architecture": "amd64",
        "tags": [format!("registry.example.com/team-{:02}/app-{number:05}:1.{}", number % 40, number % 9)],
        "layers": [{"diff_id": layer.diff_id}],
    }}))?;
    let reader = Reader {
        kind: ReaderKind::Backend,
        agent: None,
        read_at: Timestamp::from_ms(1_780_000_000_000),
        software: "bench".to_owned(),
    };
    Layers(platform).put(tenant, reader, layer).await?;
    let now = Timestamp::from_ms(1_780_000_000_000);
    Images(platform).merge_unheld(tenant, &image, now).await?;
    let scan = ScanMessage::Place {
        tenant: tenant.clone(),
        place: Place::Image(image.facts.id),
        rematch: false,
    };
    Ok(messages::send(platform, &[scan]).await?)
}

fn os() -> Value {
    json!({"family": "linux", "id": "debian", "version_id": "12", "codename": "bookworm", "architecture": "amd64"})
}

/// Some packages that advisories know, others for each number, and some that they do not.
fn packages(number: usize, vulnerable: usize) -> Vec<Value> {
    let known =
        (0..vulnerable).map(|at| format!("package-{:04}", (number * 37 + at * at * 11) % NAMES));
    let clean = (0..CLEAN).map(|at| format!("clean-{:04}", (number * 13 + at) % 900));
    let mut names: Vec<String> = known.chain(clean).collect();
    names.sort();
    names.dedup();
    let package = |name: String| {
        json!({
            "name": name, "version": "1.2.3-1", "kind": "deb", "architecture": "amd64", "path": "var/lib/dpkg/status",
            "purl": format!("pkg:deb/debian/{name}@1.2.3-1?arch=amd64&distro=debian-12"),
        })
    };
    names.into_iter().map(package).collect()
}

/// A tracker with a row for each name, half of them with a fix, and what is exploited of them, how likely.
fn write_documents(folder: &Path) -> Result<(), Failure> {
    let mut tracker = serde_json::Map::new();
    let mut epss =
        "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n"
            .to_owned();
    let mut exploited = Vec::new();
    for number in 0..NAMES {
        let id = format!("CVE-2026-{:05}", number + 10_000);
        let urgency = ["low", "medium", "high", "not yet assigned"];
        let urgency = urgency.get(number % 4).copied().unwrap_or_default();
        let row = if number % 2 == 0 {
            json!({"status": "resolved", "fixed_version": "9", "urgency": urgency, "repositories": {"bookworm": "9"}})
        } else {
            json!({"status": "open", "urgency": urgency, "repositories": {"bookworm": "1.2.3-1"}})
        };
        let rows = json!({&id: {"description": "a flaw that was made up", "scope": "remote",
            "releases": {"bookworm": row}}});
        tracker.insert(format!("package-{number:04}"), rows);
        epss.push_str(&format!(
            "{id},0.{:05},0.{:05}\n",
            number * 7 % 100_000,
            number * 31 % 100_000
        ));
        if number % 100 == 0 {
            exploited.push(json!({
                "cveID": id, "vendorProject": "x", "product": "x", "vulnerabilityName": "v",
                "dateAdded": "2026-11-01", "shortDescription": "d", "requiredAction": "a",
                "dueDate": "2026-11-22", "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": [],
            }));
        }
    }
    let kev = json!({
        "title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.20",
        "dateReleased": "2026-11-20T14:00:00.0000Z", "count": exploited.len(), "vulnerabilities": exploited,
    });
    fs::write(folder.join("tracker.json"), serde_json::to_vec(&tracker)?)?;
    fs::write(folder.join("kev.json"), serde_json::to_vec(&kev)?)?;
    fs::write(folder.join("epss.csv"), epss)?;
    Ok(())
}
