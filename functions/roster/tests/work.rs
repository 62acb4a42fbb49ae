//! Each way that the work on a message can end, and what then becomes of the message.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use handlers::{Context, FeedSources, Handler, HandlerError, Limits, Verdict, scan::Scan};
use platform::{Delivery, Embedded, ManualClock, Message, Receive};
use roster::{Answered, FUNCTIONS, Function, Needs, Trigger, Work};
use tokio::sync::Notify;

/// Does what the body of its message says.
struct Told;

#[async_trait]
impl Handler for Told {
    async fn handle(&self, _: &Context, delivery: &Delivery) -> Result<(), HandlerError> {
        match delivery.message.body.as_str() {
            "succeed" => Ok(()),
            "fail" => Err(HandlerError::Retry("the weather".into())),
            "poison" => Err(HandlerError::Poison("its content".into())),
            "hang" => std::future::pending().await,
            _ => std::panic::panic_any("a bug"),
        }
    }
}

/// Says that its work has begun, and never ends.
struct Begins;

static BEGUN: Notify = Notify::const_new();

#[async_trait]
impl Handler for Begins {
    async fn handle(&self, _: &Context, _: &Delivery) -> Result<(), HandlerError> {
        BEGUN.notify_one();
        std::future::pending().await
    }
}

const fn function(handler: &'static dyn Handler) -> Function {
    Function {
        name: "told",
        trigger: Trigger::Queue("told"),
        handler,
        batch_size: 10,
        timeout_ms: 60_000,
        visibility_timeout_s: 360,
        max_receives: 5,
        memory_mb: 128,
        needs: Needs::API,
    }
}

static TOLD: Function = function(&Told);
/// One that may take long, as `feed` and `registry`.
static LONG: Function = Function {
    timeout_ms: 900_000,
    visibility_timeout_s: 5_400,
    ..function(&Begins)
};
static SCAN: Function = function(&Scan);

const WORK: Work = Work {
    limit: Duration::from_millis(50),
    retry_delay_s: 2,
    acknowledges: true,
};

struct World {
    context: Arc<Context>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn with(bodies: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(1_780_000_000_000));
        let platform = Embedded::open(folder.path().join("store"), clock.clone()).unwrap();
        let messages = bodies.iter().map(|body| Message::new(*body, *body));
        let failed = platform.queue.send("told", messages.collect()).await;
        assert!(failed.unwrap().is_empty());
        Self {
            context: Arc::new(Context::new(platform, FeedSources::None, Limits::default())),
            clock,
            _folder: folder,
        }
    }

    async fn receive(&self) -> Vec<Delivery> {
        let how = Receive {
            visibility_timeout_s: 360,
            // The work gives up by itself.
            max_receives: 100,
            ..Receive::default()
        };
        let queue = &self.context.platform.queue;
        queue.receive("told", how).await.unwrap()
    }

    /// Answers the one message there is.
    async fn answer(&self, work: Work, function: &'static Function) -> Answered {
        let deliveries = self.receive().await;
        let [delivery] = deliveries.as_slice() else {
            panic!("{deliveries:?}")
        };
        work.answer(&self.context, function, delivery).await
    }

    /// Waiting, in flight or delayed, and dead.
    async fn depth(&self) -> (u64, u64) {
        let depth = self.context.platform.queue.depth("told").await.unwrap();
        (depth.ready + depth.in_flight + depth.delayed, depth.dead)
    }

    async fn reason(&self) -> String {
        let queue = &self.context.platform.queue;
        let mut dead = queue.list_dead("told", 10, None).await.unwrap().letters;
        dead.pop().unwrap().reason
    }
}

#[tokio::test]
async fn what_succeeds_goes_away() {
    let world = World::with(&["succeed"]).await;
    world.clock.advance_ms(1500);
    let answered = world.answer(WORK, &TOLD).await;
    assert_eq!((answered.verdict, answered.settled), (Verdict::Done, true));
    assert_eq!(answered.age_ms, 1500);
    assert_eq!(world.depth().await, (0, 0));
}

#[tokio::test]
async fn a_host_that_acknowledges_itself_still_has_to() {
    let world = World::with(&["succeed"]).await;
    let by_host = Work {
        acknowledges: false,
        ..WORK
    };
    let answered = world.answer(by_host, &TOLD).await;
    assert_eq!(answered.verdict, Verdict::Done);
    assert_eq!(world.depth().await, (1, 0));
}

