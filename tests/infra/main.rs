//! `infra/template.yaml` against the roster: what is deployed is what the functions need, and no more; data outlives it;
//! somebody is told when it breaks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod data;
mod functions;
mod pages;
mod policies;
mod portal;
mod watch;

use std::sync::LazyLock;

use bulkhead_tests::template::Template;
use roster::{FUNCTIONS, Function, Trigger};

/// The template, read once.
fn template() -> &'static Template {
    static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::read().unwrap());
    &TEMPLATE
}

/// The functions that queues start, with their queues.
fn readers() -> impl Iterator<Item = (&'static Function, &'static str)> {
    FUNCTIONS
        .iter()
        .filter_map(|function| match function.trigger {
            Trigger::Queue(queue) => Some((function, queue)),
            Trigger::Schedule { .. } => None,
        })
}

/// The queue of this name.
fn queue<'a>(template: &'a Template, name: &str) -> &'a str {
    let wanted = format!("${{AWS::StackName}}-{name}");
    let mut found = template
        .of_type("AWS::SQS::Queue")
        .into_iter()
        .filter(|queue| {
            bulkhead_tests::template::text(&template.properties(queue)["QueueName"]) == wanted
        });
    found.next().unwrap_or_else(|| panic!("no queue {wanted}"))
}
