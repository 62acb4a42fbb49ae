//! What is wrong with feeds, agents, registries and queues is told when it begins and when it ends, once each; and no channel
//! is sent more than it may be within a minute.

use std::{io::Read as _, sync::Arc};

use handlers::{Context, FeedSources, Limits};
use notification::gather;
use platform::{
    Condition, Delivery, Embedded, FolderLake, Item, Key, ManualClock, Message, Platform, Receive,
    meter::{Meter, Port, metered},
};
use records::{
    Channels, Collections, Feeds, PlaceChanges, Registries,
    feeds::FeedState,
    identity::{Enrolment, Identity, NewAgent, StoredToken},
    messages::{self, NotifyMessage, QueueMessage as _},
    place_changes::DraftRecord,
    registries::RunPart,
};
use roster::{FUNCTIONS, Trigger};
use schemas::{
    AgentId, TenantId, Timestamp,
    api::{
        collection::CollectionText,
        notification::{ChannelTarget, DeliveryState},
    },
    collection::CollectionParts,
    notification::{NotificationEvent, NotifiedFix, NotifiedPlace, PlaceChange},
};
use serde_json::{Value, json};
use sources::http::Guard;

use crate::notify::{Listener, record};

const T0: u64 = 1_795_000_000_000;
const MINUTE_MS: u64 = 60_000;

/// A tenant whose clock stands still until a test moves it.
struct Site {
    platform: Platform,
    clock: Arc<ManualClock>,
    context: Context,
    tenant: TenantId,
    listener: Listener,
    folder: tempfile::TempDir,
}

impl Site {
    async fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(T0));
        let mut platform =
            Embedded::open(folder.path().join("store"), Arc::clone(&clock) as _).unwrap();
        let lake = FolderLake::open(&folder.path().join("lake")).unwrap();
        platform.lake = Some(Arc::new(lake));
        let tenant: TenantId = "acme".parse().unwrap();
        let identity = Identity::new(platform.clone());
        identity.create_tenant(&tenant).await.unwrap();
        let token = StoredToken {
            id: "tests".parse().unwrap(),
            secret_hash: String::new(),
            note: String::new(),
            created_by: "tests".to_owned(),
            created_at: Timestamp::from_ms(0),
            expires_at: "9000-01-01T00:00:00Z".parse().unwrap(),
            hosts: Vec::new(),
            max_uses: 1000,
            uses: 0,
            revoked_at: None,
        };
        identity.create_token(&tenant, &token).await.unwrap();
        let context = Context::new(platform.clone(), FeedSources::None, limits)
            .with_guard(Guard::of_list("127.0.0.0/8").unwrap());
        Self {
            platform,
            clock,
            context,
            tenant,
            listener: Listener::new().await,
            folder,
        }
    }

    /// A channel that wants these.
    async fn channel(&self, id: &str, events: &[NotificationEvent], collections: &[&str]) {
        let url = format!("{}/{id}", self.listener.address);
        let mut channel = record(&self.platform, &self.tenant, id, url, events).await;
        let ids = collections.iter().map(|id| id.parse().unwrap());
        channel.wants.collections = ids.collect();
        let channels = Channels(&self.platform);
        assert!(channels.put(&self.tenant, &channel, None).await.unwrap());
    }

    async fn agent(&self, host: &str) -> AgentId {
        let new = NewAgent {
            public_key: format!("key-of-{host}-{}", self.clock_ms()),
            host: host.parse().unwrap(),
            host_name: format!("{host}.example.org"),
            platform: "linux/amd64".to_owned(),
            software: "0".to_owned(),
        };
        let token = "tests".parse().unwrap();
        let identity = Identity::new(self.platform.clone());
        match identity.enrol(&self.tenant, &token, &new).await.unwrap() {
            Enrolment::Enrolled(agent) => agent.id,
            other => panic!("{other:?}"),
        }
    }

    fn clock_ms(&self) -> u64 {
        use platform::Clock as _;
        self.clock.now_ms()
    }

    async fn heard(&self, agent: &AgentId) {
        let identity = Identity::new(self.platform.clone());
        let found = identity.agent_with_version(&self.tenant, agent).await;
        let (agent, version) = found.unwrap().unwrap();
        identity.seen(&agent, version).await.unwrap();
    }

    /// Looks once, and does all that is due.
    async fn watch(&self) {
        let watch = FUNCTIONS.iter().find(|one| one.name == "watch").unwrap();
        watch.handler.handle(&self.context, &tick()).await.unwrap();
        self.work().await;
    }

    /// Does all that is due.
    async fn work(&self) {
        loop {
            let mut worked = false;
            for function in &FUNCTIONS {
                let Trigger::Queue(queue) = function.trigger else {
                    continue;
                };
                let found = self.platform.queue.receive(queue, Receive::default()).await;
                for delivery in found.unwrap() {
                    let done = function.handler.handle(&self.context, &delivery).await;
                    done.unwrap();
                    self.platform.queue.ack(&delivery).await.unwrap();
                    worked = true;
                }
            }
            if !worked {
                return;
            }
        }
    }

    /// What a channel was sent, as JSON, since the last call.
    fn told(&self, channel: &str) -> Vec<Value> {
        let arrived = self.listener.take(&format!("/{channel}"));
        let bodies = arrived.iter().map(|(_, _, body)| body);
        bodies
            .map(|body| serde_json::from_slice(body).unwrap())
            .collect()
    }
}

