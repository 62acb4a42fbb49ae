//! A small estate: a platform, a tenant, agents, and what they observe.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use estate::Filter;
use handlers::{Context, FeedSources, Limits};
use platform::{
    Clock, Embedded, ManualClock, Platform, SystemClock,
    meter::{Meter, metered},
    patience::patiently,
    weather::{Forecast, Weather},
};
use records::{
    EnvelopeName, Envelopes, Estates, FindingsDocument, PlaceRecord, Places,
    identity::{Enrolment, Identity, NewAgent, StoredToken},
    messages::{self, FeedMessage, QUEUES},
};
use roster::LocalOptions;
use schemas::{
    AgentId, Digest, HostId, ImageId, Place, PlaceKind, TenantId, Timestamp,
    agent::{Envelope, EnvelopeKind, ImageInventory, InventoryBody},
    inventory::{
        Container, ContainersSnapshot, Coverage, CoverageStatus, Evidence, HostFacts, ImageFacts,
        Inventory, Isolation, LayerInventory, LayerRef, OperatingSystem, OsFamily, Package,
        PackageKind, PublishedPort, Target, TargetKind, WorkloadId,
    },
};
use serde_json::{Value, json};
use sources::http::Guard;

pub(crate) const T0: i64 = 1_780_000_000_000;

/// What tests look at in the end.
pub(crate) type Outcome = BTreeMap<String, Value>;

