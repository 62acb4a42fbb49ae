//! What an operator does before anybody can sign in, or when nobody can any more.
//!
//! The function `setup` is invoked by hand (`aws lambda invoke`); who may do that is decided by IAM. Its answer holds the
//! secrets that it made, once; no log does. Its event says what is wanted:
//!
//! | event | does |
//! |---|---|
//! | `{}` | makes the tenant `default`, its administrator and an enrolment token: `{"tenant", "admin", "one_time_password", "enrolment_token"}`; or `{"already_set_up": true}` |
//! | `{"do": "create_tenant", "tenant": "acme"}` | a further tenant: `{"tenant", "created"}` |
//! | `{"do": "create_user", "tenant": "acme", "user": "ann", "roles": ["admin"]}` | a person: `{"user", "one_time_password"}` |
//! | `{"do": "reset_password", "user": "admin"}` | a new one-time password, and the end of the person's sessions; with `"remove_second_factor": true` they sign in with it alone |
//! | `{"do": "create_token", "max_uses": 500, "valid_for_hours": 24, "hosts": ["web-*"]}` | a token to enrol agents: `{"enrolment_token", "id", "expires_at"}` |
//! | `{"do": "session"}` | a session of 15 minutes that sees everything and changes nothing: `{"token", "expires_at"}` |
//! | `{"do": "dead_letters", "queue": "feed"}` | what was given up, of all tenants and of none: `{"dead_letters": [{"id", "reason", "receive_count", "sent_at", "died_at"}], "next"}`; further ones by `"after": NEXT` |
//! | `{"do": "replay", "queue": "feed", "ids": [...]}` | sends up to 100 of them again, or without `ids` all: `{"replayed"}` |
//!
//! The tenant is `default` where none is named. Administrators see dead letters of their tenant by the API; those of no
//! tenant, as are all of advisories, are seen here only. What a message says is not shown: that is its tenant's.

use api::{ApiState, Made, TokenWish};
use platform::{Platform, Which};
use records::messages::QUEUES;
use schemas::{TenantId, Timestamp, UserId, api::Role};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::HostError;

/// Most agents of one token, and hours that it holds.
const MAX_USES: u32 = 100_000;
const MAX_HOURS: u64 = 8_760;

/// Dead letters of one answer, and of one `replay` by ids.
const LETTERS: u32 = 100;

/// The first tenant.
const DEFAULT: &str = "default";

/// What an operator wants.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Wish {
    SetUp {},
    CreateTenant {
        tenant: TenantId,
    },
    CreateUser {
        tenant: Option<TenantId>,
        user: UserId,
        roles: Vec<Role>,
    },
    ResetPassword {
        tenant: Option<TenantId>,
        user: UserId,
        #[serde(default)]
        remove_second_factor: bool,
    },
    CreateToken {
        tenant: Option<TenantId>,
        #[serde(default)]
        note: String,
        #[serde(default = "one")]
        max_uses: u32,
        #[serde(default = "day")]
        valid_for_hours: u64,
        #[serde(default)]
        hosts: Vec<String>,
    },
    Session {
        tenant: Option<TenantId>,
    },
    DeadLetters {
        queue: String,
        after: Option<String>,
    },
    Replay {
        queue: String,
        ids: Option<Vec<String>>,
    },
}

const fn one() -> u32 {
    1
}

const fn day() -> u64 {
    24
}

/// Does what an event asks for.
pub(crate) async fn answer(platform: &Platform, event: &str) -> Result<Value, HostError> {
    let wish = wish(event).map_err(|source| HostError::Event {
        expected: "one that `setup` knows",
        source,
    })?;
    let state = ApiState::open(platform.clone())
        .await
        .map_err(HostError::State)?;
    let answer = act(&state, platform, wish).await?;
    tracing::info!("an operator was answered");
    Ok(answer)
}

fn wish(event: &str) -> Result<Wish, serde_json::Error> {
    let value: Value = serde_json::from_str(event)?;
    match &value {
        Value::Null => Ok(Wish::SetUp {}),
        Value::Object(fields) if fields.is_empty() => Ok(Wish::SetUp {}),
        _ => serde_json::from_value(value),
    }
}

