//! The catalogue: every feed that can be downloaded, who publishes it, where, in which layout and how often it changes.
//!
//! Addresses are those that the publishers name in their own documentation; each entry's comment says where.

use advisories::feeds::FEEDS;

mod languages;
mod systems;
mod vulnerabilities;

/// One mebibyte.
const MIB: u64 = 1 << 20;

/// A feed that can be downloaded.
#[derive(Clone, Copy, Debug)]
pub struct FeedSpec {
    /// Its name on the command line and in states.
    pub name: &'static str,
    /// Who publishes it.
    pub publisher: &'static str,
    /// Name of the reader that understands its documents, of [`advisories::feeds::FEEDS`].
    pub reader: &'static str,
    /// How its documents are found.
    pub layout: Layout,
    /// Most bytes of one document as it is transferred.
    pub max_bytes: u64,
    /// How often its publisher changes it, in hours. On a schedule it is asked no more often, see
    /// [`super::FeedUpdate::is_due`]; by hand as often as one likes, which without a change costs one small request per
    /// document.
    pub every_hours: u32,
    /// Whether it is taken when no feed is named.
    pub by_default: bool,
}

/// How the documents of a feed are found.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// At fixed addresses.
    Fixed(&'static [FixedDocument]),
    /// One document a year: `prefix` + year + `suffix`, from a year to this one.
    Years {
        /// Before the year.
        prefix: &'static str,
        /// After the year.
        suffix: &'static str,
        /// The first year.
        first: u16,
    },
    /// MSRC's list of monthly documents, each with the date of its last revision; only revised months are asked for.
    MsrcMonths {
        /// The list.
        list: &'static str,
        /// The documents' addresses without their ids.
        documents: &'static str,
    },
    /// A directory of CSAF documents with `changes.csv` (CSAF 2.0, requirement 13); only changed files are asked for.
    CsafDirectory {
        /// The directory, with a slash at the end.
        base: &'static str,
        /// File beside it that names an archive of all documents, for the first time.
        archive: Option<&'static str>,
        /// File beside it that lists documents taken back.
        deletions: Option<&'static str>,
    },
    /// Yum repositories' `updateinfo`, found through a mirror list and `repomd.xml`.
    Updateinfo(&'static [FixedDocument]),
    /// .NET's index of channels, each with a document of releases.
    DotnetChannels(&'static str),
}

/// A document at a fixed address.
#[derive(Clone, Copy, Debug)]
pub struct FixedDocument {
    /// Name of its file.
    pub name: &'static str,
    /// Its address; of [`Layout::Updateinfo`] the mirror list's.
    pub url: &'static str,
}

/// A document at a fixed address, in a table.
const fn at(name: &'static str, url: &'static str) -> FixedDocument {
    FixedDocument { name, url }
}

/// Every feed, in the order in which people read them.
pub fn catalogue() -> impl Iterator<Item = &'static FeedSpec> {
    systems::FEEDS
        .iter()
        .chain(languages::FEEDS)
        .chain(vulnerabilities::FEEDS)
}

/// The feed of this name.
pub fn feed(name: &str) -> Option<&'static FeedSpec> {
    catalogue().find(|feed| feed.name == name)
}

impl FeedSpec {
    /// Whether this version of the program reads its documents.
    pub fn is_read(&self) -> bool {
        FEEDS.iter().any(|reader| reader.name() == self.reader)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plain(name: &str) -> bool {
        !name.is_empty()
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    }

    #[test]
    fn names_are_file_names_and_addresses_are_encrypted() {
        let mut names = BTreeSet::new();
        for feed in catalogue() {
            assert!(plain(feed.name) && names.insert(feed.name), "{}", feed.name);
            assert!(
                feed.every_hours > 0 && feed.max_bytes >= MIB,
                "{}",
                feed.name
            );
            let mut urls = Vec::new();
            match feed.layout {
                Layout::Fixed(documents) | Layout::Updateinfo(documents) => {
                    let mut files = BTreeSet::new();
                    for document in documents {
                        assert!(plain(document.name) && files.insert(document.name));
                        urls.push(document.url);
                    }
                }
                Layout::Years { prefix, .. } => urls.push(prefix),
                Layout::MsrcMonths { list, documents } => urls.extend([list, documents]),
                Layout::CsafDirectory { base, .. } => {
                    assert!(base.ends_with('/'), "{base}");
                    urls.push(base);
                }
                Layout::DotnetChannels(index) => urls.push(index),
            }
            assert!(!urls.is_empty(), "{}", feed.name);
            for url in urls {
                assert!(url.starts_with("https://"), "{url}");
            }
        }
    }
}
