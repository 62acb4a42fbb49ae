//! The version resource of Windows executables: product, company, file version.
//! Source: Microsoft, "PE Format", ".rsrc Section"; `VS_VERSIONINFO` and `VS_FIXEDFILEINFO` in its Win32 reference.

use schemas::inventory::{Package, PackageKind};

use super::binary::{Binary, Format};
use crate::{analyzers::AnalyzerError, bytes::Order};

const VERSION: u32 = 16;
/// Bytes of the resource directory that are searched, and of one version resource.
const MAX_DIRECTORY_BYTES: u64 = 256 << 10;
const MAX_RESOURCE_BYTES: u64 = 64 << 10;
/// Entries of one directory. Real ones have some dozens.
const MAX_ENTRIES: usize = 4096;
const SIGNATURE: u32 = 0xfeef_04bd;
/// Texts longer than this are no names.
const MAX_TEXT: usize = 200;

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VersionResource {
    /// The four numbers of `VS_FIXEDFILEINFO`.
    pub(super) file_version: String,
    pub(super) product_name: String,
    pub(super) company_name: String,
    pub(super) product_version: String,
}

/// The product that an executable belongs to, when it says so.
pub(super) fn package(
    binary: &mut Binary<'_>,
    path: &str,
) -> Result<Option<Package>, AnalyzerError> {
    let Some(resource) = read(binary)? else {
        return Ok(None);
    };
    if resource.product_name.is_empty() || resource.company_name.is_empty() {
        return Ok(None);
    }
    let version = match is_version(&resource.product_version) {
        true => &resource.product_version,
        false => &resource.file_version,
    };
    Ok(Some(Package {
        purl: purl::build(
            "generic",
            "",
            &resource.product_name,
            version,
            &[("vendor", &resource.company_name)],
        ),
        version: version.clone(),
        name: resource.product_name,
        kind: PackageKind::WindowsFile,
        path: path.to_owned(),
        ..Package::default()
    }))
}

fn is_version(text: &str) -> bool {
    text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The version resource; nothing when there is none that can be read.
pub(super) fn read(binary: &mut Binary<'_>) -> Result<Option<VersionResource>, AnalyzerError> {
    if binary.format != Format::Pe {
        return Ok(None);
    }
    let Some((offset, size)) = binary
        .section(".rsrc")
        .map(|section| (section.offset, section.size))
    else {
        return Ok(None);
    };
    let directory = binary.read(offset, size.min(MAX_DIRECTORY_BYTES))?;
    let Some((place, size)) = version_entry(&directory) else {
        return Ok(None);
    };
    let Some((offset, left)) = binary
        .layout
        .base
        .checked_add(u64::from(place))
        .and_then(|address| binary.offset_of(address))
    else {
        return Ok(None);
    };
    let bytes = binary.read(offset, u64::from(size).min(left).min(MAX_RESOURCE_BYTES))?;
    Ok(parse(&bytes))
}

/// Place and size of the first version resource: three directories deep, by type, name and language.
fn version_entry(directory: &[u8]) -> Option<(u32, u32)> {
    let order = Order::Little;
    let entries = |at: usize| -> Option<Vec<(u32, u32)>> {
        let count = usize::from(order.u16(directory, at.checked_add(12)?)?)
            + usize::from(order.u16(directory, at.checked_add(14)?)?);
        (0..count.min(MAX_ENTRIES))
            .map(|index| {
                let at = at.checked_add(16 + index * 8)?;
                Some((order.u32(directory, at)?, order.u32(directory, at + 4)?))
            })
            .collect()
    };
    let below = |value: u32| {
        usize::try_from(value & 0x7fff_ffff)
            .ok()
            .filter(|_| value >> 31 == 1)
    };
    let (_, names) = entries(0)?.into_iter().find(|(id, _)| *id == VERSION)?;
    let (_, languages) = *entries(below(names)?)?.first()?;
    let (_, data) = *entries(below(languages)?)?.first()?;
    let at = usize::try_from(data).ok().filter(|_| data >> 31 == 0)?;
    Some((
        order.u32(directory, at)?,
        order.u32(directory, at.checked_add(4)?)?,
    ))
}

/// Reads `VS_VERSIONINFO`.
fn parse(bytes: &[u8]) -> Option<VersionResource> {
    let order = Order::Little;
    let root = Block::read(bytes)?;
    let fixed = root.value;
    if root.key != "VS_VERSION_INFO" || order.u32(fixed, 0)? != SIGNATURE {
        return None;
    }
    let (high, low) = (order.u32(fixed, 8)?, order.u32(fixed, 12)?);
    let mut resource = VersionResource {
        file_version: format!(
            "{}.{}.{}.{}",
            high >> 16,
            high & 0xffff,
            low >> 16,
            low & 0xffff
        ),
        ..VersionResource::default()
    };
    for info in Blocks(root.children).filter(|block| block.key == "StringFileInfo") {
        for table in Blocks(info.children) {
            for string in Blocks(table.children) {
                let field = match string.key.as_str() {
                    "ProductName" => &mut resource.product_name,
                    "CompanyName" => &mut resource.company_name,
                    "ProductVersion" => &mut resource.product_version,
                    _ => continue,
                };
                if field.is_empty() {
                    *field = text(string.value);
                }
            }
        }
    }
    Some(resource)
}

/// A length, a value's length, a type, a key, a value and further blocks, each part on a boundary of four bytes.
struct Block<'a> {
    key: String,
    value: &'a [u8],
    children: &'a [u8],
    length: usize,
}

impl<'a> Block<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let order = Order::Little;
        let length = usize::from(order.u16(bytes, 0)?);
        let value_length = usize::from(order.u16(bytes, 2)?);
        let is_text = order.u16(bytes, 4)? == 1;
        if length < 6 {
            return None;
        }
        let block = bytes.get(..length).unwrap_or(bytes);
        let key_bytes = block.get(6..)?;
        let units = key_bytes.chunks_exact(2).position(|unit| unit == [0, 0])?;
        let key = text(key_bytes.get(..units * 2)?);
        let value_at = (6 + units * 2 + 2).next_multiple_of(4);
        // Some compilers count a text's bytes and others its characters; a text ends with its NUL either way.
        let value_bytes = if is_text {
            value_length * 2
        } else {
            value_length
        };
        let rest = block.get(value_at.min(block.len())..)?;
        let value = rest.get(..value_bytes).unwrap_or(rest);
        let children = block
            .get((value_at + value.len()).next_multiple_of(4)..)
            .unwrap_or_default();
        Some(Self {
            key,
            value,
            children,
            length,
        })
    }
}

/// Blocks one after another.
struct Blocks<'a>(&'a [u8]);

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let block = Block::read(self.0)?;
        self.0 = self
            .0
            .get(block.length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some(block)
    }
}

/// UTF-16 text up to its first NUL, trimmed; nothing that is too long to be a name.
fn text(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .filter_map(|unit| Order::Little.u16(unit, 0))
        .take_while(|unit| *unit != 0)
        .take(MAX_TEXT);
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}
