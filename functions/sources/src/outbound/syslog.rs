//! Sending to a server of syslog: one message on a connection of its own. Sources: RFC 5425, RFC 6587.

use std::{io, time::Duration};

use notification::{framed, syslog};
use schemas::{api::notification::SyslogTransport, notification::Notification};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    Outcome,
    wire::{WireError, connect, encrypt},
};
use crate::http::Guard;

/// How long a receiver is waited for to close the connection, or to break it.
const LINGER: Duration = Duration::from_millis(500);

/// Where a message goes.
pub(super) struct Server<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) transport: SyslogTransport,
    pub(super) authorities: Option<&'a str>,
}

/// Sends a notification. Syslog has no answers: what was written to a connection that was not broken is taken as delivered.
pub(super) async fn send(
    guard: &Guard,
    server: &Server<'_>,
    told: &Notification,
    id: &str,
) -> Outcome {
    let message = framed(&syslog(told, id));
    match try_send(guard, server, message.as_bytes()).await {
        Ok(()) => Outcome::Delivered(format!("{} took it; syslog gives no answer", server.host)),
        Err(error) if error.is_passing() => Outcome::Later {
            reason: error.to_string(),
            wait_s: None,
        },
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

async fn try_send(guard: &Guard, server: &Server<'_>, message: &[u8]) -> Result<(), WireError> {
    let broken = |error| WireError::Unreachable(server.host.to_owned(), error);
    let plain = match server.transport {
        SyslogTransport::Tls => false,
        SyslogTransport::Tcp => true,
        SyslogTransport::Unknown => return Err(WireError::Plain),
    };
    let stream = connect(guard, server.host, server.port, plain).await?;
    if plain {
        write(stream, message).await.map_err(broken)
    } else {
        let stream = encrypt(stream, server.host, server.authorities).await?;
        write(stream, message).await.map_err(broken)
    }
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, message: &[u8]) -> io::Result<()> {
    stream.write_all(message).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    // A receiver that refused breaks the connection; one that keeps it open has nothing against it.
    let mut rest = [0; 64];
    match timeout(LINGER, stream.read(&mut rest)).await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(()),
    }
}
