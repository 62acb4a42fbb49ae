//! The ports of one stack, put together.

use std::sync::Arc;

use super::{AwsBlobs, AwsKeys, AwsLake, AwsQueue, AwsSettings, AwsTable, Clients, FileCache};
use crate::ports::{Clock, Platform, Queue, Table};

/// The platform of a deployed stack. Nothing is asked of any service yet.
pub async fn open(settings: &AwsSettings, clock: Arc<dyn Clock>) -> Platform {
    let clients = Clients::open(settings).await;
    let (client, of_queue) = (clients.queue.clone(), Arc::clone(&clock));
    assemble(&clients, settings, clock, |table| {
        Arc::new(AwsQueue::new(
            client,
            &settings.queue_url_prefix,
            table,
            of_queue,
        ))
    })
}

/// A platform of a stack's table, bucket and key, with the queue that is made for its table (where dead letters are kept).
/// Nothing is asked of any service yet.
pub fn assemble(
    clients: &Clients,
    settings: &AwsSettings,
    clock: Arc<dyn Clock>,
    queue: impl FnOnce(Arc<dyn Table>) -> Arc<dyn Queue>,
) -> Platform {
    let table: Arc<dyn Table> = Arc::new(AwsTable::new(
        clients.table.clone(),
        &settings.table,
        Arc::clone(&clock),
    ));
    let cache = settings
        .cache
        .as_ref()
        .map(|folder| FileCache::new(folder, settings.max_cache_bytes));
    Platform {
        blobs: Arc::new(AwsBlobs::new(
            clients.blobs.clone(),
            &settings.bucket,
            cache,
            Arc::clone(&clock),
        )),
        keys: Arc::new(AwsKeys::new(
            clients.keys.clone(),
            &settings.key,
            Arc::clone(&table),
        )),
        queue: queue(Arc::clone(&table)),
        table,
        clock,
        // S3 serves its own addresses.
        uploads: None,
        lake: settings
            .events_bucket
            .as_ref()
            .map(|bucket| Arc::new(AwsLake::new(clients.blobs.clone(), bucket)) as _),
    }
}
