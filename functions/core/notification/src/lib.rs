//! What changed in a place, as notifications: which findings are new or gone, grouped so that one fix is one message; who
//! wants to hear of it; and its text in the forms of those who receive it. Nothing here sends anything.

pub mod changes;
pub mod gather;
mod jira;
mod mail;
mod ocsf;
mod rest;
mod secrets;
mod signature;
mod slack;
mod syslog;
mod teams;
mod text;
mod webhook;

pub use self::{
    gather::thread,
    jira::{JiraState, jira_document, jira_label, jira_markup, jira_summary},
    mail::{Mail, mail},
    ocsf::{OCSF_CLASS, ocsf},
    secrets::{ChannelSecrets, is_hidden, shown_url},
    signature::{SECRET_BYTES, SecretError, SigningSecret, signatures},
    slack::slack,
    syslog::{MAX_SYSLOG_BYTES, framed, syslog},
    teams::teams,
    text::{lines, title},
    webhook::webhook,
};