pub(crate) struct World {
    /// The platform, perhaps in weather.
    pub(crate) platform: Platform,
    /// The same in calm weather.
    pub(crate) calm: Platform,
    pub(crate) context: Arc<Context>,
    pub(crate) tenant: TenantId,
    pub(crate) documents: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn clear() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::new(limits, |store| store).await
    }

    pub(crate) async fn metered(meter: Arc<Meter>) -> Self {
        Self::new(Limits::default(), |store| metered(store, meter)).await
    }

    pub(crate) async fn stormy(seed: u64) -> Self {
        Self::stormy_with(Limits::default(), seed).await
    }

    pub(crate) async fn stormy_with(limits: Limits, seed: u64) -> Self {
        let weather = |store| Weather::over(store, Forecast::storm(seed));
        Self::new(limits, weather).await
    }

    /// One whose clock is turned by hand.
    pub(crate) async fn at(clock: Arc<ManualClock>) -> Self {
        Self::at_with(Limits::default(), clock).await
    }

    /// The same with these limits.
    pub(crate) async fn at_with(limits: Limits, clock: Arc<ManualClock>) -> Self {
        Self::of(limits, clock, |store| store).await
    }

    async fn new(limits: Limits, wrap: impl FnOnce(Platform) -> Platform) -> Self {
        Self::of(limits, Arc::new(SystemClock), wrap).await
    }

    async fn of(
        limits: Limits,
        clock: Arc<dyn Clock>,
        wrap: impl FnOnce(Platform) -> Platform,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path().join("store"), clock).unwrap();
        let documents = folder.path().join("documents");
        std::fs::create_dir(&documents).unwrap();
        let tenant: TenantId = "acme".parse().unwrap();
        let identity = Identity::new(store.clone());
        identity.create_tenant(&tenant).await.unwrap();
        let token = StoredToken {
            id: "tests".parse().unwrap(),
            secret_hash: String::new(),
            note: String::new(),
            created_by: "tests".to_owned(),
            created_at: Timestamp::from_ms(T0),
            expires_at: "9000-01-01T00:00:00Z".parse().unwrap(),
            max_uses: 1000,
            uses: 0,
            hosts: Vec::new(),
            revoked_at: None,
        };
        identity.create_token(&tenant, &token).await.unwrap();
        let calm = store.clone();
        let platform = wrap(store);
        let sources = FeedSources::Folder(documents.clone());
        // Receivers of notifications listen on this machine.
        let context = Context::new(platform.clone(), sources, limits)
            .with_guard(Guard::of_list("127.0.0.0/8").unwrap());
        Self {
            platform,
            calm,
            context: Arc::new(context),
            tenant,
            documents,
            _folder: folder,
        }
    }

    /// Enrols the agent of a host.
    pub(crate) async fn agent(&self, host: &str) -> AgentId {
        let new = NewAgent {
            public_key: format!("key-of-{host}"),
            host: host.parse().unwrap(),
            host_name: host.to_owned(),
            platform: "linux/amd64".to_owned(),
            software: "0".to_owned(),
        };
        let identity = Identity::new(self.platform.clone());
        loop {
            // The weather is for what is tested here.
            let token = "tests".parse().unwrap();
            if let Ok(Enrolment::Enrolled(agent)) = identity.enrol(&self.tenant, &token, &new).await
            {
                return agent.id;
            }
        }
    }

    pub(crate) async fn send(&self, agent: &AgentId, seq: u64, body: &InventoryBody) {
        self.send_raw(agent, seq, serde_json::to_value(body).unwrap())
            .await;
    }

    pub(crate) async fn send_raw(&self, agent: &AgentId, seq: u64, body: Value) {
        let envelope = Envelope {
            version: 1,
            agent: agent.clone(),
            boot_id: "boot-1".to_owned(),
            seq,
            observed_at: Timestamp::from_ms(T0 + i64::try_from(seq).unwrap() * 1000),
            kind: EnvelopeKind::Inventory,
            body,
        };
        let name = EnvelopeName {
            agent: agent.clone(),
            boot_id: "boot-1".to_owned(),
            seq,
        };
        let json = serde_json::to_vec(&envelope).unwrap();
        Envelopes(&self.platform)
            .accept(&self.tenant, vec![(name, json)])
            .await
            .unwrap();
    }

    /// Writes a document for the feeds to find.
    pub(crate) fn document(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.documents.join(name), content).unwrap();
    }

    /// Asks for the feeds to be read.
    pub(crate) async fn refresh(&self) {
        messages::send(&self.platform, &[FeedMessage::by_hand(BTreeSet::new())])
            .await
            .unwrap();
    }

    /// Runs all functions until nothing is left to do.
    pub(crate) async fn settle(&self) {
        let options = LocalOptions {
            retry_delay_s: 0,
            wait_s: 0,
            schedules: false,
            ..LocalOptions::default()
        };
        let limit = Duration::from_secs(120);
        assert!(
            roster::drain(Arc::clone(&self.context), options, limit).await,
            "messages are left"
        );
    }

    pub(crate) async fn dead(&self) -> Vec<(String, String)> {
        let mut dead = Vec::new();
        for queue in QUEUES {
            let dead_letters = &self.platform.queue;
            let page = patiently(async || dead_letters.list_dead(queue, 100, None).await)
                .await
                .unwrap();
            let letters = page.letters.into_iter();
            dead.extend(letters.map(|letter| (queue.to_owned(), letter.reason)));
        }
        dead
    }

    pub(crate) async fn place(&self, place: &str) -> Option<(PlaceRecord, FindingsDocument)> {
        let place: Place = place.parse().unwrap();
        Places(&self.platform)
            .newest(&self.tenant, &place)
            .await
            .unwrap()
    }

    /// Vulnerabilities found in a place.
    pub(crate) async fn found(&self, place: &str) -> Vec<String> {
        let (_, document) = self.place(place).await.expect("the place was scanned");
        let mut ids: Vec<_> = document
            .findings
            .iter()
            .map(|finding| finding.vulnerability.to_string())
            .collect();
        ids.sort();
        ids
    }

    /// The ranked list: ids, scores in tenths, known exploited.
    pub(crate) async fn ranked(&self) -> Vec<(String, u16, bool)> {
        let index = Estates(&self.platform)
            .load_merged(&self.tenant)
            .await
            .unwrap();
        index
            .page(&Filter::default(), None, 1000)
            .rows
            .into_iter()
            .map(|row| {
                (
                    row.id.to_string(),
                    row.score_tenths,
                    row.facts.known_exploited,
                )
            })
            .collect()
    }

    /// Everything that a person could see, without what only says when and in how many steps it came about.
    pub(crate) async fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::new();
        for kind in [PlaceKind::Host, PlaceKind::Image] {
            let mut cursor = None;
            loop {
                let page = Places(&self.platform)
                    .list(&self.tenant, kind, 100, cursor)
                    .await
                    .unwrap();
                for record in page.records {
                    let (record, document) = self.place(&record.place.to_string()).await.unwrap();
                    let mut shown = serde_json::to_value(&record).unwrap();
                    for steps in [
                        "trace",
                        "revision",
                        "findings",
                        "scanned_at",
                        "inventory",
                        "generation",
                    ] {
                        shown.as_object_mut().unwrap().remove(steps);
                    }
                    let mut findings = serde_json::to_value(&document).unwrap();
                    for steps in ["generation", "unseen"] {
                        findings.as_object_mut().unwrap().remove(steps);
                    }
                    let both = json!({ "record": shown, "findings": findings });
                    outcome.insert(record.place.to_string(), both);
                }
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        let index = Estates(&self.platform)
            .load_merged(&self.tenant)
            .await
            .unwrap();
        for row in index.page(&Filter::default(), None, 1000).rows {
            let shown = format!("{row:?}");
            outcome.insert(format!("ranked {}", row.id), json!(shown));
        }
        for summary in index.summaries(None) {
            let shown = format!("{summary:?}");
            outcome.insert(format!("summary {}", summary.place), json!(shown));
        }
        outcome
    }
}

pub(crate) fn tracker(rows: &[(&str, &str, &str)]) -> String {
    let mut packages: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (package, id, fixed) in rows {
        let release = if fixed.is_empty() {
            json!({"status": "open", "urgency": "not yet assigned",
                   "repositories": {"bookworm": "1"}})
        } else {
            json!({"status": "resolved", "fixed_version": fixed, "urgency": "not yet assigned",
                   "repositories": {"bookworm": fixed}})
        };
        let row = json!({"scope": "remote", "description": format!("a flaw in {package}"),
                         "releases": {"bookworm": release}});
        packages.entry(package).or_default().insert(id, row);
    }
    serde_json::to_string(&packages).unwrap()
}

