//! From an estate to its monthly bill: events of a month, each with what it was measured to ask, by the price list.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use records::estate_top::LARGE_BYTES;
use roster::FUNCTIONS;

use crate::{
    count::{Counts, Event, float, plus, times},
    measure::{Growing, Measured},
    settings::{Assumptions, Prices},
};

/// Days of a month.
const DAYS: f64 = 30.0;
/// Bytes of a GB, as it is billed.
const GB: f64 = 1_073_741_824.0;
/// Bytes of a MB.
const MB: f64 = 1_000_000.0;
/// Memory that has one processor, in MB. Source: AWS Lambda Developer Guide, "Configure Lambda function memory".
const MB_OF_A_PROCESSOR: f64 = 1_769.0;
/// Bytes that one read unit holds.
const READ_UNIT_BYTES: f64 = 4_096.0;
/// As `handlers` folds: states are at least so many, and this part of the base.
const FOLD_AT: f64 = 64.0;
const PART_OF_BASE: f64 = 16.0;
/// Name of the function that answers HTTP.
const API: &str = "api";

/// The services, in the order of the table.
pub const SERVICES: [&str; 9] = [
    "HTTP API",
    "Lambda",
    "DynamoDB",
    "S3",
    "SQS",
    "KMS",
    "CloudWatch",
    "Scheduler",
    "Transfer",
];

/// A month's bill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// Hosts of the estate.
    pub hosts: f64,
    /// Images of the estate.
    pub images: f64,
    /// Findings of the estate, each vulnerability of a place once.
    pub findings: f64,
    /// What stands still, whatever the estate.
    pub standing: f64,
    /// USD by service.
    pub by_service: BTreeMap<&'static str, f64>,
    /// USD by reason, without what stands still and what is stored.
    pub by_reason: BTreeMap<&'static str, f64>,
}

impl Bill {
    /// The whole.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.by_service.values().sum()
    }

    /// USD for each host beyond what stands still.
    #[must_use]
    pub fn per_host(&self) -> f64 {
        (self.total() - self.standing) / self.hosts
    }
}

struct Model<'a> {
    prices: &'a Prices,
    assumed: &'a Assumptions,
    measured: &'a Measured,
    bill: Bill,
    invocations: f64,
    /// Bytes of blobs that a month stores: each is replaced or deleted one day, and kept for a while then.
    stored_bytes: f64,
}

/// The bill of an estate of so many hosts.
///
/// # Errors
/// When something that the model needs was not measured.
pub fn bill(
    hosts: f64,
    prices: &Prices,
    assumed: &Assumptions,
    measured: &Measured,
) -> Result<Bill> {
    let images = hosts * assumed.images.per_host;
    let places = hosts + images;
    let mut model = Model {
        prices,
        assumed,
        measured,
        bill: Bill {
            hosts,
            images,
            findings: places * measured.sizes.findings_of_a_place,
            ..Bill::default()
        },
        invocations: 0.0,
        stored_bytes: 0.0,
    };
    model.standing();
    model.hosts()?;
    model.feeds(places)?;
    model.people(places)?;
    model.folds(places)?;
    model.starts()?;
    model.stored(hosts, images);
    Ok(model.bill)
}

