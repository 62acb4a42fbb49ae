//! What one layer contains, independent of the layers around it: read once, kept, and merged for every image that has it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, Digest, Timestamp,
    inventory::{CoverageGap, OperatingSystem, Package},
};

/// The version of the layer document that this code writes.
pub const LAYER_VERSION: u32 = 1;

/// One layer's inventory. Paths are relative to the image's root, with `/`, without a leading slash; those of Windows
/// layers are relative to `Files/` and compare without case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LayerInventory {
    /// Version of this document's form, 1.
    pub version: u32,
    /// Digest of the uncompressed layer.
    pub diff_id: Digest,
    /// Who read the bytes. Set by the backend when it stores the document: what it read itself outranks a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<Reader>,
    /// Generation of the analyzers that read it: one of a higher generation finds more in the same bytes. 0 where it is
    /// not said.
    #[serde(default)]
    pub generation: u32,
    /// Uncompressed size.
    pub size_bytes: u64,
    /// Number of entries in the layer.
    pub entries: u64,
    /// Whether the layer has the Windows form (`Files/`, `Hives/`).
    #[serde(default)]
    pub windows: bool,
    /// Files that say something about packages or the operating system.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Paths that this layer removes from the layers below (`.wh.NAME`), a file or a whole folder.
    #[serde(default)]
    pub whiteouts: Vec<String>,
    /// Folders whose content in the layers below is hidden (`.wh..wh..opq`).
    #[serde(default)]
    pub opaque: Vec<String>,
    /// Paths that this layer makes something other than a folder, where that could hide evidence below.
    #[serde(default)]
    pub replaced: Vec<String>,
    /// What of this layer was not read. Empty when everything was.
    #[serde(default)]
    pub gaps: Vec<CoverageGap>,
}

/// One file's evidence, as an analyzer understood it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "few per layer, and an `Os` is rare"
)]
pub enum Evidence {
    /// A file that lists packages: replaces what a lower layer's file of the same path said.
    Packages {
        /// The file.
        path: String,
        /// The analyzer that read it, such as `dpkg`.
        analyzer: String,
        /// What it lists.
        packages: Vec<Package>,
    },
    /// A file that names the operating system.
    Os {
        /// The file, such as `etc/os-release`.
        path: String,
        /// What it says.
        os: OperatingSystem,
    },
    /// A registry hive of a Windows layer.
    Hive {
        /// The file, such as `Windows/System32/config/SOFTWARE` or `Hives/Software_Delta`.
        path: String,
        /// Whole, or a difference against the layers below.
        form: HiveForm,
        /// The keys that say something, in order of path.
        keys: Vec<HiveKey>,
    },
    /// A record of which of the system's packages own files: of those files only the ones in which a language's packages
    /// are found, since such a package is then the distribution's to judge.
    OwnedFiles {
        /// The record, such as `var/lib/dpkg/info/python3-six.list`.
        path: String,
        /// The analyzer that read it.
        analyzer: String,
        /// Owners, in order of name.
        owners: Vec<FileOwner>,
    },
    /// Evidence of a type that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A package of the system with its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileOwner {
    /// Its name.
    pub package: String,
    /// Whether somebody else than the distribution built it, so that the distribution's advisories do not speak of it.
    #[serde(default)]
    pub foreign: bool,
    /// Its files, as paths of a layer.
    #[serde(default)]
    pub paths: Vec<String>,
}

/// Whether a hive stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HiveForm {
    /// A whole hive: what is below does not matter.
    Base,
    /// A difference: its keys and values are laid over those below, its deletions remove them.
    #[serde(other)]
    Delta,
}

/// One registry key. Names compare without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HiveKey {
    /// Path below the hive's root, with backslashes.
    pub path: String,
    /// Whether a delta removes this key and all below it.
    #[serde(default)]
    pub deleted: bool,
    /// Its values that say something.
    #[serde(default)]
    pub values: Vec<HiveValue>,
}

/// One registry value, numbers as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HiveValue {
    /// Its name.
    pub name: String,
    /// Its content; absent when a delta removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// Who read a layer's bytes, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reader {
    /// An agent's claim, or the backend's own reading.
    pub kind: ReaderKind,
    /// The agent, where it is a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// When.
    pub read_at: Timestamp,
    /// Version of Bulkhead that read it.
    pub software: String,
}

/// Who may have read a layer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReaderKind {
    /// An enrolled agent said so.
    Agent = 1,
    /// The backend read the bytes itself: outranks an agent's claim.
    Backend = 2,
    /// A reader that this version does not know; outranked by all others.
    #[serde(other)]
    Unknown = 0,
}
