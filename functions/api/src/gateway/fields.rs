//! Counting the fields of a document that this version does not know.

use serde::Serialize;
use serde_json::Value;

/// Number of fields of `raw` that are not in what was understood of it. Fields that say nothing (null, an empty list or
/// object) are not counted: what was understood leaves them out, too.
pub(crate) fn ignored(raw: &Value, understood: &impl Serialize) -> u32 {
    serde_json::to_value(understood).map_or(0, |understood| count(raw, &understood))
}

fn count(raw: &Value, understood: &Value) -> u32 {
    match (raw, understood) {
        (Value::Object(raw), Value::Object(understood)) => raw
            .iter()
            .map(|(name, value)| match understood.get(name) {
                Some(known) => count(value, known),
                None => u32::from(!says_nothing(value)),
            })
            .fold(0, u32::saturating_add),
        (Value::Array(raw), Value::Array(understood)) => raw
            .iter()
            .zip(understood)
            .map(|(raw, understood)| count(raw, understood))
            .fold(0, u32::saturating_add),
        _ => 0,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use schemas::inventory::Inventory;
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_counted_wherever_they_are() {
        let raw = json!({
            "version": 1, "colour": "red", "os": null,
            "target": {"kind": "host", "name": "h", "id": null, "shape": 1},
            "packages": [
                {"name": "a", "version": "1", "kind": "deb", "purl": "p", "path": "x", "source_name": null, "weight": 1},
                {"name": "b", "version": "1", "kind": "conda", "purl": "p", "path": "x"}
            ],
            "coverage": {"status": "complete", "gaps": []}
        });
        let understood: Inventory = serde_json::from_value(raw.clone()).unwrap();
        assert_eq!(ignored(&raw, &understood), 3);
    }
}
