//! Since when a vulnerability is in places that the public reaches, in places that it does not, and in those of which that is not
//! known: what the earliest deadline over all of them is made of.

use risk::{due, is_exposed};
use schemas::{
    Timestamp,
    risk::{Answer, Exposure, VulnerabilityFacts},
};
use serde::{Deserialize, Serialize};

use crate::came_at;

/// No place.
const NONE: u32 = u32::MAX;

/// For each answer to whether the public reaches a place (no, not known, yes), since when the first of these places has it, in
/// hours since 1970: 0 where that is known of none of them, the highest number where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks([u32; 3]);

impl Default for Clocks {
    fn default() -> Self {
        Self([NONE; 3])
    }
}

impl Clocks {
    /// Counts a place.
    pub(crate) fn add(&mut self, exposure: Exposure, since_h: u32) {
        let at = match is_exposed(exposure) {
            Answer::No => 0,
            Answer::Unknown => 1,
            Answer::Yes => 2,
        };
        if let Some(known) = self.0.get_mut(at) {
            *known = match (*known, since_h) {
                (NONE | 0, since_h) => since_h,
                (known, 0) => known,
                (known, since_h) => known.min(since_h),
            };
        }
    }

    /// Until when the vulnerability is to be mended in the first of the places; none where no place has a date.
    pub fn due(&self, facts: &VulnerabilityFacts) -> Option<Timestamp> {
        // Any exposure of an answer stands for it: a deadline asks no more.
        let exposures = [Exposure::Internal, Exposure::Unknown, Exposure::Declared];
        let clocks = self.0.iter().zip(exposures);
        let there = clocks.filter(|(since_h, _)| **since_h != NONE);
        let dues = there.filter_map(|(since_h, exposure)| due(facts, exposure, came_at(*since_h)));
        dues.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_H: u32 = 24;
    const H: u32 = 498_000;

    /// The deadline of each place by itself, and of all together.
    fn dues(places: &[(Exposure, u32)]) -> (Vec<Option<Timestamp>>, Option<Timestamp>) {
        let facts = VulnerabilityFacts {
            automatable: Some("no".to_owned()),
            technical_impact: Some("total".to_owned()),
            ..VulnerabilityFacts::default()
        };
        let mut clocks = Clocks::default();
        for (exposure, since_h) in places {
            clocks.add(*exposure, *since_h);
        }
        let each = places.iter();
        let each = each.map(|(exposure, since_h)| due(&facts, *exposure, came_at(*since_h)));
        (each.collect(), clocks.due(&facts))
    }

    #[test]
    fn the_earliest_deadline_is_one_that_a_place_has() {
        let long_ago = H - 200 * DAY_H;
        for places in [
            vec![(Exposure::Internal, long_ago), (Exposure::Declared, H)],
            vec![
                (Exposure::Declared, H),
                (Exposure::PublicAddress, H - DAY_H),
            ],
            vec![(Exposure::Declared, 0), (Exposure::Declared, H)],
            vec![(Exposure::None, 0), (Exposure::Unknown, H)],
            vec![(Exposure::None, 0)],
            vec![],
        ] {
            let (each, all) = dues(&places);
            assert_eq!(all, each.into_iter().flatten().min(), "{places:?}");
        }
    }
}
