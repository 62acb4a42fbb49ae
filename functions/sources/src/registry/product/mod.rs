//! What products tell of their registries by interfaces of their own: repositories where `_catalog` lists none, and when
//! each tag was pushed, which the distribution specification has no word for.
//!
//! Sources: "Docker Hub API" (`/v2/namespaces/…/repositories`, `/tags`), GitHub's "REST API endpoints for packages", Quay's
//! API (`/api/v1/repository`), GitLab's "Container registry API", Harbor's API 2.0 (`/projects/…/repositories`,
//! `/artifacts`).

mod docker_hub;
mod ghcr;
mod gitlab;
mod harbor;
mod quay;

use schemas::{
    Digest, Timestamp,
    api::registry::{RegistryCredentialKind, RegistryKind, RegistrySettings},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    KeptCredentials, NamesPage, RegistryError, RegistryOptions, Scope,
    catalog::{MAX_NAME_BYTES, escaped},
    client::said_by,
    patience::Patience,
};
use crate::http::{Http, HttpOptions, HttpReply, HttpRequest};

/// Rows that a page is asked for: the most that each of these products gives.
const PAGE: usize = 100;
/// Largest page, in bytes.
const MAX_PAGE_BYTES: usize = 8 << 20;
/// Longest word of a product for where its list goes on, in bytes.
const MAX_NEXT_BYTES: usize = 1024;

/// A tag, and when it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedTag {
    /// The tag.
    pub name: String,
    /// When it was made to stand for what it stands for; `None` where the product does not say.
    pub pushed_at: Option<Timestamp>,
}

/// One page of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagsPage {
    /// The tags, as the product sends them.
    pub tags: Vec<PushedTag>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// A product's own interface, and how to sign in to it.
pub struct Product {
    how: How,
    http: Http,
    api: String,
    registry: String,
    user: Option<String>,
    secret: Option<SecretString>,
    patience: Patience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    DockerHub,
    Ghcr,
    Gitlab,
    Harbor,
    Quay,
}

/// Where a product's interface is that no setting names: only for the hosts that these products are known by, since
/// credentials are told to it.
fn known(settings: &RegistrySettings) -> Option<(How, Option<String>)> {
    let own = || Some(format!("https://{}", settings.address));
    let of = |host: &str, api: &str| (settings.address == host).then(|| api.to_owned());
    Some(match settings.kind {
        RegistryKind::DockerHub => (
            How::DockerHub,
            of(super::DOCKER_HUB, "https://hub.docker.com"),
        ),
        RegistryKind::Ghcr => (How::Ghcr, of("ghcr.io", "https://api.github.com")),
        RegistryKind::Gitlab => (How::Gitlab, of("registry.gitlab.com", "https://gitlab.com")),
        // These answer where their registry does.
        RegistryKind::Harbor => (How::Harbor, own()),
        RegistryKind::Quay => (How::Quay, own()),
        _ => return None,
    })
}

/// Whether a registry of this kind has an interface whose address can be named.
pub fn has_api(kind: RegistryKind) -> bool {
    let settings = RegistrySettings {
        name: String::new(),
        kind,
        address: String::new(),
        api: None,
        scope: schemas::api::registry::RegistryScope::default(),
        every_hours: None,
        enabled: true,
    };
    known(&settings).is_some()
}

impl Product {
    /// The interface of a registry's product; `None` when it has none, or nobody says where it is.
    ///
    /// # Errors
    /// [`RegistryError::Client`] when a certificate cannot be used.
    pub fn of(
        settings: &RegistrySettings,
        kept: Option<KeptCredentials>,
        options: &RegistryOptions,
    ) -> Result<Option<Self>, RegistryError> {
        let Some((how, api)) = known(settings) else {
            return Ok(None);
        };
        let Some(api) = settings.api.clone().or(api) else {
            return Ok(None);
        };
        let http = Http::new(&HttpOptions {
            extra_ca_pem: options.extra_ca_pem.clone(),
            allow_http: options.plain_http,
            guard: options.guard.clone(),
            // What is told to one server in confidence is not carried on to another.
            redirects: false,
            read_timeout: options.silence,
            ..HttpOptions::default()
        })
        .map_err(RegistryError::Client)?;
        let (user, secret) = match kept {
            Some(kept) => match kept.kind {
                RegistryCredentialKind::Password => (kept.user, Some(kept.secret)),
                RegistryCredentialKind::BearerToken => (None, Some(kept.secret)),
                // Those are for registries alone.
                _ => (None, None),
            },
            None => (None, None),
        };
        Ok(Some(Self {
            how,
            http,
            api: api.trim_end_matches('/').to_owned(),
            registry: settings.address.clone(),
            user,
            secret,
            patience: Patience::new(&settings.address, options),
        }))
    }

    /// Whether it tells when tags were pushed.
    pub fn knows_times(&self) -> bool {
        // GitLab tells of one tag at a time only.
        self.how != How::Gitlab
    }

