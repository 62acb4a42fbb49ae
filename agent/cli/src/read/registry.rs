//! `registry:REF`: an image in a registry, streamed from it without a copy on disk.

use std::{io::Read as _, sync::Arc};

use anyhow::Context;
use inventory::image::{Choice, ImageError, read_located};
use schemas::inventory::Inventory;
use secrecy::SecretString;
use sources::{
    http::read_authorities,
    registry::{
        CredentialFiles, Credentials, ReadError, Reference, Registry, RegistryError,
        RegistryOptions, RegistryStore,
    },
};

use super::{Settings, Shown, named, tell_choice};
use crate::{
    args::SourceArgs,
    exit::{Exit, Failure},
    progress::Progress,
};

/// The largest password that is read: a key file of Google has some two kilobytes.
const MAX_PASSWORD_BYTES: u64 = 64 << 10;
/// The environment's name of the password of `--registry-username`.
const PASSWORD_VARIABLE: &str = "BULKHEAD_REGISTRY_PASSWORD";

/// Reads the image that a reference names.
pub(super) fn read(
    reference: &Reference,
    from: &SourceArgs,
    settings: &Settings,
    progress: &Progress,
) -> Result<Inventory, Failure> {
    // This thread waits for the network, so others have to drive it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::unreachable)?;
    progress.step(format!("asking the registry {}", reference.host()));
    let credentials = match given(from)? {
        Some(credentials) => credentials,
        None => {
            let files = CredentialFiles::from_environment(|name| std::env::var_os(name));
            runtime
                .block_on(files.find(reference))
                .with_context(|| format!("look for credentials for {}", reference.host()))
                .map_err(|error| {
                    Failure::input(error).advise(
                        "mend what is named, or give --registry-username and --registry-password-stdin",
                    )
                })?
        }
    };
    let authorities = from.ca_file.as_deref().map(read_authorities).transpose();
    let options = RegistryOptions {
        extra_ca_pem: authorities.map_err(Failure::input)?,
        plain_http: from.plain_http,
        ..RegistryOptions::default()
    };
    let anonymous = matches!(credentials, Credentials::Anonymous);
    let registry =
        Registry::new(reference.clone(), credentials, options).map_err(Failure::input)?;
    let store = RegistryStore::new(Arc::new(registry), runtime.handle().clone());
    let failed = |error: ReadError| failure(reference, error, anonymous);
    let choice = Choice {
        reference: None,
        platform: settings.platform.clone(),
        same_everywhere: false,
    };
    let located = store.locate(&choice, &settings.limits).map_err(failed)?;
    let shown = Shown::new(from.source.to_string(), progress);
    let scanned = settings
        .image(None, &shown, |options| {
            read_located(&store, located, options)
        })
        .map_err(|error| failed(error.into()))?;
    tell_choice(&from.source, &scanned, progress);
    // What is still on its way is of no use any more.
    runtime.shutdown_background();
    Ok(named(&scanned, &reference.to_string()))
}

/// The credentials of the command line and the environment.
fn given(from: &SourceArgs) -> Result<Option<Credentials>, Failure> {
    let Some(user) = &from.registry_username else {
        return Ok(None);
    };
    let password = if from.registry_password_stdin {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .take(MAX_PASSWORD_BYTES)
            .read_to_string(&mut text)
            .context("read the registry's password from standard input")
            .map_err(Failure::input)?;
        // A key file has many lines and is one password.
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        std::env::var(PASSWORD_VARIABLE).unwrap_or_default()
    };
    if password.is_empty() {
        return Err(Failure::input(anyhow::anyhow!(
            "the password of the registry's user {user} is empty"
        ))
        .advise(format!(
            "give it by --registry-password-stdin or {PASSWORD_VARIABLE}"
        )));
    }
    Ok(Some(Credentials::Password {
        user: user.clone(),
        password: SecretString::from(password),
    }))
}

/// What a failure means for the exit code, and what to do about it.
fn failure(reference: &Reference, error: ReadError, anonymous: bool) -> Failure {
    let (exit, advice) = match &error {
        ReadError::Registry(error) => of_registry(reference, error, anonymous),
        ReadError::Image(ImageError::Ambiguous { .. }) => (
            Exit::BadInput,
            Some("choose one with --platform".to_owned()),
        ),
        // What the registry holds is not what its digests say: that is not the caller's doing.
        ReadError::Image(ImageError::Digest(_) | ImageError::Missing(_)) => (
            Exit::Unreachable,
            Some("push the image again, or ask who runs the registry".to_owned()),
        ),
        ReadError::Image(_) => (Exit::BadInput, None),
    };
    Failure {
        exit,
        error: anyhow::Error::new(error).context(format!("read image registry:{reference}")),
        advice,
    }
}

fn of_registry(
    reference: &Reference,
    error: &RegistryError,
    anonymous: bool,
) -> (Exit, Option<String>) {
    let host = reference.host();
    match error {
        RegistryError::NotFound { .. } => (
            Exit::BadInput,
            Some("check repository and tag; registries answer so too for what they do not show".to_owned()),
        ),
        RegistryError::Client(_) | RegistryError::Credentials { .. } => (Exit::BadInput, None),
        RegistryError::Unauthorised { .. } if anonymous => (
            Exit::Unreachable,
            Some(format!(
                "no credentials for {host} were found; use `docker login {host}`, or --registry-username with \
                 --registry-password-stdin"
            )),
        ),
        RegistryError::Unauthorised { .. } => (
            Exit::Unreachable,
            Some("check the credentials; tokens of clouds are good for some hours only".to_owned()),
        ),
        RegistryError::Busy { .. } => (
            Exit::Unreachable,
            Some("try again later; Docker Hub allows more to those who sign in".to_owned()),
        ),
        RegistryError::Unreachable { .. } => (
            Exit::Unreachable,
            Some(
                "check the name and the network; --ca-file for a private certificate authority, --plain-http for a \
                 registry without encryption"
                    .to_owned(),
            ),
        ),
        _ => (Exit::Unreachable, None),
    }
}
