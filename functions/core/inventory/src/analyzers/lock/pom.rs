//! Maven's `pom.xml`, as far as it says exact versions by itself: parents, imported lists of versions and what
//! dependencies bring along are not resolved, and are told as gaps. Source: Maven's POM reference.

use std::collections::HashMap;

use schemas::inventory::PackageKind;

use super::{Format, Listing, cut, development_if};
use crate::analyzers::{AnalyzerError, xml};

pub(super) static POM: Format = Format {
    name: "pom",
    kind: PackageKind::Maven,
    wants: |name| name == "pom.xml",
    parse,
};

/// Properties that refer to properties, at most so deep.
const MAX_DEPTH: usize = 8;
/// Bytes of a value with its properties filled in.
const MAX_VALUE_BYTES: usize = 512;

#[derive(Clone, Default)]
struct Dependency {
    group: String,
    artifact: String,
    version: String,
    scope: String,
    kind: String,
}

#[derive(Default)]
struct Pom {
    properties: HashMap<String, String>,
    dependencies: Vec<Dependency>,
    managed: Vec<Dependency>,
    has_parent: bool,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let mut pom = Pom::default();
    xml::walk_text(bytes, "pom.xml", &mut |path, text| pom.take(path, text))?;
    if !pom.properties.contains_key("project.artifactId") {
        return Err(AnalyzerError::Corrupt(
            "not a pom.xml: it has no project with an artifactId".to_owned(),
        ));
    }
    let managed: HashMap<(String, String), &Dependency> = pom
        .managed
        .iter()
        .map(|entry| ((pom.fill(&entry.group), pom.fill(&entry.artifact)), entry))
        .collect();
    for entry in &pom.dependencies {
        let (group, artifact) = (pom.fill(&entry.group), pom.fill(&entry.artifact));
        let above = managed.get(&(group.clone(), artifact.clone()));
        let own_or = |own: &str, above: Option<&str>| match own {
            "" => pom.fill(above.unwrap_or_default()),
            own => pom.fill(own),
        };
        let version = own_or(&entry.version, above.map(|entry| entry.version.as_str()));
        let scope = own_or(&entry.scope, above.map(|entry| entry.scope.as_str()));
        let name = format!("{group}:{artifact}");
        if version.is_empty() || version.contains(['$', '{', '[', '(', ',']) {
            listing.unresolved(format!(
                "the version of `{}` is not said in this file; use a lock file, or scan what is built",
                cut(&name)
            ));
            continue;
        }
        // `provided` comes from elsewhere when the application runs; of `system` only the file does.
        let development = matches!(scope.as_str(), "test" | "provided");
        listing.add(&name, &version, development_if(development));
    }
    let imports = pom
        .managed
        .iter()
        .any(|entry| entry.scope == "import" && entry.kind == "pom");
    if !pom.dependencies.is_empty() {
        let more = match (pom.has_parent, imports) {
            (false, false) => "",
            (true, false) => ", nor of its parent",
            (false, true) => ", nor of the lists of versions that it imports",
            (true, true) => ", nor of its parent and the lists of versions that it imports",
        };
        listing.unresolved(format!(
            "what its dependencies bring along is not said in this file{more}: only direct dependencies are listed; scan \
             what is built, or a lock file, for all"
        ));
    }
    Ok(())
}

impl Pom {
    fn take(&mut self, path: &[String], text: &str) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["project", "properties", name] => {
                self.properties.insert((*name).to_owned(), text.to_owned());
            }
            ["project", name @ ("groupId" | "artifactId" | "version")] => {
                self.properties
                    .insert(format!("project.{name}"), text.to_owned());
            }
            ["project", "parent", name @ ("groupId" | "version")] => {
                self.has_parent = true;
                self.properties
                    .insert(format!("project.parent.{name}"), text.to_owned());
                self.properties
                    .entry(format!("project.{name}"))
                    .or_insert_with(|| text.to_owned());
            }
            ["project", "dependencies", "dependency"] => {
                self.dependencies.push(Dependency::default())
            }
            [
                "project",
                "dependencyManagement",
                "dependencies",
                "dependency",
            ] => {
                self.managed.push(Dependency::default());
            }
            ["project", "dependencies", "dependency", field] => {
                set(self.dependencies.last_mut(), field, text);
            }
            [
                "project",
                "dependencyManagement",
                "dependencies",
                "dependency",
                field,
            ] => {
                set(self.managed.last_mut(), field, text);
            }
            _ => {}
        }
    }

    /// A value with its properties filled in, as far as they are known here.
    fn fill(&self, value: &str) -> String {
        let mut value = value.to_owned();
        for _ in 0..MAX_DEPTH {
            let Some((before, rest)) = value.split_once("${") else {
                break;
            };
            let Some((name, after)) = rest.split_once('}') else {
                break;
            };
            let name = name
                .strip_prefix("pom.")
                .map_or_else(|| name.to_owned(), |rest| format!("project.{rest}"));
            let Some(known) = self.properties.get(&name) else {
                break;
            };
            value = format!("{before}{known}{after}");
            if value.len() > MAX_VALUE_BYTES {
                break;
            }
        }
        value
    }
}

fn set(dependency: Option<&mut Dependency>, field: &str, text: &str) {
    let Some(dependency) = dependency else { return };
    let text = text.to_owned();
    match field {
        "groupId" => dependency.group = text,
        "artifactId" => dependency.artifact = text,
        "version" => dependency.version = text,
        "scope" => dependency.scope = text,
        "type" => dependency.kind = text,
        _ => {}
    }
}
