//! Tokens and passwords: from files and the environment, never from arguments, and never shown.

use std::{io::Read, path::Path};

use anyhow::Context;
use secrecy::SecretString;

use super::job::{self, Job, Renewed};
use crate::{args::VulnerabilitiesArgs, exit::Failure};

/// The largest secret that is read: a token has some hundred bytes.
const MAX_SECRET_BYTES: u64 = 16 << 10;
/// The environment's name of a token.
const TOKEN_VARIABLE: &str = "BULKHEAD_TOKEN";

/// How to sign in.
#[derive(Debug)]
pub(super) enum Credentials {
    /// A token that is there already.
    Token(SecretString),
    /// A build's job, whose token is to be exchanged for one.
    Job(Renewed),
    /// A login to be exchanged for a token.
    Login {
        /// Login name.
        user: String,
        /// Password.
        password: SecretString,
    },
}

impl Credentials {
    /// What the command line names, else the environment's token.
    pub(super) fn of(args: &VulnerabilitiesArgs) -> Result<Self, Failure> {
        if let (Some(user), Some(file)) = (&args.user, &args.password_file) {
            return Ok(Self::Login {
                user: user.clone(),
                password: read("password", file)?,
            });
        }
        Self::token(args.token_file.as_deref()).map_err(|failure| {
            failure.advise(
                "give a token or an API key with --token-file FILE or BULKHEAD_TOKEN, or sign in with --user NAME --password-file FILE",
            )
        })
    }

    /// The token in a file (`-` for standard input), else the environment's, else that of the build's job.
    pub(super) fn token(file: Option<&Path>) -> Result<Self, Failure> {
        if let Some(file) = file {
            return read("token", file).map(Self::Token);
        }
        match std::env::var(TOKEN_VARIABLE) {
            Ok(token) if !token.trim().is_empty() => {
                Ok(Self::Token(SecretString::from(token.trim().to_owned())))
            }
            _ => Job::of(job::environment)
                .map(|job| Self::Job(Renewed::of(job)))
                .ok_or_else(|| Failure::input(anyhow::anyhow!("no credentials were given"))),
        }
    }
}

/// The first line of a file; what follows it is no part of a secret.
fn read(what: &str, file: &Path) -> Result<SecretString, Failure> {
    let failed = |error: anyhow::Error| {
        Failure::input(error.context(format!("read the {what} in {}", file.display())))
    };
    let mut content = String::new();
    let all = if file == Path::new("-") {
        std::io::stdin()
            .take(MAX_SECRET_BYTES)
            .read_to_string(&mut content)
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(MAX_SECRET_BYTES).read_to_string(&mut content))
    };
    all.context("it cannot be read as text").map_err(failed)?;
    let secret = content.lines().next().unwrap_or_default().trim_end();
    if secret.is_empty() {
        return Err(failed(anyhow::anyhow!("its first line is empty")));
    }
    Ok(SecretString::from(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "abc.def\r\nsecond line\n").unwrap();
        assert_eq!(read("token", &file).unwrap().expose_secret(), "abc.def");
        std::fs::write(&file, "\n").unwrap();
        assert!(read("token", &file).is_err());
        assert!(read("token", &folder.path().join("absent")).is_err());
    }
}
