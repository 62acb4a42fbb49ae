//! Text from outside and numbers, made fit for a terminal.

pub use report::text::{count, cut, grouped, plain};
