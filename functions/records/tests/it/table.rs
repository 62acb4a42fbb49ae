//! Every key in the table is one that ARCHITECTURE.md lists, and every key that it lists is written.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use estate::PlaceDelta;
use platform::{
    BatchWrite, Condition, Index, Item, Key, Page, Platform, QueryPage, SortRange, Table,
    TableError, Write,
};
use records::{
    AuditLog, ChannelRecord, Channels, Collections, Containers, Deliveries, DeliveryRecord,
    EnvelopeName, Envelopes, Estates, Feeds, Hosts, ImageRequests, Images, Layers, PlaceChanges,
    Places, Policies, Registries, Scans,
    allowances::{Allowances, Rate},
    feeds::{DownloadState, ManifestDocument},
    identity::{
        Acceptance, Alert, Enrolment, Identity, NewAgent, PersonChanged, StoredToken, User,
    },
    place_changes::ChangeRecord,
    places::{NameSet, ShardNames},
};
use schemas::{Digest, Place, posture::Posture};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::support::{at, store, tenant};

/// Partitions that the adapter for AWS writes itself, below the repositories.
const BELOW: [&str; 3] = ["global/keys", "global/dead/QUEUE", "global/moving"];

/// A table that notes what is written.
struct Noted {
    inner: Arc<dyn Table>,
    keys: Arc<Mutex<BTreeSet<Key>>>,
}

impl Noted {
    fn note(&self, key: &Key) {
        self.keys.lock().unwrap().insert(key.clone());
    }
}

#[async_trait]
impl Table for Noted {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.inner.get(key).await
    }
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.inner.get_many(keys).await
    }
    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        self.note(&item.key);
        self.inner.put(item, condition).await
    }
    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        self.inner.delete(key, condition).await
    }
    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.inner.query(partition, range, page).await
    }
    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.inner.query_index(index, partition, range, page).await
    }
    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        writes.iter().for_each(|write| self.note(write.key()));
        self.inner.transact(writes).await
    }
    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        writes.iter().for_each(|write| self.note(write.key()));
        self.inner.write_batch(writes).await
    }
}

/// Each partition with each of its sort keys, as the page lists them.
fn listed() -> Vec<(String, String)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("\n### The table\n").unwrap();
    let (section, _) = section.split_once("\n##").unwrap();
    let mut all = Vec::new();
    for line in section.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", partition, sorts, ..] = cells.as_slice()
            && let Some(partition) = coded(partition).pop()
        {
            let sorts = coded(sorts);
            assert!(!sorts.is_empty(), "{partition} has no sort key");
            all.extend(sorts.into_iter().map(|sort| (partition.clone(), sort)));
        }
    }
    all
}

/// What stands between backticks.
fn coded(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// Whether a key is of a pattern: capitals stand for one character or more, but no slash.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    if !first.is_ascii_uppercase() {
        return text
            .strip_prefix(first)
            .is_some_and(|rest| is_like(rest, &pattern[1..]));
    }
    let after = pattern.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let ends = text.find('/').unwrap_or(text.len());
    (1..=ends).any(|end| text.get(end..).is_some_and(|rest| is_like(rest, after)))
}

fn sample<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn digest(of: &str) -> Digest {
    records::digest(of.as_bytes())
}

#[tokio::test]
async fn every_key_is_one_that_the_architecture_lists() {
    let (inner, _folder) = store();
    let keys = Arc::<Mutex<BTreeSet<Key>>>::default();
    let platform = Platform {
        table: Arc::new(Noted {
            inner: Arc::clone(&inner.table),
            keys: Arc::clone(&keys),
        }),
        ..inner
    };
    write_all(&platform).await;
    let written = keys.lock().unwrap().clone();
    let listed = listed();
    assert!(listed.len() > 30, "the table was not found");
    let distinct: BTreeSet<_> = listed.iter().collect();
    assert_eq!(distinct.len(), listed.len(), "a key is listed twice");
    let is = |key: &Key, (partition, sort): &(String, String)| {
        is_like(&key.partition, partition) && is_like(&key.sort, sort)
    };
    for key in &written {
        let of: Vec<_> = listed.iter().filter(|row| is(key, row)).collect();
        assert_eq!(of.len(), 1, "{key:?} is listed as {of:?}");
    }
    for row in &listed {
        let is_below = BELOW.contains(&row.0.as_str());
        let is_written = written.iter().any(|key| is(key, row));
        assert!(is_written || is_below, "{row:?} is listed and not written");
    }
}