fn events(told: &[Value]) -> Vec<String> {
    let mut events: Vec<_> = told
        .iter()
        .map(|body| {
            let subjects = body["data"]["subjects"].as_array().unwrap();
            let ids = subjects.iter().map(|one| one["id"].as_str().unwrap());
            format!(
                "{}: {}",
                body["type"].as_str().unwrap(),
                ids.collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    events.sort();
    events
}

fn feed(site: &Site, error: Option<&str>) -> FeedState {
    let now = Timestamp::from_ms(i64::try_from(site.clock_ms()).unwrap());
    FeedState {
        version: 1,
        feed: "debian-tracker".to_owned(),
        documents: Vec::new(),
        rows: 1,
        as_of: None,
        good_at: error.is_none().then_some(now),
        checked_at: now,
        error: error.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_trouble_is_told_once_when_it_begins_and_once_when_it_ends() {
    let site = Site::new(Limits::default()).await;
    let agents = [site.agent("a").await, site.agent("b").await];
    Feeds(&site.platform)
        .put_state(&feed(&site, None))
        .await
        .unwrap();
    site.channel("all", &NotificationEvent::CHOSEN, &[]).await;
    site.channel("new", &[NotificationEvent::FindingsNew], &[])
        .await;
    site.watch().await;
    assert!(site.told("all").is_empty(), "nothing is wrong");

    // All agents fall silent: that is one message, and the feed's own is another.
    site.clock.advance_ms(61 * MINUTE_MS);
    let failed = feed(&site, Some("tracker.json: it is an error page"));
    Feeds(&site.platform).put_state(&failed).await.unwrap();
    let message = Message::new("acme/lost", "{}");
    let queue = &site.platform.queue;
    assert!(queue.send("scan", vec![message]).await.unwrap().is_empty());
    let found = queue.receive("scan", Receive::default()).await.unwrap();
    queue.dead_letter(&found[0], "no such place").await.unwrap();
    site.watch().await;
    let told = site.told("all");
    assert_eq!(
        events(&told),
        [
            "agent.silent: a b",
            "dead_letters.waiting: scan",
            "feed.failed: debian-tracker"
        ]
    );
    let text = serde_json::to_string(&told).unwrap();
    assert!(text.contains("it is an error page") && text.contains("a.example.org"));
    assert!(site.told("new").is_empty(), "it asked for none of this");

    // While it lasts nothing is told again.
    for _ in 0..3 {
        site.clock.advance_ms(5 * MINUTE_MS);
        site.watch().await;
    }
    assert_eq!(site.told("all"), Vec::<Value>::new());

    // One agent is heard of, the feed is read, the letter is forgotten.
    site.heard(&agents[0]).await;
    Feeds(&site.platform)
        .put_state(&feed(&site, None))
        .await
        .unwrap();
    queue
        .purge_dead("scan", platform::Which::All)
        .await
        .unwrap();
    site.watch().await;
    assert_eq!(
        events(&site.told("all")),
        [
            "agent.heard: a",
            "dead_letters.cleared: scan",
            "feed.recovered: debian-tracker"
        ]
    );

    // Who is taken out is neither silent nor heard of again; what comes back begins anew.
    let identity = Identity::new(site.platform.clone());
    identity
        .revoke_agent(&site.tenant, &agents[1])
        .await
        .unwrap();
    site.watch().await;
    assert_eq!(site.told("all"), Vec::<Value>::new());
    site.clock.advance_ms(61 * MINUTE_MS);
    site.watch().await;
    assert_eq!(events(&site.told("all")), ["agent.silent: a"]);
    // A host that is enrolled anew is heard of.
    site.agent("a").await;
    site.watch().await;
    assert_eq!(events(&site.told("all")), ["agent.heard: a"]);

    // A feed that nobody reads any more is old.
    site.clock.advance_ms(50 * 60 * MINUTE_MS);
    site.watch().await;
    let old = events(&site.told("all"));
    assert!(old.contains(&"feed.failed: debian-tracker".to_owned()));
}

#[tokio::test]
async fn a_registry_that_fails_is_told_and_is_right_again_only_after_a_whole_look() {
    let site = Site::new(Limits::default()).await;
    site.channel("all", &NotificationEvent::CHOSEN, &[]).await;
    let settings = json!({"name": "Harbor", "kind": "harbor", "address": "registry.example.org",
        "scope": {"repositories": ["team/app"]}, "every_hours": 6, "enabled": true});
    let record = json!({"version": 1, "id": "0a1b2c3d4e5f6071", "settings": settings, "created_at": "2026-01-01T00:00:00Z",
        "created_by": "t", "updated_at": "2026-01-01T00:00:00Z", "updated_by": "t"});
    let record: records::RegistryRecord = serde_json::from_value(record).unwrap();
    let registries = Registries(&site.platform);
    let put = registries.put(&site.tenant, &record, None).await;
    put.unwrap();
    let look = async |problem: Option<&str>| {
        let began = Timestamp::from_ms(i64::try_from(site.clock_ms()).unwrap());
        let (tenant, id) = (&site.tenant, &record.id);
        registries.begin_run(tenant, id, began).await.unwrap();
        site.clock.advance_ms(1000);
        let list = RunPart {
            name: "?".to_owned(),
            repositories: 1,
            ..RunPart::default()
        };
        registries.note_run(tenant, id, began, &list).await.unwrap();
        let repository = RunPart {
            name: "team/app".to_owned(),
            done: 1,
            problem: problem.map(str::to_owned),
            ..RunPart::default()
        };
        let noted = registries.note_run(tenant, id, began, &repository);
        noted.await.unwrap();
    };
    look(Some("team/app: unauthorized")).await;
    site.watch().await;
    let told = site.told("all");
    assert_eq!(events(&told), ["registry.failed: 0a1b2c3d4e5f6071"]);
    assert_eq!(told[0]["data"]["subjects"][0]["name"], "Harbor");
    look(Some("team/app: unauthorized")).await;
    site.watch().await;
    assert!(site.told("all").is_empty(), "it fails still");
    look(None).await;
    site.watch().await;
    assert!(site.told("all").is_empty(), "more of the look may come");
    site.clock.advance_ms(5 * MINUTE_MS);
    site.watch().await;
    let told = site.told("all");
    assert_eq!(events(&told), ["registry.recovered: 0a1b2c3d4e5f6071"]);
}

#[tokio::test]
async fn more_agents_than_a_transaction_has_room_for_are_told_of_all() {
    let site = Site::new(Limits::default()).await;
    for number in 0..205 {
        site.agent(&format!("h{number}")).await;
    }
    site.channel("all", &NotificationEvent::CHOSEN, &[]).await;
    site.clock.advance_ms(61 * MINUTE_MS);
    site.watch().await;
    let told = site.told("all");
    assert_eq!(told.len(), 1);
    let data = &told[0]["data"];
    let named = data["subjects"].as_array().unwrap().len() as u64;
    assert_eq!(named + data["more_subjects"].as_u64().unwrap(), 205);
    site.clock.advance_ms(5 * MINUTE_MS);
    site.watch().await;
    assert!(site.told("all").is_empty());
}

#[tokio::test]
async fn who_is_limited_to_a_collection_hears_of_its_agents_only() {
    let site = Site::new(Limits::default()).await;
    for host in ["shop-1", "shop-2", "bank-1"] {
        site.agent(host).await;
    }
    let text = CollectionText {
        name: "Shop".to_owned(),
        description: String::new(),
        parts: CollectionParts {
            hosts: vec!["shop-*".to_owned()],
            ..CollectionParts::default()
        },
    };
    let id = "shop".parse().unwrap();
    let at = Timestamp::from_ms(0);
    let collection = records::CollectionRecord::new(id, text, at, "t");
    let collections = Collections(&site.platform);
    let put = collections.put(&site.tenant, &collection, None).await;
    put.unwrap();
    let silent = [NotificationEvent::AgentSilent];
    site.channel("shop", &silent, &["shop"]).await;
    site.channel("gone", &silent, &["no-such-collection"]).await;
    site.channel("all", &silent, &[]).await;
    site.clock.advance_ms(61 * MINUTE_MS);
    site.watch().await;
    assert_eq!(events(&site.told("shop")), ["agent.silent: shop-1 shop-2"]);
    assert!(site.told("gone").is_empty());
    // To who is not limited what was gathered apart is one message.
    let told = site.told("all");
    assert_eq!(told.len(), 1, "{told:?}");
    let named = told[0]["data"]["subjects"].as_array().unwrap();
    assert_eq!(named.len(), 3);
}

/// The tick of a schedule.
fn tick() -> Delivery {
    Delivery {
        queue: String::new(),
        message: Message::new("tick", "{}"),
        receipt: String::new(),
        receive_count: 1,
        first_received_at_ms: 0,
        sent_at_ms: 0,
    }
}

#[tokio::test]
async fn each_tenant_is_looked_at_by_itself_and_who_asks_for_nothing_costs_one_read() {
    let site = Site::new(Limits::default()).await;
    let identity = Identity::new(site.platform.clone());
    let channel = async |tenant: &str, event| {
        let tenant: TenantId = tenant.parse().unwrap();
        identity.create_tenant(&tenant).await.unwrap();
        let url = format!("{}/{tenant}", site.listener.address);
        let channel = record(&site.platform, &tenant, "one", url, &[event]).await;
        let channels = Channels(&site.platform);
        assert!(channels.put(&tenant, &channel, None).await.unwrap());
    };
    channel("asks", NotificationEvent::FeedFailed).await;
    // The record of one channel cannot be read, and comes before that of the tenant that asks.
    let damaged: TenantId = "a-damaged".parse().unwrap();
    identity.create_tenant(&damaged).await.unwrap();
    let key = Key::new("t/a-damaged/notification-channels", "one");
    let item = Item::new(key, "{");
    let put = site.platform.table.put(item, Condition::None).await;
    put.unwrap();

    let watch = FUNCTIONS.iter().find(|one| one.name == "watch").unwrap();
    let looked = async || {
        let meter = Arc::new(Meter::new());
        let platform = metered(site.platform.clone(), Arc::clone(&meter));
        let context = Context::new(platform, FeedSources::None, Limits::default());
        let done = watch.handler.handle(&context, &tick()).await;
        assert!(done.is_err(), "the operator is told of what cannot be read");
        let mut asked = Vec::new();
        for delivery in site
            .platform
            .queue
            .receive("notify", Receive::default())
            .await
            .unwrap()
        {
            match NotifyMessage::from_body(&delivery.message.body).unwrap() {
                NotifyMessage::Watch { tenant } => asked.push(tenant.to_string()),
                other => panic!("{other:?}"),
            }
            site.platform.queue.ack(&delivery).await.unwrap();
        }
        (asked, meter.snapshot().port(Port::Table).calls)
    };
    let (asked, before) = looked().await;
    assert_eq!(asked, ["asks"]);
    channel("quiet", NotificationEvent::FindingsNew).await;
    let (asked, after) = looked().await;
    assert_eq!((asked, after - before), (vec!["asks".to_owned()], 1));

    // What is wrong is told to each that asks.
    site.channel("all", &NotificationEvent::CHOSEN, &[]).await;
    let state = feed(&site, Some("it is an error page"));
    Feeds(&site.platform).put_state(&state).await.unwrap();
    assert!(watch.handler.handle(&site.context, &tick()).await.is_err());
    site.work().await;
    for channel in ["all", "asks"] {
        let told = events(&site.told(channel));
        assert_eq!(told, ["feed.failed: debian-tracker"], "{channel}");
    }
    assert!(site.told("quiet").is_empty());
}

/// A sealed draft of a fix of its own.
async fn fix(site: &Site, number: usize) {
    let at = Timestamp::from_ms(i64::try_from(site.clock_ms()).unwrap());
    let change = PlaceChange {
        event: NotificationEvent::FindingsNew,
        fix: Some(NotifiedFix {
            package: format!("package-{number}"),
            ..NotifiedFix::default()
        }),
        place: NotifiedPlace {
            place: "host/a".parse().unwrap(),
            name: "a".to_owned(),
            installed_version: Some("1".to_owned()),
        },
        vulnerabilities: vec![
            serde_json::from_value(
                json!({"id": format!("CVE-2026-{number:04}"), "severity": "high"}),
            )
            .unwrap(),
        ],
        more_vulnerabilities: 0,
        rest: Vec::new(),
    };
    let group = gather::group(&change, &[]);
    let draft = DraftRecord {
        version: 1,
        group,
        sealed: true,
        last_at: at,
        notification: gather::begin(&site.tenant, &format!("n-{number}"), at, &change),
    };
    let changes = PlaceChanges(&site.platform);
    let put = changes.put_draft(&site.tenant, None, draft).await;
    put.unwrap().unwrap();
    let gather = NotifyMessage::Gather {
        tenant: site.tenant.clone(),
    };
    messages::send(&site.platform, &[gather]).await.unwrap();
    site.work().await;
}

#[tokio::test]
async fn beyond_its_bound_a_channel_is_sent_one_message_that_sums_up_the_others() {
    let limits = Limits {
        messages_per_minute: 5,
        ..Limits::default()
    };
    let site = Site::new(limits).await;
    site.channel("all", &NotificationEvent::CHOSEN, &[]).await;
    // Fixes that come one after the other, as a feed finds them in place after place.
    for number in 0..40 {
        fix(&site, number).await;
    }
    let told = site.told("all");
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(
        told.iter()
            .all(|one| one["data"].get("summed_up").is_none())
    );
    // The minute is over.
    site.clock.advance_ms(MINUTE_MS + 1000);
    site.work().await;
    let told = site.told("all");
    assert_eq!(told.len(), 1, "{told:?}");
    let data = &told[0]["data"];
    assert_eq!(data["summed_up"], 35);
    let ids = data["vulnerabilities"].as_array().unwrap();
    assert_eq!(ids.len(), 35, "nothing is lost");
    assert!(ids.iter().any(|one| one["package"] == "package-39"));
    let id = "all".parse().unwrap();
    let deliveries = records::Deliveries(&site.platform);
    let list = deliveries.list(&site.tenant, &id, 100, None).await.unwrap();
    let title = &list.records[0].title;
    assert!(
        list.records
            .iter()
            .any(|one| one.title.contains("35 messages in one")),
        "{title}"
    );

    // The next ones are messages of their own again, and nothing is sent twice.
    fix(&site, 50).await;
    assert_eq!(site.told("all").len(), 1);
    site.clock.advance_ms(5 * MINUTE_MS);
    site.work().await;
    assert!(site.told("all").is_empty());
}

#[tokio::test]
async fn an_event_lies_where_the_operator_s_tools_read_it_once() {
    let site = Site::new(Limits::default()).await;
    let new = [NotificationEvent::FindingsNew];
    let mut channel = record(&site.platform, &site.tenant, "lake", String::new(), &new).await;
    channel.target = ChannelTarget::OcsfStore;
    channel.secrets = None;
    let channels = Channels(&site.platform);
    let put = channels.put(&site.tenant, &channel, None).await;
    assert!(put.unwrap());
    fix(&site, 1).await;
    let deliveries = records::Deliveries(&site.platform);
    let list = deliveries.list(&site.tenant, &channel.id, 10, None).await;
    let [delivery] = &list.unwrap().records[..] else {
        panic!("one delivery");
    };
    assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
    let key = format!(
        "ocsf/class=2002/region=local/tenant=acme/day=20261118/{}.json.gz",
        delivery.id
    );
    assert_eq!(delivery.result.as_deref(), Some(&*format!("put as {key}")));
    let file = site.folder.path().join("lake").join(key);
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["class_uid"], 2002);
    assert_eq!(
        lines[0]["vulnerabilities"][0]["cve"]["uid"],
        "CVE-2026-0001"
    );
}
