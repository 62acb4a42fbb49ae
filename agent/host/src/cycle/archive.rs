//! An image read while the engine sends it: an asynchronous stream on one side, a plain reader on the other, and never
//! more than a few pieces of it in memory.

use std::io;

use futures::StreamExt;
use inventory::image::{ImageError, Options, ScannedImage, read_archive_stream};
use schemas::Digest;
use sources::{pieces::pieces, runtime::ArchiveStream};

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
    let (sender, mut input) = pieces(PIECES);
    let reader = tokio::task::spawn_blocking(move || {
        let want = |layer: &Digest| wanted.contains(layer);
        let options = Options {
            want: &want,
            threads: 1,
            ..Options::default()
        };
        read_archive_stream(&mut input, &options)
    });
    let pump = async move {
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => {
                    if !sender.send(piece).await {
                        // The reader has what it needs.
                        return;
                    }
                }
                Err(error) => return sender.fail(io::Error::other(error)).await,
            }
        }
        sender.end().await;
    };
    let ((), read) = tokio::join!(pump, reader);
    let read = read.map_err(|error| LookError::Task(error.to_string()))?;
    Ok(read?)
}
