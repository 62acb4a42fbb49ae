//! A blob as a stream of bytes that survives broken connections: it goes on from the last byte that came.
//!
//! What was put together of several answers is one blob only if its digest says so, which is verified by whoever reads
//! it to its end.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Buf;
use tokio::{runtime::Handle, task::JoinHandle};

use super::{Registry, RegistryError};
use crate::{
    http::Answer,
    pieces::{PieceReader, PieceSender, pieces},
};

/// Pieces that wait between the network and the reader: with some 16 KiB each, half a megabyte for a blob.
const WAITING_CHUNKS: usize = 32;
/// Connections for one blob, whatever progress each of them makes.
const MAX_CONNECTIONS: u32 = 100;
/// Time of waiting over which bytes are counted, so that a short stop is forgiven.
const PACE_WINDOW: Duration = Duration::from_secs(60);

/// The bytes of a blob, for a thread that may wait.
#[derive(Debug)]
pub(super) struct BlobReader {
    pieces: PieceReader,
    task: JoinHandle<()>,
}

impl BlobReader {
    /// Begins to read from an answer that has come.
    pub(super) fn new(
        runtime: &Handle,
        registry: Arc<Registry>,
        digest: String,
        first: Answer,
    ) -> Self {
        let (sender, reader) = pieces(WAITING_CHUNKS);
        let task = runtime.spawn(async move {
            match pump(&registry, &digest, first, &sender).await {
                Ok(()) => sender.end().await,
                Err(error) => sender.fail(error).await,
            }
        });
        Self {
            pieces: reader,
            task,
        }
    }
}

impl Drop for BlobReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl io::Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.pieces.read(out)
    }
}

/// Passes the blob on until it is whole or nobody reads it any more, or has broken off once too often.
async fn pump(
    registry: &Registry,
    digest: &str,
    first: Answer,
    sender: &PieceSender,
) -> io::Result<()> {
    let mut answer = first;
    // Bytes that the reader has, and bytes that this answer will repeat.
    let (mut passed, mut repeated) = (0u64, 0u64);
    let (mut attempt, mut connections) = (0, 1);
    let mut pace = Pace::default();
    loop {
        let broken = loop {
            let since = Instant::now();
            let chunk = registry.patience().limit(answer.chunk());
            let chunk = chunk.await.map_err(io::Error::other)?;
            let came = match &chunk {
                Ok(Some(chunk)) => chunk.len() as u64,
                _ => 0,
            };
            if !pace.holds(since.elapsed(), came, registry.min_bytes_per_s()) {
                return Err(io::Error::other(registry.too_slow()));
            }
            match chunk {
                Ok(None) => return Ok(()),
                Ok(Some(mut chunk)) => {
                    let skip = usize::try_from(repeated)
                        .unwrap_or(usize::MAX)
                        .min(chunk.len());
                    chunk.advance(skip);
                    repeated = repeated.saturating_sub(skip as u64);
                    if chunk.is_empty() {
                        continue;
                    }
                    passed = passed.saturating_add(chunk.len() as u64);
                    attempt = 0;
                    if !sender.send(chunk).await {
                        return Ok(());
                    }
                }
                Err(error) => break error,
            }
        };
        if attempt >= registry.patience().retries() || connections >= MAX_CONNECTIONS {
            return Err(io::Error::other(registry.unreachable(broken)));
        }
        registry
            .patience()
            .wait(attempt, None)
            .await
            .map_err(io::Error::other)?;
        attempt += 1;
        connections += 1;
        tracing::debug!(digest, passed, "going on with a blob");
        answer = registry
            .blob(digest, passed)
            .await
            .map_err(io::Error::other)?
            .ok_or_else(|| gone(registry))?;
        repeated = match answer.status() {
            // It knows no ranges, and begins anew.
            200 => passed,
            206 if answer.begins_at(passed) => 0,
            // Nothing is left, although the connection broke before that was said.
            416 => return Ok(()),
            _ => return Err(gone(registry)),
        };
    }
}

/// How much comes in how much waiting: the time that the reader takes does not count.
#[derive(Default)]
struct Pace {
    waited: Duration,
    came: u64,
}

impl Pace {
    /// Counts a piece; whether there are enough bytes in each [`PACE_WINDOW`].
    fn holds(&mut self, waited: Duration, came: u64, min_bytes_per_s: u64) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.came = self.came.saturating_add(came);
        if self.waited < PACE_WINDOW {
            return true;
        }
        let enough = self.came >= min_bytes_per_s.saturating_mul(self.waited.as_secs());
        *self = Self::default();
        enough
    }
}

fn gone(registry: &Registry) -> io::Error {
    io::Error::other(RegistryError::Answer {
        registry: registry.reference().host().to_owned(),
        said: "something else when the rest of a layer was asked for".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_by_drops_is_given_up_and_a_short_stop_is_forgiven() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::default();
        assert!((0..59).all(|_| pace.holds(second, 1, 1024)));
        assert!(!pace.holds(second, 1, 1024));
        let mut pace = Pace::default();
        assert!(pace.holds(25 * second, 0, 1024));
        assert!(pace.holds(35 * second, 60 << 10, 1024));
        assert!((0..300).all(|_| pace.holds(second, 1024, 1024)));
    }
}
