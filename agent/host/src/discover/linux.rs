//! Linux: everything from `/proc`, `/sys` and `/etc`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsString,
    fs, io,
    path::Path,
};

use schemas::{Timestamp, inventory::ListeningSocket};

use super::{
    Listening, ProcessFacts,
    proc_net::{self, Socket},
};

/// Most processes and open files that are looked at.
const MAX_PROCESSES: usize = 100_000;
const MAX_FILES_PER_PROCESS: usize = 100_000;

pub(super) fn host_name() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/hostname").ok()
}

pub(super) fn machine_id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| {
            let text = fs::read_to_string(path).ok()?;
            let id = text.trim();
            // `uninitialized` stands there while the system is first started.
            (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
                .then(|| id.to_ascii_lowercase())
        })
}

pub(super) fn kernel() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(text.trim().to_owned())
}

pub(super) fn booted_at() -> Option<Timestamp> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let seconds: i64 = stat
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(Timestamp::from_ms(seconds.saturating_mul(1000)))
}

/// Sockets in the host's own network namespace, which is that of its first process.
pub(super) fn listening() -> Listening {
    let owners = Owners::look();
    let (sockets, read) = sockets_of(Path::new("/proc/1/net"))
        .or_else(|_| sockets_of(Path::new("/proc/self/net")))
        .map_or((Vec::new(), false), |sockets| (sockets, true));
    Listening {
        complete: read && owners.complete,
        sockets: sockets
            .into_iter()
            .map(|socket| owners.name(&socket, |_| true))
            .collect(),
    }
}

pub(super) fn containers(pids: &[u32]) -> BTreeMap<u32, ProcessFacts> {
    if pids.is_empty() {
        return BTreeMap::new();
    }
    let owners = Owners::look();
    let host_network = namespace(1, "net").or_else(|| own_namespace("net"));
    let host_pids = namespace(1, "pid").or_else(|| own_namespace("pid"));
    pids.iter()
        .map(|pid| {
            let facts = container(*pid, &owners, host_network.as_ref(), host_pids.as_ref());
            (*pid, facts)
        })
        .collect()
}

fn container(
    pid: u32,
    owners: &Owners,
    host_network: Option<&OsString>,
    host_pids: Option<&OsString>,
) -> ProcessFacts {
    let folder = format!("/proc/{pid}");
    let pids = namespace(pid, "pid");
    let own_pids = pids.is_some() && pids.as_ref() != host_pids;
    let network = namespace(pid, "net");
    let own_network = network.is_some() && network.as_ref() != host_network;
    let group = cgroup(pid);
    // A container that shares the host's process ids is told from the host by its control group.
    let inside = |process: u32| {
        if own_pids {
            namespace(process, "pid") == pids
        } else {
            group.is_some() && cgroup(process) == group
        }
    };
    let sockets = sockets_of(Path::new(&format!("{folder}/net"))).unwrap_or_default();
    let mut listening: Vec<ListeningSocket> = sockets
        .iter()
        .filter_map(|socket| match owners.of(socket) {
            // In a network of its own a socket that nobody is seen to hold is still a door.
            None => own_network.then(|| owners.name(socket, |_| false)),
            Some(holders) => holders
                .iter()
                .any(|process| inside(*process))
                .then(|| owners.name(socket, inside)),
        })
        .collect();
    listening.sort();
    listening.dedup();
    ProcessFacts {
        uid: uid(&folder),
        listening,
    }
}

/// The effective user id of a process.
fn uid(folder: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("{folder}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn namespace(pid: u32, kind: &str) -> Option<OsString> {
    fs::read_link(format!("/proc/{pid}/ns/{kind}"))
        .ok()
        .map(Into::into)
}

fn own_namespace(kind: &str) -> Option<OsString> {
    fs::read_link(format!("/proc/self/ns/{kind}"))
        .ok()
        .map(Into::into)
}

fn cgroup(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()
}

/// Listening sockets in the network that this folder of tables is of. UDP sockets on ports that the kernel hands out to
/// whoever asks are answers waited for, not doors.
fn sockets_of(net: &Path) -> io::Result<Vec<Socket>> {
    let handed_out = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|text| {
            let mut ends = text.split_ascii_whitespace().map(str::parse::<u16>);
            Some(ends.next()?.ok()?..=ends.next()?.ok()?)
        })
        .unwrap_or(32_768..=60_999);
    let mut all = proc_net::parse("tcp", &fs::read_to_string(net.join("tcp"))?);
    for (protocol, table) in [("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6")] {
        // Without IPv6 there is no table of it.
        if let Ok(text) = fs::read_to_string(net.join(table)) {
            all.extend(proc_net::parse(protocol, &text));
        }
    }
    all.retain(|socket| socket.protocol == "tcp" || !handed_out.contains(&socket.port));
    Ok(all)
}

/// Which processes hold which sockets.
struct Owners {
    by_inode: HashMap<u64, BTreeSet<u32>>,
    complete: bool,
}

impl Owners {
    /// Looks through the open files of all processes.
    fn look() -> Self {
        let mut owners = Self {
            by_inode: HashMap::new(),
            complete: true,
        };
        let Ok(processes) = fs::read_dir("/proc") else {
            owners.complete = false;
            return owners;
        };
        let pids = processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .take(MAX_PROCESSES);
        for pid in pids {
            match fs::read_dir(format!("/proc/{pid}/fd")) {
                Ok(files) => owners.add(pid, files),
                // It ended meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => owners.complete = false,
            }
        }
        owners
    }

    fn add(&mut self, pid: u32, files: fs::ReadDir) {
        for file in files.flatten().take(MAX_FILES_PER_PROCESS) {
            let inode = fs::read_link(file.path()).ok().and_then(|target| {
                let text = target.to_str()?;
                text.strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .parse()
                    .ok()
            });
            if let Some(inode) = inode {
                self.by_inode.entry(inode).or_default().insert(pid);
            }
        }
    }

    fn of(&self, socket: &Socket) -> Option<&BTreeSet<u32>> {
        self.by_inode.get(&socket.inode)
    }

    /// The socket with the first of its processes that is wanted: of several workers that is their parent, mostly.
    fn name(&self, socket: &Socket, wanted: impl Fn(u32) -> bool) -> ListeningSocket {
        let pid = self
            .of(socket)
            .and_then(|pids| pids.iter().copied().find(|pid| wanted(*pid)));
        ListeningSocket {
            protocol: socket.protocol.to_owned(),
            address: socket.address.to_string(),
            port: socket.port,
            process: pid.and_then(|pid| {
                let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
                Some(
                    name.trim_end()
                        .chars()
                        .filter(|c| !c.is_control())
                        .collect(),
                )
            }),
            pid,
        }
    }
}
