//! Operating systems of the demo estate, each at several patch levels: what agents find on hosts and in base layers.
//!
//! Names and versions are those of the distributions' own archives and of Microsoft's update history; the lists are short, and
//! long enough that advisories have something to say.

use schemas::{
    Digest,
    inventory::{
        InstallationType, OperatingSystem, OsFamily, Package, PackageKind, UpdateState, WindowsOs,
        WindowsUpdate,
    },
};

/// Binary package, source package, the version as released, the version after updates.
type Row = (&'static str, &'static str, &'static str, &'static str);

const DEBIAN_12: &[Row] = &[
    ("apt", "apt", "2.6.1", "2.6.1"),
    ("bash", "bash", "5.2.15-2", "5.2.15-2"),
    ("coreutils", "coreutils", "9.1-1", "9.1-1"),
    ("curl", "curl", "7.88.1-10+deb12u1", "7.88.1-10+deb12u12"),
    ("dpkg", "dpkg", "1.21.22", "1.21.22"),
    ("git", "git", "1:2.39.2-1.1", "1:2.39.5-0+deb12u2"),
    ("libc6", "glibc", "2.36-9+deb12u1", "2.36-9+deb12u10"),
    (
        "libcurl4",
        "curl",
        "7.88.1-10+deb12u1",
        "7.88.1-10+deb12u12",
    ),
    ("libexpat1", "expat", "2.5.0-1", "2.5.0-1+deb12u1"),
    ("libgnutls30", "gnutls28", "3.7.9-2", "3.7.9-2+deb12u4"),
    ("libkrb5-3", "krb5", "1.20.1-2", "1.20.1-2+deb12u3"),
    ("liblzma5", "xz-utils", "5.4.1-0.2", "5.4.1-1"),
    ("libnghttp2-14", "nghttp2", "1.52.0-1", "1.52.0-1+deb12u2"),
    ("libsqlite3-0", "sqlite3", "3.40.1-2", "3.40.1-2+deb12u1"),
    ("libssl3", "openssl", "3.0.9-1", "3.0.17-1~deb12u2"),
    ("libsystemd0", "systemd", "252.6-1", "252.36-1~deb12u1"),
    (
        "libxml2",
        "libxml2",
        "2.9.14+dfsg-1.2",
        "2.9.14+dfsg-1.3~deb12u2",
    ),
    (
        "login",
        "shadow",
        "1:4.13+dfsg1-1",
        "1:4.13+dfsg1-1+deb12u1",
    ),
    ("openssl", "openssl", "3.0.9-1", "3.0.17-1~deb12u2"),
    ("perl-base", "perl", "5.36.0-7", "5.36.0-7+deb12u2"),
    ("tar", "tar", "1.34+dfsg-1.2", "1.34+dfsg-1.2+deb12u1"),
    ("util-linux", "util-linux", "2.38.1-5", "2.38.1-5+deb12u3"),
    ("zlib1g", "zlib", "1:1.2.13.dfsg-1", "1:1.2.13.dfsg-1"),
];

/// What only hosts have.
const DEBIAN_12_HOST: &[Row] = &[
    (
        "linux-image-amd64",
        "linux-signed-amd64",
        "6.1.27+1",
        "6.1.140+1",
    ),
    ("linux-image-6.1.0-amd64", "linux", "6.1.27-1", "6.1.140-1"),
    (
        "openssh-server",
        "openssh",
        "1:9.2p1-2",
        "1:9.2p1-2+deb12u6",
    ),
    ("sudo", "sudo", "1.9.13p3-1", "1.9.13p3-1+deb12u2"),
    ("systemd", "systemd", "252.6-1", "252.36-1~deb12u1"),
    ("vim-tiny", "vim", "2:9.0.1378-2", "2:9.0.1378-2+deb12u2"),
];

