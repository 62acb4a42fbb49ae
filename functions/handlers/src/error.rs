//! Why a message could not be handled: passing, or final.

use std::error::Error;

use records::RecordError;
use records::identity::IdentityError;

/// Why a message could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It may succeed later: let it come again.
    #[error("to be repeated")]
    Retry(#[source] Box<dyn Error + Send + Sync>),
    /// It may succeed, but not before minutes have passed: what it needs is at work for another, or only a later version of
    /// this software knows what it asks, and during an upgrade messages arrive before their reader does.
    #[error("to be repeated much later")]
    Later(#[source] Box<dyn Error + Send + Sync>),
    /// It never will: keep it apart, with the reason.
    #[error("given up")]
    Poison(#[source] Box<dyn Error + Send + Sync>),
}

/// What happened, with what it was caused by.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Caused {
    what: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl HandlerError {
    /// May succeed later, for this reason.
    pub(crate) fn retry(why: &'static str) -> Self {
        Self::Retry(why.into())
    }

    /// Never will, for this reason.
    pub(crate) fn poison(why: impl Into<String>) -> Self {
        Self::Poison(why.into().into())
    }

    /// Never will, for this reason and its cause.
    pub(crate) fn poison_by(
        what: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Poison(Box::new(Caused {
            what,
            source: source.into(),
        }))
    }

    /// Whether it may succeed later.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry(_) | Self::Later(_))
    }

    /// The reason with all its causes, for people.
    pub fn reason(&self) -> String {
        self.source()
            .map_or_else(String::new, inventory::error_chain)
    }
}

impl From<RecordError> for HandlerError {
    fn from(error: RecordError) -> Self {
        if error.is_transient() {
            Self::Retry(error.into())
        } else {
            Self::Poison(error.into())
        }
    }
}

impl From<IdentityError> for HandlerError {
    fn from(error: IdentityError) -> Self {
        let transient = match &error {
            IdentityError::Table(_, error) => error.is_transient(),
            IdentityError::Busy(_) => true,
            IdentityError::Damaged(..) | IdentityError::Id(_) => false,
        };
        if transient {
            Self::Retry(error.into())
        } else {
            Self::Poison(error.into())
        }
    }
}
