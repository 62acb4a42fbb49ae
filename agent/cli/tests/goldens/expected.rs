//! Expected results: reports in JSON with their packages and vulnerabilities, and CycloneDX documents.

use std::collections::BTreeSet;

use schemas::inventory::{
    Coverage, CoverageStatus, Inventory, OperatingSystem, OsFamily, Package, PackageKind, Target,
    TargetKind,
};
use serde_json::Value;

/// What one result says.
pub(crate) struct Expected {
    /// `PACKAGE VERSION`; empty where the result does not list them.
    pub(crate) packages: BTreeSet<String>,
    /// `PACKAGE VERSION VULNERABILITY`.
    pub(crate) pairs: BTreeSet<String>,
    os: Option<OperatingSystem>,
    named: Vec<Package>,
}

/// Sources of binary packages, which results do not name.
const SOURCES: &[(&str, &str)] = &[
    ("libidn2-0", "libidn2"),
    ("libcom-err2", "e2fsprogs"),
    ("libext2fs2", "e2fsprogs"),
    ("libss2", "e2fsprogs"),
    ("libcrypto1.1", "openssl"),
    ("libssl1.1", "openssl"),
];

impl Expected {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(bytes).unwrap();
        if json.get("bomFormat").is_some() {
            Self::of_cyclonedx(&json)
        } else {
            Self::of_report(&json)
        }
    }

    fn of_report(json: &Value) -> Self {
        let mut this = Self {
            packages: BTreeSet::new(),
            pairs: BTreeSet::new(),
            os: None,
            named: Vec::new(),
        };
        let system = &json["Metadata"]["OS"];
        if let (Some(family), Some(name)) = (system["Family"].as_str(), system["Name"].as_str()) {
            this.os = Some(os(family, name));
        }
        for result in json["Results"].as_array().into_iter().flatten() {
            let kind = result["Type"].as_str().unwrap_or_default();
            for package in result["Packages"].as_array().into_iter().flatten() {
                let field = |name: &str| package[name].as_str().unwrap();
                if package["Relationship"] != "root" && package["Relationship"] != "workspace" {
                    this.package(kind, field("Name"), field("Version"));
                }
            }
            for row in result["Vulnerabilities"].as_array().into_iter().flatten() {
                let field = |name: &str| row[name].as_str().unwrap();
                let (name, version) = (field("PkgName"), field("InstalledVersion"));
                this.name(kind, name, version);
                this.pair(kind, name, version, field("VulnerabilityID"));
            }
        }
        this
    }

    fn of_cyclonedx(json: &Value) -> Self {
        let mut this = Self {
            packages: BTreeSet::new(),
            pairs: BTreeSet::new(),
            os: None,
            named: Vec::new(),
        };
        for component in json["components"].as_array().into_iter().flatten() {
            let field = |name: &str| component[name].as_str();
            if field("type") == Some("operating-system") {
                this.os = Some(os(field("name").unwrap(), field("version").unwrap()));
            }
            if let Some((kind, name, version)) = field("purl").and_then(of_purl)
                && field("type") == Some("library")
            {
                this.package(&kind, &name, &version);
                this.name(&kind, &name, &version);
            }
        }
        for row in json["vulnerabilities"].as_array().into_iter().flatten() {
            for place in row["affects"].as_array().into_iter().flatten() {
                let (kind, name, version) = of_purl(place["ref"].as_str().unwrap()).unwrap();
                this.pair(&kind, &name, &version, row["id"].as_str().unwrap());
            }
        }
        this
    }

    fn package(&mut self, kind: &str, name: &str, version: &str) {
        let name = super::plain(kind_of(kind), name);
        self.packages.insert(format!("{name} {version}"));
    }

    fn pair(&mut self, kind: &str, name: &str, version: &str, id: &str) {
        let name = super::plain(kind_of(kind), name);
        self.pairs.insert(format!("{name} {version} {id}"));
    }

    fn name(&mut self, kind: &str, name: &str, version: &str) {
        let source = SOURCES.iter().find(|(binary, _)| *binary == name);
        self.named.push(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: kind_of(kind),
            purl: format!("pkg:generic/{name}@{version}"),
            source_name: source.map(|(_, source)| (*source).to_owned()),
            architecture: Some("x86_64".to_owned()),
            ..Package::default()
        });
    }

    /// The packages that the result names, for what was scanned is not at hand.
    pub(crate) fn inventory(&self) -> Inventory {
        Inventory {
            version: 1,
            target: Target {
                kind: TargetKind::Image,
                name: "image".to_owned(),
                id: None,
            },
            coverage: Coverage {
                status: CoverageStatus::Complete,
                gaps: Vec::new(),
            },
            os: self.os.clone(),
            packages: self.named.clone(),
            image: None,
            host: None,
        }
    }
}

/// Our os-release's words for a family and release.
fn os(family: &str, name: &str) -> OperatingSystem {
    let (id, version) = match family {
        "alma" => ("almalinux", name),
        "oracle" => ("ol", name),
        "redhat" => ("rhel", name),
        "amazon" if name.starts_with("AMI") => ("amzn", "2018.03"),
        "amazon" => ("amzn", "2"),
        other => (other, name),
    };
    OperatingSystem {
        family: OsFamily::Linux,
        id: id.to_owned(),
        id_like: Vec::new(),
        version_id: Some(version.to_owned()),
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: None,
    }
}

/// Our kind of a result's type or a purl's.
fn kind_of(kind: &str) -> PackageKind {
    match kind {
        "npm" | "yarn" | "pnpm" | "bun" | "node-pkg" => PackageKind::Npm,
        "pip" | "pipenv" | "poetry" | "uv" | "python-pkg" | "pypi" => PackageKind::Pypi,
        "nuget" | "dotnet-core" => PackageKind::Nuget,
        "composer" => PackageKind::Composer,
        "gemspec" | "gem" | "bundler" => PackageKind::Gem,
        "gomod" | "golang" => PackageKind::Golang,
        "cargo" => PackageKind::Cargo,
        "sbt" | "gradle" | "pom" | "jar" | "maven" => PackageKind::Maven,
        "conan" => PackageKind::Conan,
        "pub" => PackageKind::Pub,
        "conda" | "conda-pkg" | "conda-environment" => PackageKind::Conda,
        "debian" | "ubuntu" | "deb" => PackageKind::Deb,
        "alpine" | "apk" => PackageKind::Apk,
        "alma"
        | "amazon"
        | "centos"
        | "oracle"
        | "redhat"
        | "rpm"
        | "opensuse-tumbleweed"
        | "slem" => PackageKind::Rpm,
        other => panic!("a type that is not known: {other}"),
    }
}

/// Type, name and version of a purl; of Maven `group:artifact`, of others with their namespace and a slash.
fn of_purl(purl: &str) -> Option<(String, String, String)> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split(['?', '#']).next()?;
    let (kind, rest) = rest.split_once('/')?;
    let (name, version) = rest.rsplit_once('@')?;
    let name = name.replace("%40", "@");
    let name = match kind {
        "maven" => name.replacen('/', ":", 1),
        "deb" | "rpm" | "apk" => name.rsplit('/').next()?.to_owned(),
        _ => name,
    };
    Some((kind.to_owned(), name, version.replace("%2B", "+")))
}
