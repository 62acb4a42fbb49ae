//! CycloneDX as XML. Source: the XML schemas of versions 1.0 to 1.6; the version is in the namespace.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{CYCLONEDX, MAX_PROPERTIES, MAX_TEXT, Raw, RawComponent, SbomError, check_version};
use crate::limits::Limits;

/// Elements within one another, at most.
const MAX_DEPTH: usize = 256;
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// Where the reader is.
#[derive(Default)]
struct State {
    /// Names of the open elements.
    path: Vec<String>,
    /// Open components, and at which depth each began.
    open: Vec<(usize, RawComponent)>,
    text: String,
    /// Name of the open property.
    property: Option<String>,
    aggregate: String,
    assemblies: bool,
}

pub(super) fn parse(text: &str, limits: &Limits) -> Result<Raw, SbomError> {
    let mut reader = Reader::from_str(text);
    let mut raw = Raw::default();
    let mut state = State::default();
    let mut seen = false;
    loop {
        let event = reader.read_event().map_err(|error| SbomError::Xml {
            at: reader.buffer_position(),
            what: error.to_string(),
        })?;
        match event {
            Event::Start(start) => {
                if state.path.is_empty() {
                    root(&start, &mut raw)?;
                    seen = true;
                }
                if state.path.len() >= MAX_DEPTH {
                    return Err(SbomError::Xml {
                        at: reader.buffer_position(),
                        what: "elements are nested too deeply".to_owned(),
                    });
                }
                state.start(&start);
            }
            Event::Empty(start) => {
                if state.path.is_empty() {
                    root(&start, &mut raw)?;
                    seen = true;
                }
                state.start(&start);
                state.end(&mut raw, limits);
            }
            Event::End(_) => state.end(&mut raw, limits),
            Event::Text(part) => state.add(&part),
            Event::CData(part) => state.add(&part),
            Event::GeneralRef(entity) => {
                let named = quick_xml::escape::resolve_predefined_entity(&entity);
                match (named, entity.resolve_char_ref()) {
                    (Some(text), _) => state.add(text),
                    (None, Ok(Some(char))) => state.add(char.encode_utf8(&mut [0; 4])),
                    (None, _) => state.add("\u{fffd}"),
                }
            }
            Event::Eof if seen && state.path.is_empty() => return Ok(raw),
            Event::Eof => {
                return Err(SbomError::Xml {
                    at: reader.buffer_position(),
                    what: "it ends early".to_owned(),
                });
            }
            _ => {}
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start
        .attributes()
        .filter_map(Result::ok)
        .take(64)
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = quick_xml::escape::unescape(&attribute.value).ok()?;
    Some(value.chars().take(1024).collect())
}

fn root(start: &BytesStart<'_>, raw: &mut Raw) -> Result<(), SbomError> {
    if start.local_name().as_ref() != "bom" {
        return Err(SbomError::Unrecognised);
    }
    let version = start
        .attributes()
        .filter_map(Result::ok)
        .take(64)
        .find_map(|attribute| attribute.value.strip_prefix(NAMESPACE).map(str::to_owned))
        .ok_or(SbomError::Unrecognised)?;
    raw.notes
        .extend(check_version("CycloneDX", &version, CYCLONEDX)?);
    raw.form = format!("CycloneDX {version} (XML)");
    Ok(())
}

impl State {
    fn start(&mut self, start: &BytesStart<'_>) {
        let name = start.local_name().as_ref().to_owned();
        self.text.clear();
        match name.as_str() {
            // Tools of the document's maker, and what services or earlier forms were made of, are not part of the target.
            "component" if self.is_part() => {
                let component = RawComponent {
                    kind: attribute(start, "type").unwrap_or_default(),
                    ..RawComponent::default()
                };
                self.open.push((self.path.len(), component));
            }
            "property" => self.property = attribute(start, "name"),
            "composition" => {
                self.aggregate.clear();
                self.assemblies = false;
            }
            "assemblies" => self.assemblies = true,
            _ => {}
        }
        self.path.push(name);
    }

    fn is_part(&self) -> bool {
        self.path
            .iter()
            .enumerate()
            .all(|(at, name)| match name.as_str() {
                "bom" => at == 0,
                "metadata" => at == 1,
                "component" | "components" => true,
                _ => false,
            })
    }

    fn add(&mut self, part: &str) {
        let room = MAX_TEXT.saturating_sub(self.text.len());
        let end = part.floor_char_boundary(room);
        self.text.push_str(part.get(..end).unwrap_or_default());
    }

    fn end(&mut self, raw: &mut Raw, limits: &Limits) {
        let Some(name) = self.path.pop() else {
            return;
        };
        let depth = self.path.len();
        let text = self.text.trim().to_owned();
        self.text.clear();
        if name == "component" && self.open.last().is_some_and(|(began, _)| *began == depth) {
            if let Some((_, component)) = self.open.pop() {
                let target = self.path.last().is_some_and(|parent| parent == "metadata");
                if target {
                    raw.target = component;
                } else {
                    raw.add(component, limits);
                }
            }
            return;
        }
        if name == "aggregate" {
            self.aggregate = text;
            return;
        }
        if name == "composition" {
            raw.incomplete |= self.assemblies && self.aggregate.starts_with("incomplete");
            return;
        }
        if name == "property" {
            let Some(key) = self.property.take() else {
                return;
            };
            let parent = self
                .path
                .len()
                .checked_sub(2)
                .and_then(|at| self.path.get(at));
            let to = match (parent.map(String::as_str), self.open.last_mut()) {
                (Some("component"), Some((_, component))) => &mut component.properties,
                (Some("metadata"), None) => &mut raw.properties,
                _ => return,
            };
            if to.len() < MAX_PROPERTIES {
                to.push((key, text));
            }
            return;
        }
        // Only what stands right below the component is about it.
        if let Some((began, component)) = self.open.last_mut()
            && *began + 1 == depth
        {
            match name.as_str() {
                "group" => component.group = text,
                "name" => component.name = text,
                "version" => component.version = text,
                "purl" => component.purl = text,
                "description" => component.description = text,
                _ => {}
            }
        }
    }
}
