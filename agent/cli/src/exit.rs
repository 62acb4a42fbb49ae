//! How the program ends: the exit codes that builds rely on, and errors that say what, where and what to do.

use std::process::ExitCode;

/// The exit codes. They tell "not scanned" from "clean", which a build must never mix up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: the work was done, and no policy was violated.
    Pass,
    /// 1: a policy was violated. Kept for policies; findings alone never give it.
    PolicyViolated,
    /// 2: the command line or the input cannot be used.
    BadInput,
    /// 3: a service cannot be reached, or failed.
    Unreachable,
    /// 4: the work was done, and not everything could be read or judged.
    NotFullyScanned,
    /// 5: the time allowed is over.
    TimedOut,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::PolicyViolated => 1,
            Self::BadInput => 2,
            Self::Unreachable => 3,
            Self::NotFullyScanned => 4,
            Self::TimedOut => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command gave up.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened where, with its causes.
    pub error: anyhow::Error,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Failure {
    /// A failure that comes from the command line or the input.
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit: Exit::BadInput,
            error: error.into(),
            advice: None,
        }
    }

    /// A failure of a service that is needed.
    pub fn unreachable(error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit: Exit::Unreachable,
            error: error.into(),
            advice: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The text for people: one line for what happened, one for each cause, one for what to do.
    pub fn text(&self) -> String {
        let mut text = format!(
            "bulkhead: {}\n",
            crate::text::plain(&self.error.to_string())
        );
        for cause in self.error.chain().skip(1) {
            text.push_str(&format!(
                "  because: {}\n",
                crate::text::plain(&cause.to_string())
            ));
        }
        if let Some(advice) = &self.advice {
            text.push_str(&format!("  what to do: {}\n", crate::text::plain(advice)));
        }
        text
    }
}

/// What a command comes to.
pub type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_what_happened_why_and_what_to_do() {
        let error = anyhow::anyhow!("connection refused").context("reach engine\u{1b}[31m");
        let text = Failure::unreachable(error).advise("start it").text();
        assert_eq!(
            text,
            "bulkhead: reach engine\\u{1b}[31m\n  because: connection refused\n  what to do: start it\n"
        );
    }
}
