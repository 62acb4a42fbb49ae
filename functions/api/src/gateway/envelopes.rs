//! Envelopes: stored durably and announced before the agent is answered.

use axum::{Json, extract::State};
use records::{
    envelopes::{Accepted, EnvelopeName, Envelopes},
    identity::{Agent, Alert, BootNews},
};
use schemas::{
    agent::{
        ENVELOPE_VERSION, Envelope, EnvelopeBatch, EnvelopeKind, EnvelopeReceipt, EnvelopesReply,
        ImageInventory, ReceiptStatus,
    },
    api::Problem,
    inventory::{ContainersSnapshot, INVENTORY_VERSION, Inventory},
};
use serde::Deserialize;
use serde_json::Value;

use super::{fields::ignored, signed::Signed};
use crate::{
    problem::{ApiError, Kind},
    state::ApiState,
};

/// Most envelopes of a batch.
const MAX_ENVELOPES: usize = 100;
/// Longest boot id, in bytes.
const MAX_BOOT_ID_BYTES: usize = 64;
/// How far in the future an observation may lie, in ms: it would outlast all that is observed in between.
const MAX_AHEAD_MS: i64 = 5 * 60_000;

/// The batch with its envelopes unread, so that one that cannot be read does not take the others with it.
#[derive(Deserialize)]
struct RawBatch {
    envelopes: Vec<Value>,
}

/// What is to be done with an envelope.
enum Verdict {
    Keep {
        envelope: Box<Envelope>,
        ignored_fields: u32,
    },
    Refuse {
        status: ReceiptStatus,
        detail: String,
    },
}

/// Takes observations. Each has its own receipt; what is accepted is durable before the answer.
#[utoipa::path(
    post,
    path = "/agent/v1/envelopes",
    tag = "agent",
    operation_id = "agent_send_envelopes",
    request_body = EnvelopeBatch,
    responses(
        (status = 200, description = "What became of each", body = EnvelopesReply),
        (status = 507, description = "The disk is full; nothing was accepted", body = Problem),
    ),
    security(("agent" = []))
)]
pub(crate) async fn send_envelopes(
    State(state): State<ApiState>,
    signed: Signed,
) -> Result<Json<EnvelopesReply>, ApiError> {
    let batch: RawBatch = signed.json()?;
    if batch.envelopes.len() > MAX_ENVELOPES {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("A batch has at most {MAX_ENVELOPES} envelopes."),
        ));
    }
    let mut receipts = Vec::with_capacity(batch.envelopes.len());
    let mut kept = Vec::new();
    for (at, raw) in batch.envelopes.into_iter().enumerate() {
        let (boot_id, seq) = name_of(&raw);
        let mut receipt = EnvelopeReceipt {
            boot_id,
            seq,
            status: ReceiptStatus::Accepted,
            detail: None,
            ignored_fields: 0,
        };
        match judge(&state, &signed.agent, &raw) {
            Verdict::Keep {
                envelope,
                ignored_fields,
            } => {
                receipt.ignored_fields = ignored_fields;
                let json = serde_json::to_vec(&raw).map_err(ApiError::internal)?;
                kept.push((at, *envelope, json));
            }
            Verdict::Refuse { status, detail } => {
                receipt.status = status;
                receipt.detail = Some(detail);
            }
        }
        receipts.push(receipt);
    }
    for (_, envelope, _) in &kept {
        note_boot(&state, &signed.agent, envelope).await?;
    }
    let (at, named): (Vec<usize>, Vec<_>) = kept
        .into_iter()
        .map(|(at, envelope, json)| {
            let name = EnvelopeName {
                agent: envelope.agent,
                boot_id: envelope.boot_id,
                seq: envelope.seq,
            };
            (at, (name, json))
        })
        .unzip();
    let accepted = Envelopes(state.platform())
        .accept(&signed.agent.tenant, named)
        .await?;
    for (at, accepted) in at.into_iter().zip(accepted) {
        if let (Some(receipt), Accepted::Duplicate) = (receipts.get_mut(at), accepted) {
            receipt.status = ReceiptStatus::Duplicate;
        }
    }
    signed.done(&state).await;
    Ok(Json(EnvelopesReply { receipts }))
}

/// The name of an envelope as far as it can be read, for its receipt.
fn name_of(raw: &Value) -> (String, u64) {
    let boot_id = raw.get("boot_id").and_then(Value::as_str).unwrap_or("");
    let seq = raw.get("seq").and_then(Value::as_u64).unwrap_or(0);
    (boot_id.chars().take(MAX_BOOT_ID_BYTES).collect(), seq)
}

