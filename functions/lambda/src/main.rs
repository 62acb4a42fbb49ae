//! `bulkhead-lambda`: every function, in one binary.

fn main() {}
