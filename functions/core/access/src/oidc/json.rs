//! JSON objects from strangers, in which no name may come twice: two readers of such an object may see two things.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A JSON object without repeated names, at any depth.
#[derive(Debug)]
pub(super) struct StrictObject(pub(super) Map<String, Value>);

impl StrictObject {
    /// The object of these bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        match serde_json::from_slice::<Strict>(bytes)?.0 {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(Error::custom("not a JSON object")),
        }
    }

    /// The text under a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(Value::from(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Strict, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Strict(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Strict(Value::Array(all)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(Error::custom("a name comes twice in one object"));
            }
        }
        Ok(Strict(Value::Object(map)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_is_refused_however_deep_and_however_written() {
        let read = |text: &str| StrictObject::parse(text.as_bytes());
        assert!(read(r#"{"a":1,"b":{"a":[1.5,-1,null,true,"x"]}}"#).is_ok());
        for twice in [
            r#"{"aud":"a","aud":"b"}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"aud":"a","\u0061ud":"b"}"#,
        ] {
            let error = read(twice).unwrap_err().to_string();
            assert!(error.contains("twice"), "{twice}: {error}");
        }
        assert!(read("[]").is_err());
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(r#"{"a":1} x"#).is_err());
    }
}
