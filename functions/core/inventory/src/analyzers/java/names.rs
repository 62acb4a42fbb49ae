//! What an archive is called: by `pom.properties`, manifest and file name.
//! Sources: Apache Maven Archiver ("pom.properties"); the JAR File Specification ("JAR Manifest"); Apache Felix
//! maven-bundle-plugin ("Default Behavior": how it makes `Bundle-SymbolicName` of group and artifact).

/// Longer texts are no names.
const MAX_TEXT: usize = 256;

/// What Maven calls an artifact. The group is empty where it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_TEXT
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
}

/// Reads a `pom.properties`; nothing when it does not state all three.
pub(super) fn properties(bytes: &[u8]) -> Option<Coordinates> {
    let text = String::from_utf8_lossy(bytes);
    let value = |wanted: &str| {
        text.lines()
            .filter_map(|line| line.split_once(['=', ':']))
            .find(|(key, _)| key.trim() == wanted)
            .map(|(_, value)| value.trim())
            .filter(|value| is_word(value))
            .map(str::to_owned)
    };
    Some(Coordinates {
        group: value("groupId")?,
        artifact: value("artifactId")?,
        version: value("version")?,
    })
}

/// What the main section of a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    title: String,
    version: String,
    vendor_id: String,
    symbolic_name: String,
    bundle_version: String,
    module: String,
}

impl Manifest {
    /// Lines of at most 72 bytes that go on after a blank; an empty line ends the main section.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut manifest = Self::default();
        let mut line = String::new();
        for next in text.lines().chain([""]) {
            if let Some(more) = next.strip_prefix(' ') {
                if line.len() < MAX_TEXT * 4 {
                    line.push_str(more);
                }
                continue;
            }
            manifest.take(&line);
            if next.is_empty() {
                break;
            }
            line.clear();
            line.push_str(next.get(..MAX_TEXT * 4).unwrap_or(next));
        }
        manifest
    }

    fn take(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(':') else {
            return;
        };
        let field = match key.to_ascii_lowercase().as_str() {
            "implementation-title" => &mut self.title,
            "implementation-version" => &mut self.version,
            "implementation-vendor-id" => &mut self.vendor_id,
            "bundle-symbolicname" => &mut self.symbolic_name,
            "bundle-version" => &mut self.bundle_version,
            "automatic-module-name" => &mut self.module,
            _ => return,
        };
        // Directives follow a semicolon.
        let value = value.split(';').next().unwrap_or_default().trim();
        if is_word(value) {
            value.clone_into(field);
        }
    }
}

/// What the archive itself is, where no `pom.properties` of it was found.
///
/// Artifact and version are those of the file's name (`commons-lang3-3.12.0.jar`), else `Implementation-Title` or the
/// last part of `Bundle-SymbolicName` with `Implementation-Version` or `Bundle-Version`. The group is
/// `Implementation-Vendor-Id`, or what `Bundle-SymbolicName` or `Automatic-Module-Name` have before the artifact, if that
/// has three parts or more.
pub(super) fn own(file: &str, manifest: &Manifest, found: &[Coordinates]) -> Option<Coordinates> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let of_file = split_version(stem).filter(|(artifact, _)| is_word(artifact));
    let is_found = |artifact: &str| found.iter().any(|one| one.artifact == artifact);
    if found
        .iter()
        .any(|one| one.artifact == stem || is_of(stem, one))
    {
        return None;
    }
    let stated = [&manifest.version, &manifest.bundle_version]
        .into_iter()
        .find(|version| version.bytes().any(|b| b.is_ascii_digit()));
    let (artifact, version) = match of_file {
        Some((artifact, version)) => {
            // What follows the version that the manifest states is a classifier.
            let version = stated
                .filter(|stated| {
                    version
                        .strip_prefix(stated.as_str())
                        .is_some_and(|rest| rest.starts_with('-'))
                })
                .map_or(version, String::as_str);
            (artifact.to_owned(), version.to_owned())
        }
        // What else is named by its manifest alone names itself as it is shaded into others, too.
        None if !found.is_empty() => return None,
        None => {
            let name = [
                manifest.title.as_str(),
                manifest
                    .symbolic_name
                    .rsplit('.')
                    .next()
                    .unwrap_or_default(),
            ]
            .into_iter()
            .find(|name| !name.is_empty())?;
            (name.to_owned(), stated?.clone())
        }
    };
    if is_found(&artifact) {
        return None;
    }
    let group = Some(manifest.vendor_id.as_str())
        .filter(|id| id.contains('.') && is_word(id))
        .or_else(|| group_in(&manifest.symbolic_name, &artifact))
        .or_else(|| group_in(&manifest.module, &artifact))
        .unwrap_or_default();
    Some(Coordinates {
        group: group.to_owned(),
        artifact,
        version,
    })
}

