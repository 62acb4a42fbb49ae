//! Images to be read where their registries keep them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An image of a registry that is to be read and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewImageScan {
    /// Its name, `[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]`.
    #[schema(example = "mcr.microsoft.com/windows/servercore:ltsc2022")]
    pub reference: String,
    /// Which of several platforms, `OS/ARCH[/VARIANT][:OS_VERSION]`. Without it: never between Linux and Windows, of Linux
    /// `amd64`, else `arm64`, else the first by name, of Windows the newest long-term line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "windows/amd64:10.0.20348")]
    pub platform: Option<String>,
}

/// An image that is going to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuedImageScan {
    /// Its name as it was understood. It appears among the images under this name; why it could not be read is among the
    /// dead letters of the queue `registry`.
    pub reference: String,
}
