//! Mail at a server that keeps what it hears, and at a server that others wrote.

use std::{
    io::{BufRead as _, BufReader as StdReader},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use notification::ChannelSecrets;
use schemas::{
    api::notification::{ChannelTarget, MailEncryption, MailSettings},
    notification::NotificationEvent,
};
use sources::outbound::Outcome;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use crate::{Certificate, certificate, delivered, fix, later, refused, send, send_on};

/// What a server heard: commands, whether each was encrypted, and mails.
#[derive(Clone, Debug, Default)]
struct Heard {
    commands: Vec<(bool, String)>,
    mails: Vec<String>,
    /// Whether mailboxes that were full are no longer.
    has_room: bool,
}

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// It encrypts from the beginning.
    Tls,
    /// It offers `STARTTLS`.
    Starttls,
    /// It offers no encryption.
    Plain,
    /// It says more after `STARTTLS` than it should.
    Injecting,
    /// It encrypts from the beginning, and never says goodbye.
    Clinging,
}

async fn serve(manner: Manner, certificate: &Certificate) -> (u16, Arc<Mutex<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::<Mutex<Heard>>::default();
    let (kept, acceptor) = (Arc::clone(&heard), certificate.acceptor.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = stream;
            let is_encrypted = matches!(manner, Manner::Tls | Manner::Clinging);
            if is_encrypted {
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                converse(stream, true, manner, &kept, true).await;
                continue;
            }
            if converse(&mut stream, false, manner, &kept, true).await {
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                converse(stream, true, manner, &kept, false).await;
            }
        }
    });
    (port, heard)
}

/// Speaks SMTP until the end, or until encryption begins: then it says so.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    is_encrypted: bool,
    manner: Manner,
    heard: &Mutex<Heard>,
    greets: bool,
) -> bool {
    let mut stream = BufReader::new(stream);
    if greets {
        stream
            .write_all(b"220-mail\r\n220 ready\r\n")
            .await
            .unwrap();
        stream.flush().await.unwrap();
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let command = line.trim_end().to_owned();
        let note = |text: &str| {
            let mut heard = heard.lock().unwrap();
            heard.commands.push((is_encrypted, text.to_owned()));
        };
        note(&command);
        let word = command.split(' ').next().unwrap().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" if is_encrypted => "250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
            "EHLO" if manner == Manner::Plain => "250-mail\r\n250 8BITMIME\r\n",
            "EHLO" => "250-mail\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
            "STARTTLS" => "220 go\r\n",
            "AUTH" if command.ends_with(&BASE64_STANDARD.encode("\0ops\0hidden-word")) => {
                "235 hello\r\n"
            }
            "AUTH" => "535 wrong hidden-word\r\n",
            "RCPT" if command.contains("nobody") => "550 no such mailbox\r\n",
            "RCPT" if command.contains("full") && !heard.lock().unwrap().has_room => {
                "452 mailbox is full\r\n"
            }
            "DATA" => "354 go on\r\n",
            // The one who sends hangs up.
            "QUIT" if manner == Manner::Clinging => continue,
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        if word == "STARTTLS" {
            if manner == Manner::Injecting {
                stream.write_all(b"250 injected\r\n").await.unwrap();
            }
            stream.flush().await.unwrap();
            return true;
        }
        stream.flush().await.unwrap();
        if word == "DATA" {
            let mut mail = String::new();
            loop {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
                if line == ".\r\n" {
                    break;
                }
                mail.push_str(&line);
            }
            heard.lock().unwrap().mails.push(mail);
            stream.write_all(b"250 queued as 7\r\n").await.unwrap();
            stream.flush().await.unwrap();
        }
    }
}

fn settings(port: u16, encryption: MailEncryption, pem: Option<&str>) -> MailSettings {
    MailSettings {
        host: "localhost".to_owned(),
        port,
        encryption,
        user: Some("ops".to_owned()),
        from: "bulkhead@example.org".to_owned(),
        to: vec!["ops@example.org".to_owned(), "duty@example.org".to_owned()],
        authorities: pem.map(str::to_owned),
    }
}

fn target(settings: MailSettings) -> ChannelTarget {
    ChannelTarget::Email { settings }
}

fn word() -> ChannelSecrets {
    ChannelSecrets::of_password(Some("hidden-word".to_owned()))
}

/// The value of a header, unfolded.
fn header(mail: &str, name: &str) -> String {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let found: Vec<&str> = unfolded
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(found.len(), 1, "{name} in {head}");
    found[0].trim().to_owned()
}

