//! Everything that lets somebody in, of all kinds, in one place.

pub(crate) mod list;
pub(crate) mod revoke;
mod rows;
