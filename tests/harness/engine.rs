//! A real container engine: one that answers already, or one that the shared tools start.

use std::{
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use at_hand::{Need, missing, shared};

use crate::binaries::run;

/// A Docker Engine that answers, with a few small images.
pub struct Engine {
    /// Its address, as in `DOCKER_HOST`.
    pub address: String,
}

impl Engine {
    /// Finds an engine, or starts one with the shared tools. `None`, with a line that says so, where there is none.
    ///
    /// # Errors
    /// When the shared tools are there and fail.
    ///
    /// # Panics
    /// When there is none, and one is required.
    pub fn find() -> Result<Option<Self>> {
        // Tests run side by side, and an engine is started once.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = shared();
        let rig = shared.join("tools/docker-rig.sh");
        let rig_folder = std::env::temp_dir().join("docker-rig");
        let rig_address = format!("unix://{}", rig_folder.join("docker.sock").display());
        let candidates = std::env::var("DOCKER_HOST").into_iter().chain([
            "unix:///var/run/docker.sock".to_owned(),
            rig_address.clone(),
        ]);
        for address in candidates {
            let engine = Self { address };
            if engine.answers() {
                if engine.address == rig_address && !engine.has_images() && rig.exists() {
                    run(Command::new("bash")
                        .arg(&rig)
                        .arg("images")
                        .arg(&rig_folder))?;
                }
                return Ok(Some(engine));
            }
        }
        if !rig.exists() {
            missing(Need::Engine, "no container engine answers");
            return Ok(None);
        }
        for step in ["start", "images"] {
            // The engine goes on running behind the script: nothing of it may hold on to our pipes.
            let status = Command::new("bash")
                .arg(&rig)
                .arg(step)
                .arg(&rig_folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            anyhow::ensure!(status.success(), "{} {step} failed", rig.display());
        }
        Ok(Some(Self {
            address: rig_address,
        }))
    }

    fn answers(&self) -> bool {
        self.docker(&["version"])
            .status()
            .is_ok_and(|status| status.success())
    }

    fn has_images(&self) -> bool {
        self.docker(&[
            "image",
            "inspect",
            "debian:12",
            "alpine-like:3.18",
            "busybox:rig",
        ])
        .status()
        .is_ok_and(|status| status.success())
    }

    /// A `docker` command against this engine, silent unless its output is captured.
    pub fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_HOST", &self.address)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Pushes an image under this name, `HOST:PORT/REPOSITORY:TAG`, which the engine forgets again.
    ///
    /// # Errors
    /// When the engine or the registry refuses.
    pub fn push(&self, image: &str, name: &str) -> Result<()> {
        let say = |arguments: &[&str]| {
            let mut command = self.docker(arguments);
            run(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
        };
        say(&["tag", image, name])?;
        let pushed = say(&["push", name]);
        say(&["rmi", name])?;
        pushed.map(drop)
    }

    /// Starts a container of an image and returns its id; it is removed when the guard is dropped.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn container(&self, arguments: &[&str]) -> Result<RunningContainer<'_>> {
        let mut command = self.docker(&["run", "-d"]);
        let id = run(command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()))?;
        Ok(RunningContainer {
            engine: self,
            id: id.trim().to_owned(),
        })
    }
}

/// A container that is removed when this is dropped.
pub struct RunningContainer<'a> {
    engine: &'a Engine,
    id: String,
}

impl RunningContainer<'_> {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for RunningContainer<'_> {
    fn drop(&mut self) {
        // The container may be gone already, which is all that is wanted.
        let _ = self.engine.docker(&["rm", "-f", &self.id]).status();
    }
}
