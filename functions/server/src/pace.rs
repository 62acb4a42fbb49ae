//! How slow the other end may be: bodies that come, and answers that are not read.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use api::TooSlow;
use axum::body::{Body, Bytes, HttpBody};
use futures::{StreamExt, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// How slow a body may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long it is waited for in any case.
    pub grace: Duration,
    /// Bytes that have to come in each second beyond that.
    pub min_bytes_per_s: u32,
}

impl Pace {
    /// How long a body may have been waited for of which so many bytes have come.
    fn patience(&self, bytes: u64) -> Duration {
        let ms = bytes.saturating_mul(1000) / u64::from(self.min_bytes_per_s.max(1));
        self.grace.saturating_add(Duration::from_millis(ms))
    }
}

/// A body that fails with [`TooSlow`] when it comes slower than this. Only the time counts that it is waited for: who reads
/// it may take theirs.
pub(crate) fn paced(body: Body, pace: Pace) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let begun = (body.into_data_stream(), Duration::ZERO, 0_u64);
    Body::from_stream(stream::unfold(Some(begun), move |coming| async move {
        let (mut body, waited, bytes) = coming?;
        let left = pace.patience(bytes).saturating_sub(waited);
        let since = Instant::now();
        match tokio::time::timeout(left, body.next()).await {
            Err(_) => Some((Err(axum::Error::new(TooSlow)), None)),
            Ok(None) => None,
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(Some(Ok(piece))) => {
                let waited = waited.saturating_add(since.elapsed());
                let bytes = bytes.saturating_add(length(&piece));
                Some((Ok(piece), Some((body, waited, bytes))))
            }
        }
    }))
}

fn length(piece: &Bytes) -> u64 {
    u64::try_from(piece.len()).unwrap_or(u64::MAX)
}

/// A connection that fails when nothing of what is written to it goes out for so long.
#[derive(Debug)]
pub(crate) struct Patient<T> {
    inner: T,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    pub(crate) fn new(inner: T, limit: Duration) -> Self {
        Self {
            inner,
            limit,
            waiting: None,
        }
    }

    /// What a write came to; one that cannot go on yet fails when it has waited long enough.
    fn within<R>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if waiting.as_mut().poll(cx).is_ready() {
            self.waiting = None;
            let error = io::Error::new(io::ErrorKind::TimedOut, "the answer is not read");
            return Poll::Ready(Err(error));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.within(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.inner).poll_flush(cx);
        self.within(cx, written)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.within(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.within(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::to_bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const PACE: Pace = Pace {
        grace: Duration::from_millis(50),
        min_bytes_per_s: 1000,
    };

    #[test]
    fn each_byte_buys_time() {
        let pace = Pace {
            grace: Duration::from_secs(10),
            min_bytes_per_s: 1024,
        };
        assert_eq!(pace.patience(0), Duration::from_secs(10));
        assert_eq!(pace.patience(2048), Duration::from_secs(12));
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_fails_and_one_that_comes_is_whole() {
        let first = stream::iter([Ok::<_, Infallible>("a")]);
        let stuck = Body::from_stream(first.chain(stream::pending()));
        let error = to_bytes(paced(stuck, PACE), 100).await.unwrap_err();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        assert!(cause.is::<TooSlow>(), "{cause:?}");

        let pieces = stream::iter((0..100).map(|_| Ok::<_, Infallible>("abcdefghij")));
        let whole = to_bytes(paced(Body::from_stream(pieces), PACE), 10_000).await;
        assert_eq!(whole.unwrap().len(), 1000);
        let empty = to_bytes(paced(Body::empty(), PACE), 1).await.unwrap();
        assert!(empty.is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut near = Patient::new(near, Duration::from_millis(50));
        near.write_all(&[1; 16]).await.unwrap();
        let error = near.write_all(&[2]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // It counts from what went out last.
        far.read_exact(&mut [0; 16]).await.unwrap();
        near.write_all(&[3; 16]).await.unwrap();
    }
}
