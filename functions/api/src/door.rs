//! What is judged before an operation is: whether more strangers come from an address than may, whether they have a turn, and
//! whether the caller takes what the operation answers.

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    body::{self, MAX_PEOPLE_BODY_BYTES},
    changes::Seat,
    declared::Declared,
    problem::{ApiError, Kind},
    request_id::Peer,
    state::ApiState,
};

/// What those ask who keep the service alive: they come from one address, and are told hardly anything.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];
/// Where uploads by ticket go.
const UPLOADS: &str = "/uploads/";
/// What people and scripts ask. Registries and agents send what they were written to send.
const PEOPLE: &str = "/api/v1/";

/// When a request counts for its address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Before anything is done for it: it need not show who sends it, and may cost much (a password is computed).
    Before,
    /// When it shows nobody who is known, or ends before it does. Who is known has limits of their own, and is not stopped by others of the
    /// same address.
    WhenRefused,
    Never,
}

/// Lets a request in.
pub(crate) async fn door(
    State((state, declared)): State<(ApiState, Declared)>,
    mut request: Request,
    next: Next,
) -> Response {
    let operation = declared.operation(&request);
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let of_people = path.starts_with(PEOPLE);
    let counts = if PROBES.contains(&path) {
        Counts::Never
    } else if path.starts_with(UPLOADS) || operation.is_some_and(|operation| operation.asks_who) {
        Counts::WhenRefused
    } else {
        Counts::Before
    };
    let peer = request.extensions().get::<Peer>().copied();
    let spend = || peer.map_or(Ok(()), |Peer(address)| state.spend_from(address));
    if counts == Counts::Before
        && let Err(refused) = spend()
    {
        return refused.into_response();
    }
    if of_people
        && let Some(operation) = operation
        && !takes(request.headers(), &operation.types)
    {
        let types = operation.types.join(" and ");
        let what = format!("This answers {types}: name it in `accept`, or send no `accept`.");
        return ApiError::new(Kind::NotAcceptable, what).into_response();
    }
    // A known caller may look for what is not there; a ticket that is not there was guessed.
    let strange = if path.starts_with(UPLOADS) {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::UNAUTHORIZED
    };
    // What changes nothing has no seat.
    let seat = request.extensions().get::<Seat>().cloned();
    if let Some(seat) = &seat
        && operation.is_some_and(|operation| !operation.asks_who)
    {
        request = match as_stranger(request, seat).await {
            Ok(request) => request,
            Err(refused) => return refused.into_response(),
        };
    }
    if counts != Counts::WhenRefused {
        return next.run(request).await;
    }
    let mut unanswered = Unanswered {
        state: state.clone(),
        peer,
        seat: seat.clone(),
    };
    let response = next.run(request).await;
    unanswered.seat = None;
    let status = response.status();
    let is_lost = seat.is_some_and(|seat| {
        let is_too_large = status == StatusCode::PAYLOAD_TOO_LARGE && !seat.is_taken();
        is_too_large || seat.is_strangely_broken()
    });
    if (status == strange || is_lost)
        && let Err(refused) = spend()
    {
        return refused.into_response();
    }
    response
}

/// A stranger's request with its body and its turn. The turn is taken when the body is whole, so that none is held by one that
/// comes slowly.
async fn as_stranger(request: Request, seat: &Seat) -> Result<Request, ApiError> {
    let (parts, content) = request.into_parts();
    let content = body::read(&parts.headers, content, MAX_PEOPLE_BODY_BYTES).await?;
    seat.take_as_stranger()?;
    Ok(Request::from_parts(parts, Body::from(content)))
}

/// A change that has no answer yet. One that ends so, since its sender left or was not waited for any more, counts for the
/// address unless it is known who sends it.
struct Unanswered {
    state: ApiState,
    peer: Option<Peer>,
    seat: Option<Seat>,
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let (Some(seat), Some(Peer(address))) = (&self.seat, self.peer)
            && !seat.is_taken()
        {
            // There is nobody to tell that there were too many.
            let _ = self.state.spend_from(address);
        }
    }
}

/// Whether a caller takes one of these types. Who names none takes any.
fn takes(headers: &HeaderMap, types: &[String]) -> bool {
    let named = headers.get_all(header::ACCEPT).iter();
    let ranges = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut ranges = ranges
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let range = parts.next().filter(|range| !range.is_empty())?;
            // Nothing but zeros is none (RFC 9110, 12.4.2).
            let is_wanted = parts
                .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
                .is_none_or(|q| !q.bytes().all(|b| matches!(b, b'0' | b'.')));
            Some((range, is_wanted))
        })
        .peekable();
    if types.is_empty() || ranges.peek().is_none() {
        return true;
    }
    ranges.any(|(range, is_wanted)| is_wanted && types.iter().any(|of| is_in(of, range)))
}

/// Whether a type is in a range of types.
fn is_in(of: &str, range: &str) -> bool {
    match range.strip_suffix("/*") {
        Some("*") => true,
        Some(main) => of
            .split_once('/')
            .is_some_and(|(of, _)| of.eq_ignore_ascii_case(main)),
        None => of.eq_ignore_ascii_case(range),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn types_are_taken_by_name_and_by_range() {
        let types = [
            "application/json".to_owned(),
            "application/x-ndjson".to_owned(),
        ];
        let takes = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::try_from(accept).unwrap());
            takes(&headers, &types)
        };
        for accept in [
            "",
            "*/*",
            "application/*",
            "Application/JSON",
            "text/html, application/xhtml+xml, */*;q=0.8",
            "text/csv, application/x-ndjson;q=0.1",
            "application/json; charset=utf-8",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in [
            "text/html",
            "text/*",
            "application/xml",
            "application/json;q=0",
            "*/*;q=0.000",
        ] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