#[tokio::test]
async fn a_mail_goes_encrypted_signed_in_and_once_for_each_notification() {
    let own = certificate();
    for (manner, encryption) in [
        (Manner::Tls, MailEncryption::Tls),
        (Manner::Starttls, MailEncryption::Starttls),
    ] {
        let (port, heard) = serve(manner, &own).await;
        let to = target(settings(port, encryption, Some(&own.pem)));
        let new = fix(NotificationEvent::FindingsNew, &["a", "b"]);
        let said = delivered(send(&to, &word(), &new).await);
        assert!(said.contains("queued as 7"), "{said}");
        let fixed = fix(NotificationEvent::FindingsFixed, &["a"]);
        delivered(send(&to, &word(), &fixed).await);
        let heard = heard.lock().unwrap().clone();
        assert_eq!(heard.mails.len(), 2);
        // Nothing but the wish for encryption is said in the open.
        let open = heard.commands.iter().filter(|(encrypted, _)| !encrypted);
        for (_, command) in open {
            assert!(["EHLO", "STAR"].contains(&&command[..4]), "{command}");
        }
        let recipients = heard
            .commands
            .iter()
            .filter(|(_, one)| one.starts_with("RCPT"));
        assert_eq!(
            recipients.count(),
            4,
            "two for each, and none that was brought in"
        );
        let [new, fixed] = [&heard.mails[0], &heard.mails[1]];
        assert_eq!(header(new, "Message-ID"), "<c1.0-ab@example.org>");
        assert!(header(new, "List-Id").contains("<acme.bulkhead.example.org>"));
        assert_eq!(
            header(new, "References"),
            header(fixed, "References"),
            "what is fixed lies beside what was new"
        );
        assert_eq!(header(new, "To"), "ops@example.org, duty@example.org");
        assert!(header(new, "Subject").contains("1 new vulnerability (critical) at 2 places"));
        assert!(new.contains("multipart/alternative"));
        let head = new.split_once("\r\n\r\n").unwrap().0.to_ascii_lowercase();
        assert!(!head.contains("\r\nbcc"), "{head}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_or_interferes_is_told_nothing() {
    let own = certificate();
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    for (manner, says) in [
        (Manner::Plain, "does not offer STARTTLS"),
        (Manner::Injecting, "said something else"),
    ] {
        let (port, heard) = serve(manner, &own).await;
        let to = target(settings(port, MailEncryption::Starttls, Some(&own.pem)));
        // Both pieces of an injection may come apart; then encryption fails.
        match send(&to, &word(), &told).await {
            Outcome::Refused(reason) => {
                assert!(reason.contains(says), "{reason}");
            }
            other => {
                let reason = later(other);
                assert_eq!(manner, Manner::Injecting, "{reason}");
            }
        }
        let heard = heard.lock().unwrap().clone();
        assert!(heard.mails.is_empty());
        let passwords = heard
            .commands
            .iter()
            .filter(|(_, one)| one.starts_with("AUTH"));
        assert_eq!(passwords.count(), 0);
    }
    // One that nobody vouches for.
    let (port, heard) = serve(Manner::Tls, &own).await;
    let to = target(settings(port, MailEncryption::Tls, None));
    let reason = later(send(&to, &word(), &told).await);
    assert!(reason.contains("cannot be trusted"), "{reason}");
    assert!(heard.lock().unwrap().commands.is_empty());
}

#[tokio::test]
async fn what_a_server_says_no_to_is_given_up_or_tried_again_as_it_says() {
    let own = certificate();
    let (port, _) = serve(Manner::Tls, &own).await;
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    let mut to = settings(port, MailEncryption::Tls, Some(&own.pem));
    to.to = vec!["nobody@example.org".to_owned()];
    let reason = refused(send(&target(to.clone()), &word(), &told).await);
    assert!(reason.contains("no such mailbox"), "{reason}");
    to.to = vec!["full@example.org".to_owned()];
    let reason = later(send(&target(to.clone()), &word(), &told).await);
    assert!(reason.contains("mailbox is full"), "{reason}");
    to.user = Some("other".to_owned());
    let reason = refused(send(&target(to), &word(), &told).await);
    assert!(
        reason.contains("wrong") && !reason.contains("hidden-word"),
        "{reason}"
    );
}

#[tokio::test]
async fn who_left_keeps_a_mail_from_nobody_else_and_a_server_that_took_it_is_not_sent_it_again() {
    let own = certificate();
    let (port, heard) = serve(Manner::Clinging, &own).await;
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    let mut to = settings(port, MailEncryption::Tls, Some(&own.pem));
    let names = ["nobody", "ops", "full", "duty"];
    to.to = names.map(|name| format!("{name}@example.org")).to_vec();
    let sent = send(&target(to.clone()), &word(), &told).await;
    let Outcome::Partly { reason, taken_by } = sent else {
        panic!("{sent:?}");
    };
    for part in [
        "queued as 7",
        "2 of 4",
        "nobody@example.org",
        "no such mailbox",
        "full@example.org",
        "mailbox is full",
    ] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    assert!(!reason.contains("ops@"), "{reason}");
    assert_eq!(taken_by, ["ops@example.org", "duty@example.org"]);
    let asked = |heard: &Heard| -> Vec<String> {
        let commands = heard.commands.iter().map(|(_, command)| command.clone());
        commands.filter(|one| one.starts_with("RCPT")).collect()
    };
    {
        let mut heard = heard.lock().unwrap();
        assert_eq!((heard.mails.len(), asked(&heard).len()), (1, 4));
        heard.commands.clear();
    }
    // The next attempt is for the others alone, and is one of the same mail.
    let reason = later(send_on(&target(to.clone()), &word(), &told, &taken_by).await);
    assert!(reason.contains("mailbox is full"), "{reason}");
    {
        let mut heard = heard.lock().unwrap();
        assert_eq!((heard.mails.len(), asked(&heard).len()), (1, 2));
        let commands = asked(&heard).join(" ");
        assert!(!commands.contains("ops@") && !commands.contains("duty@"));
        heard.commands.clear();
        heard.has_room = true;
    }
    let said = delivered(send_on(&target(to.clone()), &word(), &told, &taken_by).await);
    for part in ["queued as 7", "1 of 4", "nobody@example.org"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    {
        let mut heard = heard.lock().unwrap();
        assert_eq!((heard.mails.len(), asked(&heard).len()), (2, 2));
        let [first, second] = [&heard.mails[0], &heard.mails[1]];
        assert_eq!(header(first, "Message-ID"), header(second, "Message-ID"));
        assert_eq!(header(first, "To"), header(second, "To"));
        heard.has_room = false;
    }
    // Where those who are left are never going to take it, the others have it.
    let left = ["ops", "full", "duty"].map(|name| format!("{name}@example.org"));
    let said = delivered(send_on(&target(to.clone()), &word(), &told, &left).await);
    assert!(
        said.contains("1 of 4") && said.contains("nobody@"),
        "{said}"
    );
    let said = delivered(send_on(&target(to.clone()), &word(), &told, &to.to).await);
    assert!(said.contains("every address has it"), "{said}");
    // As long as one may be taken later, it is tried later.
    to.to = vec![
        "nobody@example.org".to_owned(),
        "full@example.org".to_owned(),
    ];
    let reason = later(send(&target(to.clone()), &word(), &told).await);
    assert!(reason.contains("mailbox is full"), "{reason}");
    to.to = vec!["nobody@example.org".to_owned(); 2];
    refused(send(&target(to), &word(), &told).await);
    assert_eq!(
        heard.lock().unwrap().mails.len(),
        2,
        "nothing is sent to nobody"
    );
}

/// A server of others: `aiosmtpd` for Python, where this machine has it.
#[tokio::test]
async fn a_server_that_others_wrote_takes_it() {
    // The machine's own Python has what its packages bring, whatever other comes first.
    let pythons = ["python3", "/usr/bin/python3"];
    let has = |python: &&str| {
        let mut asked = Command::new(python);
        let asked = asked.args(["-c", "import aiosmtpd"]).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    };
    let Some(python) = pythons.into_iter().find(has) else {
        return at_hand::missing(at_hand::Need::Peers, "no Python with aiosmtpd");
    };
    let own = certificate();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (cert, key) = (file("cert.pem", &own.pem), file("key.pem", &own.key_pem));
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut server = Command::new(python)
        .args([
            "-u",
            "-m",
            "aiosmtpd",
            "-n",
            "-l",
            &format!("127.0.0.1:{port}"),
        ])
        .arg("--tlscert")
        .arg(cert)
        .arg("--tlskey")
        .arg(key)
        .args(["-c", "aiosmtpd.handlers.Debugging", "stdout"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut to = settings(port, MailEncryption::Starttls, Some(&own.pem));
    to.user = None;
    let told = fix(NotificationEvent::FindingsNew, &["a"]);
    let mut outcome = None;
    for _ in 0..100 {
        let sent = send(&target(to.clone()), &ChannelSecrets::default(), &told).await;
        let is_there = !matches!(sent, Outcome::Later { .. });
        outcome = Some(sent);
        if is_there {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let said = outcome.map(delivered);
    let out = server.stdout.take().unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut mail = String::new();
        for line in StdReader::new(out).lines() {
            let line = line.unwrap();
            if line.contains("END MESSAGE") {
                break;
            }
            mail.push_str(&line);
            mail.push('\n');
        }
        mail
    });
    let mail = read.await.unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(said.is_some_and(|said| said.contains("250")));
    assert!(mail.contains("Message-ID: <c1.0-ab@example.org>"), "{mail}");
    assert!(mail.contains("CVE-2026-0001"), "{mail}");
}
