//! Facts of a place, concluded from what agents reported of hosts, images and running containers.

mod address;
mod exposure;
mod privilege;

use schemas::{
    inventory::{Container, HostFacts, ImageFacts, Isolation, OperatingSystem},
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
/// neither privileged nor has it a runtime socket, folders or namespaces of a host, or lacks a profile that keeps it apart.
pub fn host_place(host: &HostFacts) -> PlaceFacts {
    let (exposure, reason) = host_exposure(host);
    PlaceFacts {
        exposure,
        exposure_reason: Some(reason),
        listening: match host.listening.is_empty() {
            false => Answer::Yes,
            true if host.listening_complete => Answer::No,
            true => Answer::Unknown,
        },
        ..unconfined(Answer::No)
    }
}

/// Facts of a place in which every question of containers' rights has this answer, and nothing else is known.
fn unconfined(answer: Answer) -> PlaceFacts {
    PlaceFacts {
        privileged: answer,
        runtime_socket: answer,
        capabilities: answer,
        no_security_profile: answer,
        host_namespaces: answer,
        host_mounts: answer,
        ..PlaceFacts::default()
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
            ..unconfined(Answer::Unknown)
        };
    };
    let running: Vec<_> = containers.iter().filter(|c| c.container.running).collect();
    if running.is_empty() {
        return PlaceFacts {
            exposure: Exposure::None,
            exposure_reason: Some("no container runs it".to_owned()),
            root: configured_root,
            running_containers: Some(0),
            listening: Answer::No,
            package_in_use: Answer::No,
            ..unconfined(Answer::No)
        };
    }
    let (exposure, reason) = running
        .iter()
        .map(|c| container_exposure(c.container, c.host))
        .max_by_key(|(exposure, _)| exposure::rank(*exposure))
        .unwrap_or_default();
    let is_windows = image.os.eq_ignore_ascii_case("windows");
    let any = |question: &dyn Fn(&Container) -> Answer| {
        worst(running.iter().map(|c| question(c.container)))
    };
    PlaceFacts {
        exposure,
        exposure_reason: Some(reason),
        root: any(&|container| privilege::root(container, image, os)),
        privileged: any(&privilege::privileged),
        runtime_socket: any(&privilege::runtime_socket),
        capabilities: any(&|container| privilege::capabilities(container, is_windows)),
        no_security_profile: any(&|container| {
            privilege::no_security_profile(container, is_windows)
        }),
        host_namespaces: any(&|container| privilege::host_namespaces(container, is_windows)),
        host_mounts: any(&privilege::host_mounts),
        running_containers: Some(u32::try_from(running.len()).unwrap_or(u32::MAX)),
        listening: any(&privilege::listening),
        package_in_use: Answer::Unknown,
        own_kernel: own_kernel(running.iter().map(|c| c.container.isolation)),
        critical_label: None,
    }
}

/// Whether all of these have a kernel of their own: one that has not is enough for no.
fn own_kernel(isolations: impl Iterator<Item = Isolation>) -> Answer {
    isolations.fold(Answer::Yes, |all, one| match (all, one) {
        (Answer::No, _) | (_, Isolation::Process) => Answer::No,
        (Answer::Unknown, _) | (_, Isolation::Unknown) => Answer::Unknown,
        (Answer::Yes, Isolation::HyperV) => Answer::Yes,
    })
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
