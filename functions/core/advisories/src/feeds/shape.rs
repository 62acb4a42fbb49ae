//! The shape of a JSON document from its beginning, without reading it whole: enough to tell whose it is.

/// Bytes that are looked at, at most.
const LOOKED_AT: usize = 1 << 20;
/// Keys that are kept, at most.
const MAX_KEYS: usize = 64;
/// Deepest level whose keys are kept.
const MAX_LEVEL: usize = 3;

/// Keys near the top of a JSON document, as far as they could be seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    /// Whether the outermost value is a list; its first element then counts as the top.
    pub(super) list: bool,
    /// Keys of the top object.
    pub(super) top: Vec<&'a [u8]>,
    /// Keys of objects directly in the top object.
    pub(super) second: Vec<&'a [u8]>,
    /// Keys of objects in those.
    pub(super) third: Vec<&'a [u8]>,
}

impl Shape<'_> {
    pub(super) fn has(&self, key: &str) -> bool {
        self.top.contains(&key.as_bytes())
    }
}

/// The document without a byte order mark and white space before it.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start()
}

/// The shape of a document that begins like JSON; none for anything else. Stops at the end of the first object, so
/// that only the first line of many is looked at.
pub(super) fn shape(bytes: &[u8]) -> Option<Shape<'_>> {
    let mut rest = trimmed(bytes);
    rest = rest.get(..LOOKED_AT).unwrap_or(rest);
    let mut shape = Shape::default();
    if let Some(inner) = rest.strip_prefix(b"[") {
        shape.list = true;
        rest = inner.trim_ascii_start();
    }
    if rest.first() != Some(&b'{') {
        return None;
    }
    // For each open bracket: whether it is an object. A list between objects counts as no level of its own.
    let mut open: Vec<bool> = Vec::new();
    let mut level = 0usize;
    let mut key_next = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' => {
                open.push(true);
                level += 1;
                key_next = true;
            }
            b'[' => {
                open.push(false);
                key_next = false;
            }
            b'}' | b']' => {
                if open.pop() == Some(true) {
                    level = level.saturating_sub(1);
                }
                if open.is_empty() {
                    break;
                }
                key_next = false;
            }
            b',' => key_next = open.last() == Some(&true),
            b'"' => {
                let Some(end) = string_end(rest) else { break };
                let (text, after) = rest.split_at(end);
                rest = after.get(1..).unwrap_or_default();
                if key_next {
                    let list = match level {
                        1 => Some(&mut shape.top),
                        2 => Some(&mut shape.second),
                        3 => Some(&mut shape.third),
                        _ => None,
                    };
                    if let Some(list) = list
                        && list.len() < MAX_KEYS
                    {
                        list.push(text);
                    }
                    key_next = false;
                }
            }
            _ => {}
        }
        if open.len() > 128 || (level > MAX_LEVEL && shape.third.len() == MAX_KEYS) {
            break;
        }
    }
    Some(shape)
}

/// Where a string ends whose opening quote is behind us.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text<'a>(keys: &[&'a [u8]]) -> Vec<&'a str> {
        keys.iter()
            .map(|key| std::str::from_utf8(key).unwrap())
            .collect()
    }

    #[test]
    fn keys_are_told_by_level_also_in_a_document_that_is_cut() {
        let shape =
            shape(br#" {"aom": {"CVE-1": {"releases": {"x": 1}, "scope": "\"{"}}, "b"#).unwrap();
        assert_eq!(text(&shape.top), ["aom"]);
        assert_eq!(text(&shape.second), ["CVE-1"]);
        assert_eq!(text(&shape.third), ["releases", "scope"]);
    }

    #[test]
    fn a_list_is_told_by_its_first_element() {
        let shape = shape(br#"[{"id":"A","affected":[{"package":{}}]},{"other":1}]"#).unwrap();
        assert!(shape.list && shape.has("id") && shape.has("affected"));
        assert!(super::shape(b"<xml>").is_none() && super::shape(b"[1]").is_none());
    }

    #[test]
    fn only_the_first_of_many_lines_is_looked_at() {
        let shape = shape(b"{\"id\":1}\n{\"other\":2}").unwrap();
        assert_eq!(text(&shape.top), ["id"]);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_shape_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\":,\\\\a ]{0,60}") {
            let _ = shape(&bytes);
            let _ = shape(json.as_bytes());
        }
    }
}
