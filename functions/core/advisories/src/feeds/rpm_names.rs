//! What names and versions of rpm packages tell: their parts, the release they were built for, the module stream.

/// A build's name, epoch with version and release, and architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nevra<'a> {
    pub(super) name: &'a str,
    /// `[epoch:]version-release`.
    pub(super) evr: &'a str,
    pub(super) architecture: &'a str,
}

/// The architectures that rpm packages are built for. Source: rpm, `rpmrc`.
static ARCHITECTURES: &[&str] = &[
    "x86_64",
    "aarch64",
    "noarch",
    "i386",
    "i486",
    "i586",
    "i686",
    "ppc",
    "ppc64",
    "ppc64le",
    "s390",
    "s390x",
    "ia64",
    "armv7hl",
    "riscv64",
    "src",
    "nosrc",
    "x86_64_v2",
    "loongarch64",
];

/// Takes `name-[epoch:]version-release[.architecture][.rpm]` apart.
pub(super) fn nevra(text: &str) -> Option<Nevra<'_>> {
    let text = text.strip_suffix(".rpm").unwrap_or(text);
    let (text, architecture) = match text.rsplit_once('.') {
        Some((rest, last)) if ARCHITECTURES.contains(&last) => (rest, last),
        _ => (text, ""),
    };
    let release = text.rfind('-')?;
    let version = text.get(..release)?.rfind('-')?;
    let (name, evr) = (text.get(..version)?, text.get(version + 1..)?);
    let good = !name.is_empty() && release > version + 1 && release + 1 < text.len();
    good.then_some(Nevra {
        name,
        evr,
        architecture,
    })
}

/// The major release that an rpm release is built for: `9` of `1.el9_2`, `8` of `2.module_el8.5.0+119+9a9ec082`.
pub(super) fn el_major(release: &str) -> Option<&str> {
    release.match_indices("el").find_map(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| release.as_bytes().get(at));
        if !matches!(before, Some(b'.' | b'+' | b'_')) {
            return None;
        }
        digits(release.get(at + 2..)?)
    })
}

/// The digits that a text begins with, if any.
pub(super) fn digits(text: &str) -> Option<&str> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..end).filter(|digits| !digits.is_empty())
}

/// `nodejs:18` of a module's whole name `nodejs:18:8080020230315:63b34585:x86_64`.
pub(crate) fn module_stream(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    match (parts.next(), parts.next()) {
        (Some(name), Some(stream)) if !name.is_empty() && !stream.is_empty() => {
            Some(format!("{name}:{stream}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_taken_apart_from_their_end() {
        for (text, name, evr, architecture) in [
            (
                "delve-0:1.25.2-1.el10_1.aarch64.rpm",
                "delve",
                "0:1.25.2-1.el10_1",
                "aarch64",
            ),
            (
                "samba-client-libs-4.19.4+git.339.acf1ccaa02-1.22",
                "samba-client-libs",
                "4.19.4+git.339.acf1ccaa02-1.22",
                "",
            ),
            (
                "perl-Switch-2.17-4.1.noarch",
                "perl-Switch",
                "2.17-4.1",
                "noarch",
            ),
            (
                "libImlib2-1-1.4.5-5.1.x86_64",
                "libImlib2-1",
                "1.4.5-5.1",
                "x86_64",
            ),
        ] {
            let expected = Nevra {
                name,
                evr,
                architecture,
            };
            assert_eq!(nevra(text), Some(expected), "{text}");
        }
        for text in ["", "kernel", "kernel-1", "-1-2", "a--", "a--1"] {
            assert_eq!(nevra(text), None, "{text}");
        }
    }

    #[test]
    fn the_release_is_told_by_the_tag_of_the_distribution() {
        for (release, major) in [
            ("1.el9_2", Some("9")),
            ("18.module_el8.5.0+2632+14ced695", Some("8")),
            ("2.module+el9.1.0+13358+56c3b6a3", Some("9")),
            ("1.el10_1", Some("10")),
            ("3.model7", None),
            ("1.fc39", None),
        ] {
            assert_eq!(el_major(release), major, "{release}");
        }
        assert_eq!(
            module_stream("nodejs:18:80:c:x86_64").as_deref(),
            Some("nodejs:18")
        );
        assert_eq!(module_stream("nodejs"), None);
    }

    proptest! {
        #[test]
        fn no_text_stops_them(text in "\\PC{0,40}") {
            let _ = (nevra(&text), el_major(&text), module_stream(&text));
        }
    }
}
