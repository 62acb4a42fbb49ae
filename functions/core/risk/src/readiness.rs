//! Readiness: whether something can be done.

use schemas::risk::PartGroup;

use crate::part::Part;

/// A fix is available.
const FIX: u16 = 30;

pub(crate) fn tenths(fix_available: bool) -> u16 {
    if fix_available { FIX } else { 0 }
}

pub(crate) fn part(fix_available: bool) -> Part {
    let reason = if fix_available {
        "a fix is available"
    } else {
        "no fix is available yet"
    };
    Part {
        group: PartGroup::Readiness,
        name: "fix",
        tenths: tenths(fix_available),
        max_tenths: FIX,
        reason: reason.to_owned(),
    }
}
