//! Wall time and peak memory of a process.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// One run of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Run {
    /// From start to end.
    pub(crate) seconds: f64,
    /// Most memory that it held, in KiB.
    peak_kb: u32,
}

impl Run {
    pub(crate) fn peak_mb(self) -> u32 {
        self.peak_kb / 1024
    }
}

/// Runs a program to its end. Its exit code says what it found and is no failure here, but for usage errors.
pub(crate) fn run(program: &Path, arguments: &[String]) -> Result<Run, Box<dyn Error>> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kb = 0;
    let done = loop {
        if let Some(done) = child.try_wait()? {
            break done;
        }
        // The kernel keeps the peak, so that looking now and then is enough.
        peak_kb = peak_kb.max(peak(&status));
        std::thread::sleep(Duration::from_micros(200));
    };
    let seconds = started.elapsed().as_secs_f64();
    if !matches!(done.code(), Some(0 | 4)) {
        return Err(format!(
            "{} {} ended with {done}",
            program.display(),
            arguments.join(" ")
        )
        .into());
    }
    Ok(Run { seconds, peak_kb })
}

fn peak(status: &Path) -> u32 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The run in the middle, with the largest memory of all.
pub(crate) fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let peak_kb = runs.iter().map(|run| run.peak_kb).max().unwrap_or(0);
    let middle = runs.get(runs.len() / 2).copied().unwrap_or_default();
    Run { peak_kb, ..middle }
}

/// Seconds that `gzip -dc | tar -t` takes over the same layers, one after the other.
pub(crate) fn peer(blobs: &[PathBuf], times: usize) -> Result<f64, Box<dyn Error>> {
    let mut all = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        for blob in blobs {
            let mut gzip = Command::new("gzip")
                .arg("-dc")
                .arg(blob)
                .stdout(Stdio::piped())
                .spawn()?;
            let unpacked = gzip.stdout.take().ok_or("no pipe")?;
            let listed = Command::new("tar")
                .arg("-t")
                .stdin(unpacked)
                .stdout(Stdio::null())
                .status()?;
            if !gzip.wait()?.success() || !listed.success() {
                return Err("gzip or tar failed".into());
            }
        }
        all.push(started.elapsed().as_secs_f64());
    }
    all.sort_by(f64::total_cmp);
    Ok(all.get(all.len() / 2).copied().unwrap_or_default())
}
