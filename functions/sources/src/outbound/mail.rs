//! Sending mail. Sources: RFC 5321 (SMTP), RFC 3207 (`STARTTLS`), RFC 8314 (encryption from the beginning), RFC 5322 and
//! RFC 2919 for headers.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::ClientId,
    },
};
use notification::{ChannelSecrets, Mail};
use schemas::{
    Timestamp,
    api::notification::{MailEncryption, MailSettings},
    notification::Notification,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{
    MAX_TOLD_CHARS, Outcome,
    bounded::Bounded,
    wire::{WireError, connect, encrypt},
};
use crate::http::Guard;

/// Time for all that is said with a server until it has the mail.
const TALK_TIMEOUT: Duration = Duration::from_secs(25);
/// Time for its goodbye.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// Most characters of what is told of a mail that was taken, with who is not to get it.
const MAX_TAKEN_CHARS: usize = 400;
/// Most characters of why one address was refused.
const MAX_WHY_CHARS: usize = 80;
/// Longest answer before the connection is encrypted, in bytes.
const MAX_GREETING_BYTES: usize = 8192;
/// Most characters of an address. Source: RFC 5321, 4.5.3.1.3.
const MAX_ADDRESS_CHARS: usize = 254;

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The server does not encrypt.
    #[error("the server does not offer STARTTLS, so nothing was sent to it")]
    NoTls,
    /// It said more than it may before the connection was encrypted.
    #[error("the server said something else before the connection was encrypted than it should")]
    Odd,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The server said no.
    #[error("{0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// It takes nothing for any of the addresses.
    #[error("{why}")]
    Nobody {
        /// What it says of one of them.
        why: String,
        /// Whether it may take it later for any of them.
        is_passing: bool,
    },
    /// The mail cannot be written.
    #[error("the mail cannot be written: {0}")]
    Form(String),
    /// It took too long.
    #[error("it did not answer in time")]
    Time,
}

impl MailError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Wire(error) => error.is_passing(),
            Self::Nobody { is_passing, .. } => *is_passing,
            Self::Smtp(error) => !error.is_permanent() && !error.is_client(),
            Self::Io(_) | Self::Time => true,
            Self::NoTls | Self::Odd | Self::Form(_) => false,
        }
    }
}

/// Whether a text is an address of mail, without a name: what headers and commands are made of.
pub fn is_mail_address(text: &str) -> bool {
    text.len() <= MAX_ADDRESS_CHARS
        && text.bytes().all(|b| b.is_ascii_graphic())
        && text.parse::<Address>().is_ok()
}

/// A mail that is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) settings: &'a MailSettings,
    pub(super) told: &'a Notification,
    /// The same for every attempt, so mail that comes twice has one Message-ID.
    pub(super) id: &'a str,
    /// Who has it since an earlier attempt.
    pub(super) has: &'a [String],
    pub(super) now: Timestamp,
}

/// What a server did with a mail.
#[derive(Debug, Default)]
struct Handed {
    /// What it said, and who is not to get it.
    said: String,
    /// Those it took the mail for.
    taken_by: Vec<String>,
    /// Whether it may take it later for others.
    is_partly: bool,
}

/// Sends a notification as one mail to all who do not have it.
pub(super) async fn send(guard: &Guard, mail: &Sent<'_>, secrets: &ChannelSecrets) -> Outcome {
    let settings = mail.settings;
    let short = |text: &str, most: usize| -> String {
        let text = secrets.removed_from(text);
        let text = text.chars().filter(|c| !c.is_control());
        format!("{}: {}", settings.host, text.take(most).collect::<String>())
    };
    if settings.to.iter().all(|to| mail.has.contains(to)) {
        return Outcome::Delivered("every address has it since an earlier attempt".to_owned());
    }
    let talk = timeout(TALK_TIMEOUT, talk(guard, mail, secrets));
    match talk.await.unwrap_or(Err(MailError::Time)) {
        Ok((handed, mut server)) => {
            // It was taken: how the server says goodbye does not matter, nor how long it takes for that.
            let _ = timeout(QUIT_TIMEOUT, server.quit()).await;
            let said = short(&handed.said, MAX_TAKEN_CHARS);
            if handed.is_partly {
                Outcome::Partly {
                    reason: said,
                    taken_by: handed.taken_by,
                }
            } else {
                Outcome::Delivered(said)
            }
        }
        Err(error) if error.is_passing() => Outcome::Later {
            reason: short(&error.to_string(), MAX_TOLD_CHARS),
            wait_s: None,
        },
        Err(error) => Outcome::Refused(short(&error.to_string(), MAX_TOLD_CHARS)),
    }
}

