//! Getting the feeds: a [`catalogue`] of what is published where, and an [`update`] that asks for what changed.
//!
//! A folder of feeds holds `documents/FEED/…` in use, `held/FEED/…` that shrank too much, and `state.json`.

pub mod archive;
pub mod built;
pub mod bundle;
pub mod catalogue;
pub mod check;
mod document;
pub mod fetch;
pub mod folder;
pub mod listing;
mod plan;
pub mod state;
pub mod update;

pub use built::{Built, BuiltError, BuiltFeed};
pub use catalogue::{FeedSpec, Layout, catalogue, feed};
pub use fetch::{FetchError, Fetcher, Patience};
pub use folder::FeedFolder;
pub use plan::PlanError;
pub use state::{DocumentUpdate, FeedUpdate, HeldDocument, StateError, UpdateState};
pub use update::{AcceptBy, Outcome, Unwatched, Update, UpdateError, Updated, Watch};
