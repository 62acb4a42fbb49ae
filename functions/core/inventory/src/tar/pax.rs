//! Pax records: `LENGTH KEY=VALUE\n`, of which path, link path, size and the sparse marks matter here.

/// What the records before an entry change of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Overrides {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
}

impl Overrides {
    pub(super) fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none() && !self.sparse
    }

    /// Takes over the records; false when they are damaged, in which case those before the damage count.
    pub(super) fn read(&mut self, mut records: &[u8]) -> bool {
        while !records.is_empty() {
            let Some((key, value, rest)) = record(records) else {
                // Some writers pad with NULs.
                return records.iter().all(|byte| *byte == 0);
            };
            match key {
                // The marks of GNU's sparse forms name the file where `path` names a stand-in.
                b"GNU.sparse.name" => self.path = Some(value.to_vec()),
                b"path" if !self.sparse || self.path.is_none() => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => match std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()) {
                    Some(size) => self.size = Some(size),
                    None => return false,
                },
                _ => {}
            }
            self.sparse |= key.starts_with(b"GNU.sparse.");
            records = rest;
        }
        true
    }
}

/// The first record and what follows it.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(records.get(..blank)?)
        .ok()?
        .parse()
        .ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((record.get(..equals)?, record.get(equals + 1..)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_override_name_link_and_size() {
        let mut overrides = Overrides::default();
        assert!(overrides.read(b"9 path=a\n12 linkpath=b\n".get(..9).unwrap()));
        assert_eq!(overrides.path.as_deref(), Some(&b"a"[..]));
        assert!(overrides.read(b"14 linkpath=b\n10 size=7\n18 MSWINDOWS.x=\n=\n\0\0"));
        assert_eq!(overrides.link.as_deref(), Some(&b"b"[..]));
        assert_eq!(overrides.size, Some(7));
        assert!(!overrides.sparse);
    }

    #[test]
    fn damaged_records_are_told() {
        for bad in [
            &b"99 path=a\n"[..],
            b"x path=a\n",
            b"9 path=ab",
            b"11 size=-7x\n",
            b"0 \n",
            b"2 \n",
        ] {
            assert!(!Overrides::default().read(bad), "{bad:?}");
        }
    }

    #[test]
    fn sparse_files_keep_their_real_name() {
        let mut overrides = Overrides::default();
        assert!(overrides.read(b"21 GNU.sparse.name=a\n12 path=x/y\n".as_slice()));
        assert!(overrides.sparse);
        assert_eq!(overrides.path.as_deref(), Some(&b"a"[..]));
    }
}
