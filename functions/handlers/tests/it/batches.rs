//! Many fixes at once are told once each, whoever puts them together: several at once, or others after one that broke off
//! between any two calls of the table.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use handlers::{Context, FeedSources, Limits};
use notification::gather;
use platform::{
    BatchWrite, Condition, Delivery, Embedded, Index, Item, Key, ManualClock, Message, Page,
    Platform, QueryPage, Receive, SortRange, Table, TableError, Write,
    weather::{Forecast, Weather},
};
use records::{
    Channels, Deliveries, DeliveryRecord, PlaceRecord, Places,
    identity::Identity,
    messages::{NotifyMessage, QueueMessage as _},
    place_changes::ChangeRecord,
};
use roster::FUNCTIONS;
use schemas::{
    Severity, TenantId, Timestamp,
    notification::{NotificationEvent, NotifiedFix, NotifiedPlace, PlaceChange},
};
use serde_json::json;
use tokio::{sync::Notify, time::sleep};

use crate::notify::record;

const T0: u64 = 1_795_000_000_000;
const HOSTS: [&str; 2] = ["a", "b"];

/// A table on which everything stops for ever before one call.
struct Stopping {
    inner: Arc<dyn Table>,
    calls: AtomicU32,
    stops_at: u32,
    stopped: Notify,
}

impl Stopping {
    async fn pass<T>(&self, call: impl Future<Output = T> + Send) -> T {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if number < self.stops_at {
            return call.await;
        }
        self.stopped.notify_one();
        pending().await
    }
}

#[async_trait]
impl Table for Stopping {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.pass(self.inner.get(key)).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.pass(self.inner.get_many(keys)).await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<u64, TableError> {
        self.pass(self.inner.put(item, condition)).await
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<(), TableError> {
        self.pass(self.inner.delete(key, condition)).await
    }

    async fn query(
        &self,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        self.pass(self.inner.query(partition, range, page)).await
    }

    async fn query_index(
        &self,
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<QueryPage, TableError> {
        let found = self.inner.query_index(index, partition, range, page);
        self.pass(found).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.pass(self.inner.transact(writes)).await
    }

    async fn write_batch(&self, writes: Vec<BatchWrite>) -> Result<Vec<BatchWrite>, TableError> {
        self.pass(self.inner.write_batch(writes)).await
    }
}

/// A tenant with channels, and changes that were told to none of them.
struct Site {
    platform: Platform,
    clock: Arc<ManualClock>,
    limits: Limits,
    tenant: TenantId,
    _folder: tempfile::TempDir,
}

impl Site {
    /// With so many fixes that are new on each of both hosts, every other of them high.
    async fn new(fixes: usize, messages_per_minute: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(T0));
        let platform = Embedded::open(folder.path(), Arc::clone(&clock) as _).unwrap();
        let tenant: TenantId = "acme".parse().unwrap();
        let identity = Identity::new(platform.clone());
        identity.create_tenant(&tenant).await.unwrap();
        let site = Self {
            platform,
            clock,
            limits: Limits {
                quiet_s: 0,
                messages_per_minute,
                ..Limits::default()
            },
            tenant,
            _folder: folder,
        };
        for id in ["all", "edited"] {
            site.channel(id, None).await;
        }
        site.channel("severe", Some(Severity::High)).await;
        for host in HOSTS {
            let mut before = None;
            let numbers: Vec<usize> = (0..fixes).collect();
            for numbers in numbers.chunks(15) {
                let changes = numbers.iter().map(|number| change(host, *number)).collect();
                let digest = records::digest(b"");
                let record = json!({"version": 1, "place": format!("host/{host}"), "name": host, "revision": 0,
                    "generation": 1, "content": digest, "findings": "", "scanned_at": at(), "summary": {"total": 0,
                    "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0, "fixable": 0,
                    "cannot_judge": 0}, "coverage": "complete", "packages": 0});
                let record: PlaceRecord = serde_json::from_value(record).unwrap();
                let place = record.place.clone();
                let document = json!({"version": 1, "place": place, "generation": 1,
                    "coverage": {"status": "complete", "gaps": []}});
                let document = serde_json::from_value(document).unwrap();
                let places = Places(&site.platform);
                let put = places.put_telling(
                    &site.tenant,
                    before.as_ref(),
                    record,
                    document,
                    &[],
                    changes,
                );
                put.await.unwrap().unwrap();
                before = places.get(&site.tenant, &place).await.unwrap();
            }
        }
        site
    }

