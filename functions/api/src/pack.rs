//! Compressed answers, for whoever accepts gzip or zstd.
//!
//! What is compressed tells its length, and of what a caller chose and a secret together that length tells the secret
//! (BREACH). So no answer that may show one is compressed: none to a change, since secrets are shown once and by what made
//! them, and none to those who do not show who they are, since a sign-in is such an answer. What remains are the lists and
//! documents, which are the large ones.
//!
//! A list that is sent as it is read goes on so: each page is flushed. Own code and not a layer of `tower-http`, whose codecs
//! bring a second release of zstd's bindings.

use std::{
    io::{self, Write},
    mem,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use flate2::write::GzEncoder;
use futures::{StreamExt, stream};

use crate::{declared::Declared, ndjson, problem::ApiError};

/// What has fewer bytes than this is sent as it is: it fits into one packet, compressed or not.
const MIN_BYTES: u64 = 1024;
/// What has more is compressed on a thread for such work; megabytes take milliseconds.
const LARGE_BYTES: usize = 128 * 1024;
/// Speed matters more than the last tenth.
const LEVEL: i32 = 1;
/// What everybody may read, and nobody is told a secret by.
const OPEN: [&str; 1] = ["openapi"];

/// A way to compress, the preferred first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Zstd,
    Gzip,
}

impl Coding {
    const ALL: [Self; 2] = [Self::Zstd, Self::Gzip];

    const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn is(self, name: &str) -> bool {
        let other = (self == Self::Gzip).then_some("x-gzip");
        [Some(self.name()), other]
            .iter()
            .flatten()
            .any(|own| name.eq_ignore_ascii_case(own))
    }
}

/// Answers a request, compressed where that is wanted and does no harm.
pub(crate) async fn pack(
    State(declared): State<Declared>,
    request: Request,
    next: Next,
) -> Response {
    let may = request.method() == Method::GET
        && declared
            .operation(&request)
            .is_some_and(|operation| operation.asks_who || OPEN.contains(&&*operation.id));
    if !may {
        return next.run(request).await;
    }
    let coding = wanted(request.headers());
    let mut response = next.run(request).await;
    if !is_packable(&response) {
        return response;
    }
    for vary in ["accept", "accept-encoding"] {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static(vary));
    }
    let size = response.body().size_hint();
    match coding {
        Some(coding) if size.exact().is_none_or(|bytes| bytes >= MIN_BYTES) => {
            let is_whole = size.exact().is_some();
            packed(response, coding, is_whole)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        }
        _ => response,
    }
}

/// Whether an answer is of text that has no tag yet. A tag names bytes, and those of two codings differ; what has one is
/// small.
fn is_packable(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    let is_text = ["application/json", "application/problem+json", ndjson::TYPE].contains(&kind);
    is_text
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::ETAG)
}

/// The coding that a caller likes best. Source: RFC 9110, 12.5.3.
fn wanted(headers: &HeaderMap) -> Option<Coding> {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter();
    let named: Vec<(&str, f32)> = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
                .map_or(1.0, |q| q.parse().unwrap_or(0.0));
            Some((name, weight))
        })
        .collect();
    let weight = |is: &dyn Fn(&str) -> bool| {
        let own = named.iter().find(|(name, _)| is(name));
        let any = || named.iter().find(|(name, _)| *name == "*");
        own.or_else(any).map(|(_, weight)| *weight)
    };
    let plain = named
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("identity"))
        .map_or(0.0, |(_, weight)| *weight);
    let mut best = None;
    let mut best_weight = 0.0;
    for coding in Coding::ALL {
        let weight = weight(&|name| coding.is(name)).unwrap_or(0.0);
        if weight > best_weight && weight >= plain {
            best = Some(coding);
            best_weight = weight;
        }
    }
    best
}