    /// One page of the repositories that patterns of a scope may have, or `None` when `_catalog` is to be asked: when a
    /// pattern does not say whose repositories it means, and the product lists those of one owner only.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn repositories(
        &self,
        scope: &Scope<'_>,
        after: Option<&str>,
    ) -> Result<Option<NamesPage>, RegistryError> {
        let mut owners: Vec<&str> = Vec::new();
        for pattern in scope.patterns() {
            let Some(owner) = self.owner(pattern) else {
                return Ok(None);
            };
            owners.push(owner);
        }
        owners.sort_unstable();
        owners.dedup();
        let (index, after) = match after.and_then(|after| after.split_once('\n')) {
            Some((index, after)) => (index.parse().unwrap_or(usize::MAX), after),
            None => (0, ""),
        };
        let Some(owner) = owners.get(index) else {
            return Ok(Some(NamesPage::default()));
        };
        let after = Some(after).filter(|after| !after.is_empty());
        let mut page = match self.how {
            How::DockerHub => self.docker_hub_repositories(owner, after).await,
            How::Ghcr => self.ghcr_repositories(owner, after).await,
            How::Gitlab => self.gitlab_repositories(owner, after).await,
            How::Harbor => self.harbor_repositories(owner, after).await,
            How::Quay => self.quay_repositories(owner, after).await,
        }?;
        page.names.retain(|name| name.len() <= MAX_NAME_BYTES);
        page.next = page
            .next
            .filter(|next| next.len() <= MAX_NEXT_BYTES && Some(next.as_str()) != after);
        let further = index.saturating_add(1);
        page.next = match page.next {
            Some(next) => Some(format!("{index}\n{next}")),
            None if further < owners.len() => Some(format!("{further}\n")),
            None => None,
        };
        Ok(Some(page))
    }

    /// One page of the tags of a repository, with their times; `None` when there is no such repository.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn tags(
        &self,
        repository: &str,
        after: Option<&str>,
    ) -> Result<Option<TagsPage>, RegistryError> {
        let page = match self.how {
            How::DockerHub => self.docker_hub_tags(repository, after).await,
            How::Ghcr => self.ghcr_tags(repository, after).await,
            How::Harbor => self.harbor_tags(repository, after).await,
            How::Quay => self.quay_tags(repository, after).await,
            How::Gitlab => return Ok(None),
        }?;
        Ok(page.map(|mut page| {
            page.tags.retain(|tag| tag.name.len() <= MAX_NAME_BYTES);
            page.next = page
                .next
                .filter(|next| next.len() <= MAX_NEXT_BYTES && Some(next.as_str()) != after);
            page
        }))
    }

    /// Whose repositories a pattern means: its words before the first that is one, the first alone where owners have no
    /// owners.
    fn owner<'a>(&self, pattern: &'a str) -> Option<&'a str> {
        let wild = pattern.find(['*', '?'])?;
        let (plain, _) = pattern.split_at_checked(wild)?;
        let (owner, _) = match self.how {
            How::Gitlab => plain.rsplit_once('/')?,
            _ => plain.split_once('/')?,
        };
        (!owner.is_empty()).then_some(owner)
    }

    /// Asks for a document of the interface: `None` for one that is not there.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: Vec<(String, String)>,
    ) -> Result<Option<T>, RegistryError> {
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}{path}", self.api),
            headers,
            body: Vec::new(),
        };
        let reply = self.send(request).await?;
        match reply.status {
            200 => self.read(&reply).map(Some),
            404 => Ok(None),
            401 | 403 => Err(RegistryError::Unauthorised {
                registry: self.registry.clone(),
                repository: "its lists".to_owned(),
                said: said_by(reply.status, &reply.body),
            }),
            _ => Err(RegistryError::Answer {
                registry: self.registry.clone(),
                said: said_by(reply.status, &reply.body),
            }),
        }
    }

    /// Sends a request until there is an answer that repeating would not change.
    async fn send(&self, mut request: HttpRequest) -> Result<HttpReply, RegistryError> {
        // GitHub answers nobody who does not say who they are.
        let agent = concat!("bulkhead/", env!("CARGO_PKG_VERSION"));
        request
            .headers
            .push(("user-agent".to_owned(), agent.to_owned()));
        let mut attempt = 0;
        loop {
            let sent = self.http.send(request.clone(), MAX_PAGE_BYTES);
            match self.patience.limit(sent).await? {
                Ok(reply) if self.patience.again_after(attempt, reply.status) => {
                    self.patience
                        .wait(attempt, reply.header("retry-after"))
                        .await?;
                }
                Ok(reply) => return Ok(reply),
                Err(error) if self.patience.again(attempt, &error) => {
                    self.patience.wait(attempt, None).await?;
                }
                Err(source) => {
                    return Err(RegistryError::Unreachable {
                        registry: self.registry.clone(),
                        source,
                    });
                }
            }
            attempt += 1;
        }
    }

    fn read<T: DeserializeOwned>(&self, reply: &HttpReply) -> Result<T, RegistryError> {
        serde_json::from_slice(&reply.body).map_err(|_| RegistryError::Answer {
            registry: self.registry.clone(),
            said: "something else than a list".to_owned(),
        })
    }

    /// The header that signs in with a token, where there is a secret.
    fn bearer(&self) -> Vec<(String, String)> {
        let header = |secret: &SecretString| {
            let value = format!("Bearer {}", secret.expose_secret());
            ("authorization".to_owned(), value)
        };
        self.secret.iter().map(header).collect()
    }
}

/// The number of a page, from 1, as these products count them.
fn number(after: Option<&str>) -> u32 {
    after.and_then(|after| after.parse().ok()).unwrap_or(1)
}

/// The page after this one, while pages are full.
fn next_of(number: u32, rows: usize) -> Option<String> {
    (rows >= PAGE).then(|| number.saturating_add(1).to_string())
}

/// A part of a path, its slashes too.
fn part(text: &str) -> String {
    escaped(text).replace('/', "%2F")
}

/// A time of RFC 3339, of any precision and zone; `None` for anything else.
fn time(text: Option<&str>) -> Option<Timestamp> {
    // Times of pushes need no more than milliseconds.
    text?.parse().ok()
}

/// Lists that are wrapped, as `null` or absent for none.
#[derive(Deserialize)]
struct Results<T> {
    #[serde(default = "Vec::new")]
    results: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// Something with a name.
#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Whether a digest is one, so that versions of packages that are named otherwise are left out.
fn is_digest(text: &str) -> bool {
    text.parse::<Digest>().is_ok()
}
