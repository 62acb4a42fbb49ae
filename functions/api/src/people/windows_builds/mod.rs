//! Windows by build.

pub(crate) mod list;
