//! What tests need beside the project: sample data, services and other people's programs. A test asks here for them, and says
//! here that it is skipped; where `BULKHEAD_REQUIRE_…` demands what is not there, it fails instead.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

pub mod registry;

/// What may be missing on a machine, by the switch that makes it a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Sample data of publishers, in the folder that `BULKHEAD_SHARED` names.
    Data,
    /// A container engine that answers.
    Engine,
    /// A containerd that tests may start.
    Containerd,
    /// The distribution project's registry, Debian's `docker-registry`.
    Registry,
    /// The issuer of OpenID Connect that `infra/dev/issuer.sh` installs.
    Issuer,
    /// Servers that speak the protocols of Amazon's services, which `infra/dev/aws/servers.sh` starts.
    Aws,
    /// Programs that others wrote, which answers are held against or files are made with: `infra/dev/prepare.sh peers`.
    Peers,
}

impl Need {
    /// Name of the variable that makes it a failure when this is missing: set, and neither empty nor `0`.
    pub const fn switch(self) -> &'static str {
        match self {
            Self::Data => "BULKHEAD_REQUIRE_DATA",
            Self::Engine => "BULKHEAD_REQUIRE_ENGINE",
            Self::Containerd => "BULKHEAD_REQUIRE_CONTAINERD",
            Self::Registry => "BULKHEAD_REQUIRE_REGISTRY",
            Self::Issuer => "BULKHEAD_REQUIRE_ISSUER",
            Self::Aws => "BULKHEAD_REQUIRE_AWS",
            Self::Peers => "BULKHEAD_REQUIRE_PEERS",
        }
    }

    fn is_required(self) -> bool {
        is_on(std::env::var_os(self.switch()).as_deref())
    }
}

fn is_on(set: Option<&OsStr>) -> bool {
    set.is_some_and(|set| !set.is_empty() && set != "0")
}

/// Says why the test that asks is skipped, or fails it where that must not be.
///
/// # Panics
/// When the need's switch is on.
#[track_caller]
pub fn missing(need: Need, why: &str) {
    let switch = need.switch();
    assert!(!need.is_required(), "{why}, and {switch} is set");
    skipped(why);
}

/// Says why a test is skipped that could not be anything else here, whatever was installed.
pub fn skipped(why: &str) {
    // Many tests miss the same.
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(why.to_owned()) {
        // What goes through the macros is shown for failing tests only; and nothing is to be done about a closed stream.
        let _ = writeln!(std::io::stderr(), "skipped: {why}");
    }
}

/// The folder of tools and sample data beside the project; it need not exist.
pub fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("BULKHEAD_SHARED").map_or_else(beside, PathBuf::from)
}

/// A file or folder of the sample data, as `microsoft/cvrf`. `None`, said aloud, where it is missing.
///
/// # Panics
/// When it is missing and required.
#[track_caller]
pub fn data(name: &str) -> Option<PathBuf> {
    let path = shared().join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    let why = "no sample data (data/ in the folder that BULKHEAD_SHARED names, or in ../shared)";
    missing(Need::Data, why);
    None
}

/// Whether a program that others wrote is here and ends well with these arguments; said aloud where it is not.
///
/// # Panics
/// When it is missing and required.
#[track_caller]
pub fn has_peer(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    let has = output.is_ok_and(|output| output.status.success());
    if !has {
        missing(Need::Peers, &format!("no {program} that can be used"));
    }
    has
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_off_unless_they_say_something() {
        assert!(!is_on(None));
        assert!(!is_on(Some(OsStr::new(""))));
        assert!(!is_on(Some(OsStr::new("0"))));
        assert!(is_on(Some(OsStr::new("1"))));
    }
}
