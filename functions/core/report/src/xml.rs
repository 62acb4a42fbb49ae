//! XML and HTML text.

use std::{
    fmt,
    io::{self, Write},
};

use crate::text::plain;

/// Text that is shown as it is, within an element or within a quoted attribute.
///
/// Control characters cannot be written in XML 1.0 at all, not even as references (source: XML 1.0, production 2), so
/// they are written out in letters.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = plain(self.0);
        let mut rest: &str = &text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (before, from) = rest.split_at(at);
            f.write_str(before)?;
            let mut characters = from.chars();
            f.write_str(match characters.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = characters.as_str();
        }
        f.write_str(rest)
    }
}

/// Writes lines of text as the content of an element: each is escaped for itself, so that none can forge another.
pub(crate) fn lines<'a>(
    out: &mut dyn Write,
    lines: impl Iterator<Item = std::borrow::Cow<'a, str>>,
) -> io::Result<()> {
    for (at, line) in lines.enumerate() {
        if at > 0 {
            out.write_all(b"\n")?;
        }
        write!(out, "{}", Escaped(&line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_quotes_and_control_characters_are_text() {
        assert_eq!(
            Escaped("<b a='1' c=\"2\">&\u{0}\u{1b}").to_string(),
            "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\\u{0}\\u{1b}"
        );
        assert_eq!(Escaped("").to_string(), "");
        assert_eq!(Escaped("größe").to_string(), "größe");
    }
}
