//! Why a policy or a VEX document cannot be used.

/// Why a policy, an earlier report or a VEX document cannot be used. Texts say where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is larger than any that people write.
    #[error("it has {found} bytes, and at most {most} are read")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The most that is read.
        most: usize,
    },
    /// It is not UTF-8.
    #[error("it is not text: byte {0} is not UTF-8")]
    NotText(usize),
    /// It cannot be read as a policy; the text names line and key.
    #[error("{0}")]
    Policy(String),
    /// There is more of something than is allowed.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that is read.
        most: usize,
    },
    /// It is of a version that this program does not know.
    #[error("{what} {found} is not known, only {known}: use a newer Bulkhead or an older document")]
    OtherVersion {
        /// Which form.
        what: &'static str,
        /// What the document says.
        found: String,
        /// What is read.
        known: &'static str,
    },
    /// It is not JSON, or not of its form; the text names line or place.
    #[error("it is not a valid {what}: {problem}")]
    Malformed {
        /// Which form.
        what: &'static str,
        /// What is wrong and where.
        problem: String,
    },
    /// It is none of the forms that are read.
    #[error("it is neither OpenVEX nor CSAF nor CycloneDX in JSON")]
    UnknownVex,
}

/// A text from a document cut to what fits an error message, without characters that disturb a terminal.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .take(400)
        .map(|c| if c.is_control() && c != '\n' { '?' } else { c })
        .collect()
}
