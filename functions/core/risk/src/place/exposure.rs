//! How the network reaches a host or a container.

use schemas::{
    inventory::{Container, HostFacts},
    risk::Exposure,
};

use super::address::{is_any, is_loopback, is_public};

/// Order of badness: what is not known lies between what is reached from inside and what is published.
pub(crate) fn rank(exposure: Exposure) -> u8 {
    match exposure {
        Exposure::None => 0,
        Exposure::Internal => 1,
        Exposure::Unknown => 2,
        Exposure::Published => 3,
        Exposure::PublicAddress => 4,
        Exposure::Declared => 5,
        Exposure::Observed => 6,
    }
}

/// How the network reaches a host, and what that was concluded from.
pub(crate) fn host_exposure(host: &HostFacts) -> (Exposure, String) {
    let observed = listening_exposure(host);
    match declared_exposure(host) {
        Some(declared) if rank(declared) > rank(observed.0) => {
            (declared, "declared by its owner".to_owned())
        }
        _ => observed,
    }
}

/// What the owner declared. Nobody sees by declaring.
fn declared_exposure(host: &HostFacts) -> Option<Exposure> {
    host.declared_exposure.map(|declared| match declared {
        Exposure::Observed => Exposure::Declared,
        declared => declared,
    })
}

fn listening_exposure(host: &HostFacts) -> (Exposure, String) {
    let worst = host
        .listening
        .iter()
        .map(|socket| {
            let what = match &socket.process {
                Some(process) => format!("{process} on {}/{}", socket.port, socket.protocol),
                None => format!("{}/{}", socket.port, socket.protocol),
            };
            (
                bound_to(&socket.address, Some(host)),
                format!("{what} listens on {}", socket.address),
            )
        })
        .max_by_key(|(exposure, _)| rank(*exposure));
    match worst {
        Some(worst) => worst,
        None if host.listening_complete => (Exposure::None, "no socket listens".to_owned()),
        None => (
            Exposure::Unknown,
            "listening sockets were not listed".to_owned(),
        ),
    }
}

/// How a socket or published port bound to this address is reached.
fn bound_to(address: &str, host: Option<&HostFacts>) -> Exposure {
    let host_is_public = || host.is_some_and(|h| h.addresses.iter().any(|a| is_public(a)));
    if is_loopback(address) {
        Exposure::Internal
    } else if is_public(address) || (is_any(address) && host_is_public()) {
        Exposure::PublicAddress
    } else {
        Exposure::Published
    }
}

/// How the network reaches a running container, and what that was concluded from.
pub fn container_exposure(container: &Container, host: Option<&HostFacts>) -> (Exposure, String) {
    let name = &container.name;
    let observed = container
        .published
        .iter()
        .map(|port| {
            let (address, number) = (&port.host_address, port.host_port);
            let at = if address.contains(':') {
                format!("[{address}]")
            } else {
                address.clone()
            };
            let reason = format!(
                "{name} publishes {}/{} on {at}:{number}",
                port.container_port, port.protocol
            );
            (bound_to(address, host), reason)
        })
        .chain(host_network(container, host))
        .max_by_key(|(exposure, _)| rank(*exposure))
        .unwrap_or_else(|| match container.networked {
            Some(false) => (Exposure::None, format!("{name} has no network")),
            Some(true) => (
                Exposure::Internal,
                format!("{name} is on a container network"),
            ),
            None => (
                Exposure::Unknown,
                format!("the network of {name} is not known"),
            ),
        });
    let declared = host.and_then(declared_exposure);
    match declared {
        // What its owner says of a host holds for what is published on it, not for what stays inside.
        Some(declared)
            if rank(observed.0) >= rank(Exposure::Published)
                && rank(declared) > rank(observed.0) =>
        {
            (
                declared,
                format!("{}, and its host was declared so by its owner", observed.1),
            )
        }
        _ => observed,
    }
}

fn host_network(container: &Container, host: Option<&HostFacts>) -> Option<(Exposure, String)> {
    if !container.host_network {
        return None;
    }
    let name = &container.name;
    Some(
        container
            .listening
            .iter()
            .map(|socket| {
                let reason = format!(
                    "{name} shares the host's network and listens on {}:{}",
                    socket.address, socket.port
                );
                (bound_to(&socket.address, host), reason)
            })
            .max_by_key(|(exposure, _)| rank(*exposure))
            .unwrap_or_else(|| {
                (
                    Exposure::Internal,
                    format!("{name} shares the host's network"),
                )
            }),
    )
}
