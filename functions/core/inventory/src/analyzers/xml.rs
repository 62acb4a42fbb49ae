//! Small XML files, element by element. Entities beyond the predefined ones are not resolved, so that none can grow.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::AnalyzerError;

/// Elements inside of one another.
const MAX_DEPTH: usize = 64;
/// Bytes of one element's text that are kept.
const MAX_TEXT_BYTES: usize = 4096;

/// An element that begins.
pub(super) struct Element<'e, 'p> {
    /// Local names from the root to this element.
    pub(super) path: &'p [String],
    start: &'e BytesStart<'e>,
}

impl Element<'_, '_> {
    /// An attribute by its local name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.start
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.local_name().as_ref() == name)
            .and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
                Some(value.into_owned())
            })
    }
}

/// Calls `each` for every element.
pub(super) fn walk(
    bytes: &[u8],
    what: &str,
    each: &mut dyn FnMut(&Element<'_, '_>),
) -> Result<(), AnalyzerError> {
    events(bytes, what, each, &mut |_, _| {})
}

/// Calls `each` for every element as it begins, with an empty text, and as it ends, with its own text if it has one.
pub(super) fn walk_text(
    bytes: &[u8],
    what: &str,
    each: &mut dyn FnMut(&[String], &str),
) -> Result<(), AnalyzerError> {
    let each = std::cell::RefCell::new(each);
    events(
        bytes,
        what,
        &mut |element| (each.borrow_mut())(element.path, ""),
        &mut |path, text| (each.borrow_mut())(path, text),
    )
}

fn events(
    bytes: &[u8],
    what: &str,
    begin: &mut dyn FnMut(&Element<'_, '_>),
    end: &mut dyn FnMut(&[String], &str),
) -> Result<(), AnalyzerError> {
    let corrupt = |why: String| AnalyzerError::Corrupt(format!("not a {what}: {why}"));
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let mut path: Vec<String> = Vec::new();
    let mut own = String::new();
    let mut any = false;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| corrupt(format!("byte {}: {error}", reader.buffer_position())))?;
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                if path.len() >= MAX_DEPTH {
                    return Err(AnalyzerError::Limit(format!(
                        "elements are nested more than {MAX_DEPTH} deep"
                    )));
                }
                any = true;
                own.clear();
                path.push(start.local_name().as_ref().to_owned());
                begin(&Element { path: &path, start });
                if matches!(event, Event::Empty(_)) {
                    path.pop();
                }
            }
            Event::End(_) => {
                let text = own.trim();
                if !text.is_empty() {
                    end(&path, text);
                }
                own.clear();
                path.pop();
            }
            Event::Text(part) => push(&mut own, &part.into_inner()),
            Event::CData(part) => push(&mut own, &part.into_inner()),
            Event::GeneralRef(entity) => {
                let named = quick_xml::escape::resolve_predefined_entity(&entity);
                match (named, entity.resolve_char_ref()) {
                    (Some(text), _) => push(&mut own, text),
                    (None, Ok(Some(char))) => push(&mut own, char.encode_utf8(&mut [0; 4])),
                    (None, _) => push(&mut own, "\u{fffd}"),
                }
            }
            Event::Eof if path.is_empty() && any => return Ok(()),
            Event::Eof => return Err(corrupt("it ends early".to_owned())),
            _ => {}
        }
    }
}

fn push(text: &mut String, more: &str) {
    if text.len() + more.len() <= MAX_TEXT_BYTES {
        text.push_str(more);
    }
}