pub(crate) fn kev(ids: &[&str]) -> String {
    let rows: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({"cveID": id, "vendorProject": "v", "product": "p", "vulnerabilityName": "n",
                   "dateAdded": "2026-01-02", "shortDescription": "d", "requiredAction": "update",
                   "dueDate": "2026-02-03", "knownRansomwareCampaignUse": "Known", "notes": ""})
        })
        .collect();
    json!({"title": "CISA Catalog of Known Exploited Vulnerabilities",
           "catalogVersion": "2026.01.02", "dateReleased": "2026-01-02T00:00:00.0000Z",
           "count": rows.len(), "vulnerabilities": rows})
    .to_string()
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

pub(crate) fn deb(name: &str, version: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Deb,
        purl: format!("pkg:deb/debian/{name}@{version}"),
        source_name: Some(name.to_owned()),
        source_version: Some(version.to_owned()),
        architecture: Some("amd64".to_owned()),
        path: "var/lib/dpkg/status".to_owned(),
        layer: None,
        origin: Default::default(),
        owned_by: None,
    }
}

pub(crate) fn host(id: &str, packages: &[(&str, &str)], addresses: &[&str]) -> InventoryBody {
    let id: HostId = id.parse().unwrap();
    InventoryBody::Host {
        inventory: Inventory {
            version: 1,
            target: Target {
                kind: TargetKind::Host,
                name: id.to_string(),
                id: Some(id.to_string()),
            },
            os: Some(debian()),
            packages: packages.iter().map(|(n, v)| deb(n, v)).collect(),
            image: None,
            host: Some(HostFacts {
                id: id.clone(),
                name: id.to_string(),
                kernel: None,
                addresses: addresses.iter().map(|&a| a.to_owned()).collect(),
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
        },
    }
}

pub(crate) fn digest(of: &str) -> Digest {
    records::digest(of.as_bytes())
}

/// A layer that holds an operating system and packages.
pub(crate) fn layer(name: &str, packages: &[(&str, &str)]) -> LayerInventory {
    LayerInventory {
        version: 1,
        diff_id: digest(name),
        reader: None,
        generation: inventory::GENERATION,
        size_bytes: 1,
        entries: 2,
        windows: false,
        evidence: vec![
            Evidence::Os {
                path: "etc/os-release".to_owned(),
                os: debian(),
            },
            Evidence::Packages {
                path: "var/lib/dpkg/status".to_owned(),
                analyzer: "dpkg".to_owned(),
                packages: packages.iter().map(|(n, v)| deb(n, v)).collect(),
            },
        ],
        whiteouts: Vec::new(),
        opaque: Vec::new(),
        replaced: Vec::new(),
        gaps: Vec::new(),
    }
}

pub(crate) fn image(name: &str, layers: &[&str]) -> (ImageId, InventoryBody) {
    let id = digest(&format!("config of {name}"));
    let facts = ImageFacts {
        id: id.clone(),
        tags: vec![format!("{name}:1")],
        repo_digests: Vec::new(),
        os: "linux".to_owned(),
        os_version: None,
        architecture: Some("amd64".to_owned()),
        created_at: None,
        user: String::new(),
        exposed_ports: Vec::new(),
        labels: BTreeMap::new(),
        layers: layers
            .iter()
            .map(|layer| LayerRef {
                diff_id: digest(layer),
                blob: None,
                media_type: None,
                size_bytes: None,
                created_by: None,
            })
            .collect(),
        base: None,
    };
    let image = ImageInventory {
        facts,
        gaps: Vec::new(),
    };
    (id, InventoryBody::Image { image })
}

pub(crate) fn container(id: &str, of: &ImageId, published: bool) -> Container {
    Container {
        id: id.to_owned(),
        name: id.to_owned(),
        image: of.clone(),
        image_name: None,
        workload: WorkloadId::Unknown,
        running: true,
        started_at: None,
        published: if published {
            vec![PublishedPort {
                protocol: "tcp".to_owned(),
                host_address: "0.0.0.0".to_owned(),
                host_port: 80,
                container_port: 80,
            }]
        } else {
            Vec::new()
        },
        listening: Vec::new(),
        host_network: false,
        host_pid: Some(false),
        host_ipc: Some(false),
        networked: Some(true),
        user: String::new(),
        uid: Some(0),
        privileged: Some(false),
        capabilities_added: Vec::new(),
        capabilities_dropped: Vec::new(),
        security_options: Vec::new(),
        mounts: Vec::new(),
        labels: BTreeMap::new(),
        isolation: Isolation::Process,
        pod: None,
    }
}

pub(crate) fn containers(host: &str, containers: Vec<Container>) -> InventoryBody {
    InventoryBody::Containers {
        snapshot: ContainersSnapshot {
            host: host.parse().unwrap(),
            complete: true,
            containers,
        },
    }
}
