//! Exposure: who reaches the place.

use schemas::risk::{Exposure, PartGroup, PlaceFacts};

use crate::part::Part;

/// It was seen to be reached.
const MOST: u16 = 150;

pub(crate) fn tenths(exposure: Exposure) -> u16 {
    match exposure {
        Exposure::Observed => MOST,
        Exposure::Declared => 140,
        Exposure::PublicAddress => 120,
        Exposure::Published => 100,
        Exposure::Unknown => 50,
        Exposure::Internal => 40,
        Exposure::None => 0,
    }
}

/// The exposure in words.
pub(crate) fn words(place: &PlaceFacts) -> String {
    let word = match place.exposure {
        Exposure::Observed => "seen to be reached from the internet",
        Exposure::Declared => "declared to be reached from the internet",
        Exposure::PublicAddress => "reachable on a public address",
        Exposure::Published => "published on the host's address",
        Exposure::Unknown => "exposure is not known",
        Exposure::Internal => "reachable from inside only",
        Exposure::None => "not reachable",
    };
    match &place.exposure_reason {
        Some(why) => format!("{word}: {why}"),
        None => word.to_owned(),
    }
}

pub(crate) fn part(place: &PlaceFacts) -> Part {
    Part {
        group: PartGroup::Exposure,
        name: "exposure",
        tenths: tenths(place.exposure),
        max_tenths: MOST,
        reason: words(place),
    }
}
