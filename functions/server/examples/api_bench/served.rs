//! The server's process: started on a folder, watched from outside.

use std::{
    cell::RefCell,
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use tokio::task::{JoinHandle, spawn_local};

use crate::Failure;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Clock ticks of `/proc` in a second, on every Linux of today.
const TICKS_PER_S: f64 = 100.0;

/// A running server.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    /// Starts it on a free port.
    pub(crate) fn start(server: &Path, folder: &Path) -> Result<Self, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.join("bulkhead.toml");
        // Registries of this machine, so that what webhooks tell of is asked for and refused at once.
        fs::write(&config, "allowed_networks = [\"127.0.0.0/8\"]\n")?;
        let log = File::create(folder.join("server.log"))?;
        let child = Command::new(server)
            .arg("run")
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(folder.join("data"))
            .arg("--listen")
            .arg(address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut served = Self { child, address };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if served.child.try_wait()?.is_some() || Instant::now() > until {
                let log = fs::read_to_string(folder.join("server.log"))?;
                return Err(format!("the server does not answer: {log}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(served)
    }

    /// Seconds of processor that it used so far.
    pub(crate) fn cpu_s(&self) -> Result<f64, Failure> {
        cpu_s(&self.child.id().to_string())
    }

    /// Looks at its memory each second from now on.
    pub(crate) fn watch_memory(&self) -> Watching {
        let id = self.child.id();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&seen);
        let watch = spawn_local(async move {
            loop {
                if let Some(bytes) = resident_bytes(id) {
                    kept.borrow_mut().push(bytes);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Watching { seen, watch }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // What it keeps is kept in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Memory that is looked at.
pub(crate) struct Watching {
    seen: Rc<RefCell<Vec<f64>>>,
    watch: JoinHandle<()>,
}

impl Watching {
    pub(crate) fn end(self) -> Memory {
        self.watch.abort();
        Memory(self.seen.take())
    }
}

/// Bytes that a process held, each second.
pub(crate) struct Memory(Vec<f64>);

impl Memory {
    /// The mean of the second quarter: before, a server comes to know what it is asked.
    pub(crate) fn early(&self) -> f64 {
        let quarter = self.0.len() / 4;
        mean(self.0.get(quarter..2 * quarter))
    }

    /// The mean of the last quarter.
    pub(crate) fn late(&self) -> f64 {
        let quarter = self.0.len() / 4;
        mean(self.0.get(self.0.len() - quarter..))
    }

    pub(crate) fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }
}

fn mean(some: Option<&[f64]>) -> f64 {
    let some = some.unwrap_or_default();
    let count = u32::try_from(some.len()).unwrap_or(u32::MAX).max(1);
    some.iter().sum::<f64>() / f64::from(count)
}

/// Seconds of processor that this process used so far.
pub(crate) fn own_cpu_s() -> Result<f64, Failure> {
    cpu_s("self")
}

/// Source: proc(5), `/proc/PID/stat`: fields 14 and 15, after the name in brackets, which may have blanks in it.
fn cpu_s(process: &str) -> Result<f64, Failure> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = text.rsplit_once(')').ok_or("no name in /proc")?;
    let ticks = |at: usize| -> Result<f64, Failure> {
        let field = rest.split_whitespace().nth(at).ok_or("too few fields")?;
        Ok(field.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}

/// Source: proc(5), `VmRSS` of `/proc/PID/status`, in kB.
fn resident_bytes(process: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0)
}
