//! One instance: what it is, what it stands on, and how it answers an event.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use handlers::{Context, Count, Limits, Registries};
use lambda_runtime::LambdaEvent;
use platform::Platform;
use roster::{Function, Trigger, run_scheduled};
use serde_json::{Value, value::RawValue};
use sources::registry::RegistryOptions;
use tracing::Instrument;

use crate::{
    HostError, Role, Settings,
    emf::{self, Line},
    http::Door,
    logs, queue, setup,
};

/// The function that reads advisories.
const FEED: &str = "feed";
/// Longest time to ask for their age: within what is left of an invocation for its answer.
const FEED_AGE_TIMEOUT: Duration = Duration::from_secs(1);

/// One instance. Everything that can be kept from one event to the next is kept here: the platform's connections and keys,
/// the shards in memory, the API's router.
#[derive(Debug)]
pub struct Host {
    role: Role,
    stage: String,
    context: Arc<Context>,
    door: Door,
}

impl Host {
    /// An instance on a platform. Nothing is asked of the platform before the first event.
    pub fn new(settings: Settings, platform: Platform) -> Self {
        let door = Door::new(platform.clone(), &settings);
        let registries = Registries {
            options: RegistryOptions {
                // A function stands where metadata of the account can be asked for.
                guard: Some(settings.guard.clone()),
                ..RegistryOptions::default()
            },
            ..Registries::default()
        };
        let context = Context::new(platform, settings.sources, Limits::default())
            .with_registries(registries)
            .with_guard(settings.guard);
        Self {
            role: settings.role,
            stage: settings.stage,
            context: Arc::new(context),
            door,
        }
    }

    /// Answers an event.
    ///
    /// # Errors
    /// When the event is not of its form, or the work of a schedule or an operator failed. What fails in a message or a
    /// request is in the answer.
    pub async fn answer(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, HostError> {
        let (payload, context) = event.into_parts();
        let span = tracing::info_span!(
            "invocation",
            function = self.role.name(),
            request_id = context.request_id,
            xray = context.xray_trace_id,
        );
        self.dispatch(payload.get(), context).instrument(span).await
    }

    async fn dispatch(
        &self,
        event: &str,
        context: lambda_runtime::Context,
    ) -> Result<Value, HostError> {
        match self.role {
            Role::Api => self.door.answer(event, context).await,
            Role::Setup => setup::answer(&self.context.platform, event).await,
            Role::Function(function) => {
                let before = self.context.metrics.all();
                let request_id = context.request_id.clone();
                let (answer, oldest_ms) = self.function(function, event, context).await?;
                let feed_age_hours = self.feed_age_hours(function).await;
                self.tell(function, &request_id, &before, oldest_ms, feed_age_hours);
                answer
            }
        }
    }

    /// The answer of a function, and the age of its oldest message in milliseconds.
    async fn function(
        &self,
        function: &'static Function,
        event: &str,
        context: lambda_runtime::Context,
    ) -> Result<(Result<Value, HostError>, u64), HostError> {
        match function.trigger {
            Trigger::Queue(_) => {
                let event = serde_json::from_str(event).map_err(|source| HostError::Event {
                    expected: "a batch of messages of SQS",
                    source,
                })?;
                let (response, oldest_ms) =
                    queue::answer(&self.context, function, event, context.deadline()).await;
                let answer = serde_json::to_value(response).map_err(HostError::Answer);
                Ok((answer, oldest_ms))
            }
            Trigger::Schedule { .. } => {
                let limit = queue::limit(context.deadline());
                let done = run_scheduled(&self.context, function, limit).await;
                let answer = done
                    .map(|()| Value::Null)
                    .map_err(|error| HostError::Scheduled(error.reason()));
                Ok((answer, 0))
            }
        }
    }

    /// How old the advisories are, where it is the function for them. Told after failures, too: then above all.
    async fn feed_age_hours(&self, function: &Function) -> Option<u64> {
        if function.name != FEED {
            return None;
        }
        let asked = emf::feed_age_hours(&self.context.platform, &self.context.sources);
        match tokio::time::timeout(FEED_AGE_TIMEOUT, asked).await {
            Ok(Ok(hours)) => hours,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot tell how old the advisories are");
                None
            }
            Err(_) => {
                tracing::warn!("cannot tell how old the advisories are: the table does not answer");
                None
            }
        }
    }

    /// Writes what an invocation did as metrics.
    fn tell(
        &self,
        function: &Function,
        request_id: &str,
        before: &BTreeMap<&'static str, Count>,
        oldest_ms: u64,
        feed_age_hours: Option<u64>,
    ) {
        let of = |counts: &BTreeMap<_, _>, name| counts.get(name).copied().unwrap_or_default();
        let mut after = self.context.metrics.all();
        // Of itself every invocation tells, and of another function when something was counted for it.
        after.entry(function.name).or_default();
        for (&name, &count) in &after {
            let (did, own) = (emf::between(of(before, name), count), name == function.name);
            if !own && of(before, name) == count {
                continue;
            }
            let line = Line {
                stage: &self.stage,
                function: name,
                request_id,
                at_ms: self.context.platform.clock.now_ms(),
                did,
                oldest_ms: (own && self.role.is_of_queue()).then_some(oldest_ms),
                feed_age_hours: feed_age_hours.filter(|_| own),
            };
            logs::write(&line.to_json());
        }
    }
}
