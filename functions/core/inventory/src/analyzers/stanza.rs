//! Paragraphs of `Key: value` lines with folded continuation, as dpkg, Python metadata and apk's index (with one-letter
//! keys) have them.

/// A line of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `Key: value`, both trimmed.
    Field(&'a str, &'a str),
    /// A line that begins with white space.
    Continuation,
    /// Neither.
    Broken,
}

/// The paragraphs of a text, split at empty lines, with the number of each one's first line (from 1).
pub(crate) fn paragraphs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    let mut line_number = 1;
    std::iter::from_fn(move || {
        // Lines that are empty before a paragraph.
        loop {
            let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let line = rest.get(..line_end)?;
            if line.is_empty() {
                return None;
            }
            if !line.trim().is_empty() {
                break;
            }
            rest = rest.get(line_end..)?;
            line_number += 1;
        }
        let first = line_number;
        let mut end = 0;
        for line in rest.split_inclusive('\n') {
            if line.trim().is_empty() {
                break;
            }
            end += line.len();
            line_number += 1;
        }
        let (paragraph, after) = rest.split_at_checked(end)?;
        rest = after;
        Some((first, paragraph))
    })
}

/// The lines of a paragraph.
pub(crate) fn lines(paragraph: &str) -> impl Iterator<Item = Line<'_>> {
    paragraph.lines().map(|line| {
        if line.starts_with([' ', '\t']) {
            return Line::Continuation;
        }
        match line.split_once(':') {
            Some((key, value)) if is_key(key) => Line::Field(key, value.trim()),
            _ => Line::Broken,
        }
    })
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic())
}

/// Whether a text can be a package's name or version: not empty, at most 512 bytes, without blanks or control
/// characters.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=512).contains(&text.len()) && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_split_at_empty_lines_and_numbered() {
        let text = "\n\nA: 1\nB: 2\n\n \nC: 3\n folded\nnot a field\n: x";
        let found: Vec<_> = paragraphs(text).collect();
        assert_eq!(found[0], (3, "A: 1\nB: 2\n"));
        assert_eq!(found[1].0, 7);
        assert_eq!(found.len(), 2);
        let kinds: Vec<_> = lines(found[1].1).collect();
        assert_eq!(
            kinds,
            [
                Line::Field("C", "3"),
                Line::Continuation,
                Line::Broken,
                Line::Broken
            ]
        );
        assert_eq!(paragraphs("").count(), 0);
        assert_eq!(paragraphs("\r\n\r\n").count(), 0);
    }
}
