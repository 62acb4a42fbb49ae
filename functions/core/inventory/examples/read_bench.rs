//! Compares reading an image archive, digests verified, with `gzip -dc | tar -t` over the same layers, and prints ratios
//! of wall time with peak memory. Run it with `--release`; `read_bench [FOLDER]` keeps its images in FOLDER.
//!
//! Targets: at most 0.6 over one layer and 0.35 over four layers on two processors, below 100 MB of memory, also for an
//! image of a million tiny files.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use inventory::image::{LayerOutcome, Options, read_archive};
use sha2::{Digest, Sha256};

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, path] = &arguments[..]
        && mode == "--read"
    {
        return read_once(Path::new(path));
    }
    let kept = arguments.first().map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    println!(
        "{:<24} {:>9} {:>9} {:>7} {:>7}  target",
        "image", "gzip|tar", "read", "ratio", "peak MB"
    );
    for (name, layers, target) in [
        ("one layer", layers_of_files(1, 4000, 60_000), "0.60"),
        ("four layers", layers_of_files(4, 1000, 60_000), "0.35"),
        (
            "programs",
            vec![Content {
                programs: true,
                ..layers_of_files(1, 1000, 240_000).remove(0)
            }],
            "0.60",
        ),
        (
            "a million tiny files",
            vec![Content::tiny(1_000_000)],
            "0.60",
        ),
    ] {
        let archive = folder.join(format!("{}.tar", name.replace(' ', "-")));
        let blobs = write_image(&archive, &folder, &layers)?;
        let (mut peers, mut ours, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..RUNS {
            peers.push(time(|| gzip_and_tar(&blobs))?);
            let started = Instant::now();
            peak = peak.max(read_in_child(&archive)?);
            ours.push(started.elapsed());
        }
        let (peer, own) = (median(peers), median(ours));
        println!(
            "{name:<24} {:>7} ms {:>6} ms {:>7.2} {:>7}  {target}",
            peer.as_millis(),
            own.as_millis(),
            own.as_secs_f64() / peer.as_secs_f64(),
            peak / 1024,
        );
    }
    Ok(())
}