    async fn channel(&self, id: &str, least: Option<Severity>) {
        let channels = Channels(&self.platform);
        let id = id.parse().unwrap();
        let before = channels.get(&self.tenant, &id).await.unwrap();
        let new = [NotificationEvent::FindingsNew];
        let url = "https://hooks.example.invalid/x".to_owned();
        let mut channel = record(&self.platform, &self.tenant, id.as_str(), url, &new).await;
        channel.wants.conditions.min_severity = least;
        let revision = before.map(|(_, revision)| revision);
        let put = channels.put(&self.tenant, &channel, revision).await;
        assert!(put.unwrap());
    }

    fn context(&self, platform: Platform) -> Context {
        Context::new(platform, FeedSources::None, self.limits.clone())
    }

    /// One message to gather, handled as often as it comes.
    async fn gather(&self, context: &Context) {
        let mut body = gather_message(&self.tenant);
        let notify = FUNCTIONS.iter().find(|one| one.name == "notify").unwrap();
        while let Err(error) = notify.handler.handle(context, &body).await {
            assert!(body.receive_count < 500, "{error:?}");
            body.receive_count += 1;
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Gathers until a call of the table at which everything stops; `false` when it was done before.
    async fn gather_until(&self, stops_at: u32) -> bool {
        let table = Arc::new(Stopping {
            inner: Arc::clone(&self.platform.table),
            calls: AtomicU32::new(0),
            stops_at,
            stopped: Notify::new(),
        });
        let context = self.context(Platform {
            table: Arc::clone(&table) as _,
            ..self.platform.clone()
        });
        tokio::select! {
            () = self.gather(&context) => false,
            () = table.stopped.notified() => true,
        }
    }

    /// Does what is due but for the deliveries themselves, until a minute after nothing more comes.
    async fn settle(&self) -> Vec<String> {
        let context = self.context(self.platform.clone());
        let notify = FUNCTIONS.iter().find(|one| one.name == "notify").unwrap();
        let mut asked = Vec::new();
        for _ in 0..4 {
            loop {
                let queue = &self.platform.queue;
                let found = queue.receive("notify", Receive::default()).await.unwrap();
                if found.is_empty() {
                    break;
                }
                for delivery in found {
                    match NotifyMessage::from_body(&delivery.message.body).unwrap() {
                        NotifyMessage::Deliver { delivery, .. } => asked.push(delivery.to_string()),
                        _ => notify.handler.handle(&context, &delivery).await.unwrap(),
                    }
                    queue.ack(&delivery).await.unwrap();
                }
            }
            self.clock.advance_ms(61_000);
        }
        asked
    }

    async fn deliveries(&self, channel: &str) -> Vec<DeliveryRecord> {
        let id = channel.parse().unwrap();
        let deliveries = Deliveries(&self.platform);
        let list = deliveries.list(&self.tenant, &id, 1000, None).await;
        list.unwrap().records
    }

    /// How often a channel is told of each vulnerability in each place, whatever the ids of the messages.
    async fn told(&self, channel: &str, asked: &[String]) -> BTreeMap<(String, String), u32> {
        let mut told = BTreeMap::new();
        for delivery in self.deliveries(channel).await {
            let id = delivery.id.to_string();
            assert!(asked.contains(&id), "nobody tries {id}");
            assert_eq!(delivery.notification.more_vulnerabilities, 0);
            for place in &delivery.notification.places {
                for known in &delivery.notification.vulnerabilities {
                    let of = (place.place.to_string(), known.id.to_string());
                    *told.entry(of).or_insert(0) += 1;
                }
            }
        }
        told
    }

    /// Each channel is told of everything that it wants, once.
    async fn expect_told_once(&self, fixes: usize, how: &str) {
        let asked = self.settle().await;
        for (channel, step) in [("all", 1), ("severe", 2)] {
            let wanted = (0..fixes).step_by(step);
            let each = wanted.flat_map(|n| HOSTS.map(|h| ((format!("host/{h}"), id(n)), 1)));
            let told = self.told(channel, &asked).await;
            assert_eq!(told, each.collect(), "{channel}, {how}");
        }
        // What it wants changed while it was being told.
        for (what, times) in self.told("edited", &asked).await {
            assert_eq!(times, 1, "{what:?}, {how}");
        }
        let changes = records::PlaceChanges(&self.platform);
        assert_eq!(changes.some(&self.tenant).await.unwrap(), [], "{how}");
        let left = changes.drafts(&self.tenant).await.unwrap();
        assert!(left.is_empty(), "{how}");
    }
}

fn at() -> Timestamp {
    Timestamp::from_ms(i64::try_from(T0).unwrap())
}

fn id(number: usize) -> String {
    format!("CVE-2026-{number:04}")
}

fn change(host: &str, number: usize) -> ChangeRecord {
    let severity = if number.is_multiple_of(2) {
        "high"
    } else {
        "low"
    };
    let change = PlaceChange {
        event: NotificationEvent::FindingsNew,
        fix: Some(NotifiedFix {
            package: format!("package-{number}"),
            ..NotifiedFix::default()
        }),
        place: NotifiedPlace {
            place: format!("host/{host}").parse().unwrap(),
            name: host.to_owned(),
            installed_version: Some("1".to_owned()),
        },
        vulnerabilities: vec![
            serde_json::from_value(json!({"id": id(number), "severity": severity})).unwrap(),
        ],
        more_vulnerabilities: 0,
        rest: Vec::new(),
    };
    ChangeRecord {
        version: 1,
        group: gather::group(&change, &[]),
        at: at(),
        change,
        collections: Vec::new(),
    }
}

fn gather_message(tenant: &TenantId) -> Delivery {
    let gather = NotifyMessage::Gather {
        tenant: tenant.clone(),
    };
    let message: Message = gather.to_message().unwrap();
    Delivery {
        queue: "notify".to_owned(),
        message,
        receipt: String::new(),
        receive_count: 1,
        first_received_at_ms: 0,
        sent_at_ms: 0,
    }
}

/// Some who gather at once.
async fn together(site: &Arc<Site>, number: usize, platform: &Platform) {
    let all = (0..number).map(|_| {
        let (site, context) = (Arc::clone(site), site.context(platform.clone()));
        tokio::spawn(async move { site.gather(&context).await })
    });
    for done in futures::future::join_all(all).await {
        done.unwrap();
    }
}

/// Fewer fixes than elsewhere, since each call has a site of its own. One of the channels is told a digest, another single
/// messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gathers_may_break_off_anywhere() {
    const FIXES: usize = 4;
    let mut stopped_at = 0;
    for stops_at in 1.. {
        let site = Arc::new(Site::new(FIXES, 3).await);
        let is_stopped = site.gather_until(stops_at).await;
        site.channel("edited", Some(Severity::High)).await;
        together(&site, 2, &site.platform).await;
        let how = format!("stopped before call {stops_at}");
        site.expect_told_once(FIXES, &how).await;
        if !is_stopped {
            break;
        }
        stopped_at = stops_at;
    }
    assert!(stopped_at > 20, "there is much to break off at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_who_gather_at_once_in_any_weather_tell_of_each_fix_once() {
    const FIXES: usize = 30;
    for seed in 0..6 {
        let site = Arc::new(Site::new(FIXES, Limits::default().messages_per_minute).await);
        // One begins, and is never heard of again.
        let stops_at = 20 + 17 * u32::try_from(seed).unwrap();
        site.gather_until(stops_at).await;
        let weather = Weather::over(site.platform.clone(), Forecast::storm(seed));
        together(&site, 4, &weather).await;
        site.expect_told_once(FIXES, &format!("seed {seed}")).await;
    }
}
