//! The first secrets, shown once.

use std::{io::Write, path::Path};

use api::Made;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::ServerError;

/// How to get what is shown no more.
pub(crate) const HOW_AGAIN: &str = "This store is set up already. A new one-time password: `bulkhead-server user \
    reset-password admin`; a new enrolment token: `bulkhead-server token create` (both while the server is stopped), or \
    `POST /api/v1/enrolment-tokens`.";

/// The first secrets as JSON.
pub(crate) fn as_json(made: &Made) -> Value {
    json!({
        "tenant": made.tenant,
        "admin": made.admin,
        "one_time_password": made.one_time_password.expose_secret(),
        "enrolment_token": made.enrolment_token.expose_secret(),
    })
}

/// The first secrets for people.
pub(crate) fn as_text(made: &Made) -> String {
    format!(
        "\n  Bulkhead is set up. This is shown once:\n\n    tenant             {}\n    administrator      {}\n    one-time \
         password  {}   (to be changed at the first sign-in)\n    enrolment token    {}   (one agent, one day)\n\n",
        made.tenant,
        made.admin,
        made.one_time_password.expose_secret(),
        made.enrolment_token.expose_secret(),
    )
}

/// Writes an answer to standard output.
pub(crate) fn print(text: &str) -> Result<(), ServerError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(ServerError::Write)
}

/// Writes an answer as JSON to standard output.
pub(crate) fn print_json(value: &Value) -> Result<(), ServerError> {
    let mut text = serde_json::to_string_pretty(value).map_err(ServerError::Json)?;
    text.push('\n');
    print(&text)
}

/// Writes secrets to a file that only its owner reads; one that is there is replaced, never appended to.
pub(crate) fn write_secret(file: &Path, value: &Value) -> Result<(), ServerError> {
    let failed = |error| ServerError::SetupFile(file.to_owned(), error);
    let mut text = serde_json::to_string_pretty(value).map_err(ServerError::Json)?;
    text.push('\n');
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut out = options.open(file).map_err(failed)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(failed)
}
