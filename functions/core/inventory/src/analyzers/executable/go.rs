//! Go's build information: which modules, and which version of Go, made an executable.
//! Source: Go, `debug/buildinfo` and `runtime/debug.ParseBuildInfo`.

use schemas::inventory::{Package, PackageKind};

use super::binary::{Binary, damaged};
use crate::analyzers::AnalyzerError;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The head is aligned to this, and as long twice over.
const ALIGN: usize = 16;
const HEAD_BYTES: usize = 32;
/// How much of the data is searched where no section is named after it: it comes first there.
const MAX_SEARCH_BYTES: u64 = 64 << 10;
/// Bytes of the list of modules. That of a program of a thousand modules is a tenth of it.
const MAX_TEXT_BYTES: u64 = 4 << 20;
/// The mark around the list of modules, of 16 bytes before and after.
const MARK_BYTES: usize = 16;
const MAX_MODULES: usize = 20_000;
/// What Go writes where it does not know the version: a build from a folder.
const DEVEL: &str = "(devel)";

/// Go's standard library and the modules of an executable; nothing when Go did not build it.
pub(super) fn read(
    binary: &mut Binary<'_>,
    path: &str,
) -> Result<Option<Vec<Package>>, AnalyzerError> {
    let Some(info) = BuildInfo::find(binary)? else {
        return Ok(None);
    };
    Ok(Some(packages(&info, path)))
}

/// The two texts.
struct BuildInfo {
    go: String,
    modules: String,
}

impl BuildInfo {
    fn find(binary: &mut Binary<'_>) -> Result<Option<Self>, AnalyzerError> {
        let named = [".go.buildinfo", "__go_buildinfo"]
            .into_iter()
            .find_map(|name| binary.section(name))
            .map(|section| (section.offset, section.size));
        let Some((start, size)) =
            named.or_else(|| binary.data().map(|data| (data.offset, data.size)))
        else {
            return Ok(None);
        };
        let bytes = binary.read(start, size.min(MAX_SEARCH_BYTES))?;
        let found = bytes
            .chunks(ALIGN)
            .position(|chunk| chunk.starts_with(MAGIC));
        let Some(at) = found.map(|chunk| chunk * ALIGN) else {
            return Ok(None);
        };
        let head = bytes
            .get(at..at + HEAD_BYTES)
            .ok_or_else(|| damaged("Go build information"))?;
        let (pointer_bytes, flags) = (head.get(14).copied(), head.get(15).copied().unwrap_or(0));
        let (go, modules) = if flags & 2 != 0 {
            Self::inline(binary, start + (at + HEAD_BYTES) as u64)?
        } else {
            Self::pointed(binary, head, pointer_bytes, flags & 1 != 0)?
        };
        Ok(Some(Self {
            go: String::from_utf8_lossy(&go).into_owned(),
            modules: String::from_utf8_lossy(without_mark(&modules)).into_owned(),
        }))
    }

    /// Since Go 1.18 the texts follow the head, each after its length.
    fn inline(binary: &mut Binary<'_>, at: u64) -> Result<(Vec<u8>, Vec<u8>), AnalyzerError> {
        let bytes = binary.read(at, MAX_TEXT_BYTES)?;
        let texts = || {
            let (go, rest) = counted(&bytes)?;
            let (modules, _) = counted(rest)?;
            Some((go.to_vec(), modules.to_vec()))
        };
        texts().ok_or_else(|| damaged("Go build information"))
    }

    /// Before that the head held two addresses of strings, which are an address and a length each.
    fn pointed(
        binary: &mut Binary<'_>,
        head: &[u8],
        pointer_bytes: Option<u8>,
        big: bool,
    ) -> Result<(Vec<u8>, Vec<u8>), AnalyzerError> {
        use crate::bytes::Order;
        let bad = || damaged("Go build information");
        let order = if big { Order::Big } else { Order::Little };
        let (wide, step) = match pointer_bytes {
            Some(4) => (false, 4),
            Some(8) => (true, 8),
            _ => return Err(bad()),
        };
        let mut text = |at: usize| -> Result<Vec<u8>, AnalyzerError> {
            let address = order.word(head, at, wide).ok_or_else(bad)?;
            let (offset, _) = binary.offset_of(address).ok_or_else(bad)?;
            let string = binary.read(offset, 16)?;
            let start = order.word(&string, 0, wide).ok_or_else(bad)?;
            let length = order.word(&string, step, wide).ok_or_else(bad)?;
            if length == 0 {
                return Ok(Vec::new());
            }
            let (offset, left) = binary.offset_of(start).ok_or_else(bad)?;
            if length > left || length > MAX_TEXT_BYTES {
                return Err(bad());
            }
            binary.read(offset, length)
        };
        Ok((text(16)?, text(16 + step)?))
    }
}

/// A text after its length, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = bytes.get(index + 1..)?;
            return rest.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// The list of modules without the marks around it.
fn without_mark(bytes: &[u8]) -> &[u8] {
    let marked =
        bytes.len() > 2 * MARK_BYTES && bytes.get(bytes.len() - MARK_BYTES - 1) == Some(&b'\n');
    match marked {
        true => bytes
            .get(MARK_BYTES..bytes.len() - MARK_BYTES)
            .unwrap_or_default(),
        false => &[],
    }
}

