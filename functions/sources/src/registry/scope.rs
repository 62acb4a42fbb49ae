//! What is scanned of a registry: patterns of repositories and tags, and which tags are the newest.

use std::cmp::Ordering;

use schemas::{Timestamp, api::registry::RegistryScope};

/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 255;
/// Tags of a repository that are scanned when nothing else is said.
pub const DEFAULT_NEWEST: u32 = 10;

/// Whether text is a pattern rather than a name.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The scope of a registry, to ask of names.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a>(&'a RegistryScope);

impl<'a> Scope<'a> {
    /// The scope as it is kept.
    pub fn of(scope: &'a RegistryScope) -> Self {
        Self(scope)
    }

    /// Whether a repository is within it.
    pub fn has_repository(&self, repository: &str) -> bool {
        self.0
            .repositories
            .iter()
            .any(|pattern| matches(pattern, repository))
    }

    /// Whether a tag is within it.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.0.tags.is_empty() || self.0.tags.iter().any(|pattern| matches(pattern, tag))
    }

    /// The repositories that it names itself, which need no list.
    pub fn named(&self) -> impl Iterator<Item = &'a str> {
        let all = self.0.repositories.iter().map(String::as_str);
        all.filter(|name| !is_pattern(name))
    }

    /// The patterns of repositories, which need a list.
    pub fn patterns(&self) -> impl Iterator<Item = &'a str> {
        let all = self.0.repositories.iter().map(String::as_str);
        all.filter(|name| is_pattern(name))
    }

    /// How many tags of a repository are scanned.
    pub fn newest(&self) -> usize {
        usize::try_from(self.0.newest.unwrap_or(DEFAULT_NEWEST)).unwrap_or(usize::MAX)
    }
}

/// The newest tags met, in bounded room whatever number is met.
#[derive(Debug)]
pub struct Newest {
    wanted: usize,
    kept: Vec<(Option<Timestamp>, String)>,
    met: usize,
}

impl Newest {
    /// So many are wanted.
    pub fn of(wanted: usize) -> Self {
        Self {
            wanted,
            kept: Vec::new(),
            met: 0,
        }
    }

    /// Takes a tag of which nobody says when it was pushed: the newest is the last in the order of versions.
    pub fn meet(&mut self, tag: String) {
        self.meet_at(tag, None);
    }

    /// Takes a tag that was pushed then: it is newer than those that were pushed before.
    pub fn meet_at(&mut self, tag: String, pushed_at: Option<Timestamp>) {
        self.met = self.met.saturating_add(1);
        self.kept.push((pushed_at, tag));
        if self.kept.len() >= self.wanted.saturating_mul(2).saturating_add(1000) {
            self.cut();
        }
    }

    /// How many were met.
    pub fn met(&self) -> usize {
        self.met
    }

    /// Those that are wanted, the newest first.
    pub fn into_tags(mut self) -> Vec<String> {
        self.cut();
        self.kept.into_iter().map(|(_, tag)| tag).collect()
    }

    fn cut(&mut self) {
        self.kept
            .sort_unstable_by(|(a_at, a), (b_at, b)| b_at.cmp(a_at).then_with(|| newer(b, a)));
        self.kept.dedup_by(|(_, a), (_, b)| a == b);
        self.kept.truncate(self.wanted);
    }
}

/// Tags in the order of versions: `latest` last, numbers by their value, and what goes on with letters (`2.0-rc1`) before
/// what ends there.
fn newer(a: &str, b: &str) -> Ordering {
    let latest = |tag: &str| tag == "latest";
    latest(a).cmp(&latest(b)).then_with(|| {
        let (mut a, mut b) = (parts(a), parts(b));
        loop {
            let order = match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (Some(part), None) => after_end(part),
                (None, Some(part)) => after_end(part).reverse(),
                (Some(a), Some(b)) => compare(a, b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
    })
}

/// Runs of digits, of letters, and what stands between.
fn parts(tag: &str) -> impl Iterator<Item = &str> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part)
    })
}

