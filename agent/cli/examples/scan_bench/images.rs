//! Images to measure with: OCI layouts whose layers are unpacked Debian packages, or nothing but empty files.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An image that lies ready.
#[derive(Debug)]
pub(crate) struct Image {
    /// The OCI layout.
    pub(crate) layout: PathBuf,
    /// Its layers, packed with gzip.
    pub(crate) blobs: Vec<PathBuf>,
    /// Packages in it.
    pub(crate) packages: usize,
}

/// Sizes of packages that are taken, in KB installed: neither trifles nor one that is a layer of its own.
const PACKAGE_KB: std::ops::Range<u64> = 2_000..60_000;
const OS_RELEASE: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";

/// An image with so many layers of so many megabytes of packages each, which the machine's own sources give. Nothing
/// where there is no apt.
pub(crate) fn debian_image(
    folder: &Path,
    name: &str,
    layers: usize,
    megabytes: u64,
) -> Result<Option<Image>, Box<dyn Error>> {
    let layout = folder.join(name.replace([' ', ','], "-"));
    if let Some(image) = ready(&layout)? {
        return Ok(Some(image));
    }
    let Ok(listed) = Command::new("apt-cache").arg("dumpavail").output() else {
        return Ok(None);
    };
    let mut candidates = candidates(&String::from_utf8_lossy(&listed.stdout)).into_iter();
    let downloads = folder.join("packages");
    fs::create_dir_all(&downloads)?;
    let mut status = String::new();
    let mut blobs = Vec::new();
    let mut packages = 0;
    for _ in 0..layers {
        let root = tempfile::tempdir_in(folder)?;
        let mut kilobytes = 0;
        while kilobytes < megabytes * 1000 {
            let (package, size) = candidates.next().ok_or("there are too few packages")?;
            let Some(file) = download(&downloads, &package)? else {
                continue;
            };
            done(
                Command::new("dpkg-deb")
                    .arg("-x")
                    .arg(&file)
                    .arg(root.path()),
            )?;
            let fields = Command::new("dpkg-deb").arg("-f").arg(&file).output()?;
            write!(
                status,
                "{}Status: install ok installed\n\n",
                String::from_utf8_lossy(&fields.stdout)
            )?;
            kilobytes += size;
            packages += 1;
        }
        write(root.path(), "var/lib/dpkg/status", &status)?;
        write(root.path(), "etc/os-release", OS_RELEASE)?;
        let mut tar = Command::new("tar")
            .args(["--sort=name", "-C"])
            .arg(root.path())
            .args(["-c", "."])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut content = tar.stdout.take().ok_or("no pipe")?;
        blobs.push(layer(&layout, |out| {
            std::io::copy(&mut content, out).map(|_| ())
        })?);
        if !tar.wait()?.success() {
            return Err("tar failed".into());
        }
    }
    finish(&layout, &blobs, packages)?;
    ready(&layout)
}

/// An image of one layer with so many empty files.
pub(crate) fn empty_files(folder: &Path, count: usize) -> Result<Option<Image>, Box<dyn Error>> {
    let layout = folder.join(format!("{count}-empty-files"));
    if let Some(image) = ready(&layout)? {
        return Ok(Some(image));
    }
    let blob = layer(&layout, |out| {
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        header.set_mode(0o644);
        for index in 0..count {
            header.set_path(format!(
                "srv/data/{:04}/{:02}/{index:08}",
                index % 3000,
                index % 97
            ))?;
            header.set_cksum();
            out.write_all(header.as_bytes())?;
        }
        let os = OS_RELEASE.as_bytes();
        header.set_path("etc/os-release")?;
        header.set_size(os.len() as u64);
        header.set_cksum();
        out.write_all(header.as_bytes())?;
        out.write_all(os)?;
        out.write_all(&vec![0; os.len().next_multiple_of(512) - os.len() + 1024])
    })?;
    finish(&layout, &[blob], 0)?;
    ready(&layout)
}

/// Names and sizes of packages, in an order that does not change from run to run.
fn candidates(available: &str) -> BTreeMap<String, u64> {
    let field = |stanza: &str, name: &str| {
        stanza
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
    };
    available
        .split("\n\n")
        .filter_map(|stanza| {
            let size: u64 = field(stanza, "Installed-Size:")?.parse().ok()?;
            PACKAGE_KB
                .contains(&size)
                .then(|| Some((field(stanza, "Package:")?, size)))
                .flatten()
        })
        .collect()
}

