//! `schemas/problems.md`: every kind of problem, for whoever handles them. A kind that is not here does not compile.

use std::fmt::Write as _;

use crate::problem::{Kind, TYPES};

/// Every kind, in the order of their declaration.
const ALL: &[Kind] = &[
    Kind::BadRequest,
    Kind::BadCursor,
    Kind::Unauthenticated,
    Kind::BadCredentials,
    Kind::SecondFactorRequired,
    Kind::PasswordChangeRequired,
    Kind::SecondFactorSetupRequired,
    Kind::CsrfHeaderMissing,
    Kind::Forbidden,
    Kind::BeyondScope,
    Kind::InUse,
    Kind::NotFound,
    Kind::MethodNotAllowed,
    Kind::TooManyAttempts,
    Kind::TooManyRequests,
    Kind::Conflict,
    Kind::PreconditionFailed,
    Kind::TooLarge,
    Kind::HeadersTooLarge,
    Kind::UnsupportedMedia,
    Kind::UnsupportedEncoding,
    Kind::NotAcceptable,
    Kind::TooSlow,
    Kind::IdempotencyKeyReused,
    Kind::IdempotencyKeyBusy,
    Kind::IdempotencyAnswerWithheld,
    Kind::UnsupportedVersion,
    Kind::UnsignedRequest,
    Kind::BadSignature,
    Kind::RequestMismatch,
    Kind::ClockSkew,
    Kind::ReplayedRequest,
    Kind::AgentUnknown,
    Kind::AgentRevoked,
    Kind::BadEnrolmentToken,
    Kind::HostNotAdmitted,
    Kind::BadInvitation,
    Kind::BadProof,
    Kind::BadBuildToken,
    Kind::BadSignIn,
    Kind::Full,
    Kind::Unavailable,
    Kind::TimedOut,
    Kind::Internal,
];

// They are in the order of their declaration, of which this is the last: so none is missing.
const _: () = assert!(
    ALL.len() == Kind::Internal as usize + 1,
    "a kind of problem is missing"
);

