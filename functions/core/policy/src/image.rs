//! The names and digests of a scanned image, and whether a text from outside means it.

use purl::Purl;
use schemas::{inventory::TargetKind, report::Report};

use crate::glob::Glob;

/// What a scanned image is known by. Empty when no image was scanned.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageNames {
    /// References as they were seen: the scanned name, tags, `name@sha256:…`.
    written: Vec<String>,
    /// The same with Docker Hub's default host and folder filled in, in parts.
    references: Vec<Reference>,
    /// `sha256:…` of the configuration and of manifests.
    digests: Vec<String>,
}

/// An image reference in its parts. Source: distribution/reference, "Grammar".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    /// Host and path, lower case.
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > 1024 || text.contains(char::is_whitespace) {
            return None;
        }
        let (text, digest) = match text.split_once('@') {
            Some((before, digest)) => (before, Some(digest.to_lowercase())),
            None => (text, None),
        };
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (text, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => ("docker.io", name),
        };
        if path.is_empty() {
            return None;
        }
        let host = match host {
            "index.docker.io" | "registry-1.docker.io" => "docker.io",
            other => other,
        };
        let folder = if host == "docker.io" && !path.contains('/') {
            "library/"
        } else {
            ""
        };
        Some(Self {
            repository: format!("{host}/{folder}{path}").to_lowercase(),
            tag,
            digest,
        })
    }
}

impl ImageNames {
    /// What the image of a report is known by.
    pub(crate) fn of(report: &Report) -> Self {
        if report.target.kind != TargetKind::Image {
            return Self::default();
        }
        let mut names = Self::default();
        let mut add = |text: &str| {
            if !text.is_empty() && !names.written.iter().any(|known| known == text) {
                names.written.push(text.to_owned());
            }
        };
        add(&report.target.name);
        for text in report.target.id.iter() {
            add(text);
        }
        if let Some(image) = &report.image {
            image.tags.iter().for_each(|tag| add(tag));
            image.repo_digests.iter().for_each(|digest| add(digest));
            add(&image.id.to_string());
        }
        for text in &names.written {
            if text.starts_with("sha256:") {
                names.digests.push(text.to_lowercase());
            } else if let Some(reference) = Reference::parse(text) {
                names.digests.extend(reference.digest.clone());
                names.references.push(reference);
            }
        }
        names
    }

    /// Whether a pattern fits one of its names or digests.
    pub(crate) fn fits(&self, pattern: &Glob) -> bool {
        self.written.iter().any(|name| pattern.matches(name))
            || self.digests.iter().any(|digest| pattern.matches(digest))
    }

    /// Whether a digest, `sha256:…` or its hexadecimal digits alone, is one of the image's.
    pub(crate) fn has_digest(&self, digest: &str) -> bool {
        let digest = digest.to_lowercase();
        let digits = digest.strip_prefix("sha256:").unwrap_or(&digest);
        digits.len() == 64
            && self
                .digests
                .iter()
                .any(|known| known.strip_prefix("sha256:") == Some(digits))
    }

    /// Whether a text that is no purl names it: a digest, or a reference whose tag and digest, where they are named, are
    /// the image's.
    pub(crate) fn is_named(&self, text: &str) -> bool {
        if text.starts_with("sha256:") {
            return self.has_digest(text);
        }
        Reference::parse(text).is_some_and(|wanted| self.refers(&wanted))
    }

    fn refers(&self, wanted: &Reference) -> bool {
        if let Some(digest) = &wanted.digest {
            // A digest says which image it is, wherever it is kept.
            return self.has_digest(digest);
        }
        self.references.iter().any(|known| {
            known.repository == wanted.repository
                && (wanted.tag.is_none() || known.tag == wanted.tag)
        })
    }

    /// Whether a purl of type `oci` or `docker` names it. Source: purl type definitions `oci` and `docker`.
    pub(crate) fn is_named_by(&self, purl: &Purl) -> bool {
        let url = purl.qualifiers.get("repository_url");
        let version = purl.version.as_deref();
        if let Some(digest) = version.filter(|version| version.starts_with("sha256:")) {
            return self.has_digest(digest);
        }
        let tag = match purl.kind.as_str() {
            // A version of `oci` is a digest; any other is of a kind that cannot be compared.
            "oci" if version.is_some() => return false,
            "oci" => purl.qualifiers.get("tag").map(String::as_str),
            _ => version.or(purl.qualifiers.get("tag").map(String::as_str)),
        };
        let name = if purl.namespace.is_empty() {
            purl.name.clone()
        } else {
            format!("{}/{}", purl.namespace, purl.name)
        };
        let names: Vec<String> = match url {
            // Both are seen: the address of the repository, and of the folder that it is in.
            Some(url) => {
                let url = url
                    .trim_start_matches("https://")
                    .trim_start_matches("http://")
                    .trim_end_matches('/');
                if url.rsplit('/').next() == Some(purl.name.as_str()) {
                    vec![url.to_owned()]
                } else {
                    vec![format!("{url}/{name}")]
                }
            }
            // `docker` without an address is Docker Hub; `oci` without one is an image of this name in any registry.
            None if purl.kind == "docker" => vec![name],
            None => {
                return self.references.iter().any(|known| {
                    known.repository.rsplit('/').next() == Some(purl.name.as_str())
                        && (tag.is_none() || known.tag.as_deref() == tag)
                });
            }
        };
        names.iter().any(|name| {
            Reference::parse(name).is_some_and(|reference| {
                self.refers(&Reference {
                    tag: tag.map(str::to_owned),
                    digest: None,
                    ..reference
                })
            })
        })
    }
}
