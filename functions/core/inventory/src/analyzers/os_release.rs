//! Which operating system: `os-release`, and the older files of distributions where it is absent.
//! Source: os-release(5).

use schemas::inventory::{Evidence, OperatingSystem, OsFamily};

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::content::Content;

/// The files, the most telling first. The first that is there decides.
pub(crate) const FILES: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/redhat-release",
    "etc/debian_version",
];
const MAX_BYTES: u64 = 1 << 20;

/// Reads the name of the operating system.
pub(crate) struct OsRelease;

impl Analyzer for OsRelease {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn wants(&self, path: &str) -> bool {
        FILES.contains(&path)
    }

    fn well_known(&self) -> &'static [&'static str] {
        FILES
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let os = match path {
            "etc/alpine-release" => release(path, "alpine", text.trim()),
            "etc/debian_version" => debian(&text),
            "etc/redhat-release" => redhat(&text),
            _ => os_release(&text),
        };
        // A file that says nothing hides nothing: os-release of scratch images is sometimes empty.
        Ok(Analysis {
            evidence: os
                .map(|os| Evidence::Os {
                    path: path.to_owned(),
                    os,
                })
                .into_iter()
                .collect(),
            gaps: Vec::new(),
        })
    }
}

fn linux(id: String) -> OperatingSystem {
    OperatingSystem {
        family: OsFamily::Linux,
        id,
        id_like: Vec::new(),
        version_id: None,
        codename: None,
        pretty_name: None,
        architecture: None,
        windows: None,
    }
}

/// A file that holds nothing but a version.
fn release(path: &str, id: &str, version: &str) -> Option<OperatingSystem> {
    let known = is_word(version) && version.starts_with(|c: char| c.is_ascii_digit());
    known.then(|| OperatingSystem {
        version_id: Some(version.to_owned()),
        pretty_name: Some(format!("{id} {version} ({path})")),
        ..linux(id.to_owned())
    })
}

/// `12.5`; Debian's kin carry the name of the Debian release they were made from instead (`bookworm/sid`), which says
/// nothing of them.
fn debian(text: &str) -> Option<OperatingSystem> {
    let mut os = release("etc/debian_version", "debian", text.trim())?;
    os.version_id = os
        .version_id
        .and_then(|version| Some(version.split('.').next()?.to_owned()));
    Some(os)
}

/// `CentOS Linux release 7.9.2009 (Core)`.
fn redhat(text: &str) -> Option<OperatingSystem> {
    let line = text.lines().next()?.trim();
    let (name, rest) = line.split_once(" release ")?;
    let version: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .take(32)
        .collect();
    let id = match name.to_ascii_lowercase() {
        name if name.contains("centos") => "centos",
        name if name.contains("red hat") => "rhel",
        name if name.contains("fedora") => "fedora",
        name if name.contains("rocky") => "rocky",
        name if name.contains("alma") => "almalinux",
        name if name.contains("oracle") => "ol",
        _ => return None,
    };
    (!version.is_empty()).then(|| OperatingSystem {
        version_id: Some(version),
        pretty_name: Some(line.chars().take(256).collect()),
        ..linux(id.to_owned())
    })
}

fn os_release(text: &str) -> Option<OperatingSystem> {
    let mut os = linux(String::new());
    for line in text.lines().take(1000) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = unquoted(value);
        let some = (!value.is_empty() && value.len() <= 512).then_some(value);
        match key {
            "ID" => os.id = some.map(|id| id.to_ascii_lowercase()).unwrap_or_default(),
            "ID_LIKE" => {
                os.id_like = some
                    .map(|ids| {
                        ids.split_ascii_whitespace()
                            .map(str::to_ascii_lowercase)
                            .collect()
                    })
                    .unwrap_or_default();
            }
            "VERSION_ID" => os.version_id = some,
            "VERSION_CODENAME" => os.codename = some,
            "PRETTY_NAME" => os.pretty_name = some,
            _ => {}
        }
    }
    is_word(&os.id).then_some(os)
}

/// A value as a shell would read it: quotes removed, backslashes resolved.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value
            .strip_prefix(quote)
            .map(|rest| rest.strip_suffix(quote).unwrap_or(rest))
            .unwrap_or(value),
        _ => value,
    };
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Option<OperatingSystem> {
        let analysis = OsRelease
            .analyze(path, &mut Content::from(text.as_bytes()))
            .unwrap();
        analysis.evidence.into_iter().find_map(|e| match e {
            Evidence::Os { os, .. } => Some(os),
            _ => None,
        })
    }

    #[test]
    fn quoted_and_plain_values_are_read() {
        let os = read(
            FILES[0],
            "# x\nNAME=\"Rocky Linux\"\nID='rocky'\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.2\"\nPRETTY_NAME=\"A \\\"B\\\" \\$C\"\nVERSION_CODENAME=\n",
        )
        .unwrap();
        assert_eq!(os.id, "rocky");
        assert_eq!(os.id_like, ["rhel", "centos", "fedora"]);
        assert_eq!(os.version_id.as_deref(), Some("9.2"));
        assert_eq!(os.pretty_name.as_deref(), Some("A \"B\" $C"));
        assert_eq!(os.codename, None);
        assert_eq!(read(FILES[0], "NAME=x\n"), None);
        assert_eq!(read(FILES[0], ""), None);
    }

    #[test]
    fn older_files_stand_in() {
        assert_eq!(
            read("etc/debian_version", "12.5\n")
                .unwrap()
                .version_id
                .as_deref(),
            Some("12")
        );
        assert_eq!(read("etc/debian_version", "bookworm/sid\n"), None);
        assert_eq!(
            read("etc/alpine-release", "3.18.4\n")
                .unwrap()
                .version_id
                .as_deref(),
            Some("3.18.4")
        );
        let os = read(
            "etc/redhat-release",
            "CentOS Linux release 7.9.2009 (Core)\n",
        )
        .unwrap();
        assert_eq!(
            (os.id.as_str(), os.version_id.as_deref()),
            ("centos", Some("7.9.2009"))
        );
    }
}
