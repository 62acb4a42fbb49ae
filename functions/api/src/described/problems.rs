//! The problems that what surrounds an operation can answer with, and where they are named.

use axum::http::StatusCode;
use schemas::api::Problem;
use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, Header, HeaderBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::{Operation, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

use super::each_operation;
use crate::problem::{Kind, TYPES};

/// The type of every problem's document.
const CONTENT_TYPE: &str = "application/problem+json";

/// What an operation is, as far as its surroundings care.
struct Of {
    by_session: bool,
    by_agent: bool,
    by_webhook: bool,
    has_body: bool,
    has_id: bool,
    has_query: bool,
    has_if_match: bool,
    has_choice: bool,
    is_get: bool,
    asks_store: bool,
}

impl Of {
    fn new(path: &str, method: &str, operation: &Operation) -> Self {
        let security = serde_json::to_value(&operation.security).unwrap_or_default();
        let by = |scheme: &str| {
            let all = security.as_array().into_iter().flatten();
            all.into_iter().any(|one| one.get(scheme).is_some())
        };
        let parameters = || {
            let all = operation.parameters.iter().flatten();
            all.filter_map(|parameter| match parameter {
                RefOr::T(parameter) => Some(parameter),
                RefOr::Ref(_) => None,
            })
        };
        let (by_session, by_agent, by_webhook) = (by("session"), by("agent"), by("webhook"));
        let is_get = method == "get";
        Self {
            by_session,
            by_agent,
            by_webhook,
            has_body: operation.request_body.is_some(),
            has_id: path.contains('{'),
            has_query: parameters().any(|one| one.parameter_in == ParameterIn::Query),
            has_if_match: parameters().any(|one| one.name == "if-match"),
            has_choice: path.contains("{kind}")
                || parameters().any(|one| one.parameter_in == ParameterIn::Header),
            is_get,
            asks_store: by_session || by_agent || by_webhook || !is_get,
        }
    }
}

/// A problem that many operations share.
struct Shared {
    /// Its name among the components.
    name: &'static str,
    /// What it is, in a sentence.
    what: &'static str,
    /// The kinds it can be, the likeliest first; all have the same status.
    kinds: &'static [Kind],
    /// Whether an operation can answer with it.
    of: fn(&Of) -> bool,
}

const SHARED: &[Shared] = &[
    Shared {
        name: "BadRequest",
        what: "Something that was sent cannot be understood; `detail` says what.",
        kinds: &[Kind::BadRequest, Kind::BadCursor],
        of: |of| of.has_query || of.has_body || of.has_choice,
    },
    Shared {
        name: "Unauthenticated",
        what: "Nobody who is known calls, or no longer.",
        kinds: &[Kind::Unauthenticated],
        of: |of| of.by_session,
    },
    Shared {
        name: "AgentRefused",
        what: "The request is not signed by an agent that is known, or not as it came.",
        kinds: &[
            Kind::UnsignedRequest,
            Kind::BadSignature,
            Kind::RequestMismatch,
            Kind::ClockSkew,
            Kind::ReplayedRequest,
            Kind::AgentUnknown,
        ],
        of: |of| of.by_agent,
    },
    Shared {
        name: "WebhookRefused",
        what: "There is no such webhook, or this is not its secret.",
        kinds: &[Kind::Unauthenticated],
        of: |of| of.by_webhook,
    },
    Shared {
        name: "Forbidden",
        what: "Who calls is known and may not do this.",
        kinds: &[
            Kind::Forbidden,
            Kind::BeyondScope,
            Kind::PasswordChangeRequired,
            Kind::SecondFactorSetupRequired,
            Kind::CsrfHeaderMissing,
        ],
        of: |of| of.by_session,
    },
    Shared {
        name: "AgentRevoked",
        what: "The agent's access was taken away.",
        kinds: &[Kind::AgentRevoked],
        of: |of| of.by_agent,
    },
    Shared {
        name: "NotFound",
        what: "There is no such thing in the caller's tenant, or the caller may not know of it.",
        kinds: &[Kind::NotFound],
        of: |of| of.has_id,
    },
    Shared {
        name: "PreconditionFailed",
        what: "It is not in the state that `if-match` names, or none was named.",
        kinds: &[Kind::PreconditionFailed],
        of: |of| of.has_if_match,
    },
    Shared {
        name: "TooLarge",
        what: "The body is larger than is read here.",
        kinds: &[Kind::TooLarge],
        of: |of| of.has_body,
    },
    Shared {
        name: "UnsupportedMedia",
        what: "The body is of a type or an encoding that is not read here.",
        kinds: &[Kind::UnsupportedMedia],
        of: |of| of.has_body && !of.by_webhook,
    },
    Shared {
        name: "NotAcceptable",
        what: "The caller takes nothing of what is answered here.",
        kinds: &[Kind::NotAcceptable],
        of: |of| of.by_session,
    },
    Shared {
        name: "TooSlow",
        what: "The body came too slowly.",
        kinds: &[Kind::TooSlow],
        of: |of| of.has_body,
    },
    Shared {
        name: "TooManyRequests",
        what: "The tenant, the caller or the address makes more requests than it may: wait as long as `retry-after` says.",
        kinds: &[Kind::TooManyRequests],
        of: |_| true,
    },
    Shared {
        name: "HeadersTooLarge",
        what: "The address or the headers are larger than is read here.",
        kinds: &[Kind::HeadersTooLarge],
        of: |_| true,
    },
    Shared {
        name: "Internal",
        what: "A mistake of the service; its log has the cause under `request_id`.",
        kinds: &[Kind::Internal],
        of: |_| true,
    },
    Shared {
        name: "Unavailable",
        what: "Something that the service needs is away, or it took too long: send it again.",
        kinds: &[Kind::Unavailable, Kind::TimedOut],
        of: |_| true,
    },
    Shared {
        name: "Full",
        what: "The store has no room left; nothing was done.",
        kinds: &[Kind::Full],
        of: |of| of.asks_store,
    },
];

pub(super) fn complete(openapi: &mut OpenApi) {
    let components = openapi.components.get_or_insert_default();
    let problem = (Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(problem.0, problem.1);
    for shared in SHARED {
        let answer = (shared.name.to_owned(), RefOr::T(shared.response()));
        components.responses.insert(answer.0, answer.1);
    }
    let elsewhere = ResponseBuilder::new()
        .description("In the cloud, an answer above 4 MiB: it is at `location` for a few minutes, without the authorization.")
        .header("location", header("Where the answer is."))
        .build();
    let elsewhere = (ELSEWHERE.to_owned(), RefOr::T(elsewhere));
    components.responses.insert(elsewhere.0, elsewhere.1);
    each_operation(openapi, |path, method, operation| {
        let of = Of::new(path, method, operation);
        let responses = &mut operation.responses.responses;
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                as_problem(response);
            }
        }
        let refer = |name: &str| RefOr::Ref(Ref::new(format!("#/components/responses/{name}")));
        for shared in SHARED.iter().filter(|shared| (shared.of)(&of)) {
            let status = shared.status().as_str().to_owned();
            responses
                .entry(status)
                .or_insert_with(|| refer(shared.name));
        }
        if of.is_get && of.by_session {
            let status = StatusCode::SEE_OTHER.as_str().to_owned();
            responses.entry(status).or_insert_with(|| refer(ELSEWHERE));
        }
    });
}

