//! Registries: where a tenant's images are kept, what is scanned of them, and how they tell of pushes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Digest, ImageId, RegistryId, Timestamp};

/// Products that registries are of: how they are signed in to, how repositories are listed, and how pushes are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistryKind {
    /// Any registry of the OCI distribution specification, as the distribution project's own.
    #[default]
    Generic,
    /// Docker Hub.
    DockerHub,
    /// Harbor.
    Harbor,
    /// Azure Container Registry.
    Acr,
    /// Amazon Elastic Container Registry.
    Ecr,
    /// Google Artifact Registry.
    ArtifactRegistry,
    /// GitHub's container registry.
    Ghcr,
    /// Quay.
    Quay,
    /// GitLab's container registry.
    Gitlab,
    /// JFrog Artifactory.
    Artifactory,
    /// Alibaba Cloud Container Registry.
    Aliyun,
    /// A product that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What is scanned of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryScope {
    /// Repositories, by name or pattern: `*` stands for any characters but `/`, `**` for any, `?` for one. One that is
    /// no pattern is scanned although the registry lists no repositories. At least one, at most 100.
    #[schema(min_items = 1, max_items = 100)]
    pub repositories: Vec<String>,
    /// Tags, by name or pattern; all of them when there are none here. At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub tags: Vec<String>,
    /// So many tags of each repository, the newest: 1 to 1,000, 10 when absent. The newest is the one that was pushed last
    /// where the product says when (Docker Hub, GitHub, Harbor, Quay); other registries do not, and there it is the last in
    /// the order of versions (`1.10` after `1.9`), and `latest` before all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub newest: Option<u32>,
    /// Platforms of images that have several, as `linux/arm64`; the one that is chosen everywhere when there are none
    /// here. At most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub platforms: Vec<String>,
}

/// A registry as it is set up, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrySettings {
    /// A name for people.
    #[schema(max_length = 100)]
    pub name: String,
    /// The product.
    #[serde(default)]
    pub kind: RegistryKind,
    /// Host, and port where it has one, as names of its images begin: `registry.example.org:5000`, `docker.io`.
    #[schema(max_length = 255)]
    pub address: String,
    /// Address of the product's own interface, such as `https://github.example.org/api/v3`, which lists repositories and
    /// says when tags were pushed. Absent: that of Docker Hub, GitHub, GitLab.com, and for Harbor and Quay the registry's
    /// own address. Only for these products; the credentials are told to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    pub api: Option<String>,
    /// What is scanned.
    pub scope: RegistryScope,
    /// Hours from one look for new images to the next, 1 to 720; absent for looks by hand and pushes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 720)]
    pub every_hours: Option<u32>,
    /// Whether it is looked at, and its pushes count.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// Forms of credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistryCredentialKind {
    /// User and password, or what is used as one: an access token of GitHub or GitLab, a robot's secret, a service
    /// principal's, the key file of a service account (user `_json_key`).
    #[default]
    Password,
    /// A refresh token, exchanged for access tokens (OAuth 2).
    IdentityToken,
    /// A token that the registry takes as it is.
    BearerToken,
    /// Access key and secret key of AWS, exchanged for ECR's passwords; the access key is the user.
    AwsKeys,
    /// A form that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Credentials. The secret is sealed, and never shown again.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewRegistryCredentials {
    /// Their form.
    #[serde(default)]
    pub kind: RegistryCredentialKind,
    /// The user, or the access key; absent for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub user: Option<String>,
    /// The password, token or secret key.
    #[schema(max_length = 32768, format = Password)]
    pub secret: String,
}

impl std::fmt::Debug for NewRegistryCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRegistryCredentials")
            .field("kind", &self.kind)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A registry to set up, or the state that replaces one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewRegistry {
    /// How it is set up.
    pub settings: RegistrySettings,
    /// How it is signed in to. Absent: not at all, or, where a registry is replaced, as before. Those of before are not
    /// taken to another address: they have to be given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<NewRegistryCredentials>,
    /// Whether the credentials of before are forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forget_credentials: bool,
}

/// What is shown of credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryCredentials {
    /// Their form.
    pub kind: RegistryCredentialKind,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When they were set.
    pub set_at: Timestamp,
}

/// A look for new images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryRun {
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its last part was done so far. Repositories are looked at each on its own, so one may still be waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Repositories that are within the scope.
    #[serde(default)]
    pub repositories: u32,
    /// Of these, those that were looked at.
    #[serde(default)]
    pub repositories_done: u32,
    /// Tags that are within the scope.
    #[serde(default)]
    pub tags: u32,
    /// Images that were not known and are read.
    #[serde(default)]
    pub queued: u32,
    /// What went wrong, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// How it was done where that was not as the settings let one expect, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryDetail {
    /// Its id.
    pub id: RegistryId,
    /// How it is set up.
    pub settings: RegistrySettings,
    /// How it is signed in to; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<RegistryCredentials>,
    /// When each secret of its webhook was made, the newest first. All of these open it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_secrets: Vec<Timestamp>,
    /// The last look for new images; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RegistryRun>,
    /// When it was set up.
    pub created_at: Timestamp,
    /// Who set it up.
    pub created_by: String,
    /// When it last was changed.
    pub updated_at: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

/// One page of registries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryList {
    /// The registries.
    pub registries: Vec<RegistryDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// How a new secret of a webhook is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewWebhookSecret {
    /// Whether those of before stop to open the webhook at once. Otherwise the newest of them goes on to, until the next
    /// one is made, so that a registry can be told of the new one meanwhile.
    #[serde(default)]
    pub replace: bool,
}

/// A secret of a webhook, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecret {
    /// The secret.
    #[schema(format = Password)]
    pub secret: String,
    /// Path of the webhook below this service's address, where `FORMAT` stands for the registry's: `acr`, `aliyun`,
    /// `artifactory`, `distribution`, `docker_hub`, `ecr`, `ghcr`, `gitlab`, `harbor` or `quay`.
    pub path: String,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecret")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What became of a push that a registry told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookReply {
    /// Images that are going to be read, if they are not known.
    pub queued: u32,
    /// Why something in it was ignored, each reason once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// An image that a registry keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryImageRow {
    /// Its repository.
    pub repository: String,
    /// Its tag.
    pub tag: String,
    /// Digest of its manifest or index; absent where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The images that were read of it, one for each platform; see `/api/v1/images/{id}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageId>,
    /// When it was read, or given up.
    pub updated_at: Timestamp,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One page of the images of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryImageList {
    /// The images, by repository and tag.
    pub images: Vec<RegistryImageRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What came of trying a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryTest {
    /// Whether it answered and let this service in.
    pub ok: bool,
    /// What it did, or what went wrong and where.
    pub detail: String,
}
