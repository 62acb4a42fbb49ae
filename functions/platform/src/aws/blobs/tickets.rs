//! Permissions for others to upload or download one blob: presigned requests (Amazon S3 API Reference, "Authenticating
//! requests: using query parameters").
//!
//! The signature of an upload covers its length, its sha256 and that nothing has the path yet, as headers: S3 refuses a
//! request that lacks one or has another value, and a body that does not agree with them. A permission ends with its time,
//! or earlier with the credentials that signed it; those of a function last for hours.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_types::base64;

use super::error::blob_error;
use super::{AwsBlobs, tag};
use crate::ports::blobs::{MAX_TICKET_S, MAX_UPLOAD_BYTES};
use crate::ports::{BlobError, BlobPath, UploadRequest, UploadTicket};

impl AwsBlobs {
    /// A permission from now on for so many seconds.
    fn permission(&self, now_ms: u64, expires_in_s: u64) -> Result<PresigningConfig, BlobError> {
        if expires_in_s > MAX_TICKET_S {
            return Err(BlobError::TooLarge {
                what: "life of a ticket in seconds",
                size: expires_in_s,
                limit: MAX_TICKET_S,
            });
        }
        PresigningConfig::builder()
            .start_time(UNIX_EPOCH + Duration::from_millis(now_ms))
            .expires_in(Duration::from_secs(expires_in_s.max(1)))
            .build()
            .map_err(|error| BlobError::Invalid(error.to_string()))
    }

    pub(super) async fn upload_ticket(
        &self,
        path: &BlobPath,
        request: &UploadRequest,
    ) -> Result<UploadTicket, BlobError> {
        let too_large = || BlobError::TooLarge {
            what: "upload in bytes",
            size: request.size_bytes,
            limit: MAX_UPLOAD_BYTES,
        };
        if request.size_bytes > MAX_UPLOAD_BYTES {
            return Err(too_large());
        }
        let length = i64::try_from(request.size_bytes).map_err(|_| too_large())?;
        let now_ms = self.clock.now_ms();
        let signed = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(path.as_str())
            .content_length(length)
            .checksum_sha256(base64::encode(request.sha256))
            .if_none_match("*")
            .set_tagging(tag(path).map(str::to_owned))
            .presigned(self.permission(now_ms, request.expires_in_s)?)
            .await
            .map_err(|error| blob_error("PutObject", error))?;
        let headers = signed.headers();
        Ok(UploadTicket {
            url: signed.uri().to_owned(),
            headers: headers
                .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            expires_at_ms: now_ms.saturating_add(request.expires_in_s.saturating_mul(1000)),
        })
    }

    pub(super) async fn download_link(
        &self,
        path: &BlobPath,
        expires_in_s: u64,
        file_name: Option<&str>,
    ) -> Result<String, BlobError> {
        let permission = self.permission(self.clock.now_ms(), expires_in_s)?;
        let signed = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(path.as_str())
            .response_content_type(content_type(path))
            .set_response_content_disposition(file_name.map(disposition))
            .presigned(permission)
            .await
            .map_err(|error| blob_error("GetObject", error))?;
        Ok(signed.uri().to_owned())
    }
}

/// What a blob is, by the end of its path: S3 keeps none of its own here.
fn content_type(path: &BlobPath) -> &'static str {
    if path.as_str().ends_with(".json") {
        "application/json"
    } else {
        "application/octet-stream"
    }
}

/// The header by which a browser saves an answer under a name. Anything that is not plain in the name becomes `_`, so that
/// it needs no quoting of its own.
fn disposition(file_name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') {
            c
        } else {
            '_'
        }
    };
    let name: String = file_name.chars().take(120).map(plain).collect();
    format!("attachment; filename=\"{name}\"")
}
