//! GitHub's container registry. Source: GitHub, "REST API endpoints for packages", version 2022-11-28.

use serde::Deserialize;

use super::{
    super::{NamesPage, RegistryError},
    Named, PAGE, Product, PushedTag, TagsPage, is_digest, next_of, number, part, time,
};

#[derive(Deserialize)]
struct Version {
    /// The digest.
    name: String,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    container: Container,
}

#[derive(Default, Deserialize)]
struct Container {
    #[serde(default)]
    tags: Vec<String>,
}

impl Product {
    pub(super) async fn ghcr_repositories(
        &self,
        owner: &str,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        let page = number(after);
        let query = format!("packages?package_type=container&per_page={PAGE}&page={page}");
        let found: Option<Vec<Named>> = self.ghcr_of_owner(owner, &query).await?;
        let found = found.unwrap_or_default();
        Ok(NamesPage {
            next: next_of(page, found.len()),
            names: found
                .into_iter()
                .map(|package| format!("{owner}/{}", package.name.to_lowercase()))
                .collect(),
        })
    }

    pub(super) async fn ghcr_tags(
        &self,
        repository: &str,
        after: Option<&str>,
    ) -> Result<Option<TagsPage>, RegistryError> {
        let Some((owner, name)) = repository.split_once('/') else {
            return Ok(None);
        };
        let page = number(after);
        let query = format!(
            "packages/container/{}/versions?per_page={PAGE}&page={page}",
            part(name)
        );
        let found: Option<Vec<Version>> = self.ghcr_of_owner(owner, &query).await?;
        Ok(found.map(|versions| TagsPage {
            next: next_of(page, versions.len()),
            tags: versions
                .into_iter()
                .filter(|version| is_digest(&version.name))
                .flat_map(|version| {
                    let pushed_at = time(version.updated_at.as_deref());
                    let tags = version.metadata.container.tags.into_iter();
                    tags.map(move |name| PushedTag { name, pushed_at })
                })
                .collect(),
        }))
    }

    /// The packages of organisations and those of people are at different places, and no name says which it is.
    async fn ghcr_of_owner<T: serde::de::DeserializeOwned>(
        &self,
        owner: &str,
        query: &str,
    ) -> Result<Option<T>, RegistryError> {
        let mut headers = self.bearer();
        for (name, value) in [
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ] {
            headers.push((name.to_owned(), value.to_owned()));
        }
        for kind in ["orgs", "users"] {
            let path = format!("/{kind}/{}/{query}", part(owner));
            if let Some(found) = self.ask(&path, headers.clone()).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
