//! Which platform of a multi-platform image is meant, by one rule for archives, layouts and registries.
//!
//! What is asked for is taken. Where nothing is asked for, or several fit:
//!
//! 1. Linux and Windows side by side are never chosen between: the caller must say which.
//! 2. Of several architectures, that of this machine; if it is not among them, the caller must say which. Where the
//!    choice must be the same everywhere, `amd64` instead, else `arm64`, else the first by name.
//! 3. Of several Windows builds, the newest line of the long-term servicing channel, and of that line the highest
//!    revision; where none is of such a line, the highest build. Source: Microsoft's "Windows Server release
//!    information" for the lines, OCI image-spec `image-index.md` for `os.version`.
//! 4. Of several variants of one architecture, the one without a variant.

use serde::Deserialize;

/// A platform as an index names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Platform {
    #[serde(default)]
    pub(super) os: String,
    #[serde(default)]
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    #[serde(default, rename = "os.version")]
    pub(super) os_version: Option<String>,
}

/// Builds of the long-term servicing channel: Windows Server 2016, 2019, 2022 and 2025.
const LTSC_BUILDS: [u32; 4] = [14393, 17763, 20348, 26100];

impl Platform {
    /// Whether it is the wanted `OS/ARCHITECTURE[/VARIANT][:OS_VERSION]`; parts that are left out match any.
    pub(super) fn fits(&self, wanted: &str) -> bool {
        let (names, version) = match wanted.split_once(':') {
            Some((names, version)) => (names, Some(version)),
            None => (wanted, None),
        };
        let mut parts = names.split('/');
        let matches = |part: Option<&str>, own: &str| part.is_none_or(|p| p.is_empty() || p == own);
        matches(parts.next(), &self.os)
            && matches(parts.next(), &self.architecture)
            && matches(parts.next(), self.variant.as_deref().unwrap_or_default())
            && version.is_none_or(|wanted| {
                self.os_version.as_deref().is_some_and(|own| {
                    own.strip_prefix(wanted)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            })
    }

    /// As people write it.
    pub(super) fn describe(&self) -> String {
        let mut text = format!("{}/{}", self.os, self.architecture);
        if let Some(variant) = self.variant.as_deref().filter(|text| !text.is_empty()) {
            text.push('/');
            text.push_str(variant);
        }
        if let Some(version) = self.os_version.as_deref().filter(|text| !text.is_empty()) {
            text.push(':');
            text.push_str(version);
        }
        text
    }

    /// Whether its build is of a long-term line, its build, and its revision.
    fn build(&self) -> (bool, u32, u32) {
        let mut numbers = self
            .os_version
            .as_deref()
            .unwrap_or_default()
            .split('.')
            .map(|number| number.parse::<u32>().unwrap_or_default());
        let build = numbers.nth(2).unwrap_or_default();
        let revision = numbers.next().unwrap_or_default();
        (LTSC_BUILDS.contains(&build), build, revision)
    }
}

/// The platform that is meant of several, by its place in the list; nothing when the rule does not decide.
pub(super) fn prefer(platforms: &[&Platform], same_everywhere: bool) -> Option<usize> {
    let os = &platforms.first()?.os;
    if platforms.iter().any(|platform| platform.os != *os) {
        return None;
    }
    let mut fitting: Vec<(usize, &&Platform)> = platforms.iter().enumerate().collect();
    let first = &platforms.first()?.architecture;
    if fitting.iter().any(|(_, one)| one.architecture != *first) {
        let architecture = match same_everywhere {
            true => usual(platforms)?,
            false => machine(),
        };
        fitting.retain(|(_, one)| one.architecture == architecture);
    }
    if os == "windows" {
        let newest = fitting.iter().map(|(_, one)| one.build()).max()?;
        fitting.retain(|(_, one)| one.build() == newest);
    } else if fitting.len() > 1 {
        fitting.retain(|(_, one)| one.variant.as_deref().unwrap_or_default().is_empty());
    }
    match fitting.as_slice() {
        [(index, _)] => Some(*index),
        _ => None,
    }
}

/// The architecture that most images are run on, of those that there are.
fn usual<'p>(platforms: &[&'p Platform]) -> Option<&'p str> {
    let of = |platform: &&'p Platform| platform.architecture.as_str();
    platforms.iter().map(of).min_by_key(|name| {
        let rank = ["amd64", "arm64"].iter().position(|known| known == name);
        (rank.unwrap_or(usize::MAX), *name)
    })
}

/// This machine's architecture in the words of the OCI image specification (Go's `GOARCH`).
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        let (names, version) = text.split_once(':').unwrap_or((text, ""));
        let mut parts = names.split('/').map(str::to_owned);
        Platform {
            os: parts.next().unwrap(),
            architecture: parts.next().unwrap(),
            variant: parts.next(),
            os_version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        }
    }

    fn preferred(texts: &[&str]) -> Option<String> {
        chosen(texts, false)
    }

    fn chosen(texts: &[&str], same_everywhere: bool) -> Option<String> {
        let platforms: Vec<Platform> = texts.iter().map(|text| platform(text)).collect();
        prefer(&platforms.iter().collect::<Vec<_>>(), same_everywhere)
            .map(|index| texts[index].to_owned())
    }

    #[test]
    fn of_windows_builds_the_newest_long_term_line_is_taken() {
        let builds = [
            "windows/amd64:10.0.17763.6293",
            "windows/amd64:10.0.25398.1128",
            "windows/amd64:10.0.20348.2340",
            "windows/amd64:10.0.20348.2700",
        ];
        assert_eq!(
            preferred(&builds).as_deref(),
            Some("windows/amd64:10.0.20348.2700")
        );
        assert_eq!(
            preferred(&builds[1..2]).as_deref(),
            Some("windows/amd64:10.0.25398.1128")
        );
        // Twice the same build is no answer.
        assert_eq!(preferred(&[builds[0], builds[0]]), None);
        assert_eq!(preferred(&["windows/amd64", "windows/amd64:junk"]), None);
    }

    #[test]
    fn linux_is_that_of_the_machine_and_never_preferred_to_windows() {
        let own = format!("linux/{}", machine());
        assert_eq!(
            preferred(&["linux/s390x", &own, "linux/mips64le"]),
            Some(own.clone())
        );
        assert_eq!(preferred(&["linux/sparc", "linux/mips64le"]), None);
        assert_eq!(preferred(&[&own, "windows/amd64:10.0.20348.1"]), None);
        assert_eq!(preferred(&["linux/arm/v6", "linux/arm/v7"]), None);
        assert_eq!(
            preferred(&["linux/amd64/v3", "linux/amd64"]).as_deref(),
            Some("linux/amd64")
        );
        assert_eq!(preferred(&[]), None);
    }
    #[test]
    fn a_choice_that_is_the_same_everywhere_does_not_ask_this_machine() {
        for (of, expected) in [
            (
                &["linux/s390x", "linux/arm64/v8", "linux/amd64"][..],
                "linux/amd64",
            ),
            (
                &["linux/s390x", "linux/arm64", "linux/386"][..],
                "linux/arm64",
            ),
            (&["linux/s390x", "linux/mips64le"][..], "linux/mips64le"),
        ] {
            assert_eq!(chosen(of, true).as_deref(), Some(expected));
        }
        assert_eq!(
            chosen(&["linux/amd64", "windows/amd64:10.0.20348.1"], true),
            None
        );
    }
}
