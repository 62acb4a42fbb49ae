//! SPDX 2 as tags and values. Source: "SPDX Specification 2.3", sections 6 to 11; texts of several lines stand between
//! `<text>` and `</text>`.

use super::{
    Raw, RawComponent, SbomError, bounded,
    spdx::{Gathered, purpose},
};
use crate::limits::Limits;

pub(super) fn parse(text: &str, limits: &Limits) -> Result<Raw, SbomError> {
    let mut gathered: Option<Gathered> = None;
    let mut package: Option<(String, RawComponent)> = None;
    let mut name = String::new();
    // Files, snippets and licences have tags of the same names.
    let mut elsewhere = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((tag, value)) = line.split_once(':') else {
            continue;
        };
        let (tag, value) = (tag.trim(), value.trim());
        if value.starts_with("<text>") && !value.contains("</text>") {
            for more in lines.by_ref() {
                if more.contains("</text>") {
                    break;
                }
            }
        }
        if tag == "SPDXVersion" {
            gathered = Some(Gathered::new(value, "tags and values")?);
            continue;
        }
        let Some(gathered) = &mut gathered else {
            continue;
        };
        match tag {
            "DocumentName" => name = bounded(value.to_owned()),
            "PackageName" => {
                if let Some((id, done)) = package.take() {
                    gathered.add(id, done, limits);
                }
                elsewhere = false;
                let component = RawComponent {
                    kind: "library".to_owned(),
                    name: bounded(value.to_owned()),
                    ..RawComponent::default()
                };
                package = Some((String::new(), component));
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => elsewhere = true,
            "Relationship" => {
                let mut words = value.split_whitespace();
                if let (Some(from), Some(kind), Some(to)) =
                    (words.next(), words.next(), words.next())
                {
                    gathered.relate(from, kind, to);
                }
            }
            _ => {}
        }
        let Some((id, component)) = package.as_mut().filter(|_| !elsewhere) else {
            continue;
        };
        match tag {
            "SPDXID" => *id = bounded(value.to_owned()),
            "PackageVersion" => component.version = bounded(value.to_owned()),
            "PrimaryPackagePurpose" => component.kind = purpose(value).to_owned(),
            "ExternalRef" if component.purl.is_empty() => {
                let mut words = value.split_whitespace();
                if let (Some(_), Some("purl"), Some(purl)) =
                    (words.next(), words.next(), words.next())
                {
                    component.purl = bounded(purl.to_owned());
                }
            }
            _ => {}
        }
    }
    let mut gathered = gathered.ok_or(SbomError::Unrecognised)?;
    if let Some((id, done)) = package {
        gathered.add(id, done, limits);
    }
    gathered.name = name;
    Ok(gathered.done(limits))
}
