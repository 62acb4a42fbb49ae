//! Errors as RFC 9457 problems with stable types. A problem never tells what another tenant has, and never a secret.

use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{BlobError, QueueError, TableError};
use records::{RecordError, identity::IdentityError};
use schemas::api::Problem;

use crate::request_id;

/// What the types of all problems begin with; `schemas/problems.md` lists them.
pub(crate) const TYPES: &str = "/problems/";

/// The kinds of problems. Their types are part of the API: a kind is added, never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What was sent cannot be understood.
    BadRequest,
    /// A cursor that was not given out for this list.
    BadCursor,
    /// No valid session.
    Unauthenticated,
    /// Wrong login or password.
    BadCredentials,
    /// The password is right, and a code is needed too.
    SecondFactorRequired,
    /// The one-time password has to be changed first.
    PasswordChangeRequired,
    /// A second factor has to be set up first.
    SecondFactorSetupRequired,
    /// A change by a cookie alone.
    CsrfHeaderMissing,
    /// None of the person's roles allows it.
    Forbidden,
    /// It reaches further than the collections that the caller is limited to.
    BeyondScope,
    /// Something else needs it.
    InUse,
    /// There is no such thing, or not in this tenant.
    NotFound,
    /// The path does not have this method.
    MethodNotAllowed,
    /// Too many attempts to sign in.
    TooManyAttempts,
    /// The tenant, the caller or the address makes more requests than it may.
    TooManyRequests,
    /// It exists, or changed meanwhile.
    Conflict,
    /// The state that was named is not the one that is there.
    PreconditionFailed,
    /// Too large.
    TooLarge,
    /// Headers too large.
    HeadersTooLarge,
    /// A content type or encoding that is not read.
    UnsupportedMedia,
    /// A coding of content that is not read; the answer says which ones are.
    UnsupportedEncoding,
    /// The caller takes nothing of what the operation answers.
    NotAcceptable,
    /// The body came too slowly.
    TooSlow,
    /// The `Idempotency-Key` came with another request before.
    IdempotencyKeyReused,
    /// The request with this `Idempotency-Key` is still being answered, or broke off.
    IdempotencyKeyBusy,
    /// The request with this `Idempotency-Key` is done, and its answer is not given again.
    IdempotencyAnswerWithheld,
    /// Of a later version than is read here.
    UnsupportedVersion,
    /// The agent's request carries no token.
    UnsignedRequest,
    /// The agent's token is not signed by its key.
    BadSignature,
    /// The agent's token is for another request.
    RequestMismatch,
    /// The agent's token is too old or not valid yet.
    ClockSkew,
    /// The agent's request came before.
    ReplayedRequest,
    /// No such agent.
    AgentUnknown,
    /// The agent's access was taken away.
    AgentRevoked,
    /// The enrolment token opens no door.
    BadEnrolmentToken,
    /// The enrolment token is for other hosts.
    HostNotAdmitted,
    /// The invitation cannot be accepted.
    BadInvitation,
    /// No proof that the agent has its key.
    BadProof,
    /// The token of a build's system is not trusted.
    BadBuildToken,
    /// A sign-in by another service came to nothing.
    BadSignIn,
    /// The store has no room left.
    Full,
    /// Something is away; repeat.
    Unavailable,
    /// It took too long; repeat.
    TimedOut,
    /// A mistake of ours.
    Internal,
}

