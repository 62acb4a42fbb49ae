//! Go's order: module versions (`v1.2.3`, pseudo-versions) and releases of Go itself (`go1.21.3`, `1.20rc2`).
//!
//! Sources: the Go Modules Reference, "Versions"; the package `go/version`. Both are semantic versions in other
//! clothes: the prefix `go` is dropped, numbers that are left out are 0, and what a vendor adds after white space does
//! not count. Before Go 1.21 the first release of a line is written without its third number.

use std::cmp::Ordering;

use super::semver;

/// Orders two versions of modules or of Go.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    semver::order(plain(a), plain(b))
}

fn plain(version: &str) -> &str {
    let version = version.strip_prefix("go").unwrap_or(version);
    version.split_ascii_whitespace().next().unwrap_or_default()
}

/// Whether the version begins with a number; `(devel)`, which Go writes for what it does not know, does not.
///
/// # Errors
/// What is wrong, to be read after the version.
pub fn check(version: &str) -> Result<(), &'static str> {
    let plain = plain(version);
    let number = plain.strip_prefix('v').unwrap_or(plain);
    if number.starts_with(|c: char| c.is_ascii_digit()) {
        Ok(())
    } else {
        Err("does not begin with a number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_go_and_of_modules() {
        let ascending = [
            "go1.9.2",
            "1.20rc2",
            "go1.20",
            "1.20.1",
            "go1.20.10 X:boringcrypto",
            "go1.21.0",
            "v1.22.0-0.20240101000000-abcdefabcdef",
            "v1.22.0+incompatible",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(order("go1.20", "v1.20.0"), Ordering::Equal);
        assert!(check("(devel)").is_err() && check("").is_err() && check("go").is_err());
        assert_eq!(check("go1.21"), Ok(()));
    }
}
