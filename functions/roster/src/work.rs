//! One delivery, from its work to its answer, on every host alike: a limit of time, panics that take nothing else with
//! them, repetition of what may succeed later, and dead letters for what will not.

use std::{sync::Arc, time::Duration};

use handlers::{Context, HandlerError, Verdict};
use platform::{
    Delivery, Message, Queue,
    patience::patiently,
    trace::{self, TraceContext},
};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tracing::Instrument as _;

use crate::Function;

/// Delay before a message that cannot succeed soon comes again for the first time, in seconds. An upgrade replaces functions
/// one after the other and takes minutes, as does an update of feeds. Each further delay is twice as long.
const LATER_DELAY_S: u32 = 120;
/// Deliveries after which what may succeed later waits as long as that: what a conflict or throttling held up has succeeded
/// by then, and what a service that is away holds up comes again for as long as outages are.
const SOON: u32 = 3;
/// The longest delay, in seconds.
const MAX_DELAY_S: u32 = 900;
/// Longest time that a delivery stays hidden while it is worked on, in seconds: it is kept hidden as long as the work lives,
/// so a message under which its function dies is back soon, where the time that its queue hides it for would be an hour or
/// more, and is given up within hours and not within a day.
const HIDDEN_S: u32 = 360;

/// How a host has deliveries answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Most time for the work on one message; the function's own limit counts when it is shorter.
    pub limit: Duration,
    /// Delay before a message that may succeed later comes again, in seconds; twice as long at the second and the third time,
    /// and minutes after that. 0 is at once, at each time.
    pub retry_delay_s: u32,
    /// Whether messages whose work is done are acknowledged here; otherwise the host does that by what it returns.
    pub acknowledges: bool,
}

/// How a delivery was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub verdict: Verdict,
    /// Whether the queue knows of it, or its host still has to acknowledge it. What is not settled is delivered again.
    pub settled: bool,
    /// How long it took.
    pub duration: Duration,
    /// Time from when the message was sent until its work began, in milliseconds.
    pub age_ms: u64,
}

impl Work {
    /// Handles one delivery and answers it. What cannot be answered is delivered again after its time-out.
    pub async fn answer(
        &self,
        context: &Arc<Context>,
        function: &'static Function,
        delivery: &Delivery,
    ) -> Answered {
        let id = delivery.message.id.as_str();
        // Ids begin with the tenant.
        let tenant = id.split_once('/').map_or("", |(tenant, _)| tenant);
        let trace = trace_of(delivery);
        let trace_id = trace.map(|trace| trace.trace_id());
        let span = tracing::info_span!("message", function = function.name, id, tenant, trace_id);
        let answer = self.answer_it(context, function, delivery);
        traced(trace, answer).instrument(span).await
    }

    async fn answer_it(
        &self,
        context: &Arc<Context>,
        function: &'static Function,
        delivery: &Delivery,
    ) -> Answered {
        let begun = Instant::now();
        let now_ms = context.platform.clock.now_ms();
        // A queue that does not say when it was sent says 0.
        let age_ms = match delivery.sent_at_ms {
            0 => 0,
            sent_at_ms => now_ms.saturating_sub(sent_at_ms),
        };
        let done = if delivery.receive_count > function.max_receives {
            // Whoever had it before did not live to answer: out of memory, or out of time.
            Err(HandlerError::Poison(
                format!(
                    "its function ended before it answered, {} times",
                    delivery.receive_count - 1
                )
                .into(),
            ))
        } else {
            let limit = self.limit.min(Duration::from_millis(function.timeout_ms));
            attend(context, function, delivery, limit).await
        };
        let (verdict, settled) = match done {
            Ok(()) => (Verdict::Done, self.done(context, delivery).await),
            Err(error) if error.is_retry() && delivery.receive_count < function.max_receives => {
                let delay_s = self.delay_s(&error, delivery.receive_count);
                (
                    Verdict::Again,
                    again(context, delivery, &error, delay_s).await,
                )
            }
            Err(error) => (
                Verdict::GivenUp,
                give_up(context, function, delivery, &error).await,
            ),
        };
        let duration = begun.elapsed();
        context
            .metrics
            .answered(function.name, verdict, duration, age_ms);
        Answered {
            verdict,
            settled,
            duration,
            age_ms,
        }
    }

    async fn done(&self, context: &Context, delivery: &Delivery) -> bool {
        let queue = &*context.platform.queue;
        !self.acknowledges || settled(patiently(async || queue.ack(delivery).await).await)
    }

    /// How long until a message comes again.
    fn delay_s(&self, error: &HandlerError, receive_count: u32) -> u32 {
        let soon = !matches!(error, HandlerError::Later(_));
        let (first_s, before) = match self.retry_delay_s {
            0 if soon => (0, 0),
            delay_s if soon && receive_count <= SOON => (delay_s, 0),
            delay_s if soon => (delay_s.max(LATER_DELAY_S), SOON),
            delay_s => (delay_s.max(LATER_DELAY_S), 0),
        };
        let doubled = 1_u32 << receive_count.saturating_sub(before + 1).min(9);
        first_s.saturating_mul(doubled).min(MAX_DELAY_S)
    }
}

