//! Names of images in registries: `[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]`. Source: the reference grammar of the
//! distribution project (`distribution/reference`). [`ImageName`] cuts them into parts; here those are held to its rules.

use std::{fmt, str::FromStr};

pub use inventory::image::DOCKER_HUB;
use inventory::image::ImageName;
use schemas::Digest;

/// Where Docker Hub answers.
const DOCKER_HUB_ADDRESS: &str = "registry-1.docker.io";
/// Longest repository name and longest tag, in bytes, as the grammar has them.
const MAX_REPOSITORY_BYTES: usize = 255;
const MAX_TAG_BYTES: usize = 128;
const MAX_HOST_BYTES: usize = 255;

/// The name of an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// The digest is none that is understood.
    #[error("`{0}` is no digest: sha256: and 64 lowercase hexadecimal digits follow the @")]
    Digest(String),
    /// The tag has a form that tags do not have.
    #[error("`{0}` is no tag: letters, digits, `_`, `.` and `-`, at most 128")]
    Tag(String),
    /// The repository has a form that repositories do not have.
    #[error("`{0}` is no repository: lowercase letters and digits, parted by `/`, `.`, `_` or `-`")]
    Repository(String),
    /// The host has a form that hosts do not have.
    #[error("`{0}` is no registry: a host name or address, and a port after a colon")]
    Host(String),
}

impl Reference {
    /// The registry as it is named, with its port where it has one: `docker.io`, `127.0.0.1:5000`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port that answer requests.
    pub fn address(&self) -> &str {
        if self.host == DOCKER_HUB {
            DOCKER_HUB_ADDRESS
        } else {
            &self.host
        }
    }

    /// The repository, such as `library/debian`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` when neither tag nor digest was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, which decides where there is one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What is asked for: the digest, else the tag.
    pub fn wanted(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }

    /// The name without tag and digest, as people write it: Docker Hub and `library/` are left out.
    pub fn name(&self) -> String {
        let repository = &self.repository;
        let official = repository.strip_prefix("library/");
        let first = repository.split('/').next().unwrap_or_default();
        // What would be read as a host, or as more than a name, keeps its registry.
        let is_plain = match official {
            Some(name) => !name.contains('/'),
            None => !first.contains('.') && first != "localhost",
        };
        if self.host == DOCKER_HUB && is_plain {
            return official.unwrap_or(repository).to_owned();
        }
        format!("{}/{}", self.host, self.repository)
    }

    /// Whether the registry is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.host,
        };
        let host = host.trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = |text: &str| text.chars().take(100).collect::<String>();
        let ImageName {
            host,
            repository,
            tag,
            digest,
        } = ImageName::read(text).or_latest();
        let digest = digest
            .map(|digest| {
                let read = digest.parse();
                read.map_err(|_| InvalidReference::Digest(shown(&digest)))
            })
            .transpose()?;
        if let Some(tag) = &tag
            && !is_tag(tag)
        {
            return Err(InvalidReference::Tag(shown(tag)));
        }
        if !is_host(&host) {
            return Err(InvalidReference::Host(shown(&host)));
        }
        if !is_repository(&repository) {
            return Err(InvalidReference::Repository(shown(&repository)));
        }
        Ok(Self {
            host,
            repository,
            tag,
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG_BYTES
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// Parts of lowercase letters and digits, parted by one `.`, one or two `_`, or any number of `-`.
fn is_repository(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let ends = [part.bytes().next(), part.bytes().next_back()];
        ends.into_iter().all(|end| end.is_some_and(alphanumeric))
            && part
                .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
                .all(|between| {
                    matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
                })
    };
    text.len() <= MAX_REPOSITORY_BYTES && text.split('/').all(is_part)
}

/// A host name or an address, and a port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => (
                "v6",
                port.strip_prefix(':').or((port.is_empty()).then_some("0")),
            ),
            _ => return false,
        },
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, Some("0")),
        },
    };
    text.len() <= MAX_HOST_BYTES
        && port.is_some_and(|port| port.parse::<u16>().is_ok())
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String, String) {
        let reference: Reference = text.parse().unwrap();
        (
            reference.host().to_owned(),
            reference.repository().to_owned(),
            reference.wanted().to_owned(),
        )
    }

    #[test]
    fn what_is_left_out_is_as_docker_has_it() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, host, repository, wanted) in [
            ("debian", "docker.io", "library/debian", "latest"),
            ("debian:12", "docker.io", "library/debian", "12"),
            ("docker.io/debian", "docker.io", "library/debian", "latest"),
            ("index.docker.io/a/b:c", "docker.io", "a/b", "c"),
            ("team/app", "docker.io", "team/app", "latest"),
            ("localhost/app:1", "localhost", "app", "1"),
            (
                "127.0.0.1:5055/win/nano:1809",
                "127.0.0.1:5055",
                "win/nano",
                "1809",
            ),
            ("[::1]:5000/a", "[::1]:5000", "a", "latest"),
            (
                "MCR.microsoft.com/windows/servercore:ltsc2022",
                "mcr.microsoft.com",
                "windows/servercore",
                "ltsc2022",
            ),
            ("ghcr.io/a/b__c-d.e/f", "ghcr.io", "a/b__c-d.e/f", "latest"),
        ] {
            let found = parts(text);
            assert_eq!(
                (found.0.as_str(), found.1.as_str(), found.2.as_str()),
                (host, repository, wanted),
                "{text}"
            );
        }
        assert_eq!(parts(&format!("quay.io/a/b:1@{digest}")).2, digest);
        for text in [
            "docker.io/a.b/c:1",
            "docker.io/localhost/c:1",
            "docker.io/library/a/b:1",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        let host: Reference = "Builder/a".parse().unwrap();
        assert_eq!(host.to_string(), "Builder/a:latest", "a host stays one");
        let both: Reference = format!("debian:12@{digest}").parse().unwrap();
        assert_eq!(both.to_string(), format!("debian:12@{digest}"));
        assert_eq!(
            "127.0.0.1:5055/a".parse::<Reference>().unwrap().to_string(),
            "127.0.0.1:5055/a:latest"
        );
    }

    #[test]
    fn what_would_lead_elsewhere_is_no_reference() {
        for text in [
            "",
            "a/../b",
            "example.org/../v2/_catalog",
            "Debian",
            "a//b",
            "a:b:c/d",
            "debian:",
            "debian@sha256:00",
            "debian@sha512:00",
            "user@host.example/a",
            "host.example:99999/a",
            "ho st.example/a",
            "host.example/a?b",
            "host.example/a#b",
            "-host.example/a",
            "[::1/a",
            "a.example/b___c",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        assert!("a".repeat(300).parse::<Reference>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_leads_nowhere_else_and_prints_as_itself(text in "[a-zA-Z0-9:/@._%?#\\[\\] -]{0,80}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().unwrap();
                proptest::prop_assert_eq!(&again, &reference);
                let url = format!("https://{}/v2/{}/manifests/{}", reference.address(), reference.repository(), reference.wanted());
                let parsed = reqwest::Url::parse(&url).unwrap();
                let begin = format!("/v2/{}/", reference.repository());
                proptest::prop_assert!(parsed.path().starts_with(&begin), "it leads elsewhere");
                proptest::prop_assert!(parsed.query().is_none() && parsed.fragment().is_none());
                proptest::prop_assert!(parsed.username().is_empty());
            }
        }
    }
}
