//! Package URLs: text → parts, parts → text, and when two names are one package's. Source: ECMA-427 (purl) and its type
//! definitions.
//!
//! One grammar serves two readers. [`Purl::strict`] is for judging: what a statement names decides whether a finding
//! counts, so text that is broken names nothing, and names are in the form in which they are compared.
//! [`Purl::lenient`] is for keeping: a list of packages is an inventory, so what is broken in an entry stays as it is
//! written rather than that the package goes missing.

mod names;
mod parts;
mod qualifiers;
mod text;
mod write;

pub use names::{compared_name, written_name};
pub use parts::{MAX_PURL_BYTES, Purl};
pub use qualifiers::{qualifier, with, without};
pub use text::{decode, encode};
pub use write::{build, cargo, composer, gem, generic, golang, maven, npm, nuget, pypi};
