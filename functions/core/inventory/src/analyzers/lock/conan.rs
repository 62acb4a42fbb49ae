//! `conan.lock` of Conan 1 (a graph) and 2 (lists). Source: Conan's documentation, "Lockfiles".

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;

use super::{
    Format, Listing, cut, json,
    loose::{List, Map, Text},
};
use crate::analyzers::AnalyzerError;

pub(super) static CONAN: Format = Format {
    name: "conan-lock",
    kind: PackageKind::Conan,
    wants: |name| name == "conan.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    graph_lock: Option<Graph>,
    #[serde(default)]
    requires: List<Text>,
    #[serde(default)]
    build_requires: List<Text>,
    #[serde(default)]
    python_requires: List<Text>,
}

#[derive(Default, Deserialize)]
struct Graph {
    #[serde(default)]
    nodes: Map<Node>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Node {
    #[serde(rename = "ref")]
    reference: Text,
    context: Text,
    requires: List<Text>,
    build_requires: List<Text>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    let lock: Lock = json(bytes, "conan.lock")?;
    if let Some(graph) = &lock.graph_lock {
        // The application is the node that no other one requires; its reference, if it has one, is not a dependency.
        let required: std::collections::HashSet<&str> = graph
            .nodes
            .0
            .iter()
            .flat_map(|(_, node)| node.requires.0.iter().chain(&node.build_requires.0))
            .filter_map(Text::get)
            .collect();
        for (id, node) in &graph.nodes.0 {
            let is_root = id == "0" && !required.contains(id.as_str());
            if let (Some(text), false) = (node.reference.get(), is_root) {
                let for_build = node.context.get() == Some("build");
                reference(text, super::development_if(for_build), listing);
            }
        }
    }
    let lists = [
        (&lock.requires, PackageOrigin::Locked),
        (&lock.build_requires, PackageOrigin::Development),
        (&lock.python_requires, PackageOrigin::Development),
    ];
    for (list, origin) in lists {
        for text in list.0.iter().filter_map(Text::get) {
            reference(text, origin, listing);
        }
    }
    Ok(())
}

/// `NAME/VERSION[@USER/CHANNEL][#REVISION][%TIME]`
fn reference(text: &str, origin: PackageOrigin, listing: &mut Listing<'_>) {
    let plain = text.split(['@', '#', '%']).next().unwrap_or(text);
    match plain.split_once('/') {
        Some((name, version)) => listing.add(name, version, origin),
        None => listing.broken(format!("`{}` is no reference of a package", cut(text))),
    }
}
