//! Facts of a place, concluded from what agents reported of hosts, images and running containers.

mod address;
mod exposure;
mod privilege;

use schemas::{
    inventory::{Container, HostFacts, ImageFacts, OperatingSystem},
    risk::{Answer, Exposure, PlaceFacts},
};

pub use exposure::container_exposure;
use exposure::host_exposure;

/// A container of an image and the host it is on.
#[derive(Clone, Copy, Debug)]
pub struct RunningContainer<'a> {
    /// The container.
    pub container: &'a Container,
    /// Its host, where known.
    pub host: Option<&'a HostFacts>,
}

/// Facts of a host as a place.
///
/// Which process uses a vulnerable package is not known here, so `root` is unknown; a host is no container, so it is
/// neither privileged nor has it a runtime socket mounted.
pub fn host_place(host: &HostFacts) -> PlaceFacts {
    let (exposure, reason) = host_exposure(host);
    PlaceFacts {
        exposure,
        exposure_reason: Some(reason),
        root: Answer::Unknown,
        privileged: Answer::No,
        runtime_socket: Answer::No,
        running_containers: None,
    }
}

/// Facts of an image as a place: the worst over its running containers.
///
/// `containers` is `None` when no container engine was asked, which proves nothing; an empty slice means that engines
/// were asked and nothing runs.
pub fn image_place(
    image: &ImageFacts,
    os: Option<&OperatingSystem>,
    containers: Option<&[RunningContainer<'_>]>,
) -> PlaceFacts {
    let configured_root = privilege::root_by_user(&image.user, &image.os, os);
    let Some(containers) = containers else {
        return PlaceFacts {
            exposure: Exposure::Unknown,
            exposure_reason: Some("no container engine was asked".to_owned()),
            root: configured_root,
            privileged: Answer::Unknown,
            runtime_socket: Answer::Unknown,
            running_containers: None,
        };
    };
    let running: Vec<_> = containers.iter().filter(|c| c.container.running).collect();
    if running.is_empty() {
        return PlaceFacts {
            exposure: Exposure::None,
            exposure_reason: Some("no container runs it".to_owned()),
            root: configured_root,
            privileged: Answer::No,
            runtime_socket: Answer::No,
            running_containers: Some(0),
        };
    }
    let (exposure, reason) = running
        .iter()
        .map(|c| container_exposure(c.container, c.host))
        .max_by_key(|(exposure, _)| exposure::rank(*exposure))
        .unwrap_or_default();
    PlaceFacts {
        exposure,
        exposure_reason: Some(reason),
        root: worst(
            running
                .iter()
                .map(|c| privilege::root(c.container, image, os)),
        ),
        privileged: worst(running.iter().map(|c| privilege::privileged(c.container))),
        runtime_socket: worst(
            running
                .iter()
                .map(|c| privilege::runtime_socket(c.container)),
        ),
        running_containers: Some(u32::try_from(running.len()).unwrap_or(u32::MAX)),
    }
}

/// Yes if any says yes, else unknown if any is unknown, else no.
fn worst(answers: impl Iterator<Item = Answer>) -> Answer {
    answers.fold(Answer::No, |worst, answer| match (worst, answer) {
        (Answer::Yes, _) | (_, Answer::Yes) => Answer::Yes,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        _ => Answer::No,
    })
}

#[cfg(test)]
mod tests;
