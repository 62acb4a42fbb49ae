//! sweep: what queues gave up by themselves becomes dead letters before its time there is over.
//!
//! A message under which its function never lived to answer goes to the queue's own dead letters in the end, and these go
//! away with time: SQS counts its 14 days from when the message was sent. Among the others they stay until a person decides.

use async_trait::async_trait;
use futures::future::join_all;
use platform::{Delivery, MAX_GATHERED, Platform};
use records::{RecordError, messages::QUEUES};

use crate::{Context, Handler, HandlerError};

/// Most looks at one queue in one run: five thousand messages. What is left is for the next.
const LOOKS: usize = 10;

/// The scheduled function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep;

#[async_trait]
impl Handler for Sweep {
    async fn handle(&self, context: &Context, _tick: &Delivery) -> Result<(), HandlerError> {
        // A queue that cannot be asked keeps none of the others from being swept.
        let swept = join_all(QUEUES.map(|queue| async move {
            let (moved, done) = sweep(&context.platform, queue).await;
            if moved > 0 {
                // As if its function had given them up: nobody else tells of them once they are no longer where they were.
                context.metrics.given_up(queue, moved);
                tracing::error!(queue, messages = moved, "given up by the queue itself");
            }
            done
        }));
        for done in swept.await {
            done?;
        }
        Ok(())
    }
}

/// Sweeps one queue, and says how many messages it moved, also where it could not go on.
async fn sweep(platform: &Platform, queue: &'static str) -> (u64, Result<(), RecordError>) {
    let mut moved = 0;
    for _ in 0..LOOKS {
        let more = match platform.queue.gather_dead(queue).await {
            Ok(more) => more,
            Err(error) => return (moved, Err(RecordError::Queue(queue, error))),
        };
        moved += more;
        if more < MAX_GATHERED {
            break;
        }
    }
    (moved, Ok(()))
}
