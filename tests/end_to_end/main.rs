//! The main job with real parts: a real agent, a real server, a real container engine. The same tests run on a deployed
//! stack (`make test-aws`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;
mod interrupted;
mod pushed;
mod spine;
mod tenants;
