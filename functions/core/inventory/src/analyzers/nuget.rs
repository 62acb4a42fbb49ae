//! .NET packages as deployed: `*.deps.json`. Source: .NET SDK documentation, "runtime configuration files".

use schemas::inventory::{Evidence, GapReason, Package, PackageKind};
use serde_json::{Map, Value};

use super::{Analysis, Analyzer, AnalyzerError, stanza::is_word};
use crate::{content::Content, gaps::Gaps, gaps::gap_at, path::ends_with_ignore_case};

/// As a tree in memory it takes up to sixteen times as much.
const MAX_BYTES: u64 = 4 << 20;
const MAX_GAPS: usize = 20;

/// Reads the list of libraries of a deployed .NET program.
pub(crate) struct Nuget;

impl Analyzer for Nuget {
    fn name(&self) -> &'static str {
        "nuget"
    }

    fn wants(&self, path: &str) -> bool {
        ends_with_ignore_case(path, ".deps.json")
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let bytes = content.read_all(MAX_BYTES)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let json: Value = serde_json::from_slice(bytes)
            .map_err(|error| AnalyzerError::Corrupt(format!("not a deps.json: {error}")))?;
        let libraries = json
            .get("libraries")
            .and_then(Value::as_object)
            .ok_or_else(|| AnalyzerError::Corrupt("the deps.json lists no libraries".to_owned()))?;
        let target = runtime_target(&json);
        let mut packages = Vec::new();
        let mut gaps = Gaps::new(MAX_GAPS);
        for (key, library) in libraries {
            let kind = library.get("type").and_then(Value::as_str);
            let (Some("package") | Some("runtimepack")) = kind else {
                continue;
            };
            if let Some(target) = target
                && !is_deployed(target.get(key))
            {
                continue;
            }
            let parts = key
                .split_once('/')
                .filter(|(name, version)| is_word(name) && is_word(version));
            let Some((name, version)) = parts else {
                gaps.push(gap_at(
                    GapReason::Corrupt,
                    path,
                    "a library is not named as NAME/VERSION",
                ));
                continue;
            };
            let name = name.strip_prefix("runtimepack.").unwrap_or(name);
            packages.push(Package {
                name: name.to_owned(),
                version: version.to_owned(),
                kind: PackageKind::Nuget,
                purl: purl::nuget(name, version),
                source_name: None,
                source_version: None,
                architecture: None,
                path: path.to_owned(),
                layer: None,
                origin: Default::default(),
                owned_by: None,
            });
        }
        Ok(Analysis {
            evidence: vec![Evidence::Packages {
                path: path.to_owned(),
                analyzer: self.name().to_owned(),
                packages,
            }],
            gaps: gaps.into_vec(),
        })
    }
}

/// The libraries of the target that the program was built for.
fn runtime_target(json: &Value) -> Option<&Map<String, Value>> {
    let runtime = json.get("runtimeTarget")?;
    // An object with a name, or in the oldest form the name itself.
    let name = runtime.get("name").unwrap_or(runtime).as_str()?;
    json.get("targets")?.get(name)?.as_object()
}

/// Whether a library brings files: what is there only for compiling, or only names other packages, is not deployed. A
/// library that the target does not mention is kept, since nothing is known of it.
fn is_deployed(entry: Option<&Value>) -> bool {
    let Some(Value::Object(entry)) = entry else {
        return true;
    };
    ["runtime", "runtimeTargets", "native", "resources"]
        .iter()
        .any(|assets| {
            entry
                .get(*assets)
                .and_then(Value::as_object)
                .is_some_and(|files| !files.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<String>, AnalyzerError> {
        let analysis = Nuget.analyze("app.deps.json", &mut Content::from(text.as_bytes()))?;
        let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
            panic!("one list of packages is wanted");
        };
        Ok(packages
            .iter()
            .map(|package| package.purl.clone())
            .collect())
    }

    #[test]
    fn deployed_packages_are_listed_without_projects_and_compile_time_ones() {
        let text = r#"{"runtimeTarget":{"name":"net8"},"targets":{"net8":{
            "App/1.0.0":{"runtime":{"App.dll":{}}},
            "Newtonsoft.Json/13.0.1":{"runtime":{"lib/x.dll":{}}},
            "Analyzers/2.0.0":{"compile":{"x.dll":{}}},
            "Meta/3.0.0":{"dependencies":{"Newtonsoft.Json":"13.0.1"}},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"native":{"libcoreclr.so":{}}}}},
          "libraries":{"App/1.0.0":{"type":"project"},"Newtonsoft.Json/13.0.1":{"type":"package"},
            "Analyzers/2.0.0":{"type":"package"},"Meta/3.0.0":{"type":"package"},"Bad":{"type":"package"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"runtimepack"}}}"#;
        assert_eq!(
            read(text).unwrap(),
            [
                "pkg:nuget/Newtonsoft.Json@13.0.1",
                "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1"
            ]
        );
        assert!(read("{}").is_err());
        assert!(read("{\"libraries\":").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Nuget.analyze("x.deps.json", &mut Content::from(bytes));
        }

        #[test]
        fn arbitrary_shapes_never_panic(text in r#"\{"(libraries|targets|runtimeTarget)":(\{"[a/]{0,3}":\{"type":"package"\}\}|"x"|\[\]|null|\{"name":1\})(,"(libraries|runtimeTarget|targets)":(\{\}|"x"|1))?\}"#) {
            let _ = Nuget.analyze("x.deps.json", &mut Content::from(text.into_bytes()));
        }
    }
}