/// A pre-release goes on with `-`, a further level with anything else.
fn after_end(part: &str) -> Ordering {
    if part.starts_with('-') {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match (is_number(a), is_number(b)) {
        (true, true) => {
            let (left, right) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            let by_value = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
            by_value.then_with(|| a.len().cmp(&b.len()))
        }
        (number, false) if number => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => a.cmp(b),
    }
}

/// Whether a pattern is of this name: `?` stands for one character but `/`, `*` for any of them, `**` for any characters.
/// Takes time in proportion to both lengths multiplied, at worst.
fn matches(pattern: &str, name: &str) -> bool {
    let name = name.as_bytes();
    // Whether what was read of the pattern is of so many bytes of the name.
    let mut of: Vec<bool> = std::iter::once(true)
        .chain(name.iter().map(|_| false))
        .collect();
    let mut rest = pattern.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (deep, many, after) = match (first, after) {
            (b'*', [b'*', after @ ..]) => (true, true, after),
            (b'*', after) => (false, true, after),
            (_, after) => (false, false, after),
        };
        rest = after;
        let mut next = Vec::with_capacity(of.len());
        let mut before: Option<bool> = None;
        for (index, was) in of.iter().enumerate() {
            let byte = index.checked_sub(1).and_then(|last| name.get(last));
            let is = if many {
                let goes_on = byte.is_some_and(|byte| deep || *byte != b'/');
                *was || (goes_on && next.last() == Some(&true))
            } else {
                let fits = byte.is_some_and(|byte| match first {
                    b'?' => *byte != b'/',
                    exactly => exactly == byte,
                });
                fits && before == Some(true)
            };
            before = Some(*was);
            next.push(is);
        }
        of = next;
    }
    of.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_names() {
        for (pattern, name) in [
            ("team/app", "team/app"),
            ("team/*", "team/app"),
            ("team/*", "team/"),
            ("*", "app"),
            ("**", "a/b/c"),
            ("**/app", "a/b/app"),
            ("team/**", "team/a/b"),
            ("v?.*", "v1.2"),
            ("*-*-*", "a-b-c-d"),
            ("a*b*c", "aXbbYc"),
            ("", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("team/*", "team/a/b"),
            ("*", "a/b"),
            ("team/app", "team/apps"),
            ("team/app", "team/ap"),
            ("?", ""),
            ("?", "/"),
            ("**/app", "app"),
            ("a*b", "ac"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        // No pattern takes long.
        assert!(!matches(&"*a".repeat(127), &"a".repeat(126)));
        assert!(matches(&"**".repeat(127), &"a/".repeat(127)));
    }

    #[test]
    fn the_newest_tags_are_the_last_in_the_order_of_versions() {
        let sorted = [
            "main",
            "nightly",
            "1.2",
            "1.2.0",
            "1.9",
            "1.10-rc1",
            "1.10",
            "2.0-alpha",
            "2.0-rc1",
            "2.0-rc2",
            "2.0",
            "20260101",
            "latest",
        ];
        for (index, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                assert_eq!(newer(a, b), index.cmp(&other), "{a} {b}");
            }
        }
        let mut newest = Newest::of(3);
        for n in 0..10_000 {
            newest.meet(format!("v1.{}", n * 7919 % 10_000));
        }
        assert_eq!(newest.met(), 10_000);
        assert_eq!(newest.into_tags(), ["v1.9999", "v1.9998", "v1.9997"]);
        // What was pushed last is the newest, whatever it is called.
        let mut newest = Newest::of(2);
        for n in 0..10_000_i64 {
            newest.meet_at(format!("v1.{n}"), Some(Timestamp::from_ms(10_000 - n)));
        }
        newest.meet("latest".to_owned());
        assert_eq!(newest.into_tags(), ["v1.0", "v1.1"]);
    }

    #[test]
    fn a_scope_has_all_tags_unless_it_says_which() {
        let mut kept = RegistryScope {
            repositories: vec!["team/*".to_owned(), "app".to_owned()],
            ..RegistryScope::default()
        };
        let scope = Scope::of(&kept);
        assert!(
            scope.has_repository("team/x") && scope.has_repository("app") && scope.has_tag("x")
        );
        assert!(!scope.has_repository("other"));
        assert_eq!(scope.named().collect::<Vec<_>>(), ["app"]);
        assert_eq!(scope.patterns().collect::<Vec<_>>(), ["team/*"]);
        kept.tags = vec!["v*".to_owned()];
        assert!(Scope::of(&kept).has_tag("v1") && !Scope::of(&kept).has_tag("1"));
    }
}
