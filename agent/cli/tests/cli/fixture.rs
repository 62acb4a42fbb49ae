//! Fixtures that tests build for themselves, and a way to run the program on them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

/// A folder for one test, with the program's cache inside it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program with a clean environment.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).into()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("LOCALAPPDATA", self.path("cache"));
        for name in [
            "BULKHEAD_FEEDS",
            "BULKHEAD_FEEDS_MIRROR",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
            "BULKHEAD_TOKEN",
            "BULKHEAD_SERVER",
            "BULKHEAD_TENANT",
            "BULKHEAD_AUDIENCE",
            "BULKHEAD_ID_TOKEN",
            "BULKHEAD_AZURE_SERVICE_CONNECTION",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "SYSTEM_OIDCREQUESTURI",
            "SYSTEM_ACCESSTOKEN",
            "DOCKER_HOST",
            "NO_COLOR",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// A root file system of Debian 12 with two packages of one source and one of another.
    pub(crate) fn debian(&self) -> PathBuf {
        self.write("root/etc/os-release", OS_RELEASE);
        self.write("root/var/lib/dpkg/status", STATUS);
        self.path("root")
    }

    /// Advisories for it, as they are downloaded.
    pub(crate) fn documents(&self) -> PathBuf {
        self.write("documents/one.json", tracker().to_string());
        self.write(
            "documents/two.json",
            json!({
                "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T12:00:00Z", "count": 1,
                "vulnerabilities": [{
                    "cveID": "CVE-2026-1001", "dateAdded": "2026-11-19", "dueDate": "2026-12-10",
                    "knownRansomwareCampaignUse": "Unknown"
                }]
            })
            .to_string(),
        );
        self.write(
            "documents/three.csv",
            "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n\
             CVE-2026-1001,0.91,0.99\nCVE-2026-1002,0.0003,0.1\n",
        );
        self.path("documents")
    }

    /// The same, compiled.
    pub(crate) fn compiled(&self) -> PathBuf {
        self.documents();
        self.run(&["feeds", "build", "--from", "documents", "--to", "compiled"])
            .exits(0);
        self.path("compiled")
    }
}

/// What a run gave.
pub(crate) struct Ran {
    output: Output,
}

impl From<Command> for Ran {
    fn from(mut command: Command) -> Self {
        Self {
            output: command.output().unwrap(),
        }
    }
}

impl Ran {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.output.status.code(),
            Some(code),
            "standard output:\n{}\nstandard error:\n{}",
            self.out(),
            self.err()
        );
        // A run that goes wrong never speaks as a crash.
        assert!(!self.err().contains("panicked"), "{}", self.err());
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let (out, err) = (self.out(), self.err());
        assert!(
            out.contains(text) || err.contains(text),
            "`{text}` is not in\n{out}\nor\n{err}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out()).unwrap()
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const OS_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n\
VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";

/// `libspam1` and `spam-tools` come from the source package `spam`, `eggs` from itself.
const STATUS: &str = "\
Package: libspam1
Status: install ok installed
Architecture: amd64
Source: spam (1.0-2)
Version: 1.0-2+b1

Package: spam-tools
Status: install ok installed
Architecture: amd64
Source: spam
Version: 1.0-2

Package: eggs
Status: install ok installed
Architecture: all
Version: 2.5-1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
";

/// Debian's tracker: a fixed row above and one below the installed version, an open, an unimportant, an undetermined
/// one, and one that says "not affected".
pub(crate) fn tracker() -> Value {
    let row = |status: &str, fixed: Option<&str>, urgency: &str| {
        let mut release = json!({
            "status": status, "repositories": {"bookworm": "1.0-2"}, "urgency": urgency
        });
        if let Some(fixed) = fixed {
            release["fixed_version"] = json!(fixed);
        }
        json!({"description": "Something in it goes wrong.", "releases": {"bookworm": release}})
    };
    json!({
        "spam": {
            "CVE-2026-1001": row("resolved", Some("1.0-2+deb12u1"), "high"),
            "CVE-2026-1002": row("resolved", Some("1.0-3"), "low"),
            "CVE-2025-1000": row("resolved", Some("1.0-2"), "high"),
            "CVE-2025-0999": row("resolved", Some("0"), "high"),
        },
        "eggs": {
            "CVE-2026-1003": row("open", None, "not yet assigned"),
            "CVE-2026-1004": row("undetermined", None, "not yet assigned"),
        },
        "gone": {"CVE-2026-1009": row("resolved", Some("9"), "high")},
    })
}