/// Every noun of a tenant is exported, or it is said why not.
#[test]
fn every_noun_of_a_tenant_is_exported_or_left_out_with_a_reason() {
    use records::export::{LEFT_OUT, NOUNS, folder};
    let mut nouns = BTreeSet::new();
    for (partition, _) in listed() {
        if let Some(rest) = partition.strip_prefix("t/TENANT/") {
            nouns.insert(rest.split('/').next().unwrap().to_owned());
        }
    }
    let exported = NOUNS.iter().map(|noun| folder(*noun));
    let told = exported.chain(LEFT_OUT.iter().map(|(noun, _)| *noun));
    assert_eq!(nouns, told.map(str::to_owned).collect());
}

/// Writes every noun.
async fn write_all(platform: &Platform) {
    let tenant = tenant();
    let (image, layer) = (digest("image"), digest("layer"));
    people(platform).await;
    let host: records::HostRecord = sample(include_str!("samples/host.1.json"));
    Hosts(platform).put(&tenant, &host).await.unwrap();
    let seen = json!({"facts": {"id": image, "tags": [], "repo_digests": [], "os": "linux", "user": "",
        "exposed_ports": [], "labels": {}, "layers": [{"diff_id": layer}]}, "gaps": []});
    let seen = serde_json::from_value(seen).unwrap();
    let images = Images(platform);
    images.merge(&tenant, &seen, &host.id, at(1)).await.unwrap();
    let running = json!({"host": host.id, "complete": true, "containers": [{"id": "c", "name": "c", "image": image,
        "workload": {"form": "unknown"}, "running": true}]});
    let running = serde_json::from_value(running).unwrap();
    let containers = Containers(platform);
    containers.put(&tenant, &running, at(1), 1).await.unwrap();
    let layers = Layers(platform);
    let ids = [layer.clone()];
    layers.wait(&tenant, &image, &ids).await.unwrap();
    let read = json!({"version": 1, "diff_id": layer, "size_bytes": 1, "entries": 1});
    let read = records::LayerReading::sent(read).unwrap();
    let put = layers.put_by_agent(&tenant, &host.agent, "0", at(1), read);
    put.await.unwrap();
    let request = sample(include_str!("samples/image-request.1.json"));
    let id = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let requests = ImageRequests(platform);
    requests.create(&tenant, &id, &request).await.unwrap();

    for place in [Place::Host(host.id.clone()), Place::Image(image.clone())] {
        let mut record: records::PlaceRecord = sample(include_str!("samples/place.1.json"));
        record.place = place.clone();
        let document = sample(include_str!("samples/findings.1.json"));
        let names = [ShardNames {
            shard: "debian:12".to_owned(),
            names: NameSet::of(["openssl"]),
        }];
        let places = Places(platform);
        let mut change: ChangeRecord = sample(include_str!("samples/place-change.1.json"));
        change.change.place.place = place.clone();
        let put = places.put_telling(&tenant, None, record, document, &names, vec![change]);
        put.await.unwrap().unwrap();
        let delta = PlaceDelta::removal(place, 0);
        Estates(platform).put(&tenant, None, delta).await.unwrap();
    }
    let feeds = Feeds(platform);
    let manifest = ManifestDocument::default();
    feeds
        .publish(None, &manifest, Default::default())
        .await
        .unwrap();
    let state = sample(include_str!("samples/feed-state.1.json"));
    feeds.put_state(&state).await.unwrap();
    let download = DownloadState {
        name: "debian-tracker".to_owned(),
        ..DownloadState::default()
    };
    feeds.put_download(&download).await.unwrap();

    let collection = sample(include_str!("samples/collection.1.json"));
    let collections = Collections(platform);
    collections.put(&tenant, &collection, None).await.unwrap();
    let exception: records::ExceptionRecord = sample(include_str!("samples/exception.1.json"));
    let exceptions = records::Exceptions(platform);
    exceptions.put(&tenant, &exception, None).await.unwrap();
    let kept = exceptions.get(&tenant, &exception.id).await.unwrap();
    let changed = exceptions.change(&tenant, &exception, kept.unwrap().1);
    changed.await.unwrap();
    let registry: records::RegistryRecord = sample(include_str!("samples/registry.1.json"));
    let registries = Registries(platform);
    registries.put(&tenant, &registry, None).await.unwrap();
    let begun = registries.begin_run(&tenant, &registry.id, at(1));
    begun.await.unwrap();
    let kept = sample(include_str!("samples/registry-image.1.json"));
    let noted = registries.note_image(&tenant, &registry.id, &kept);
    noted.await.unwrap();
    let channel: ChannelRecord = sample(include_str!("samples/channel.1.json"));
    let channels = Channels(platform);
    channels.put(&tenant, &channel, None).await.unwrap();
    channels.failed(&tenant, &channel.id, "away").await.unwrap();
    let draft: records::place_changes::DraftRecord = sample(include_str!("samples/draft.1.json"));
    let told = draft.notification.clone();
    PlaceChanges(platform)
        .put_draft(&tenant, None, draft)
        .await
        .unwrap()
        .unwrap();
    let batch = records::BatchRecord {
        version: 1,
        drafts: vec![told.id.clone()],
        channels: Vec::new(),
        messages_per_minute: 20,
        told: false,
    };
    let batches = records::NotificationBatches(platform);
    batches.put(&tenant, None, batch).await.unwrap().unwrap();
    let rate = records::RateRecord {
        version: 1,
        ..records::RateRecord::default()
    };
    let rates = records::ChannelRates(platform);
    let put = rates.put(&tenant, &channel.id, None, &rate).await;
    assert!(put.unwrap());
    let mut draft: records::place_changes::DraftRecord =
        sample(include_str!("samples/draft.1.json"));
    draft.group = "agents".to_owned();
    let trouble: records::TroubleRecord = sample(include_str!("samples/trouble.1.json"));
    let begins = [records::troubles::Edge::Begins(trouble)];
    let troubles = records::Troubles(platform);
    let turned = troubles.turn(&tenant, &begins, None, &draft).await;
    assert!(turned.unwrap());
    let delivery = DeliveryRecord::new(&channel.id, told, "title".to_owned()).unwrap();
    let deliveries = Deliveries(platform);
    assert!(deliveries.put(&tenant, &delivery, None).await.unwrap());

    let policy = sample(include_str!("samples/policy.1.json"));
    let posture = records::PostureDays(platform);
    posture
        .put(&tenant, at(1), Posture::default())
        .await
        .unwrap();
    let policies = Policies(platform);
    policies.put(&tenant, "ci", &policy, None).await.unwrap();
    let report = json!({"version": 1, "software": "0", "scanned_at": at(1), "target": {"kind": "image", "name": "shop:1"},
        "coverage": {"status": "complete", "gaps": []}, "packages": [], "findings": [],
        "summary": {"total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0,
            "fixable": 0, "cannot_judge": 0}});
    let report = serde_json::from_value(report).unwrap();
    Scans(platform).put(&tenant, &report, "ci").await.unwrap();
    let raw = json!({"version": 1, "agent": host.agent, "boot_id": "b-1", "seq": 1, "observed_at": at(1),
        "kind": "activity", "body": {}});
    let raw = serde_json::from_value(raw).unwrap();
    let name = EnvelopeName {
        agent: host.agent,
        boot_id: "b-1".to_owned(),
        seq: 1,
    };
    let envelopes = Envelopes(platform);
    envelopes.note_raw(&tenant, &name, &raw).await.unwrap();
    let allowances = Allowances(platform);
    let rate = Rate::per_second(10);
    allowances.take(&tenant, rate, 1).await.unwrap();
    let asked = records::idempotency::Asked {
        name: digest("name"),
        request: digest("request"),
    };
    let once = records::Idempotency(platform);
    once.begin(&tenant, &asked).await.unwrap();
    let log = AuditLog::new(platform.clone());
    let refused = crate::audit::entry("do", "ann", "x");
    log.refused(&tenant, refused).await.unwrap();
}