fn packages(info: &BuildInfo, path: &str) -> Vec<Package> {
    let mut packages = vec![package("stdlib", &library_version(&info.go), path)];
    let mut main = None;
    let mut replaced_main = false;
    for line in info.modules.lines().take(MAX_MODULES) {
        let mut fields = line.split('\t');
        let kind = fields.next().unwrap_or_default();
        let (name, version) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        match kind {
            "mod" | "dep" if is_module(name) => {
                if kind == "mod" {
                    main = Some(packages.len());
                }
                packages.push(package(name, version, path));
            }
            // The module above is built from another one, or from a folder.
            "=>" => {
                replaced_main |= main == Some(packages.len() - 1);
                if is_module(name)
                    && !version.is_empty()
                    && let Some(last) = packages.last_mut()
                {
                    *last = package(name, version, path);
                }
            }
            "build" if name.starts_with("-ldflags=") => {
                if let Some(index) = main
                    && !replaced_main
                    && let Some(module) = packages.get_mut(index)
                    && is_unknown(&module.version)
                    && let Some(version) = linked_version(line)
                {
                    *module = package(&module.name.clone(), &version, path);
                }
            }
            _ => {}
        }
    }
    packages
}

fn is_unknown(version: &str) -> bool {
    version.is_empty() || version == DEVEL
}

fn is_module(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 512
        && !name.contains(char::is_whitespace)
        && !name.starts_with(['.', '/'])
}

/// A module. The version of one that was built from a folder is Go's word for it, `(devel)`: a judgement of it says that
/// it cannot be made.
fn package(name: &str, version: &str, path: &str) -> Package {
    let version = if version.is_empty() { DEVEL } else { version };
    Package {
        purl: purl::golang(name, if version == DEVEL { "" } else { version }),
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Golang,
        path: path.to_owned(),
        ..Package::default()
    }
}

/// `go1.22.3 X:boringcrypto` → `1.22.3`; `go1.21` → `1.21.0`; `go1.21rc2` → `1.21.0-rc.2`, as advisories write it.
/// A suffix that a builder added (`go1.20.12-1.el9`) is left out. Go between releases (`devel …`) has no version.
fn library_version(text: &str) -> String {
    let of_release = || {
        let word = text.split_whitespace().next()?.strip_prefix("go")?;
        let end = word
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(word.len());
        let (numbers, suffix) = word.split_at_checked(end)?;
        let mut parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() < 2 || parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        while parts.len() < 3 {
            parts.push("0");
        }
        let mut version = parts.join(".");
        for word in ["rc", "beta"] {
            if let Some(number) = suffix.strip_prefix(word) {
                let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
                version = format!("{version}-{word}.{digits}");
            }
        }
        Some(version)
    };
    of_release().unwrap_or_else(|| DEVEL.to_owned())
}

/// The version that a build wrote into a variable named `version` (`-X main.version=1.2.3`), when all such variables
/// agree.
fn linked_version(line: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for part in line.split_whitespace() {
        let part = part.trim_matches(|c: char| matches!(c, '"' | '\'' | '\\'));
        let Some((variable, value)) = part.split_once('=') else {
            continue;
        };
        let name = variable.rsplit(['.', '/']).next().unwrap_or_default();
        if !name.eq_ignore_ascii_case("version") {
            continue;
        }
        let value = value.trim_matches(|c: char| matches!(c, '"' | '\'' | '\\'));
        let numbers = value.strip_prefix('v').unwrap_or(value);
        let mut parts = numbers.splitn(3, '.');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let plain = parts.next().is_some_and(is_number)
            && parts.next().is_some_and(is_number)
            && parts
                .next()
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if !plain || value.len() > 64 {
            continue;
        }
        let version = format!("v{numbers}");
        if found.as_ref().is_some_and(|earlier| *earlier != version) {
            return None;
        }
        found = Some(version);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_those_of_its_advisories() {
        for (text, version) in [
            ("go1.22.3", "1.22.3"),
            ("go1.21", "1.21.0"),
            ("go1.21rc2", "1.21.0-rc.2"),
            ("go1.20.12 X:boringcrypto", "1.20.12"),
            ("go1.20.12-1.el9", "1.20.12"),
            ("devel go1.23-6a1b2c3 Mon", DEVEL),
            ("", DEVEL),
            ("go1", DEVEL),
        ] {
            assert_eq!(library_version(text), version, "{text}");
        }
    }

    #[test]
    fn modules_are_what_was_built_and_not_what_was_replaced() {
        let info = BuildInfo {
            go: "go1.20.1".to_owned(),
            modules: "path\texample.org/app/cmd\nmod\texample.org/app\t(devel)\t\n\
                      dep\tgolang.org/x/net\tv0.7.0\th1:x\n\
                      dep\tgithub.com/Old/lib\tv1.0.0\n=>\tgithub.com/new/lib\tv1.0.1\th1:y\n\
                      dep\texample.org/near\tv0.0.0\n=>\t./near\t(devel)\n\
                      build\t-ldflags=\"-s -w -X main.commit=abc -X 'example.org/app/internal.Version=2.3.4'\"\n"
                .to_owned(),
        };
        let found: Vec<String> = packages(&info, "app")
            .into_iter()
            .map(|package| package.purl)
            .collect();
        assert_eq!(
            found,
            [
                "pkg:golang/stdlib@1.20.1",
                "pkg:golang/example.org/app@v2.3.4",
                "pkg:golang/golang.org/x/net@v0.7.0",
                "pkg:golang/github.com/new/lib@v1.0.1",
                "pkg:golang/example.org/near@v0.0.0",
            ]
        );
        assert_eq!(
            linked_version("-X a.version=1.2.3 -X b.Version=1.2.4"),
            None
        );
        assert_eq!(linked_version("-X a.version=main-abcdef"), None);
    }
}
