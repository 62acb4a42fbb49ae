//! The pass itself: read and decompress here; hash, read the tar and analyse on a second thread.

use std::{
    io::Read,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use schemas::{
    Digest,
    inventory::{CoverageGap, GapReason, LayerInventory, layer::LAYER_VERSION},
};
use sha2::{Digest as _, Sha256};

use super::{
    LayerExpectation, LayerForm, ReadLayer,
    collect::{Collected, Collector},
    decode::{Compression, DecodeError, Decoder},
};
use crate::{
    gaps::{chain, gap},
    limits::Limits,
    tar::{Scanner, TarError},
};

/// Bytes of one buffer, and how many of them are on their way at most: a layer costs about 3 MiB.
const BUFFER_BYTES: usize = 256 << 10;
const BUFFERS: usize = 10;

/// Why a layer could not be begun. What goes wrong within it becomes a gap of its inventory instead.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The second thread could not be started.
    #[error("starting a reading thread failed")]
    Thread(#[source] std::io::Error),
    /// The second thread ended early.
    #[error("a reading thread ended early")]
    Worker,
}

/// What goes from the reading to the hashing thread.
enum Part {
    /// Bytes as they came.
    Blob(Vec<u8>, usize),
    /// Uncompressed bytes.
    Tar(Vec<u8>, usize),
    /// Uncompressed bytes that are also the bytes as they came.
    Both(Vec<u8>, usize),
}

/// Reads a layer from bytes that are gzip, zstd or plain, told by their first bytes.
///
/// Never fails for what the bytes are: damage, limits and wrong digests are gaps of the inventory, and `verified` is
/// false then. `progress` is called with the number of bytes read since the last call.
pub fn read_layer(
    input: &mut dyn Read,
    expectation: &LayerExpectation,
    limits: &Limits,
    progress: &dyn Fn(u64),
) -> Result<ReadLayer, LayerError> {
    let stop = AtomicBool::new(false);
    let (parts, received) = sync_channel::<Part>(BUFFERS);
    let (give_back, empties) = sync_channel::<Vec<u8>>(BUFFERS * 2);
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("layer".to_owned())
            .spawn_scoped(scope, {
                let stop = &stop;
                move || consume(&received, &give_back, expectation.form, limits, stop)
            })
            .map_err(LayerError::Thread)?;
        let mut producer = Producer {
            parts,
            empties,
            stop: &stop,
            limits,
            progress,
            blob_bytes: 0,
            layer_bytes: 0,
        };
        let trouble = producer.run(input).err();
        let (blob_bytes, layer_bytes) = (producer.blob_bytes, producer.layer_bytes);
        // Closes the channel, which ends the worker.
        drop(producer);
        let consumed = worker.join().map_err(|_| LayerError::Worker)?;
        Ok(conclude(
            consumed,
            trouble,
            expectation,
            blob_bytes,
            layer_bytes,
        ))
    })
}

/// Why reading ended before the end.
enum Trouble {
    Read(std::io::Error),
    Decode(DecodeError),
    Limit(String),
    /// The other thread reached a limit, and says so itself.
    Stopped,
}

struct Producer<'a> {
    parts: SyncSender<Part>,
    empties: Receiver<Vec<u8>>,
    stop: &'a AtomicBool,
    limits: &'a Limits,
    progress: &'a dyn Fn(u64),
    blob_bytes: u64,
    layer_bytes: u64,
}

impl Producer<'_> {
    fn run(&mut self, input: &mut dyn Read) -> Result<(), Trouble> {
        let mut buffer = self.buffer();
        let mut filled = self.fill(input, &mut buffer)?;
        let compression = Compression::of(buffer.get(..filled).unwrap_or_default());
        let Some(mut decoder) = Decoder::new(compression).map_err(Trouble::Decode)? else {
            while filled > 0 {
                self.layer_bytes += filled as u64;
                self.check_limits(false)?;
                self.send(Part::Both(buffer, filled))?;
                buffer = self.buffer();
                filled = self.fill(input, &mut buffer)?;
            }
            return Ok(());
        };
        let mut output = self.buffer();
        let mut written = 0;
        while filled > 0 {
            let mut used = 0;
            loop {
                let rest = buffer.get(used..filled).unwrap_or_default();
                let space = output.get_mut(written..).unwrap_or_default();
                let step = decoder.step(rest, space).map_err(Trouble::Decode)?;
                used += step.used;
                written += step.written;
                self.layer_bytes += step.written as u64;
                if written == output.len() {
                    self.check_limits(true)?;
                    self.send(Part::Tar(output, written))?;
                    output = self.buffer();
                    written = 0;
                } else if used >= filled || (step.used == 0 && step.written == 0) {
                    break;
                }
            }
            self.send(Part::Blob(buffer, filled))?;
            buffer = self.buffer();
            filled = self.fill(input, &mut buffer)?;
        }
        if written > 0 {
            self.send(Part::Tar(output, written))?;
        }
        decoder.finish().map_err(Trouble::Decode)
    }

    /// A buffer that came back, or a new one.
    fn buffer(&self) -> Vec<u8> {
        self.empties
            .try_recv()
            .unwrap_or_else(|_| vec![0; BUFFER_BYTES])
    }

    fn send(&self, part: Part) -> Result<(), Trouble> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Trouble::Stopped);
        }
        self.parts.send(part).map_err(|_| Trouble::Stopped)
    }

    /// Fills the buffer as far as the input goes.
    fn fill(&mut self, input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match input.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Trouble::Read(error)),
            }
        }
        self.blob_bytes += filled as u64;
        (self.progress)(filled as u64);
        Ok(filled)
    }

    fn check_limits(&self, compressed: bool) -> Result<(), Trouble> {
        if self.layer_bytes > self.limits.max_layer_bytes {
            return Err(Trouble::Limit(format!(
                "the layer is larger than {} bytes uncompressed; the rest was not read",
                self.limits.max_layer_bytes
            )));
        }
        let most = self
            .blob_bytes
            .saturating_mul(self.limits.max_ratio)
            .max(self.limits.ratio_grace_bytes);
        if compressed && self.layer_bytes > most {
            return Err(Trouble::Limit(format!(
                "the layer grows to more than {} times its compressed size, as a decompression bomb does; the rest was \
                 not read",
                self.limits.max_ratio
            )));
        }
        Ok(())
    }
}

