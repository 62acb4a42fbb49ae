//! The purl of a package with its source package, as other scanners read it.

use std::{borrow::Cow, fmt::Write as _};

use schemas::inventory::Package;

/// The package's purl with the qualifier `upstream` where its source package has another name or version. Source: the
/// convention of syft, which grype reads: `upstream=NAME` or `upstream=NAME%40VERSION`.
pub(crate) fn with_upstream(package: &Package) -> Cow<'_, str> {
    let purl = package.purl.as_str();
    let Some(source) = package
        .source_name
        .as_deref()
        .filter(|name| !name.is_empty())
    else {
        return Cow::Borrowed(purl);
    };
    let version = package
        .source_version
        .as_deref()
        .filter(|version| *version != package.version);
    if (source == package.name && version.is_none()) || purl.contains("upstream=") {
        return Cow::Borrowed(purl);
    }
    let mut value = String::from("upstream=");
    encode(source, &mut value);
    if let Some(version) = version {
        value.push_str("%40");
        encode(version, &mut value);
    }
    let (base, fragment) = match purl.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (purl, None),
    };
    let (path, qualifiers) = base.split_once('?').unwrap_or((base, ""));
    let mut all: Vec<&str> = qualifiers.split('&').filter(|q| !q.is_empty()).collect();
    // Qualifiers are in the order of their keys. Source: ECMA-427, "Rules for each purl component".
    let at = all.partition_point(|q| *q < value.as_str());
    all.insert(at, &value);
    let mut out = format!("{path}?{}", all.join("&"));
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    Cow::Owned(out)
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_package_is_a_qualifier_in_its_place() {
        let mut package = Package {
            name: "libssl3".to_owned(),
            version: "3.0-1+b1".to_owned(),
            purl: "pkg:deb/debian/libssl3@3.0-1%2Bb1?arch=amd64&distro=debian-12&vcs=x#a"
                .to_owned(),
            source_name: Some("openssl".to_owned()),
            source_version: Some("3.0-1".to_owned()),
            ..Package::default()
        };
        assert_eq!(
            with_upstream(&package),
            "pkg:deb/debian/libssl3@3.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0-1&vcs=x#a"
        );
        package.source_version = None;
        package.purl = "pkg:deb/libssl3".to_owned();
        assert_eq!(with_upstream(&package), "pkg:deb/libssl3?upstream=openssl");
        package.source_name = Some("libssl3".to_owned());
        assert_eq!(with_upstream(&package), "pkg:deb/libssl3");
    }
}
