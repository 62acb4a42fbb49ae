//! Tenants.

use platform::{Condition, Key, Page, SortRange, TableError};
use schemas::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Identity, IdentityError, encode};

const NOUN: &str = "tenants";
const PARTITION: &str = "global/tenants";

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Identity {
    /// Creates a tenant; says whether it is new.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn create_tenant(&self, id: &TenantId) -> Result<bool, IdentityError> {
        let tenant = Tenant {
            id: id.clone(),
            created_at: self.now(),
        };
        let item = encode(NOUN, Key::new(PARTITION, id.as_str()), &tenant)?;
        match self.platform.table.put(item, Condition::NotExists).await {
            Ok(_) => Ok(true),
            Err(TableError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(IdentityError::Table(NOUN, error)),
        }
    }

    /// A tenant.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, IdentityError> {
        let found = self.read(NOUN, &Key::new(PARTITION, id.as_str())).await?;
        Ok(found.map(|(tenant, _)| tenant))
    }

    /// All tenants.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, IdentityError> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = Page::first(1000).after(cursor);
            let page = self.page(NOUN, PARTITION, &SortRange::All, &page).await?;
            all.extend(page.records);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }
}
