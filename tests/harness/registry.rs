//! A real registry, the distribution project's, which tells of pushes.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::engine::writeln_skip;

/// Its program, as Debian's package of the same name brings it.
const PROGRAM: &str = "docker-registry";
/// How long it may take to answer before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// An address on this machine at which a registry is going to answer, so that it can be told of before.
pub struct Reserved(u16);

/// A running registry, which goes away with this.
pub struct Registry {
    child: Child,
    address: String,
}

impl Reserved {
    /// An address that is free now. `None`, said aloud, where there is no registry to start.
    ///
    /// # Errors
    /// When no port is free, or `BULKHEAD_REQUIRE_REGISTRY` asks for a registry that is not there.
    pub fn find() -> Result<Option<Self>> {
        if Command::new(PROGRAM).arg("--version").output().is_err() {
            let why = format!("no {PROGRAM} here (Debian's package of this name)");
            ensure!(std::env::var_os("BULKHEAD_REQUIRE_REGISTRY").is_none(), why);
            writeln_skip(&why);
            return Ok(None);
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Some(Self(port)))
    }

    /// Host and port, as names of images begin.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.0)
    }

    /// Starts a registry here that keeps its images below this folder, and posts what is pushed to this address with this
    /// secret.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn start(self, folder: &Path, webhook: &str, secret: &str) -> Result<Registry> {
        let address = self.address();
        let config = json!({
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": folder.join("registry")}},
            "http": {"addr": address},
            "notifications": {
                "events": {"includereferences": true},
                "endpoints": [{
                    "name": "bulkhead", "url": webhook, "timeout": "5s", "threshold": 3, "backoff": "1s",
                    "headers": {"Authorization": [format!("Bearer {secret}")]},
                }],
            },
        });
        // JSON is YAML.
        let file = folder.join("registry.yml");
        fs::write(&file, config.to_string())?;
        let log = File::create(folder.join("registry.log"))?;
        let child = Command::new(PROGRAM)
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start the registry")?;
        let mut registry = Registry { child, address };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(&registry.address).is_err() {
            let log = || fs::read_to_string(folder.join("registry.log")).unwrap_or_default();
            if let Some(status) = registry.child.try_wait()? {
                bail!("the registry ended with {status}\n{}", log());
            }
            ensure!(
                Instant::now() < deadline,
                "the registry does not answer\n{}",
                log()
            );
            thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Registry {
    /// Host and port, as names of images begin.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // One that ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
