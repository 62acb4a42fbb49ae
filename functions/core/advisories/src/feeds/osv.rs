//! OSV: advisories of many ecosystems in one form, as one JSON object, a list, one object a line, or YAML.
//!
//! Source: <https://ossf.github.io/osv-schema/>, versions 1.x.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};

use super::{
    Document, Feed, FeedError, Sink, json_error,
    osv_document::{Entry, rows, yaml},
    shape,
};

/// The feed's name.
pub(super) const NAME: &str = "osv";

/// OSV.
pub(super) struct Osv;

impl Feed for Osv {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let bytes = document.bytes;
        if let Some(shape) = shape::shape(bytes) {
            return shape.has("id")
                && (shape.has("modified") || shape.has("schema_version"))
                && (shape.has("affected")
                    || shape.has("withdrawn")
                    || shape.has("details")
                    || shape.has("summary"));
        }
        let head = bytes.get(..64 * 1024).unwrap_or(bytes);
        if !head.starts_with(b"id:") && !head.starts_with(b"schema_version:") {
            return false;
        }
        let head = String::from_utf8_lossy(head);
        let has = |key: &str| head.lines().any(|line| line.starts_with(key));
        has("id:") && has("modified:")
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = shape::trimmed(document.bytes);
        match bytes.first() {
            Some(b'[') => list(bytes, sink),
            Some(b'{') if is_lines(bytes) => lines(bytes, sink),
            Some(b'{') => {
                let entry: Entry = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
                rows(&entry, sink)
            }
            _ => rows(&yaml::<Entry>(bytes)?, sink),
        }
    }
}

/// Whether the first line is a value of its own and others follow.
fn is_lines(bytes: &[u8]) -> bool {
    let mut parts = bytes.splitn(2, |&byte| byte == b'\n');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.next());
    rest.is_some_and(|rest| !rest.trim_ascii().is_empty())
        && serde_json::from_slice::<IgnoredAny>(first).is_ok()
}

/// One object a line. A bad line is told and the others go on, but a last line that ends early means that the
/// document is cut, and nobody knows how much is missing.
fn lines(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), FeedError> {
    let mut lines = bytes
        .split(|&byte| byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .peekable();
    let mut good = 0u64;
    let mut last_error = None;
    while let Some((index, line)) = lines.next() {
        let at = format!("line {}", index + 1);
        let error = match serde_json::from_slice::<Entry>(line) {
            Ok(entry) => match rows(&entry, sink) {
                Ok(()) => {
                    good += 1;
                    continue;
                }
                Err(error) => error,
            },
            Err(error) if error.is_eof() && lines.peek().is_none() => {
                return Err(FeedError::Cut { at });
            }
            Err(error) => json_error(&error),
        };
        sink.problem(&at, &error.to_string());
        last_error = Some(error);
    }
    match last_error {
        Some(error) if good == 0 => Err(error),
        _ => Ok(()),
    }
}

fn list(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), FeedError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut entries = Entries {
        sink,
        error: None,
        count: 0,
    };
    (&mut entries)
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| json_error(&error))?;
    match entries.error {
        Some(error) => Err(error),
        None if entries.count == 0 => Err(FeedError::Empty),
        None => Ok(()),
    }
}

/// The elements of a list, one at a time.
struct Entries<'s> {
    sink: &'s mut dyn Sink,
    error: Option<FeedError>,
    count: u64,
}

impl<'de> DeserializeSeed<'de> for &mut Entries<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of OSV entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element::<Entry>()? {
            self.count += 1;
            if let Err(error) = rows(&entry, self.sink) {
                self.sink.problem(&entry.id, &error.to_string());
                self.error.get_or_insert(error);
            }
        }
        Ok(())
    }
}
