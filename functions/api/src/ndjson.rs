//! Whole lists, a row a line, for whoever asks a list for `application/x-ndjson`.
//!
//! Pages are asked for one after the other as the answer is read, so that a list of any length takes the memory of one, and
//! each by the same way as if the caller had: filters, permissions, scopes and rates hold for each of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::stream;
use schemas::api::Problem;
use serde_json::{Value, json, value::RawValue};
use utoipa::openapi::{Content, OpenApi, RefOr, schema::Schema};

use crate::{
    problem::{ApiError, Kind},
    state::{ApiState, Standing},
};

/// The type of such an answer.
pub(crate) const TYPE: &str = "application/x-ndjson";
/// Most bytes of a page.
const MAX_PAGE_BYTES: usize = 64 << 20;
/// Rows of a page, unless the caller asks for another number.
const PAGE_ROWS: u32 = 500;
/// How long a function in the cloud goes on, which has to have the whole answer before its time ends.
const IN_THE_CLOUD: Duration = Duration::from_secs(15);

/// The property that has the rows, by the declared path of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists(Arc<BTreeMap<String, String>>);

impl Lists {
    /// The lists of a description: what answers `GET` with a `next_cursor` and rows.
    pub(crate) fn of(openapi: &OpenApi) -> Self {
        let paths = openapi.paths.paths.iter();
        let lists = paths.filter_map(|(path, item)| {
            let (rows, _) = rows(openapi, item.get.as_ref()?)?;
            Some((path.clone(), rows))
        });
        Self(Arc::new(lists.collect()))
    }
}

/// The property of an operation's answer that has the rows of a list, and what a row is.
fn rows(
    openapi: &OpenApi,
    operation: &utoipa::openapi::path::Operation,
) -> Option<(String, RefOr<Schema>)> {
    let RefOr::T(ok) = operation.responses.responses.get("200")? else {
        return None;
    };
    let RefOr::T(content) = ok.content.get("application/json")? else {
        return None;
    };
    let Some(RefOr::Ref(answer)) = &content.schema else {
        return None;
    };
    let name = answer.ref_location.rsplit('/').next()?;
    let RefOr::T(Schema::Object(answer)) = openapi.components.as_ref()?.schemas.get(name)? else {
        return None;
    };
    answer.properties.get("next_cursor")?;
    answer.properties.iter().find_map(|(name, property)| {
        let RefOr::T(Schema::Array(array)) = property else {
            return None;
        };
        let utoipa::openapi::schema::ArrayItems::RefOrSchema(row) = &array.items else {
            return None;
        };
        let is_rows = answer.required.contains(name);
        is_rows.then(|| (name.clone(), (**row).clone()))
    })
}

/// Says of each list that it can be had so.
pub(crate) fn describe(openapi: &mut OpenApi) {
    let lists: HashMap<String, RefOr<Schema>> = {
        let paths = openapi.paths.paths.iter();
        let lists = paths.filter_map(|(path, item)| {
            let (_, row) = rows(openapi, item.get.as_ref()?)?;
            Some((path.clone(), row))
        });
        lists.collect()
    };
    for (path, row) in lists {
        let operation = openapi.paths.paths.get_mut(&path);
        let operation = operation.and_then(|item| item.get.as_mut());
        let ok = operation.and_then(|get| get.responses.responses.get_mut("200"));
        if let Some(RefOr::T(ok)) = ok {
            ok.content
                .insert(TYPE.to_owned(), RefOr::T(Content::new(Some(row))));
        }
    }
}

/// Answers a list as a whole, where that is asked for.
pub(crate) async fn whole(
    State((state, lists)): State<(ApiState, Lists)>,
    request: Request,
    next: Next,
) -> Response {
    let rows = request
        .extensions()
        .get::<MatchedPath>()
        .and_then(|path| lists.0.get(path.as_str()));
    let wanted = request.method() == Method::GET && accepts(request.headers());
    let (Some(rows), true) = (rows.cloned(), wanted) else {
        return next.run(request).await;
    };
    let (head, _) = request.into_parts();
    let cursor = None;
    let mut reading = Reading {
        query: head.uri.query().map(str::to_owned),
        head,
        next,
        rows,
        cursor,
        is_over: false,
        until: (state.standing_on() == Standing::Aws).then(|| Instant::now() + IN_THE_CLOUD),
    };
    // What is wrong with the request shows on the first page, whose status is the answer's.
    let first = match reading.page().await {
        Ok(lines) => lines,
        Err(refused) => return *refused,
    };
    let rest = stream::unfold(reading, |mut reading| async {
        let lines = reading.go_on().await?;
        Some((Ok::<_, std::convert::Infallible>(lines), reading))
    });
    let first = stream::iter([Ok(first)]);
    let body = Body::from_stream(futures::StreamExt::chain(first, rest));
    ([(header::CONTENT_TYPE, TYPE)], body).into_response()
}