/// Has a server take a mail; returns what it did, with the connection.
async fn talk(
    guard: &Guard,
    mail: &Sent<'_>,
    secrets: &ChannelSecrets,
) -> Result<(Handed, AsyncSmtpConnection), MailError> {
    let settings = mail.settings;
    let (envelope, bytes) = message(mail, &notification::mail(mail.told))?;
    let plain = match settings.encryption {
        MailEncryption::None => true,
        MailEncryption::Tls | MailEncryption::Starttls => false,
        MailEncryption::Unknown => return Err(WireError::Plain.into()),
    };
    let (host, authorities) = (&settings.host, settings.authorities.as_deref());
    let mut stream = connect(guard, host, settings.port, plain).await?;
    // Who speaks is named by the address that the connection comes from: this machine's name is nobody's business.
    let own = match stream.local_addr()?.ip() {
        IpAddr::V4(ip) => ClientId::Ipv4(ip),
        IpAddr::V6(ip) => ClientId::Ipv6(ip),
    };
    let stream: Box<dyn AsyncTokioStream> = match settings.encryption {
        MailEncryption::Starttls => {
            let greeting = ask_for_tls(&mut stream, &own).await?;
            let stream = encrypt(stream, host, authorities).await?;
            Box::new(Greeted { greeting, stream })
        }
        MailEncryption::Tls => Box::new(Greeted {
            greeting: Vec::new(),
            stream: encrypt(stream, host, authorities).await?,
        }),
        MailEncryption::None | MailEncryption::Unknown => Box::new(stream),
    };
    let stream = Box::new(Bounded { heard: 0, stream });
    let mut server = AsyncSmtpConnection::connect_with_transport(stream, &own).await?;
    if let (Some(user), Some(password)) = (&settings.user, secrets.password()) {
        let credentials = Credentials::new(user.clone(), password.to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        server.auth(&mechanisms, &credentials).await?;
    }
    let all = settings.to.len();
    let handed = hand_over(&mut server, &envelope, &bytes, all).await?;
    Ok((handed, server))
}

/// Hands a mail over for those addresses that the server takes, of so many with those who have it. One who left keeps it from
/// nobody else, and one whom it takes nothing for now from nobody either: servers ask to wait by recipient (a list of who
/// sent before, a full mailbox, too many at once; RFC 5321, 4.5.3.1.10).
async fn hand_over(
    server: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
    all: usize,
) -> Result<Handed, MailError> {
    let from = MailFrom::new(envelope.from().cloned(), Vec::new());
    server.command(from).await?;
    let mut refused = Vec::new();
    let mut taken_by = Vec::new();
    for to in envelope.to() {
        match server.command(Rcpt::new(to.clone(), Vec::new())).await {
            Ok(_) => taken_by.push(to.to_string()),
            // An answer, and not a connection that broke.
            Err(error) if error.status().is_some() => refused.push((to, error)),
            Err(error) => return Err(error.into()),
        }
    }
    let passing = refused.iter().find(|(_, error)| error.is_transient());
    let is_partly = passing.is_some();
    let said = if taken_by.is_empty() {
        let is_first = envelope.to().len() == all;
        if is_partly || is_first {
            let why = passing.or(refused.first());
            return Err(MailError::Nobody {
                why: why.map_or_else(String::new, |(to, error)| format!("{to}: {error}")),
                is_passing: is_partly,
            });
        }
        "the other addresses have it".to_owned()
    } else {
        server.command(Data).await?;
        let answer = server.message(bytes).await?;
        let lines: Vec<&str> = answer.message().collect();
        format!("{} {}", answer.code(), lines.join(" "))
    };
    if refused.is_empty() {
        return Ok(Handed {
            said,
            taken_by,
            is_partly,
        });
    }
    let each = refused.iter().map(|(to, error)| {
        let why = error.to_string();
        let why: String = why.chars().take(MAX_WHY_CHARS).collect();
        format!("{to} ({why})")
    });
    let each: Vec<String> = each.collect();
    let refused = refused.len();
    Ok(Handed {
        said: format!(
            "{said}; refused for {refused} of {all} addresses: {}",
            each.join(", ")
        ),
        taken_by,
        is_partly,
    })
}

/// Hears the greeting, asks for encryption, and returns the greeting.
async fn ask_for_tls(stream: &mut TcpStream, own: &ClientId) -> Result<Vec<u8>, MailError> {
    let greeting = answer(stream).await?;
    stream
        .write_all(format!("EHLO {own}\r\n").as_bytes())
        .await?;
    let offered = answer(stream).await?;
    let offered = String::from_utf8_lossy(&offered).to_ascii_uppercase();
    let is_offered = |line: &str| line.get(4..).is_some_and(|word| word.trim() == "STARTTLS");
    if !offered.lines().any(is_offered) {
        return Err(MailError::NoTls);
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    let ready = answer(stream).await?;
    if ready.starts_with(b"220") {
        Ok(greeting)
    } else {
        Err(MailError::NoTls)
    }
}

/// One answer of a server, of one or more lines. What follows it at once would be taken for an encrypted answer later, so
/// nothing may (the trick is known as response injection).
async fn answer(stream: &mut TcpStream) -> Result<Vec<u8>, MailError> {
    let mut all = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        all.extend_from_slice(piece.get(..read).unwrap_or_default());
        if all.len() > MAX_GREETING_BYTES {
            return Err(MailError::Odd);
        }
        let mut lines = all.split_inclusive(|byte| *byte == b'\n');
        let last = lines
            .clone()
            .position(|line| line.ends_with(b"\n") && line.get(3) != Some(&b'-'));
        if let Some(last) = last {
            return if lines.nth(last + 1).is_none() {
                Ok(all)
            } else {
                Err(MailError::Odd)
            };
        }
    }
}

/// The mail as it is sent, with the envelope of those who do not have it.
fn message(sent: &Sent<'_>, mail: &Mail) -> Result<(Envelope, Vec<u8>), MailError> {
    let Sent {
        settings,
        told,
        id,
        has,
        now,
    } = *sent;
    let odd = |error: &dyn std::error::Error| MailError::Form(error.to_string());
    let address = |text: &str| text.parse::<Address>().map_err(|error| odd(&error));
    let from = address(&settings.from)?;
    let to: Vec<Address> = settings
        .to
        .iter()
        .map(|text| address(text))
        .collect::<Result<_, _>>()?;
    let domain = from.domain().to_owned();
    // Ids and tenants are of plain characters, as message ids are.
    let thread = format!("<{}.bulkhead@{domain}>", mail.thread);
    let at =
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_ms()).unwrap_or(0));
    let header = |name: &'static str, value: String| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
    };
    let mut builder = Message::builder()
        .from(Mailbox::new(Some("Bulkhead".to_owned()), from.clone()))
        .subject(&mail.subject)
        .date(at)
        .message_id(Some(format!("<{id}@{domain}>")))
        .in_reply_to(thread.clone())
        .references(thread)
        .raw_header(header(
            "List-Id",
            format!("Bulkhead <{}.bulkhead.{domain}>", told.tenant),
        ))
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
    for address in &to {
        builder = builder.to(Mailbox::new(None, address.clone()));
    }
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let message = builder.multipart(parts).map_err(|error| odd(&error))?;
    let named = settings.to.iter().zip(to);
    let left = named.filter(|(text, _)| !has.contains(text));
    let left = left.map(|(_, address)| address).collect();
    let envelope = Envelope::new(Some(from), left).map_err(|error| odd(&error))?;
    Ok((envelope, message.formatted()))
}

