//! An image read while the engine sends it: an asynchronous stream on one side, a plain reader on the other, and never
//! more than a few pieces of it in memory.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use futures::StreamExt;
use inventory::image::{ImageError, Options, ScannedImage, read_archive_stream};
use schemas::Digest;
use sources::runtime::ArchiveStream;
use tokio::sync::mpsc;

use super::LookError;

/// Pieces on the way between the two sides. Engines send pieces of at most a few hundred kilobytes.
const PIECES: usize = 8;

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    /// The archive was not understood, or the engine broke off.
    #[error("the image could not be read")]
    Image(#[from] ImageError),
    /// The reader ended before its time.
    #[error(transparent)]
    Look(#[from] LookError),
}

/// Reads an image from the engine's stream; layers that are not wanted are passed over.
pub(super) async fn read(
    mut stream: ArchiveStream,
    wanted: Vec<Digest>,
) -> Result<ScannedImage, ArchiveError> {
    let (sender, receiver) = mpsc::channel(PIECES);
    let reader = tokio::task::spawn_blocking(move || {
        let want = |layer: &Digest| wanted.contains(layer);
        let options = Options {
            want: &want,
            threads: 1,
            ..Options::default()
        };
        let mut input = Pieces {
            receiver,
            piece: Bytes::new(),
            ended: false,
        };
        read_archive_stream(&mut input, &options)
    });
    let pump = async move {
        while let Some(piece) = stream.next().await {
            let failed = piece.is_err();
            let piece = piece.map_err(io::Error::other);
            // An empty piece means the end below, so an empty one of the engine's is passed over.
            let empty = piece.as_ref().is_ok_and(Bytes::is_empty);
            if !empty && sender.send(piece).await.is_err() {
                // The reader has what it needs.
                return;
            }
            if failed {
                return;
            }
        }
        let _ = sender.send(Ok(Bytes::new())).await;
    };
    let ((), read) = tokio::join!(pump, reader);
    let read = read.map_err(|error| LookError::Task(error.to_string()))?;
    Ok(read?)
}

/// The reading side.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && !self.ended && !buffer.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(piece)) => {
                    self.ended = piece.is_empty();
                    self.piece = piece;
                }
                Some(Err(error)) => return Err(error),
                // The other side gave up: what came so far is not the whole image.
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = self.piece.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), self.piece.get(..count)) {
            to.copy_from_slice(from);
        }
        self.piece.advance(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(pieces: Vec<Option<io::Result<Bytes>>>) -> io::Result<Vec<u8>> {
        let (sender, receiver) = mpsc::channel(100);
        for piece in pieces.into_iter().flatten() {
            sender.try_send(piece).unwrap();
        }
        drop(sender);
        let mut all = Vec::new();
        let mut input = Pieces {
            receiver,
            piece: Bytes::new(),
            ended: false,
        };
        input.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn a_stream_that_is_broken_off_is_never_taken_for_a_whole_one() {
        let piece = |text: &'static str| Some(Ok(Bytes::from_static(text.as_bytes())));
        assert_eq!(
            read_all(vec![piece("ab"), piece("c"), piece("")]).unwrap(),
            b"abc"
        );
        let cut = read_all(vec![piece("ab")]).map_err(|error| error.kind());
        assert_eq!(cut, Err(io::ErrorKind::UnexpectedEof));
        let failed = read_all(vec![piece("ab"), Some(Err(io::Error::other("engine")))]);
        assert_eq!(
            failed.map_err(|error| error.to_string()),
            Err("engine".to_owned())
        );
    }
}
