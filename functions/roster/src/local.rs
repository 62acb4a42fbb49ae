//! Runs the functions in this process: polls each queue with some workers, and starts what is on a schedule.

use std::{sync::Arc, time::Duration};

use handlers::Context;
use platform::Receive;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{FUNCTIONS, Function, Trigger, Work, run_scheduled};

/// Pause after a poll that found nothing and did not wait.
const SHORT_PAUSE: Duration = Duration::from_millis(10);
/// Pause after a poll that failed.
const PAUSE: Duration = Duration::from_millis(250);

/// How to run.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// Messages of one queue that are worked on at once.
    pub workers: usize,
    /// Delay before a message that may succeed later comes again, in seconds, as in [`Work`](crate::Work).
    pub retry_delay_s: u32,
    /// How long a poll waits for messages, in seconds, up to 20; a stop takes as long.
    pub wait_s: u32,
    /// Whether functions on a schedule are started too.
    pub schedules: bool,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            retry_delay_s: 2,
            wait_s: 1,
            schedules: true,
        }
    }
}

/// The functions as they run. Dropping this stops them without waiting.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Takes no more messages, and waits until those under way are answered.
    pub async fn stop(mut self) {
        // Nobody listens any more only when all have ended.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts every function of the list in this process.
pub fn run_local(context: Arc<Context>, options: LocalOptions) -> Running {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for function in &FUNCTIONS {
        let (context, options, stopped) = (Arc::clone(&context), options.clone(), stopped.clone());
        match function.trigger {
            Trigger::Queue(queue) => {
                tasks.spawn(poll(context, function, queue, options, stopped));
            }
            Trigger::Schedule { every_s } if options.schedules => {
                tasks.spawn(tick(context, function, every_s, stopped));
            }
            Trigger::Schedule { .. } => {}
        }
    }
    Running { stop, tasks }
}

async fn poll(
    context: Arc<Context>,
    function: &'static Function,
    queue: &'static str,
    options: LocalOptions,
    stopped: watch::Receiver<bool>,
) {
    let workers = u32::try_from(options.workers.clamp(1, 1024)).unwrap_or(1);
    let free = Arc::new(Semaphore::new(workers as usize));
    let answering = Work {
        limit: Duration::MAX,
        retry_delay_s: options.retry_delay_s,
        acknowledges: true,
    };
    let mut work = JoinSet::new();
    while !*stopped.borrow() {
        while work.try_join_next().is_some() {}
        // The first free worker, and as many more as are free by now.
        let Ok(first) = Arc::clone(&free).acquire_owned().await else {
            return;
        };
        let more = u32::try_from(free.available_permits()).unwrap_or(0);
        let how = Receive {
            max: (more + 1).min(function.batch_size),
            visibility_timeout_s: function.visibility_timeout_s,
            wait_s: options.wait_s.min(20),
            max_receives: function.max_receives,
        };
        let mut first = Some(first);
        match context.platform.queue.receive(queue, how).await {
            Ok(deliveries) => {
                if deliveries.is_empty() && options.wait_s == 0 {
                    sleep(SHORT_PAUSE).await;
                }
                for delivery in deliveries {
                    let permit = match first.take() {
                        Some(first) => first,
                        // Only this task takes permits, so there are as many as were asked for.
                        None => match Arc::clone(&free).acquire_owned().await {
                            Ok(permit) => permit,
                            Err(_) => return,
                        },
                    };
                    let context = Arc::clone(&context);
                    work.spawn(async move {
                        answering.answer(&context, function, &delivery).await;
                        drop(permit);
                    });
                }
            }
            Err(error) => {
                tracing::warn!(
                    queue,
                    error = &error as &dyn std::error::Error,
                    "cannot receive"
                );
                sleep(PAUSE).await;
            }
        }
    }
    while work.join_next().await.is_some() {}
}

/// Starts a function on its schedule.
async fn tick(
    context: Arc<Context>,
    function: &'static Function,
    every_s: u32,
    mut stopped: watch::Receiver<bool>,
) {
    let mut ticks = interval(Duration::from_secs(u64::from(every_s.max(1))));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = ticks.tick() => {}
        }
        // What it failed by is in the log, and the next tick comes.
        let _ = run_scheduled(&context, function, Duration::MAX).await;
    }
}

/// Runs the functions until no queue has a message left that is not a dead letter, or the time is over; says whether none
/// is left.
pub async fn drain(context: Arc<Context>, options: LocalOptions, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    let queue = Arc::clone(&context.platform.queue);
    let running = run_local(context, options);
    let mut empty = 0;
    // A message on its way from one queue to the next is in neither only before it was acknowledged, so two looks agree.
    while empty < 2 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
        let mut left = 0;
        for name in records::messages::QUEUES {
            match queue.depth(name).await {
                Ok(depth) => left += depth.ready + depth.in_flight + depth.delayed,
                Err(_) => left += 1,
            }
        }
        empty = if left == 0 { empty + 1 } else { 0 };
    }
    running.stop().await;
    empty >= 2
}
