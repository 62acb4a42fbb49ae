//! Values that are taken as far as they are what they should be: one odd entry must not cost the whole file.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

/// A text; anything else is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<String>);

impl Text {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A truth value; anything else is false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

/// A map in the order of the file; anything else is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Map<T> {
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

/// A list; anything else is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A value of a map or list: one that is no such thing counts as an empty one.
struct Odd<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Odd<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of<T>(PhantomData<T>);
        macro_rules! forward {
            ($($method:ident($type:ty)),*) => {
                $(fn $method<E: Error>(self, value: $type) -> Result<Odd<T>, E> {
                    let value = T::deserialize(IntoDeserializer::<E>::into_deserializer(value));
                    Ok(Odd(value.unwrap_or_default()))
                })*
            };
        }
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Of<T> {
            type Value = Odd<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            forward!(
                visit_bool(bool),
                visit_str(&str),
                visit_string(String),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );
            fn visit_unit<E: Error>(self) -> Result<Odd<T>, E> {
                Ok(Odd(T::default()))
            }
            fn visit_none<E: Error>(self) -> Result<Odd<T>, E> {
                Ok(Odd(T::default()))
            }
            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Odd<T>, D::Error> {
                inner.deserialize_any(self)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Odd<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Odd)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Odd<T>, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(list)).map(Odd)
            }
        }
        deserializer.deserialize_any(Of(PhantomData))
    }
}

/// Methods of a visitor that take a value of another type for nothing.
macro_rules! otherwise {
    ($value:expr; $($method:ident($type:ty)),*) => {
        $(fn $method<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok($value)
        })*
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            inner.deserialize_any(self)
        }
    };
}

macro_rules! no_map {
    ($value:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

macro_rules! no_seq {
    ($value:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(Some(text)))
            }
            otherwise!(Text(None); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            no_map!(Text(None));
            no_seq!(Text(None));
        }
        deserializer.deserialize_any(Of)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            otherwise!(Flag(false); visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            no_map!(Flag(false));
            no_seq!(Flag(false));
        }
        deserializer.deserialize_any(Of)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Of<T> {
            type Value = Map<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, Odd(value))) = map.next_entry::<String, Odd<T>>()? {
                    entries.push((key, value));
                }
                Ok(Map(entries))
            }
            otherwise!(Map::default(); visit_bool(bool), visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            no_seq!(Map::default());
        }
        deserializer.deserialize_any(Of(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Of<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(Odd(item)) = list.next_element::<Odd<T>>()? {
                    items.push(item);
                }
                Ok(List(items))
            }
            otherwise!(List::default(); visit_bool(bool), visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            no_map!(List::default());
        }
        deserializer.deserialize_any(Of(PhantomData))
    }
}
