//! XML documents of many like elements: each is read into a small tree of its own, one after another, so that a
//! document of some hundred megabytes is never held as one.

use quick_xml::{
    Reader,
    errors::IllFormedError,
    events::{BytesStart, Event},
};

use super::FeedError;

/// Elements within one another, at most.
const MAX_DEPTH: usize = 64;
/// Elements in one tree, at most: the largest real one (an update of all of a desktop) has some ten thousand.
const MAX_ELEMENTS: usize = 1_000_000;
/// Bytes of one text that are kept.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// One element without its namespace's prefix.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// Its own text, without that of its children.
    text: String,
}

impl Element {
    /// The attribute of this name, trimmed; none when it is empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text, trimmed.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text of the first child of this name, unless it is empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(Element::text)
            .filter(|text| !text.is_empty())
    }
}

/// Calls `take` with every outermost element of one of these names. The document's end must be there.
///
/// # Errors
/// A document that is cut, is not XML or not UTF-8, or is nested more deeply than any real one.
pub(super) fn each(
    bytes: &[u8],
    names: &[&str],
    take: &mut dyn FnMut(Element),
) -> Result<(), FeedError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = format!("byte {}", error.valid_up_to());
        match error.error_len() {
            None => FeedError::Cut { at },
            Some(_) => FeedError::Malformed {
                at,
                what: "not UTF-8".to_owned(),
            },
        }
    })?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut depth = 0usize;
    let mut seen_root = false;
    loop {
        match next(&mut reader)? {
            Event::Eof if depth == 0 && seen_root => return Ok(()),
            Event::Eof => {
                return Err(FeedError::Cut {
                    at: position(&reader),
                });
            }
            Event::Start(start) => {
                seen_root = true;
                if names.contains(&start.local_name().as_ref()) {
                    let element = tree(&mut reader, &start)?;
                    take(element);
                } else {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(too_deep(&reader));
                    }
                }
            }
            Event::Empty(start) => {
                seen_root = true;
                if names.contains(&start.local_name().as_ref()) {
                    take(opened(&start));
                }
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> String {
    format!("byte {}", reader.buffer_position())
}

fn too_deep(reader: &Reader<&[u8]>) -> FeedError {
    FeedError::Malformed {
        at: position(reader),
        what: "elements are nested more deeply than in any real document".to_owned(),
    }
}

fn next<'d>(reader: &mut Reader<&'d [u8]>) -> Result<Event<'d>, FeedError> {
    reader.read_event().map_err(|error| {
        let at = position(reader);
        match &error {
            quick_xml::Error::Syntax(_)
            | quick_xml::Error::IllFormed(
                IllFormedError::UnclosedReference | IllFormedError::MissingEndTag(_),
            ) => FeedError::Cut { at },
            _ => FeedError::Malformed {
                at,
                what: error.to_string(),
            },
        }
    })
}

/// The element just begun, without children.
fn opened(start: &BytesStart<'_>) -> Element {
    let attributes = start
        .attributes()
        .filter_map(Result::ok)
        .take(64)
        .map(|attribute| {
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_or_else(|_| attribute.value.to_string(), |value| value.into_owned());
            (attribute.key.local_name().as_ref().to_owned(), value)
        })
        .collect();
    Element {
        name: start.local_name().as_ref().to_owned(),
        attributes,
        ..Element::default()
    }
}

/// The element just begun, up to its end.
fn tree(reader: &mut Reader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, FeedError> {
    // Children wait on a stack, not in recursion: the depth is the document's.
    let mut open = vec![opened(start)];
    let mut count = 1usize;
    loop {
        let event = next(reader)?;
        let Some(top) = open.last_mut() else {
            return Ok(Element::default());
        };
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() >= MAX_DEPTH {
                    return Err(too_deep(reader));
                }
                open.push(opened(&start));
            }
            Event::Empty(start) => {
                count += 1;
                top.children.push(opened(&start));
            }
            Event::End(_) => {
                let Some(done) = open.pop() else {
                    return Ok(Element::default());
                };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::Text(part) => add(&mut top.text, &part),
            Event::CData(part) => add(&mut top.text, &part),
            Event::GeneralRef(entity) => {
                let named = quick_xml::escape::resolve_predefined_entity(&entity);
                match (named, entity.resolve_char_ref()) {
                    (Some(text), _) => add(&mut top.text, text),
                    (None, Ok(Some(char))) => add(&mut top.text, char.encode_utf8(&mut [0; 4])),
                    (None, _) => add(&mut top.text, "\u{fffd}"),
                }
            }
            Event::Eof => {
                return Err(FeedError::Cut {
                    at: position(reader),
                });
            }
            _ => {}
        }
        if count > MAX_ELEMENTS {
            return Err(FeedError::Malformed {
                at: position(reader),
                what: "one entry holds more elements than any real one".to_owned(),
            });
        }
    }
}

fn add(text: &mut String, part: &str) {
    let room = MAX_TEXT_BYTES.saturating_sub(text.len());
    let end = part.floor_char_boundary(room);
    text.push_str(part.get(..end).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Element>, FeedError> {
        let mut found = Vec::new();
        each(text.as_bytes(), &["b"], &mut |element| found.push(element))?;
        Ok(found)
    }

    #[test]
    fn each_element_is_a_tree_with_its_texts_and_attributes() {
        let found =
            read("<?xml version='1.0'?><x:a><x:b n='1 &amp; 2'>t&lt;<c>u</c><c/></x:b><b/></x:a>")
                .unwrap();
        let first = found.first().unwrap();
        assert_eq!(first.attribute("n"), Some("1 & 2"));
        assert_eq!((first.text(), first.all("c").count()), ("t<", 2));
        assert_eq!((first.text_of("c"), found.len()), (Some("u"), 2));
    }

    #[test]
    fn what_is_cut_is_refused() {
        for text in ["<a><b>", "<a><b/>", "<a><b/></a", "", "<a><b x='"] {
            assert!(matches!(read(text), Err(FeedError::Cut { .. })), "{text}");
        }
        let deep = "<a>".repeat(100);
        assert!(matches!(read(&deep), Err(FeedError::Malformed { .. })));
        let deep = format!("<a>{}", "<b>".repeat(100));
        assert!(matches!(read(&deep), Err(FeedError::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn no_text_stops_it(text in "[<>/ab&;='\" \\!\\[\\]?-]{0,80}") {
            let _ = read(&text);
        }
    }
}
