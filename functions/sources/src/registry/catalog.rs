//! What a registry keeps: its repositories, the tags of one, and what a tag stands for.
//!
//! Sources: OCI distribution-spec 1.1, "Listing Tags" and "Checking if content exists in the registry"; the distribution
//! project's "Listing Repositories" (`_catalog`), which Harbor, Azure, Amazon ECR, Artifactory and Google have as well, and
//! Docker Hub, GitHub, GitLab.com and Quay.io do not: there, `product` asks interfaces of their own.

use serde::Deserialize;

use super::{Product, Registry, RegistryError, Scope};
use schemas::Digest;

/// Rows that a page is asked for.
const PAGE: usize = 1000;
/// Largest page, in bytes.
const MAX_PAGE_BYTES: u64 = 8 << 20;
/// Longest name that a registry of the distribution specification has.
pub(super) const MAX_NAME_BYTES: usize = 255;

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesPage {
    /// The names, as the registry sends them.
    pub names: Vec<String>,
    /// The last name, after which the next page begins; `None` at the end.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Repositories {
    // Some registries write `null` for none.
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Registry {
    /// Whether the registry answers and lets this client in, as far as its first address tells.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn ping(&self) -> Result<(), RegistryError> {
        let mut answer = self.ask("", &[]).await?;
        match answer.status() {
            200 => Ok(()),
            _ => Err(self.failed(&mut answer).await),
        }
    }

    /// One page of the repositories of the registry.
    ///
    /// # Errors
    /// See [`RegistryError`]; [`RegistryError::NoList`] when it does not list them.
    pub async fn repositories(&self, after: Option<&str>) -> Result<NamesPage, RegistryError> {
        let path = page_of("_catalog", after);
        let mut answer = match self.ask(&path, &[]).await {
            Ok(answer) => answer,
            Err(RegistryError::Unauthorised { said, .. }) => {
                return Err(RegistryError::NoList {
                    registry: self.name(),
                    said,
                });
            }
            Err(error) => return Err(error),
        };
        match answer.status() {
            200 => {}
            404 | 405 | 501 => {
                return Err(RegistryError::NoList {
                    registry: self.name(),
                    said: answer.status().to_string(),
                });
            }
            _ => return Err(self.failed(&mut answer).await),
        }
        let next = answer.header("link").and_then(last_of);
        let bytes = self.body(&mut answer, MAX_PAGE_BYTES).await?;
        let page: Repositories = self.page(&bytes)?;
        Ok(paged(page.repositories.unwrap_or_default(), next, after))
    }

    /// One page of the repositories that patterns of a scope may have: from the interface of the registry's product, where
    /// that lists them.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn repositories_of(
        &self,
        product: Option<&Product>,
        scope: &Scope<'_>,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        // Only lists of products go on at places with such a sign; names of repositories have none.
        let is_of_product = after.is_none_or(|after| after.contains('\n'));
        if let Some(product) = product.filter(|_| is_of_product) {
            match product.repositories(scope, after).await {
                Ok(Some(page)) => return Ok(page),
                Ok(None) => {}
                // Who may read images need not have a say in the product's own interface, nor a way to it.
                Err(error) if after.is_none() && error.is_for_good() => {
                    let error = &error as &dyn std::error::Error;
                    tracing::info!(registry = %self.name(), error, "the product's own interface lists nothing");
                }
                Err(error) => return Err(error),
            }
        }
        self.repositories(after).await
    }

    /// One page of the tags of the repository of the reference; none when there is no such repository.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn tags(&self, after: Option<&str>) -> Result<Option<NamesPage>, RegistryError> {
        let path = format!(
            "{}/{}",
            self.reference().repository(),
            page_of("tags/list", after)
        );
        let mut answer = self.ask(&path, &[]).await?;
        match answer.status() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(self.failed(&mut answer).await),
        }
        let next = answer.header("link").and_then(last_of);
        let bytes = self.body(&mut answer, MAX_PAGE_BYTES).await?;
        let page: Tags = self.page(&bytes)?;
        Ok(Some(paged(page.tags.unwrap_or_default(), next, after)))
    }

    /// The digest of what a tag of the repository stands for; none when there is no such tag, or the registry does not say.
    ///
    /// # Errors
    /// See [`RegistryError`].
    pub async fn digest_of(&self, tag: &str) -> Result<Option<Digest>, RegistryError> {
        let path = format!("{}/manifests/{tag}", self.reference().repository());
        let mut answer = self
            .ask_head(&path, &[("accept", super::client::MANIFESTS)])
            .await?;
        match answer.status() {
            200 => Ok(answer
                .header("docker-content-digest")
                .and_then(|digest| digest.parse().ok())),
            404 => Ok(None),
            _ => Err(self.failed(&mut answer).await),
        }
    }

    fn page<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, RegistryError> {
        serde_json::from_slice(bytes).map_err(|_| RegistryError::Answer {
            registry: self.name(),
            said: "something else than a list".to_owned(),
        })
    }
}

fn page_of(what: &str, after: Option<&str>) -> String {
    match after {
        Some(after) => format!("{what}?n={PAGE}&last={}", escaped(after)),
        None => format!("{what}?n={PAGE}"),
    }
}

/// A page goes on where its header says; a registry that names the same place again would never end. What is longer than any
/// name of a repository or tag can be is none.
fn paged(mut names: Vec<String>, next: Option<String>, after: Option<&str>) -> NamesPage {
    let is_any = !names.is_empty();
    names.retain(|name| name.len() <= MAX_NAME_BYTES);
    let next = next.filter(|next| Some(next.as_str()) != after && is_any);
    NamesPage { names, next }
}

/// Text within a query.
pub(super) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Where the next page begins: the parameter `last` of a `Link` header (RFC 8288). Nothing else of the address counts, so
/// that no registry sends its list's reader elsewhere.
fn last_of(link: &str) -> Option<String> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    if !rest.contains("next") {
        return None;
    }
    let base = reqwest::Url::parse("https://registry.invalid/").ok()?;
    let target = base.join(target).ok()?;
    let mut last = target.query_pairs().filter(|(name, _)| name == "last");
    let (_, last) = last.next()?;
    (last.len() <= 1024).then(|| last.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_where_its_link_says() {
        for (link, last) in [
            (
                r#"</v2/_catalog?last=team%2Fapp&n=100>; rel="next""#,
                Some("team/app"),
            ),
            (
                r#"<https://evil.example.org/v2/x?n=1&last=b>; rel="next""#,
                Some("b"),
            ),
            (r#"</v2/_catalog?n=100>; rel="next""#, None),
            (r#"</v2/_catalog?last=a>; rel="prev""#, None),
            ("", None),
            ("<", None),
        ] {
            assert_eq!(last_of(link).as_deref(), last, "{link}");
        }
        assert_eq!(
            page_of("tags/list", Some("a b&n=1")),
            "tags/list?n=1000&last=a%20b%26n%3D1"
        );
        let names = || vec!["a".to_owned()];
        assert_eq!(paged(names(), Some("a".to_owned()), Some("a")).next, None);
        assert_eq!(paged(Vec::new(), Some("a".to_owned()), None).next, None);
        assert!(paged(names(), Some("a".to_owned()), None).next.is_some());
    }
}
