//! What is promised of queues, one call at a time.

use super::{Failure, Subject, Verdict, check_list, ensure, ensure_eq, ensure_err};
use crate::ports::queue::MAX_MESSAGE_BYTES;
use crate::ports::{Delivery, Message, QueueError, Receive, Which};
use crate::trace;

check_list!("queue", false:
    a_message_carries_the_trace_that_it_was_sent_in,
    a_message_is_delivered_until_it_is_acknowledged,
    a_delivery_is_hidden_for_its_time,
    a_delay_is_kept,
    a_long_list_is_split,
    each_bad_message_is_named,
    a_poison_message_is_kept_with_its_reason,
    dead_letters_are_replayed_and_purged,
    too_many_receives_end_in_dead_letters,
    a_receive_waits,
    queue_requests_have_limits,
);

/// How long what is received is hidden here, in seconds: longer than a check's requests take, and not longer than one
/// waits where time passes by itself.
const HIDDEN_S: u32 = 10;
/// After this many seconds nothing is hidden any more.
const PAST_S: u64 = 11;

/// Receives until nothing comes, hiding everything.
async fn drain(subject: &Subject, queue: &str) -> Result<Vec<Delivery>, Failure> {
    let mut all = Vec::new();
    let mut empty = 0;
    while empty < 3 {
        let some = subject
            .platform
            .queue
            .receive(
                queue,
                Receive {
                    visibility_timeout_s: HIDDEN_S,
                    ..Receive::default()
                },
            )
            .await?;
        ensure!(some.len() <= 10, "{} messages at once", some.len());
        empty = if some.is_empty() { empty + 1 } else { 0 };
        all.extend(some);
    }
    Ok(all)
}

async fn one(subject: &Subject, queue: &str) -> Result<Delivery, Failure> {
    let mut all = drain(subject, queue).await?;
    ensure_eq!(all.len(), 1, "deliveries of {queue}");
    all.pop().ok_or_else(|| Failure("nothing".to_owned()))
}

async fn send(subject: &Subject, queue: &str, messages: Vec<Message>) -> Verdict {
    let failed = subject.platform.queue.send(queue, messages).await?;
    ensure!(failed.is_empty(), "not sent: {failed:?}");
    Ok(())
}

async fn a_message_is_delivered_until_it_is_acknowledged(subject: &Subject) -> Verdict {
    let queue = subject.name("deliver");
    let body = "tab\t line\n \u{1F980} <&]]>";
    send(subject, &queue, vec![Message::new("id/1", body)]).await?;
    let delivery = one(subject, &queue).await?;
    ensure_eq!(
        delivery.message,
        Message::new("id/1", body),
        "what is delivered"
    );
    ensure_eq!(delivery.queue, queue, "the queue of the delivery");
    ensure_eq!(delivery.receive_count, 1, "first receive count");
    ensure!(
        delivery.first_received_at_ms >= delivery.sent_at_ms,
        "received before sent"
    );
    let other = drain(subject, &subject.name("deliver-other")).await?;
    ensure!(other.is_empty(), "another queue delivers it");
    subject.platform.queue.ack(&delivery).await?;
    (subject.pass_s)(PAST_S).await;
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered after its acknowledgement"
    );
    // Again, as after a lost answer.
    subject.platform.queue.ack(&delivery).await?;
    Ok(())
}

async fn a_message_carries_the_trace_that_it_was_sent_in(subject: &Subject) -> Verdict {
    let queue = subject.name("trace");
    let own = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let messages = vec![
        Message::new("1", "b"),
        Message {
            trace: Some(other.to_owned()),
            ..Message::new("2", "b")
        },
    ];
    trace::within(own.parse()?, send(subject, &queue, messages)).await?;
    send(subject, &queue, vec![Message::new("3", "b")]).await?;
    let mut found = Vec::new();
    for delivery in drain(subject, &queue).await? {
        subject.platform.queue.ack(&delivery).await?;
        found.push((delivery.message.id, delivery.message.trace));
    }
    found.sort();
    let wanted = [("1", Some(own)), ("2", Some(other)), ("3", None)]
        .map(|(id, trace)| (id.to_owned(), trace.map(str::to_owned)));
    ensure_eq!(found, wanted, "the traces");
    Ok(())
}

