//! Names inside archives, made into plain paths below the root.

use std::borrow::Cow;

/// Why a name is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnsafeName {
    /// `..` leads out of the root.
    Escapes,
    /// Longer than the limit.
    TooLong,
    /// Holds a NUL byte.
    Nul,
}

impl UnsafeName {
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::Escapes => "the name leads out of the root with `..`; the entry was skipped",
            Self::TooLong => "the name is longer than the limit; the entry was skipped",
            Self::Nul => "the name holds a NUL byte; the entry was skipped",
        }
    }
}

/// The path below the root that a name stands for, written into `out`: leading slashes, empty parts and `.` are dropped
/// and `..` is resolved where it stays inside. The root itself is the empty path. Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn normalise(name: &[u8], max_bytes: usize, out: &mut String) -> Result<(), UnsafeName> {
    out.clear();
    if name.len() > max_bytes {
        return Err(UnsafeName::TooLong);
    }
    if name.contains(&0) {
        return Err(UnsafeName::Nul);
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(name);
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => match out.rfind('/') {
                Some(at) => out.truncate(at),
                None if out.is_empty() => return Err(UnsafeName::Escapes),
                None => out.clear(),
            },
            part => {
                if !out.is_empty() {
                    out.push('/');
                }
                out.push_str(part);
            }
        }
    }
    Ok(())
}

/// The folder of a path and its last part.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether `text` ends with `suffix`, without case. `suffix` is ASCII.
pub(crate) fn ends_with_ignore_case(text: &str, suffix: &str) -> bool {
    text.len()
        .checked_sub(suffix.len())
        .and_then(|start| text.as_bytes().get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Result<String, UnsafeName> {
        let mut out = String::from("left over");
        normalise(name.as_bytes(), 40, &mut out).map(|()| out)
    }

    #[test]
    fn names_become_paths_inside_the_root_or_are_refused() {
        for (name, path) in [
            ("./etc/passwd", "etc/passwd"),
            ("/etc//passwd/", "etc/passwd"),
            ("a/../b", "b"),
            ("a/b/../../c/./d", "c/d"),
            ("./", ""),
            ("", ""),
        ] {
            assert_eq!(of(name).unwrap(), path, "{name}");
        }
        for name in ["..", "../x", "a/../../x", "/../etc/passwd"] {
            assert_eq!(of(name), Err(UnsafeName::Escapes), "{name}");
        }
        assert_eq!(of(&"x/".repeat(40)), Err(UnsafeName::TooLong));
        assert_eq!(of("a\0b"), Err(UnsafeName::Nul));
    }
}
