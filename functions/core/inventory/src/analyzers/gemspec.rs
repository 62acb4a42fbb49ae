//! Ruby gems as installed: `specifications/NAME-VERSION.gemspec`, as RubyGems writes it. Source: RubyGems' guide,
//! "Specification Reference".

use schemas::inventory::{Evidence, Package, PackageKind};

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{
    content::Content,
    path::{ends_with_ignore_case, split},
};

const MAX_BYTES: u64 = 1 << 20;

/// Reads the specification of an installed gem.
pub(crate) struct Gemspec;

impl Analyzer for Gemspec {
    fn name(&self) -> &'static str {
        "gemspec"
    }

    fn wants(&self, path: &str) -> bool {
        if !ends_with_ignore_case(path, ".gemspec") {
            return false;
        }
        // Those beside a gem's own code are its source, not a record of its installation.
        let (folder, _) = split(path);
        let folder = folder.strip_suffix("/default").unwrap_or(folder);
        folder == "specifications" || folder.ends_with("/specifications")
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let (mut name, mut version, mut platform) = (None, None, None);
        for line in text.lines() {
            let line = line.trim();
            // `# stub: NAME VERSION PLATFORM PATHS` is RubyGems' own summary.
            if let Some(stub) = line.strip_prefix("# stub: ") {
                let mut words = stub.split(' ');
                name = name.or(words.next());
                version = version.or(words.next());
                platform = platform.or(words.next());
            } else if let Some((key, value)) = line.split_once('=')
                && let Some((_, field)) = key.trim().rsplit_once('.')
            {
                let value = literal(value);
                match field {
                    "name" => name = name.or(value),
                    "version" => version = version.or(value),
                    "platform" => platform = platform.or(value),
                    _ => {}
                }
            }
        }
        let (Some(name), Some(version)) = (
            name.filter(|text| is_word(text)),
            version.filter(|text| is_word(text)),
        ) else {
            return Err(AnalyzerError::Corrupt(
                "the specification names no gem and version".to_owned(),
            ));
        };
        let platform = platform.filter(|text| is_word(text)).unwrap_or_default();
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages: vec![Package {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    kind: PackageKind::Gem,
                    purl: purl::gem(name, version, platform),
                    path: path.to_owned(),
                    ..Package::default()
                }],
            }],
            gaps: Vec::new(),
        })
    }
}

/// The text of `"x".freeze`, `Gem::Version.new("x")` and `'x'`.
fn literal(value: &str) -> Option<&str> {
    let start = value.find(['"', '\''])?;
    let quote = value.get(start..)?.chars().next()?;
    let rest = value.get(start + 1..)?;
    rest.split(quote).next()
}

/// A version without the platform behind it: `1.15.4-x86_64-linux`. Versions of gems have no hyphens.
pub(super) fn without_platform(version: &str) -> &str {
    version.split('-').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Package, AnalyzerError> {
        let mut content = Content::from(text.as_bytes());
        let analysis = Gemspec.analyze("p", &mut content)?;
        match analysis.evidence.into_iter().next() {
            Some(Evidence::Packages { mut packages, .. }) => Ok(packages.remove(0)),
            _ => panic!("packages are wanted"),
        }
    }

    #[test]
    fn records_of_installation_are_told_from_sources() {
        for path in [
            "usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.6.gemspec",
            "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
            "specifications/a-1.gemspec",
        ] {
            assert!(Gemspec.wants(path), "{path}");
        }
        for path in [
            "usr/lib/ruby/gems/3.1.0/gems/rack-2.2.6/rack.gemspec",
            "app/app.gemspec",
            "specifications/a-1.gemspec.bak",
        ] {
            assert!(!Gemspec.wants(path), "{path}");
        }
    }

    #[test]
    fn name_version_and_platform_are_read_from_either_form() {
        let stub = "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n\nGem::Specification.new do |s|\n  s.name = \"other\".freeze\n";
        let gem = read(stub).unwrap();
        assert_eq!(gem.purl, "pkg:gem/nokogiri@1.15.4?platform=x86_64-linux");
        let plain = "Gem::Specification.new do |s|\n  s.name = %q{rake}\n  s.name = 'rake'\n  s.version = Gem::Version.new(\"13.0.6\")\n  s.required_ruby_version = Gem::Requirement.new(\">= 2\")\nend";
        let gem = read(plain).unwrap();
        assert_eq!(
            (gem.name.as_str(), gem.version.as_str()),
            ("rake", "13.0.6")
        );
        assert!(read("Gem::Specification.new\n").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(s\\.[a-z]{0,8} ?= ?['\"a-z0-9ß.]{0,9}\n|# stub: [a-zß ]{0,9}\n|.){0,20}") {
            let _ = read(&text);
        }
    }
}
