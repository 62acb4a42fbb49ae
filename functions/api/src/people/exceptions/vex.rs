//! Exceptions as VEX, for others to read. Source: OpenVEX 0.2.0.

use std::collections::{BTreeSet, HashMap};

use axum::{Json, extract::State};
use estate::{View, Within};
use records::{Collections, ExceptionRecord, Exceptions};
use schemas::{
    CollectionId, Place, Timestamp,
    api::{
        Problem,
        exception::{
            OpenVexComponent, OpenVexDocument, OpenVexHashes, OpenVexIdentifiers, OpenVexProduct,
            OpenVexStatement, OpenVexVulnerability, VexQuery,
        },
    },
    exception::{ExceptionScope, ExceptionState, ExceptionStatus},
};
use scope::{Collection, Scope};

use super::seen::Seen;
use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    problem::{ApiError, Kind},
    scoped::Sight,
    state::ApiState,
};

/// Most products over all statements: a document of a few megabytes.
const MOST_PRODUCTS: usize = 10_000;

/// The exceptions that are in force as a document of OpenVEX. What is about a package everywhere is said of the package; all
/// else of each image and host that has the vulnerability, as far as the caller sees them. A gate that is given the document
/// leaves out of a scan's findings what is `not_affected`.
#[utoipa::path(
    get,
    path = "/api/v1/exceptions/vex",
    tag = "exceptions",
    operation_id = "export_vex",
    params(VexQuery),
    responses(
        (status = 200, description = "The document", body = OpenVexDocument),
        (status = 400, description = "They are about more places than a document has room for: ask for one vulnerability at a time", body = Problem),
    ),
    security(("session" = ["exceptions.read"]))
)]
pub(crate) async fn vex(
    caller: Scoped<needs::ReadExceptions>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<VexQuery>,
) -> Result<Json<OpenVexDocument>, ApiError> {
    let (tenant, now) = (caller.tenant(), state.now());
    let records = in_force(&state, &caller, &query, now).await?;
    let named = records
        .iter()
        .filter_map(|record| match &record.text.scope {
            ExceptionScope::Collection { collection } => Some(collection),
            _ => None,
        });
    let named: BTreeSet<&CollectionId> = named.collect();
    let collections = Collections(state.platform());
    let collections = collections.get_many(tenant, named).await?;
    let collections = collections.into_iter().filter_map(|record| {
        let collection = Collection::read(&record.parts).ok()?;
        Some((record.id, collection))
    });
    let collections: Vec<_> = collections.collect();
    let sight = Sight::of(&state, tenant, caller.scope()).await?;
    let stated = tokio::task::spawn_blocking(move || statements(&records, &collections, &sight));
    let statements = stated.await.map_err(ApiError::internal)?;
    let statements = statements.ok_or_else(|| {
        ApiError::new(
            Kind::BadRequest,
            format!(
                "The exceptions in force are about more than {MOST_PRODUCTS} places: ask for one `vulnerability` at a time, or \
                 for exceptions of a `package`."
            ),
        )
    })?;
    Ok(Json(OpenVexDocument {
        context: "https://openvex.dev/ns/v0.2.0".to_owned(),
        id: uuid(&state.random_hex::<16>()?),
        author: tenant.to_string(),
        timestamp: now,
        version: 1,
        tooling: format!("Bulkhead {}", env!("CARGO_PKG_VERSION")),
        statements,
    }))
}

/// The exceptions in force that the caller may know of, those that were asked for last first.
async fn in_force(
    state: &ApiState,
    caller: &Scoped<needs::ReadExceptions>,
    query: &VexQuery,
    now: Timestamp,
) -> Result<Vec<ExceptionRecord>, ApiError> {
    let exceptions = Exceptions(state.platform());
    let all = exceptions
        .in_force(caller.tenant())
        .await?
        .record
        .exceptions;
    let asked = all.iter().filter(|one| {
        let wanted = query.vulnerability.as_ref();
        wanted.is_none_or(|wanted| *wanted == one.vulnerability)
    });
    let ids = asked.map(|one| &one.id);
    let mut records = exceptions.get_many(caller.tenant(), ids).await?;
    let seen = Seen::of(state, caller.tenant(), caller.scope(), &records).await?;
    records.retain(|record| record.state_at(now) == ExceptionState::Approved && seen.has(record));
    records.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(records)
}