fn download(folder: &Path, package: &str) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let find = || -> Result<Option<PathBuf>, Box<dyn Error>> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name
                .strip_prefix(package)
                .is_some_and(|rest| rest.starts_with('_'))
            {
                return Ok(Some(path));
            }
        }
        Ok(None)
    };
    if let Some(found) = find()? {
        return Ok(Some(found));
    }
    // One that is listed and cannot be had is passed over.
    let _ = Command::new("apt-get")
        .args(["download", "-q", package])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    find()
}

fn done(command: &mut Command) -> Result<(), Box<dyn Error>> {
    if command.status()?.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed").into())
}

fn write(root: &Path, name: &str, content: &str) -> std::io::Result<()> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // What a package brings at this place may be a link.
    let _ = fs::remove_file(&path);
    fs::write(path, content)
}

/// A packed layer: its file, its diff id.
type Layer = (PathBuf, String);

fn layer(
    layout: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<Layer, Box<dyn Error>> {
    let folder = layout.join("blobs/sha256");
    fs::create_dir_all(&folder)?;
    let part = folder.join("part");
    let mut gzip = Command::new("gzip")
        .arg("-6")
        .stdin(Stdio::piped())
        .stdout(File::create(&part)?)
        .spawn()?;
    let mut out = Hashing {
        hash: Sha256::new(),
        out: BufWriter::with_capacity(1 << 20, gzip.stdin.take().ok_or("no pipe")?),
    };
    fill(&mut out)?;
    out.flush()?;
    let Hashing { hash, out } = out;
    drop(out);
    if !gzip.wait()?.success() {
        return Err("gzip failed".into());
    }
    let mut blob = Sha256::new();
    let mut file = File::open(&part)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            None | Some([]) => break,
            Some(bytes) => blob.update(bytes),
        }
    }
    let path = folder.join(hex::encode(blob.finalize()));
    fs::rename(&part, &path)?;
    Ok((path, format!("sha256:{}", hex::encode(hash.finalize()))))
}

struct Hashing<W> {
    hash: Sha256,
    out: W,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Writes the documents of a layout; the last one makes it ready.
fn finish(layout: &Path, layers: &[Layer], packages: usize) -> Result<(), Box<dyn Error>> {
    let blob = |bytes: &[u8], media: &str| -> Result<Value, Box<dyn Error>> {
        let hex = hex::encode(Sha256::digest(bytes));
        fs::write(layout.join("blobs/sha256").join(&hex), bytes)?;
        Ok(json!({
            "mediaType": format!("application/vnd.oci.image.{media}"),
            "digest": format!("sha256:{hex}"), "size": bytes.len(),
        }))
    };
    let ids: Vec<&String> = layers.iter().map(|(_, id)| id).collect();
    let config = json!({
        "os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids},
    });
    let config = blob(config.to_string().as_bytes(), "config.v1+json")?;
    let mut described = Vec::new();
    for (path, _) in layers {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        described.push(json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": format!("sha256:{name}"), "size": fs::metadata(path)?.len(),
        }));
    }
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": described});
    let manifest = blob(manifest.to_string().as_bytes(), "manifest.v1+json")?;
    let names: Vec<_> = layers.iter().map(|(path, _)| path.file_name()).collect();
    let names: Vec<_> = names
        .iter()
        .flatten()
        .map(|name| name.to_string_lossy())
        .collect();
    fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    fs::write(
        layout.join("made.json"),
        json!({"layers": names, "packages": packages}).to_string(),
    )?;
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(layout.join("index.json"), index.to_string())?;
    Ok(())
}

fn ready(layout: &Path) -> Result<Option<Image>, Box<dyn Error>> {
    if !layout.join("index.json").is_file() {
        return Ok(None);
    }
    let made: Value = serde_json::from_slice(&fs::read(layout.join("made.json"))?)?;
    let names = made["layers"].as_array().into_iter().flatten();
    Ok(Some(Image {
        blobs: names
            .filter_map(Value::as_str)
            .map(|name| layout.join("blobs/sha256").join(name))
            .collect(),
        packages: usize::try_from(made["packages"].as_u64().unwrap_or(0))?,
        layout: layout.to_owned(),
    }))
}