/// Whether the file's name is that of these coordinates, with whatever classifier.
fn is_of(stem: &str, one: &Coordinates) -> bool {
    stem.strip_prefix(one.artifact.as_str())
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| rest.starts_with(one.version.as_str()))
}

/// `commons-lang3-3.12.0` → `commons-lang3`, `3.12.0`: the version begins with the first digit after a hyphen.
fn split_version(stem: &str) -> Option<(&str, &str)> {
    stem.match_indices('-').find_map(|(at, _)| {
        let version = stem.get(at + 1..)?;
        let plain = version.starts_with(|c: char| c.is_ascii_digit()) && is_word(version);
        plain.then(|| (stem.get(..at).unwrap_or_default(), version))
    })
}

/// The group in a bundle's name: `org.example.thing` of `thing`, `org.apache.commons.lang3` of `commons-lang3` (what
/// the artifact repeats of the group's last part is left out), or the whole name when its last part is the artifact's.
fn group_in<'n>(name: &'n str, artifact: &str) -> Option<&'n str> {
    name.match_indices('.')
        .map(|(at, _)| at)
        .rev()
        .find_map(|at| {
            let (group, tail) = (name.get(..at)?, name.get(at + 1..)?);
            // `org.apache` of `org.apache.tomcat-embed-core` is whose it is, and no group: two parts are a guess at best.
            if group.split('.').count() < 3 {
                return None;
            }
            let last = group.rsplit('.').next().unwrap_or_default();
            let same = |a: &str, b: &str| a.replace(['-', '_'], ".") == b.replace(['-', '_'], ".");
            let repeats = artifact
                .strip_prefix(last)
                .and_then(|rest| rest.strip_prefix(['-', '.', '_']))
                .is_some_and(|rest| same(rest, tail));
            (same(tail, artifact) || repeats).then_some(group)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str, manifest: &str) -> Option<String> {
        let manifest = Manifest::read(manifest.as_bytes());
        own(file, &manifest, &[]).map(|c| format!("{}:{}:{}", c.group, c.artifact, c.version))
    }

    #[test]
    fn names_come_from_file_and_manifest_and_groups_are_not_invented() {
        for (file, manifest, wanted) in [
            (
                "commons-lang3-3.12.0.jar",
                "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.commons.lang3\r\nBundle-Version: 3.12.0\r\n",
                "org.apache.commons:commons-lang3:3.12.0",
            ),
            (
                "jackson-core-2.9.0.jar",
                "Implementation-Vendor-Id: com.fasterxml.jackson.core\n",
                "com.fasterxml.jackson.core:jackson-core:2.9.0",
            ),
            (
                "thing-1.0.jar",
                "Automatic-Module-Name: org.example.thing\n",
                ":thing:1.0",
            ),
            (
                "tomcat-embed-core-9.0.54.jar",
                "Bundle-SymbolicName: org.apache.tomcat-embed-core\nBundle-Version: 9.0.54\n",
                ":tomcat-embed-core:9.0.54",
            ),
            (
                "spring-beans-5.3.17.jar",
                "Implementation-Title: spring-beans\nAutomatic-Module-Name: spring.beans\n",
                ":spring-beans:5.3.17",
            ),
            (
                "epoll-4.1.100.Final-linux-x86_64.jar",
                "Implementation-Version: 4.1.100.Fina\n l\n",
                ":epoll:4.1.100.Final",
            ),
            ("servlet-api-2.5.jar", "", ":servlet-api:2.5"),
            (
                "plain.jar",
                "Implementation-Title: plain-thing\nImplementation-Version: 7.1\n\nImplementation-Version: 9\n",
                ":plain-thing:7.1",
            ),
        ] {
            assert_eq!(named(file, manifest).as_deref(), Some(wanted), "{file}");
        }
        assert_eq!(named("app.jar", "Main-Class: x.Y\n"), None);
        // An own bundle's name says no more than itself.
        assert_eq!(group_in("com.example", "example"), None);
    }

    #[test]
    fn a_shaded_part_does_not_name_the_whole() {
        let part = properties(b"#made\nversion=20.0\ngroupId=com.google.guava\nartifactId=guava\n")
            .unwrap();
        let found = [part];
        let whole = own("tool-1.0.jar", &Manifest::default(), &found).unwrap();
        assert_eq!(
            (whole.artifact.as_str(), whole.version.as_str()),
            ("tool", "1.0")
        );
        assert_eq!(
            own("guava-20.0-android.jar", &Manifest::default(), &found),
            None
        );
        assert_eq!(own("app.jar", &Manifest::default(), &found), None);
        assert_eq!(
            properties(b"version=${project.version}\ngroupId=a\nartifactId=b\n"),
            None
        );
    }
}
