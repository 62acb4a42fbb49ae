//! What changed in a place, as notifications: which findings are new or gone, grouped so that one fix is one message; who
//! wants to hear of it; and its text in the forms of those who receive it. Nothing here sends anything.

pub mod changes;
pub mod gather;
mod ocsf;
mod secrets;
mod signature;
mod slack;
mod teams;
mod text;
mod webhook;

pub use self::{
    ocsf::ocsf,
    secrets::ChannelSecrets,
    signature::{SECRET_BYTES, SecretError, SigningSecret, signatures},
    slack::slack,
    teams::teams,
    text::{lines, title},
    webhook::webhook,
};
