//! What a server says without an end is not kept.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use notification::ChannelSecrets;
use schemas::{
    api::notification::{ChannelTarget, MailEncryption, MailSettings},
    notification::NotificationEvent,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{certificate, fix, send};

/// Says so much before its endless line.
type Begins = &'static [(&'static str, &'static str)];

/// Answers what it is asked as given, then says a line that does not end until nobody hears it any more; how many bytes went.
async fn go_on_and_on(mut stream: impl AsyncRead + AsyncWrite + Unpin, begins: Begins) -> usize {
    for (asked, answer) in begins {
        let mut heard = Vec::new();
        while !asked.is_empty() && !heard.ends_with(b"\n") {
            heard.push(stream.read_u8().await.unwrap());
        }
        assert!(heard.starts_with(asked.as_bytes()), "{asked}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    let mut went = 0;
    while stream.write_all(&[b'2'; 1024]).await.is_ok() {
        went += 1024;
    }
    went
}

#[tokio::test]
async fn a_line_of_a_mail_server_that_does_not_end_is_left() {
    let own = certificate();
    let greeted: Begins = &[("", "220 ready\r\n")];
    let known: Begins = &[
        ("", "220 ready\r\n"),
        ("EHLO", "250 mail\r\n"),
        ("MAIL", "250 fine\r\n"),
    ];
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    for (encryption, begins) in [
        (MailEncryption::Tls, &[] as Begins),
        (MailEncryption::Tls, greeted),
        (MailEncryption::Tls, known),
        (MailEncryption::Starttls, &[]),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = own.acceptor.clone();
        let went = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&went);
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let all = match encryption {
                MailEncryption::Tls => {
                    let stream = acceptor.accept(stream).await.unwrap();
                    go_on_and_on(stream, begins).await
                }
                _ => go_on_and_on(stream, begins).await,
            };
            count.store(all, Ordering::SeqCst);
        });
        let settings = MailSettings {
            host: "localhost".to_owned(),
            port,
            encryption,
            user: None,
            from: "bulkhead@example.org".to_owned(),
            to: vec!["ops@example.org".to_owned()],
            authorities: Some(own.pem.clone()),
        };
        let target = ChannelTarget::Email { settings };
        let sent = send(&target, &ChannelSecrets::default(), &told).await;
        let says = format!("{sent:?}");
        // It is left for what it says, and not when all the time for it is over.
        let is_bounded = says.contains("more than 65536 bytes") || says.contains("something else");
        assert!(is_bounded, "{says}");
        server.await.unwrap();
        // What the system keeps for who does not read is more than was read.
        let went = went.load(Ordering::SeqCst);
        assert!(went < 16 << 20, "{went}");
    }
}
