//! `docker:REF`: an image of a Docker Engine, streamed from it without a copy on disk, and what runs of it.

use std::io::{self, Read as _};

use anyhow::Context;
use futures::StreamExt;
use inventory::image::{ImageName, ScannedImage, read_archive_stream};
use schemas::{HostId, inventory::Container, risk::PlaceFacts};
use sources::{
    pieces::pieces,
    runtime::{
        ContainerRuntime, EngineImage, RuntimeError, Surroundings,
        docker::{DEFAULT_ADDRESS, DockerRuntime},
    },
};

use super::{Read, Settings, Shown, named};
use crate::{args::SourceArgs, exit::Failure, progress::Progress};

/// Chunks of the archive that wait between the engine and the reader.
const WAITING_CHUNKS: usize = 32;
/// Names that are suggested where a reference names nothing.
const SUGGESTIONS: usize = 5;

/// Reads the image that a reference or id names.
pub(super) fn read(
    reference: &str,
    from: &SourceArgs,
    settings: &Settings,
    progress: &Progress,
) -> Result<Read, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::unreachable)?;
    let outcome = runtime.block_on(ask(reference, from, settings, progress));
    // A reader thread that is still at work must not keep an error waiting.
    runtime.shutdown_background();
    outcome
}

async fn ask(
    reference: &str,
    from: &SourceArgs,
    settings: &Settings,
    progress: &Progress,
) -> Result<Read, Failure> {
    let address = from
        .docker_host
        .clone()
        .filter(|address| !address.is_empty())
        .unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    progress.step(format!("asking the engine at {address}"));
    let engine = DockerRuntime::connect(&address)
        .await
        .map_err(engine_failure)?;
    let images = engine.images().await.map_err(engine_failure)?;
    let wanted = ImageName::read(reference).or_latest();
    let image = find(&images, reference, &wanted).map_err(|advice| {
        Failure::input(anyhow::anyhow!(
            "the engine at {address} holds no image `{reference}`"
        ))
        .advise(advice)
    })?;
    // An image is named by its configuration, so what was read of it once is still right.
    let known = image
        .config
        .as_ref()
        .and_then(|config| settings.known_image(config));
    let scanned = match known {
        Some(known) => known,
        None => export(&engine, image, reference, settings, progress).await?,
    };
    let mut inventory = named(&scanned, reference);
    if let Some(facts) = &mut inventory.image {
        // An export names what it was asked for, which may be an id; the engine knows all names.
        facts.tags.clone_from(&image.tags);
        facts.repo_digests.clone_from(&image.repo_digests);
    }
    inventory.target.name = image
        .tags
        .iter()
        .find(|tag| is_named(tag, &wanted))
        .or(image.tags.first())
        .cloned()
        .unwrap_or_else(|| reference.to_owned());
    let place = place(&engine, image, &inventory).await;
    Ok(Read { inventory, place })
}

fn engine_failure(error: RuntimeError) -> Failure {
    let advice = match &error {
        RuntimeError::Address(_) => {
            Some("give the engine's address by --docker-host or DOCKER_HOST")
        }
        RuntimeError::Unreachable { .. } => Some(
            "start the engine, give its address by --docker-host or DOCKER_HOST, or save the image with `docker save` and scan archive:FILE",
        ),
        _ => None,
    };
    let failure = match &error {
        RuntimeError::Address(_) => Failure::input(error),
        _ => Failure::unreachable(error),
    };
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

/// The image that a reference, a digest or the beginning of an id names; else what could have been meant.
fn find<'a>(
    images: &'a [EngineImage],
    reference: &str,
    wanted: &ImageName,
) -> Result<&'a EngineImage, String> {
    let by_name = images.iter().find(|image| {
        let mut names = image.tags.iter().chain(&image.repo_digests);
        names.any(|name| is_named(name, wanted))
    });
    if let Some(image) = by_name {
        return Ok(image);
    }
    let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
    let mut by_id = Vec::new();
    if hex.len() >= 4 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        by_id.extend(images.iter().filter(|image| {
            image
                .id
                .strip_prefix("sha256:")
                .unwrap_or(&image.id)
                .starts_with(&hex.to_ascii_lowercase())
        }));
    }
    match by_id.as_slice() {
        [image] => Ok(image),
        [] => {
            let mut near: Vec<&str> = images
                .iter()
                .flat_map(|image| &image.tags)
                .map(String::as_str)
                .collect();
            near.sort_unstable();
            let last = wanted.repository.rsplit('/').next().unwrap_or_default();
            near.sort_by_key(|tag| {
                let same = ImageName::read(tag).repository == wanted.repository;
                (!same, !tag.contains(last))
            });
            near.truncate(SUGGESTIONS);
            Err(if near.is_empty() {
                "load or pull an image first".to_owned()
            } else {
                format!(
                    "it holds {}; pull it first if it is another",
                    near.join(", ")
                )
            })
        }
        _ => Err("more than one image's id begins so: write more of it".to_owned()),
    }
}

