//! Bodies: bounded as they arrive, bounded again as they unfold.

use std::io::Read;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, header},
};
use bytes::Bytes;

use crate::problem::{ApiError, Kind};

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
    // The limit is the one thing that makes this fail, apart from a connection that broke and hears no answer.
    to_bytes(body, limit).await.map_err(|_| too_large())
}

/// The content of a body that may be compressed.
pub(crate) async fn unfold(headers: &HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .map_or("identity", |encoding| encoding.to_str().unwrap_or("?"));
    match encoding {
        "identity" => Ok(body),
        "zstd" => {
            // Megabytes take milliseconds; other requests need not wait for them.
            let unfolded = tokio::task::spawn_blocking(move || decompress(&body)).await;
            unfolded.map_err(ApiError::internal)?
        }
        _ => Err(ApiError::new(
            Kind::UnsupportedMedia,
            "Bodies are read as they are or with `content-encoding: zstd`.",
        )),
    }
}

fn decompress(body: &[u8]) -> Result<Bytes, ApiError> {
    let damaged = |_| ApiError::new(Kind::BadRequest, "The body is not whole zstd data.");
    let mut decoder = zstd::Decoder::new(body).map_err(damaged)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(damaged)?;
    let mut content = Vec::new();
    let limit = u64::try_from(MAX_UNFOLDED_BYTES).unwrap_or(u64::MAX);
    decoder
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(damaged)?;
    if content.len() > MAX_UNFOLDED_BYTES {
        return Err(ApiError::new(
            Kind::TooLarge,
            format!("A body has at most {MAX_UNFOLDED_BYTES} bytes after decompression."),
        ));
    }
    Ok(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_body_cannot_unfold_without_end() {
        let bomb = zstd::bulk::compress(&vec![0; MAX_UNFOLDED_BYTES + 1], 1).unwrap();
        assert!(bomb.len() < MAX_BODY_BYTES);
        assert_eq!(decompress(&bomb).unwrap_err().kind, Kind::TooLarge);
        let fine = zstd::bulk::compress(b"content", 1).unwrap();
        assert_eq!(decompress(&fine).unwrap(), "content");
        assert_eq!(
            decompress(&fine[..fine.len() - 1]).unwrap_err().kind,
            Kind::BadRequest
        );
        assert_eq!(decompress(b"content").unwrap_err().kind, Kind::BadRequest);
    }
}
