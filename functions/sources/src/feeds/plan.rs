//! Which documents of a feed are to be asked for, by its layout and its publisher's lists.

use schemas::Timestamp;
use thiserror::Error;

use super::{
    catalogue::{FeedSpec, Layout},
    fetch::{FetchError, Fetcher},
    listing::{self, ListError},
};
use crate::http::may_name;

/// Largest list that is taken: Red Hat's has some 4 MB.
const MAX_LIST_BYTES: u64 = 64 << 20;
/// Largest file that names one thing.
const MAX_POINTER_BYTES: u64 = 64 << 10;
/// Years that a feed of years may have.
const MAX_YEARS: u16 = 100;

/// Why the documents of a feed are not known.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A list cannot be had.
    #[error("get {url}")]
    Fetch {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// A list cannot be understood.
    #[error("read {url}")]
    List {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: ListError,
    },
    /// A list names an address that its publisher has no business with.
    #[error(
        "{list} names {address}, which is not encrypted, or of this machine or a private network: it is not asked"
    )]
    Address {
        /// The list's address.
        list: String,
        /// What it names.
        address: String,
    },
}

/// A document that a feed has now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) url: String,
    /// What its publisher's list says of its version: when it is the one in use, it is not asked for.
    pub(super) revision: Option<String>,
    /// The SHA-256 that its publisher's list gives, in hexadecimal.
    pub(super) sha256: Option<String>,
}

/// What a feed has now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) documents: Vec<Planned>,
    /// Documents that their publisher took back.
    pub(super) deleted: Vec<String>,
    /// An archive of all documents, for a feed that has none yet.
    pub(super) archive: Option<Archive>,
}

/// An archive of all documents of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Archive {
    pub(super) name: String,
    pub(super) url: String,
    /// The day when it was made.
    pub(super) made: Option<String>,
}

/// Asks for a feed's lists. `first` says that no document of it is there yet.
pub(super) async fn plan(
    fetcher: &Fetcher,
    spec: &FeedSpec,
    first: bool,
    now: Timestamp,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    match spec.layout {
        Layout::Fixed(documents) => {
            plan.documents
                .extend(documents.iter().map(|document| Planned {
                    name: document.name.to_owned(),
                    url: document.url.to_owned(),
                    ..Planned::default()
                }));
        }
        Layout::Years {
            prefix,
            suffix,
            first,
        } => {
            let this_year = year_of(now);
            let years = first..=this_year.min(first.saturating_add(MAX_YEARS));
            plan.documents.extend(years.map(|year| Planned {
                name: format!("{}-{year}{suffix}", spec.name),
                url: format!("{prefix}{year}{suffix}"),
                ..Planned::default()
            }));
        }
        Layout::MsrcMonths { list, documents } => {
            let bytes = get(fetcher, list, MAX_LIST_BYTES).await?;
            let months = understood(list, listing::parse_msrc_updates(&bytes))?;
            plan.documents
                .extend(months.into_iter().map(|(id, date)| Planned {
                    name: format!("msrc-{id}.xml"),
                    url: format!("{documents}{id}"),
                    revision: Some(date).filter(|date| !date.is_empty()),
                    ..Planned::default()
                }));
        }
        Layout::CsafDirectory {
            base,
            archive,
            deletions,
        } => {
            let changes = format!("{base}changes.csv");
            let bytes = get(fetcher, &changes, MAX_LIST_BYTES).await?;
            let mut files = understood(&changes, listing::parse_changes(&bytes))?;
            if let Some(deletions) = deletions {
                let url = format!("{base}{deletions}");
                let bytes = get(fetcher, &url, MAX_LIST_BYTES).await?;
                for (name, deleted_at) in understood(&url, listing::parse_changes(&bytes))? {
                    // A file that came back after it was deleted is there.
                    if files
                        .get(&name)
                        .is_none_or(|changed| *changed <= deleted_at)
                    {
                        files.remove(&name);
                        plan.deleted.push(name);
                    }
                }
            }
            plan.documents
                .extend(files.into_iter().map(|(name, date)| Planned {
                    url: format!("{base}{name}"),
                    name,
                    revision: Some(date),
                    ..Planned::default()
                }));
            if let Some(pointer) = archive.filter(|_| first) {
                let url = format!("{base}{pointer}");
                let bytes = get(fetcher, &url, MAX_POINTER_BYTES).await?;
                let name = understood(&url, listing::parse_archive_name(&bytes))?;
                plan.archive = Some(Archive {
                    url: format!("{base}{name}"),
                    made: listing::date_in_name(&name).map(str::to_owned),
                    name,
                });
            }
        }
        Layout::Updateinfo(repositories) => {
            for repository in repositories {
                let bytes = get(fetcher, repository.url, MAX_POINTER_BYTES).await?;
                let base = understood(repository.url, listing::parse_mirror_list(&bytes))?;
                outside(repository.url, &base)?;
                let url = format!("{base}/repodata/repomd.xml");
                let bytes = get(fetcher, &url, MAX_LIST_BYTES).await?;
                let (path, checksum) = understood(&url, listing::parse_repomd(&bytes))?;
                plan.documents.push(Planned {
                    name: repository.name.to_owned(),
                    url: format!("{base}/{path}"),
                    revision: Some(checksum.clone()),
                    sha256: Some(checksum),
                });
            }
        }
        Layout::DotnetChannels(index) => {
            let bytes = get(fetcher, index, MAX_LIST_BYTES).await?;
            let channels = understood(index, listing::parse_dotnet_index(&bytes))?;
            for channel in &channels {
                outside(index, &channel.url)?;
            }
            plan.documents
                .extend(channels.into_iter().map(|channel| Planned {
                    name: format!("dotnet-{}.json", channel.version),
                    url: channel.url,
                    ..Planned::default()
                }));
        }
    }
    Ok(plan)
}

async fn get(fetcher: &Fetcher, url: &str, max_bytes: u64) -> Result<Vec<u8>, PlanError> {
    fetcher
        .small(url, max_bytes)
        .await
        .map_err(|source| PlanError::Fetch {
            url: url.to_owned(),
            source,
        })
}

fn understood<T>(url: &str, list: Result<T, ListError>) -> Result<T, PlanError> {
    list.map_err(|source| PlanError::List {
        url: url.to_owned(),
        source,
    })
}

/// Whether an address that a list names is one to ask: what no redirect may lead to, no list may name.
fn outside(list: &str, address: &str) -> Result<(), PlanError> {
    if may_name(list, address) {
        return Ok(());
    }
    Err(PlanError::Address {
        list: list.to_owned(),
        address: address.to_owned(),
    })
}

/// The calendar year of a moment.
fn year_of(moment: Timestamp) -> u16 {
    moment
        .to_string()
        .get(..4)
        .and_then(|year| year.parse().ok())
        .unwrap_or(1970)
}
