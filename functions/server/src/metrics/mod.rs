//! Metrics of a server for Prometheus, on an address of their own, since whoever may read them is not who may use the API.
//!
//! Numbers are kept where they arise, and a scrape only reads them. No tenant is a label: there may be thousands.

mod exposition;

use std::{sync::Arc, time::Duration};

use api::ApiState;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handlers::Context;
use platform::{Platform, meter::Meter};
use records::{Feeds, messages::QUEUES};
use schemas::Timestamp;

use exposition::{CONTENT_TYPE, Exposition, Kind::Counter, Kind::Gauge};

/// What a scrape reads.
pub(crate) struct Observed {
    /// The functions, and the platform under them.
    pub(crate) context: Arc<Context>,
    /// What was asked of the platform.
    pub(crate) meter: Arc<Meter>,
    /// The API.
    pub(crate) state: ApiState,
}

/// The router of the address for metrics.
pub(crate) fn router(observed: Observed) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .fallback(async || (StatusCode::NOT_FOUND, "see /metrics\n"))
        .with_state(Arc::new(observed))
}

async fn scrape(State(observed): State<Arc<Observed>>) -> Response {
    let mut text = Exposition::default();
    let platform = &observed.context.platform;
    process(&mut text);
    requests(&mut text, &observed.state);
    functions(&mut text, &observed.context);
    operations(&mut text, &observed.meter);
    // What cannot be read is said, and the rest is shown: a scrape is needed most when something fails.
    let unread = [
        ("queues", !queues(&mut text, platform).await),
        ("feeds", !feeds(&mut text, platform).await),
    ];
    let mut metric = text.metric(
        "bulkhead_scrape_incomplete",
        Gauge,
        "1 where the platform did not say what this scrape should show.",
    );
    for (part, missing) in unread {
        metric.whole(&[("part", part)], u64::from(missing));
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.finish()).into_response()
}

fn process(text: &mut Exposition) {
    text.metric(
        "bulkhead_build_info",
        Gauge,
        "Which version runs; always 1.",
    )
    .whole(
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", api::COMMIT.unwrap_or("unknown")),
        ],
        1,
    );
    // Linux tells; elsewhere there is none.
    if let Some(bytes) = resident_bytes() {
        text.metric(
            "process_resident_memory_bytes",
            Gauge,
            "Resident memory of the process.",
        )
        .whole(&[], bytes);
    }
}

/// Resident memory, from `VmRSS` of `/proc/self/status` (proc_pid_status(5)), which counts kibibytes.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn requests(text: &mut Exposition, state: &ApiState) {
    let all: Vec<_> = state
        .requests()
        .all()
        .into_iter()
        .map(|(answered, count)| (answered.status.to_string(), answered, count))
        .collect();
    let mut metric = text.metric(
        "bulkhead_http_requests_total",
        Counter,
        "Requests that the API answered, by declared path and status.",
    );
    for (status, answered, count) in &all {
        let labels = [
            ("method", answered.method),
            ("path", answered.path.as_str()),
            ("status", status.as_str()),
        ];
        metric.whole(&labels, count.requests);
    }
    let mut metric = text.metric(
        "bulkhead_http_request_seconds_total",
        Counter,
        "Time that these requests took together.",
    );
    for (status, answered, count) in &all {
        let labels = [
            ("method", answered.method),
            ("path", answered.path.as_str()),
            ("status", status.as_str()),
        ];
        metric.seconds(&labels, Duration::from_micros(count.took_us));
    }
}

