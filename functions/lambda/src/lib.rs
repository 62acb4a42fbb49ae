//! The host of the functions on AWS Lambda: one binary, which the variable `BULKHEAD_FUNCTION` makes one of the roster's
//! functions, the API, or the function that operators set a site up with.
//!
//! | function | event | answer |
//! |---|---|---|
//! | of a queue | messages of SQS, up to a batch | `batchItemFailures`: those that are to come again |
//! | on a schedule | anything | `null` |
//! | `api` | a request of API Gateway's HTTP API, payload format 2.0 | the response |
//! | `setup` | what an operator wants, see [`setup`] | the secrets that were made |
//!
//! Nothing here needs an orderly end: Lambda freezes an instance between two events and takes it away when it is frozen.
//! One that is killed in the middle leaves its messages unanswered, so they are delivered again.

pub mod emf;
mod error;
mod feeds;
pub mod host;
mod http;
pub mod logs;
mod queue;
pub mod settings;
pub mod setup;

pub use error::HostError;
pub use host::Host;
pub use settings::{Role, Settings};
