//! CycloneDX as JSON. Source: ECMA-424 and the schemas of versions 1.2 to 1.6.

use serde::{Deserialize, Deserializer};

use super::{CYCLONEDX, MAX_PROPERTIES, Raw, RawComponent, SbomError, bounded, check_version};
use crate::limits::Limits;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    #[serde(default, deserialize_with = "text")]
    spec_version: String,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Option<Vec<Component>>,
    #[serde(default)]
    compositions: Option<Vec<Composition>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    component: Option<Component>,
    #[serde(default)]
    properties: Option<Vec<Property>>,
}

#[derive(Default, Deserialize)]
struct Component {
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default, deserialize_with = "text")]
    group: String,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    version: String,
    #[serde(default, deserialize_with = "text")]
    purl: String,
    #[serde(default, deserialize_with = "text")]
    description: String,
    #[serde(default)]
    properties: Option<Vec<Property>>,
    #[serde(default)]
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    value: String,
}

#[derive(Deserialize)]
struct Composition {
    #[serde(default, deserialize_with = "text")]
    aggregate: String,
    #[serde(default)]
    assemblies: Option<serde::de::IgnoredAny>,
}

/// A text, whatever a maker wrote where one belongs: a number as it is, anything else as nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => bounded(text),
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Raw, SbomError> {
    let bom: Bom = serde_json::from_slice(bytes).map_err(|source| SbomError::Json {
        form: "CycloneDX",
        source,
    })?;
    let note = check_version("CycloneDX", &bom.spec_version, CYCLONEDX)?;
    let mut raw = Raw {
        form: format!("CycloneDX {} (JSON)", bom.spec_version),
        notes: note.into_iter().collect(),
        incomplete: bom
            .compositions
            .unwrap_or_default()
            .iter()
            .any(|c| c.assemblies.is_some() && c.aggregate.starts_with("incomplete")),
        ..Raw::default()
    };
    if let Some(metadata) = bom.metadata {
        raw.properties = properties(metadata.properties);
        if let Some(mut component) = metadata.component {
            let nested = component.components.take();
            raw.target = flat(component);
            add(&mut raw, nested, limits);
        }
    }
    add(&mut raw, bom.components, limits);
    Ok(raw)
}

/// Components and those within them. The reader of JSON bounds how deep they go.
fn add(raw: &mut Raw, components: Option<Vec<Component>>, limits: &Limits) {
    let mut waiting = components.unwrap_or_default();
    waiting.reverse();
    while let Some(mut component) = waiting.pop() {
        let mut nested = component.components.take().unwrap_or_default();
        raw.add(flat(component), limits);
        nested.reverse();
        waiting.append(&mut nested);
    }
}

fn flat(component: Component) -> RawComponent {
    RawComponent {
        kind: component.kind,
        group: component.group,
        name: component.name,
        version: component.version,
        purl: component.purl,
        description: component.description,
        properties: properties(component.properties),
    }
}

fn properties(properties: Option<Vec<Property>>) -> Vec<(String, String)> {
    properties
        .unwrap_or_default()
        .into_iter()
        .take(MAX_PROPERTIES)
        .map(|property| (property.name, property.value))
        .collect()
}
