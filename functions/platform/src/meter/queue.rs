//! The queue, counted.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Count, Meter, Operation, rules};
use crate::ports::{
    DeadPage, Delivery, Depth, Message, Queue, QueueError, Receive, SendFailure, Which,
};

pub(super) struct MeteredQueue {
    pub(super) inner: Arc<dyn Queue>,
    pub(super) meter: Arc<Meter>,
}

fn bytes<'a>(messages: impl IntoIterator<Item = &'a Message>) -> u64 {
    let sizes = messages.into_iter().map(|message| message.body.len());
    sizes.sum::<usize>() as u64
}

fn requests(requests: u64) -> Count {
    Count {
        requests,
        ..Count::default()
    }
}

impl MeteredQueue {
    fn add<T>(
        &self,
        operation: Operation,
        begun: Instant,
        done: Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let failed = done.is_err();
        self.meter.add(operation, begun, failed, requests(1));
        done
    }
}

#[async_trait]
impl Queue for MeteredQueue {
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError> {
        let begun = Instant::now();
        let cost = Count {
            requests: rules::sends(&messages),
            sent_bytes: bytes(&messages),
            ..Count::default()
        };
        let sent = self.inner.send(queue, messages).await;
        self.meter.add(Operation::Send, begun, sent.is_err(), cost);
        sent
    }

    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError> {
        let begun = Instant::now();
        let received = self.inner.receive(queue, how).await;
        let received_bytes = received.as_ref().map_or(0, |deliveries| {
            bytes(deliveries.iter().map(|delivery| &delivery.message))
        });
        let cost = Count {
            received_bytes,
            ..requests(rules::message_units(received_bytes))
        };
        self.meter
            .add(Operation::Receive, begun, received.is_err(), cost);
        received
    }

    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let begun = Instant::now();
        self.add(Operation::Ack, begun, self.inner.ack(delivery).await)
    }

    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError> {
        let begun = Instant::now();
        let done = self.inner.extend(delivery, visibility_s).await;
        self.add(Operation::Extend, begun, done)
    }

    async fn release(&self, delivery: &Delivery, delay_s: u32) -> Result<(), QueueError> {
        let begun = Instant::now();
        let done = self.inner.release(delivery, delay_s).await;
        self.add(Operation::Extend, begun, done)
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        let begun = Instant::now();
        let done = self.inner.dead_letter(delivery, reason).await;
        self.add(Operation::DeadLetter, begun, done)
    }

    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        let begun = Instant::now();
        let page = self.inner.list_dead(queue, limit, cursor).await;
        self.add(Operation::ListDead, begun, page)
    }

    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError> {
        let begun = Instant::now();
        let count = self.inner.gather_dead(queue).await;
        self.add(Operation::GatherDead, begun, count)
    }

    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        let begun = Instant::now();
        let count = self.inner.redrive(queue, which).await;
        self.add(Operation::Redrive, begun, count)
    }

    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        let begun = Instant::now();
        let count = self.inner.purge_dead(queue, which).await;
        self.add(Operation::PurgeDead, begun, count)
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let begun = Instant::now();
        self.add(Operation::Depth, begun, self.inner.depth(queue).await)
    }
}
