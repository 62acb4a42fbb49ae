//! Writing purls. Source: the type definitions of purl for cargo, composer, gem, generic, golang, maven, npm, nuget and
//! pypi.

use crate::{names::written_name, text::encode};

/// Builds one: `namespace` is split at `/`; namespace and name get the case of their type; qualifiers with empty values
/// are left out and the others are sorted by key.
pub fn build(
    kind: &str,
    namespace: &str,
    name: &str,
    version: &str,
    qualifiers: &[(&str, &str)],
) -> String {
    let mut purl = String::with_capacity(64);
    purl.push_str("pkg:");
    purl.push_str(kind);
    for part in namespace.split('/').filter(|part| !part.is_empty()) {
        purl.push('/');
        encode(&written_name(kind, part), &mut purl);
    }
    purl.push('/');
    encode(&written_name(kind, name), &mut purl);
    if !version.is_empty() {
        purl.push('@');
        encode(version, &mut purl);
    }
    let mut qualifiers: Vec<_> = qualifiers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    qualifiers.sort_unstable();
    for (index, (key, value)) in qualifiers.into_iter().enumerate() {
        purl.push(if index == 0 { '?' } else { '&' });
        purl.push_str(key);
        purl.push('=');
        encode(value, &mut purl);
    }
    purl
}

/// npm: the scope is the namespace with its `@` encoded; lower case.
pub fn npm(name: &str, version: &str) -> String {
    match name.split_once('/') {
        Some((scope, rest)) if scope.starts_with('@') => build("npm", scope, rest, version, &[]),
        _ => build("npm", "", name, version, &[]),
    }
}

/// PyPI: lower case, with `-` for `_`.
pub fn pypi(name: &str, version: &str) -> String {
    build("pypi", "", name, version, &[])
}

/// NuGet: as written.
pub fn nuget(name: &str, version: &str) -> String {
    build("nuget", "", name, version, &[])
}

/// Maven: the group is the namespace, as written, its dots kept. A group that is not known is left out.
pub fn maven(group: &str, artifact: &str, version: &str) -> String {
    build("maven", group, artifact, version, &[])
}

/// Go: the module's path, lower case, its last part being the name; the version as Go writes it (`v1.2.3`), but for the
/// standard library (`1.22.3`).
pub fn golang(module: &str, version: &str) -> String {
    let module = module.trim_end_matches('/');
    let (namespace, name) = module.rsplit_once('/').unwrap_or(("", module));
    build("golang", namespace, name, version, &[])
}

/// crates.io: as written.
pub fn cargo(name: &str, version: &str) -> String {
    build("cargo", "", name, version, &[])
}

/// RubyGems: as written. The platform, such as `java`, is a qualifier and no part of the version; `ruby` goes without
/// saying.
pub fn gem(name: &str, version: &str, platform: &str) -> String {
    let platform = if platform == "ruby" { "" } else { platform };
    build("gem", "", name, version, &[("platform", platform)])
}

/// Packagist: `vendor/name`, lower case.
pub fn composer(name: &str, version: &str) -> String {
    let (vendor, name) = name.split_once('/').unwrap_or(("", name));
    build("composer", vendor, name, version, &[])
}

/// What no type is defined for: Microsoft's .NET, and files that name their product.
pub fn generic(namespace: &str, name: &str, version: &str) -> String {
    build("generic", namespace, name, version, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_follow_the_type_definitions() {
        assert_eq!(
            npm("@Angular/animation", "12.3.1"),
            "pkg:npm/%40angular/animation@12.3.1"
        );
        assert_eq!(npm("foobar", "12.3.1"), "pkg:npm/foobar@12.3.1");
        assert_eq!(
            pypi("Django_Package", "1.11.1.dev1"),
            "pkg:pypi/django-package@1.11.1.dev1"
        );
        assert_eq!(
            nuget("EnterpriseLibrary.Common", "6.0.1304"),
            "pkg:nuget/EnterpriseLibrary.Common@6.0.1304"
        );
    }

    #[test]
    fn every_language_has_the_case_and_namespace_of_its_type_definition() {
        for (purl, wanted) in [
            (
                maven("org.apache.xmlgraphics", "batik-anim", "1.9.1"),
                "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1",
            ),
            (maven("", "Some Thing", "1.0"), "pkg:maven/Some%20Thing@1.0"),
            (
                golang("github.com/Azure/go-autorest/v14", "v14.2.0+incompatible"),
                "pkg:golang/github.com/azure/go-autorest/v14@v14.2.0%2Bincompatible",
            ),
            (golang("stdlib", "1.22.3"), "pkg:golang/stdlib@1.22.3"),
            (golang("example.org/app/", ""), "pkg:golang/example.org/app"),
            (
                cargo("Inflector", "0.11.4+x"),
                "pkg:cargo/Inflector@0.11.4%2Bx",
            ),
            (
                gem("jruby-launcher", "1.1.2", "java"),
                "pkg:gem/jruby-launcher@1.1.2?platform=java",
            ),
            (gem("rails", "7.1.2", "ruby"), "pkg:gem/rails@7.1.2"),
            (
                composer("Laravel/Laravel", "5.5.0"),
                "pkg:composer/laravel/laravel@5.5.0",
            ),
            (
                generic("microsoft", "Microsoft.NETCore.App", "8.0.1"),
                "pkg:generic/microsoft/Microsoft.NETCore.App@8.0.1",
            ),
        ] {
            assert_eq!(purl, wanted);
        }
    }
}
