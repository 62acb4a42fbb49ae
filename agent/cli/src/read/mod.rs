//! From a source to an inventory and the facts of its place.

mod docker;
mod registry;
mod settings;

use std::{
    fs::File,
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use indicatif::HumanBytes;
use inventory::{
    Limits,
    image::{ImageError, Progress as Step, ScannedImage},
};
use schemas::{
    inventory::{Inventory, Target, TargetKind},
    risk::{Answer, PlaceFacts},
};

use crate::{
    args::SourceArgs,
    exit::Failure,
    output,
    progress::Progress,
    source::Source,
    text::{count, plain},
};

pub use settings::Settings;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The inventory.
    pub inventory: Inventory,
    /// Facts of the place, as far as they can be known from here.
    pub place: PlaceFacts,
}

/// Reads a source.
///
/// # Errors
/// When there is nothing that could be read; what only part of it cannot be read is in the inventory's coverage.
pub fn read(from: &SourceArgs, settings: &Settings, progress: &Progress) -> Result<Read, Failure> {
    let limits = &settings.limits;
    let source = &from.source;
    let inventory = match source {
        Source::Docker(reference) => return docker::read(reference, from, settings, progress),
        Source::Registry(reference) => registry::read(reference, from, settings, progress)?,
        Source::Containerd(reference) => containerd(source, reference, settings, progress)?,
        Source::Archive(path) => image(source, path, None, settings, progress)?,
        Source::Oci { path, tag } => image(source, path, tag.clone(), settings, progress)?,
        Source::Folder(path) => inventory::folder::read_folder(path, limits)
            .with_context(|| format!("read folder {}", path.display()))
            .map_err(Failure::input)?,
        Source::Host => host(limits)?,
        Source::Inventory(path) => document(path, limits)?,
        Source::Sbom(path) => sbom(path, limits)?,
    };
    let place = place(&inventory);
    Ok(Read { inventory, place })
}

