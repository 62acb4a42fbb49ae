//! Receiving, and what SQS tells of a message, on whatever way it came.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{
    config::timeout::TimeoutConfig,
    types::{Message as SqsMessage, MessageSystemAttributeName},
};
use sha2::{Digest as _, Sha256};

use super::{AwsQueue, errors};
use crate::{
    ports::{Delivery, Message, QueueError, Receive},
    trace::TraceContext,
};

/// The attribute of a message with its id.
pub const ID_ATTRIBUTE: &str = "id";
/// The attribute of a message with its trace context (W3C Trace Context, `traceparent`).
pub const TRACE_ATTRIBUTE: &str = "traceparent";

/// Time for an answer beside that for which the request waits.
const ANSWER: Duration = Duration::from_secs(10);

/// A message as SQS hands it out: to a receiver, or to a function in an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The body.
    pub body: String,
    /// Names this delivery.
    pub receipt: String,
    /// System attributes, such as `ApproximateReceiveCount`.
    pub system: HashMap<String, String>,
    /// Attributes of its sender that are text.
    pub attributes: HashMap<String, String>,
}

/// The delivery of a message of this queue of the port. A message without an id, which somebody sent by hand, has one made
/// of its content.
#[must_use]
pub fn delivery(queue: &str, received: Received) -> Delivery {
    let Received {
        body,
        receipt,
        system,
        mut attributes,
    } = received;
    let number = |name: MessageSystemAttributeName| {
        let text = system.get(name.as_str());
        text.and_then(|text| text.parse::<u64>().ok())
    };
    let id = attributes.remove(ID_ATTRIBUTE).unwrap_or_else(|| {
        let digest = hex::encode(Sha256::digest(&body));
        format!("unnamed/{}", digest.get(..32).unwrap_or_default())
    });
    let count = number(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or(1);
    let sent_at_ms = number(MessageSystemAttributeName::SentTimestamp).unwrap_or_default();
    Delivery {
        queue: queue.to_owned(),
        message: Message {
            // Another sender may have written anything there.
            trace: attributes
                .remove(TRACE_ATTRIBUTE)
                .filter(|trace| trace.parse::<TraceContext>().is_ok()),
            ..Message::new(id, body)
        },
        receipt,
        receive_count: u32::try_from(count).unwrap_or(u32::MAX),
        first_received_at_ms: number(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp)
            .unwrap_or(sent_at_ms),
        sent_at_ms,
    }
}

/// What was received through the client.
pub(super) fn received(message: SqsMessage) -> Received {
    let system = message.attributes.unwrap_or_default();
    let attributes = message.message_attributes.unwrap_or_default();
    Received {
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        system: system
            .into_iter()
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect(),
        attributes: attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.string_value?)))
            .collect(),
    }
}

impl AwsQueue {
    /// Asks the queue of this URL once.
    pub(super) async fn ask(
        &self,
        url: &str,
        max: u32,
        visibility_s: u32,
        wait_s: u32,
    ) -> Result<Vec<SqsMessage>, QueueError> {
        let wait = Duration::from_secs(u64::from(wait_s)) + ANSWER;
        let patience = TimeoutConfig::builder().operation_attempt_timeout(wait);
        let config = aws_sdk_sqs::config::Builder::new().timeout_config(patience.build());
        let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let answer = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(signed(max))
            .visibility_timeout(signed(visibility_s))
            .wait_time_seconds(signed(wait_s))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names(ID_ATTRIBUTE)
            .message_attribute_names(TRACE_ATTRIBUTE)
            .customize()
            .config_override(config)
            .send()
            .await
            .map_err(|error| errors::of("ReceiveMessage", url, error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    pub(super) async fn receive_some(
        &self,
        queue: &str,
        how: Receive,
    ) -> Result<Vec<Delivery>, QueueError> {
        let (url, mut alive) = (self.url(queue), Vec::new());
        let found = self
            .ask(&url, how.max, how.visibility_timeout_s, how.wait_s)
            .await?;
        for message in found {
            let mut delivery = delivery(queue, received(message));
            if delivery.receive_count <= how.max_receives {
                alive.push(delivery);
                continue;
            }
            // The last delivery was not answered, so this one is none.
            delivery.receive_count -= 1;
            let reason = format!(
                "received {} times without an answer",
                delivery.receive_count
            );
            self.bury(&delivery, &reason).await?;
            self.delete(&url, &delivery.receipt).await?;
        }
        Ok(alive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        pairs.iter().map(owned).collect()
    }

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_message_is_read_whichever_way_it_came() {
        let received = Received {
            body: "b".to_owned(),
            receipt: "r".to_owned(),
            system: map(&[
                ("ApproximateReceiveCount", "3"),
                ("SentTimestamp", "1000"),
                ("ApproximateFirstReceiveTimestamp", "2000"),
            ]),
            attributes: map(&[("id", "default/1"), ("traceparent", TRACE)]),
        };
        let whole = delivery("scan", received);
        assert_eq!(whole.message.id, "default/1");
        assert_eq!(whole.message.trace.as_deref(), Some(TRACE));
        assert_eq!((whole.receive_count, whole.sent_at_ms), (3, 1000));
        assert_eq!(whole.first_received_at_ms, 2000);
    }

    #[test]
    fn a_message_sent_by_hand_has_an_id_of_its_content() {
        let by_hand = |body: &str| {
            let received = Received {
                body: body.to_owned(),
                attributes: map(&[("traceparent", "none")]),
                ..Received::default()
            };
            let message = delivery("scan", received).message;
            assert_eq!(message.trace, None);
            message.id
        };
        assert_eq!(by_hand("b"), by_hand("b"));
        assert_ne!(by_hand("b"), by_hand("c"));
    }
}
