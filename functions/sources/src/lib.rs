//! Reading from outside: container engines, feed documents, HTTP.

pub mod feeds;
pub mod http;
pub mod runtime;
