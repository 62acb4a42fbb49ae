//! Moving the store of a server into a deployed stack.

use std::{path::Path, sync::Arc};

use platform::{
    Clock, Embedded, EmbeddedOptions, OpenError, SystemClock,
    aws::{self, AwsDepot, AwsSettings, Clients},
};
use records::moving::{From, To, move_site};
use serde_json::json;

use crate::{ServerError, people::print_json};

/// Moves the store in `data` into the stack that the environment names.
pub(crate) async fn to_aws(data: &Path) -> Result<(), ServerError> {
    let settings =
        AwsSettings::read(|name| std::env::var(name).ok()).map_err(ServerError::AwsSettings)?;
    if !data.join("store.sqlite").is_file() {
        return Err(ServerError::NotFound(format!(
            "there is no store in {}",
            data.display()
        )));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let here = Embedded::open_whole(data, Arc::clone(&clock), EmbeddedOptions::default());
    let (platform, origin) = here.map_err(|error| match error {
        OpenError::Held { folder, holder } => ServerError::Held { folder, holder },
        other => ServerError::Open(other),
    })?;
    let there = aws::open(&settings, Arc::clone(&clock)).await;
    let clients = Clients::open(&settings).await;
    let destination = AwsDepot::new(&clients, &settings, clock);
    let from = From {
        platform: &platform,
        origin: &origin,
    };
    let to = To {
        platform: &there,
        destination: &destination,
    };
    let said = |what: &str| tracing::info!(what, "moving");
    let moved = move_site(from, to, &said)
        .await
        .map_err(ServerError::Move)?;
    print_json(&json!({
        "resumed": moved.resumed,
        "keys": moved.keys,
        "documents": moved.blobs,
        "documents_there_already": moved.blobs_there,
        "document_bytes": moved.blob_bytes,
        "records": moved.items,
        "messages": moved.messages,
        "dead_letters_tried_again": moved.dead_letters,
        "next": "start new instances of the functions, which keep the keys they had; see infra/RUNBOOK.md",
    }))
}
