//! The host of the functions on AWS Lambda.
