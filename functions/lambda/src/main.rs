//! `bulkhead-lambda`: every function, in one binary.

use lambda::{Host, HostError, Settings, logs};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use std::sync::Arc;

use platform::{
    SystemClock,
    aws::{self, AwsSettings},
};
use serde_json::value::RawValue;

fn main() -> Result<(), lambda_runtime::Error> {
    let variable = |name: &str| std::env::var(name).ok();
    logs::init(&variable("BULKHEAD_LOG").unwrap_or_else(|| "info".to_owned()));
    let started = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(variable));
    if let Err(error) = &started {
        let error = &**error as &dyn std::error::Error;
        tracing::error!(error, "cannot start");
    }
    started
}

async fn run(variable: impl Fn(&str) -> Option<String>) -> Result<(), lambda_runtime::Error> {
    let settings = Settings::read(&variable)?;
    let stack = AwsSettings::read(&variable).map_err(HostError::Platform)?;
    let platform = aws::open(&stack, Arc::new(SystemClock)).await;
    let host = &Host::new(settings, platform);
    Runtime::new(service_fn(
        move |event: LambdaEvent<Box<RawValue>>| async move {
            host.answer(event).await.map_err(|error| Diagnostic {
                error_type: "HostError".to_owned(),
                error_message: told(&error),
            })
        },
    ))
    .run()
    .await
}

/// An error with its causes.
fn told(error: &HostError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
