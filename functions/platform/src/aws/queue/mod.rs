//! The queue, in SQS: a queue of its own for each name, and a second one for what SQS itself gives up.
//!
//! SQS cannot list its dead letters, nor find one by its id, so those are records in the table (see [`dead`]). What SQS
//! gave up, because its receiver never lived to answer, is moved there by [`Queue::gather_dead`], and whenever somebody asks for
//! dead letters.

mod dead;
mod errors;
mod make;
mod receive;
mod send;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::QueueAttributeName};

pub use receive::{ID_ATTRIBUTE, Received, TRACE_ATTRIBUTE, delivery};

use crate::{
    ports::{
        Clock, DeadPage, Delivery, Depth, Message, Queue, QueueError, Receive, SendFailure, Table,
        Which,
    },
    validate,
};

/// What is behind a queue's name for the second queue, of what SQS gave up.
const DEAD: &str = "-dead";

/// Queues of SQS.
pub struct AwsQueue {
    client: Client,
    url_prefix: String,
    table: Arc<dyn Table>,
    clock: Arc<dyn Clock>,
    /// Queues that were made here or found; `None` where the stack makes them.
    made: Option<Mutex<HashSet<String>>>,
}

impl std::fmt::Debug for AwsQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsQueue")
            .field("url_prefix", &self.url_prefix)
            .finish_non_exhaustive()
    }
}

impl AwsQueue {
    /// The queues whose URLs begin so, with their dead letters in this table. Nothing is asked of any yet.
    #[must_use]
    pub fn new(
        client: Client,
        url_prefix: impl Into<String>,
        table: Arc<dyn Table>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            url_prefix: url_prefix.into(),
            table,
            clock,
            made: None,
        }
    }

    /// The same, with each queue made when it is first named, where no template made it.
    #[must_use]
    pub fn making_queues(mut self) -> Self {
        self.made = Some(Mutex::default());
        self
    }

    fn url(&self, queue: &str) -> String {
        format!("{}{queue}", self.url_prefix)
    }

    /// Makes the queue unless that was done, or is the template's business.
    async fn ready(&self, queue: &str) -> Result<(), QueueError> {
        validate::queue_name(queue)?;
        let Some(made) = &self.made else {
            return Ok(());
        };
        let known = |made: &Mutex<HashSet<String>>| {
            made.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(queue)
        };
        if !known(made) {
            make::pair(&self.client, &self.url(queue)).await?;
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.insert(queue.to_owned());
        }
        Ok(())
    }

    /// How many messages SQS counts in the queue of this URL: waiting, received, delayed.
    async fn counts(&self, url: &str) -> Result<Depth, QueueError> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let asked = self.client.get_queue_attributes().queue_url(url);
        let answer = asked
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|error| errors::of("GetQueueAttributes", url, error))?;
        let counts = answer.attributes.unwrap_or_default();
        let [ready, in_flight, delayed] =
            names.map(|name| counts.get(&name).and_then(|n| n.parse().ok()).unwrap_or(0));
        Ok(Depth {
            ready,
            in_flight,
            delayed,
            dead: 0,
        })
    }

    async fn delete(&self, url: &str, receipt: &str) -> Result<(), QueueError> {
        let asked = self.client.delete_message().queue_url(url);
        let done = asked.receipt_handle(receipt).send().await;
        errors::unless_past(done.map(drop), "DeleteMessage", url)
    }
}

#[async_trait]
impl Queue for AwsQueue {
    async fn send(
        &self,
        queue: &str,
        messages: Vec<Message>,
    ) -> Result<Vec<SendFailure>, QueueError> {
        self.ready(queue).await?;
        Ok(self.send_all(queue, messages).await)
    }

    async fn receive(&self, queue: &str, how: Receive) -> Result<Vec<Delivery>, QueueError> {
        self.ready(queue).await?;
        validate::receive(&how)?;
        self.receive_some(queue, how).await
    }

    async fn ack(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.delete(&self.url(&delivery.queue), &delivery.receipt)
            .await
    }

    async fn extend(&self, delivery: &Delivery, visibility_s: u32) -> Result<(), QueueError> {
        validate::visibility(visibility_s)?;
        let url = self.url(&delivery.queue);
        let asked = self.client.change_message_visibility().queue_url(&url);
        let done = asked
            .receipt_handle(&delivery.receipt)
            .visibility_timeout(i32::try_from(visibility_s).unwrap_or(i32::MAX))
            .send()
            .await;
        errors::unless_past(done.map(drop), "ChangeMessageVisibility", &url)
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), QueueError> {
        // The record first: between the two the message is in both places, and a delivery more finds its work done or
        // gives it up again under the same name.
        self.bury(delivery, reason).await?;
        self.ack(delivery).await
    }

    async fn list_dead(
        &self,
        queue: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<DeadPage, QueueError> {
        self.ready(queue).await?;
        if !(1..=100).contains(&limit) {
            return Err(QueueError::Invalid(format!("a page of {limit}")));
        }
        // From the beginning of all, or of a tenant.
        if cursor.is_none_or(|after| after.ends_with('/')) {
            self.move_given_up(queue).await?;
        }
        self.dead_page(queue, limit, cursor).await
    }

    async fn gather_dead(&self, queue: &str) -> Result<u64, QueueError> {
        self.ready(queue).await?;
        self.move_given_up(queue).await
    }

    async fn redrive(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.ready(queue).await?;
        self.move_given_up(queue).await?;
        self.for_each_dead(queue, which, true).await
    }

    async fn purge_dead(&self, queue: &str, which: Which) -> Result<u64, QueueError> {
        self.ready(queue).await?;
        self.move_given_up(queue).await?;
        self.for_each_dead(queue, which, false).await
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.ready(queue).await?;
        let url = self.url(queue);
        let counts = self.counts(&url).await?;
        let given_up = self.counts(&format!("{url}{DEAD}")).await?;
        let given_up = given_up.ready + given_up.in_flight + given_up.delayed;
        Ok(Depth {
            dead: given_up + self.count_dead(queue).await?,
            ..counts
        })
    }
}
