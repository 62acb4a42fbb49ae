//! Cursors: opaque to callers, sealed with a key, and valid only for the list, the filters and the tenant that gave them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemas::TenantId;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Longest cursor that is looked at, in characters.
const MAX_CHARS: usize = 2048;
/// Bytes of the seal.
const SEAL_BYTES: usize = 16;
/// Rows of a page when nothing is asked for.
const DEFAULT_LIMIT: u32 = 100;
/// Most rows of a page.
const MAX_LIMIT: u32 = 500;

/// The list that a cursor belongs to.
pub(crate) struct List<'a> {
    state: &'a ApiState,
    context: String,
}

impl<'a> List<'a> {
    /// A list of a tenant by its name and its filters as text.
    pub(crate) fn new(state: &'a ApiState, tenant: &TenantId, name: &str, filters: &str) -> Self {
        Self {
            state,
            context: format!("{tenant}\n{name}\n{filters}"),
        }
    }

    /// The cursor that leads to a position.
    pub(crate) fn seal(&self, position: &impl Serialize) -> Result<String, ApiError> {
        let payload = serde_json::to_vec(position).map_err(ApiError::internal)?;
        let mut sealed = self.mac(&payload).to_vec();
        sealed.extend_from_slice(&payload);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The position that a cursor leads to.
    pub(crate) fn open<T: DeserializeOwned>(&self, cursor: &str) -> Result<T, ApiError> {
        let bad = || {
            ApiError::new(
                Kind::BadCursor,
                "Take `next_cursor` of this list as it is, with the same filters, or begin without a cursor.",
            )
        };
        if cursor.len() > MAX_CHARS {
            return Err(bad());
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (seal, payload) = sealed.split_at_checked(SEAL_BYTES).ok_or_else(bad)?;
        // Compared as a whole code, so that the comparison's time says nothing.
        let differences = self
            .mac(payload)
            .iter()
            .zip(seal)
            .fold(0_u8, |seen, (a, b)| seen | (a ^ b));
        if std::hint::black_box(differences) != 0 {
            return Err(bad());
        }
        serde_json::from_slice(payload).map_err(|_| bad())
    }

    /// The position of an optional cursor.
    pub(crate) fn open_some<T: DeserializeOwned>(
        &self,
        cursor: Option<&String>,
    ) -> Result<Option<T>, ApiError> {
        cursor.map(|cursor| self.open(cursor)).transpose()
    }

    fn mac(&self, payload: &[u8]) -> [u8; SEAL_BYTES] {
        let message = [self.context.as_bytes(), b"\0", payload].concat();
        let code = self.state.cursor_key().mac(&message);
        let mut seal = [0; SEAL_BYTES];
        for (to, from) in seal.iter_mut().zip(code) {
            *to = from;
        }
        seal
    }
}

/// The rows wanted on a page.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(ApiError::new(
            Kind::BadRequest,
            format!("`limit` is 1 to {MAX_LIMIT}."),
        )),
    }
}
