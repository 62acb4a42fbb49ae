//! Harbor. Source: Harbor's API 2.0 (`swagger.yaml`), `listRepositories` and `listArtifacts`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{
    super::{NamesPage, RegistryError},
    Named, PAGE, Product, PushedTag, TagsPage, next_of, number, part, time,
};

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    push_time: Option<String>,
}

impl Product {
    pub(super) async fn harbor_repositories(
        &self,
        owner: &str,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        let page = number(after);
        let path = format!(
            "/api/v2.0/projects/{}/repositories?page={page}&page_size={PAGE}",
            part(owner)
        );
        let found: Option<Vec<Named>> = self.ask(&path, self.harbor_signed_in()).await?;
        let found = found.unwrap_or_default();
        Ok(NamesPage {
            next: next_of(page, found.len()),
            names: found.into_iter().map(|row| row.name).collect(),
        })
    }

    pub(super) async fn harbor_tags(
        &self,
        repository: &str,
        after: Option<&str>,
    ) -> Result<Option<TagsPage>, RegistryError> {
        let Some((project, name)) = repository.split_once('/') else {
            return Ok(None);
        };
        let page = number(after);
        // A slash within a repository's name is escaped twice, as the interface asks for.
        let path = format!(
            "/api/v2.0/projects/{}/repositories/{}/artifacts?with_tag=true&page={page}&page_size={PAGE}",
            part(project),
            part(name).replace('%', "%25")
        );
        let found: Option<Vec<Artifact>> = self.ask(&path, self.harbor_signed_in()).await?;
        Ok(found.map(|artifacts| TagsPage {
            next: next_of(page, artifacts.len()),
            tags: artifacts
                .into_iter()
                .flat_map(|artifact| artifact.tags.unwrap_or_default())
                .map(|tag| PushedTag {
                    pushed_at: time(tag.push_time.as_deref()),
                    name: tag.name,
                })
                .collect(),
        }))
    }

    fn harbor_signed_in(&self) -> Vec<(String, String)> {
        let (Some(user), Some(secret)) = (&self.user, &self.secret) else {
            return self.bearer();
        };
        let pair = STANDARD.encode(format!("{user}:{}", secret.expose_secret()));
        vec![("authorization".to_owned(), format!("Basic {pair}"))]
    }
}
