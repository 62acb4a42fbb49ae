//! JSON in which what is described as an object is one.
//!
//! serde reads a struct from an array that has the values of its fields in a row, too. Nobody describes that, and who counts on it
//! is broken by the next field. Here such an array is refused, at every depth; only what is inside an enum that is told by one of
//! its own fields is kept before it is known what it is, and says for itself that it is an object (`schemas::object`).

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};

use crate::problem::{ApiError, Kind};

/// The value of a body of JSON.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(Objects(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        (path, error.into_inner())
    });
    let read = read.and_then(|value| {
        let end = json.end().map_err(|error| (".".to_owned(), error));
        end.map(|()| value)
    });
    read.map_err(|(path, error)| {
        let why = match error.classify() {
            serde_json::error::Category::Data if path != "." => {
                format!("The body is not what is described, at `{path}`: {error}.")
            }
            serde_json::error::Category::Data => {
                format!("The body is not what is described: {error}.")
            }
            _ => format!("The body is no JSON: {error}."),
        };
        ApiError::new(Kind::BadRequest, why)
    })
}

/// Whatever takes part in reading, such that all that is read by it is read so.
struct Objects<T>(T);

/// What visits a value, and whether it wants an object.
struct Seen<V> {
    visitor: V,
    wants: Wants,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// A struct.
    Object,
    /// Whatever comes, which it may be told by.
    Any,
    /// Something that an array may be.
    Other,
}

impl<V> Seen<V> {
    fn new(visitor: V, wants: Wants) -> Self {
        Self { visitor, wants }
    }
}

macro_rules! read {
    ($($method:ident($($name:ident: $of:ty),*) $wants:ident;)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $of,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* Seen::new(visitor, Wants::$wants))
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    read! {
        deserialize_any() Any;
        deserialize_bool() Other;
        deserialize_i8() Other;
        deserialize_i16() Other;
        deserialize_i32() Other;
        deserialize_i64() Other;
        deserialize_i128() Other;
        deserialize_u8() Other;
        deserialize_u16() Other;
        deserialize_u32() Other;
        deserialize_u64() Other;
        deserialize_u128() Other;
        deserialize_f32() Other;
        deserialize_f64() Other;
        deserialize_char() Other;
        deserialize_str() Other;
        deserialize_string() Other;
        deserialize_bytes() Other;
        deserialize_byte_buf() Other;
        deserialize_option() Other;
        deserialize_unit() Other;
        deserialize_unit_struct(name: &'static str) Other;
        deserialize_newtype_struct(name: &'static str) Other;
        deserialize_seq() Other;
        deserialize_tuple(len: usize) Other;
        deserialize_tuple_struct(name: &'static str, len: usize) Other;
        deserialize_map() Other;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) Object;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) Other;
        deserialize_identifier() Other;
        deserialize_ignored_any() Other;
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident: $of:ty;)+) => {$(
        fn $method<E: serde::de::Error>(self, value: $of) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Seen<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool: bool;
        visit_i8: i8;
        visit_i16: i16;
        visit_i32: i32;
        visit_i64: i64;
        visit_i128: i128;
        visit_u8: u8;
        visit_u16: u16;
        visit_u32: u32;
        visit_u64: u64;
        visit_u128: u128;
        visit_f32: f32;
        visit_f64: f64;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Objects(from))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Objects(from))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let wants_object = match self.wants {
            Wants::Object => true,
            // What serde derives for an enum that is told by one of its fields takes an array that begins with it, too.
            Wants::Any => {
                let expected: &dyn Expected = &self;
                expected.to_string().starts_with("internally tagged enum")
            }
            Wants::Other => false,
        };
        if wants_object {
            return Err(A::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.visitor.visit_seq(Objects(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Objects(fields))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Objects(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(from))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(Objects(seed))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(Objects(seed))?;
        Ok((value, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Seen::new(visitor, Wants::Other))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0
            .struct_variant(fields, Seen::new(visitor, Wants::Object))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemas::{api::notification::NewChannel, report::Report};
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        name: String,
        #[serde(default)]
        pair: Option<(u8, i64)>,
        #[serde(default)]
        inner: Vec<Inner>,
        #[serde(default)]
        by_name: BTreeMap<String, Inner>,
        #[serde(default)]
        any: Value,
        #[serde(default)]
        one: Option<Choice>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: f64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Choice {
        Plain,
        Of(Inner),
        With { b: bool },
    }

    fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
        from_json(value.to_string().as_bytes())
    }

    #[test]
    fn what_is_an_object_is_read_as_ever() {
        let value = json!({
            "name": "n", "pair": [1, -2], "inner": [{"a": 1.5}, {"a": 2}], "by_name": {"x": {"a": 0}},
            "any": [[1, "two"], null], "one": {"Of": {"a": 3}}, "other": [1, [2]],
        });
        let expected: Outer = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read::<Outer>(&value).unwrap(), expected);
        for one in [json!("Plain"), json!({"With": {"b": true}}), Value::Null] {
            let value = json!({"name": "n", "one": one});
            let expected: Outer = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(read::<Outer>(&value).unwrap(), expected);
        }
    }

    #[test]
    fn an_array_of_an_object_s_values_is_refused_at_every_depth() {
        for (value, at) in [
            (json!(["n", null, [], {}, null, null]), "described: "),
            (json!({"name": "n", "inner": [{"a": 1}, [2]]}), "`inner[1]`"),
            (json!({"name": "n", "by_name": {"x": [1]}}), "`by_name.x`"),
            (json!({"name": "n", "one": {"Of": [1]}}), "`one.Of`"),
            (json!({"name": "n", "one": {"With": [true]}}), "`one.With`"),
        ] {
            let refused = read::<Outer>(&value).unwrap_err();
            assert_eq!(refused.kind, Kind::BadRequest);
            let detail = refused.detail.unwrap();
            assert!(detail.contains(at), "{value} {detail}");
            assert!(detail.contains("expected an object"), "{value} {detail}");
        }
        assert!(read::<Report>(&json!([])).is_err());
        for (text, why) in [
            (&b"{\"name\": \"n\"} x"[..], "no JSON"),
            (b"{\"name\": \"n\"", "no JSON"),
            (b"{\"name\": 7}", "`name`"),
            (b"", "no JSON"),
        ] {
            let detail = from_json::<Outer>(text).unwrap_err().detail.unwrap();
            assert!(detail.contains(why), "{detail}");
        }
    }

    #[test]
    fn so_is_one_in_an_enum_that_is_told_by_a_field() {
        let mail = json!({"host": "mail.example.org", "port": 587, "from": "a@example.org", "to": ["b@example.org"]});
        let channel = |target: Value| json!({"name": "n", "target": target, "wants": {"events": ["findings.new"]}});
        let fine = channel(json!({"kind": "email", "mail": mail}));
        read::<NewChannel>(&fine).unwrap();
        for target in [
            json!(["webhook", "https://example.org"]),
            json!({"kind": "email", "mail": ["mail.example.org"]}),
            json!({"kind": "jira", "jira": ["https://example.org"]}),
        ] {
            let refused = read::<NewChannel>(&channel(target.clone())).unwrap_err();
            let detail = refused.detail.unwrap();
            assert!(detail.contains("expected an object"), "{target} {detail}");
        }
    }
}
