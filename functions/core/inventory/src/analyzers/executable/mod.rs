//! Executables that say what they were built from: Go's build information, the dependency list of `cargo auditable`,
//! and the version resource of Windows files.
//!
//! Executables have any name, so they are found by their mode or extension, and told by their first bytes. What names
//! no origin gives nothing and is no gap: a program of C is its distribution's to know.

mod binary;
mod dotnet_framework;
mod elf;
mod go;
mod macho;
mod pe;
mod rust;
mod version_resource;

use schemas::inventory::{Evidence, GapReason, Package};

use super::{Analysis, Analyzer, AnalyzerError};
use crate::{
    content::Content,
    gaps::gap_at,
    path::{ends_with_ignore_case, split},
};
use binary::{Binary, Format};
pub(crate) use dotnet_framework::NAME as DOTNET_FRAMEWORK;

/// The smallest files that are looked into: the smallest executable of Go or Rust is many times as large.
const MIN_BYTES: u64 = 8 << 10;
/// Endings of files that carry an executable's mode in many images and are none, or are told of by something else.
const OTHER_ENDINGS: &[&str] = &[
    "sh", "bash", "py", "pyc", "pl", "pm", "rb", "js", "mjs", "cjs", "ts", "lua", "php", "md",
    "txt", "json", "yml", "yaml", "toml", "xml", "html", "htm", "css", "conf", "cfg", "ini", "png",
    "jpg", "svg", "gif", "ico", "ttf", "woff", "woff2", "pdf", "map", "so", "a", "o", "ko", "h",
    "c", "cpp", "jar", "war", "zip", "gz", "xz", "zst", "tar", "dll", "deb", "rpm", "apk", "crt",
    "pem", "service", "csv", "sql", "mo", "el", "tcl", "debug",
];

/// Reads what executables say of themselves.
pub(crate) struct Executable;

impl Analyzer for Executable {
    fn name(&self) -> &'static str {
        "executable"
    }

    fn wants(&self, path: &str) -> bool {
        dotnet_framework::is_component(path)
    }

    fn may_want(&self, path: &str, size: u64, executable: bool) -> bool {
        if size < MIN_BYTES {
            return false;
        }
        let name = split(path).1;
        if ends_with_ignore_case(name, ".exe") {
            return !starts_with_ignore_case(path, "windows/");
        }
        executable
            && !is_other(name)
            && !["proc/", "sys/", "dev/"]
                .iter()
                .any(|top| path.starts_with(top))
    }

    fn recognises(&self, head: &[u8]) -> bool {
        Format::of(head).is_some()
    }

    fn is_database(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let mut analysis = Analysis::default();
        let Some(mut binary) = Binary::open(content)? else {
            return Ok(analysis);
        };
        if dotnet_framework::is_component(path) {
            if let Some(package) = dotnet_framework::package(&mut binary, path)? {
                put(&mut analysis, "dotnet-framework", path, vec![package]);
            }
            return Ok(analysis);
        }
        match go::read(&mut binary, path) {
            Ok(Some(packages)) => put(&mut analysis, "go-binary", path, packages),
            Ok(None) => {}
            Err(error) => tell(&mut analysis, path, "its Go build information", error),
        }
        match rust::read(&mut binary, path) {
            Ok(Some(packages)) => put(&mut analysis, "rust-binary", path, packages),
            Ok(None) => {}
            Err(error) => tell(&mut analysis, path, "its list of Rust crates", error),
        }
        if analysis.evidence.is_empty() && analysis.gaps.is_empty() {
            if binary.is_packed()? {
                analysis.gaps.push(gap_at(
                    GapReason::UnsupportedFormat,
                    path,
                    "the executable is packed with UPX, which hides what it was built from; `upx -d` unpacks it",
                ));
            } else if let Some(package) = version_resource::package(&mut binary, path)? {
                put(&mut analysis, "windows-file", path, vec![package]);
            }
        }
        Ok(analysis)
    }
}

fn put(analysis: &mut Analysis, analyzer: &str, path: &str, packages: Vec<Package>) {
    analysis.evidence.push(Evidence::Packages {
        path: path.to_owned(),
        analyzer: analyzer.to_owned(),
        packages,
    });
}

fn tell(analysis: &mut Analysis, path: &str, what: &str, error: AnalyzerError) {
    analysis.gaps.push(gap_at(
        error.reason(),
        path,
        format!("{what} was not read: {error}"),
    ));
}

/// Whether the name's ending is that of something else than a program.
fn is_other(name: &str) -> bool {
    name.contains(".so.")
        || name.rsplit_once('.').is_some_and(|(_, ending)| {
            OTHER_ENDINGS
                .iter()
                .any(|other| ending.eq_ignore_ascii_case(other))
        })
}

fn starts_with_ignore_case(text: &str, start: &str) -> bool {
    text.as_bytes()
        .get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::{elf, inline_info as go_build_info};
