//! Requests and answers of the API for people. One file per noun.

pub mod problem;
pub mod session;

pub use problem::Problem;
pub use session::Role;
