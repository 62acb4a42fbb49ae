//! Reading from outside: registries, container engines, feed documents, HTTP.

pub mod feeds;
pub mod http;
pub mod oidc;
pub mod outbound;
pub mod pieces;
pub mod registry;
pub mod runtime;
