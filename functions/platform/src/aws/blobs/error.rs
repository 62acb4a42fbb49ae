//! Errors of S3, as the port has them.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::super::error::{Failure, is_throttling};
use crate::ports::BlobError;

/// The port's error of a request for `operation`, a name like `PutObject`. Codes: Amazon S3 API Reference, "Error
/// responses". The status counts where there is no code: answers to HEAD have no body, and front ends answer in HTML.
pub(super) fn blob_error<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> BlobError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let failure = Failure::of(operation, error);
    let code = match &failure {
        Failure::Refused(code, _) => code.as_str(),
        Failure::Silent(_) => "",
    };
    match (code, status) {
        (code, _) if is_throttling(code) => BlobError::Throttled,
        ("SlowDown" | "ServiceUnavailable", _) | (_, Some(429 | 503)) => BlobError::Throttled,
        // Of an upload in parts, or of the whole bucket: something else is wrong than that the blob is absent.
        ("NoSuchUpload" | "NoSuchBucket", _) => unavailable(failure),
        (_, Some(404)) => BlobError::NotFound,
        (_, Some(409)) => BlobError::Conflict,
        (_, Some(412)) => BlobError::ConditionFailed,
        // The size is not told; whoever asked for a range looks it up.
        (_, Some(416)) => BlobError::Range { size_bytes: 0 },
        // Also what an operator has to mend, such as rights that are missing: messages wait until then.
        _ => unavailable(failure),
    }
}

fn unavailable(failure: Failure) -> BlobError {
    match failure {
        Failure::Refused(_, refusal) => BlobError::Unavailable(refusal.into()),
        Failure::Silent(source) => BlobError::Unavailable(source),
    }
}