fn functions(text: &mut Exposition, context: &Context) {
    let counts: Vec<_> = roster::FUNCTIONS
        .iter()
        .map(|function| (function.name, context.metrics.of(function.name)))
        .collect();
    type Read = fn(&handlers::Count) -> u64;
    let numbers: [(&'static str, &str, Read); 4] = [
        (
            "bulkhead_function_messages_total",
            "Messages that a function answered, whatever the answer, and runs of its schedule.",
            |count| count.messages,
        ),
        (
            "bulkhead_function_failures_total",
            "Of these: those that come again, since they may succeed later.",
            |count| count.failures,
        ),
        (
            "bulkhead_function_given_up_total",
            "Of these: those that became dead letters.",
            |count| count.given_up,
        ),
        (
            "bulkhead_function_items_total",
            "What a function went through, such as the packages that `scan` matched.",
            |count| count.items,
        ),
    ];
    for (name, help, read) in numbers {
        let mut metric = text.metric(name, Counter, help);
        for (function, count) in &counts {
            metric.whole(&[("function", function)], read(count));
        }
    }
    let mut metric = text.metric(
        "bulkhead_function_seconds_total",
        Counter,
        "Time that a function took for all of them.",
    );
    for (function, count) in &counts {
        let took = Duration::from_millis(count.duration_ms);
        metric.seconds(&[("function", function)], took);
    }
    let mut metric = text.metric(
        "bulkhead_function_message_age_seconds",
        Gauge,
        "How long the last message had waited when a function began with it.",
    );
    for (function, count) in &counts {
        let age = Duration::from_millis(count.age_ms);
        metric.seconds(&[("function", function)], age);
    }
}

fn operations(text: &mut Exposition, meter: &Meter) {
    let snapshot = meter.snapshot();
    type Read = fn(&platform::meter::Count) -> u64;
    let numbers: [(&'static str, &str, Read); 4] = [
        (
            "bulkhead_platform_calls_total",
            "Calls of the platform's ports.",
            |count| count.calls,
        ),
        (
            "bulkhead_platform_failures_total",
            "Of these: those that failed; a condition that does not hold is one.",
            |count| count.failures,
        ),
        (
            "bulkhead_platform_sent_bytes_total",
            "Bytes of content that they stored or sent.",
            |count| count.sent_bytes,
        ),
        (
            "bulkhead_platform_received_bytes_total",
            "Bytes of content that they read.",
            |count| count.received_bytes,
        ),
    ];
    for (name, help, read) in numbers {
        let mut metric = text.metric(name, Counter, help);
        for (operation, count) in snapshot.iter() {
            let labels = [
                ("port", operation.port().as_str()),
                ("operation", operation.as_str()),
            ];
            metric.whole(&labels, read(&count));
        }
    }
    let mut metric = text.metric(
        "bulkhead_platform_seconds_total",
        Counter,
        "Time that they took together.",
    );
    for (operation, count) in snapshot.iter() {
        let labels = [
            ("port", operation.port().as_str()),
            ("operation", operation.as_str()),
        ];
        metric.seconds(&labels, Duration::from_micros(count.took_us));
    }
}

/// How full the queues are; says whether all could be asked.
async fn queues(text: &mut Exposition, platform: &Platform) -> bool {
    let asked = QUEUES.map(|queue| async move { (queue, platform.queue.depth(queue).await) });
    let mut depths = Vec::new();
    let mut whole = true;
    for asked in asked {
        match asked.await {
            (queue, Ok(depth)) => depths.push((queue, depth)),
            (_, Err(_)) => whole = false,
        }
    }
    let mut metric = text.metric(
        "bulkhead_queue_messages",
        Gauge,
        "Messages of a queue: ready to be worked on, being worked on, or waiting for their time.",
    );
    for (queue, depth) in &depths {
        for (state, number) in [
            ("ready", depth.ready),
            ("in_flight", depth.in_flight),
            ("delayed", depth.delayed),
        ] {
            metric.whole(&[("queue", queue), ("state", state)], number);
        }
    }
    let mut metric = text.metric(
        "bulkhead_dead_letters",
        Gauge,
        "Messages that were given up and wait for a person.",
    );
    for (queue, depth) in &depths {
        metric.whole(&[("queue", queue)], depth.dead);
    }
    whole
}

/// How old the advisories are; says whether that could be read.
async fn feeds(text: &mut Exposition, platform: &Platform) -> bool {
    let feeds = Feeds(platform);
    let (Ok(current), Ok(states), Ok(downloads)) = (
        feeds.current().await,
        feeds.states().await,
        feeds.downloads().await,
    ) else {
        return false;
    };
    let now_ms = platform.clock.now_ms();
    let age = |then: Timestamp| {
        let then_ms = u64::try_from(then.as_ms()).unwrap_or(0);
        Duration::from_millis(now_ms.saturating_sub(then_ms))
    };
    text.metric(
        "bulkhead_advisories_generation",
        Gauge,
        "Number of the generation of advisories in use, 0 before the first.",
    )
    .whole(&[], current.map_or(0, |current| current.record.id));
    let mut metric = text.metric(
        "bulkhead_feed_age_seconds",
        Gauge,
        "Time since a feed's documents were last read, and its publisher asked, without an error.",
    );
    for state in &states {
        if let Some(good_at) = state.good_at {
            let labels = [("feed", state.feed.as_str()), ("step", "read")];
            metric.seconds(&labels, age(good_at));
        }
    }
    for download in &downloads {
        if let Some(good_at) = download.good_at {
            let labels = [("feed", download.name.as_str()), ("step", "download")];
            metric.seconds(&labels, age(good_at));
        }
    }
    let mut metric = text.metric(
        "bulkhead_feed_failing",
        Gauge,
        "1 where the last look at a feed failed; what was read before stays in use.",
    );
    for state in &states {
        let labels = [("feed", state.feed.as_str()), ("step", "read")];
        metric.whole(&labels, u64::from(state.error.is_some()));
    }
    for download in &downloads {
        let labels = [("feed", download.name.as_str()), ("step", "download")];
        metric.whole(&labels, u64::from(download.error.is_some()));
    }
    let mut metric = text.metric(
        "bulkhead_feed_held",
        Gauge,
        "Documents of a feed that are held back because they shrank, until a person takes them.",
    );
    for download in &downloads {
        metric.whole(&[("feed", &download.name)], download.held.len() as u64);
    }
    true
}
