//! Connections: how many, in all and of an address; how long a head may take and how large it may be, how slow a body may
//! come and an answer may be read; and an orderly end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use api::Peer;
use axum::{Router, extract::Request, middleware};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use crate::{
    pace::{Pace, Patient, paced},
    proxies::Proxies,
    seats::Seats,
};

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at once; further ones wait.
    pub max_connections: usize,
    /// Connections of one address at once; further ones are closed. This machine and proxies that are believed may have all.
    pub max_connections_of_address: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head_time_out: Duration,
    /// How slow a body may come.
    pub body_pace: Pace,
    /// How long nothing of an answer may be read.
    pub unread_time_out: Duration,
    /// Most header fields of a request. The API takes fewer and says so; beyond this many, the connection is closed.
    pub max_headers: usize,
    /// Most bytes of a request's head; of these, too, the API takes fewer.
    pub max_head_bytes: usize,
    /// How long requests under way may take after a stop.
    pub stop_time_out: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_connections_of_address: 256,
            head_time_out: Duration::from_secs(15),
            body_pace: Pace {
                grace: Duration::from_secs(10),
                min_bytes_per_s: 1024,
            },
            unread_time_out: Duration::from_secs(30),
            max_headers: 256,
            max_head_bytes: 32 * 1024,
            stop_time_out: Duration::from_secs(20),
        }
    }
}

/// Serves until told to stop, then until requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: Proxies,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(limits.max_connections.max(1)));
    let seats = Seats::new(limits.max_connections_of_address);
    let proxies = Arc::new(proxies);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time_out)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_head_bytes.max(8192));
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = accept(&listener, &free) => accepted,
        };
        let (stream, peer, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let seat = seats.take(peer);
        if seat.is_none() && !peer.is_loopback() && !proxies.trusts(peer) {
            tracing::debug!(%peer, "an address has as many connections as it may");
            continue;
        }
        let believed = Arc::clone(&proxies);
        let service = router
            .clone()
            .layer(middleware::map_request(move |request: Request| {
                let sender = believed.sender(peer, request.headers());
                let mut request = request.map(|body| paced(body, limits.body_pace));
                request.extensions_mut().insert(Peer(sender));
                std::future::ready(request)
            }));
        let service = TowerToHyperService::new(service);
        let stream = Patient::new(stream, limits.unread_time_out);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop((seat, turn));
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.stop_time_out, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests under way were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let turn = Arc::clone(free)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    // Who comes by version 4 has an address of version 4, however the listener names it.
    Ok((stream, peer.ip().to_canonical(), turn))
}

#[cfg(test)]
mod tests {
    use platform::{Embedded, SystemClock};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// The API on a port of this machine, whose patience ends soon.
    struct Served {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        serving: tokio::task::JoinHandle<()>,
        _folder: tempfile::TempDir,
    }

    impl Served {
        async fn start(limits: Limits) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let platform = Embedded::open(folder.path(), Arc::new(SystemClock)).unwrap();
            let (_, router) = api::open(platform).await.unwrap();
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = watch::channel(false);
            let proxies = Proxies::default();
            let serving = tokio::spawn(serve(listener, router, limits, proxies, stopped));
            Self {
                address,
                stop,
                serving,
                _folder: folder,
            }
        }

        async fn connect(&self, sent: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            stream
        }

        async fn stop(self) {
            self.stop.send(true).unwrap();
            self.serving.await.unwrap();
        }
    }

    /// Everything that comes until the server hangs up.
    async fn rest(mut stream: TcpStream) -> String {
        let mut all = Vec::new();
        // What was sent and not read makes the end one of a broken connection.
        let _ = stream.read_to_end(&mut all).await;
        String::from_utf8_lossy(&all).into_owned()
    }

    fn soon() -> Limits {
        Limits {
            head_time_out: Duration::from_millis(200),
            body_pace: Pace {
                grace: Duration::from_millis(200),
                min_bytes_per_s: 1_000_000,
            },
            ..Limits::default()
        }
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_and_a_connection_without_requests_are_closed() {
        let served = Served::start(soon()).await;
        let slow = served.connect("GET /healthz HTTP/1.1\r\nhost: x\r\n").await;
        let idle = served
            .connect("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .await;
        let silent = served.connect("").await;
        let slow = rest(slow).await;
        assert!(
            slow.is_empty() || slow.starts_with("HTTP/1.1 408"),
            "{slow}"
        );
        let idle = rest(idle).await;
        assert!(idle.starts_with("HTTP/1.1 200"), "{idle}");
        let silent = rest(silent).await;
        assert!(
            silent.is_empty() || silent.starts_with("HTTP/1.1 408"),
            "{silent}"
        );
        served.stop().await;
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_answered_408_and_the_connection_closed() {
        let served = Served::start(soon()).await;
        let head = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                    content-length: 1000\r\n\r\n{";
        let answer = rest(served.connect(head).await).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(answer.contains("/problems/too-slow"), "{answer}");
        let chunked = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                       transfer-encoding: chunked\r\n\r\n1\r\n{\r\n";
        let answer = rest(served.connect(chunked).await).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        served.stop().await;
    }

    #[tokio::test]
    async fn floods_of_headers_are_refused_by_a_problem_and_then_by_the_connection() {
        let served = Served::start(Limits::default()).await;
        let with = |fields: usize| {
            let fields: String = (0..fields).map(|at| format!("x-{at}: y\r\n")).collect();
            format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n")
        };
        let fine = rest(served.connect(&with(90)).await).await;
        assert!(fine.starts_with("HTTP/1.1 200"), "{fine}");
        let many = rest(served.connect(&with(120)).await).await;
        assert!(many.starts_with("HTTP/1.1 431"), "{many}");
        assert!(many.contains("/problems/headers-too-large"), "{many}");
        let flood = rest(served.connect(&with(1000)).await).await;
        assert!(
            flood.is_empty() || flood.starts_with("HTTP/1.1 431"),
            "{flood}"
        );
        served.stop().await;
    }

    #[tokio::test]
    async fn a_connection_beyond_the_last_waits_for_another_to_end() {
        let served = Served::start(Limits {
            max_connections: 1,
            ..soon()
        })
        .await;
        let first = served.connect("").await;
        let second = served
            .connect("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await;
        drop(first);
        let answer = rest(second).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        served.stop().await;
    }
}