#[tokio::test]
async fn what_may_succeed_later_comes_again_later_each_time_and_dies_at_the_last() {
    for body in ["fail", "hang", "break"] {
        let world = World::with(&[body]).await;
        for delay_s in [2, 4, 8, 120] {
            let answered = world.answer(WORK, &TOLD).await;
            assert_eq!((answered.verdict, answered.settled), (Verdict::Again, true));
            world.clock.advance_ms((delay_s - 1) * 1000);
            assert_eq!(
                world.receive().await,
                [],
                "{body} after less than {delay_s} s"
            );
            world.clock.advance_ms(1000);
        }
        assert_eq!(world.answer(WORK, &TOLD).await.verdict, Verdict::GivenUp);
        assert_eq!(world.depth().await, (0, 1), "{body}");
        let reason = world.reason().await;
        let expected = match body {
            "fail" => "the weather",
            "hang" => "longer than 50 ms",
            _ => "broke off",
        };
        assert!(reason.contains(expected), "{reason}");
        let count = world.context.metrics.of("told");
        assert_eq!((count.messages, count.failures, count.given_up), (5, 4, 1));
    }
}

#[tokio::test]
async fn an_outage_of_two_hours_gives_nothing_up() {
    let of_queues = FUNCTIONS
        .iter()
        .filter(|function| matches!(function.trigger, Trigger::Queue(_)));
    let failing: &'static Function = Box::leak(Box::new(Function {
        max_receives: of_queues
            .map(|function| function.max_receives)
            .min()
            .unwrap(),
        ..function(&Told)
    }));
    let world = World::with(&["fail"]).await;
    let mut deliveries = world.receive().await;
    let mut delays_s = Vec::new();
    while WORK
        .answer(&world.context, failing, &deliveries[0])
        .await
        .verdict
        == Verdict::Again
    {
        let mut delay_s = 0;
        deliveries = Vec::new();
        while deliveries.is_empty() {
            let step_s = if delay_s < 10 { 1 } else { 10 };
            world.clock.advance_ms(step_s * 1000);
            delay_s += step_s;
            assert!(delay_s <= 900, "{delays_s:?}");
            deliveries = world.receive().await;
        }
        delays_s.push(delay_s);
    }
    // What is over in a moment is not waited for longer than that.
    assert_eq!(delays_s[..6], [2, 4, 8, 120, 240, 480]);
    let whole_s: u64 = delays_s.iter().sum();
    assert!(whole_s > 2 * 3_600, "{whole_s} s");
}

#[tokio::test]
async fn what_never_succeeds_dies_at_once_and_its_neighbours_live() {
    let world = World::with(&["poison", "succeed"]).await;
    for delivery in world.receive().await {
        WORK.answer(&world.context, &TOLD, &delivery).await;
    }
    assert_eq!(world.depth().await, (0, 1));
    assert_eq!(world.reason().await, "its content");
}

#[tokio::test]
async fn what_ended_its_host_at_every_delivery_is_not_tried_once_more() {
    let world = World::with(&["break"]).await;
    let mut delivery = world.receive().await.remove(0);
    delivery.receive_count = TOLD.max_receives + 1;
    let answered = WORK.answer(&world.context, &TOLD, &delivery).await;
    assert_eq!(answered.verdict, Verdict::GivenUp);
    let reason = world.reason().await;
    assert!(
        reason.contains("ended before it answered, 5 times"),
        "{reason}"
    );
}

/// The host of a long function dies in the middle: the message is not hidden for as long as the work might have taken.
#[tokio::test]
async fn what_ended_the_host_of_a_long_function_comes_again_soon() {
    let world = World::with(&["hang"]).await;
    let how = Receive {
        visibility_timeout_s: LONG.visibility_timeout_s,
        ..Receive::default()
    };
    let queue = &world.context.platform.queue;
    let deliveries = queue.receive("told", how).await.unwrap();
    let unlimited = Work {
        limit: Duration::MAX,
        ..WORK
    };
    let context = Arc::clone(&world.context);
    let work = tokio::spawn(async move {
        unlimited.answer(&context, &LONG, &deliveries[0]).await;
    });
    BEGUN.notified().await;
    work.abort();
    world.clock.advance_ms(359_000);
    assert!(world.receive().await.is_empty(), "it may be worked on");
    world.clock.advance_ms(1_000);
    assert_eq!(world.receive().await.len(), 1);
}

#[tokio::test]
async fn a_message_of_a_later_version_waits_for_its_reader() {
    let body = r#"{"type":"transmute","tenant":"acme"}"#;
    let world = World::with(&[]).await;
    let queue = &world.context.platform.queue;
    let sent = queue.send("told", vec![Message::new("acme/1", body)]).await;
    assert!(sent.unwrap().is_empty());
    let mut waited_s = 0;
    for delay_s in [120, 240, 480, 900] {
        let answered = world.answer(WORK, &SCAN).await;
        assert_eq!(answered.verdict, Verdict::Again);
        world.clock.advance_ms((delay_s - 1) * 1000);
        assert_eq!(world.receive().await, []);
        world.clock.advance_ms(1000);
        waited_s += delay_s;
    }
    // Longer than a deployment takes.
    assert!(waited_s >= 25 * 60);
    assert_eq!(world.answer(WORK, &SCAN).await.verdict, Verdict::GivenUp);
    let reason = world.reason().await;
    assert!(
        reason.contains("no message of type \"transmute\""),
        "{reason}"
    );
}