fn image(
    source: &Source,
    path: &Path,
    tag: Option<String>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Inventory, Failure> {
    let shown = Shown::new(source.to_string(), progress);
    let outcome = settings.image(tag, &shown, |options| match source {
        Source::Oci { .. } => inventory::image::read_oci(path, options),
        _ => inventory::image::read_archive(path, options),
    });
    let scanned = outcome.map_err(|error| image_failure(source, path, error))?;
    tell_choice(source, &scanned, progress);
    Ok(named(&scanned, &path.display().to_string()))
}

fn containerd(
    source: &Source,
    reference: &str,
    settings: &Settings,
    progress: &Progress,
) -> Result<Inventory, Failure> {
    let root = &settings.containerd_root;
    let shown = Shown::new(source.to_string(), progress);
    let outcome = settings.image(Some(reference.to_owned()), &shown, |options| {
        inventory::image::read_containerd(root, settings.containerd_namespace.as_deref(), options)
    });
    let scanned = outcome.map_err(|error| {
        let advice = match &error {
            ImageError::Open { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                Some("containerd's folder is open to its owner alone: run the scan as root")
            }
            ImageError::Open { .. } => {
                Some("name the folder with --containerd-root if containerd keeps its images elsewhere")
            }
            ImageError::Ambiguous { .. } => {
                Some("choose with --containerd-namespace, or with --platform")
            }
            ImageError::Metadata { .. } => Some(
                "try again, or export the image with `ctr images export FILE REF` and scan archive:FILE",
            ),
            _ => None,
        };
        let failure = Failure::input(anyhow::Error::new(error).context(format!("read {source}")));
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    })?;
    tell_choice(source, &scanned, progress);
    Ok(named(&scanned, reference))
}

/// Says which of several platforms was read, and how to have another.
fn tell_choice(source: &Source, scanned: &ScannedImage, progress: &Progress) {
    if scanned.passed_over.is_empty() {
        return;
    }
    let facts = &scanned.facts;
    let version = facts.os_version.as_deref().map(|text| format!(":{text}"));
    let chosen = format!(
        "{}/{}{}",
        facts.os,
        facts.architecture.as_deref().unwrap_or("unknown"),
        version.unwrap_or_default()
    );
    let others = scanned.passed_over.join(", ");
    progress.tell(&format!(
        "bulkhead: {}: of several platforms {} is read; --platform chooses another of: {}\n",
        plain(&source.to_string()),
        plain(&chosen),
        plain(&others)
    ));
}

/// The image's inventory. An image without a name of its own is known by where it was found; an OCI layout names its
/// images by their tags alone.
fn named(scanned: &ScannedImage, place: &str) -> Inventory {
    let mut inventory = scanned.inventory();
    match scanned.facts.tags.first() {
        None => place.clone_into(&mut inventory.target.name),
        Some(tag) if !tag.contains([':', '/']) => {
            inventory.target.name = format!("{place}:{tag}");
        }
        Some(_) => {}
    }
    inventory
}

fn image_failure(source: &Source, path: &Path, error: ImageError) -> Failure {
    let advice = match (&error, source) {
        (ImageError::Ambiguous { choices }, _) if choices.iter().all(|one| one.contains('/')) => {
            Some("choose one with --platform".to_owned())
        }
        (ImageError::Ambiguous { .. }, Source::Oci { .. }) => {
            Some(format!("name one of them: oci:{}:TAG", path.display()))
        }
        (ImageError::Ambiguous { .. }, _) => {
            Some("save one image alone, or unpack an OCI layout and use oci:DIR:TAG".to_owned())
        }
        _ => None,
    };
    let failure =
        Failure::input(anyhow::Error::new(error).context(format!("read image {}", path.display())));
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

fn host(limits: &Limits) -> Result<Inventory, Failure> {
    let root = if cfg!(windows) { r"C:\" } else { "/" };
    let target = Target {
        kind: TargetKind::Host,
        name: host_name(),
        id: None,
    };
    inventory::host::read_host(Path::new(root), target, &[], limits)
        .context("read this host")
        .map_err(Failure::input)
}

fn host_name() -> String {
    let known = if cfg!(windows) {
        std::env::var("COMPUTERNAME").ok()
    } else {
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok()
    };
    known
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this host".to_owned())
}

fn document(path: &Path, limits: &Limits) -> Result<Inventory, Failure> {
    let failed = |error: anyhow::Error| {
        Failure::input(error.context(format!("read inventory {}", path.display())))
    };
    let file = File::open(path)
        .context("it cannot be opened")
        .map_err(failed)?;
    let parsed = inventory::document::parse(file, limits)
        .map_err(|error| failed(anyhow::Error::new(error)))?;
    if parsed.ignored_fields > 0 {
        output::tell(&format!(
            "bulkhead: {}: {} of the inventory {} not known to this version and ignored\n",
            plain(&path.display().to_string()),
            count(parsed.ignored_fields as usize, "field", "fields"),
            if parsed.ignored_fields == 1 {
                "is"
            } else {
                "are"
            },
        ));
    }
    Ok(parsed.inventory)
}

fn sbom(path: &Path, limits: &Limits) -> Result<Inventory, Failure> {
    let failed = |error: anyhow::Error| {
        Failure::input(error.context(format!("read SBOM {}", path.display())))
    };
    let file = File::open(path)
        .context("it cannot be opened")
        .map_err(failed)?;
    let parsed = inventory::sbom::read(file, &path.display().to_string(), limits)
        .map_err(|error| failed(anyhow::Error::new(error)))?;
    for note in &parsed.notes {
        output::tell(&format!(
            "bulkhead: {}: {}\n",
            plain(&path.display().to_string()),
            plain(note)
        ));
    }
    Ok(parsed.inventory)
}

/// Facts of the place, from what the inventory says. Nobody asked an engine what runs: that stays unknown.
fn place(inventory: &Inventory) -> PlaceFacts {
    match (&inventory.image, &inventory.host, inventory.target.kind) {
        (Some(image), _, _) => risk::image_place(image, inventory.os.as_ref(), None),
        (None, Some(host), _) => risk::host_place(host),
        // A host is no container, whatever else is not known of it.
        (None, None, TargetKind::Host) => PlaceFacts {
            privileged: Answer::No,
            runtime_socket: Answer::No,
            ..PlaceFacts::default()
        },
        (None, None, _) => PlaceFacts::default(),
    }
}

/// Progress in bytes on the line.
struct Shown<'a> {
    what: String,
    progress: &'a Progress,
    total: AtomicU64,
    done: AtomicU64,
}

impl<'a> Shown<'a> {
    fn new(what: String, progress: &'a Progress) -> Self {
        Self {
            what,
            progress,
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    fn step(&self, step: Step) {
        match step {
            Step::Layers { bytes, .. } => self.total.store(bytes, Ordering::Relaxed),
            Step::Bytes(more) => {
                self.done.fetch_add(more, Ordering::Relaxed);
            }
        }
        if !self.progress.is_shown() {
            return;
        }
        let done = HumanBytes(self.done.load(Ordering::Relaxed));
        match self.total.load(Ordering::Relaxed) {
            0 => self.progress.step(format!("reading {}: {done}", self.what)),
            total => self.progress.step(format!(
                "reading {}: {done} of {}",
                self.what,
                HumanBytes(total)
            )),
        }
    }
}
