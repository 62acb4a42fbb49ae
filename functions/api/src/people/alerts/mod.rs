//! Alerts.

pub(crate) mod list;
