//! Configuration: one TOML file, and flags that stand above it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sources::http::{Guard, Network};

use crate::{
    ServerError,
    proxies::{Proxies, ProxyHeader},
};

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How the server runs. Every field has a default, and an unknown one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the store.
    pub data: PathBuf,
    /// Address to listen on. There is no TLS here: on any but a loopback address, put a proxy with TLS before it.
    pub listen: SocketAddr,
    /// Address to serve metrics for Prometheus on, under `/metrics`; without it there are none. Whoever reaches it may read
    /// them.
    pub metrics_listen: Option<SocketAddr>,
    /// Folder of the portal's files, as `make portal` builds them; without it the one named `portal` beside this program,
    /// where there is one.
    pub portal: Option<PathBuf>,
    /// Folder of feed documents, read at the start and then every few hours.
    pub feeds_from: Option<PathBuf>,
    /// Whether feed documents are downloaded from their public addresses.
    pub feeds_download: bool,
    /// File of credentials for registries, as Docker keeps them in `config.json`. It serves the images of all tenants:
    /// whoever may have images read can have those read that it opens.
    pub registry_credentials: Option<PathBuf>,
    /// Certificate authorities (PEM) to trust beside the built-in ones, for registries.
    pub registry_ca: Option<PathBuf>,
    /// Whether registries of this machine and of private networks are asked. Otherwise people could have the server ask
    /// what they cannot reach themselves.
    pub registry_internal: bool,
    /// Networks of this site that the server asks where people enter addresses in them (of registries, issuers, listeners),
    /// such as `["10.0.0.0/8"]`. Without them only public addresses are asked. Addresses where clouds tell a machine its
    /// credentials count only when they are named themselves.
    pub allowed_networks: Vec<Network>,
    /// Whether people reach it by HTTPS alone, through a proxy with TLS before it. Set it there: sessions are then only kept in
    /// cookies for HTTPS, whatever host the proxy names.
    pub behind_tls: bool,
    /// Folder that events are put into for tools of this site's own, as channels of the kind `ocsf_store` ask; without it there
    /// are no such channels.
    pub events_folder: Option<PathBuf>,
    /// File that the first start's secrets are written to instead of the terminal, for its owner alone.
    pub setup_file: Option<PathBuf>,
    /// Messages of one queue that are worked on at once.
    pub workers: usize,
    /// Connections that are served at once; further ones wait.
    pub max_connections: usize,
    /// Connections of one address that are served at once; further ones are closed. This machine and `trusted_proxies` may
    /// have all.
    pub max_connections_of_address: usize,
    /// Networks of the proxies before this server, such as `["127.0.0.1", "10.0.0.7"]`, no wider than they are, since whoever is
    /// within can pass for any address: what they say of whom a request is
    /// for is believed, for the audit log, for API keys that are limited to networks, and for what strangers may do.
    pub trusted_proxies: Vec<Network>,
    /// The one header that they say it in: `x-forwarded-for` or `forwarded`. They have to go on with it or replace it.
    pub proxy_header: ProxyHeader,
    /// Requests per second that each tenant may make, ten times as many at once; without it none is counted.
    pub tenant_requests_per_s: Option<u32>,
    /// Requests per second that each person, API key and build may make, ten times as many at once; without it none is
    /// counted.
    pub caller_requests_per_s: Option<u32>,
    /// Requests per second that may come from an address of those who do not show who they are (signing in is one), ten times
    /// as many at once; 0 counts none. What comes from this machine itself is not counted.
    pub address_requests_per_s: u32,
    /// Most bytes that the database may take, blobs not counted.
    pub max_database_bytes: Option<u64>,
    /// What is logged, such as `info` or `warn,api=debug`.
    pub log: String,
    /// The form of log lines.
    pub log_format: LogFormat,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from(".bulkhead"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            portal: None,
            feeds_from: None,
            feeds_download: false,
            registry_credentials: None,
            registry_ca: None,
            registry_internal: false,
            allowed_networks: Vec::new(),
            behind_tls: false,
            events_folder: None,
            setup_file: None,
            workers: 4,
            max_connections: 1024,
            max_connections_of_address: 256,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            tenant_requests_per_s: None,
            caller_requests_per_s: None,
            address_requests_per_s: 20,
            max_database_bytes: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Config {
    /// What judges the addresses that people enter.
    pub fn guard(&self) -> Guard {
        Guard::allowing(self.allowed_networks.clone())
    }

    /// The proxies that are believed.
    pub(crate) fn proxies(&self) -> Proxies {
        Proxies::new(self.trusted_proxies.clone(), self.proxy_header)
    }

    /// The configuration in a file; the default without one.
    ///
    /// # Errors
    /// When the file cannot be read or is not of its form.
    pub fn load(file: Option<&Path>) -> Result<Self, ServerError> {
        let Some(file) = file else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| ServerError::ReadConfig(file.to_owned(), error))?;
        toml::from_str(&text)
            .map_err(|error| ServerError::ParseConfig(file.to_owned(), Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_an_error_and_a_missing_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bulkhead.toml");
        std::fs::write(&file, "listen = \"0.0.0.0:9\"\nlog_format = \"json\"\n").unwrap();
        let config = Config::load(Some(&file)).unwrap();
        assert_eq!(config.listen.port(), 9);
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.workers, Config::default().workers);
        std::fs::write(&file, "lisen = \"0.0.0.0:9\"\n").unwrap();
        assert!(Config::load(Some(&file)).is_err());
        std::fs::write(&file, "allowed_networks = [\"10.0.0.0/8\"]\n").unwrap();
        let guard = Config::load(Some(&file)).unwrap().guard();
        assert!(guard.url("https://10.1.2.3/").is_ok());
        assert!(guard.url("https://192.168.1.1/").is_err());
        let proxies = "trusted_proxies = [\"10.0.0.0/8\"]\nproxy_header = \"forwarded\"\n";
        std::fs::write(&file, proxies).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        assert_eq!(config.proxy_header, ProxyHeader::Forwarded);
        assert!(config.proxies().trusts("10.1.2.3".parse().unwrap()));
        std::fs::write(&file, "allowed_networks = [\"10.0.0.1/8\"]\n").unwrap();
        let error = Config::load(Some(&file)).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("10.0.0.1/8"), "{source}");
    }
}
