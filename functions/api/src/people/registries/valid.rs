//! What a registry may be set up as.

use schemas::api::registry::{
    NewRegistryCredentials, RegistryCredentialKind, RegistryKind, RegistryScope, RegistrySettings,
};
use sources::registry::{MAX_PATTERN_BYTES, Reference, ecr_region, has_api, is_pattern};

use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

const MAX_NAME_CHARS: usize = 100;
const MAX_PATTERNS: usize = 100;
const MAX_PLATFORMS: usize = 10;
const MAX_PLATFORM_BYTES: usize = 100;
const MAX_NEWEST: u32 = 1000;
const MAX_EVERY_HOURS: u32 = 720;
const MAX_USER_CHARS: usize = 256;
const MAX_SECRET_BYTES: usize = 32 * 1024;

fn bad(why: impl Into<String>) -> ApiError {
    ApiError::new(Kind::BadRequest, why)
}

/// Settings in their normal form, when they are sound and their address is one that is asked.
pub(super) fn settings(
    state: &ApiState,
    mut settings: RegistrySettings,
) -> Result<RegistrySettings, ApiError> {
    let name = settings.name.trim();
    let chars = name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&chars) || name.chars().any(char::is_control) {
        return Err(bad(format!(
            "`settings.name` has 1 to {MAX_NAME_CHARS} characters and no control characters."
        )));
    }
    settings.name = name.to_owned();
    if settings.kind == RegistryKind::Unknown {
        return Err(bad(
            "`settings.kind` is none of those that are known; `generic` is for any registry.",
        ));
    }
    settings.address = address(state, &settings.address)?;
    if let Some(hours) = settings.every_hours
        && !(1..=MAX_EVERY_HOURS).contains(&hours)
    {
        return Err(bad(format!(
            "`settings.every_hours` is 1 to {MAX_EVERY_HOURS}."
        )));
    }
    settings.scope = scope(&settings.address, settings.scope)?;
    settings.api = match settings.api {
        Some(api) => Some(self::api(state, settings.kind, &api)?),
        None => None,
    };
    Ok(settings)
}

/// The address of a product's own interface.
fn api(state: &ApiState, kind: RegistryKind, text: &str) -> Result<String, ApiError> {
    if !has_api(kind) {
        return Err(bad(
            "`settings.api` is for docker_hub, ghcr, gitlab, harbor and quay: other products have no interface that is asked.",
        ));
    }
    let text = text.trim().trim_end_matches('/');
    let form = || {
        bad(
            "`settings.api` is an address such as https://github.example.org/api/v3, without user, query and fragment.",
        )
    };
    let plain = text.strip_prefix("https://").ok_or_else(form)?;
    if plain.contains(['@', '?', '#']) {
        return Err(form());
    }
    if let Some(guard) = &state.registries().guard {
        guard
            .url(text)
            .map_err(|error| bad(format!("`settings.api`: {error}.")))?;
    }
    Ok(text.to_owned())
}

/// A host that names of images begin with, and that is asked.
fn address(state: &ApiState, text: &str) -> Result<String, ApiError> {
    let text = text.trim().to_ascii_lowercase();
    let form = || {
        bad(
            "`settings.address` is the host, and the port after a colon, that names of images begin with: without https:// and without a path, such as registry.example.org:5000.",
        )
    };
    if text.len() > 255 || text.contains('/') {
        return Err(form());
    }
    let reference: Reference = format!("{text}/x/y").parse().map_err(|_| form())?;
    if reference.repository() != "x/y" {
        return Err(form());
    }
    if let Some(guard) = &state.registries().guard {
        guard
            .url(&format!("https://{}/", reference.address()))
            .map_err(|error| bad(format!("`settings.address`: {error}.")))?;
    }
    Ok(reference.host().to_owned())
}

