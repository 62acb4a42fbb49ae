//! Tokens that are given for others.

pub(crate) mod exchange;
