//! Which rows speak of an installed package at all: its architecture, its module stream, its line of builds.

use std::cmp::Ordering;

use schemas::inventory::Package;

use super::lookup::Installed;
use crate::{
    feeds::{CHANNEL, module_stream},
    row::StoredRow,
    version::VersionScheme,
};

/// The module stream that a package came from, such as `nodejs:18`, by the label that its purl carries.
pub(super) fn stream_of(package: &Package) -> Option<String> {
    module_stream(&purl::qualifier(&package.purl, "rpmmod")?)
}

/// Whether an rpm release is one of a module stream (`…module_el8.5.0+119+9a9ec082`).
pub(super) fn is_modular(version: &str) -> bool {
    version.contains(".module")
}

/// Whether a row names the fix of a module while the package is outside of modules, which no such fix concerns.
pub(super) fn is_of_a_module_only(stored: &StoredRow<'_>, installed: &Installed<'_>) -> bool {
    let fixed = stored.row.affected.first().and_then(|run| run.fixed);
    fixed.is_some_and(is_modular) && !is_modular(&installed.version)
}

/// Whether a row is one of an extended channel, which only tells who is mended.
pub(super) fn is_of_channel(stored: &StoredRow<'_>) -> bool {
    stored
        .row
        .stream
        .is_some_and(|stream| stream.starts_with(CHANNEL))
}

/// Whether a row speaks of this package.
pub(super) fn applies(
    stored: &StoredRow<'_>,
    installed: &Installed<'_>,
    stream: Option<&str>,
) -> bool {
    let row = &stored.row;
    let architecture = installed
        .package
        .architecture
        .as_deref()
        .unwrap_or("noarch");
    // Oracle names machines: those of x86_64 also carry packages of 32 bits.
    let machine = match (row.ecosystem.name, architecture) {
        ("oracle", "i386" | "i486" | "i586" | "i686") => &["x86_64", "i386"][..],
        _ => &[],
    };
    let named = |architecture: &&str| row.architectures.contains(architecture);
    if !row.architectures.is_empty()
        && architecture != "noarch"
        && !named(&architecture)
        && !machine.iter().any(named)
    {
        return false;
    }
    let fixed = row.affected.first().and_then(|run| run.fixed);
    match row.ecosystem.name {
        "redhat" | "almalinux" | "rocky" => module_matches(row.stream, fixed, installed, stream),
        "oracle" => {
            fixed.is_none_or(|fixed| flavour(fixed) == flavour(&installed.version))
                && module_matches(row.stream, fixed, installed, stream)
        }
        "amazon" => row
            .stream
            .is_none_or(|topic| of_topic(topic, &installed.version)),
        _ => true,
    }
}

/// An advisory for a module stream speaks of packages of that stream only. One whose stream is not known may be of any.
fn module_matches(
    row: Option<&str>,
    fixed: Option<&str>,
    installed: &Installed<'_>,
    stream: Option<&str>,
) -> bool {
    match (row, stream) {
        (Some(row), _) if row.starts_with(CHANNEL) => false,
        (Some(row), Some(stream)) => row == stream,
        (Some(_), None) => is_modular(&installed.version),
        // What is said without a stream is said of the package outside of modules.
        (None, Some(_)) => fixed.is_some_and(is_modular),
        (None, None) => true,
    }
}

/// Builds of Oracle's that are made from other sources: with user-space patches for Ksplice, and certified ones.
fn flavour(version: &str) -> &'static str {
    match version {
        version if version.contains(".ksplice") => "ksplice",
        version if version.contains("_fips") => "fips",
        _ => "",
    }
}

/// Whether a version is of a topic of Amazon's extras. A topic named by a version (`kernel-5.15`, `php8.1`) has only
/// that line; one without (`docker`) has all.
fn of_topic(topic: &str, version: &str) -> bool {
    let start = topic
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |at| at + 1);
    let (name, line) = topic.split_at(start.min(topic.len()));
    let line = line.trim_matches('.');
    if line.is_empty() || name.contains(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let version = without_epoch(version);
    // Java 8 numbers itself 1.8.0.
    let version = match (name.contains("corretto"), version.strip_prefix("1.")) {
        (true, Some(rest)) => rest,
        _ => version,
    };
    version
        .strip_prefix(line)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a fix of an extended channel of Red Hat's mends a package: both are builds of the same minor release, and
/// the package is not older.
pub(super) fn mends(channel: &StoredRow<'_>, version: &str, scheme: VersionScheme) -> bool {
    let fixed = channel.row.affected.first().and_then(|run| run.fixed);
    fixed.is_some_and(|fixed| {
        minor(fixed).is_some()
            && minor(fixed) == minor(version)
            && scheme.order(version, fixed) != Ordering::Less
    })
}

/// `el8_8` of `4.18.0-477.58.1.el8_8`.
fn minor(version: &str) -> Option<&str> {
    let start = version.rfind(".el")? + 1;
    let tag = version.get(start..)?.split('.').next()?;
    tag.contains('_').then_some(tag)
}

/// Kernels of several lines live side by side in one release, each with fixes of its own: the rows of the installed
/// line. None when a fix is named for other lines only, which says nothing of this one.
pub(super) fn of_kernel_line<'r, 'a>(
    group: Vec<&'r StoredRow<'a>>,
    version: &str,
) -> Result<Vec<&'r StoredRow<'a>>, &'r StoredRow<'a>> {
    let Some(first) = group.first() else {
        return Ok(group);
    };
    if first.row.ecosystem.name != "oracle" || !first.row.package.starts_with("kernel-uek") {
        return Ok(group);
    }
    let line = upstream(version, 2);
    let near: Vec<_> = group
        .iter()
        .copied()
        .filter(|stored| {
            let fixed = stored.row.affected.first().and_then(|run| run.fixed);
            fixed.is_none_or(|fixed| upstream(fixed, 2) == line)
        })
        .collect();
    match near.is_empty() {
        true => Err(first),
        false => Ok(near),
    }
}

fn without_epoch(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

/// The first numbers of an rpm's upstream version, without its epoch.
pub(super) fn upstream(version: &str, parts: usize) -> String {
    let version = without_epoch(version).split('-').next().unwrap_or_default();
    let parts: Vec<&str> = version.split('.').take(parts).collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_the_line_that_it_is_named_by() {
        for (topic, version, is) in [
            ("kernel-5.15", "5.15.86-53.137.amzn2", true),
            ("kernel-5.15", "5.150.1-1", false),
            ("kernel-5.15", "5.10.1-1.amzn2", false),
            ("php8.1", "8.1.16-1.amzn2", true),
            ("php8.1", "5.4.16-46.amzn2", false),
            ("postgresql14", "14.3-1", true),
            ("corretto8", "1:1.8.0_322.b06-1", true),
            ("docker", "20.10-1", true),
            ("livepatch", "1.0-1", true),
            ("lamp-mariadb10.2-php7.2", "10.2.38-1", true),
        ] {
            assert_eq!(of_topic(topic, version), is, "{topic} {version}");
        }
    }

    #[test]
    fn minor_releases_are_told_by_the_tag() {
        assert_eq!(minor("4.18.0-477.58.1.el8_8"), Some("el8_8"));
        assert_eq!(minor("4.18.0-477.58.1.el8_8.2"), Some("el8_8"));
        assert_eq!(minor("3.0.7-27.el9"), None);
    }
}
