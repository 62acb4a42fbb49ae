//! Docker Hub. Source: "Docker Hub API", `/v2/auth/token`, `/v2/namespaces/{namespace}/repositories` and its `/tags`.

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{
    super::{NamesPage, RegistryError},
    Named, PAGE, Product, PushedTag, Results, TagsPage, number, part, time,
};
use crate::http::HttpRequest;

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    tag_last_pushed: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
}

impl Product {
    pub(super) async fn docker_hub_repositories(
        &self,
        owner: &str,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        let page = number(after);
        let path = format!(
            "/v2/namespaces/{}/repositories?page={page}&page_size={PAGE}",
            part(owner)
        );
        let found: Option<Results<Named>> =
            self.ask(&path, self.docker_hub_signed_in().await?).await?;
        let Some(found) = found else {
            return Ok(NamesPage::default());
        };
        let next = found.next.map(|_| page.saturating_add(1).to_string());
        let names = found.results.into_iter();
        Ok(NamesPage {
            names: names.map(|row| format!("{owner}/{}", row.name)).collect(),
            next,
        })
    }

    pub(super) async fn docker_hub_tags(
        &self,
        repository: &str,
        after: Option<&str>,
    ) -> Result<Option<TagsPage>, RegistryError> {
        let Some((owner, name)) = repository.split_once('/') else {
            return Ok(None);
        };
        let page = number(after);
        let path = format!(
            "/v2/namespaces/{}/repositories/{}/tags?page={page}&page_size={PAGE}",
            part(owner),
            part(name)
        );
        let found: Option<Results<Tag>> =
            self.ask(&path, self.docker_hub_signed_in().await?).await?;
        Ok(found.map(|found| TagsPage {
            next: found.next.map(|_| page.saturating_add(1).to_string()),
            tags: found
                .results
                .into_iter()
                .map(|tag| PushedTag {
                    pushed_at: time(tag.tag_last_pushed.or(tag.last_updated).as_deref()),
                    name: tag.name,
                })
                .collect(),
        }))
    }

    /// A token for password or access token; nothing without them, for what everybody sees.
    async fn docker_hub_signed_in(&self) -> Result<Vec<(String, String)>, RegistryError> {
        #[derive(Deserialize)]
        struct Given {
            access_token: String,
        }
        let (Some(user), Some(secret)) = (&self.user, &self.secret) else {
            return Ok(self.bearer());
        };
        let body = serde_json::json!({"identifier": user, "secret": secret.expose_secret()});
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: format!("{}/v2/auth/token", self.api),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        let reply = self.send(request).await?;
        if reply.status != 200 {
            return Err(RegistryError::Unauthorised {
                registry: self.registry.clone(),
                repository: "its lists".to_owned(),
                said: format!("{} to user and password", reply.status),
            });
        }
        let given: Given = self.read(&reply)?;
        let value = format!("Bearer {}", given.access_token);
        Ok(vec![("authorization".to_owned(), value)])
    }
}
