//! A real registry, the distribution project's, which tells of pushes.

use std::{
    fs::{self, File},
    io,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Need, missing};

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
    /// When no port is free.
    ///
    /// # Panics
    /// When there is no registry, and one is required.
    pub fn find() -> io::Result<Option<Self>> {
        if Command::new(PROGRAM).arg("--version").output().is_err() {
            let why = format!("no {PROGRAM} here (Debian's package of this name)");
            missing(Need::Registry, &why);
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
    /// secret, if to any.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn start(self, folder: &Path, tell: Option<(&str, &str)>) -> io::Result<Registry> {
        let address = self.address();
        let endpoint = tell.map_or_else(String::new, |(url, secret)| {
            format!(
                "{{name: bulkhead, url: {url:?}, timeout: 5s, threshold: 3, backoff: 1s, \
                 headers: {{Authorization: [{:?}]}}}}",
                format!("Bearer {secret}")
            )
        });
        let root = folder.join("registry");
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {root:?}}}}}\nhttp: {{addr: {address:?}}}\n\
             notifications: {{events: {{includereferences: true}}, endpoints: [{endpoint}]}}\n"
        );
        let file = folder.join("registry.yml");
        fs::write(&file, config)?;
        let log = File::create(folder.join("registry.log"))?;
        let child = Command::new(PROGRAM)
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut registry = Registry { child, address };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(&registry.address).is_err() {
            let ended = registry.child.try_wait()?;
            if ended.is_some() || Instant::now() >= deadline {
                let log = fs::read_to_string(folder.join("registry.log")).unwrap_or_default();
                let why = ended.map_or("does not answer".to_owned(), |status| {
                    format!("ended with {status}")
                });
                return Err(io::Error::other(format!("the registry {why}\n{log}")));
            }
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
