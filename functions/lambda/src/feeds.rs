//! Where the function `feed` has its documents from.

use std::{path::PathBuf, time::Duration};

use handlers::{Downloads, FeedSources};
use sources::{
    feeds::{Fetcher, Patience, catalogue},
    http::{Http, HttpOptions},
};

use crate::HostError;

/// The folder of feeds on an instance's own disk.
const FOLDER: &str = "feeds";
/// Longest time for one document: the function has ten minutes, and goes on from there the next time.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(540);

/// The sources of this name: `download`, `bucket` or `none`.
pub(crate) fn sources(name: &str) -> Result<FeedSources, HostError> {
    match name {
        "none" | "" => Ok(FeedSources::None),
        "bucket" => Ok(FeedSources::Mirror(folder())),
        "download" => {
            let options = HttpOptions {
                total_timeout: TRANSFER_TIMEOUT,
                ..HttpOptions::default()
            };
            let http = Http::new(&options).map_err(HostError::Downloads)?;
            Ok(FeedSources::Download(Downloads {
                fetcher: Fetcher::new(http, Patience::default(), None),
                feeds: catalogue()
                    .filter(|feed| feed.by_default && feed.is_read())
                    .collect(),
                folder: folder(),
                mirrored: true,
            }))
        }
        other => Err(HostError::Variable {
            variable: "BULKHEAD_FEEDS",
            value: other.to_owned(),
            known: "download, bucket, none",
        }),
    }
}

/// Below `/tmp`, the one place on an instance's disk that can be written to.
fn folder() -> PathBuf {
    std::env::temp_dir().join(FOLDER)
}
