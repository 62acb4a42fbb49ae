//! Percent-encoding, as purl has it.

use std::fmt::Write as _;

/// Percent-encodes for purl: everything but letters, digits, `.`, `-`, `_`, `~` and `:`. Source: ECMA-427, "Character
/// encoding".
pub fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// What becomes of text whose encoding is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// There is no meaning in it.
    Refused,
    /// What is no encoding stays as it is, and what is no UTF-8 afterwards is replaced by U+FFFD.
    Kept,
}

/// Undoes percent-encoding; `None` when it is broken or gives no UTF-8.
pub fn decode(text: &str) -> Option<String> {
    decode_or(text, Broken::Refused)
}

/// Undoes percent-encoding; `None` only where what is broken is refused.
pub(crate) fn decode_or(text: &str, broken: Broken) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        match after {
            [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            _ if broken == Broken::Refused => return None,
            _ => out.push(b'%'),
        }
    }
    match (String::from_utf8(out), broken) {
        (Ok(text), _) => Some(text),
        (Err(_), Broken::Refused) => None,
        (Err(error), Broken::Kept) => Some(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_encoding_is_refused_or_kept() {
        for (text, kept) in [
            ("%zz%4", "%zz%4"),
            ("a%", "a%"),
            ("%4", "%4"),
            ("%+1", "%+1"),
            ("%%41", "%A"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decode(text), None, "{text}");
            assert_eq!(
                decode_or(text, Broken::Kept).as_deref(),
                Some(kept),
                "{text}"
            );
        }
        assert_eq!(decode("%2b%2B%c3%a4").as_deref(), Some("++ä"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(text in "\\PC{0,40}") {
            let mut encoded = String::new();
            encode(&text, &mut encoded);
            prop_assert_eq!(decode(&encoded), Some(text.clone()));
            prop_assert_eq!(decode_or(&encoded, Broken::Kept), Some(text));
        }
    }
}
