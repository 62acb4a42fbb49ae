//! Limits on what is read. Reaching one is never an error: the rest is left out and coverage says so.

/// Where lock files are read. They say what a build is going to use: in a folder of sources that is what counts, in an
/// image or on a host what is installed does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LockFiles {
    /// In folders only.
    #[default]
    Folders,
    /// In images and on hosts too.
    Everywhere,
}

/// How much of anything is read at most. Every limit that is reached becomes a coverage gap `limit_exceeded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Uncompressed bytes of one layer. 64 GiB.
    pub max_layer_bytes: u64,
    /// Uncompressed bytes per compressed byte of a layer, once `ratio_grace_bytes` have come out of it. 200. Layers of
    /// real software stay below 40; a gzip bomb has 1,000.
    pub max_ratio: u64,
    /// Uncompressed bytes below which the ratio does not matter. 1 GiB.
    pub ratio_grace_bytes: u64,
    /// Entries of one layer, and files and folders of one walk. 20 million.
    pub max_entries: u64,
    /// Bytes of one evidence file that is read from front to back. 32 MiB.
    pub max_evidence_file_bytes: u64,
    /// Bytes of one evidence file of which only parts are read (rpm database, registry hive, executable, archive). 1 GiB.
    pub max_database_bytes: u64,
    /// Packages of one layer or folder. 60,000.
    pub max_packages: usize,
    /// Bytes of one path. 4,096, as Linux has it.
    pub max_path_bytes: usize,
    /// Paths that one layer hides from those below it (whiteouts, opaque folders, replaced ones), together. 100,000.
    pub max_hidden_paths: usize,
    /// Bytes of those paths, together. 16 MiB.
    pub max_hidden_bytes: usize,
    /// Bytes of a PAX header or GNU long name. 1 MiB, as in Go's reader.
    pub max_header_bytes: usize,
    /// Bytes of one manifest, index or configuration. 8 MiB.
    pub max_json_bytes: u64,
    /// Layers of an image. 1,000.
    pub max_layers: usize,
    /// Members of an image archive. 100,000.
    pub max_members: usize,
    /// Depth of folders in a walk. 100.
    pub max_depth: usize,
    /// Bytes of an inventory document. 256 MiB.
    pub max_document_bytes: u64,
    /// Gaps that are named one by one; further ones are counted in a last one. 200.
    pub max_gaps: usize,
    /// Where lock files are read.
    pub lock_files: LockFiles,
}

impl Limits {
    /// A short text that differs where the same bytes of a layer are read for other things, for keys of caches. It stays
    /// the same from version to version, and is empty for the usual way.
    pub fn variant(&self) -> &'static str {
        match self.lock_files {
            LockFiles::Folders => "",
            LockFiles::Everywhere => "-locks",
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_layer_bytes: 64 << 30,
            max_ratio: 200,
            ratio_grace_bytes: 1 << 30,
            max_entries: 20_000_000,
            max_evidence_file_bytes: 32 << 20,
            max_database_bytes: 1 << 30,
            max_packages: 60_000,
            max_path_bytes: 4096,
            max_hidden_paths: 100_000,
            max_hidden_bytes: 16 << 20,
            max_header_bytes: 1 << 20,
            max_json_bytes: 8 << 20,
            max_layers: 1000,
            max_members: 100_000,
            max_depth: 100,
            max_document_bytes: 256 << 20,
            max_gaps: 200,
            lock_files: LockFiles::Folders,
        }
    }
}
