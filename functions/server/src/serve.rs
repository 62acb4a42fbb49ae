//! Connections: how many, how long a head may take and how large it may be, and an orderly end.

use std::{net::IpAddr, sync::Arc, time::Duration};

use api::Peer;
use axum::{Extension, Router};
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

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at once; further ones wait.
    pub max_connections: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head_time_out: Duration,
    /// Most header fields of a request.
    pub max_headers: usize,
    /// Most bytes of a request's head.
    pub max_head_bytes: usize,
    /// How long requests under way may take after a stop.
    pub stop_time_out: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            head_time_out: Duration::from_secs(15),
            max_headers: 100,
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
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(limits.max_connections.max(1)));
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
        let service = router.clone().layer(Extension(Peer(peer)));
        let service = TowerToHyperService::new(service);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(turn);
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
