//! Value: what the place is worth, by the tenant's word.

use schemas::risk::{PartGroup, PlaceFacts};

use crate::part::Part;

/// A label declares it critical.
const CRITICAL: u16 = 40;

pub(crate) fn tenths(place: &PlaceFacts) -> u16 {
    if place.critical_label.is_some() {
        CRITICAL
    } else {
        0
    }
}

pub(crate) fn part(place: &PlaceFacts) -> Part {
    let reason = match &place.critical_label {
        Some(label) => format!("declared critical by the label {label}"),
        None => "no label declares it critical".to_owned(),
    };
    Part {
        group: PartGroup::Value,
        name: "critical",
        tenths: tenths(place),
        max_tenths: CRITICAL,
        reason,
    }
}
