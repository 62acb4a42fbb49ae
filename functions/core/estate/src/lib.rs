//! A tenant's estate in one compact index: which vulnerability is in which place, and what is worst.
//!
//! Facts of a vulnerability are kept once, facts of a place once, and a finding is a few bytes that point at both.
//! The index is kept as one blob per tenant (the base) and small changes beside it (deltas); a reader lays the deltas
//! over the base, and a writer folds them in when there are many. Laying the same delta twice, or an older one after a
//! newer one, changes nothing.
//!
//! This crate reads `risk`, because what is ranked is its score, and `scope`, because nobody is answered more than they may see.

mod clocks;
mod codec;
mod delta;
mod facts;
mod history;
mod holders;
mod index;
mod known;
mod places;
mod posture;
mod rank;
mod replaced;
mod view;

pub use clocks::Clocks;
pub use codec::EstateError;
pub use delta::{PlaceDelta, PlaceFinding};
pub use history::LEFT_HOURS;
pub use index::{Came, EstateIndex, came_at};
pub use places::{Counts, PlaceFilter, PlaceOrder, PlacePosition, PlaceSummary, PlacesPage};
pub use posture::{Fixed, FixedPage, FixedPosition, Since, is_reached};
pub use rank::{
    AffectedPage, AffectedPlace, Excepted, Filter, Order, Position, RankedPage, RankedVulnerability,
};
pub use replaced::Replaced;
pub use scope::Resource;
pub use view::{View, Within};

#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod tests;