impl Kind {
    /// Status, last part of the type, and title.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::BadRequest => (
                S::BAD_REQUEST,
                "bad-request",
                "The request cannot be understood",
            ),
            Self::BadCursor => (
                S::BAD_REQUEST,
                "bad-cursor",
                "The cursor is not one of this list",
            ),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Sign in first"),
            Self::BadCredentials => (
                S::UNAUTHORIZED,
                "bad-credentials",
                "Wrong login or password",
            ),
            Self::SecondFactorRequired => (
                S::UNAUTHORIZED,
                "second-factor-required",
                "Signing in takes a second factor",
            ),
            Self::PasswordChangeRequired => (
                S::FORBIDDEN,
                "password-change-required",
                "The one-time password has to be changed first",
            ),
            Self::SecondFactorSetupRequired => (
                S::FORBIDDEN,
                "second-factor-setup-required",
                "A second factor has to be set up first",
            ),
            Self::CsrfHeaderMissing => (
                S::FORBIDDEN,
                "csrf-header-missing",
                "A change needs more than a cookie",
            ),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "Your roles do not allow this"),
            Self::BeyondScope => (
                S::FORBIDDEN,
                "beyond-scope",
                "Your roles are limited to some collections",
            ),
            Self::InUse => (S::CONFLICT, "in-use", "Something else needs it"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This path does not have this method",
            ),
            Self::TooManyAttempts => (
                S::TOO_MANY_REQUESTS,
                "too-many-attempts",
                "Too many attempts to sign in",
            ),
            Self::TooManyRequests => (
                S::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests",
            ),
            Self::Conflict => (S::CONFLICT, "conflict", "It changed meanwhile"),
            Self::PreconditionFailed => (
                S::PRECONDITION_FAILED,
                "precondition-failed",
                "It is not in the state that was named",
            ),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::HeadersTooLarge => (
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers-too-large",
                "The address or the headers are too large",
            ),
            Self::UnsupportedMedia => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "This type or encoding of content is not read here",
            ),
            // The type is older than the two kinds.
            Self::UnsupportedEncoding => Self::UnsupportedMedia.parts(),
            Self::NotAcceptable => (
                S::NOT_ACCEPTABLE,
                "not-acceptable",
                "Nothing that you accept is answered here",
            ),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too-slow", "The body came too slowly"),
            Self::IdempotencyKeyReused => (
                S::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "This key came with another request before",
            ),
            Self::IdempotencyKeyBusy => (
                S::CONFLICT,
                "idempotency-key-busy",
                "The first request with this key is not done",
            ),
            Self::IdempotencyAnswerWithheld => (
                S::CONFLICT,
                "idempotency-answer-withheld",
                "It is done, and its answer is not given again",
            ),
            Self::UnsupportedVersion => (
                S::UNPROCESSABLE_ENTITY,
                "unsupported-version",
                "This is of a later version than is read here",
            ),
            Self::UnsignedRequest => (
                S::UNAUTHORIZED,
                "unsigned-request",
                "The request carries no token of an agent",
            ),
            Self::BadSignature => (
                S::UNAUTHORIZED,
                "bad-signature",
                "The token is not signed by the agent's key",
            ),
            Self::RequestMismatch => (
                S::UNAUTHORIZED,
                "request-mismatch",
                "The token was made for another request",
            ),
            Self::ClockSkew => (
                S::UNAUTHORIZED,
                "clock-skew",
                "The token is too old or not valid yet",
            ),
            Self::ReplayedRequest => (
                S::UNAUTHORIZED,
                "replayed-request",
                "This request came before",
            ),
            Self::AgentUnknown => (S::UNAUTHORIZED, "agent-unknown", "The agent is not known"),
            Self::AgentRevoked => (
                S::FORBIDDEN,
                "agent-revoked",
                "The agent's access was taken away",
            ),
            Self::BadEnrolmentToken => (
                S::UNAUTHORIZED,
                "bad-enrolment-token",
                "The enrolment token is not valid",
            ),
            Self::HostNotAdmitted => (
                S::FORBIDDEN,
                "host-not-admitted",
                "The enrolment token is for hosts of other names",
            ),
            Self::BadInvitation => (
                S::UNAUTHORIZED,
                "bad-invitation",
                "The invitation cannot be accepted",
            ),
            Self::BadProof => (
                S::BAD_REQUEST,
                "bad-proof",
                "The proof of the agent's key is not valid",
            ),
            Self::BadBuildToken => (
                S::UNAUTHORIZED,
                "bad-build-token",
                "The build's token is not accepted",
            ),
            Self::BadSignIn => (S::UNAUTHORIZED, "bad-sign-in", "The sign-in does not hold"),
            Self::Full => (
                S::INSUFFICIENT_STORAGE,
                "full",
                "The store has no room left",
            ),
            Self::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service cannot answer now",
            ),
            Self::TimedOut => (
                S::SERVICE_UNAVAILABLE,
                "timed-out",
                "The answer took too long",
            ),
            Self::Internal => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong here",
            ),
        }
    }
}

