//! What an entry of the audit log looks like when it is hashed, and whether entries follow one another.
//!
//! An entry's hash is the SHA-256 of its canonical JSON without the field `hash`. Canonical is the form of RFC 8785: names
//! sorted by their UTF-16 code units, no white space, the shortest escapes. Of numbers it needs whole ones alone, since
//! [`tidied`] leaves no others in: how fractions are written would be a matter of taste.

use schemas::{Digest, TenantId, api::audit::AuditBreak};
use serde_json::{Map, Value};

use crate::keys;

/// Largest whole number that every reader of JSON keeps exactly. Source: RFC 8785, section 3.2.2.3.
const MAX_EXACT: u64 = 1 << 53;
/// Most bytes of how a thing was, as canonical JSON (32 KiB); an entry with two of them fits in an item of any table.
pub(super) const MAX_VIEW_BYTES: usize = 32 * 1024;
/// How deep it may be; deeper parts are left out.
const MAX_DEPTH: usize = 32;
/// What stands in the place of what is left out.
const LEFT_OUT: &str = "(left out)";
/// Names of fields that hold secrets. Views have none; this is for the one that somebody gives by mistake.
const SECRET: [&str; 12] = [
    "authorization",
    "code",
    "cookie",
    "credential",
    "credentials",
    "password",
    "passwd",
    "private_key",
    "recovery_codes",
    "secret",
    "seed",
    "token",
];
/// How such names end.
const SECRET_ENDS: [&str; 5] = ["_hash", "_key", "_password", "_secret", "_token"];
/// Names that end so and hold none.
const HARMLESS: [&str; 2] = ["api_key", "public_key"];

/// The `previous` of a tenant's first entry: so that a log cannot be taken for another tenant's.
pub(super) fn beginning(tenant: &TenantId) -> Digest {
    keys::digest(format!("bulkhead-audit:{tenant}").as_bytes())
}

/// The hash of an entry, whatever it says of its own.
pub(super) fn hash(entry: &Map<String, Value>) -> Digest {
    let mut text = String::new();
    write_object(entry.iter().filter(|(name, _)| *name != "hash"), &mut text);
    keys::digest(text.as_bytes())
}

/// A value as canonical JSON.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => write_object(fields.iter(), text),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        // These are written in one way only: whole numbers, and text with the escapes that RFC 8785 asks for.
        plain => text.push_str(&plain.to_string()),
    }
}

fn write_object<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    text.push('{');
    for (at, (name, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

/// How a thing was, as it is kept: without secrets, with numbers that every reader keeps, and of a bounded size.
pub(super) fn tidied(view: Value) -> Value {
    let view = clean(view, 0);
    let text = canonical(&view);
    if text.len() <= MAX_VIEW_BYTES {
        return view;
    }
    serde_json::json!({
        "left_out_bytes": text.len(),
        "left_out_digest": keys::digest(text.as_bytes()),
    })
}

fn clean(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) if depth == MAX_DEPTH => LEFT_OUT.into(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = if is_secret(&name) && !value.is_null() && !value.is_boolean() {
                    LEFT_OUT.into()
                } else {
                    clean(value, depth + 1)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| clean(item, depth + 1));
            Value::Array(items.collect())
        }
        Value::Number(number) => {
            let is_exact = number.as_u64().is_some_and(|whole| whole <= MAX_EXACT)
                || number
                    .as_i64()
                    .is_some_and(|whole| whole.unsigned_abs() <= MAX_EXACT);
            if is_exact {
                Value::Number(number)
            } else {
                number.to_string().into()
            }
        }
        other => other,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.contains(&name.as_str())
        || (SECRET_ENDS.iter().any(|end| name.ends_with(end)) && !HARMLESS.contains(&name.as_str()))
}

/// The end of what was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) hash: Digest,
}

/// Whether the entry that is stored under a number holds and follows the one before; the first of what is left follows what
/// is not there any more. Returns it as the next one's predecessor.
pub(super) fn follow(
    before: Option<&Link>,
    tenant: &TenantId,
    stored_under: u64,
    entry: &Value,
) -> Result<Link, AuditBreak> {
    let broken = |seq: u64, reason: &str| AuditBreak {
        seq,
        reason: reason.to_owned(),
    };
    if let Some(before) = before
        && stored_under != before.seq.saturating_add(1)
    {
        return Err(broken(before.seq.saturating_add(1), "it is missing"));
    }
    let Some(fields) = entry.as_object() else {
        return Err(broken(stored_under, "it is no entry"));
    };
    if fields.get("seq").and_then(Value::as_u64) != Some(stored_under) {
        return Err(broken(stored_under, "it says that it is another one"));
    }
    let said = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str)?;
        text.parse::<Digest>().ok()
    };
    let (Some(previous), Some(hash_said)) = (said("previous"), said("hash")) else {
        return Err(broken(stored_under, "it has no hash"));
    };
    let hash = hash(fields);
    if hash != hash_said {
        return Err(broken(stored_under, "it was changed: its hash is another"));
    }
    let expected = match before {
        Some(before) => Some(before.hash.clone()),
        None if stored_under == 1 => Some(beginning(tenant)),
        None => None,
    };
    if expected.is_some_and(|expected| expected != previous) {
        return Err(broken(
            stored_under,
            "it does not follow the entry before: that one, or this one, was replaced",
        ));
    }
    Ok(Link {
        seq: stored_under,
        hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_json_is_that_of_rfc_8785() {
        // The property names of section 3.2.3 in their order, and the escapes of 3.2.2.2.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew", "1": "One",
            "\u{1f600}": "Smiley", "\u{80}": "Control", "\u{f6}": "o"
        });
        let text = canonical(&value);
        let at = |word: &str| text.find(word).unwrap();
        let order = [
            "Carriage Return",
            "One",
            "Control",
            "\"o\"",
            "Euro Sign",
            "Smiley",
            "Hebrew",
        ];
        assert!(
            order.windows(2).all(|two| at(two[0]) < at(two[1])),
            "{text}"
        );
        assert_eq!(
            canonical(&json!({"b": [1, {"d": null, "c": true}], "a": "\u{f}\n\"\\\u{8}/\u{7f}"})),
            "{\"a\":\"\\u000f\\n\\\"\\\\\\b/\u{7f}\",\"b\":[1,{\"c\":true,\"d\":null}]}"
        );
    }

    #[test]
    fn secrets_given_by_mistake_fractions_and_large_things_are_not_kept() {
        let view = json!({
            "name": "n", "token": "s3cret", "nested": [{"client_secret": "s3cret", "Password": "s3cret"}],
            "has_secret": true, "public_key": "kept", "score": 9.8, "big": u64::MAX, "count": 3
        });
        let kept = tidied(view);
        assert!(!kept.to_string().contains("s3cret"), "{kept}");
        assert_eq!(kept["public_key"], "kept");
        assert_eq!(kept["has_secret"], true);
        assert_eq!(kept["score"], "9.8");
        assert_eq!(kept["big"], u64::MAX.to_string());
        assert_eq!(kept["count"], 3);
        let large = tidied(json!({"text": "x".repeat(MAX_VIEW_BYTES)}));
        assert_eq!(large["left_out_bytes"], MAX_VIEW_BYTES + 11);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        assert!(tidied(deep).to_string().contains(LEFT_OUT));
    }
}
