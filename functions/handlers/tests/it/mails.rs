//! Mail to several, of whom a server takes some now and some later.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use records::{ChannelRecord, Channels, Deliveries};
use schemas::{
    api::notification::{ChannelTarget, DeliveryState, MailEncryption, MailSettings},
    notification::NotificationEvent,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    notify::record,
    support::{World, host, kev, tracker},
};

/// How often the server was asked to take something for each address, and how often it took it.
type Asked = Arc<Mutex<BTreeMap<String, (u32, u32)>>>;

/// A server that takes nothing for `late` the first time, as those do that want to see a sender come back.
async fn serve() -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One that breaks is of no matter.
            let _ = converse(stream, &kept).await;
        }
    });
    (port, asked)
}

async fn converse(stream: TcpStream, asked: &Asked) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 ready\r\n").await?;
    let (mut line, mut in_mail) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if in_mail {
            in_mail = line != ".\r\n";
            if !in_mail {
                stream.write_all(b"250 queued\r\n").await?;
            }
            continue;
        }
        let answer = match line.get(..4) {
            Some("RCPT") => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                let mut asked = asked.lock().unwrap();
                let (times, taken) = asked.entry(address.to_owned()).or_default();
                *times += 1;
                if address.starts_with("late") && *times == 1 {
                    "451 come back later\r\n"
                } else {
                    *taken += 1;
                    "250 fine\r\n"
                }
            }
            Some("DATA") => {
                in_mail = true;
                "354 go on\r\n"
            }
            Some("QUIT") => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_to_wait_gets_the_mail_and_nobody_gets_it_twice() {
    let world = World::clear().await;
    let (port, asked) = serve().await;
    world.document("tracker.json", tracker(&[("curl", "CVE-2026-0001", "9")]));
    world.document("kev.json", kev(&["CVE-2020-0001"]));
    world.refresh().await;
    world.settle().await;
    let new = [NotificationEvent::FindingsNew];
    let made = record(&world.calm, &world.tenant, "mail", String::new(), &new).await;
    let to = ["now@example.org", "late@example.org", "too@example.org"];
    let made = ChannelRecord {
        target: ChannelTarget::Email {
            settings: MailSettings {
                host: "127.0.0.1".to_owned(),
                port,
                encryption: MailEncryption::None,
                user: None,
                from: "bulkhead@example.org".to_owned(),
                to: to.map(str::to_owned).to_vec(),
                authorities: None,
            },
        },
        secrets: None,
        ..made
    };
    let channels = Channels(&world.calm);
    assert!(channels.put(&world.tenant, &made, None).await.unwrap());
    let agent = world.agent("a").await;
    world
        .send(&agent, 1, &host("a", &[("curl", "8")], &[]))
        .await;
    world.settle().await;

    let deliveries = Deliveries(&world.platform);
    let kept = deliveries.list(&world.tenant, &made.id, 10, None).await;
    let kept = kept.unwrap().records;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].state, DeliveryState::Delivered, "{:?}", kept[0]);
    assert_eq!(kept[0].attempts, 2);
    let asked = asked.lock().unwrap().clone();
    let expected = to.map(|address| {
        let times = if address.starts_with("late") { 2 } else { 1 };
        (address.to_owned(), (times, 1))
    });
    assert_eq!(asked, BTreeMap::from(expected));
    assert_eq!(world.dead().await, []);
}
