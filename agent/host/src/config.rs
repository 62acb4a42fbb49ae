//! The agent's settings: a TOML file, with flags laid over it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use schemas::risk::Exposure;
use serde::Deserialize;

/// Settings that have a value for every agent. A file with a name that is not here is refused, so that a slip of the
/// pen is not taken for a default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Seconds between two looks at the host.
    pub interval_s: u64,
    /// Seconds between two questions for the bundle, which tell the server that the host lives.
    pub bundle_interval_s: u64,
    /// Addresses of Docker engines, such as `unix:///var/run/docker.sock`. Absent: the default one, if it is there.
    pub docker: Option<Vec<String>>,
    /// Addresses of containerd. Absent: the default one, if it is there.
    pub containerd: Option<Vec<String>>,
    /// Where the host's file system begins: `/` or `C:\\`, or the folder it is mounted at in the agent's own container.
    pub root: PathBuf,
    /// Most bytes that are kept on disk while the gateway is away.
    pub spool_max_bytes: u64,
    /// Labels that the owner gives this host.
    pub labels: BTreeMap<String, String>,
    /// Exposure that the owner declares, such as `declared` for what the internet reaches.
    pub declared_exposure: Option<Exposure>,
    /// Name of the cluster that this host is a node of.
    pub cluster: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval_s: 15 * 60,
            bundle_interval_s: 15 * 60,
            docker: None,
            containerd: None,
            root: PathBuf::from(if cfg!(windows) { r"C:\" } else { "/" }),
            spool_max_bytes: 256 << 20,
            labels: BTreeMap::new(),
            declared_exposure: None,
            cluster: None,
        }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("the settings could not be read")]
    Read(#[source] io::Error),
    /// The file is not TOML with these names.
    #[error("the settings are not understood: {0}")]
    Parse(String),
    /// A value is out of bounds.
    #[error("`{name}` is {wanted}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
}

impl Config {
    /// The settings in a file.
    ///
    /// # Errors
    /// The file is not there, or says something that is not understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(ConfigError::Read)?;
        Self::parse(&text)
    }

    /// The settings in a text.
    ///
    /// # Errors
    /// It says something that is not understood.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Parse(error.to_string()))?;
        config.check()
    }

    /// The settings, if their values are within bounds.
    ///
    /// # Errors
    /// [`ConfigError::Value`].
    pub fn check(self) -> Result<Self, ConfigError> {
        let out_of_bounds = |name, wanted| Err(ConfigError::Value { name, wanted });
        if !(10..=86_400).contains(&self.interval_s) {
            return out_of_bounds("interval_s", "10 to 86400");
        }
        if !(5..=86_400).contains(&self.bundle_interval_s) {
            return out_of_bounds("bundle_interval_s", "5 to 86400");
        }
        if self.spool_max_bytes < 1 << 20 {
            return out_of_bounds("spool_max_bytes", "1048576 or more");
        }
        if self.labels.len() > 64
            || self
                .labels
                .iter()
                .any(|(k, v)| k.is_empty() || k.len() > 128 || v.len() > 1024)
        {
            return out_of_bounds("labels", "at most 64 labels of 128 and 1024 bytes");
        }
        if self.declared_exposure == Some(Exposure::Unknown) {
            return out_of_bounds(
                "declared_exposure",
                "one of none, internal, published, public_address, declared",
            );
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_slips_of_the_pen_refused() {
        let config = Config::parse(
            "interval_s = 60\ndocker = [\"unix:///x.sock\"]\ndeclared_exposure = \"declared\"\n[labels]\nsite = \"berlin\"\n",
        )
        .unwrap();
        assert_eq!(config.interval_s, 60);
        assert_eq!(
            config.docker.as_deref(),
            Some(&["unix:///x.sock".to_owned()][..])
        );
        assert_eq!(config.declared_exposure, Some(Exposure::Declared));
        assert_eq!(
            config.labels.get("site").map(String::as_str),
            Some("berlin")
        );
        for bad in [
            "intervall_s = 60",
            "interval_s = 0",
            "declared_exposure = \"mars\"",
            "interval_s =",
        ] {
            assert!(Config::parse(bad).is_err(), "{bad} was accepted");
        }
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }
}