async fn again(context: &Context, delivery: &Delivery, error: &HandlerError, delay_s: u32) -> bool {
    let reason = error.reason();
    tracing::info!(reason, delay_s, "again");
    let queue = &*context.platform.queue;
    settled(patiently(async || queue.release(delivery, delay_s).await).await)
}

async fn give_up(
    context: &Context,
    function: &Function,
    delivery: &Delivery,
    error: &HandlerError,
) -> bool {
    let reason = error.reason();
    tracing::error!(reason, "given up");
    if let Err(error) = function.handler.given_up(context, delivery, &reason).await {
        let reason = error.reason();
        tracing::warn!(reason, "whoever waits for it is not told");
    }
    let queue = &*context.platform.queue;
    settled(patiently(async || queue.dead_letter(delivery, &reason).await).await)
}

fn settled(answered: Result<(), platform::QueueError>) -> bool {
    if let Err(error) = &answered {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, "unanswered");
    }
    answered.is_ok()
}

/// Starts a function by its schedule, once.
///
/// # Errors
/// What its handler says, or that it took too long or broke off. The next start comes in its time.
pub async fn run_scheduled(
    context: &Arc<Context>,
    function: &'static Function,
    limit: Duration,
) -> Result<(), HandlerError> {
    let begun = Instant::now();
    let now_ms = context.platform.clock.now_ms();
    let delivery = Delivery {
        queue: String::new(),
        message: Message::new(function.name, "{}"),
        receipt: String::new(),
        receive_count: 1,
        first_received_at_ms: now_ms,
        sent_at_ms: now_ms,
    };
    let limit = limit.min(Duration::from_millis(function.timeout_ms));
    let done = within(context, function, &delivery, limit).await;
    let verdict = match &done {
        Ok(()) => Verdict::Done,
        Err(error) => {
            tracing::warn!(function = function.name, reason = error.reason(), "failed");
            Verdict::Again
        }
    };
    context
        .metrics
        .answered(function.name, verdict, begun.elapsed(), 0);
    done
}

/// Handles one delivery and keeps it hidden meanwhile.
async fn attend(
    context: &Arc<Context>,
    function: &'static Function,
    delivery: &Delivery,
    limit: Duration,
) -> Result<(), HandlerError> {
    let queue = &*context.platform.queue;
    // Before the work, which may end its host at once.
    if hidden_s(function) < function.visibility_timeout_s {
        hide(queue, delivery, hidden_s(function)).await;
    }
    let kept = keep_hidden(queue, function, delivery);
    tokio::select! {
        done = within(context, function, delivery, limit) => done,
        never = kept => match never {},
    }
}

/// Handles one delivery within a limit of time.
async fn within(
    context: &Arc<Context>,
    function: &'static Function,
    delivery: &Delivery,
    limit: Duration,
) -> Result<(), HandlerError> {
    let (of_work, message) = (Arc::clone(context), delivery.clone());
    // A task of its own: a panic in it is its own, too, and it ends when this is dropped.
    let mut work = JoinSet::new();
    // What is sent for it belongs to its trace.
    let trace = trace::current().or_else(TraceContext::fresh);
    work.spawn(
        async move {
            let handled = function.handler.handle(&of_work, &message);
            traced(trace, handled).await
        }
        .in_current_span(),
    );
    match timeout(limit, work.join_next()).await {
        Ok(Some(Ok(done))) => done,
        Ok(_) => Err(HandlerError::Retry("the function broke off".into())),
        Err(_) => Err(HandlerError::Retry(
            format!("it took longer than {} ms", limit.as_millis()).into(),
        )),
    }
}

/// The trace of a delivery; a fresh one where its sender had none.
fn trace_of(delivery: &Delivery) -> Option<TraceContext> {
    let carried = delivery.message.trace.as_deref();
    let carried = carried.and_then(|trace| trace.parse().ok());
    carried.or_else(TraceContext::fresh)
}

/// Does something in a trace, where there is one.
async fn traced<F: Future>(trace: Option<TraceContext>, what: F) -> F::Output {
    match trace {
        Some(trace) => trace::within(trace, what).await,
        None => what.await,
    }
}

async fn keep_hidden(
    queue: &dyn Queue,
    function: &Function,
    delivery: &Delivery,
) -> std::convert::Infallible {
    let hidden_s = hidden_s(function);
    let mut ticks = interval(Duration::from_secs(u64::from(hidden_s / 3).max(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        hide(queue, delivery, hidden_s).await;
    }
}

/// How long a delivery is hidden at once while it is worked on, in seconds.
fn hidden_s(function: &Function) -> u32 {
    function.visibility_timeout_s.min(HIDDEN_S)
}

async fn hide(queue: &dyn Queue, delivery: &Delivery, hidden_s: u32) {
    if let Err(error) = queue.extend(delivery, hidden_s).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "cannot keep a delivery hidden");
    }
}