const ALPINE_3_18: &[Row] = &[
    ("apk-tools", "apk-tools", "2.14.0-r2", "2.14.4-r0"),
    ("busybox", "busybox", "1.36.1-r0", "1.36.1-r7"),
    ("curl", "curl", "8.1.2-r0", "8.12.1-r0"),
    ("expat", "expat", "2.5.0-r1", "2.7.0-r0"),
    ("git", "git", "2.40.1-r0", "2.40.3-r0"),
    ("libcrypto3", "openssl", "3.1.1-r1", "3.1.8-r0"),
    ("libcurl", "curl", "8.1.2-r0", "8.12.1-r0"),
    ("libssl3", "openssl", "3.1.1-r1", "3.1.8-r0"),
    ("musl", "musl", "1.2.4-r1", "1.2.4-r3"),
    ("nghttp2-libs", "nghttp2", "1.53.0-r0", "1.57.0-r0"),
    ("nginx", "nginx", "1.24.0-r6", "1.24.0-r7"),
    ("zlib", "zlib", "1.2.13-r1", "1.2.13-r1"),
];

const ALMALINUX_9: &[Row] = &[
    ("bash", "bash", "5.1.8-6.el9_1", "5.1.8-9.el9"),
    ("curl-minimal", "curl", "7.76.1-23.el9", "7.76.1-31.el9"),
    ("expat", "expat", "2.5.0-1.el9", "2.5.0-5.el9_6"),
    ("glibc", "glibc", "2.34-60.el9", "2.34-168.el9_6.19"),
    (
        "kernel-core",
        "kernel",
        "5.14.0-284.11.1.el9_2",
        "5.14.0-570.21.1.el9_6",
    ),
    ("libxml2", "libxml2", "2.9.13-3.el9_1", "2.9.13-10.el9_6"),
    ("openssh-server", "openssh", "8.7p1-28.el9", "8.7p1-45.el9"),
    (
        "openssl-libs",
        "openssl",
        "1:3.0.7-6.el9_2",
        "1:3.2.2-6.el9_5.1",
    ),
    ("python3", "python3.9", "3.9.16-1.el9", "3.9.21-2.el9_6.1"),
    ("sudo", "sudo", "1.9.5p2-9.el9", "1.9.5p2-10.el9_3"),
    ("systemd", "systemd", "252-13.el9_2", "252-51.el9_6.1"),
    ("zlib", "zlib", "1.2.11-39.el9", "1.2.11-40.el9"),
];

/// A Linux release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linux {
    /// Debian 12.
    Debian,
    /// Alpine 3.18.
    Alpine,
    /// AlmaLinux 9.
    Alma,
}

impl Linux {
    pub(crate) fn os(self) -> OperatingSystem {
        let (id, like, version, codename, name) = match self {
            Self::Debian => (
                "debian",
                "",
                "12",
                Some("bookworm"),
                "Debian GNU/Linux 12 (bookworm)",
            ),
            Self::Alpine => ("alpine", "", "3.18.4", None, "Alpine Linux v3.18"),
            Self::Alma => (
                "almalinux",
                "rhel",
                "9.4",
                None,
                "AlmaLinux 9.4 (Seafoam Ocelot)",
            ),
        };
        OperatingSystem {
            family: OsFamily::Linux,
            id: id.to_owned(),
            id_like: like.split_whitespace().map(str::to_owned).collect(),
            version_id: Some(version.to_owned()),
            codename: codename.map(str::to_owned),
            pretty_name: Some(name.to_owned()),
            architecture: Some("amd64".to_owned()),
            windows: None,
        }
    }

    /// Name of the analyzer and of the file that it reads.
    pub(crate) fn database(self) -> (&'static str, &'static str) {
        match self {
            Self::Debian => ("dpkg", "var/lib/dpkg/status"),
            Self::Alpine => ("apk", "lib/apk/db/installed"),
            Self::Alma => ("rpm", "var/lib/rpm/rpmdb.sqlite"),
        }
    }

    /// Packages after `updated` of 4 rounds of updates; those of hosts have more.
    pub(crate) fn packages(self, updated: usize, is_host: bool) -> Vec<Package> {
        let rows: &[&[Row]] = match (self, is_host) {
            (Self::Debian, true) => &[DEBIAN_12, DEBIAN_12_HOST],
            (Self::Debian, false) => &[DEBIAN_12],
            (Self::Alpine, _) => &[ALPINE_3_18],
            (Self::Alma, _) => &[ALMALINUX_9],
        };
        let rows = rows.iter().copied().flatten().enumerate();
        // Every update brings some packages more.
        let package = |(at, row): (usize, &Row)| self.package(row, at % 4 < updated);
        rows.map(package).collect()
    }

