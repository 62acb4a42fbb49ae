//! The checked-in JSON Schemas are those of the types. `BULKHEAD_UPDATE=1 cargo test -p schemas` writes them anew.

use std::{fs, path::Path};

#[test]
fn json_schemas_are_not_stale() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("json");
    let update = std::env::var_os("BULKHEAD_UPDATE").is_some();
    let mut expected: Vec<&str> = Vec::new();
    for (name, schema) in schemas::json_schema::documents() {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        expected.push(name);
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), &text).unwrap();
        }
        let checked_in = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(
            checked_in, text,
            "schemas/json/{name} is stale: run `BULKHEAD_UPDATE=1 cargo test -p schemas`"
        );
    }
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name();
        assert!(
            expected.iter().any(|e| name == *e),
            "schemas/json/{name:?} belongs to no type"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &serde_json::Value, definitions: &serde_json::Value) {
        if let Some(target) = value.get("$ref").and_then(|t| t.as_str()) {
            let name = target
                .strip_prefix("#/$defs/")
                .expect("a reference within the document");
            assert!(definitions.get(name).is_some(), "{target} leads nowhere");
        }
        match value {
            serde_json::Value::Object(map) => map.values().for_each(|v| walk(v, definitions)),
            serde_json::Value::Array(items) => items.iter().for_each(|v| walk(v, definitions)),
            _ => {}
        }
    }
    for (_, schema) in schemas::json_schema::documents() {
        walk(&schema, &schema["$defs"]);
    }
}

#[test]
fn words_of_a_later_version_are_kept_as_unknown_and_its_fields_ignored() {
    let text = r#"{"version":1,"target":{"kind":"pod","name":"x"},"colour":"red",
        "packages":[{"name":"a","version":"1","kind":"brew","purl":"pkg:brew/a@1","path":"p","weight":1}],
        "coverage":{"status":"sideways","gaps":[{"reason":"moonlight","detail":"d"}]}}"#;
    let inventory: schemas::inventory::Inventory = serde_json::from_str(text).unwrap();
    assert_eq!(
        inventory.target.kind,
        schemas::inventory::TargetKind::Unknown
    );
    assert_eq!(
        inventory.packages[0].kind,
        schemas::inventory::PackageKind::Unknown
    );
    assert_eq!(
        inventory.coverage.gaps[0].reason,
        schemas::inventory::GapReason::Unknown
    );
    assert_eq!(
        inventory.coverage.status,
        schemas::inventory::CoverageStatus::Unsupported
    );
}
