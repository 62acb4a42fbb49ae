//! Quay. Source: Quay's API, `listRepos` and `listRepoTags`. Its interface takes tokens of OAuth applications alone: with a
//! robot's password, what everybody sees is told.

use serde::Deserialize;

use super::{
    super::{NamesPage, RegistryError, catalog::escaped},
    PAGE, Product, PushedTag, TagsPage, number, part,
};
use schemas::Timestamp;

#[derive(Deserialize)]
struct Repositories {
    #[serde(default)]
    repositories: Vec<Repository>,
    #[serde(default)]
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    has_additional: bool,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    /// Seconds since 1970.
    #[serde(default)]
    start_ts: Option<i64>,
}

impl Product {
    pub(super) async fn quay_repositories(
        &self,
        owner: &str,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        let mut path = format!("/api/v1/repository?namespace={}", part(owner));
        if let Some(after) = after {
            path.push_str("&next_page=");
            path.push_str(&escaped(after));
        }
        let found: Option<Repositories> = self.ask(&path, self.quay_signed_in()).await?;
        Ok(found.map_or_else(NamesPage::default, |found| NamesPage {
            next: found.next_page,
            names: found
                .repositories
                .into_iter()
                .map(|row| format!("{}/{}", row.namespace, row.name))
                .collect(),
        }))
    }

    pub(super) async fn quay_tags(
        &self,
        repository: &str,
        after: Option<&str>,
    ) -> Result<Option<TagsPage>, RegistryError> {
        let page = number(after);
        let path = format!(
            "/api/v1/repository/{}/tag/?onlyActiveTags=true&limit={PAGE}&page={page}",
            escaped(repository)
        );
        let found: Option<Tags> = self.ask(&path, self.quay_signed_in()).await?;
        Ok(found.map(|found| TagsPage {
            next: found
                .has_additional
                .then(|| page.saturating_add(1).to_string()),
            tags: found
                .tags
                .into_iter()
                .map(|tag| PushedTag {
                    pushed_at: tag
                        .start_ts
                        .map(|s| Timestamp::from_ms(s.saturating_mul(1000))),
                    name: tag.name,
                })
                .collect(),
        }))
    }

    fn quay_signed_in(&self) -> Vec<(String, String)> {
        match self.user {
            Some(_) => Vec::new(),
            None => self.bearer(),
        }
    }
}
