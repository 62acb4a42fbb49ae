//! Collections: which resources something is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a collection has. A resource is in it when every part that is not empty has a pattern that the resource fits; a
/// part without patterns says nothing. In a pattern `*` stands for any characters or none, `/` among them, and all else for
/// itself. What a resource does not have at all, such as a namespace, no pattern of that part fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CollectionParts {
    /// Names of images, read as registries are: `team/*` is `docker.io/team/*`, `*/team/*` is at any registry. A name
    /// without tag and digest stands for all of them.
    #[schema(max_items = 200, example = json!(["registry.example.com/shop/*"]))]
    pub images: Vec<String>,
    /// Namespaces of the containers that run an image.
    #[schema(max_items = 200, example = json!(["shop-*"]))]
    pub namespaces: Vec<String>,
    /// Names of hosts, in any case: the hosts themselves, and images of which they have containers.
    #[schema(max_items = 200, example = json!(["web-*"]))]
    pub hosts: Vec<String>,
    /// Labels of hosts, images and containers, `KEY=VALUE`; a key alone stands for any value.
    #[schema(max_items = 200, example = json!(["team=shop"]))]
    pub labels: Vec<String>,
    /// Accounts of a cloud that hosts are in, by their label `cloud.account.id`.
    #[schema(max_items = 200, example = json!(["123456789012"]))]
    pub accounts: Vec<String>,
}