fn scope(address: &str, mut scope: RegistryScope) -> Result<RegistryScope, ApiError> {
    if !(1..=MAX_PATTERNS).contains(&scope.repositories.len()) || scope.tags.len() > MAX_PATTERNS {
        return Err(bad(format!(
            "`settings.scope` has 1 to {MAX_PATTERNS} `repositories` and at most {MAX_PATTERNS} `tags`."
        )));
    }
    for repository in &mut scope.repositories {
        *repository = self::repository(address, repository)?;
    }
    let of_tag = |b: u8| b.is_ascii_alphanumeric() || b"._-*?".contains(&b);
    for tag in &scope.tags {
        if !(1..=128).contains(&tag.len()) || !tag.bytes().all(of_tag) {
            return Err(bad(format!(
                "`settings.scope.tags`: {tag:?} is neither a tag nor a pattern of tags."
            )));
        }
    }
    if let Some(newest) = scope.newest
        && !(1..=MAX_NEWEST).contains(&newest)
    {
        return Err(bad(format!(
            "`settings.scope.newest` is 1 to {MAX_NEWEST}."
        )));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte);
    let is_platform =
        |text: &String| (1..=MAX_PLATFORM_BYTES).contains(&text.len()) && text.bytes().all(plain);
    if scope.platforms.len() > MAX_PLATFORMS || !scope.platforms.iter().all(is_platform) {
        return Err(bad(format!(
            "`settings.scope.platforms` has at most {MAX_PLATFORMS} of the form OS/ARCH[/VARIANT][:OS_VERSION], such as linux/arm64."
        )));
    }
    Ok(scope)
}

/// A repository as its registry names it, or a pattern.
fn repository(address: &str, text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    let unfit = || {
        let shown: String = text.chars().take(100).collect();
        bad(format!(
            "`settings.scope.repositories`: {shown:?} is neither a repository of {address} nor a pattern; leave out the registry and the tag."
        ))
    };
    let of_pattern = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"./_-*?".contains(&b);
    if text.is_empty() || text.len() > MAX_PATTERN_BYTES || !text.bytes().all(of_pattern) {
        return Err(unfit());
    }
    if is_pattern(text) {
        return Ok(text.to_owned());
    }
    let reference: Reference = format!("{address}/{text}").parse().map_err(|_| unfit())?;
    Ok(reference.repository().to_owned())
}

/// Credentials that the registry of this address can be signed in to with.
pub(super) fn credentials(
    address: &str,
    credentials: &NewRegistryCredentials,
) -> Result<(), ApiError> {
    use RegistryCredentialKind as Kind;
    let secret = &credentials.secret;
    if secret.is_empty() || secret.len() > MAX_SECRET_BYTES {
        return Err(bad(format!(
            "`credentials.secret` has 1 to {MAX_SECRET_BYTES} bytes."
        )));
    }
    let user = credentials.user.as_deref().unwrap_or_default();
    let odd = |c: char| c.is_control() || c == ':';
    if user.chars().count() > MAX_USER_CHARS || user.chars().any(odd) {
        return Err(bad(format!(
            "`credentials.user` has at most {MAX_USER_CHARS} characters, no colon and no control characters."
        )));
    }
    match credentials.kind {
        Kind::Password | Kind::AwsKeys if user.is_empty() => Err(bad(
            "`credentials.user` is missing: the user, or the access key of AWS.",
        )),
        Kind::AwsKeys if ecr_region(address).is_none() => Err(bad(
            "`credentials.kind`: keys of AWS are for registries of the form ACCOUNT.dkr.ecr.REGION.amazonaws.com.",
        )),
        // They are sent in a header.
        Kind::BearerToken if secret.chars().any(|c| c.is_control() || c.is_whitespace()) => Err(
            bad("`credentials.secret`: no token has spaces or control characters."),
        ),
        Kind::Unknown => Err(bad(
            "`credentials.kind` is `password`, `identity_token`, `bearer_token` or `aws_keys`.",
        )),
        _ => Ok(()),
    }
}