/// Reads an image in this process, and prints the peak of memory in KiB.
fn read_once(path: &Path) -> Result<(), Box<dyn Error>> {
    let image = read_archive(path, &Options::default())?;
    if !image
        .layers
        .iter()
        .all(|layer| matches!(layer, LayerOutcome::Read(_)))
    {
        return Err("a layer was not verified".into());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .unwrap_or("0");
    println!("{peak}");
    Ok(())
}

/// A process of its own, whose peak of memory is its own.
fn read_in_child(path: &Path) -> Result<u64, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--read")
        .arg(path)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("reading failed".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn gzip_and_tar(blobs: &[PathBuf]) -> Result<(), Box<dyn Error>> {
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
    Ok(())
}

fn time(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The files of one layer.
struct Content {
    files: usize,
    file_bytes: usize,
    seed: u64,
    /// Whether the files are executables.
    programs: bool,
}

impl Content {
    fn tiny(files: usize) -> Self {
        Self {
            files,
            file_bytes: 9,
            seed: 1,
            programs: false,
        }
    }
}

fn layers_of_files(layers: u64, files: usize, file_bytes: usize) -> Vec<Content> {
    (0..layers)
        .map(|seed| Content {
            files,
            file_bytes,
            seed,
            programs: false,
        })
        .collect()
}

/// Writes layers and an archive of `docker save` around them. Gives the layers' files.
fn write_image(
    archive: &Path,
    folder: &Path,
    layers: &[Content],
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut blobs = Vec::new();
    let mut diff_ids = Vec::new();
    let mut names = Vec::new();
    let stem = archive.file_stem().unwrap_or_default().to_string_lossy();
    for (index, content) in layers.iter().enumerate() {
        let path = folder.join(format!("{stem}-{index}.tar.gz"));
        diff_ids.push(write_layer(&path, content)?);
        let mut hash = Sha256::new();
        std::io::copy(&mut File::open(&path)?, &mut HashWriter(&mut hash))?;
        names.push(format!("blobs/sha256/{:x}", Hex(&hash.finalize())));
        blobs.push(path);
    }
    let config = serde_json::json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = serde_json::to_vec(&config)?;
    let config_name = format!("blobs/sha256/{:x}", Hex(&Sha256::digest(&config)));
    let manifest =
        serde_json::json!([{"Config": config_name, "RepoTags": ["bench:1"], "Layers": names}]);
    let mut out = BufWriter::new(File::create(archive)?);
    for (name, path) in names.iter().zip(&blobs) {
        let size = path.metadata()?.len();
        out.write_all(&header(name, size))?;
        std::io::copy(&mut File::open(path)?, &mut out)?;
        pad(&mut out, size)?;
    }
    for (name, bytes) in [
        (config_name.as_str(), config),
        ("manifest.json", serde_json::to_vec(&manifest)?),
    ] {
        out.write_all(&header(name, bytes.len() as u64))?;
        out.write_all(&bytes)?;
        pad(&mut out, bytes.len() as u64)?;
    }
    out.write_all(&[0; 1024])?;
    out.flush()?;
    Ok(blobs)
}

/// Writes a gzip layer and gives the digest of its content. The files are as compressible as programs are.
fn write_layer(path: &Path, content: &Content) -> Result<String, Box<dyn Error>> {
    let gzip = Command::new("gzip")
        .arg("-6")
        .stdin(Stdio::piped())
        .stdout(File::create(path)?)
        .spawn()?;
    let mut gzip = gzip;
    let mut hash = Sha256::new();
    {
        let mut pipe = BufWriter::with_capacity(1 << 20, gzip.stdin.take().ok_or("no pipe")?);
        let mut emit = |bytes: &[u8]| {
            hash.update(bytes);
            pipe.write_all(bytes)
        };
        let mut random = content.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut file = Vec::with_capacity(content.file_bytes + 512);
        for index in 0..content.files {
            let name = format!("usr/lib/part{:03}/{index:07}.bin", index % 997);
            file.clear();
            if content.programs {
                emit(&program_header(&name, content.file_bytes as u64))?;
                file.extend_from_slice(PROGRAM);
            } else {
                emit(&header(&name, content.file_bytes as u64))?;
            }
            while file.len() < content.file_bytes {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Words of a small vocabulary among bytes of none: about 2.5 to 1.
                let bytes = random.to_le_bytes();
                if random & 3 == 0 {
                    file.extend_from_slice(&bytes);
                } else {
                    file.extend_from_slice(&[
                        0x48,
                        0x8b,
                        bytes[1] & 15,
                        bytes[2] & 7,
                        0xe8,
                        0,
                        0,
                        bytes[0] & 63,
                    ]);
                }
            }
            file.truncate(content.file_bytes);
            file.resize(content.file_bytes.next_multiple_of(512), 0);
            emit(&file)?;
        }
        emit(&[0; 1024])?;
        pipe.flush()?;
    }
    gzip.wait()?;
    Ok(format!("sha256:{:x}", Hex(&hash.finalize())))
}

/// The first bytes of an executable of 64 bits without sections.
const PROGRAM: &[u8; 64] = &{
    let mut head = [0; 64];
    head[0] = 0x7f;
    head[1] = b'E';
    head[2] = b'L';
    head[3] = b'F';
    head[4] = 2;
    head[5] = 1;
    head[16] = 2;
    head
};

fn header(name: &str, size: u64) -> [u8; 512] {
    header_of(name, size, "0000644\0")
}

fn program_header(name: &str, size: u64) -> [u8; 512] {
    header_of(name, size, "0000755\0")
}

fn header_of(name: &str, size: u64, mode: &str) -> [u8; 512] {
    let mut block = [0; 512];
    let name = name.as_bytes();
    for (to, from) in block.iter_mut().zip(name) {
        *to = *from;
    }
    for (at, text) in [
        (100, mode.to_owned()),
        (108, "0000000\0".to_owned()),
        (116, "0000000\0".to_owned()),
        (124, format!("{size:011o}\0")),
        (136, "14000000000\0".to_owned()),
        (148, "        ".to_owned()),
        (156, "0".to_owned()),
        (257, "ustar\0".to_owned()),
        (263, "00".to_owned()),
    ] {
        for (to, from) in block.iter_mut().skip(at).zip(text.bytes()) {
            *to = from;
        }
    }
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    for (to, from) in block
        .iter_mut()
        .skip(148)
        .zip(format!("{sum:06o}\0 ").bytes())
    {
        *to = from;
    }
    block
}

fn pad(out: &mut impl Write, size: u64) -> std::io::Result<()> {
    let padding = size.next_multiple_of(512) - size;
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), padding), out).map(|_| ())
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
