//! An agent with a state folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::Result;

use crate::binaries::{finish, program, run};

/// A `bulkhead-agent` that is run as often as a test wants.
pub struct Agent {
    state: PathBuf,
}

impl Agent {
    /// Enrols an agent, with its state below this folder.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol(folder: &Path, server: &str, token: &str, engine: Option<&str>) -> Result<Self> {
        let agent = Self {
            state: folder.join("agent"),
        };
        let mut command = agent.command("enroll")?;
        command
            .args(["--server", server])
            .env("BULKHEAD_ENROLMENT_TOKEN", token);
        run(&mut command)?;
        // Whatever engines the machine has, a test's agent sees the one it was given, or none.
        let engines = engine
            .map(|address| format!("{address:?}"))
            .unwrap_or_default();
        let settings = format!("docker = [{engines}]\ncontainerd = []\n");
        fs::write(agent.state.join("agent.toml"), settings)?;
        Ok(agent)
    }

    fn command(&self, verb: &str) -> Result<Command> {
        let mut command = Command::new(program("bulkhead-agent")?);
        command
            .arg(verb)
            .arg("--state")
            .arg(&self.state)
            .env_remove("DOCKER_HOST")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Inventories once and sends, however it ends.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn run_once(&self) -> Result<Output> {
        finish(self.command("run")?.arg("--once"))
    }

    /// Lets it look at a folder as if that were the whole host, where a test does not need the machine's own packages.
    ///
    /// # Errors
    /// When its settings cannot be written.
    pub fn look_below(&self, root: &Path) -> Result<()> {
        let path = self.state.join("agent.toml");
        let settings = fs::read_to_string(&path)?;
        fs::write(&path, format!("{settings}root = {root:?}\n"))?;
        Ok(())
    }

    /// Lets it find its server at another address from now on, and forget what it has told the one before.
    ///
    /// # Errors
    /// When its folder cannot be written to.
    pub fn point_at(&self, server: &str) -> Result<()> {
        let path = self.state.join("agent.json");
        let mut enrolled: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        enrolled["server"] = server.into();
        fs::write(&path, enrolled.to_string())?;
        fs::remove_file(self.state.join("sent.json"))?;
        Ok(())
    }

    /// The folder that it keeps its state in.
    pub fn state(&self) -> &Path {
        &self.state
    }
}
