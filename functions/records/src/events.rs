//! Events for the operator's own tools, in the lake of the platform: newline-delimited JSON, compressed, under keys by which
//! such tools leave out what they do not want.
//! Source: Amazon Security Lake, "Collecting data from custom sources", for the order of a key's parts.

use std::io::{self, Write as _};

use flate2::{Compression, write::GzEncoder};
use platform::{LakeError, Platform};
use schemas::{DeliveryId, TenantId, Timestamp};
use serde_json::Value;

use crate::keys;

/// Why events were not put.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The operator set no place up for them.
    #[error("the operator of this service has set up no place for events")]
    NoLake,
    /// They cannot be written.
    #[error("write the events")]
    Form(#[source] io::Error),
    /// An id cannot be part of a key.
    #[error("name the events")]
    Name,
    /// The place refuses.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl EventsError {
    /// Whether it may be otherwise later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Lake(LakeError::Failed(_)))
    }
}

/// Puts the events of a delivery, all of one class, and returns the key: the same for each attempt, so that what is put twice
/// is there once.
///
/// # Errors
/// When there is no lake, or it refuses.
pub async fn put(
    platform: &Platform,
    tenant: &TenantId,
    class: u32,
    at: Timestamp,
    delivery: &DeliveryId,
    events: &[Value],
) -> Result<String, EventsError> {
    let lake = platform.lake.as_ref().ok_or(EventsError::NoLake)?;
    let id = keys::plain(delivery.as_str(), "a delivery").map_err(|_| EventsError::Name)?;
    let at = at.to_string();
    let day: String = at
        .chars()
        .take_while(|c| *c != 'T')
        .filter(char::is_ascii_digit)
        .collect();
    let key = format!(
        "ocsf/class={class}/region={}/tenant={tenant}/day={day}/{id}.json.gz",
        lake.region()
    );
    let body = compressed(events).map_err(EventsError::Form)?;
    lake.put(&key, body.into()).await?;
    Ok(key)
}

fn compressed(events: &[Value]) -> io::Result<Vec<u8>> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    for event in events {
        serde_json::to_writer(&mut gz, event)?;
        gz.write_all(b"\n")?;
    }
    gz.finish()
}