impl Model<'_> {
    fn event(&self, name: &str) -> Result<Event> {
        let event = self.measured.events.get(name);
        Ok(event
            .with_context(|| format!("the event {name} was not measured"))?
            .clone())
    }

    fn growing(&self, name: &str) -> Result<Growing> {
        let growing = self.measured.growing.get(name);
        Ok(growing
            .with_context(|| format!("the event {name} was not measured"))?
            .clone())
    }

    fn pay(&mut self, service: &'static str, usd: f64) {
        *self.bill.by_service.entry(service).or_default() += usd;
    }

    fn standing(&mut self) {
        let (prices, standing) = (self.prices, &self.assumed.standing);
        let cloudwatch = standing.metrics * prices.cloudwatch.metric_month
            + standing.alarms * prices.cloudwatch.alarm_month
            + standing.dashboards * prices.cloudwatch.dashboard_month;
        let polls = standing.queues * standing.idle_receives * prices.sqs.request;
        let keys = standing.keys * prices.kms.key_month;
        let feeds = &self.assumed.feeds;
        let feed_mb = self.memory_mb("feed");
        let compile = DAYS
            * feeds.refreshes
            * feeds.compile_seconds
            * (feed_mb / 1024.0)
            * prices.lambda.gb_second;
        let starts = DAYS
            * (86_400.0 / standing.fold_every_s + feeds.refreshes)
            * prices.scheduler.invocation;
        self.pay("CloudWatch", cloudwatch);
        self.pay("SQS", polls);
        self.pay("KMS", keys);
        self.pay("Lambda", compile);
        self.pay("Scheduler", starts);
        self.bill.standing = self.bill.total();
    }

    /// An event so many times a month, for a reason.
    fn happens(&mut self, reason: &'static str, event: &Event, count: f64) {
        let before = self.bill.total();
        for (function, counts) in event {
            self.runs(function, counts.times(count), 0.0);
        }
        let paid = self.bill.total() - before;
        *self.bill.by_reason.entry(reason).or_default() += paid;
    }

    fn memory_mb(&self, function: &str) -> f64 {
        let known = FUNCTIONS.iter().find(|known| known.name == function);
        known.map_or(self.assumed.functions.api_memory_mb, |known| {
            f64::from(known.memory_mb)
        })
    }

    /// A function does so much in a month, and so many milliseconds of it are known otherwise.
    fn runs(&mut self, function: &str, all: Counts, more_ms: f64) {
        let prices = self.prices;
        let running = &self.assumed.functions;
        let at_once = running.messages_at_once.max(1.0);
        let invocations = if function == API {
            all.http_requests
        } else {
            all.messages / at_once
        };
        let memory_mb = self.memory_mb(function);
        let slower = (MB_OF_A_PROCESSOR / memory_mb).max(1.0);
        let bytes = all.stored_bytes + all.read_bytes;
        let busy_ms = (all.compute_ms.max(0.0) + more_ms) * running.compute_factor * slower
            + all.table_requests * running.table_ms
            + all.blob_reads * running.blob_read_ms
            + all.blob_writes * running.blob_write_ms
            + all.sends * running.send_ms
            + all.key_requests * running.key_ms
            + bytes / MB / running.blob_mb_per_s * 1_000.0;
        let gb_seconds = busy_ms / 1_000.0 * memory_mb / 1_024.0;
        let log_gb = invocations * running.log_bytes / GB;
        let keys =
            all.key_requests + (all.blob_reads + all.blob_writes) * self.assumed.standing.key_share;
        let kept = prices.cloudwatch.stored_gb_month * self.assumed.standing.log_days / DAYS;
        self.invocations += invocations;
        self.stored_bytes += all.stored_bytes;
        self.pay("HTTP API", all.http_requests * prices.http_api.request);
        self.pay(
            "Lambda",
            invocations * prices.lambda.request + gb_seconds * prices.lambda.gb_second,
        );
        self.pay(
            "DynamoDB",
            all.read_units * prices.dynamodb.read_unit
                + all.write_units * prices.dynamodb.write_unit,
        );
        self.pay(
            "S3",
            all.blob_writes * prices.s3.write + all.blob_reads * prices.s3.read,
        );
        // A message is sent, received and deleted; the last two are shared by those of one invocation.
        let queue = all.sends + 2.0 * all.messages / at_once;
        self.pay("SQS", queue * prices.sqs.request);
        self.pay("KMS", keys * prices.kms.request);
        self.pay(
            "CloudWatch",
            log_gb * (prices.cloudwatch.ingested_gb + kept),
        );
        self.pay("Transfer", all.answer_bytes / GB * prices.transfer.out_gb);
    }

    fn hosts(&mut self) -> Result<()> {
        let hosts = self.bill.hosts * DAYS;
        let day = &self.assumed.host;
        for (reason, name, count) in [
            ("heartbeats", "heartbeat", day.heartbeats),
            ("changes of hosts", "host_changed", day.inventory_changes),
            ("containers", "containers_changed", day.container_changes),
            ("what did not change", "host_told_again", day.told_again),
            (
                "what did not change",
                "image_told_again",
                day.images_told_again * day.images_held,
            ),
            ("new images", "image_new", day.new_images),
            ("new images", "image_elsewhere", day.known_images),
        ] {
            let event = self.event(name)?;
            self.happens(reason, &event, hosts * count);
        }
        Ok(())
    }

    fn feeds(&mut self, places: f64) -> Result<()> {
        let feeds = self.assumed.feeds.clone();
        for (name, share, publications) in [
            (
                "feed_concerns_nothing",
                feeds.places_concerned,
                feeds.publications,
            ),
            ("feed_adds_a_finding", feeds.places_changed, 0.0),
        ] {
            let growing = self.growing(name)?;
            self.happens("feeds", &growing.fixed, DAYS * publications);
            self.happens("feeds", &growing.per_place, DAYS * share * places);
        }
        let looked = Counts {
            read_units: feeds.name_read_units * places,
            ..Counts::default()
        };
        let looked = Event::from([("scan".to_owned(), looked)]);
        self.happens("feeds", &looked, DAYS * feeds.publications);
        let epss = self.growing("epss")?;
        self.happens("EPSS", &epss.fixed, DAYS * feeds.epss);
        self.index("EPSS", "score", &epss.per_place, places, DAYS * feeds.epss);
        Ok(())
    }

    /// What is done for each place where the whole index is read or written: bytes, and the time that these take.
    fn index(
        &mut self,
        reason: &'static str,
        function: &str,
        per_place: &Event,
        places: f64,
        count: f64,
    ) {
        let counts = per_place.get(function).copied().unwrap_or_default();
        let size = self.measured.sizes.index_of_a_place;
        // A small site's places are more alike than those of a large one: the size is that of a place by itself.
        let measured = counts.stored_bytes.max(counts.read_bytes).max(1.0);
        let larger = (size / measured).max(1.0);
        let all = Counts {
            stored_bytes: counts.stored_bytes * larger,
            read_bytes: counts.read_bytes * larger,
            compute_ms: 0.0,
            ..counts
        }
        .times(places);
        let touched_mb = (all.stored_bytes + all.read_bytes) / MB;
        let more_ms = touched_mb * self.assumed.functions.index_ms_per_mb;
        let before = self.bill.total();
        self.runs(function, all.times(count), more_ms * count);
        let paid = self.bill.total() - before;
        *self.bill.by_reason.entry(reason).or_default() += paid;
    }

    fn people(&mut self, places: f64) -> Result<()> {
        let people = self.assumed.people.clone();
        let days = DAYS * (people.fixed + self.bill.hosts / people.hosts_per_person);
        let sign_in = self.event("sign_in")?;
        let place = self.event("findings_of_a_place")?;
        let again = self.event("list_again")?;
        let first = self.growing("list_first")?;
        let lists = days * people.lists;
        let firsts = lists * people.lists_first;
        self.happens("people", &sign_in, days * people.sign_ins);
        self.happens("people", &place, days * people.places);
        if self.index_bytes(places) >= float(LARGE_BYTES) {
            let begin = self.event("list_of_a_large_estate")?;
            self.happens("people", &begin, lists);
            // The page of a place asks the index itself.
            self.index(
                "people",
                API,
                &first.per_place,
                places,
                days * people.places * people.index_read,
            );
        } else {
            self.happens("people", &again, lists - firsts);
            self.happens("people", &first.fixed, firsts);
            self.index("people", API, &first.per_place, places, firsts);
        }
        Ok(())
    }

    /// Bytes of the estate index.
    fn index_bytes(&self, places: f64) -> f64 {
        places * self.measured.sizes.index_of_a_place
    }

    /// States that come are folded into the index's base, where they are many and a part of it, and are told in the lists
    /// of a large estate meanwhile: both at most once at each tick.
    fn folds(&mut self, places: f64) -> Result<()> {
        let day = &self.assumed.host;
        let feeds = &self.assumed.feeds;
        let states = DAYS
            * (self.bill.hosts * (day.container_changes + day.inventory_changes + day.new_images)
                + places * feeds.places_changed);
        let ticks = DAYS * 86_400.0 / self.assumed.standing.fold_every_s;
        // A tick finds something when a state came since the one before; they come at any time.
        let busy = ticks * (1.0 - (-states / ticks).exp());
        let state_bytes = self.measured.sizes.state_of_a_place;
        let part = self.index_bytes(places) / PART_OF_BASE;
        let wait_for = part.max(FOLD_AT * state_bytes) + states / ticks * state_bytes;
        let folds = (states * state_bytes / wait_for).min(busy);
        let nothing = self.growing("fold_nothing")?;
        let one = self.growing("fold_one")?;
        let all = self.growing("fold_all")?;
        self.happens("folds", &nothing.fixed, ticks);
        self.happens("folds", &one.fixed, folds);
        self.index("folds", "score", &one.per_place, places, folds);
        // What each state costs beside the base.
        let mut per_state = plus(&all.per_place, &times(&one.per_place, -1.0));
        for counts in per_state.values_mut() {
            counts.compute_ms = counts.compute_ms.max(0.0);
        }
        self.happens("folds", &per_state, states);
        // At each busy tick what waits is read.
        let waiting = Counts {
            read_units: wait_for / 2.0 / READ_UNIT_BYTES,
            ..Counts::default()
        };
        let waiting = Event::from([("score".to_owned(), waiting)]);
        self.happens("folds", &waiting, busy);
        if self.index_bytes(places) >= float(LARGE_BYTES) {
            let lists = self.event("lists_are_written")?;
            self.happens("folds", &lists, busy - folds);
            let ranked_ms = self.index_bytes(places) / MB * self.assumed.functions.rank_ms_per_mb;
            let before = self.bill.total();
            self.runs("score", Counts::default(), ranked_ms * busy);
            let paid = self.bill.total() - before;
            *self.bill.by_reason.entry("folds").or_default() += paid;
        }
        Ok(())
    }

    /// Instances that begin.
    fn starts(&mut self) -> Result<()> {
        let running = self.assumed.functions.clone();
        let mut start = plus(&self.event("api_starts")?, &self.event("worker_starts")?);
        for counts in start.values_mut() {
            counts.compute_ms += running.start_ms;
        }
        let count = self.invocations * running.starts;
        self.happens("starts", &start, count);
        Ok(())
    }

    fn stored(&mut self, hosts: f64, images: f64) {
        let (prices, sizes) = (self.prices, &self.measured.sizes);
        let (day, standing) = (&self.assumed.host, &self.assumed.standing);
        let places = hosts + images;
        let records = places * sizes.records_of_a_place + hosts * day.images_held * 2.0 * 300.0;
        let a_day = day.inventory_changes
            + day.container_changes
            + day.told_again * 2.0
            + day.images_told_again * day.images_held
            + day.new_images
            + day.known_images;
        let envelopes = hosts * a_day * standing.envelope_days * sizes.envelope;
        let documents = places * sizes.documents_of_a_place
            + images * self.assumed.images.own_layers * sizes.layer
            + places * sizes.index_of_a_place;
        let history = self.stored_bytes * standing.history_days / DAYS;
        let records_gb = records / GB;
        self.pay(
            "DynamoDB",
            records_gb * (prices.dynamodb.stored_gb_month + prices.dynamodb.recovery_gb_month),
        );
        self.pay(
            "S3",
            (envelopes + documents + history) / GB * prices.s3.stored_gb_month,
        );
    }
}
