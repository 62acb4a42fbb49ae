//! Verifying the audit log: that of the store, or an export of it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use records::{
    AuditLog,
    audit::{Exported, Verified},
    identity::Identity,
};
use schemas::TenantId;
use serde_json::{Value, json};

use crate::{ServerError, people::print_json, store};

/// Longest line of an export, in bytes; an entry has at most some tens of thousands.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Walks the logs of a store, of one tenant or of all, and says what was found.
pub(crate) async fn verify_store(data: &Path, tenant: Option<TenantId>) -> Result<(), ServerError> {
    let platform = store::open(data, None)?;
    let identity = Identity::new(platform.clone());
    let tenants = match tenant {
        Some(tenant) => {
            let known = identity.tenant(&tenant).await;
            if known.map_err(ServerError::Identity)?.is_none() {
                return Err(ServerError::NotFound(format!(
                    "there is no tenant {tenant}"
                )));
            }
            vec![tenant]
        }
        None => {
            let all = identity.tenants().await.map_err(ServerError::Identity)?;
            all.into_iter().map(|tenant| tenant.id).collect()
        }
    };
    let log = AuditLog::new(platform);
    let mut found = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let verified = log.verify(&tenant, None, u64::MAX).await;
        found.push((tenant, verified.map_err(ServerError::Export)?));
    }
    told(&found)
}

/// Walks an export of a tenant's log, one entry a line, and says what was found.
pub(crate) fn verify_file(file: &Path, tenant: TenantId) -> Result<(), ServerError> {
    let failed = |error| ServerError::ReadAudit(file.to_owned(), error);
    let mut reader = BufReader::new(File::open(file).map_err(failed)?);
    let mut exported = Exported::of(tenant.clone());
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut limited = (&mut reader).take(MAX_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut line).map_err(failed)?;
        if read == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let not_read =
            |why: &str| ServerError::NotFound(format!("line {number} of {} {why}", file.display()));
        let value: Value =
            serde_json::from_slice(text).map_err(|_| not_read("is no entry as JSON"))?;
        // A list that broke off says where it would have gone on.
        if value.get("seq").is_none() && value.get("next_cursor").is_some() {
            return Err(not_read(
                "says that the export broke off there: take the rest by its cursor, or export anew",
            ));
        }
        // An export of the whole tenant has each record with its name.
        match value.get("record") {
            Some(record) if value.get("seq").is_none() => exported.meet(record),
            _ => exported.meet(&value),
        }
    }
    let verified = exported.end();
    if verified.entries == 0 && verified.broken.is_none() {
        return Err(ServerError::NotFound(format!(
            "there is no entry in {}",
            file.display()
        )));
    }
    told(&[(tenant, verified)])
}

/// Says what was found; fails where something is broken.
fn told(found: &[(TenantId, Verified)]) -> Result<(), ServerError> {
    let rows: Vec<Value> = found
        .iter()
        .map(|(tenant, verified)| {
            let (last_seq, last_hash) = verified.last.clone().unzip();
            json!({
                "tenant": tenant,
                "whole": verified.broken.is_none(),
                "entries": verified.entries,
                "first_seq": verified.first_seq,
                "last_seq": last_seq,
                "last_hash": last_hash,
                "broken": verified.broken,
            })
        })
        .collect();
    print_json(&Value::from(rows))?;
    let broken = found.iter().find_map(|(tenant, verified)| {
        let broken = verified.broken.as_ref()?;
        Some(ServerError::AuditBroken {
            tenant: tenant.clone(),
            seq: broken.seq,
            reason: broken.reason.clone(),
        })
    });
    broken.map_or(Ok(()), Err)
}
