//! Text from outside and numbers, made fit for terminals, pages and messages.

use std::borrow::Cow;

/// The text with every control character written out, so that a package's name can neither move the cursor nor
/// recolour, hide or forge lines. Characters that reverse the direction of writing count as control characters.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_disruptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_disruptive(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Besides control characters: those that have no width, and the noncharacters that XML does not allow.
fn is_disruptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The text cut to so many characters, with an ellipsis where something is left out.
pub fn cut(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let mut out: String = text.chars().take(max_chars.saturating_sub(1)).collect();
            out.push('…');
            Cow::Owned(out)
        }
    }
}

/// A number with its noun in the right form: `1 package`, `12 packages`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number as u64),
        if number == 1 { one } else { many }
    )
}

/// A number with a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Markdown that shows the text as it is. Source: CommonMark 0.31, "Backslash escapes"; only punctuation can be
/// escaped, and only these characters mean something within a line.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in plain(text).chars() {
        match c {
            // A backslash does not keep all renderers from taking these for HTML.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~'
            | '@' | ':' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(plain("openssl"), "openssl");
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb c\\u{202e}d");
        assert_eq!(plain("\u{ffff}"), "\\u{ffff}");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(cut("größer", 4), "grö…");
        assert_eq!(cut("groß", 4), "groß");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "package", "packages"), "1 package");
        assert_eq!(count(816, "package", "packages"), "816 packages");
    }

    #[test]
    fn markdown_shows_what_was_written() {
        assert_eq!(
            markdown("[a](javascript:x) <b>&`c`|"),
            "\\[a\\]\\(javascript\\:x\\) &lt;b&gt;&amp;\\`c\\`\\|"
        );
    }
}
