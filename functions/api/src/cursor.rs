//! Cursors: opaque to callers, sealed with a key, and valid only for the list, the filters and the tenant that gave them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::Cursor;
use records::Listed;
use schemas::{TenantId, api::page::PageQuery};
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

    /// One page, from where its query says, of what is read by number and position; and where the next begins.
    pub(crate) async fn page<T, E, F>(
        &self,
        query: &PageQuery,
        read: impl FnOnce(u32, Option<Cursor>) -> F,
    ) -> Result<(Vec<T>, Option<String>), ApiError>
    where
        F: Future<Output = Result<Listed<T>, E>>,
        ApiError: From<E>,
    {
        let cursor = self.open_some(query.cursor.as_ref())?.map(Cursor);
        let found = read(limit(query.limit)?, cursor).await?;
        let next = found.next.map(|next| self.seal(&next.0)).transpose()?;
        Ok((found.records, next))
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

/// Most pages of a table that one page of a list is gathered from.
const MAX_READS: u32 = 20;
/// Longest text to search for, in characters.
const MAX_SEARCH_CHARS: usize = 128;

/// One page of what is wanted of a table's pages. Of a long table of which little is wanted it may have fewer rows than there
/// is room for, or none, and still a next one.
pub(crate) struct Gathering<T> {
    limit: usize,
    rows: Vec<T>,
    at: Option<Cursor>,
    reads: u32,
    is_over: bool,
}

impl<T> Gathering<T> {
    /// Begins where a page before ended.
    pub(crate) fn new(limit: u32, cursor: Option<String>) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            rows: Vec::new(),
            at: cursor.map(Cursor),
            reads: 0,
            is_over: false,
        }
    }

    /// How many records are to be read next, and from where; `None` when there are enough, or enough was read.
    pub(crate) fn next(&mut self) -> Option<(u32, Option<Cursor>)> {
        let room = u32::try_from(self.limit.saturating_sub(self.rows.len())).unwrap_or(u32::MAX);
        if self.is_over || room == 0 || self.reads >= MAX_READS {
            return None;
        }
        self.reads += 1;
        Some((room, self.at.clone()))
    }

    /// Takes what was read.
    pub(crate) fn add(&mut self, wanted: impl Iterator<Item = T>, next: Option<Cursor>) {
        self.rows.extend(wanted);
        self.is_over = next.is_none();
        self.at = next;
    }

    /// The rows, and where the next page begins.
    pub(crate) fn page(self) -> (Vec<T>, Option<String>) {
        (self.rows, self.at.map(|next| next.0))
    }
}

/// A text that is sought without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search(Option<String>);

impl Search {
    /// Whether a text contains it; every text contains none.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|wanted| text.to_lowercase().contains(wanted))
    }

    /// The text itself, in lower case.
    pub(crate) fn text(&self) -> Option<&String> {
        self.0.as_ref()
    }
}

/// The text of a filter.
pub(crate) fn search(asked: Option<&str>) -> Result<Search, ApiError> {
    let asked = asked.filter(|text| !text.is_empty());
    if asked.is_some_and(|text| text.chars().count() > MAX_SEARCH_CHARS) {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("A text to search for has at most {MAX_SEARCH_CHARS} characters."),
        ));
    }
    Ok(Search(asked.map(str::to_lowercase)))
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