async fn a_delivery_is_hidden_for_its_time(subject: &Subject) -> Verdict {
    let (queue, port) = (subject.name("hidden"), &subject.platform.queue);
    send(subject, &queue, vec![Message::new("1", "b")]).await?;
    let how = Receive {
        visibility_timeout_s: 4,
        max: 1,
        ..Receive::default()
    };
    let first = port.receive(&queue, how).await?;
    ensure_eq!(first.len(), 1, "first receive");
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered while hidden"
    );
    (subject.pass_s)(5).await;
    let second = one(subject, &queue).await?;
    ensure_eq!(second.receive_count, 2, "second receive count");
    let times: Vec<u64> = first.iter().map(|d| d.first_received_at_ms).collect();
    ensure_eq!(
        times,
        [second.first_received_at_ms],
        "when it was received first"
    );
    port.release(&second, 0).await?;
    let third = one(subject, &queue).await?;
    ensure_eq!(third.receive_count, 3, "receive count after a release");
    port.release(&third, 3).await?;
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered before its release"
    );
    (subject.pass_s)(4).await;
    let fourth = one(subject, &queue).await?;
    port.extend(&fourth, 120).await?;
    (subject.pass_s)(PAST_S).await;
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered in spite of the extension"
    );
    port.ack(&fourth).await?;
    Ok(())
}

async fn a_delay_is_kept(subject: &Subject) -> Verdict {
    let queue = subject.name("delay");
    let late = Message {
        delay_s: 3,
        ..Message::new("late", "b")
    };
    send(subject, &queue, vec![late]).await?;
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered before its delay"
    );
    (subject.pass_s)(4).await;
    let delivery = one(subject, &queue).await?;
    subject.platform.queue.ack(&delivery).await?;
    Ok(())
}

async fn a_long_list_is_split(subject: &Subject) -> Verdict {
    let queue = subject.name("split");
    let messages: Vec<Message> = (0..27)
        .map(|n| {
            Message::new(
                n.to_string(),
                "x".repeat(if n % 3 == 0 { MAX_MESSAGE_BYTES } else { 10 }),
            )
        })
        .collect();
    send(subject, &queue, messages).await?;
    let mut ids: Vec<usize> = Vec::new();
    for delivery in drain(subject, &queue).await? {
        ids.push(delivery.message.id.parse()?);
        subject.platform.queue.ack(&delivery).await?;
    }
    ids.sort_unstable();
    ids.dedup();
    ensure_eq!(ids, (0..27).collect::<Vec<_>>(), "what is delivered");
    Ok(())
}

async fn each_bad_message_is_named(subject: &Subject) -> Verdict {
    let queue = subject.name("bad");
    let good = Message::new("good", "b");
    let messages = vec![
        Message::new("empty", ""),
        good.clone(),
        Message::new("large", "x".repeat(MAX_MESSAGE_BYTES + 1)),
        Message::new("nul", "a\u{0}b"),
        Message::new("ffff", "\u{FFFF}"),
        Message::new("", "no id"),
        Message::new("a b", "space in the id"),
        Message {
            delay_s: 901,
            ..Message::new("late", "b")
        },
        Message::new("last", "b"),
    ];
    let failed = subject.platform.queue.send(&queue, messages).await?;
    let at: Vec<usize> = failed.iter().map(|failure| failure.at).collect();
    ensure_eq!(at, [0, 2, 3, 4, 5, 6, 7], "those not sent");
    ensure!(
        failed.iter().all(|f| !f.error.is_transient()),
        "worth a repetition: {failed:?}"
    );
    let mut sent: Vec<String> = drain(subject, &queue)
        .await?
        .into_iter()
        .map(|d| d.message.id)
        .collect();
    sent.sort();
    ensure_eq!(sent, ["good", "last"], "those sent");
    Ok(())
}

async fn a_poison_message_is_kept_with_its_reason(subject: &Subject) -> Verdict {
    let (queue, port) = (subject.name("poison"), &subject.platform.queue);
    send(subject, &queue, vec![Message::new("1", "poison")]).await?;
    let delivery = one(subject, &queue).await?;
    port.dead_letter(&delivery, &format!("not JSON\u{0}{}", "ß".repeat(2000)))
        .await?;
    (subject.pass_s)(PAST_S).await;
    ensure!(
        drain(subject, &queue).await?.is_empty(),
        "delivered although dead"
    );
    let page = port.list_dead(&queue, 10, None).await?;
    ensure_eq!(page.letters.len(), 1, "dead letters");
    for letter in page.letters {
        ensure_eq!(letter.message, delivery.message, "what was given up");
        ensure!(
            letter.reason.starts_with("not JSON"),
            "the reason {:?}",
            letter.reason
        );
        ensure!(
            letter.reason.len() <= 1024,
            "a reason of {} bytes",
            letter.reason.len()
        );
        ensure_eq!(letter.receive_count, 1, "receive count");
        ensure_eq!(letter.sent_at_ms, delivery.sent_at_ms, "when it was sent");
    }
    ensure_eq!(
        port.depth(&queue).await?.dead,
        1,
        "the depth of dead letters"
    );
    Ok(())
}

