//! What a service answered instead of a success, told by its code.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::Source;

/// The answer of a service that did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation} was refused with {code}: {message}")]
pub(crate) struct Refusal {
    operation: &'static str,
    code: String,
    message: String,
}

impl Refusal {
    /// What the service said.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

/// Why a request to a service had no success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service answered: this is the code of its error, and what to tell people.
    Refused(String, Refusal),
    /// No answer, or one that cannot be read; whether the service acted is unknown.
    Silent(Source),
}

impl Failure {
    /// What happened to a request for `operation`, a name like `PutItem`. The request itself, which may hold secrets,
    /// is left out.
    pub(crate) fn of<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let Some(service) = error.as_service_error() else {
            return Self::Silent(error.into());
        };
        // Proxies and overloaded front ends answer without a code.
        let code = service.code().map_or_else(
            || format!("status {}", status.unwrap_or_default()),
            str::to_owned,
        );
        let refusal = Refusal {
            operation,
            code: code.clone(),
            message: service.message().unwrap_or("no reason").to_owned(),
        };
        Self::Refused(code, refusal)
    }
}

/// Whether a code says that there were too many requests. Source: Amazon DynamoDB Developer Guide, "Error handling with
/// DynamoDB"; the general codes are those that AWS SDKs retry as throttling.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "LimitExceededException"
            | "status 429"
    )
}
