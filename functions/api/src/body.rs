//! Bodies: bounded as they arrive, bounded again as they unfold.

use std::{error::Error, io::Read, task::Poll};

use axum::{
    body::{Body, HttpBody, to_bytes},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures::{StreamExt as _, stream};
use http_body_util::LengthLimitError;

use crate::{
    changes::Seat,
    problem::{ApiError, Kind},
};

/// Largest body of a request, in bytes as sent (4 MiB). What is larger goes by upload ticket.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Largest body that came by ticket, in bytes as sent (64 MiB).
pub const MAX_UPLOAD_BYTES: u64 = 64 * 1024 * 1024;
/// Largest body after decompression (64 MiB).
pub const MAX_UNFOLDED_BYTES: usize = 64 * 1024 * 1024;
/// Largest body of a request of a person, in bytes (64 KiB).
pub(crate) const MAX_PEOPLE_BODY_BYTES: usize = 64 * 1024;
/// Largest window that a zstd frame may ask for, as a power of two (16 MiB): memory, not output.
const MAX_WINDOW_LOG: u32 = 24;

/// A body that came too slowly: a host that bounds how slow one may be says so by this error of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

/// The same body, whose request notes that it was taken to its end, or broke off.
pub(crate) fn watched(body: Body, seat: Seat) -> Body {
    if body.is_end_stream() {
        seat.has_whole_body();
    }
    let of_broken = seat.clone();
    let parts = body.into_data_stream().inspect(move |part| {
        if part.is_err() {
            of_broken.has_broken_body();
        }
    });
    let end = stream::poll_fn(move |_| {
        if seat.has_whole_body() {
            Poll::Ready(None::<Result<Bytes, axum::Error>>)
        } else {
            // The request is being ended: nobody who reads this goes on by it.
            Poll::Pending
        }
    });
    Body::from_stream(parts.chain(end))
}

/// The whole body as sent.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            Kind::TooLarge,
            format!(
                "A body has at most {limit} bytes here; agents send larger ones by upload ticket."
            ),
        )
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    to_bytes(body, limit).await.map_err(|error| {
        if has::<TooSlow>(&error) {
            return ApiError::new(
                Kind::TooSlow,
                "The body came too slowly, and was not waited for. Nothing was done.",
            );
        }
        if has::<LengthLimitError>(&error) {
            return too_large();
        }
        ApiError::new(Kind::BadRequest, "The body broke off. Nothing was done.")
    })
}

/// Whether an error is or was caused by one of this type.
fn has<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// A coding of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Zstd,
    Gzip,
}

/// The content of a body that may be compressed, of at most so many bytes.
pub(crate) async fn unfold(
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let Some(coding) = coding(headers)? else {
        return Ok(body);
    };
    // Megabytes take milliseconds; other requests need not wait for them.
    let unfolded = tokio::task::spawn_blocking(move || decompress(coding, &body, limit)).await;
    unfolded.map_err(ApiError::internal)?
}

/// How a body is compressed, if it is.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, ApiError> {
    let unknown = || {
        ApiError::new(
            Kind::UnsupportedEncoding,
            "Bodies are read as they are, or with `content-encoding: gzip` or `content-encoding: zstd`.",
        )
    };
    let mut all = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(name) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(unknown());
    }
    let name = name.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    match &*name {
        "" | "identity" => Ok(None),
        "zstd" => Ok(Some(Coding::Zstd)),
        // Both are the same: RFC 9110, 8.4.1.3.
        "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
        _ => Err(unknown()),
    }
}

fn decompress(coding: Coding, body: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    match coding {
        Coding::Zstd => {
            let damaged = |_| damaged(coding);
            let mut decoder = zstd::Decoder::new(body).map_err(damaged)?;
            decoder.window_log_max(MAX_WINDOW_LOG).map_err(damaged)?;
            bounded(coding, decoder, limit)
        }
        Coding::Gzip => bounded(coding, MultiGzDecoder::new(body), limit),
    }
}

fn bounded(coding: Coding, from: impl Read, limit: usize) -> Result<Bytes, ApiError> {
    let mut content = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most)
        .read_to_end(&mut content)
        .map_err(|_| damaged(coding))?;
    if content.len() > limit {
        return Err(ApiError::new(
            Kind::TooLarge,
            format!("A body has at most {limit} bytes here after decompression."),
        ));
    }
    Ok(content.into())
}

fn damaged(coding: Coding) -> ApiError {
    let name = match coding {
        Coding::Zstd => "zstd",
        Coding::Gzip => "gzip",
    };
    ApiError::new(
        Kind::BadRequest,
        format!("The body is not whole {name} data."),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zstd_of(content: &[u8]) -> Vec<u8> {
        zstd::bulk::compress(content, 1).unwrap()
    }

    fn gzip_of(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_body_cannot_unfold_without_end() {
        let large = vec![0; MAX_UNFOLDED_BYTES + 1];
        for (coding, of) in [
            (Coding::Zstd, zstd_of as fn(&[u8]) -> Vec<u8>),
            (Coding::Gzip, gzip_of),
        ] {
            let kind = |body: &[u8]| {
                let refused = decompress(coding, body, MAX_UNFOLDED_BYTES);
                refused.unwrap_err().kind
            };
            let bomb = of(&large);
            assert!(bomb.len() < MAX_BODY_BYTES);
            assert_eq!(kind(&bomb), Kind::TooLarge);
            let fine = of(b"content");
            assert_eq!(decompress(coding, &fine, 7).unwrap(), "content");
            let over = decompress(coding, &fine, 6).unwrap_err();
            assert_eq!(over.kind, Kind::TooLarge);
            assert_eq!(kind(&fine[..fine.len() - 1]), Kind::BadRequest);
            assert_eq!(kind(b"content"), Kind::BadRequest);
        }
    }
}
