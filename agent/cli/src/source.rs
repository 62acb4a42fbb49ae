//! What is scanned: the forms of SOURCE.

use std::{fmt, path::PathBuf, str::FromStr};

use sources::registry::{InvalidReference, Reference};

/// What to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An image of a Docker Engine, by reference or id.
    Docker(String),
    /// An image of a containerd, read from its folder, by name or digest.
    Containerd(String),
    /// An image in a registry.
    Registry(Reference),
    /// An image in a file: `docker save` in either layout, or an OCI layout as a tar.
    Archive(PathBuf),
    /// An OCI layout, a folder or a tar, and which of its images.
    Oci {
        /// The folder or file.
        path: PathBuf,
        /// The image's tag (`org.opencontainers.image.ref.name`), where the layout holds several.
        tag: Option<String>,
    },
    /// A folder that holds a root file system or part of one.
    Folder(PathBuf),
    /// This machine.
    Host,
    /// An inventory document.
    Inventory(PathBuf),
    /// An SBOM: CycloneDX or SPDX.
    Sbom(PathBuf),
}

/// Why a text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// Nothing follows the colon.
    #[error("`{0}:` must be followed by what to scan")]
    Empty(&'static str),
    /// What follows `registry:` names no image.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// No form is named.
    #[error("`{text}` does not say what it is; write {advice}")]
    NoForm {
        /// What was written.
        text: String,
        /// What may have been meant.
        advice: String,
    },
}

impl FromStr for Source {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "host" {
            return Ok(Self::Host);
        }
        let some = |form, rest: &str| {
            if rest.is_empty() {
                Err(InvalidSource::Empty(form))
            } else {
                Ok(rest.to_owned())
            }
        };
        match text.split_once(':') {
            Some(("docker", rest)) => some("docker", rest).map(Self::Docker),
            Some(("containerd", rest)) => some("containerd", rest).map(Self::Containerd),
            Some(("registry", rest)) => Ok(Self::Registry(some("registry", rest)?.parse()?)),
            Some(("archive", rest)) => some("archive", rest).map(|path| Self::Archive(path.into())),
            Some(("dir", rest)) => some("dir", rest).map(|path| Self::Folder(path.into())),
            Some(("inventory", rest)) => {
                some("inventory", rest).map(|path| Self::Inventory(path.into()))
            }
            Some(("sbom", rest)) => some("sbom", rest).map(|path| Self::Sbom(path.into())),
            Some(("oci", rest)) => some("oci", rest).map(|rest| oci(&rest)),
            _ => Err(InvalidSource::NoForm {
                text: text.chars().take(200).collect(),
                advice: advice(text),
            }),
        }
    }
}

/// A tag follows the last colon, unless the whole text names something that is there (a colon may be part of a
/// path), or what follows could not be a tag.
fn oci(text: &str) -> Source {
    let whole = || Source::Oci {
        path: text.into(),
        tag: None,
    };
    if std::path::Path::new(text).exists() {
        return whole();
    }
    match text.rsplit_once(':') {
        Some((path, tag)) if path.len() > 1 && !tag.is_empty() && !tag.contains(['/', '\\']) => {
            Source::Oci {
                path: path.into(),
                tag: Some(tag.to_owned()),
            }
        }
        _ => whole(),
    }
}

fn advice(text: &str) -> String {
    let path = std::path::Path::new(text);
    if path.is_dir() && path.join("oci-layout").is_file() {
        format!("`oci:{text}`")
    } else if path.is_dir() {
        format!("`dir:{text}`")
    } else if path.is_file() {
        format!(
            "`archive:{text}` for an image, `sbom:{text}` for an SBOM, or `inventory:{text}` for an inventory document"
        )
    } else {
        "one of registry:REF, docker:REF, containerd:REF, archive:FILE, oci:DIR[:TAG], dir:PATH, host, sbom:FILE, inventory:FILE"
            .to_owned()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Docker(reference) => write!(f, "docker:{reference}"),
            Self::Containerd(reference) => write!(f, "containerd:{reference}"),
            Self::Registry(reference) => write!(f, "registry:{reference}"),
            Self::Archive(path) => write!(f, "archive:{}", path.display()),
            Self::Oci { path, tag: None } => write!(f, "oci:{}", path.display()),
            Self::Oci {
                path,
                tag: Some(tag),
            } => write!(f, "oci:{}:{tag}", path.display()),
            Self::Folder(path) => write!(f, "dir:{}", path.display()),
            Self::Host => f.write_str("host"),
            Self::Inventory(path) => write!(f, "inventory:{}", path.display()),
            Self::Sbom(path) => write!(f, "sbom:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_prints_as_it_was_written() {
        for text in [
            "docker:debian:12",
            "docker:127.0.0.1:5000/a/b@sha256:00",
            "containerd:docker.io/library/debian:12",
            "registry:debian:12",
            "registry:127.0.0.1:5055/win/nano:1809",
            "archive:image.tar",
            "oci:layout",
            "oci:layout:1809",
            "dir:/",
            "host",
            "inventory:host.json",
            "sbom:bom.json",
        ] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_tag_is_told_from_a_path() {
        let tag_of = |text: &str| match text.parse().unwrap() {
            Source::Oci { tag, .. } => tag,
            other => panic!("{other}"),
        };
        assert_eq!(tag_of("oci:dir:v1").as_deref(), Some("v1"));
        assert_eq!(tag_of(r"oci:C:\layout"), None);
        assert_eq!(tag_of(r"oci:C:\layout:v1").as_deref(), Some("v1"));
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a:b");
        if std::fs::create_dir(&odd).is_ok() {
            assert_eq!(tag_of(&format!("oci:{}", odd.display())), None);
        }
    }

    #[test]
    fn what_may_have_been_meant_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().display().to_string();
        let error = text.parse::<Source>().unwrap_err().to_string();
        assert!(error.contains(&format!("`dir:{text}`")), "{error}");
        let error = "debian:12".parse::<Source>().unwrap_err().to_string();
        assert!(error.contains("docker:REF"), "{error}");
        assert!("dir:".parse::<Source>().is_err());
    }
}
