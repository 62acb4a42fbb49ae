//! One qualifier of a purl that is text and otherwise stays as it is written.

use crate::text::{Broken, decode_or, encode};

/// A purl before its qualifiers, the qualifiers, and the subpath with its `#`.
fn split(purl: &str) -> (&str, impl Iterator<Item = &str>, &str) {
    let end = purl.find('#').unwrap_or(purl.len());
    let (base, subpath) = purl.split_at(end);
    let (path, qualifiers) = base.split_once('?').unwrap_or((base, ""));
    let qualifiers = qualifiers.split('&').filter(|pair| !pair.is_empty());
    (path, qualifiers, subpath)
}

fn key_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(key, _)| key)
}

fn join(path: &str, qualifiers: &[&str], subpath: &str) -> String {
    let mut out = path.to_owned();
    for (index, pair) in qualifiers.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(pair);
    }
    out.push_str(subpath);
    out
}

/// The value of a qualifier, decoded, what is no encoding being kept; `None` where there is none or it is empty.
pub fn qualifier(purl: &str, key: &str) -> Option<String> {
    let (_, mut qualifiers, _) = split(purl);
    let value = qualifiers.find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.eq_ignore_ascii_case(key) && !value.is_empty()).then_some(value)
    })?;
    decode_or(value, Broken::Kept)
}

/// The purl without one qualifier.
pub fn without(purl: &str, key: &str) -> String {
    let (path, qualifiers, subpath) = split(purl);
    let kept: Vec<&str> = qualifiers
        .filter(|pair| !key_of(pair).eq_ignore_ascii_case(key))
        .collect();
    join(path, &kept, subpath)
}

/// The purl with one qualifier of this value, in the place of any that it had, in the order of keys. Source: ECMA-427,
/// "Rules for each purl component".
pub fn with(purl: &str, key: &str, value: &str) -> String {
    let mut pair = format!("{key}=");
    encode(value, &mut pair);
    let (path, qualifiers, subpath) = split(purl);
    let mut all: Vec<&str> = qualifiers
        .filter(|pair| !key_of(pair).eq_ignore_ascii_case(key))
        .collect();
    let at = all.partition_point(|other| key_of(other) < key);
    all.insert(at, &pair);
    join(path, &all, subpath)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_qualifier_can_be_left_out() {
        assert_eq!(
            without("pkg:a/b@1?x=1&upstream=c&y=2#d", "upstream"),
            "pkg:a/b@1?x=1&y=2#d"
        );
        assert_eq!(without("pkg:a/b@1?upstream=c", "upstream"), "pkg:a/b@1");
    }

    #[test]
    fn one_qualifier_can_be_put_in_its_place() {
        for (purl, wanted) in [
            ("pkg:a/b", "pkg:a/b?k=c%402"),
            ("pkg:a/b@1?a=1&x=2#d", "pkg:a/b@1?a=1&k=c%402&x=2#d"),
            ("pkg:a/b?k=old&k-2=1", "pkg:a/b?k=c%402&k-2=1"),
        ] {
            assert_eq!(with(purl, "k", "c@2"), wanted);
        }
    }

    #[test]
    fn one_qualifier_can_be_read() {
        let purl = "pkg:rpm/a@1?arch=x86_64&rpmmod=nodejs%3a18%zz&upstream=#rpmmod=c";
        assert_eq!(qualifier(purl, "rpmmod").as_deref(), Some("nodejs:18%zz"));
        assert_eq!(qualifier(purl, "upstream"), None);
        assert_eq!(qualifier("pkg:a/rpmmod=x@1", "rpmmod"), None);
    }

    proptest! {
        #[test]
        fn what_is_put_in_is_read_and_can_be_left_out(
            purl in "pkg:[a-z%@/?&=#.0-9\u{e4}]{0,60}", value in "\\PC{1,20}",
        ) {
            let longer = with(&purl, "k", &value);
            prop_assert_eq!(qualifier(&longer, "k"), Some(value));
            prop_assert_eq!(without(&longer, "k"), without(&purl, "k"));
        }
    }
}
