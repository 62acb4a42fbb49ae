//! Keys that bundles are signed with: made here, kept in a file that only their owner reads.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
};

use access::keys::{AgentKey, PublicKey};
use anyhow::Context;
use secrecy::SecretBox;

use crate::{
    args::FeedsKeyNewArgs,
    exit::{Exit, Failure, Outcome},
    output,
};

/// What a file of a signing key begins with, so that no other secret is taken for one.
const SECRET_PREFIX: &str = "bulkhead-feeds-secret-key:";
/// Largest file of a key.
const MAX_KEY_BYTES: u64 = 4096;

/// Makes a key: the secret half goes to a file, the public half is printed.
pub(super) fn new(args: &FeedsKeyNewArgs) -> Outcome {
    let mut seed = SecretBox::new(Box::new([0_u8; 32]));
    let filled = {
        use secrecy::ExposeSecretMut as _;
        getrandom::fill(seed.expose_secret_mut())
    };
    filled
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("get random bytes from the system")
        .map_err(Failure::input)?;
    let text = {
        use secrecy::ExposeSecret as _;
        format!("{SECRET_PREFIX}{}\n", hex::encode(seed.expose_secret()))
    };
    let key = AgentKey::from_seed(seed);
    write_secret(&args.file, &text)
        .with_context(|| format!("write {}", args.file.display()))
        .map_err(|error| {
            Failure::input(error)
                .advise("name a file that is not there yet: a key in use is never replaced")
        })?;
    let public = format!("{}\n", key.public().to_base64url());
    output::write(None, public.as_bytes())?;
    output::tell(&format!(
        "bulkhead: the secret key is in {}; the public key above goes to where bundles are imported\n",
        crate::text::plain(&args.file.display().to_string())
    ));
    Ok(Exit::Pass)
}

fn write_secret(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut out = options.open(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|opened| opened.take(MAX_KEY_BYTES).read_to_string(&mut text))
        .with_context(|| format!("read the key in {}", file.display()))
        .map_err(Failure::input)?;
    Ok(text)
}

/// The signing key in a file.
pub(super) fn secret(file: &Path) -> Result<AgentKey, Failure> {
    let text = read(file)?;
    let seed = text
        .trim()
        .strip_prefix(SECRET_PREFIX)
        .and_then(|seed| hex::decode(seed).ok())
        .and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    match seed {
        Some(seed) => Ok(AgentKey::from_seed(SecretBox::new(Box::new(seed)))),
        None => Err(
            Failure::input(anyhow::anyhow!("{} holds no signing key", file.display()))
                .advise("make one with `bulkhead feeds key new FILE`"),
        ),
    }
}

/// The public key that is given as text, or in a file.
pub(super) fn public(given: &str) -> Result<PublicKey, Failure> {
    let text = match Path::new(given) {
        file if file.is_file() => read(file)?,
        _ => given.to_owned(),
    };
    if text.trim().starts_with(SECRET_PREFIX) {
        return Err(
            Failure::input(anyhow::anyhow!("{given} is a secret key, and not a public one"))
                .advise("bring only the public key to where bundles are imported; `bulkhead feeds key show FILE` prints it"),
        );
    }
    PublicKey::from_base64url(text.trim())
        .with_context(|| format!("--key {given}"))
        .map_err(|error| {
            Failure::input(error).advise(
                "give the public key that `bulkhead feeds key new` printed, or a file that holds it",
            )
        })
}

/// Prints the public half of a key.
pub(super) fn show(file: &Path) -> Outcome {
    let public = format!("{}\n", secret(file)?.public().to_base64url());
    output::write(None, public.as_bytes())?;
    Ok(Exit::Pass)
}
