//! JSON Schemas of the documents that leave the process, generated from the types.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

use crate::{
    agent::{Bundle, Envelope, InventoryBody},
    inventory::{Inventory, LayerInventory},
    report::Report,
};

/// Every published document: file name below `schemas/json/` and its JSON Schema (draft 2020-12).
pub fn documents() -> Vec<(&'static str, Value)> {
    vec![
        ("inventory.schema.json", document::<Inventory>("inventory")),
        ("layer.schema.json", document::<LayerInventory>("layer")),
        ("report.schema.json", document::<Report>("report")),
        ("envelope.schema.json", document::<Envelope>("envelope")),
        (
            "inventory-body.schema.json",
            document::<InventoryBody>("inventory-body"),
        ),
        ("bundle.schema.json", document::<Bundle>("bundle")),
    ]
}

/// The JSON Schema of one type, with all it refers to under `$defs`.
fn document<T: ToSchema + PartialSchema>(name: &str) -> Value {
    let mut referenced: Vec<(String, RefOr<utoipa::openapi::Schema>)> = Vec::new();
    T::schemas(&mut referenced);
    let mut definitions = Map::new();
    referenced.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, schema) in referenced {
        definitions.insert(name, as_json_schema(&schema));
    }
    let mut root = match as_json_schema(&T::schema()) {
        Value::Object(root) => root,
        other => Map::from_iter([("const".to_owned(), other)]),
    };
    let mut reachable = BTreeSet::new();
    collect_references(&Value::Object(root.clone()), &definitions, &mut reachable);
    definitions.retain(|name, _| reachable.contains(name));
    root.insert(
        "$schema".into(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert("$id".into(), json!(format!("urn:bulkhead:schema:{name}:1")));
    root.insert("$defs".into(), Value::Object(definitions));
    Value::Object(root)
}

fn as_json_schema(schema: &RefOr<utoipa::openapi::Schema>) -> Value {
    // The types are ours and always serialise; a null would be caught by the test that compares the files.
    rename_references(serde_json::to_value(schema).unwrap_or(Value::Null))
}

/// OpenAPI 3.1 schemas are JSON Schemas but for where they refer to.
fn rename_references(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("$ref", Value::String(target)) => (
                        key,
                        json!(target.replace("#/components/schemas/", "#/$defs/")),
                    ),
                    (_, value) => (key, rename_references(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(rename_references).collect()),
        other => other,
    }
}

fn collect_references(
    value: &Value,
    definitions: &Map<String, Value>,
    seen: &mut BTreeSet<String>,
) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let ("$ref", Some(target)) = (key.as_str(), value.as_str()) {
                    let name = target.trim_start_matches("#/$defs/").to_owned();
                    if seen.insert(name.clone())
                        && let Some(definition) = definitions.get(&name)
                    {
                        collect_references(definition, definitions, seen);
                    }
                }
                collect_references(value, definitions, seen);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, definitions, seen)),
        _ => {}
    }
}
