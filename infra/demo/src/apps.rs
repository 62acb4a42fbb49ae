//! Applications of the demo estate: what each is written in, which libraries it brings, and how its containers are run.

use schemas::inventory::{Package, PackageKind};

use crate::systems::Linux;

/// What an application's images stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// A Linux distribution.
    Linux(Linux),
    /// Windows Server Core of a release, by its place in `systems::WINDOWS`.
    ServerCore(usize),
    /// Nano Server of a release.
    NanoServer(usize),
}

/// What is done in images and containers that matters when something in them can be exploited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// The user that the image names; empty for the platform's default.
    pub(crate) user: &'static str,
    /// The port that it listens on; 0 for none.
    pub(crate) port: u16,
    /// Whether that is published on the host.
    pub(crate) published: bool,
    /// Whether its containers are privileged.
    pub(crate) privileged: bool,
    /// Whether the engine's socket is mounted.
    pub(crate) socket: bool,
    /// Whether its containers are in the host's network.
    pub(crate) host_network: bool,
}

/// A library: its name, an old and a new version.
type Library = (PackageKind, &'static str, &'static str, &'static str);

/// An application.
pub(crate) struct App {
    pub(crate) name: &'static str,
    /// The team that owns it; in clusters also its namespace.
    pub(crate) team: &'static str,
    pub(crate) base: Base,
    pub(crate) libraries: &'static [&'static [Library]],
    pub(crate) manner: Manner,
}

use PackageKind::{Golang, Maven, Npm, Nuget, Pypi};

const NODE: &[Library] = &[
    (Npm, "axios", "0.21.1", "1.12.2"),
    (Npm, "body-parser", "1.19.0", "1.20.3"),
    (Npm, "express", "4.17.1", "4.21.2"),
    (Npm, "follow-redirects", "1.14.7", "1.15.9"),
    (Npm, "ip", "2.0.0", "2.0.1"),
    (Npm, "jsonwebtoken", "8.5.1", "9.0.2"),
    (Npm, "lodash", "4.17.20", "4.17.21"),
    (Npm, "minimist", "1.2.5", "1.2.8"),
    (Npm, "path-to-regexp", "0.1.7", "0.1.12"),
    (Npm, "qs", "6.5.2", "6.13.0"),
    (Npm, "semver", "7.3.7", "7.6.3"),
    (Npm, "ws", "8.11.0", "8.18.0"),
];
const PYTHON: &[Library] = &[
    (Pypi, "certifi", "2022.12.7", "2024.8.30"),
    (Pypi, "cryptography", "39.0.0", "43.0.3"),
    (Pypi, "idna", "3.4", "3.10"),
    (Pypi, "jinja2", "3.1.2", "3.1.6"),
    (Pypi, "pyyaml", "5.3.1", "6.0.2"),
    (Pypi, "requests", "2.28.1", "2.32.4"),
    (Pypi, "setuptools", "65.5.1", "78.1.1"),
    (Pypi, "urllib3", "1.26.12", "2.5.0"),
    (Pypi, "werkzeug", "2.2.2", "3.1.3"),
];
const DJANGO: &[Library] = &[
    (Pypi, "django", "4.2.1", "4.2.23"),
    (Pypi, "gunicorn", "20.1.0", "23.0.0"),
    (Pypi, "sqlparse", "0.4.3", "0.5.3"),
];
const PILLOW: &[Library] = &[(Pypi, "pillow", "9.4.0", "11.3.0")];
const JAVA: &[Library] = &[
    (Maven, "ch.qos.logback:logback-classic", "1.2.3", "1.5.18"),
    (
        Maven,
        "com.fasterxml.jackson.core:jackson-databind",
        "2.13.2",
        "2.18.2",
    ),
    (Maven, "org.apache.commons:commons-text", "1.9", "1.12.0"),
    (
        Maven,
        "org.apache.tomcat.embed:tomcat-embed-core",
        "9.0.62",
        "10.1.44",
    ),
    (Maven, "org.springframework:spring-core", "5.3.17", "6.1.21"),
    (
        Maven,
        "org.springframework:spring-webmvc",
        "5.3.17",
        "6.1.21",
    ),
    (Maven, "org.yaml:snakeyaml", "1.30", "2.3"),
];
const LOG4J: &[Library] = &[(
    Maven,
    "org.apache.logging.log4j:log4j-core",
    "2.14.1",
    "2.17.1",
)];
const GO: &[Library] = &[
    (Golang, "github.com/golang-jwt/jwt/v4", "v4.4.2", "v4.5.2"),
    (Golang, "golang.org/x/crypto", "v0.14.0", "v0.36.0"),
    (Golang, "golang.org/x/net", "v0.7.0", "v0.38.0"),
    (Golang, "google.golang.org/grpc", "v1.53.0", "v1.65.0"),
    (Golang, "google.golang.org/protobuf", "v1.28.1", "v1.34.2"),
    (Golang, "stdlib", "v1.20.1", "v1.24.5"),
];
const DOTNET: &[Library] = &[
    (
        Nuget,
        "Microsoft.AspNetCore.App.Runtime.win-x64",
        "8.0.4",
        "8.0.21",
    ),
    (Nuget, "Microsoft.Data.SqlClient", "5.1.0", "5.2.2"),
    (
        Nuget,
        "Microsoft.IdentityModel.JsonWebTokens",
        "6.29.0",
        "8.0.1",
    ),
    (Nuget, "Newtonsoft.Json", "12.0.3", "13.0.3"),
    (Nuget, "System.Text.Json", "8.0.3", "8.0.5"),
];

