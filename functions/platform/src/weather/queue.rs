//! The queue in hostile weather.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Dice, Forecast, lost_ack};
use crate::ports::{
    DeadPage, Delivery, Depth, Message, Queue, QueueError, Receive, SendFailure, Which,
};

/// Most deliveries that are kept back.
const MAX_HELD: usize = 64;

/// A queue in hostile weather.
pub(super) struct WeatherQueue {
    inner: Arc<dyn Queue>,
    forecast: Forecast,
    dice: Arc<Dice>,
    /// Received from the queue, but not handed on yet.
    held: Mutex<Vec<Delivery>>,
}

impl WeatherQueue {
    pub(super) fn new(inner: Arc<dyn Queue>, forecast: Forecast, dice: Arc<Dice>) -> Self {
        Self {
            inner,
            forecast,
            dice,
            held: Mutex::new(Vec::new()),
        }
    }

    fn before(&self) -> Result<(), QueueError> {
        if self.dice.happens(self.forecast.throttled) {
            return Err(QueueError::Throttled);
        }
        Ok(())
    }

    fn after<T>(&self, done: T) -> Result<T, QueueError> {
        if self.dice.happens(self.forecast.lost_acks) {
            return Err(QueueError::Unavailable(lost_ack()));
        }
        Ok(done)
    }

    /// Puts aside some deliveries for later.
    fn hold(&self, deliveries: Vec<Delivery>) -> Vec<Delivery> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = Vec::new();
        for delivery in deliveries {
            if held.len() < MAX_HELD && self.dice.happens(self.forecast.reordered) {
                held.push(delivery);
            } else {
                now.push(delivery);
            }
        }
        now
    }

    /// Deliveries of a queue that were put aside, up to `max`.
    fn take_held(&self, queue: &str, max: usize) -> Vec<Delivery> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        let mut at = 0;
        while at < held.len() && taken.len() < max {
            if held.get(at).is_some_and(|d| d.queue == queue) {
                taken.push(held.swap_remove(at));
            } else {
                at += 1;
            }
        }
        taken
    }
}

#[async_trait]
impl Queue for WeatherQueue {
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError> {
        self.before()?;
        let mut failures = Vec::new();
        let mut sent: Vec<(usize, Message)> = Vec::new();
        for (at, message) in messages.into_iter().enumerate() {
            if self.dice.happens(self.forecast.throttled) {
                failures.push(SendFailure {
                    at,
                    id: message.id,
                    error: QueueError::Throttled,
                });
                continue;
            }
            if self.dice.happens(self.forecast.duplicates) {
                sent.push((at, message.clone()));
            }
            sent.push((at, message));
        }
        if self.forecast.reordered > 0 {
            self.dice.shuffle(&mut sent);
        }
        let (places, messages): (Vec<usize>, Vec<Message>) = sent.into_iter().unzip();
        for failure in self.inner.send(queue, messages).await? {
            let at = places.get(failure.at).copied().unwrap_or(failure.at);
            // Of a message that was to go twice, one failure is told.
            if !failures.iter().any(|known: &SendFailure| known.at == at) {
                failures.push(SendFailure { at, ..failure });
            }
        }
        failures.sort_by_key(|failure| failure.at);
        self.after(failures)
    }

    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError> {
        self.before()?;
        let mut deliveries = self.take_held(queue, how.max as usize);
        if deliveries.is_empty() {
            deliveries = self.inner.receive(queue, how).await?;
            deliveries = self.hold(deliveries);
        }
        if self.forecast.reordered > 0 {
            self.dice.shuffle(&mut deliveries);
        }
        Ok(deliveries)
    }

    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.before()?;
        if self.dice.happens(self.forecast.duplicates) {
            // One of the queue's copies did not hear of it: the message comes again.
            return self.inner.extend(delivery, 0).await;
        }
        self.inner.ack(delivery).await?;
        self.after(())
    }

    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError> {
        self.before()?;
        self.inner.extend(delivery, visibility_s).await?;
        self.after(())
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        self.before()?;
        self.inner.dead_letter(delivery, reason).await?;
        self.after(())
    }

    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        self.before()?;
        self.inner.list_dead(queue, limit, cursor).await
    }

    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError> {
        self.before()?;
        let count = self.inner.gather_dead(queue).await?;
        self.after(count)
    }

    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.before()?;
        let count = self.inner.redrive(queue, which).await?;
        self.after(count)
    }

    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.before()?;
        let count = self.inner.purge_dead(queue, which).await?;
        self.after(count)
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.before()?;
        self.inner.depth(queue).await
    }
}
