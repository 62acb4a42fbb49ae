//! Patterns of names and paths: `*` is any run of characters but `/`, `**` any run at all, `?` one character but `/`.

use serde::Deserialize;

/// The longest pattern in bytes.
const MAX_PATTERN_BYTES: usize = 512;

/// A pattern of a name or path. Letters compare as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Literal(char),
    One,
    Star,
    Globstar,
}

impl TryFrom<String> for Glob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() {
            return Err("a pattern is empty: leave the key out where anything is meant".to_owned());
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(format!(
                "a pattern is longer than {MAX_PATTERN_BYTES} bytes"
            ));
        }
        let mut parts = Vec::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '*' if characters.peek() == Some(&'*') => {
                    while characters.peek() == Some(&'*') {
                        characters.next();
                    }
                    Part::Globstar
                }
                '*' => Part::Star,
                '?' => Part::One,
                other => Part::Literal(other),
            });
        }
        Ok(Self { text, parts })
    }
}

impl Glob {
    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it stands for exactly one text.
    pub(crate) fn is_literal(&self) -> bool {
        self.parts
            .iter()
            .all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether the whole text fits the pattern. Takes at most (length of the pattern) × (length of the text) steps.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.is_literal() {
            return self.text == text;
        }
        // Every prefix of the pattern that the text so far fits.
        let mut fits = vec![false; self.parts.len() + 1];
        if let Some(first) = fits.first_mut() {
            *first = true;
        }
        skip_stars(&self.parts, &mut fits);
        let mut next = vec![false; fits.len()];
        for character in text.chars() {
            next.fill(false);
            let mut any = false;
            for (at, part) in self.parts.iter().enumerate() {
                if !fits.get(at).copied().unwrap_or(false) {
                    continue;
                }
                // A star stays where it is and takes one more character; anything else goes on.
                let to = match part {
                    Part::Literal(literal) => (*literal == character).then_some(at + 1),
                    Part::One => (character != '/').then_some(at + 1),
                    Part::Star => (character != '/').then_some(at),
                    Part::Globstar => Some(at),
                };
                if let Some(reached) = to.and_then(|to| next.get_mut(to)) {
                    *reached = true;
                    any = true;
                }
            }
            if !any {
                return false;
            }
            skip_stars(&self.parts, &mut next);
            std::mem::swap(&mut fits, &mut next);
        }
        fits.last().copied().unwrap_or(false)
    }
}

/// Stars fit nothing, too; and `**/` fits the beginning of a path.
fn skip_stars(parts: &[Part], fits: &mut [bool]) {
    for (at, part) in parts.iter().enumerate() {
        if matches!(part, Part::Star | Part::Globstar)
            && fits.get(at) == Some(&true)
            && let Some(reached) = fits.get_mut(at + 1)
        {
            *reached = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Glob::try_from(pattern.to_owned()).unwrap().matches(text)
    }

    #[test]
    fn stars_stay_within_a_segment_and_double_stars_do_not() {
        for (pattern, text, expected) in [
            ("openssl", "openssl", true),
            ("openssl", "openssl1", false),
            ("lib*", "libssl3", true),
            ("lib*", "glib", false),
            ("*", "a/b", false),
            ("**", "a/b", true),
            ("usr/lib/**", "usr/lib/x/y.so", true),
            ("usr/*/y", "usr/lib/x/y", false),
            ("usr/**/y", "usr/lib/x/y", true),
            ("**/package-lock.json", "web/app/package-lock.json", true),
            (
                "registry.example.org/payments/*",
                "registry.example.org/payments/api:1.2",
                true,
            ),
            (
                "registry.example.org/*",
                "registry.example.org/payments/api:1.2",
                false,
            ),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("größe*", "größer", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn empty_and_endless_patterns_are_refused() {
        assert!(Glob::try_from(" ".to_owned()).is_err());
        assert!(Glob::try_from("a".repeat(513)).is_err());
    }

    proptest! {
        #[test]
        fn a_pattern_without_stars_fits_itself_alone(text in "[a-z/]{1,20}", other in "[a-z/]{1,20}") {
            prop_assert!(fits(&text, &text));
            prop_assert_eq!(fits(&text, &other), text == other);
        }

        #[test]
        fn cutting_a_text_anywhere_and_putting_a_double_star_there_fits(text in "[a-z/]{0,20}", at in 0usize..20) {
            let at = at.min(text.len());
            let pattern = format!("{}**{}", &text[..at], &text[at..]);
            prop_assert!(fits(&pattern, &text));
        }

        #[test]
        fn nothing_panics(pattern in "\\PC{1,40}", text in "\\PC{0,80}") {
            if let Ok(glob) = Glob::try_from(pattern) {
                let _ = glob.matches(&text);
            }
        }
    }
}
