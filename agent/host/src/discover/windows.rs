//! Windows: the registry, and the system's table of sockets.

use std::collections::BTreeMap;

use listeners::{Protocol, SocketState};
use schemas::{Timestamp, inventory::ListeningSocket};
use windows_registry::LOCAL_MACHINE;

use super::{Listening, ProcessFacts};

/// First of the ports that Windows hands out to whoever asks. Source: RFC 6335, and Windows since Vista.
const FIRST_DYNAMIC_PORT: u16 = 49_152;

pub(super) fn host_name() -> Option<String> {
    LOCAL_MACHINE
        .open(r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters")
        .and_then(|key| key.get_string("Hostname"))
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
}

pub(super) fn machine_id() -> Option<String> {
    let key = LOCAL_MACHINE
        .open(r"SOFTWARE\Microsoft\Cryptography")
        .ok()?;
    let id = key.get_string("MachineGuid").ok()?;
    (!id.trim().is_empty()).then(|| id.trim().to_ascii_lowercase())
}

/// Build and revision, such as `10.0.20348.2700`.
pub(super) fn kernel() -> Option<String> {
    let key = LOCAL_MACHINE
        .open(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion")
        .ok()?;
    let build = key
        .get_string("CurrentBuild")
        .or_else(|_| key.get_string("CurrentBuildNumber"))
        .ok()?;
    let major = key.get_u32("CurrentMajorVersionNumber").unwrap_or(10);
    let minor = key.get_u32("CurrentMinorVersionNumber").unwrap_or(0);
    Some(match key.get_u32("UBR") {
        Ok(revision) => format!("{major}.{minor}.{build}.{revision}"),
        Err(_) => format!("{major}.{minor}.{build}"),
    })
}

/// Windows tells it only through calls that have no safe form here; absent says that it was not looked for.
pub(super) fn booted_at() -> Option<Timestamp> {
    None
}

pub(super) fn listening() -> Listening {
    let Ok(all) = listeners::get_all() else {
        return Listening::default();
    };
    let sockets = all
        .into_iter()
        .filter_map(|found| {
            let protocol = match found.protocol {
                Protocol::TCP if found.state == SocketState::Listen => "tcp",
                Protocol::UDP if found.socket.port() < FIRST_DYNAMIC_PORT => "udp",
                Protocol::TCP | Protocol::UDP => return None,
            };
            Some(ListeningSocket {
                protocol: protocol.to_owned(),
                address: found.socket.ip().to_string(),
                port: found.socket.port(),
                process: (!found.process.name.is_empty()).then_some(found.process.name),
                pid: Some(found.process.pid),
            })
        })
        .collect();
    Listening {
        sockets,
        complete: true,
    }
}

/// Containers have network compartments of their own, whose sockets the host's table does not list.
pub(super) fn containers(_pids: &[u32]) -> BTreeMap<u32, ProcessFacts> {
    BTreeMap::new()
}
