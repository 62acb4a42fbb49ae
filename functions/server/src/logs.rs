//! Log lines on standard error, so that standard output holds answers only.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging; a second call changes nothing. A filter that cannot be read is replaced by `info`.
pub fn init(filter: &str, format: LogFormat) {
    let parsed = EnvFilter::try_new(filter);
    let unusable = parsed.is_err();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(parsed.unwrap_or_else(|_| EnvFilter::new("info")))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    if started.is_ok() && unusable {
        tracing::warn!(filter, "this log filter cannot be read; `info` is used");
    }
}
