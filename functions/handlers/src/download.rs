//! Advisory documents from their public addresses: each is asked for only when it changed, and one that cannot be had
//! leaves the one before it in place.

use records::{Feeds, feeds::DownloadState};
use sources::{
    feeds::{self, FeedDocument},
    http::{Download, Validators},
};

use crate::{Context, Downloads, HandlerError};

/// Downloads what changed into the folder.
pub(crate) async fn all(context: &Context, downloads: &Downloads) -> Result<(), HandlerError> {
    tokio::fs::create_dir_all(&downloads.folder)
        .await
        .map_err(|error| HandlerError::Retry(error.into()))?;
    for document in &downloads.documents {
        one(context, downloads, document).await?;
    }
    if downloads.msrc {
        let mut list = state(context, "msrc-list").await?;
        match feeds::msrc_documents(&downloads.http).await {
            Ok(documents) => {
                list.error = None;
                for document in &documents {
                    one(context, downloads, document).await?;
                }
            }
            Err(error) => list.error = Some(chain(&error)),
        }
        list.checked_at = context.now();
        Feeds(&context.platform).put_download(&list).await?;
    }
    Ok(())
}

async fn state(context: &Context, name: &str) -> Result<DownloadState, HandlerError> {
    let known = Feeds(&context.platform).download(name).await?;
    Ok(known.unwrap_or_else(|| DownloadState {
        version: 1,
        name: name.to_owned(),
        ..DownloadState::default()
    }))
}

async fn one(
    context: &Context,
    downloads: &Downloads,
    document: &FeedDocument,
) -> Result<(), HandlerError> {
    let mut state = state(context, &document.name).await?;
    let known = Validators {
        etag: state.etag.clone(),
        last_modified: state.last_modified.clone(),
    };
    match feeds::download(&downloads.http, document, &known, &downloads.folder).await {
        Ok((_, Download::NotModified)) => state.error = None,
        Ok((_, Download::Stored { validators, .. })) => {
            state.etag = validators.etag;
            state.last_modified = validators.last_modified;
            state.error = None;
        }
        Err(error) => {
            let why = chain(&error);
            tracing::warn!(document = document.name, why, "cannot download");
            state.error = Some(why);
        }
    }
    state.checked_at = context.now();
    Ok(Feeds(&context.platform).put_download(&state).await?)
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