fn judge(state: &ApiState, agent: &Agent, raw: &Value) -> Verdict {
    let refuse = |detail: String| Verdict::Refuse {
        status: ReceiptStatus::Refused,
        detail,
    };
    let later = |what: &str, found: u64| Verdict::Refuse {
        status: ReceiptStatus::UnsupportedVersion,
        detail: format!("This gateway does not read {what} of version {found} yet: keep it."),
    };
    // The version is read first: a later form may differ in everything else.
    match raw.get("version").and_then(Value::as_u64) {
        Some(version) if version > u64::from(ENVELOPE_VERSION) => {
            return later("envelopes", version);
        }
        Some(1..) => {}
        _ => return refuse("The envelope has no version.".to_owned()),
    }
    let envelope: Envelope = match Envelope::deserialize(raw) {
        Ok(envelope) => envelope,
        Err(error) => return refuse(format!("The envelope cannot be read: {error}.")),
    };
    if envelope.agent != agent.id {
        return refuse("The envelope is of another agent than the one that signed.".to_owned());
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let boot_id = envelope.boot_id.as_bytes();
    if boot_id.is_empty() || boot_id.len() > MAX_BOOT_ID_BYTES || !boot_id.iter().all(|b| plain(*b))
    {
        return refuse(format!(
            "`boot_id` is 1 to {MAX_BOOT_ID_BYTES} characters of a-z, A-Z, 0-9, `-` and `_`."
        ));
    }
    if envelope.seq == 0 {
        return refuse("`seq` begins with 1.".to_owned());
    }
    if envelope.observed_at > state.now().plus_ms(MAX_AHEAD_MS) || envelope.observed_at.as_ms() < 0
    {
        return refuse(
            "`observed_at` is not a moment of the past: correct the clock by `bulkhead-time`."
                .to_owned(),
        );
    }
    let envelope_fields = Envelope {
        body: Value::Null,
        ..envelope.clone()
    };
    let mut raw_fields = raw.clone();
    if let Some(fields) = raw_fields.as_object_mut() {
        fields.remove("body");
    }
    let mut ignored_fields = ignored(&raw_fields, &envelope_fields);
    if envelope.kind == EnvelopeKind::Inventory {
        match judge_inventory(agent, &envelope.body) {
            Ok(ignored) => ignored_fields = ignored_fields.saturating_add(ignored),
            Err(InventoryFault::Later(version)) => return later("inventories", version),
            Err(InventoryFault::Bad(detail)) => return refuse(detail),
        }
    }
    Verdict::Keep {
        envelope: Box::new(envelope),
        ignored_fields,
    }
}

enum InventoryFault {
    Later(u64),
    Bad(String),
}

/// Reads the body of an inventory, to refuse here what could never be judged. An agent speaks of its own host only.
fn judge_inventory(agent: &Agent, body: &Value) -> Result<u32, InventoryFault> {
    let bad = |error: serde_json::Error| {
        InventoryFault::Bad(format!("The inventory cannot be read: {error}."))
    };
    let of_host = |host: &schemas::HostId| {
        if *host == agent.host {
            Ok(())
        } else {
            Err(InventoryFault::Bad(
                "The inventory is of another host than the agent's.".to_owned(),
            ))
        }
    };
    let part = |name: &str| {
        body.get(name)
            .ok_or_else(|| InventoryFault::Bad(format!("The inventory has no `{name}`.")))
    };
    match body.get("subject").and_then(Value::as_str) {
        Some("host") => {
            let raw = part("inventory")?;
            if let Some(version) = raw.get("version").and_then(Value::as_u64)
                && version > u64::from(INVENTORY_VERSION)
            {
                return Err(InventoryFault::Later(version));
            }
            let inventory = Inventory::deserialize(raw).map_err(bad)?;
            let facts = inventory.host.as_ref().ok_or_else(|| {
                InventoryFault::Bad("The inventory of a host has no `host`.".to_owned())
            })?;
            of_host(&facts.id)?;
            Ok(ignored(raw, &inventory))
        }
        Some("image") => {
            let raw = part("image")?;
            Ok(ignored(
                raw,
                &ImageInventory::deserialize(raw).map_err(bad)?,
            ))
        }
        Some("containers") => {
            let raw = part("snapshot")?;
            let snapshot = ContainersSnapshot::deserialize(raw).map_err(bad)?;
            of_host(&snapshot.host)?;
            Ok(ignored(raw, &snapshot))
        }
        // A subject of a later version is carried and stored as it is.
        Some(_) => Ok(0),
        None => Err(InventoryFault::Bad(
            "The inventory has no `subject`.".to_owned(),
        )),
    }
}

/// Notices when two runs use one key in turns.
async fn note_boot(state: &ApiState, agent: &Agent, envelope: &Envelope) -> Result<(), ApiError> {
    let news = state
        .identity()
        .note_boot(agent, &envelope.boot_id, envelope.observed_at)
        .await?;
    let BootNews::Copied { old, new } = news else {
        return Ok(());
    };
    let alert = Alert::of_agent(
        "agent-key-copied",
        &agent.id,
        &agent.host,
        &format!("{old} {new}"),
        state.now(),
        format!(
            "Two runs of the agent of host {} use one key in turns: its key was copied, perhaps with a machine image. \
             Revoke the agent and enrol each machine by itself.",
            agent.host_name
        ),
    );
    if state.identity().raise(&agent.tenant, &alert).await? {
        tracing::warn!(agent = %agent.id, host = %agent.host, old, new, "an agent's key was copied");
    }
    Ok(())
}
