//! A tenant's records and documents as files, without secrets.
//!
//! ```text
//! FOLDER/NOUN.ndjson     records of a kind, one JSON object a line: {"name", "expires_at", "record"}
//! FOLDER/documents/…     documents as they are stored, most of them JSON compressed with zstd
//! FOLDER/export.json     what is in it and what is left out; written last
//! ```

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::Path,
};

use futures::StreamExt as _;
use platform::{BlobPath, Platform};
use records::{export, identity::Identity};
use schemas::TenantId;
use serde_json::{Map, Value, json};

use crate::{ServerError, people::print_json, store};

/// Records of a page.
const PAGE: u32 = 500;

/// Writes what a tenant has to a folder that is empty or not there.
pub(crate) async fn tenant(data: &Path, tenant: &TenantId, to: &Path) -> Result<(), ServerError> {
    let platform = store::open(data, None)?;
    let known = Identity::new(platform.clone()).tenant(tenant).await;
    if known.map_err(ServerError::Identity)?.is_none() {
        return Err(ServerError::NotFound(format!(
            "there is no tenant {tenant}"
        )));
    }
    let is_empty = match fs::read_dir(to).map(|mut entries| entries.next().is_none()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        other => other.map_err(|error| ServerError::ExportFile(to.to_owned(), error))?,
    };
    if !is_empty {
        return Err(ServerError::NotFound(format!(
            "{} is not empty: nothing is written over",
            to.display()
        )));
    }
    make_folder(to)?;
    let mut counts = Map::new();
    for &noun in export::NOUNS {
        let name = export::folder(noun);
        let file = to.join(format!("{name}.ndjson"));
        let failed = |error: io::Error| ServerError::ExportFile(file.clone(), error);
        let mut out = BufWriter::new(create(&file)?);
        let mut count = 0_u64;
        let mut cursor = None;
        loop {
            let page = export::page(&platform, tenant, noun, PAGE, cursor)
                .await
                .map_err(ServerError::Export)?;
            for row in page.records {
                serde_json::to_writer(&mut out, &row).map_err(ServerError::Json)?;
                out.write_all(b"\n").map_err(failed)?;
                count += 1;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        out.flush().map_err(failed)?;
        counts.insert(name.to_owned(), json!(count));
    }
    let (documents, document_bytes) = documents(&platform, tenant, to).await?;
    let left_out: Map<String, Value> = export::LEFT_OUT
        .iter()
        .map(|(noun, why)| ((*noun).to_owned(), json!(why)))
        .collect();
    let about = json!({
        "version": export::VERSION,
        "software": env!("CARGO_PKG_VERSION"),
        "tenant": tenant,
        "made_at_ms": platform.clock.now_ms(),
        "records": counts,
        "documents": documents,
        "document_bytes": document_bytes,
        "left_out": left_out,
        "without": "what passwords and enrolment tokens are verified by",
    });
    let file = to.join("export.json");
    let mut out = create(&file)?;
    serde_json::to_writer_pretty(&mut out, &about).map_err(ServerError::Json)?;
    out.sync_all()
        .map_err(|error| ServerError::ExportFile(file, error))?;
    print_json(&about)
}

async fn documents(
    platform: &Platform,
    tenant: &TenantId,
    to: &Path,
) -> Result<(u64, u64), ServerError> {
    let (mut count, mut size_bytes) = (0, 0);
    let mut cursor = None;
    loop {
        let page = export::documents(platform, tenant, cursor)
            .await
            .map_err(ServerError::Export)?;
        for (below, blob) in page.records {
            // A path has no segment that leads upwards or begins with a dot.
            let file = to.join("documents").join(&below);
            if let Some(folder) = file.parent() {
                make_folder(folder)?;
            }
            if write(platform, &blob.path, &file).await? {
                count += 1;
                size_bytes += blob.size_bytes;
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok((count, size_bytes));
        }
    }
}

/// Writes one document; says whether it is still there.
async fn write(platform: &Platform, path: &BlobPath, file: &Path) -> Result<bool, ServerError> {
    let mut blob = match platform.blobs.get(path).await {
        Ok(blob) => blob,
        Err(platform::BlobError::NotFound) => return Ok(false),
        Err(error) => return Err(ServerError::Document(path.to_string(), error)),
    };
    let failed = |error| ServerError::ExportFile(file.to_owned(), error);
    let mut out = create(file)?;
    while let Some(chunk) = blob.body.0.next().await {
        let chunk = chunk.map_err(failed)?;
        out.write_all(&chunk).map_err(failed)?;
    }
    Ok(true)
}

/// Makes a folder for its owner alone: what is in it tells where an estate is weak.
fn make_folder(folder: &Path) -> Result<(), ServerError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| ServerError::ExportFile(folder.to_owned(), error))
}

fn create(file: &Path) -> Result<File, ServerError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(|error| ServerError::ExportFile(file.to_owned(), error))
}
