//! Why an event could not be answered, or the host not be started.

/// Why the host cannot start, or an event has no answer. Lambda counts each as an error of the function.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The variable that names the function is not set.
    #[error(
        "the environment variable BULKHEAD_FUNCTION is not set: it comes from the stack's template and is one of {0}"
    )]
    NoFunction(String),
    /// No function has this name.
    #[error("there is no function {name:?} (BULKHEAD_FUNCTION): it is one of {known}")]
    UnknownFunction {
        /// What the variable says.
        name: String,
        /// What it could say.
        known: String,
    },
    /// A variable has a value that means nothing.
    #[error("the environment variable {variable} is {value:?}, and it can only be one of {known}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it could be.
        known: &'static str,
    },
    /// The platform's settings cannot be used.
    #[error("the platform is not described")]
    Platform(#[source] platform::aws::SettingsError),
    /// The HTTP client that feeds are downloaded with cannot be made.
    #[error("feeds cannot be downloaded")]
    Downloads(#[source] sources::http::HttpError),
    /// The event is not of the form that the function's trigger sends.
    #[error("the event is not {expected}")]
    Event {
        /// What was expected.
        expected: &'static str,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The work of a schedule failed; the next start comes in its time.
    #[error("the scheduled work failed: {0}")]
    Scheduled(String),
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written")]
    Answer(#[source] serde_json::Error),
    /// The state of the API cannot be had.
    #[error("the API cannot be opened")]
    State(#[source] api::StateError),
    /// What an operator asked for could not be done.
    #[error("it could not be set up")]
    Setup(#[source] api::SetupError),
    /// Dead letters could not be read, or not be sent again.
    #[error("the queue does not tell its dead letters, or not all were sent again; repeat it")]
    DeadLetters(#[source] platform::QueueError),
    /// There is no such queue.
    #[error("there is no queue {queue:?}: it is one of {known}")]
    UnknownQueue {
        /// What was asked for.
        queue: String,
        /// What there is.
        known: String,
    },
    /// What an operator asked for has no such value.
    #[error("{what} may be 1 to {most}")]
    Bounds {
        /// What is out of its bounds.
        what: &'static str,
        /// The most that it may be.
        most: u64,
    },
}
