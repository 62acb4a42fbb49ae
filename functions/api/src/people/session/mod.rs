//! Signing in.

pub(crate) mod begin;
pub(crate) mod change_password;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod refresh;
pub(crate) mod second_factor;
pub(crate) mod sign_out;

use secrecy::SecretString;
use tokio::sync::SemaphorePermit;

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Waits for a turn to work with passwords, which bounds how fast attempts come in, whatever they are.
pub(super) async fn turn(state: &ApiState) -> Result<SemaphorePermit<'_>, ApiError> {
    state.hashing().acquire().await.map_err(ApiError::internal)
}

/// Computes something with a password on a thread for such work.
pub(super) async fn with_password<T: Send + 'static>(
    _turn: &SemaphorePermit<'_>,
    password: SecretString,
    compute: impl FnOnce(&SecretString) -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(move || compute(&password))
        .await
        .map_err(ApiError::internal)
}

/// The door is shut for a while.
fn shut(seconds: i64) -> ApiError {
    let seconds = u64::try_from(seconds).unwrap_or(0).max(1);
    ApiError {
        retry_after_s: Some(seconds),
        ..ApiError::new(
            Kind::TooManyAttempts,
            format!("Nothing is tried for this login for {seconds} seconds."),
        )
    }
}