struct Consumed {
    collected: Collected,
    tar: Result<(), TarError>,
    blob: Digest,
    diff_id: Digest,
}

fn consume(
    parts: &Receiver<Part>,
    give_back: &SyncSender<Vec<u8>>,
    form: LayerForm,
    limits: &Limits,
    stop: &AtomicBool,
) -> Consumed {
    let (mut blob, mut diff) = (Sha256::new(), Sha256::new());
    let mut plain = false;
    let mut scanner = Scanner::new(limits.max_header_bytes);
    let mut collector = Collector::new(form, limits);
    let mut tar = Ok(());
    while let Ok(part) = parts.recv() {
        let buffer = match part {
            Part::Blob(buffer, filled) => {
                blob.update(buffer.get(..filled).unwrap_or_default());
                buffer
            }
            Part::Tar(buffer, filled) | Part::Both(buffer, filled) if tar.is_err() => {
                diff.update(buffer.get(..filled).unwrap_or_default());
                buffer
            }
            Part::Tar(buffer, filled) => {
                let bytes = buffer.get(..filled).unwrap_or_default();
                diff.update(bytes);
                tar = scanner.feed(bytes, &mut collector);
                buffer
            }
            Part::Both(buffer, filled) => {
                plain = true;
                let bytes = buffer.get(..filled).unwrap_or_default();
                diff.update(bytes);
                tar = scanner.feed(bytes, &mut collector);
                buffer
            }
        };
        if collector.is_stopped() {
            stop.store(true, Ordering::Relaxed);
        }
        // A full way back only means that the buffer is freed here.
        let _ = give_back.try_send(buffer);
    }
    if tar.is_ok() {
        tar = scanner.finish();
    }
    let diff_id = Digest::from_sha256(&diff.finalize().into());
    Consumed {
        collected: collector.finish(),
        tar,
        blob: if plain {
            diff_id.clone()
        } else {
            Digest::from_sha256(&blob.finalize().into())
        },
        diff_id,
    }
}

fn conclude(
    consumed: Consumed,
    trouble: Option<Trouble>,
    expectation: &LayerExpectation,
    blob_bytes: u64,
    layer_bytes: u64,
) -> ReadLayer {
    let Consumed {
        mut collected,
        tar,
        blob,
        diff_id,
    } = consumed;
    let whole = trouble.is_none() && !collected.stopped;
    let mut gaps: Vec<CoverageGap> = Vec::new();
    match trouble {
        None | Some(Trouble::Stopped) => {}
        Some(Trouble::Read(error)) => {
            let reason = match error.kind() {
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => {
                    GapReason::Corrupt
                }
                _ => GapReason::ReadError,
            };
            gaps.push(gap(
                reason,
                format!("the layer was read in part only: {}", chain(&error)),
            ));
        }
        Some(Trouble::Decode(error)) => {
            let reason = match error {
                DecodeError::Unsupported(_) => GapReason::UnsupportedFormat,
                _ => GapReason::Corrupt,
            };
            gaps.push(gap(
                reason,
                format!("the layer was read in part only: {}", chain(&error)),
            ));
        }
        Some(Trouble::Limit(detail)) => gaps.push(gap(GapReason::LimitExceeded, detail)),
    }
    // A tar that ends early because the reading did is no news.
    if let Err(error) = &tar
        && (whole || *error != TarError::Truncated)
    {
        gaps.push(gap(
            GapReason::Corrupt,
            format!("the layer's archive is damaged: {error}; what came before was read"),
        ));
    }
    let mut verified = whole;
    if whole {
        let wrong_diff = expectation
            .diff_id
            .as_ref()
            .is_some_and(|id| *id != diff_id);
        let wrong_blob = expectation.blob.as_ref().is_some_and(|id| *id != blob);
        let wrong_size = expectation
            .blob_bytes
            .is_some_and(|size| size != blob_bytes);
        if wrong_diff || wrong_blob || wrong_size {
            verified = false;
            // What was read is some other layer's: it must not pass for this one's.
            collected.evidence.clear();
            collected.whiteouts.clear();
            collected.opaque.clear();
            collected.replaced.clear();
            let what = if wrong_size {
                "size"
            } else if wrong_blob {
                "compressed content"
            } else {
                "content"
            };
            gaps.push(gap(
                GapReason::DigestMismatch,
                format!(
                    "the layer's {what} is not the one that the image names; nothing of it is used. Fetch the image again"
                ),
            ));
        }
    }
    gaps.append(&mut collected.gaps);
    ReadLayer {
        inventory: LayerInventory {
            version: LAYER_VERSION,
            diff_id: expectation.diff_id.clone().unwrap_or(diff_id),
            reader: None,
            generation: crate::GENERATION,
            size_bytes: layer_bytes,
            entries: collected.entries,
            windows: collected.windows,
            evidence: collected.evidence,
            whiteouts: collected.whiteouts,
            opaque: collected.opaque,
            replaced: collected.replaced,
            gaps,
        },
        blob,
        verified,
    }
}