async fn act(state: &ApiState, platform: &Platform, wish: Wish) -> Result<Value, HostError> {
    let failed = HostError::Setup;
    let default = || DEFAULT.parse::<TenantId>();
    let of = |tenant: Option<TenantId>| match tenant {
        Some(tenant) => Ok(tenant),
        None => default().map_err(|error| failed(api::SetupError::Id(error))),
    };
    Ok(match wish {
        Wish::SetUp {} => match state.set_up().await.map_err(failed)? {
            Some(made) => first(&made),
            None => json!({"already_set_up": true}),
        },
        Wish::CreateTenant { tenant } => {
            let created = state.create_tenant(&tenant).await.map_err(failed)?;
            json!({"tenant": tenant, "created": created})
        }
        Wish::CreateUser {
            tenant,
            user,
            roles,
        } => {
            let created = state.create_user(&of(tenant)?, &user, roles).await;
            match created.map_err(failed)? {
                Some(password) => with_password(&user, &password),
                None => json!({"user": user, "already_there": true}),
            }
        }
        Wish::ResetPassword {
            tenant,
            user,
            remove_second_factor,
        } => {
            let tenant = of(tenant)?;
            if remove_second_factor {
                let removed = state.remove_second_factor(&tenant, &user).await;
                removed.map_err(failed)?;
            }
            let password = state.reset_password(&tenant, &user).await;
            with_password(&user, &password.map_err(failed)?)
        }
        Wish::CreateToken {
            tenant,
            note,
            max_uses,
            valid_for_hours,
            hosts,
        } => {
            within("max_uses", u64::from(max_uses), u64::from(MAX_USES))?;
            within("valid_for_hours", valid_for_hours, MAX_HOURS)?;
            let wish = TokenWish {
                note: note.chars().take(200).collect(),
                created_by: "setup".to_owned(),
                valid_for_s: valid_for_hours * 3_600,
                max_uses,
                hosts,
            };
            let made = state.create_token(&of(tenant)?, wish).await;
            let (token, stored) = made.map_err(failed)?;
            json!({
                "enrolment_token": token.expose_secret(),
                "id": stored.id,
                "expires_at": stored.expires_at,
            })
        }
        Wish::Session { tenant } => {
            let made = state.local_session(&of(tenant)?).await;
            let (token, expires_at) = made.map_err(failed)?;
            json!({"token": token.expose_secret(), "expires_at": expires_at})
        }
        Wish::DeadLetters { queue, after } => dead_letters(platform, &queue, after).await?,
        Wish::Replay { queue, ids } => replay(platform, &queue, ids).await?,
    })
}

fn first(made: &Made) -> Value {
    json!({
        "tenant": made.tenant,
        "admin": made.admin,
        "one_time_password": made.one_time_password.expose_secret(),
        "enrolment_token": made.enrolment_token.expose_secret(),
    })
}

fn with_password(user: &UserId, password: &SecretString) -> Value {
    json!({"user": user, "one_time_password": password.expose_secret()})
}

fn within(what: &'static str, number: u64, most: u64) -> Result<(), HostError> {
    if (1..=most).contains(&number) {
        Ok(())
    } else {
        Err(HostError::Bounds { what, most })
    }
}

/// A page of the dead letters of a queue.
async fn dead_letters(
    platform: &Platform,
    queue: &str,
    after: Option<String>,
) -> Result<Value, HostError> {
    let queue = known(queue)?;
    let page = platform.queue.list_dead(queue, LETTERS, after.as_deref());
    let page = page.await.map_err(HostError::DeadLetters)?;
    let at = |ms: u64| Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    let letters = page.letters.into_iter().map(|letter| {
        json!({
            "id": letter.message.id,
            "reason": letter.reason,
            "receive_count": letter.receive_count,
            "sent_at": at(letter.sent_at_ms),
            "died_at": at(letter.died_at_ms),
        })
    });
    Ok(json!({"dead_letters": letters.collect::<Vec<_>>(), "next": page.next}))
}

/// Sends dead letters of a queue again.
async fn replay(
    platform: &Platform,
    queue: &str,
    ids: Option<Vec<String>>,
) -> Result<Value, HostError> {
    let queue = known(queue)?;
    let which = match ids {
        None => Which::All,
        Some(ids) => {
            within("ids", ids.len() as u64, u64::from(LETTERS))?;
            Which::Ids(ids)
        }
    };
    let replayed = platform.queue.redrive(queue, which).await;
    let replayed = replayed.map_err(HostError::DeadLetters)?;
    tracing::info!(queue, replayed, "dead letters replayed");
    Ok(json!({"replayed": replayed}))
}

fn known(queue: &str) -> Result<&'static str, HostError> {
    let found = QUEUES.into_iter().find(|known| *known == queue);
    found.ok_or_else(|| HostError::UnknownQueue {
        queue: queue.to_owned(),
        known: QUEUES.join(", "),
    })
}