/// Nothing of note, as who wrote it well.
const CAREFUL: Manner = Manner {
    user: "10001",
    port: 8080,
    published: false,
    privileged: false,
    socket: false,
    host_network: false,
};
const AS_ROOT: Manner = Manner {
    user: "",
    ..CAREFUL
};
const PUBLISHED: Manner = Manner {
    user: "",
    port: 443,
    published: true,
    ..CAREFUL
};

const DEBIAN: Base = Base::Linux(Linux::Debian);
const ALPINE: Base = Base::Linux(Linux::Alpine);

const fn app(
    name: &'static str,
    team: &'static str,
    base: Base,
    libraries: &'static [&'static [Library]],
    manner: Manner,
) -> App {
    App {
        name,
        team,
        base,
        libraries,
        manner,
    }
}

pub(crate) const APPS: [App; 30] = [
    app("storefront", "shop", ALPINE, &[NODE], AS_ROOT),
    app("gateway", "shop", ALPINE, &[], PUBLISHED),
    app("cart", "shop", ALPINE, &[NODE], CAREFUL),
    app("catalog", "shop", DEBIAN, &[PYTHON, DJANGO], AS_ROOT),
    app("pricing", "shop", ALPINE, &[NODE], CAREFUL),
    app("recommendations", "shop", DEBIAN, &[PYTHON], CAREFUL),
    app("search", "shop", DEBIAN, &[JAVA, LOG4J], AS_ROOT),
    app("media", "shop", DEBIAN, &[PYTHON, PILLOW], AS_ROOT),
    app("checkout", "payments", ALPINE, &[NODE], CAREFUL),
    app("payments", "payments", DEBIAN, &[JAVA], CAREFUL),
    app("ledger", "payments", ALPINE, &[GO], CAREFUL),
    app("fraud", "payments", DEBIAN, &[PYTHON], CAREFUL),
    app("invoices", "payments", DEBIAN, &[JAVA], AS_ROOT),
    app("login", "platform", ALPINE, &[GO], CAREFUL),
    app("webhooks", "platform", ALPINE, &[NODE], AS_ROOT),
    app("mailer", "platform", DEBIAN, &[PYTHON], AS_ROOT),
    app("scheduler", "platform", ALPINE, &[GO], CAREFUL),
    app(
        "log-shipper",
        "platform",
        ALPINE,
        &[GO],
        Manner {
            privileged: true,
            socket: true,
            port: 0,
            user: "",
            ..CAREFUL
        },
    ),
    app(
        "node-metrics",
        "platform",
        ALPINE,
        &[GO],
        Manner {
            host_network: true,
            port: 9100,
            user: "",
            ..CAREFUL
        },
    ),
    app(
        "build-runner",
        "platform",
        DEBIAN,
        &[GO],
        Manner {
            socket: true,
            port: 0,
            user: "",
            ..CAREFUL
        },
    ),
    app("warehouse-api", "data", DEBIAN, &[PYTHON, DJANGO], AS_ROOT),
    app("reports", "data", DEBIAN, &[JAVA, LOG4J], AS_ROOT),
    app("edge-proxy", "erp", Base::ServerCore(0), &[], PUBLISHED),
    app(
        "billing-legacy",
        "erp",
        Base::ServerCore(0),
        &[DOTNET],
        AS_ROOT,
    ),
    app(
        "erp-connector",
        "erp",
        Base::ServerCore(0),
        &[DOTNET],
        AS_ROOT,
    ),
    app("orders", "erp", Base::NanoServer(1), &[DOTNET], AS_ROOT),
    app("identity", "erp", Base::NanoServer(1), &[DOTNET], AS_ROOT),
    app("pdf-render", "erp", Base::ServerCore(1), &[DOTNET], AS_ROOT),
    app(
        "print-service",
        "erp",
        Base::ServerCore(1),
        &[DOTNET],
        AS_ROOT,
    ),
    app("insights", "data", Base::ServerCore(2), &[DOTNET], AS_ROOT),
];

impl App {
    pub(crate) fn is_windows(&self) -> bool {
        !matches!(self.base, Base::Linux(_))
    }

    /// What its own layer brings in a version: the later, the more of its libraries are new.
    pub(crate) fn packages(&self, version: usize) -> Vec<Package> {
        let all = self.libraries.iter().copied().flatten().enumerate();
        let package = |(at, library): (usize, &Library)| {
            let is_new = (at * 7 + self.name.len()) % 10 < version;
            package(library, is_new)
        };
        all.map(package).collect()
    }
}

fn package(&(kind, name, old, new): &Library, is_new: bool) -> Package {
    let version = if is_new { new } else { old };
    let (word, written, path) = match kind {
        Npm => (
            "npm",
            name.to_owned(),
            format!("app/node_modules/{name}/package.json"),
        ),
        Pypi => (
            "pypi",
            name.to_owned(),
            format!("usr/lib/python3/dist-packages/{name}-{version}.dist-info/METADATA"),
        ),
        Maven => {
            let file = name.rsplit(':').next().unwrap_or(name);
            (
                "maven",
                name.replace(':', "/"),
                format!("app/lib/{file}-{version}.jar"),
            )
        }
        Golang => ("golang", name.to_owned(), "app/server".to_owned()),
        _ => ("nuget", name.to_owned(), "app/app.deps.json".to_owned()),
    };
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind,
        purl: format!("pkg:{word}/{written}@{version}"),
        path,
        ..Package::default()
    }
}
