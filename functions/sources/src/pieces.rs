//! Bytes that come asynchronously, for a thread that reads and may wait: never more than a few pieces of them in memory.

use std::io;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// What goes from one side to the other.
#[derive(Debug)]
enum Message {
    Piece(Bytes),
    Failed(io::Error),
    End,
}

/// Two sides, between which at most so many pieces wait.
pub fn pieces(waiting: usize) -> (PieceSender, PieceReader) {
    let (sender, receiver) = mpsc::channel(waiting.max(1));
    let reader = PieceReader {
        receiver,
        piece: Bytes::new(),
        ended: false,
    };
    (PieceSender { sender }, reader)
}

/// The side that bytes come in by. One that is dropped without [`PieceSender::end`] leaves the reader an error: what
/// came so far is not the whole.
#[derive(Debug)]
pub struct PieceSender {
    sender: mpsc::Sender<Message>,
}

impl PieceSender {
    /// Passes a piece on, when there is room. Returns whether the reader is still there.
    pub async fn send(&self, piece: Bytes) -> bool {
        self.sender.send(Message::Piece(piece)).await.is_ok()
    }

    /// Ends with an error. A reader that went away needs none.
    pub async fn fail(self, error: io::Error) {
        let _ = self.sender.send(Message::Failed(error)).await;
    }

    /// Says that all bytes came.
    pub async fn end(self) {
        let _ = self.sender.send(Message::End).await;
    }
}

/// The side that reads. It blocks, so it is for a thread of its own.
#[derive(Debug)]
pub struct PieceReader {
    receiver: mpsc::Receiver<Message>,
    piece: Bytes,
    ended: bool,
}

impl io::Read for PieceReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended && !out.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Message::Piece(piece)) => self.piece = piece,
                Some(Message::Failed(error)) => return Err(error),
                Some(Message::End) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let taken = self.piece.len().min(out.len());
        self.piece
            .copy_to_slice(out.get_mut(..taken).unwrap_or_default());
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What a reader makes of pieces, and of how they end.
    fn read_all(texts: &[&'static str], end: Option<io::Result<()>>) -> Result<Vec<u8>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (sender, mut reader) = pieces(100);
        runtime.block_on(async move {
            for text in texts {
                assert!(sender.send(Bytes::from_static(text.as_bytes())).await);
            }
            match end {
                Some(Ok(())) => sender.end().await,
                Some(Err(error)) => sender.fail(error).await,
                None => drop(sender),
            }
        });
        let mut all = Vec::new();
        let read = reader.read_to_end(&mut all).map_err(|error| match error {
            error if error.kind() == io::ErrorKind::UnexpectedEof => "cut".to_owned(),
            error => error.to_string(),
        });
        read.map(|_| all)
    }

    #[test]
    fn a_stream_that_is_broken_off_is_never_taken_for_a_whole_one() {
        assert_eq!(
            read_all(&["ab", "", "c"], Some(Ok(()))),
            Ok(b"abc".to_vec())
        );
        assert_eq!(read_all(&[], Some(Ok(()))), Ok(Vec::new()));
        assert_eq!(read_all(&["ab"], None), Err("cut".to_owned()));
        let failed = Some(Err(io::Error::other("engine")));
        assert_eq!(read_all(&["ab"], failed), Err("engine".to_owned()));
    }

    #[test]
    fn pieces_are_cut_as_the_reader_wants_them_and_an_end_stays_one() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (sender, mut reader) = pieces(4);
        runtime.block_on(async move {
            assert!(sender.send(Bytes::from_static(b"abc")).await);
            sender.end().await;
        });
        let mut two = [0; 2];
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        assert_eq!((reader.read(&mut two).unwrap(), &two), (2, b"ab"));
        assert_eq!(reader.read(&mut two).unwrap(), 1);
        assert_eq!(reader.read(&mut two).unwrap(), 0);
        assert_eq!(reader.read(&mut two).unwrap(), 0);
    }

    #[test]
    fn who_sends_learns_that_nobody_reads() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (sender, reader) = pieces(1);
        drop(reader);
        assert!(!runtime.block_on(sender.send(Bytes::from_static(b"a"))));
    }
}
