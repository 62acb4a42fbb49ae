//! Collections: which images, hosts, namespaces, labels and accounts a role, a key, a rule or a view is about.
//!
//! A [`Collection`] is read once from its patterns; a [`Scope`] is everything, or the union of collections. Both answer
//! whether a [`Resource`] is within them, in time that grows with the lengths of patterns and texts alone, and whether they
//! reach as far as another collection, so that nobody gives away more than they have.

mod collection;
mod facts;
mod image_name;
mod pattern;
mod resource;

pub use collection::{Collection, InvalidCollection, MAX_PATTERN_BYTES, MAX_PATTERNS, Scope};
pub use facts::namespace;
pub use image_name::{DOCKER_HUB, ImageName};
pub use resource::{MAX_TEXTS, Part, Resource};

#[cfg(test)]
mod tests;