fn accepts(headers: &HeaderMap) -> bool {
    let all = headers.get_all(header::ACCEPT).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let of = one.split(';').next().unwrap_or_default();
            of.trim().eq_ignore_ascii_case(TYPE)
        })
}

/// A list on its way.
struct Reading {
    head: Parts,
    /// The query as it was asked.
    query: Option<String>,
    next: Next,
    rows: String,
    /// Where the next page begins; `None` before the first.
    cursor: Option<String>,
    is_over: bool,
    until: Option<Instant>,
}

impl Reading {
    /// The lines of the next page; a refusal where there is none.
    async fn page(&mut self) -> Result<Bytes, Box<Response>> {
        let mut head = self.head.clone();
        head.uri = self.address().map_err(refused)?;
        let request = Request::from_parts(head, Body::empty());
        let response = self.next.clone().run(request).await;
        if response.status() != StatusCode::OK {
            return Err(Box::new(response));
        }
        let bytes = to_bytes(response.into_body(), MAX_PAGE_BYTES).await;
        let bytes = bytes.map_err(|error| refused(ApiError::internal(error)))?;
        let (lines, cursor) = self.lines(&bytes).map_err(refused)?;
        // A list whose cursor leads to itself would never end.
        self.is_over = cursor.is_none() || cursor == self.cursor;
        self.cursor = cursor;
        Ok(lines)
    }

    /// The rows of a page as lines, and where the next begins.
    fn lines(&self, page: &[u8]) -> Result<(Bytes, Option<String>), ApiError> {
        let page: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(page).map_err(ApiError::internal)?;
        let rows: Vec<Box<RawValue>> = match page.get(&self.rows) {
            Some(rows) => serde_json::from_str(rows.get()).map_err(ApiError::internal)?,
            None => Vec::new(),
        };
        let mut lines = String::new();
        for row in rows {
            lines.push_str(row.get());
            lines.push('\n');
        }
        let cursor = page.get("next_cursor");
        let cursor = cursor.map(|cursor| serde_json::from_str::<Option<String>>(cursor.get()));
        let cursor = cursor.transpose().map_err(ApiError::internal)?.flatten();
        Ok((Bytes::from(lines), cursor))
    }

    /// What follows the pages so far; `None` at the end. Where it cannot go on, the last line says where to.
    async fn go_on(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Some(self.break_off(None));
        }
        match self.page().await {
            Ok(lines) => Some(lines),
            Err(response) => {
                let problem = to_bytes(response.into_body(), MAX_PAGE_BYTES).await.ok();
                let problem = problem.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                Some(self.break_off(problem))
            }
        }
    }

    fn break_off(&mut self, problem: Option<Problem>) -> Bytes {
        self.is_over = true;
        let mut last = json!({"next_cursor": self.cursor});
        if let (Some(problem), Value::Object(last)) = (problem, &mut last) {
            last.insert("problem".to_owned(), json!(problem));
        }
        Bytes::from(format!("{last}\n"))
    }

    /// The address of the next page.
    fn address(&self) -> Result<Uri, ApiError> {
        let named = |pair: &&str, name: &str| pair.split('=').next() == Some(name);
        let asked = self.query.iter().flat_map(|query| query.split('&'));
        let mut pairs: Vec<String> = asked
            .filter(|pair| !pair.is_empty())
            .filter(|pair| self.cursor.is_none() || !named(pair, "cursor"))
            .map(str::to_owned)
            .collect();
        if !pairs.iter().any(|pair| named(&pair.as_str(), "limit")) {
            pairs.push(format!("limit={PAGE_ROWS}"));
        }
        // Cursors are of letters that need no escape.
        pairs.extend(self.cursor.iter().map(|cursor| format!("cursor={cursor}")));
        let address = format!("{}?{}", self.head.uri.path(), pairs.join("&"));
        address
            .parse()
            .map_err(|_| ApiError::new(Kind::BadRequest, "The query is not one of an address."))
    }
}

fn refused(error: ApiError) -> Box<Response> {
    Box::new(error.into_response())
}
