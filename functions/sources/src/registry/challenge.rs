//! What a registry asks of those who sign in: the `WWW-Authenticate` header. Sources: RFC 9110 section 11.6.1, and the
//! distribution project's "Token Authentication Specification".

/// Longest header that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 8 << 10;
/// Most parameters of one challenge.
const MAX_PARAMETERS: usize = 32;

/// A way to sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Its scheme in lower case, such as `bearer`.
    pub scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The parameter of this lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The challenges of a header. What is not understood ends the list.
pub fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header;
    if header.len() > MAX_HEADER_BYTES {
        return challenges;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            return challenges;
        }
        // `name=value` belongs to the challenge before it; a word alone begins a new one.
        let trimmed = after.trim_start_matches([' ', '\t']);
        match trimmed.strip_prefix('=') {
            Some(value) if !challenges.is_empty() => {
                let (value, after) = value_of(value.trim_start_matches([' ', '\t']));
                if let Some(challenge) = challenges.last_mut()
                    && challenge.parameters.len() < MAX_PARAMETERS
                {
                    challenge
                        .parameters
                        .push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            Some(_) => return challenges,
            None => {
                if challenges.len() >= MAX_PARAMETERS {
                    return challenges;
                }
                challenges.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    parameters: Vec::new(),
                });
                rest = after;
            }
        }
    }
}

fn token(text: &str) -> (&str, &str) {
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(letter))
        })
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_real_registries_are_understood() {
        let hub = parse(
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull""#,
        );
        assert_eq!(hub.len(), 1);
        assert_eq!(hub[0].scheme, "bearer");
        assert_eq!(
            hub[0].parameter("realm"),
            Some("https://auth.docker.io/token")
        );
        assert_eq!(
            hub[0].parameter("scope"),
            Some("repository:library/debian:pull")
        );
        let ecr = parse(
            r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
        );
        assert_eq!((ecr.len(), ecr[0].scheme.as_str()), (1, "basic"));
        let both = parse(r#"Basic realm=x, Bearer realm="a,\"b", service=c"#);
        assert_eq!(both.len(), 2);
        assert_eq!(both[1].parameter("realm"), Some("a,\"b"));
        assert_eq!(both[1].parameter("service"), Some("c"));
    }

    #[test]
    fn nonsense_is_no_challenge_and_ends() {
        for text in [
            "",
            "=",
            "\"",
            "Bearer realm=\"",
            ",,,",
            "\u{e9}",
            "a=b",
            "Bearer \\",
        ] {
            let _ = parse(text);
        }
        assert!(parse(&"a ".repeat(10_000)).is_empty());
        assert!(parse(&"a ".repeat(1_000)).len() <= MAX_PARAMETERS);
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read_to_its_end(header in "[ -~\t\u{e9}]{0,200}") {
            proptest::prop_assert!(parse(&header).len() <= MAX_PARAMETERS);
        }
    }
}
