//! What SQS answers, as the port's errors. Source: Amazon SQS API Reference, "Common errors" and those of each action.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::{
    aws::error::{Failure, is_throttling},
    ports::QueueError,
};

/// A queue that is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no queue {0}: deploy the stack of this version, or correct BULKHEAD_QUEUES")]
struct NoQueue(String);

fn is_missing(code: &str) -> bool {
    // The second is the code of SQS's older protocol.
    matches!(
        code,
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue"
    )
}

/// The port's error of a code that the service gave, with its text.
pub(super) fn of_code(code: &str, is_ours: bool, what: String) -> QueueError {
    if is_throttling(code) || code == "OverLimit" {
        QueueError::Throttled
    } else if is_ours {
        QueueError::Invalid(what)
    } else {
        QueueError::Unavailable(what.into())
    }
}

/// The port's error of a request to the queue of this URL.
pub(super) fn of<E>(
    operation: &'static str,
    url: &str,
    error: SdkError<E, HttpResponse>,
) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match Failure::of(operation, error) {
        Failure::Silent(source) => QueueError::Unavailable(source),
        // An operator has to mend it; messages wait until then.
        Failure::Refused(code, _) if is_missing(&code) => {
            QueueError::Unavailable(NoQueue(url.to_owned()).into())
        }
        Failure::Refused(code, refusal) => {
            let is_ours = matches!(
                code.as_str(),
                "InvalidMessageContents" | "BatchRequestTooLong" | "InvalidParameterValue"
            );
            if is_ours || is_throttling(&code) || code == "OverLimit" {
                of_code(&code, is_ours, refusal.to_string())
            } else {
                QueueError::Unavailable(refusal.into())
            }
        }
    }
}

/// The answer to a request about a delivery: one whose time is past has nothing to be done.
pub(super) fn unless_past<E>(
    done: Result<(), SdkError<E, HttpResponse>>,
    operation: &'static str,
    url: &str,
) -> Result<(), QueueError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Err(error) = done else { return Ok(()) };
    let code = error.as_service_error().and_then(|error| error.code());
    match code {
        Some("ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidParameterValue") => Ok(()),
        _ => Err(of(operation, url, error)),
    }
}