/// What a kind means, and what to do about it.
fn meaning(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::BadRequest => (
            "A parameter, a header or the body is not of the form that the description has, or a value is out of bounds.",
            "Read `detail`, which names what is wrong, and mend the request; the same one fails again.",
        ),
        Kind::BadCursor => (
            "The cursor was made for another list, other filters or another tenant, or was edited.",
            "Take `next_cursor` as it came with the same filters, or begin without a cursor.",
        ),
        Kind::Unauthenticated => (
            "Nobody who is known calls: no session, key or token, or one that has ended.",
            "Sign in, or send a valid API key, as `authorization: Bearer …`.",
        ),
        Kind::BadCredentials => (
            "Login or password is wrong. It is not said which.",
            "Ask the person again; repeated failures lock the account for a while.",
        ),
        Kind::SecondFactorRequired => (
            "The password is right, and the account has a second factor.",
            "Send the same with `code`: one of the authenticator, or a recovery code.",
        ),
        Kind::PasswordChangeRequired => (
            "The person has a one-time password, which opens nothing else.",
            "Set another with `POST /api/v1/session/password`.",
        ),
        Kind::SecondFactorSetupRequired => (
            "The tenant asks for a second factor, which the person has not set up.",
            "Set one up with `POST /api/v1/session/second-factor`; until then nothing else is open to them.",
        ),
        Kind::CsrfHeaderMissing => (
            "Something was to be changed by a browser's cookie alone, which another site could have caused.",
            "Send the header `bulkhead-csrf: 1` along with the cookie.",
        ),
        Kind::Forbidden => (
            "The caller is known, and none of their roles has the permission that `detail` names; or only a person may do it.",
            "Have somebody who manages people give the role, or let somebody else do it.",
        ),
        Kind::BeyondScope => (
            "The caller's roles are limited to collections, and this reaches further.",
            "Ask for less, or have the limit widened.",
        ),
        Kind::InUse => (
            "Something else needs what was to be removed; `detail` says what.",
            "Take it away there first.",
        ),
        Kind::NotFound => (
            "There is no such thing in the caller's tenant, or the caller may not know of it. Another tenant's things are not found, either.",
            "Look the id up in the list.",
        ),
        Kind::MethodNotAllowed => (
            "The path is there and does not have this method.",
            "See the description for the methods that it has.",
        ),
        Kind::TooManyAttempts => (
            "Signing in failed too often.",
            "Wait; `retry-after` says how long where it is known.",
        ),
        Kind::TooManyRequests => (
            "The tenant, the caller, or those who do not show who they are of the caller's address make more requests than they may.",
            "Wait for as many seconds as `retry-after` says, then send it again.",
        ),
        Kind::Conflict => (
            "It is there already, or somebody changed it at the same time.",
            "Read it anew and decide again.",
        ),
        Kind::PreconditionFailed => (
            "`if-match` names another state than the one that is there, or is missing where it is needed.",
            "Read the thing, look at what changed, and send the `etag` of that answer as `if-match`.",
        ),
        Kind::TooLarge => (
            "The body is larger than is read here, as it came or unfolded.",
            "Send less at once; agents send larger bodies by upload ticket.",
        ),
        Kind::HeadersTooLarge => (
            "The address or the headers are larger than is read here.",
            "Shorten them; a gateway in the cloud takes no more, either.",
        ),
        Kind::UnsupportedMedia => (
            "The body has another content type or encoding than is read here.",
            "Send `content-type: application/json`, and an encoding that the operation names.",
        ),
        // One type with the one before.
        Kind::UnsupportedEncoding => meaning(Kind::UnsupportedMedia),
        Kind::NotAcceptable => (
            "`accept` names nothing of what the operation answers.",
            "Accept one of the types that the description has, or send no `accept`.",
        ),
        Kind::TooSlow => (
            "The body came too slowly, or stopped to come. Nothing was done.",
            "Send it again, by a better connection.",
        ),
        Kind::IdempotencyKeyReused => (
            "The `idempotency-key` came with another request before.",
            "Make a new key for each thing that is to be done; send the same one only to repeat.",
        ),
        Kind::IdempotencyKeyBusy => (
            "The first request with this `idempotency-key` is still being answered, or broke off.",
            "Send it again after `retry-after`; if it stays so, look whether it was done before you take a new key.",
        ),
        Kind::IdempotencyAnswerWithheld => (
            "The request with this `idempotency-key` is done, and its answer is not given again.",
            "Look at what is there; take a new key only for another thing.",
        ),
        Kind::UnsupportedVersion => (
            "The document is of a later version than this server reads.",
            "Renew the server, or send the older form.",
        ),
        Kind::UnsignedRequest => (
            "A request for agents came without an agent's token.",
            "Send `authorization: Bulkhead-Agent …`.",
        ),
        Kind::BadSignature => (
            "The agent's token is not signed by the key that it enrolled with.",
            "Enrol the agent anew if its key was lost.",
        ),
        Kind::RequestMismatch => (
            "The agent's token was made for another method, path or body.",
            "Look for what changes requests on their way, such as a proxy.",
        ),
        Kind::ClockSkew => (
            "The agent's token is older than its minute, or from the future.",
            "Set the clock by the header `bulkhead-time` of the answer and sign again.",
        ),
        Kind::ReplayedRequest => (
            "The same signed request came before.",
            "Sign each request anew; if nobody repeats them, somebody else does.",
        ),
        Kind::AgentUnknown => ("No such agent is enrolled.", "Enrol it."),
        Kind::AgentRevoked => (
            "Somebody took the agent's access away.",
            "Enrol it anew if that was a mistake.",
        ),
        Kind::BadEnrolmentToken => (
            "The enrolment token is unknown, expired, used up or revoked.",
            "Make another.",
        ),
        Kind::HostNotAdmitted => (
            "The enrolment token is for hosts of other names.",
            "Look at the token's `hosts`, and make one that this host's name matches.",
        ),
        Kind::BadInvitation => (
            "The invitation is unknown, expired, accepted or revoked.",
            "Have somebody invite the person again.",
        ),
        Kind::BadProof => (
            "The agent did not prove that it has the key that it enrols.",
            "Sign the proof with the private half of that key.",
        ),
        Kind::BadBuildToken => (
            "The token of the build's system is not one that the tenant trusts; `detail` says why.",
            "Compare the rule of trusted builds with the claims of the token.",
        ),
        Kind::BadSignIn => (
            "The sign-in by another service came back changed, too late, twice, or for nobody here.",
            "Begin again; if it fails again, compare the set-up on both sides.",
        ),
        Kind::Full => (
            "The store has no room left. Nothing was done.",
            "Make room; send it again after `retry-after`.",
        ),
        Kind::Unavailable => (
            "Something that the service needs does not answer.",
            "Send it again after `retry-after`.",
        ),
        Kind::TimedOut => (
            "It took too long; it may have been done or not.",
            "Look whether it was done, or send it again where that does no harm.",
        ),
        Kind::Internal => (
            "A mistake of the service.",
            "Report it with `request_id`, under which the server's log has the cause.",
        ),
    }
}

/// The list as Markdown.
pub(crate) fn printed() -> String {
    let mut text = "# Problems\n\nEvery error is a document of the type `application/problem+json` (RFC 9457). Handle it by `type`, which never \
         changes its meaning; a later version may add types, so treat an unknown one by its `status`. `title` and `detail` are \
         for people, and `request_id` is in the server's log. Types are relative to the server's address. Printed from \
         `functions/api/src/problem.rs`.\n\n| `type` | status | title | what it means | what to do |\n|---|---|---|---|---|\n"
        .to_owned();
    for kind in ALL {
        if *kind == Kind::UnsupportedEncoding {
            continue;
        }
        let (means, act) = meaning(*kind);
        let row = [
            format!("`{TYPES}{}`", kind.word()),
            kind.status().as_u16().to_string(),
            kind.title().to_owned(),
            means.to_owned(),
            act.to_owned(),
        ];
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
