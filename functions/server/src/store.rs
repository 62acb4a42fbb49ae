//! Opening the store, or saying who has it.

use std::{path::Path, sync::Arc};

use api::ApiState;
use platform::{Embedded, EmbeddedOptions, OpenError, Platform, SystemClock};

use crate::ServerError;

/// The platform in a folder.
pub(crate) fn open(
    folder: &Path,
    max_database_bytes: Option<u64>,
) -> Result<Platform, ServerError> {
    let options = EmbeddedOptions { max_database_bytes };
    Embedded::open_with(folder, Arc::new(SystemClock), options).map_err(|error| match error {
        OpenError::Held { folder, holder } => ServerError::Held { folder, holder },
        other => ServerError::Open(other),
    })
}

/// The state of the API over the store in a folder.
pub(crate) async fn state(folder: &Path) -> Result<(Platform, ApiState), ServerError> {
    let platform = open(folder, None)?;
    let state = ApiState::open(platform.clone())
        .await
        .map_err(ServerError::State)?;
    Ok((platform, state))
}
