//! A server of its own folder and port, which can be stopped, killed and started again.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::binaries::{program, run};

/// How long a server may take to answer before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running (or stopped) `bulkhead-server`.
pub struct Server {
    folder: PathBuf,
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts a server with its data below this folder, on a free port, with further arguments for `run`.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn start(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Self {
            folder: folder.to_owned(),
            port,
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            child: None,
        };
        let mut setup = Command::new(program("bulkhead-server")?);
        setup
            .args(["setup", "--json", "--data"])
            .arg(folder.join("data"));
        fs::write(folder.join("setup.json"), run(&mut setup)?)?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts it again on the same data and port.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn start_again(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut child = Command::new(program("bulkhead-server")?)
            .arg("run")
            .arg("--data")
            .arg(self.folder.join("data"))
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start bulkhead-server")?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("the server ended with {status}\n{}", self.logged());
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                bail!("the server does not answer\n{}", self.logged());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.child = Some(child);
        Ok(())
    }

    /// Has it administered by its own command, for which it has to be stopped; the answer is what the command prints.
    ///
    /// # Errors
    /// When the command refuses.
    pub fn administer(&self, command: &[&str], arguments: &[&str]) -> Result<String> {
        let mut administer = Command::new(program("bulkhead-server")?);
        administer
            .args(command)
            .arg("--data")
            .arg(self.folder.join("data"))
            .args(arguments);
        run(&mut administer)
    }

    /// Ends it at once, as `kill -9` or a power cut would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the first start wrote for whoever sets the server up.
    ///
    /// # Errors
    /// When the file is missing or is no JSON.
    pub fn setup(&self) -> Result<Value> {
        let text = fs::read_to_string(self.folder.join("setup.json")).context("setup file")?;
        Ok(serde_json::from_str(&text)?)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// What it has logged so far.
    pub fn logged(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The folder goes away with the test; a server that is gone already is as good.
        let _ = self.kill();
    }
}
