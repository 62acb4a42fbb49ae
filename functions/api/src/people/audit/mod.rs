//! The audit log. There is nothing that changes it.

pub(crate) mod list;
pub(crate) mod verify;