    fn package(self, &(name, source, released, updated): &Row, is_updated: bool) -> Package {
        let version = if is_updated { updated } else { released };
        let (kind, kind_word, distribution, architecture) = match self {
            Self::Debian => (PackageKind::Deb, "deb/debian", "debian-12", "amd64"),
            Self::Alpine => (PackageKind::Apk, "apk/alpine", "alpine-3.18.4", "x86_64"),
            Self::Alma => (PackageKind::Rpm, "rpm/almalinux", "almalinux-9.4", "x86_64"),
        };
        // An epoch of rpm is a qualifier of its package URL.
        let (epoch, bare) = match (self, version.split_once(':')) {
            (Self::Alma, Some((epoch, bare))) => (format!("&epoch={epoch}"), bare),
            _ => (String::new(), version),
        };
        let escaped = bare.replace('+', "%2B").replace(':', "%3A");
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            kind,
            purl: format!(
                "pkg:{kind_word}/{name}@{escaped}?arch={architecture}&distro={distribution}{epoch}"
            ),
            source_name: Some(source.to_owned()),
            source_version: Some(version.to_owned()),
            architecture: Some(architecture.to_owned()),
            path: self.database().1.to_owned(),
            ..Package::default()
        }
    }
}

/// A Windows Server with the revisions that its updates brought, oldest first, each with its KB.
pub(crate) struct Windows {
    pub(crate) year: u32,
    pub(crate) build: u32,
    display_version: &'static str,
    pub(crate) revisions: [(u32, &'static str); 6],
}

pub(crate) const WINDOWS: [Windows; 3] = [
    Windows {
        year: 2019,
        build: 17763,
        display_version: "1809",
        revisions: [
            (6189, "KB5041578"),
            (6893, "KB5052000"),
            (7434, "KB5060531"),
            (8146, "KB5071544"),
            (8755, "KB5087538"),
            (9020, "KB5099538"),
        ],
    },
    Windows {
        year: 2022,
        build: 20348,
        display_version: "21H2",
        revisions: [
            (2655, "KB5041160"),
            (3207, "KB5051979"),
            (4297, "KB5070884"),
            (4529, "KB5071547"),
            (5139, "KB5087545"),
            (5386, "KB5099540"),
        ],
    },
    Windows {
        year: 2025,
        build: 26100,
        display_version: "24H2",
        revisions: [
            (6905, "KB5070881"),
            (7171, "KB5068861"),
            (7462, "KB5072033"),
            (32370, "KB5075899"),
            (32860, "KB5087539"),
            (33158, "KB5099536"),
        ],
    },
];

impl Windows {
    /// The revision after so many updates, with its KB.
    pub(crate) fn revision(&self, updated: usize) -> (u32, &'static str) {
        let [first, ..] = self.revisions;
        self.revisions.get(updated).copied().unwrap_or(first)
    }

    /// `10.0.BUILD.REVISION`.
    pub(crate) fn version(&self, updated: usize) -> String {
        format!("10.0.{}.{}", self.build, self.revision(updated).0)
    }

    pub(crate) fn os(&self, updated: usize, installed: InstallationType) -> OperatingSystem {
        let (ubr, kb) = self.revision(updated);
        let product = format!("Windows Server {} Datacenter", self.year);
        OperatingSystem {
            family: OsFamily::Windows,
            id: "windows".to_owned(),
            id_like: Vec::new(),
            version_id: Some(self.version(updated)),
            codename: None,
            pretty_name: Some(product.clone()),
            architecture: Some("amd64".to_owned()),
            windows: Some(WindowsOs {
                product_name: Some(product),
                build: self.build,
                ubr: Some(ubr),
                edition: Some("ServerDatacenter".to_owned()),
                display_version: Some(self.display_version.to_owned()),
                installation_type: Some(installed),
                updates_complete: true,
                updates: vec![WindowsUpdate {
                    kb: kb.to_owned(),
                    state: UpdateState::Installed,
                    installed_at: None,
                }],
            }),
        }
    }
}

/// A digest of its own for every name.
pub(crate) fn digest(name: &str) -> Digest {
    Digest::from_sha256(&access::sha256(name.as_bytes()))
}
