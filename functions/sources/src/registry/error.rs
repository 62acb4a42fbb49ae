//! What can go wrong with a registry.

use inventory::image::ImageError;

use super::credentials::CredentialError;
use crate::http::HttpError;

/// Why a registry did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The client cannot be made.
    #[error("set up the client of the registry")]
    Client(#[source] HttpError),
    /// It cannot be reached, or the connection broke more often than was tried.
    #[error("ask the registry {registry}")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// It refuses these credentials, or wants some.
    #[error("the registry {registry} refuses to show {repository}: {said}")]
    Unauthorised {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What it answered.
        said: String,
    },
    /// It does not list its repositories, or not to these credentials.
    #[error(
        "the registry {registry} does not list its repositories ({said}); name them in the scope without patterns, or, where its product has an interface for lists, begin each pattern with an owner: `OWNER/*`"
    )]
    NoList {
        /// The registry.
        registry: String,
        /// What it answered.
        said: String,
    },
    /// It holds no such image.
    #[error("the registry {registry} holds no image {wanted}")]
    NotFound {
        /// The registry.
        registry: String,
        /// Repository with tag or digest.
        wanted: String,
    },
    /// It has no time now.
    #[error("the registry {registry} is busy and asks to come again in {wait_s} seconds")]
    Busy {
        /// The registry.
        registry: String,
        /// How long it wants to be left alone, in seconds.
        wait_s: u64,
    },
    /// Everything together took longer than one image may.
    #[error("the registry {registry} did not give the image within {time_s} seconds")]
    OutOfTime {
        /// The registry.
        registry: String,
        /// The bound, in seconds.
        time_s: u64,
    },
    /// A layer that comes by drops.
    #[error(
        "the registry {registry} sends less than {min_bytes_per_s} bytes of a layer in a second"
    )]
    TooSlow {
        /// The registry.
        registry: String,
        /// The bound.
        min_bytes_per_s: u64,
    },
    /// Any other answer that is no success.
    #[error("the registry {registry} answered {said}")]
    Answer {
        /// The registry.
        registry: String,
        /// Status and message.
        said: String,
    },
    /// A manifest larger than allowed.
    #[error("the registry {registry} sends a manifest of more than {max_bytes} bytes")]
    TooLarge {
        /// The registry.
        registry: String,
        /// The bound.
        max_bytes: u64,
    },
    /// A manifest whose content is another than its digest says.
    #[error("the registry {registry} sends something else than {digest}")]
    Digest {
        /// The registry.
        registry: String,
        /// What was asked for.
        digest: String,
    },
    /// The place where tokens are given out must not be told a password.
    #[error("the registry {registry} sends credentials to `{realm}`, which is not encrypted")]
    Realm {
        /// The registry.
        registry: String,
        /// Where tokens are given out.
        realm: String,
    },
    /// Its way of signing in is not understood.
    #[error(
        "the registry {registry} wants to be signed in to in a way that is not understood: {said}"
    )]
    Challenge {
        /// The registry.
        registry: String,
        /// What it wants.
        said: String,
    },
    /// Looking for credentials failed.
    #[error("look for credentials for {registry}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Why.
        #[source]
        source: CredentialError,
    },
}

impl RegistryError {
    /// Whether a product's own interface has nothing to say to this client, now or later, so that the registry is read without
    /// it: it does not let the client in, answers something else, or nobody answers there. What passes is no such reason, or a
    /// registry would be read in another way each time.
    pub fn is_for_good(&self) -> bool {
        let is_nobody = matches!(
            self,
            Self::Unreachable {
                source: HttpError::Unreachable { source, .. },
                ..
            } if source.is_connect() && !source.is_timeout()
        );
        is_nobody || !self.is_passing()
    }

    /// Whether the same might go well later: the registry or the way to it is at fault, and not what was asked.
    pub fn is_passing(&self) -> bool {
        let never = matches!(
            self,
            Self::Unreachable {
                source: HttpError::Internal(_) | HttpError::NotEncrypted(_),
                ..
            }
        );
        !never
            && matches!(
                self,
                Self::Unreachable { .. }
                    | Self::Busy { .. }
                    | Self::OutOfTime { .. }
                    | Self::TooSlow { .. }
            )
            || matches!(self, Self::Answer { said, .. } if said.starts_with('5') || said.starts_with("429"))
    }
}

/// Why an image of a registry could not be found or read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The image.
    #[error("read the image")]
    Image(#[source] ImageError),
}

impl From<ImageError> for ReadError {
    /// A failure of the registry travels through the reading of the image as an error of input; here it is taken out.
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Read { name, source } => match source.downcast::<RegistryError>() {
                Ok(error) => Self::Registry(error),
                Err(source) => Self::Image(ImageError::Read { name, source }),
            },
            other => Self::Image(other),
        }
    }
}
