//! Images to be read where their registries keep them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ImageId, ImageRequestId, Timestamp};

/// An image of a registry that is to be read and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewImageScan {
    /// Its name, `[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]`.
    #[schema(
        max_length = 700,
        example = "mcr.microsoft.com/windows/servercore:ltsc2022"
    )]
    pub reference: String,
    /// Which of several platforms, `OS/ARCH[/VARIANT][:OS_VERSION]`. Without it: never between Linux and Windows, of Linux
    /// `amd64`, else `arm64`, else the first by name, of Windows the newest long-term line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "windows/amd64:10.0.20348")]
    pub platform: Option<String>,
}

/// An image that is going to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuedImageScan {
    /// Its name as it was understood. It appears among the images under this name.
    pub reference: String,
    /// The request, whose state `GET /api/v1/images/requests/{id}` tells.
    pub id: ImageRequestId,
}

/// How far a request to read an image is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageRequestState {
    /// It waits.
    #[default]
    Queued,
    /// The registry is asked, perhaps not for the first time.
    Reading,
    /// The image was read.
    Done,
    /// It was given up; the reason says why.
    Failed,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A request to read an image where its registry keeps it. It is kept for a week after its last change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageRequest {
    /// Its id.
    pub id: ImageRequestId,
    /// The image's name as it was understood.
    pub reference: String,
    /// Which of several platforms was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// How far it is.
    pub state: ImageRequestState,
    /// The image, once it is known which one the name means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    /// Why it was given up, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    pub requested_at: Timestamp,
    /// Who made it.
    pub requested_by: String,
    /// When its state last changed.
    pub updated_at: Timestamp,
}