impl Kind {
    /// The status that it is answered with.
    pub(crate) fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The last part of its type.
    pub(crate) fn word(self) -> &'static str {
        self.parts().1
    }

    /// The kind in words.
    pub(crate) fn title(self) -> &'static str {
        self.parts().2
    }
}

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: Kind,
    pub(crate) detail: Option<String>,
    pub(crate) retry_after_s: Option<u64>,
}

impl ApiError {
    /// A problem with what happened and what to do about it.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: Some(detail.into()),
            retry_after_s: match kind {
                Kind::Full => Some(60),
                Kind::Unavailable | Kind::TimedOut => Some(5),
                _ => None,
            },
        }
    }

    /// A noun that is not there, or not in this tenant.
    pub(crate) fn not_found(noun: &str) -> Self {
        Self::new(Kind::NotFound, format!("There is no such {noun}."))
    }

    /// A mistake of ours: the cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            Kind::Internal,
            "The cause is in the server's log under this request's id.",
        )
    }

    /// A store that failed.
    fn store(what: &dyn std::error::Error, no_room: bool, transient: bool) -> Self {
        let cause = chain(what);
        if no_room {
            tracing::error!(%cause, "the store has no room left");
            return Self::new(
                Kind::Full,
                "The server's disk is full. Nothing was acknowledged that is not stored; send it again later.",
            );
        }
        if transient {
            tracing::warn!(%cause, "the store is unavailable");
            return Self::new(
                Kind::Unavailable,
                "The store is unavailable; send it again later.",
            );
        }
        Self::internal(cause)
    }
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<TableError> for ApiError {
    fn from(error: TableError) -> Self {
        let no_room = matches!(error, TableError::NoRoom(_));
        Self::store(&error, no_room, error.is_transient())
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        let no_room = matches!(error, BlobError::NoRoom(_));
        Self::store(&error, no_room, error.is_transient())
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        let no_room = matches!(error, QueueError::NoRoom(_));
        Self::store(&error, no_room, error.is_transient())
    }
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Table(_, TableError::Invalid(why)) => {
                // A cursor that the store does not take back: ours are sealed, so this is a mistake of ours.
                Self::internal(why)
            }
            IdentityError::Table(_, error) => error.into(),
            IdentityError::Busy(_) => Self::new(
                Kind::Unavailable,
                "Others are changing the same thing; send it again.",
            ),
            other => Self::internal(chain(&other)),
        }
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Table(_, error) => error.into(),
            RecordError::Blob(_, error) => error.into(),
            RecordError::Queue(_, error) => error.into(),
            RecordError::TooLarge { what, limit_bytes } => Self::new(
                Kind::TooLarge,
                format!("What was sent is {what} of more than {limit_bytes} bytes."),
            ),
            RecordError::Name(what) => Self::new(
                Kind::BadRequest,
                format!("{what} cannot be used as a name."),
            ),
            other => Self::store(&other, false, other.is_transient()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.parts();
        let kind = self.kind;
        let problem = Problem {
            kind: format!("{TYPES}{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            request_id: request_id::current(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if kind == Kind::UnsupportedEncoding {
            // RFC 9110, 15.5.16.
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("gzip, zstd"),
            );
        }
        if kind == Kind::TooSlow {
            // What is still to come of the body is not read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer, Bulkhead-Agent"),
            );
        }
        response
    }
}
