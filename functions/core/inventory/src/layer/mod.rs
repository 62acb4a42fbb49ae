//! One layer's bytes → its inventory, in one streaming pass: decompression on the calling thread; hashing, tar reading
//! and analysis on another, a few buffers apart.

mod collect;
mod decode;
mod hides;
mod pipeline;

use schemas::{Digest, inventory::LayerInventory};

pub(crate) use decode::Compression;
pub use pipeline::{LayerError, read_layer};

/// Whether paths of a layer are below `Files/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayerForm {
    /// Decided by the first entry: `Files`, `Hives` or `UtilityVM` is Windows.
    #[default]
    Detect,
    /// Paths are as they stand.
    Linux,
    /// Paths of the image are below `Files/`, hives in `Hives/`; what is in `UtilityVM/` is another machine's.
    Windows,
}

impl LayerForm {
    /// The form of the layers of an image whose configuration names this `os`.
    pub fn of_os(os: &str) -> Self {
        if os.eq_ignore_ascii_case("windows") {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// What is known of a layer before it is read.
#[derive(Clone, Debug, Default)]
pub struct LayerExpectation {
    /// Digest of the uncompressed layer.
    pub diff_id: Option<Digest>,
    /// Digest of the bytes as they come.
    pub blob: Option<Digest>,
    /// Size of the bytes as they come.
    pub blob_bytes: Option<u64>,
    /// Its form.
    pub form: LayerForm,
}

/// A layer that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadLayer {
    /// What it contains. `diff_id` is the expected one, or where none was expected the one computed.
    pub inventory: LayerInventory,
    /// Digest of the bytes as they came.
    pub blob: Digest,
    /// Whether all was read and every expected digest was met. Only then may the inventory be kept under its `diff_id`;
    /// otherwise its gaps say what is wrong.
    pub verified: bool,
}

#[cfg(test)]
mod tests;