/// The name of the answer that is somewhere else.
const ELSEWHERE: &str = "Elsewhere";

impl Shared {
    fn status(&self) -> StatusCode {
        self.kinds
            .first()
            .map_or(StatusCode::BAD_REQUEST, |kind| kind.status())
    }

    fn response(&self) -> Response {
        let words: Vec<_> = self
            .kinds
            .iter()
            .map(|kind| format!("`{TYPES}{}`", kind.word()))
            .collect();
        let what = format!("{} Its `type` is {}.", self.what, words.join(" or "));
        let mut response = ResponseBuilder::new().description(what);
        if let Some(kind) = self.kinds.first() {
            response = response.content(CONTENT_TYPE, problem_of(*kind));
        }
        let waits = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::INSUFFICIENT_STORAGE,
        ];
        if waits.contains(&self.status()) {
            response = response.header(
                "retry-after",
                seconds("After how many seconds to send it again."),
            );
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response = response.header("www-authenticate", header("The schemes that are taken."));
        }
        response.build()
    }
}

fn header(what: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(what))
        .build()
}

fn seconds(what: &str) -> Header {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1));
    HeaderBuilder::new()
        .schema(Some(number))
        .description(Some(what))
        .build()
}

/// A problem's document, with a kind as its example.
fn problem_of(kind: Kind) -> Content {
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    content.example = Some(json!({
        "type": format!("{TYPES}{}", kind.word()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "request_id": "1b7f0c9e5d3a8264",
    }));
    content
}

/// Operations name a problem by its schema alone: its type is the same everywhere.
fn as_problem(response: &mut Response) {
    let is_problem = response.content.values().any(|content| match content {
        RefOr::T(content) => {
            matches!(&content.schema, Some(RefOr::Ref(to)) if to.ref_location.ends_with("/Problem"))
        }
        RefOr::Ref(_) => false,
    });
    if is_problem {
        let content = std::mem::take(&mut response.content).into_values().next();
        response
            .content
            .extend(content.map(|content| (CONTENT_TYPE.to_owned(), content)));
    }
}
