//! The suite which every adapter has to pass: each promise of the ports as one check.
//!
//! Checks speak only through the ports and use names of their own, so that they can run against a
//! platform which holds other data, and at the same time. Those marked `hostile` also hold in hostile
//! weather ([`crate::weather`]); the others look at one call at a time.

mod blobs;
mod hostile;
mod keys;
mod queue;
mod table;
mod table_pages;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::ports::{BlobPath, Platform};

/// Lets time pass by so many seconds: moves a clock, or sleeps.
pub type PassTime = Arc<dyn Fn(u64) -> BoxFuture<'static, ()> + Send + Sync>;

/// What is checked.
#[derive(Clone)]
pub struct Subject {
    /// The platform.
    pub platform: Platform,
    /// How its time passes.
    pub pass_s: PassTime,
    /// A name of this run (1 to 20 of `a–z 0–9`), so that a second one meets nothing of the first.
    pub run: String,
}

impl Subject {
    /// A name of this run for partitions, queues and first segments of paths.
    fn name(&self, of: &str) -> String {
        format!("{of}-{}", self.run)
    }

    /// A path of this run.
    fn path(&self, rest: &str) -> Result<BlobPath, Failure> {
        Ok(BlobPath::parse(format!("conformance-{}/{rest}", self.run))?)
    }
}

/// A promise that was not kept.
#[derive(Debug)]
pub struct Failure(pub String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self(text)
    }
}

/// What a check comes to.
pub type Verdict = Result<(), Failure>;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it is about: `table`, `queue`, `blobs`, `keys`, or `hostile`.
    pub about: &'static str,
    /// Whether it holds in hostile weather too.
    pub hostile: bool,
    run: for<'a> fn(&'a Subject) -> BoxFuture<'a, Verdict>,
}

impl Check {
    /// Runs it.
    pub async fn run(&self, subject: &Subject) -> Verdict {
        (self.run)(subject).await
    }
}

/// Fails the check unless something holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::conformance::Failure(format!($($why)+)));
        }
    };
}

/// Fails the check unless two things are equal.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($why:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if left != right {
                    let why = format!($($why)+);
                    return Err($crate::conformance::Failure(format!(
                        "{why}: {left:?} is not {right:?}"
                    )));
                }
            }
        }
    };
}

/// Fails the check unless a result is an error of this shape.
macro_rules! ensure_err {
    ($result:expr, $shape:pat, $($why:tt)+) => {
        match $result {
            Err($shape) => {}
            other => {
                let why = format!($($why)+);
                return Err($crate::conformance::Failure(format!("{why}: got {other:?}")));
            }
        }
    };
}

/// A list of checks of one file.
macro_rules! check_list {
    ($about:literal, $hostile:literal: $($name:ident),+ $(,)?) => {
        pub(super) const CHECKS: &[$crate::conformance::Check] = &[
            $($crate::conformance::Check {
                name: stringify!($name),
                about: $about,
                hostile: $hostile,
                run: |subject| Box::pin($name(subject)),
            }),+
        ];
    };
}

pub(crate) use {check_list, ensure, ensure_eq, ensure_err};

/// Every check.
#[must_use]
pub fn checks() -> Vec<Check> {
    [
        table::CHECKS,
        table_pages::CHECKS,
        queue::CHECKS,
        blobs::CHECKS,
        keys::CHECKS,
        hostile::CHECKS,
    ]
    .concat()
}

/// Runs every check, or those which hold in hostile weather, and returns what failed with its reason.
pub async fn failures(subject: &Subject, in_hostile_weather: bool) -> Vec<(&'static str, Failure)> {
    let mut failed = Vec::new();
    for check in checks() {
        if (check.hostile || !in_hostile_weather)
            && let Err(failure) = check.run(subject).await
        {
            failed.push((check.name, failure));
        }
    }
    failed
}
