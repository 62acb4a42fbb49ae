//! The package of the functions, from the binary that the tests' build made.

use std::{
    fs::File,
    io::{Cursor, Write as _},
    path::Path,
    process::Command,
    sync::Mutex,
};

use anyhow::{Context, Result, ensure};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::client::Aws;
use crate::binaries::{program, run};

/// Bucket for packages.
pub(super) const BUCKET: &str = "bulkhead-packages";

/// Largest package that Lambda takes, unpacked.
const MAX_UNPACKED_BYTES: u64 = 250 << 20;

/// Puts the package into its bucket, once, and returns its key.
pub(super) fn upload(aws: &Aws) -> Result<String> {
    static DONE: Mutex<Option<String>> = Mutex::new(None);
    let mut done = DONE
        .lock()
        .map_err(|_| anyhow::anyhow!("packing failed before"))?;
    if let Some(key) = done.as_ref() {
        return Ok(key.clone());
    }
    let packed = pack(&program("bulkhead-lambda")?)?;
    aws.make_bucket(BUCKET)?;
    // Several programs of tests put the same; each replaces it by what is as good.
    let key = format!("bulkhead-lambda-{}.zip", packed.len());
    aws.put_object(BUCKET, &key, packed)?;
    *done = Some(key.clone());
    Ok(key)
}

/// Puts another package with the same program into the bucket, as a deployment of the next release would, and returns its
/// key.
pub(super) fn upload_next(aws: &Aws, former: &str, release: u32) -> Result<String> {
    let former = aws.object(BUCKET, former)?.context("no package")?;
    let mut zip = ZipWriter::new_append(Cursor::new(former))?;
    zip.start_file(format!("release-{release}"), SimpleFileOptions::default())?;
    let key = format!("bulkhead-lambda-{}-{release}.zip", std::process::id());
    aws.put_object(BUCKET, &key, zip.finish()?.into_inner())?;
    Ok(key)
}

fn pack(binary: &Path) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("bootstrap");
    // As a release is: symbols are most of a build that is not optimised.
    run(Command::new("strip").arg("-o").arg(&stripped).arg(binary))?;
    let mut file = File::open(&stripped).context("the stripped binary")?;
    let size = file.metadata()?.len();
    ensure!(
        size < MAX_UNPACKED_BYTES,
        "a package of {size} bytes is too large for Lambda"
    );
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o755);
    zip.start_file("bootstrap", options)?;
    std::io::copy(&mut file, &mut zip)?;
    zip.flush()?;
    Ok(zip.finish()?.into_inner())
}