/// What is said; `None` when it is of too many products.
fn statements(
    records: &[ExceptionRecord],
    collections: &[(CollectionId, Collection)],
    sight: &Sight,
) -> Option<Vec<OpenVexStatement>> {
    let mut statements = Vec::new();
    let mut room = MOST_PRODUCTS;
    let mut withins = HashMap::new();
    for record in records {
        let products = products(record, collections, &mut withins, sight, room + 1);
        room = room.checked_sub(products.len())?;
        // Where nothing has the vulnerability there is nothing to say it of.
        if !products.is_empty() {
            statements.push(statement(record, products));
        }
    }
    Some(statements)
}

fn statement(record: &ExceptionRecord, products: Vec<OpenVexProduct>) -> OpenVexStatement {
    let text = &record.text;
    let reason = || Some(text.reason.clone());
    let until = text
        .expires_at
        .map_or_else(String::new, |end| format!(" until {end}"));
    let (status, justification, impact_statement, action_statement) = match text.status {
        ExceptionStatus::NotAffected => (
            "not_affected",
            text.justification.map(|word| word.as_str().to_owned()),
            reason(),
            None,
        ),
        // OpenVEX asks for a justification or for words.
        ExceptionStatus::FalsePositive => ("not_affected", None, reason(), None),
        other => {
            let done = match other {
                ExceptionStatus::WillNotFix => "not going to be fixed",
                ExceptionStatus::WorkaroundAvailable => "worked around",
                _ => "accepted",
            };
            let action = format!("{done}{until}: {}", text.reason);
            ("affected", None, None, Some(action))
        }
    };
    let approved = record.decision.as_ref().map(|decision| decision.at);
    OpenVexStatement {
        id: format!("urn:bulkhead:exception:{}", record.id),
        vulnerability: OpenVexVulnerability {
            name: text.vulnerability.to_string(),
        },
        timestamp: approved.unwrap_or(record.requested_at),
        products,
        status: status.to_owned(),
        justification,
        impact_statement,
        action_statement,
    }
}

/// What an exception is said of, at most so many.
fn products<'a>(
    record: &'a ExceptionRecord,
    collections: &[(CollectionId, Collection)],
    withins: &mut HashMap<&'a CollectionId, Within>,
    sight: &Sight,
    most: usize,
) -> Vec<OpenVexProduct> {
    let text = &record.text;
    let package = text
        .package
        .as_ref()
        .map(|purl| OpenVexIdentifiers { purl: purl.clone() });
    let places = |among: Option<&View<'_>>| {
        let view = sight.view();
        view.holding(&text.vulnerability, among, None, most)
    };
    let places = match &text.scope {
        ExceptionScope::Estate => match package {
            Some(identifiers) => {
                return vec![OpenVexProduct {
                    id: identifiers.purl.clone(),
                    identifiers: Some(identifiers),
                    ..OpenVexProduct::default()
                }];
            }
            None => places(None),
        },
        ExceptionScope::Place { place } => vec![place.clone()],
        ExceptionScope::Collection { collection: id } => {
            let Some((_, collection)) = collections.iter().find(|(one, _)| one == id) else {
                return Vec::new();
            };
            // Many exceptions hold in one, and what is in it takes a while to find.
            let within = withins.entry(id).or_insert_with(|| {
                let scope = Scope::union([collection.clone()]);
                sight.index().within(&scope)
            });
            places(Some(&sight.index().seen(within)))
        }
        ExceptionScope::Unknown => Vec::new(),
    };
    let products = places.iter().map(|place| OpenVexProduct {
        subcomponents: package
            .iter()
            .map(|identifiers| OpenVexComponent {
                id: identifiers.purl.clone(),
                identifiers: identifiers.clone(),
            })
            .collect(),
        ..of_place(place)
    });
    products.collect()
}

fn of_place(place: &Place) -> OpenVexProduct {
    match place {
        Place::Image(id) => OpenVexProduct {
            id: id.to_string(),
            hashes: Some(OpenVexHashes {
                sha_256: id.hex().to_owned(),
            }),
            ..OpenVexProduct::default()
        },
        // No form of names for hosts is known to others.
        Place::Host(id) => OpenVexProduct {
            id: format!("urn:bulkhead:host:{id}"),
            ..OpenVexProduct::default()
        },
    }
}

/// 32 hexadecimal digits as a name that nobody else uses.
fn uuid(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