async fn packed(response: Response, coding: Coding, is_whole: bool) -> Result<Response, ApiError> {
    let (mut parts, body) = response.into_parts();
    let packer = Packer::new(coding).map_err(ApiError::internal)?;
    let body = if is_whole {
        let bytes = to_bytes(body, usize::MAX)
            .await
            .map_err(ApiError::internal)?;
        let is_large = bytes.len() > LARGE_BYTES;
        let work = move || packer.whole(&bytes);
        let packed = if is_large {
            tokio::task::spawn_blocking(work)
                .await
                .map_err(ApiError::internal)?
        } else {
            work()
        };
        Body::from(packed.map_err(ApiError::internal)?)
    } else {
        let rest = Some((body.into_data_stream(), packer));
        Body::from_stream(stream::unfold(rest, go_on).filter(|piece| {
            let is_empty = piece.as_ref().is_ok_and(Bytes::is_empty);
            std::future::ready(!is_empty)
        }))
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let coding = HeaderValue::from_static(coding.name());
    parts.headers.insert(header::CONTENT_ENCODING, coding);
    Ok(Response::from_parts(parts, body))
}

/// The next piece of an answer that is compressed as it comes.
async fn go_on(
    rest: Option<(BodyDataStream, Packer)>,
) -> Option<(Result<Bytes, io::Error>, Option<(BodyDataStream, Packer)>)> {
    let (mut body, mut packer) = rest?;
    match body.next().await {
        Some(Ok(bytes)) => match packer.push(&bytes) {
            Ok(packed) => Some((Ok(packed), Some((body, packer)))),
            Err(error) => Some((Err(error), None)),
        },
        Some(Err(error)) => Some((Err(io::Error::other(error)), None)),
        None => Some((packer.finish(), None)),
    }
}

/// What compresses.
enum Packer {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Packer {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?),
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::fast())),
        })
    }

    /// What has to be sent so that all of this can be read.
    fn push(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let out = match self {
            Self::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                encoder.flush()?;
                mem::take(encoder.get_mut())
            }
            Self::Gzip(encoder) => {
                encoder.write_all(bytes)?;
                encoder.flush()?;
                mem::take(encoder.get_mut())
            }
        };
        Ok(out.into())
    }

    fn finish(self) -> io::Result<Bytes> {
        let out = match self {
            Self::Zstd(encoder) => encoder.finish()?,
            Self::Gzip(encoder) => encoder.finish()?,
        };
        Ok(out.into())
    }

    fn whole(mut self, bytes: &[u8]) -> io::Result<Bytes> {
        match &mut self {
            Self::Zstd(encoder) => encoder.write_all(bytes)?,
            Self::Gzip(encoder) => encoder.write_all(bytes)?,
        }
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_is_the_one_that_is_liked_best() {
        let wanted = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::try_from(text).unwrap(),
            );
            wanted(&headers)
        };
        for (text, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip", Some(Coding::Gzip)),
            ("X-GZIP", Some(Coding::Gzip)),
            ("gzip;q=1.0, zstd;q=0.5", Some(Coding::Gzip)),
            ("*", Some(Coding::Zstd)),
            ("*, zstd;q=0", Some(Coding::Gzip)),
            ("gzip;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("br", None),
            ("gzip;q=much", None),
            ("", None),
        ] {
            assert_eq!(wanted(text), coding, "{text}");
        }
        assert_eq!(super::wanted(&HeaderMap::new()), None);
    }

    #[test]
    fn each_piece_can_be_read_before_the_next_is_there() {
        let mut packer = Packer::new(Coding::Zstd).unwrap();
        let mut reader = zstd::stream::write::Decoder::new(Vec::new()).unwrap();
        for piece in ["{\"a\":1}\n", "{\"a\":2}\n"] {
            let packed = packer.push(piece.as_bytes()).unwrap();
            reader.write_all(&packed).unwrap();
            reader.flush().unwrap();
            assert_eq!(mem::take(reader.get_mut()), piece.as_bytes());
        }
        let mut packer = Packer::new(Coding::Gzip).unwrap();
        let mut reader = flate2::write::GzDecoder::new(Vec::new());
        for piece in ["{\"a\":1}\n", "{\"a\":2}\n"] {
            let packed = packer.push(piece.as_bytes()).unwrap();
            reader.write_all(&packed).unwrap();
            reader.flush().unwrap();
            assert_eq!(mem::take(reader.get_mut()), piece.as_bytes());
        }
    }
}
