//! GitLab's container registry. Source: GitLab, "Container registry API", repositories of a group and of a project.

use serde::Deserialize;

use super::{
    super::{NamesPage, RegistryError},
    PAGE, Product, next_of, number, part,
};

#[derive(Deserialize)]
struct Repository {
    path: String,
}

impl Product {
    pub(super) async fn gitlab_repositories(
        &self,
        owner: &str,
        after: Option<&str>,
    ) -> Result<NamesPage, RegistryError> {
        let page = number(after);
        for kind in ["groups", "projects"] {
            let path = format!(
                "/api/v4/{kind}/{}/registry/repositories?per_page={PAGE}&page={page}",
                part(owner)
            );
            let found: Option<Vec<Repository>> = self.ask(&path, self.bearer()).await?;
            if let Some(found) = found {
                return Ok(NamesPage {
                    next: next_of(page, found.len()),
                    names: found.into_iter().map(|row| row.path).collect(),
                });
            }
        }
        Ok(NamesPage::default())
    }
}
