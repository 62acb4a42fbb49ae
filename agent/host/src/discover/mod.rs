//! What the host is, apart from its packages: its name, addresses, and what listens on it.

#[cfg(any(unix, test))]
mod proc_net;

#[cfg(unix)]
#[path = "linux.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use std::collections::BTreeMap;

use schemas::{
    HostId, Timestamp,
    inventory::{Engine, HostFacts, ListeningSocket},
};
use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    state::{StateDir, StateError},
};

/// Names this use of the machine's id, so that nobody can compare it with another program's.
const MACHINE_SALT: &[u8] = b"bulkhead-machine-1";

/// What the host knows of a container's first process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Its user as the host sees it.
    pub uid: Option<u32>,
    /// Sockets that listen in the container.
    pub listening: Vec<ListeningSocket>,
}

/// Sockets that listen on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listening {
    sockets: Vec<ListeningSocket>,
    complete: bool,
}

/// The host's own name, never empty and without control characters.
pub fn host_name() -> String {
    let name: String = platform::host_name()
        .unwrap_or_default()
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(63)
        .collect();
    if name.is_empty() {
        "unnamed".to_owned()
    } else {
        name
    }
}

/// Operating system and architecture in Go's words, such as `linux/amd64`.
pub fn platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{architecture}", std::env::consts::OS)
}

/// A value stable for this machine: its id, hashed so that the id itself stays here. A machine without an id gets a
/// random one, kept in the agent's folder.
///
/// # Errors
/// There is no id, and none could be made.
pub fn machine(state: &StateDir) -> Result<String, StateError> {
    if let Some(id) = platform::machine_id() {
        return Ok(hashed(id.as_bytes()));
    }
    let name = "machine.json";
    if let Some(known) = state.read::<String>(name)? {
        return Ok(known);
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| StateError::Write {
        path: state.path(name),
        source: std::io::Error::other(error.to_string()),
    })?;
    let made = hashed(&random);
    state.write(name, &made)?;
    Ok(made)
}

/// HMAC-SHA256 of the salt, keyed by the id. Source: machine-id(5), "a cryptographic, keyed hash function"; RFC 2104.
fn hashed(id: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut key = [0_u8; BLOCK];
    let short: Vec<u8> = if id.len() > BLOCK {
        Sha256::digest(id).to_vec()
    } else {
        id.to_vec()
    };
    for (to, from) in key.iter_mut().zip(&short) {
        *to = *from;
    }
    let pad = |with: u8| key.map(|byte| byte ^ with);
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(MACHINE_SALT)
        .finalize();
    hex::encode(
        Sha256::new()
            .chain_update(pad(0x5c))
            .chain_update(inner)
            .finalize(),
    )
}

/// Facts about the host as of now.
pub fn host_facts(id: &HostId, config: &Config, engines: Vec<Engine>) -> HostFacts {
    let listening = platform::listening();
    HostFacts {
        id: id.clone(),
        name: host_name(),
        kernel: platform::kernel(),
        addresses: addresses(),
        listening: from_elsewhere(listening.sockets),
        listening_complete: listening.complete,
        engines,
        labels: config.labels.clone(),
        declared_exposure: config.declared_exposure,
        booted_at: platform::booted_at(),
    }
}

/// What the host knows of containers by their first processes, in one look at its processes.
pub fn containers(pids: &[u32]) -> BTreeMap<u32, ProcessFacts> {
    platform::containers(pids)
}

/// Addresses of the interfaces, without loopback and link-local ones, which nobody routes to.
fn addresses() -> Vec<String> {
    let mut all: Vec<String> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip().to_string())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Without those that only this host itself can reach.
fn from_elsewhere(sockets: Vec<ListeningSocket>) -> Vec<ListeningSocket> {
    let loopback = |socket: &ListeningSocket| {
        socket
            .address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
    };
    let mut all: Vec<ListeningSocket> = sockets
        .into_iter()
        .filter(|socket| !loopback(socket))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The facts without what changes from look to look though nothing changed, to compare by.
pub(crate) fn comparable(mut facts: HostFacts) -> HostFacts {
    for socket in &mut facts.listening {
        socket.pid = None;
    }
    facts.listening.sort();
    facts.listening.dedup();
    // A start that is told a second earlier or later is the same start.
    facts.booted_at = facts
        .booted_at
        .map(|at| Timestamp::from_ms(at.as_ms() / 60_000 * 60_000));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_id_does_not_leave_the_machine() {
        // RFC 4231 has no case with this message; the value was made with another implementation:
        // printf bulkhead-machine-1 | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let id = "0123456789abcdef0123456789abcdef";
        let value = hashed(id.as_bytes());
        assert_eq!(
            value,
            "7e5a183a3e5e2811dd499582fa9cc45f3317fd62fada14c7e248da00187e44e0"
        );
        assert_ne!(hashed(&[b'x'; 100]), hashed(&[b'x'; 101]));
    }

    #[test]
    fn this_machine_has_a_name_addresses_and_a_stable_id() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        assert_eq!(machine(&state).unwrap(), machine(&state).unwrap());
        assert!(!host_name().is_empty());
        let facts = host_facts(&"h".parse().unwrap(), &Config::default(), Vec::new());
        assert!(facts.kernel.is_some());
        assert!(
            !facts
                .addresses
                .iter()
                .any(|address| address.starts_with("127."))
        );
    }

    #[test]
    fn a_socket_of_this_process_is_found_with_its_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let all = platform::listening();
        let found = all
            .sockets
            .iter()
            .find(|socket| socket.port == port && socket.protocol == "tcp");
        // Wine does not list sockets the way Windows does.
        if cfg!(unix) {
            let found = found.unwrap();
            assert_eq!(found.address, "127.0.0.1");
            assert_eq!(found.pid, Some(std::process::id()));
            assert!(found.process.is_some());
            assert!(
                from_elsewhere(all.sockets)
                    .iter()
                    .all(|socket| socket.port != port)
            );
        }
    }
}
