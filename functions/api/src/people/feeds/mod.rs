//! What is loaded of each advisory feed.

pub(crate) mod list;
pub(crate) mod refresh;

use records::Feeds;

use crate::{problem::ApiError, state::ApiState};

/// Whether any advisories are loaded.
pub(crate) async fn loaded(state: &ApiState) -> Result<bool, ApiError> {
    Ok(Feeds(state.platform()).current().await?.is_some())
}
