//! Everything in a deployed stack's table, and its keys, for moving a site there.

use std::sync::Arc;

use async_trait::async_trait;

use super::{AwsKeys, AwsSettings, AwsTable, Clients};
use crate::ports::moving::{Destination, Scan, StoredKey};
use crate::ports::{Clock, Cursor, KeyError, QueryPage, TableError};

/// The table and the keys of a stack.
#[derive(Debug, Clone)]
pub struct AwsDepot {
    table: Arc<AwsTable>,
    keys: Arc<AwsKeys>,
}

impl AwsDepot {
    /// Those of the stack that the settings name. Nothing is asked of it yet.
    #[must_use]
    pub fn new(clients: &Clients, settings: &AwsSettings, clock: Arc<dyn Clock>) -> Self {
        let table = AwsTable::new(clients.table.clone(), &settings.table, clock);
        let table = Arc::new(table);
        let of_keys = Arc::<AwsTable>::clone(&table);
        let keys = AwsKeys::new(clients.keys.clone(), &settings.key, of_keys);
        Self {
            table,
            keys: Arc::new(keys),
        }
    }
}

#[async_trait]
impl Scan for AwsDepot {
    async fn items(&self, limit: u32, cursor: Option<&Cursor>) -> Result<QueryPage, TableError> {
        self.table.scan(limit, cursor).await
    }
}

#[async_trait]
impl Destination for AwsDepot {
    async fn put_key(&self, key: &StoredKey) -> Result<(), KeyError> {
        self.keys.replace(key).await
    }
}
