//! Use: whether it runs there, and whether anything has loaded it.

use schemas::risk::{PartGroup, PlaceFacts};

use crate::part::{AnswerPoints, Part};

const GROUP: PartGroup = PartGroup::Use;
/// Ten containers or more run it.
const RUNNING: u16 = 30;
const PACKAGE: AnswerPoints = AnswerPoints {
    yes: 20,
    unknown: 10,
};

fn running_tenths(count: Option<u32>) -> u16 {
    match count {
        Some(0) => 0,
        None | Some(1) => 10,
        Some(2..=9) => 20,
        Some(_) => RUNNING,
    }
}

pub(crate) fn tenths(place: &PlaceFacts) -> u16 {
    running_tenths(place.running_containers) + PACKAGE.tenths(place.package_in_use)
}

pub(crate) fn parts(place: &PlaceFacts) -> [Part; 2] {
    let count = place.running_containers;
    let reason = match count {
        None => "number of running containers is not known or does not apply".to_owned(),
        Some(0) => "no container runs it".to_owned(),
        Some(1) => "one container runs it".to_owned(),
        Some(count) => format!("{count} containers run it"),
    };
    let running = Part {
        group: GROUP,
        name: "running",
        tenths: running_tenths(count),
        max_tenths: RUNNING,
        reason,
    };
    let what = "a running process has loaded the package";
    [
        running,
        PACKAGE.part(GROUP, "package_in_use", place.package_in_use, what),
    ]
}
