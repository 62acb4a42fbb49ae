//! Names of images, `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`, cut into their parts: by one rule for registries, engines
//! and containerd's store. Source: the reference grammar of the distribution project (`distribution/reference`), with
//! Docker's defaults for what is left out.

use std::fmt;

/// The registry of names that name none.
pub const DOCKER_HUB: &str = "docker.io";
/// Other names that Docker Hub is written by.
const DOCKER_HUB_ALIASES: [&str; 3] = [
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
];

/// The parts of an image's name. Two names that differ in what may be left out alone have equal parts.
///
/// Every text has parts, so that names which strangers wrote can be compared. Whether the parts have the form that a
/// registry can have is for whoever asks one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageName {
    /// The registry, with its port where one is written: in lower case, and `docker.io` for all of Docker Hub's names.
    pub host: String,
    /// The repository; with `library/` where Docker Hub's official images leave it out.
    pub repository: String,
    /// What follows the colon, if one does; not empty unless nothing follows it.
    pub tag: Option<String>,
    /// What follows the `@`, if one does, as it is written.
    pub digest: Option<String>,
}

impl ImageName {
    /// Cuts a name into its parts.
    pub fn read(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon behind the last slash begins a tag; one before it, a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let written = name
            .split_once('/')
            .and_then(|(first, repository)| Some((host(first)?, repository)));
        let (host, repository) = written.unwrap_or_else(|| (DOCKER_HUB.to_owned(), name));
        let repository = if host == DOCKER_HUB && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository.to_owned()
        };
        Self {
            host,
            repository,
            tag,
            digest,
        }
    }

    /// The same with the tag `latest` where neither tag nor digest is written.
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".to_owned());
        }
        self
    }
}

/// The name written whole, with the registry and `library/`.
impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// The registry that a first part names. One that does not look like a host is an organisation at Docker Hub.
fn host(first: &str) -> Option<String> {
    let lower = first.to_ascii_lowercase();
    if DOCKER_HUB_ALIASES.contains(&lower.as_str()) {
        return Some(DOCKER_HUB.to_owned());
    }
    if lower.contains(['.', ':']) || lower == "localhost" {
        return Some(lower);
    }
    // Upper case, which no organisation has, is all that tells such a host from one, so it stays.
    (lower != first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn what_is_left_out_is_as_docker_has_it() {
        let hub = "docker.io";
        let table = [
            ("debian", hub, "library/debian", None, None),
            ("debian:12", hub, "library/debian", Some("12"), None),
            ("library/debian", hub, "library/debian", None, None),
            ("team/app", hub, "team/app", None, None),
            ("docker.io/debian", hub, "library/debian", None, None),
            (
                "docker.io/library/debian",
                hub,
                "library/debian",
                None,
                None,
            ),
            (
                "docker.io/library/a/b:1",
                hub,
                "library/a/b",
                Some("1"),
                None,
            ),
            ("index.docker.io/a/b:c", hub, "a/b", Some("c"), None),
            (
                "index.docker.io/debian:c",
                hub,
                "library/debian",
                Some("c"),
                None,
            ),
            ("registry-1.docker.io/a/b", hub, "a/b", None, None),
            ("registry.hub.docker.com/a/b", hub, "a/b", None, None),
            ("Docker.IO/debian", hub, "library/debian", None, None),
            ("localhost/app", "localhost", "app", None, None),
            ("localhost:5000/app", "localhost:5000", "app", None, None),
            (
                "localhost:5000/library/app:1",
                "localhost:5000",
                "library/app",
                Some("1"),
                None,
            ),
            (
                "127.0.0.1:5055/win/nano:1809",
                "127.0.0.1:5055",
                "win/nano",
                Some("1809"),
                None,
            ),
            ("[::1]:5000/a:1", "[::1]:5000", "a", Some("1"), None),
            (
                "MCR.microsoft.com/Windows:x",
                "mcr.microsoft.com",
                "Windows",
                Some("x"),
                None,
            ),
            ("LOCALHOST/a", "localhost", "a", None, None),
            // Without its upper case it would be Docker Hub's organisation.
            ("Builder/a", "Builder", "a", None, None),
            ("debian@DIGEST", hub, "library/debian", None, Some(DIGEST)),
            (
                "debian:12@DIGEST",
                hub,
                "library/debian",
                Some("12"),
                Some(DIGEST),
            ),
            (
                "quay.io:443/a/b:1@DIGEST",
                "quay.io:443",
                "a/b",
                Some("1"),
                Some(DIGEST),
            ),
            ("debian:@", hub, "library/debian", Some(""), Some("")),
        ];
        for (text, host, repository, tag, digest) in table {
            let text = text.replace("DIGEST", DIGEST);
            let expected = ImageName {
                host: host.to_owned(),
                repository: repository.to_owned(),
                tag: tag.map(str::to_owned),
                digest: digest.map(str::to_owned),
            };
            assert_eq!(ImageName::read(&text), expected, "{text}");
        }
    }

    #[test]
    fn latest_stands_for_neither_tag_nor_digest() {
        let whole = |text: &str| ImageName::read(text).or_latest().to_string();
        assert_eq!(whole("debian"), "docker.io/library/debian:latest");
        assert_eq!(
            whole("localhost:5000/app"),
            "localhost:5000/app:latest",
            "a port is no tag"
        );
        assert_eq!(whole("debian:12"), "docker.io/library/debian:12");
        let pinned = format!("docker.io/library/debian@{DIGEST}");
        assert_eq!(whole(&format!("debian@{DIGEST}")), pinned);
        let both = format!("quay.io/a/b:1@{DIGEST}");
        assert_eq!(whole(&both), both);
    }

    proptest! {
        #[test]
        fn a_name_written_whole_has_the_same_parts(
            text in "([a-zA-Z.:]{0,6}/)?[a-zA-Z0-9:/@._-]{0,20}|\\PC{0,30}"
        ) {
            let name = ImageName::read(&text);
            prop_assert_eq!(&ImageName::read(&name.to_string()), &name);
            let latest = name.or_latest();
            prop_assert_eq!(&ImageName::read(&latest.to_string()), &latest);
        }
    }
}