/// An encrypted connection on which the greeting was heard before it was encrypted: it is heard once more, since who speaks
/// SMTP waits for one.
#[derive(Debug)]
struct Greeted {
    greeting: Vec<u8>,
    stream: TlsStream<TcpStream>,
}

impl AsyncTokioStream for Greeted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Greeted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let length = into.remaining().min(self.greeting.len());
        let heard: Vec<u8> = self.greeting.drain(..length).collect();
        into.put_slice(&heard);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address_and_nothing_else() {
        for good in ["ops@example.org", "a.b+c@mail.example.org"] {
            assert!(is_mail_address(good), "{good}");
        }
        for odd in [
            "",
            "ops",
            "ops@example.org\r\nBcc: all@example.org",
            "ops@example.org, all@example.org",
            "Ops <ops@example.org>",
            "<ops@example.org>",
            "ops@example.org>",
            "öps@example.org",
            &format!("{}@example.org", "x".repeat(250)),
        ] {
            assert!(!is_mail_address(odd), "{odd}");
        }
    }

    #[test]
    fn nothing_of_a_notification_becomes_a_header() {
        let settings = MailSettings {
            host: "mail.example.org".to_owned(),
            port: 465,
            encryption: MailEncryption::Tls,
            user: None,
            from: "bulkhead@example.org".to_owned(),
            to: vec!["ops@example.org".to_owned()],
            authorities: None,
        };
        let tenant = "acme".parse().unwrap();
        let told = notification::gather::empty(
            schemas::notification::NotificationEvent::FeedFailed,
            &tenant,
            "n-1",
            Timestamp::from_ms(0),
        );
        let mut mail = notification::mail(&told);
        mail.subject = "x\r\nBcc: all@example.org".to_owned();
        mail.text = "a\r\n.\r\nMAIL FROM:<x>\r\n".to_owned();
        let sent = Sent {
            settings: &settings,
            told: &told,
            id: "c.1",
            has: &[],
            now: Timestamp::from_ms(0),
        };
        let (envelope, bytes) = message(&sent, &mail).unwrap();
        assert_eq!(envelope.to().len(), 1);
        let text = String::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let is_other = |line: &str| line.to_ascii_lowercase().starts_with("bcc");
        assert!(!head.lines().any(is_other), "{head}");
        assert!(head.contains("Message-ID: <c.1@example.org>"), "{head}");
    }
}
