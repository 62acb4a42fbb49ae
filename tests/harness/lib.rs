//! What end-to-end tests stand on: the real binaries, a real server in a folder of its own, a real container engine, registry
//! and issuer, and documents in their publishers' forms.

pub mod agent;
pub mod api;
pub mod aws;
pub mod binaries;
pub mod by_hand;
pub mod documents;
pub mod engine;
pub mod issuer;
pub mod listener;
pub mod server;
pub mod site;
pub mod template;