async fn dead_letters_are_replayed_and_purged(subject: &Subject) -> Verdict {
    let (queue, port) = (subject.name("replay"), &subject.platform.queue);
    let messages = (0..5).map(|n| Message::new(n.to_string(), "b")).collect();
    send(subject, &queue, messages).await?;
    for delivery in drain(subject, &queue).await? {
        port.dead_letter(&delivery, "why").await?;
    }
    let first = port.list_dead(&queue, 3, None).await?;
    let second = port.list_dead(&queue, 3, first.next.as_deref()).await?;
    let ids: Vec<&str> = first
        .letters
        .iter()
        .chain(&second.letters)
        .map(|l| l.message.id.as_str())
        .collect();
    ensure_eq!(ids, ["0", "1", "2", "3", "4"], "the dead letters, in pages");
    let some = Which::Ids(vec!["1".to_owned(), "unknown".to_owned()]);
    ensure_eq!(port.redrive(&queue, some).await?, 1, "replayed by id");
    let delivery = one(subject, &queue).await?;
    ensure_eq!(delivery.message.id, "1", "what is replayed");
    ensure_eq!(delivery.receive_count, 1, "its receive count");
    port.ack(&delivery).await?;
    let some = Which::Ids(vec!["0".to_owned()]);
    ensure_eq!(port.purge_dead(&queue, some).await?, 1, "purged by id");
    ensure_eq!(port.redrive(&queue, Which::All).await?, 3, "replayed all");
    ensure_eq!(
        drain(subject, &queue).await?.len(),
        3,
        "delivered after the replay"
    );
    ensure_eq!(port.redrive(&queue, Which::All).await?, 0, "replayed again");
    ensure_eq!(port.purge_dead(&queue, Which::All).await?, 0, "left");
    Ok(())
}

async fn too_many_receives_end_in_dead_letters(subject: &Subject) -> Verdict {
    let (queue, port) = (subject.name("too-often"), &subject.platform.queue);
    send(subject, &queue, vec![Message::new("crash", "b")]).await?;
    let how = Receive {
        max_receives: 3,
        visibility_timeout_s: 1,
        ..Receive::default()
    };
    for count in 1..=3 {
        let some = port.receive(&queue, how).await?;
        let counts: Vec<u32> = some.iter().map(|d| d.receive_count).collect();
        ensure_eq!(counts, [count], "receive counts");
        (subject.pass_s)(2).await;
    }
    ensure!(
        port.receive(&queue, how).await?.is_empty(),
        "delivered a fourth time"
    );
    let page = port.list_dead(&queue, 10, None).await?;
    let counts: Vec<u32> = page.letters.iter().map(|l| l.receive_count).collect();
    ensure_eq!(counts, [3], "receive counts of dead letters");
    ensure!(
        page.letters.iter().all(|l| !l.reason.is_empty()),
        "no reason"
    );
    Ok(())
}

async fn a_receive_waits(subject: &Subject) -> Verdict {
    let queue = subject.name("wait");
    let how = Receive {
        wait_s: 20,
        ..Receive::default()
    };
    let message = vec![Message::new("1", "b")];
    let (received, sent) = futures::join!(subject.platform.queue.receive(&queue, how), async {
        tokio::task::yield_now().await;
        subject.platform.queue.send(&queue, message).await
    });
    ensure!(sent?.is_empty(), "not sent");
    ensure_eq!(received?.len(), 1, "what a waiting receiver gets");
    Ok(())
}

async fn queue_requests_have_limits(subject: &Subject) -> Verdict {
    let port = &subject.platform.queue;
    for name in ["", "a b", "../a", "ä", &"q".repeat(65)] {
        ensure_err!(
            port.receive(name, Receive::default()).await,
            QueueError::Invalid(_),
            "the queue {name:?}"
        );
        ensure_err!(
            port.send(name, Vec::new()).await,
            QueueError::Invalid(_),
            "the queue {name:?}"
        );
    }
    let queue = subject.name("requests");
    for how in [
        Receive {
            max: 0,
            ..Receive::default()
        },
        Receive {
            max: 11,
            ..Receive::default()
        },
        Receive {
            wait_s: 21,
            ..Receive::default()
        },
        Receive {
            visibility_timeout_s: 43_201,
            ..Receive::default()
        },
        Receive {
            max_receives: 0,
            ..Receive::default()
        },
    ] {
        ensure!(port.receive(&queue, how).await.is_err(), "accepted {how:?}");
    }
    ensure!(
        port.send(&queue, Vec::new()).await?.is_empty(),
        "nothing, not sent"
    );
    Ok(())
}
