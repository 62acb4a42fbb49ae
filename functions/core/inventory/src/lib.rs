//! Bytes of an image, folder or live host → its operating system, packages and configuration, and how much was read.
//!
//! `layer` reads one layer in one pass, `analyzers` understand single files, `merge` lays layers over one another;
//! `image`, `folder` and `host` are the sources, `source` one call over them, and `cache` remembers layers. Everything
//! that is read is taken to be hostile: it is bounded by [`Limits`], and what is left out is told in the inventory's
//! coverage.

pub mod analyzers;
mod bytes;
pub mod cache;
mod confine;
pub mod content;
pub mod document;
pub mod folder;
mod gaps;
pub mod host;
pub mod image;
pub mod layer;
mod limits;
pub mod merge;
mod mounts;
mod path;
mod purls;
pub mod sbom;
mod source;
mod tar;
mod walk;
pub mod windows;

pub use cache::{GENERATION, LayerCache};
pub use gaps::error_chain;
pub use limits::{Limits, LockFiles};
pub use source::{ReadError, Source, read};
