//! The purl of a package with its source package, as other scanners read it.

use std::borrow::Cow;

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
    if (source == package.name && version.is_none()) || purl::qualifier(purl, "upstream").is_some()
    {
        return Cow::Borrowed(purl);
    }
    let upstream = match version {
        Some(version) => format!("{source}@{version}"),
        None => source.to_owned(),
    };
    Cow::Owned(purl::with(purl, "upstream", &upstream))
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