/// Writes people, agents, and what lets them in.
async fn people(platform: &Platform) {
    let (identity, tenant) = (Identity::new(platform.clone()), tenant());
    identity.create_tenant(&tenant).await.unwrap();
    let (login, hash) = ("admin".parse().unwrap(), "hash".to_owned());
    identity
        .create_user(&tenant, &login, hash, Vec::new())
        .await
        .unwrap();
    let role = sample(include_str!("samples/role.1.json"));
    identity.put_role(&tenant, &role, None).await.unwrap();
    identity.begin_sign_in(&tenant, "admin").await.unwrap();
    let address = "192.0.2.1".parse().unwrap();
    let failed = identity.address_failed(&tenant, address, 5);
    failed.await.unwrap();
    let settings = sample(include_str!("samples/risk-settings.1.json"));
    let risk = records::SettingsOfRisk(platform);
    assert!(risk.put(&tenant, &settings, None).await.unwrap());
    let settings = sample(include_str!("samples/session-settings.1.json"));
    let put = identity.put_session_settings(&tenant, &settings, None);
    assert!(put.await.unwrap().is_some());
    let open = sample(include_str!("samples/invitation.1.json"));
    identity.create_invitation(&tenant, &open).await.unwrap();
    let second = User::new(
        "ann".parse().unwrap(),
        "hash".to_owned(),
        false,
        vec![schemas::api::Role::Admin.into()],
        at(0),
    );
    let page = identity
        .list::<records::identity::Invitation>(&tenant, 10, None)
        .await
        .unwrap();
    assert_eq!(page.records.len(), 1);
    let token = access::invitation::InvitationToken::parse(&format!(
        "bhi_acme_0123456789abcdef_{}",
        "07".repeat(32)
    ));
    let found = identity.find_invitation(&token.unwrap()).await.unwrap();
    let (open, version) = found.unwrap();
    let accepted = identity.accept_invitation(&tenant, &open, version, second.clone());
    assert_eq!(accepted.await.unwrap(), Acceptance::Created);
    let another = User::new(
        "bob".parse().unwrap(),
        "hash".to_owned(),
        false,
        vec![schemas::api::Role::Admin.into()],
        at(0),
    );
    let again = identity.accept_invitation(&tenant, &open, version, another);
    assert_eq!(again.await.unwrap(), Acceptance::Gone);
    let hash = "hash".to_owned();
    let third = "carl".parse().unwrap();
    let roles = vec![schemas::api::Role::Admin.into()];
    let made = identity.create_user(&tenant, &third, hash, roles).await;
    assert!(made.unwrap());
    let (_, revision) = identity.user_at(&tenant, &third).await.unwrap().unwrap();
    let removed = identity.remove_user(&tenant, &third, revision).await;
    assert_eq!(removed.unwrap(), PersonChanged::Done);
    let session = sample(include_str!("samples/session.1.json"));
    identity.create_session(&tenant, &session).await.unwrap();
    let token = StoredToken {
        id: "0123456789abcdef".parse().unwrap(),
        secret_hash: String::new(),
        note: String::new(),
        created_by: "admin".to_owned(),
        created_at: at(0),
        expires_at: at(4_000_000_000),
        max_uses: 1,
        uses: 0,
        hosts: Vec::new(),
        revoked_at: None,
    };
    identity.create_token(&tenant, &token).await.unwrap();
    let host: schemas::HostId = "db-1".parse().unwrap();
    let new = NewAgent {
        public_key: "key".to_owned(),
        host: host.clone(),
        host_name: "db-1".to_owned(),
        platform: "linux".to_owned(),
        software: "0".to_owned(),
    };
    let enrolled = identity.enrol(&tenant, &token.id, &new).await.unwrap();
    let Enrolment::Enrolled(agent) = enrolled else {
        unreachable!("a valid token opens: {enrolled:?}");
    };
    let used = identity.use_nonce(&tenant, &agent.id, "nonce", 4_000_000_000);
    assert!(used.await.unwrap());
    let key = sample(include_str!("samples/api-key.1.json"));
    assert!(identity.create_api_key(&tenant, &key).await.unwrap());
    let rule = sample(include_str!("samples/trusted-build.1.json"));
    let trusted = identity.create_trusted_build(&tenant, &rule);
    assert!(trusted.await.unwrap());
    let provider = sample(include_str!("samples/identity-provider.1.json"));
    let put = identity.put_identity_provider(&tenant, &provider, None);
    assert!(put.await.unwrap().is_some());
    let hex = digest("token");
    let used = identity.use_token(&tenant, hex.hex(), 4_000_000_000);
    assert!(used.await.unwrap());
    let alert = Alert::of_agent("kind", &agent.id, &host, "", at(1), String::new());
    identity.raise(&tenant, &alert).await.unwrap();
}