/// Whether a name that the engine has is the wanted one: `debian` is `docker.io/library/debian:latest`.
fn is_named(name: &str, wanted: &ImageName) -> bool {
    ImageName::read(name).or_latest() == *wanted
}

async fn export(
    engine: &DockerRuntime,
    image: &EngineImage,
    reference: &str,
    settings: &Settings,
    progress: &Progress,
) -> Result<ScannedImage, Failure> {
    let settings = settings.clone();
    let (sender, mut stream) = pieces(WAITING_CHUNKS);
    let (what, line) = (format!("docker:{reference}"), progress.clone());
    let reader = tokio::task::spawn_blocking(move || {
        let shown = Shown::new(what, &line);
        let scanned = settings.image(None, &shown, |options| {
            read_archive_stream(&mut stream, options)
        });
        // What follows the archive's end mark is taken too: an engine that cannot send it reports an error.
        let _ = io::copy(&mut stream.by_ref().take(16 << 20), &mut io::sink());
        scanned
    });
    let mut archive = engine.export_image(image);
    let mut broken = None;
    loop {
        match archive.next().await {
            // A reader that stopped has its own error.
            Some(Ok(piece)) => {
                if !sender.send(piece).await {
                    break;
                }
            }
            Some(Err(error)) => {
                let told = io::Error::other("the engine broke off");
                sender.fail(told).await;
                broken = Some(error);
                break;
            }
            None => {
                sender.end().await;
                break;
            }
        }
    }
    let scanned = reader
        .await
        .context("the reader of the image failed")
        .map_err(Failure::input)?;
    if let Some(error) = broken {
        return Err(engine_failure(error));
    }
    scanned.map_err(|error| {
        Failure::input(anyhow::Error::new(error).context(format!("read image docker:{reference}")))
    })
}

/// What runs of the image on this engine. An engine that does not say so leaves it unknown.
async fn place(
    engine: &DockerRuntime,
    image: &EngineImage,
    inventory: &schemas::inventory::Inventory,
) -> PlaceFacts {
    let Some(facts) = &inventory.image else {
        return PlaceFacts::default();
    };
    let os = inventory.os.as_ref();
    let Ok(host) = "this-host".parse::<HostId>() else {
        return risk::image_place(facts, os, None);
    };
    let asked = engine
        .containers(&Surroundings {
            host,
            cluster: None,
        })
        .await;
    match asked {
        Ok(found) if found.failed.is_empty() => {
            let of_image: Vec<&Container> = found
                .containers
                .iter()
                .map(|found| &found.container)
                .filter(|container| {
                    container.image == facts.id || container.image.as_str() == image.id
                })
                .collect();
            let running: Vec<_> = of_image
                .into_iter()
                .map(|container| risk::RunningContainer {
                    container,
                    host: None,
                })
                .collect();
            risk::image_place(facts, os, Some(&running))
        }
        _ => risk::image_place(facts, os, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str, tags: &[&str]) -> EngineImage {
        EngineImage {
            id: format!("sha256:{id}"),
            config: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            repo_digests: Vec::new(),
        }
    }

    fn wanted(reference: &str) -> ImageName {
        ImageName::read(reference).or_latest()
    }

    #[test]
    fn references_are_found_as_docker_finds_them() {
        let images = [
            image("aa11", &["debian:12", "debian:latest"]),
            image("aa22", &["127.0.0.1:5000/team/app:1"]),
            image("bb33", &[]),
            image("cc44", &["library/deep/app:1"]),
        ];
        let find = |reference: &str| find(&images, reference, &wanted(reference));
        let id = |reference: &str| find(reference).map(|image| image.id.as_str());
        assert_eq!(id("debian"), Ok("sha256:aa11"));
        assert_eq!(id("docker.io/library/debian:12"), Ok("sha256:aa11"));
        assert_eq!(id("127.0.0.1:5000/team/app:1"), Ok("sha256:aa22"));
        assert_eq!(id("bb33"), Ok("sha256:bb33"));
        assert_eq!(id("sha256:AA22"), Ok("sha256:aa22"));
        assert_eq!(id("index.docker.io/debian"), Ok("sha256:aa11"));
        assert_eq!(id("Docker.io/debian:12"), Ok("sha256:aa11"));
        assert_eq!(id("library/deep/app:1"), Ok("sha256:cc44"));
        assert!(id("deep/app:1").is_err(), "it is another repository");
        assert!(id("team/app:1").is_err(), "it is of another registry");
        let nothing = id("debian:13").unwrap_err();
        assert!(nothing.starts_with("it holds debian:12"), "{nothing}");
    }

    #[test]
    fn an_id_must_name_one_image() {
        let images = [image("aa1122", &[]), image("aa1133", &[])];
        let find = |id: &str| find(&images, id, &wanted(id));
        assert!(find("aa11").unwrap_err().contains("more than one"));
        assert!(find("aa1122").is_ok());
    }
}
