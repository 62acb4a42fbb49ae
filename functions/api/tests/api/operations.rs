//! Every operation of the OpenAPI document: without a session, with one of another tenant, with every role.

use std::{collections::BTreeMap, fs, path::Path};

use access::{Permission, permission::allows};
use axum::http::{Method, Request};
use records::identity::{CustomRole, Identity};
use schemas::api::Role;
use serde_json::{Value, json};

use crate::house::House;

/// Operations that ask for no session and no agent's key. This list may only shrink; `version` joined it for who upgrades,
/// and says hardly more than `live`, and `accept_invitation`, `exchange_token`, `receive_webhook` and `refresh_session` ask for the
/// secret of an invitation, the token of a build's system, the secret of a registry's webhook (`registries.rs`) and that of a
/// session instead; `list_sign_in_ways`, `begin_sign_in` and `finish_sign_in` are how a session begins.
const OPEN: &[&str] = &[
    "accept_invitation",
    "agent_enrol",
    "agent_time",
    "begin_sign_in",
    "create_session",
    "exchange_token",
    "finish_sign_in",
    "list_sign_in_ways",
    "live",
    "openapi",
    "ready",
    "receive_webhook",
    "refresh_session",
    "version",
];
/// Operations that ask for a session and for no permission, because they are about nobody but the caller.
const OWN: &[&str] = &[
    "begin_second_factor",
    "change_password",
    "confirm_second_factor",
    "create_api_key",
    "end_own_session",
    "end_session",
    "get_session",
    "list_api_keys",
    "list_sessions",
    "list_tokens",
    "remove_second_factor",
    "revoke_api_key",
    "revoke_token",
];

/// Questions whose answer is empty in no tenant.
const ALIKE: &[&str] = &[
    "get_posture",
    "get_risk_settings",
    "get_session_settings",
    "get_trend",
    "list_audit",
    "list_feeds",
    "list_people",
    "list_permissions",
    "list_roles",
    "verify_audit",
];

const ROLES: [Role; 7] = [
    Role::Admin,
    Role::Operator,
    Role::Auditor,
    Role::VulnerabilityManager,
    Role::Developer,
    Role::AgentManager,
    Role::Ci,
];

#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    security: Vec<(String, Vec<String>)>,
    declared: bool,
}

pub(crate) fn document() -> Value {
    serde_json::to_value(api::openapi()).unwrap()
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let schemes = security.iter().flat_map(|s| s.as_object().unwrap().clone());
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                declared: !security.is_empty(),
                security: schemes
                    .map(|(scheme, scopes)| (scheme, serde_json::from_value(scopes).unwrap()))
                    .collect(),
            });
        }
    }
    all
}

/// The permission that an operation of people names.
pub(crate) fn permission(operation: &Operation) -> Option<Permission> {
    match operation.security.as_slice() {
        [(scheme, scopes)] if scheme == "session" => match scopes.as_slice() {
            [scope] => Some(
                Permission::ALL
                    .into_iter()
                    .find(|p| p.as_str() == scope)
                    .unwrap_or_else(|| panic!("{} names no permission: {scope}", operation.id)),
            ),
            _ => None,
        },
        _ => None,
    }
}

/// A path with its parameters filled, and a body that is understood where one is needed.
pub(crate) fn filled(
    operation: &Operation,
    ids: &BTreeMap<&str, String>,
) -> (String, Option<Value>) {
    let id = ids
        .iter()
        .find(|(noun, _)| operation.path.contains(**noun))
        .map_or("x", |(_, id)| id);
    let mut path = operation
        .path
        .replace("{id}", id)
        .replace("{host}", ids.get("/hosts/").map_or("x", String::as_str))
        .replace("{name}", "watchers")
        .replace("{noun}", "hosts")
        .replace("{kind}", "enrolment_token")
        .replace("{diff_id}", &format!("sha256:{}", "0".repeat(64)));
    if operation.id == "list_dead_letters" {
        path.push_str("?queue=scan");
    }
    if operation.id == "what_if" {
        path.push_str("?place=host/x");
    }
    (path, body(operation))
}

/// A body that an operation understands, where one is needed.
pub(crate) fn body(operation: &Operation) -> Option<Value> {
    match operation.id.as_str() {
        "create_collection" | "set_collection" => {
            Some(json!({"name": "x", "parts": {"hosts": ["x"]}}))
        }
        "request_exception" => Some(
            json!({"vulnerability": "CVE-2024-38063", "scope": {"kind": "estate"},
            "status": "accepted_risk", "reason": "x"}),
        ),
        "approve_exception" | "reject_exception" | "revoke_exception" => Some(json!({})),
        "preview_collection" => Some(json!({"parts": {}})),
        "create_enrolment_token" | "set_session_settings" | "set_risk_settings" => Some(json!({})),
        "create_role" => Some(json!({
            "name": "made",
            "role": {"permissions": ["hosts.read"]},
        })),
        "set_role" => Some(json!({"permissions": ["hosts.read"]})),
        "change_person" => Some(json!({"disabled": true})),
        "create_invitation" => Some(json!({"roles": [{"role": "auditor"}]})),
        "create_api_key" => Some(json!({"roles": [{"role": "ci"}]})),
        "set_identity_provider" => Some(json!({"name": "x", "issuer": "https://issuer.example",
            "client_id": "c", "redirect_uri": "https://server.example/api/v1/sign-in/callback"})),
        "create_trusted_build" => Some(
            json!({"issuer": "https://issuer.example", "audience": "a", "claims": {"sub": "1"},
                "roles": [{"role": "ci"}]}),
        ),
        "set_policy" => {
            Some(json!({"form": "toml", "text": "version = 1\n[fail_on]\nkev = true\n"}))
        }
        "create_channel" | "update_channel" => Some(json!({
            "name": "on call",
            "target": {"kind": "webhook", "url": "https://hooks.example.invalid/x"},
            "wants": {"events": ["findings.new"]},
        })),
        "upload_scan" => Some(crate::gate::report()),
        "create_registry" | "set_registry" => Some(json!({"settings": {"name": "Ours",
            "address": "registry.example.invalid", "scope": {"repositories": ["team/*"]}}})),
        "scan_image" => Some(json!({"reference": "registry.example.invalid/team/app:1"})),
        "replay_dead_letters" => Some(json!({"queue": "scan", "ids": ["other/x"]})),
        _ => None,
    }
}

/// Ids of things that are in the tenant `default`, by the noun of their path.
pub(crate) async fn ids(house: &House, admin: &str) -> BTreeMap<&'static str, String> {
    let agent = house.agent(7).await;
    house
        .assigned("default", "somebody-here", "developer")
        .await;
    let invitation = json!({"roles": [{"role": "developer"}]});
    let invitation = house
        .ask(
            Method::POST,
            "/api/v1/invitations",
            Some(admin),
            Some(invitation),
        )
        .await;
    let token = house
        .ask(
            Method::POST,
            "/api/v1/enrolment-tokens",
            Some(admin),
            Some(json!({})),
        )
        .await;
    let registry = house
        .ask(
            Method::POST,
            "/api/v1/registries",
            Some(admin),
            Some(
                json!({"settings": {"name": "Ours", "address": "registry.example.invalid",
                "scope": {"repositories": ["team/*"]}}}),
            ),
        )
        .await;
    let channel = house
        .ask(
            Method::POST,
            "/api/v1/notifications/channels",
            Some(admin),
            Some(json!({
                "name": "on call",
                "target": {"kind": "webhook", "url": "https://hooks.example.invalid/x"},
                "wants": {"events": ["findings.new"]},
            })),
        )
        .await;
    let channel = channel.body["channel"]["id"].as_str().unwrap();
    let provider = json!({"name": "x", "issuer": "https://issuer.example", "client_id": "c",
        "redirect_uri": "https://server.example/api/v1/sign-in/callback"});
    let path = "/api/v1/identity-providers/entra";
    let set = house.ask(Method::PUT, path, Some(admin), Some(provider));
    assert_eq!(set.await.status, 200);
    let token = token.body["enrolment_token"]["id"].as_str().unwrap();
    let wanted = json!({"vulnerability": "CVE-2024-1", "scope": {"kind": "estate"}, "status": "accepted_risk",
        "reason": "x"});
    let exception = crate::exceptions::requested(house, admin, &wanted).await;
    // What one decision is about is done for the others.
    let rejected = crate::exceptions::requested(house, admin, &wanted).await;
    BTreeMap::from([
        ("/api/v1/exceptions/{id}/reject", rejected),
        ("/exceptions/", exception),
        ("/tokens/", token.to_owned()),
        ("/identity-providers/", "entra".to_owned()),
        (
            "/notifications/deliveries/",
            crate::notifications::failed(house, channel).await,
        ),
        ("/notifications/channels/", channel.to_owned()),
        ("/agents/", agent.reply.agent.to_string()),
        ("/enrolment-tokens/", token.to_owned()),
        ("/hosts/", agent.reply.host.to_string()),
        (
            "/invitations/",
            invitation.body["invitation"]["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        ),
        ("/people/", "somebody-here".to_owned()),
        ("/images/", format!("sha256:{}", "1".repeat(64))),
        (
            "/registries/",
            registry.body["id"].as_str().unwrap().to_owned(),
        ),
        ("/vulnerabilities/", "CVE-2024-38063".to_owned()),
    ])
}

#[test]
fn every_operation_says_who_may_call_it() {
    let open: Vec<_> = operations()
        .into_iter()
        .filter(|operation| {
            let agent = operation
                .security
                .iter()
                .any(|(scheme, _)| scheme == "agent");
            let own = OWN.contains(&operation.id.as_str());
            let session = operation
                .security
                .iter()
                .any(|(scheme, _)| scheme == "session");
            assert!(!own || session, "{} asks for no session", operation.id);
            !own && !agent && permission(operation).is_none()
        })
        .map(|operation| operation.id)
        .collect();
    let mut sorted = open.clone();
    sorted.sort();
    assert_eq!(sorted, OPEN, "an operation asks for nothing");
    for operation in operations() {
        let agent = operation.path.starts_with("/agent/");
        let open = OPEN.contains(&operation.id.as_str());
        let by_agent = operation
            .security
            .iter()
            .any(|(scheme, _)| scheme == "agent");
        assert!(
            open || agent == by_agent,
            "{} is not for whom its path says",
            operation.id
        );
        assert!(
            operation.declared,
            "{} does not say who may call it",
            operation.id
        );
    }
}

#[tokio::test]
async fn without_a_session_or_signature_nothing_is_answered() {
    let house = House::new().await;
    let ids = ids(&house, &house.admin().await).await;
    for operation in operations() {
        if OPEN.contains(&operation.id.as_str()) {
            continue;
        }
        let (path, body) = filled(&operation, &ids);
        for token in [None, Some("x.y.z"), Some("")] {
            let answer = house
                .ask(operation.method.clone(), &path, token, body.clone())
                .await;
            let by_agent = operation
                .security
                .iter()
                .any(|(scheme, _)| scheme == "agent");
            let problem = if by_agent {
                "unsigned-request"
            } else {
                "unauthenticated"
            };
            assert!(
                answer.is(401, problem),
                "{} with {token:?}: {answer:?}",
                operation.id
            );
        }
    }
}

#[tokio::test]
async fn a_person_s_session_is_no_agent_s_signature() {
    let house = House::new().await;
    let admin = house.admin().await;
    for operation in operations() {
        if operation
            .security
            .iter()
            .any(|(scheme, _)| scheme == "agent")
        {
            let (path, _) = filled(&operation, &BTreeMap::new());
            let answer = house
                .ask(operation.method.clone(), &path, Some(&admin), None)
                .await;
            assert!(
                answer.is(401, "unsigned-request"),
                "{} {answer:?}",
                operation.id
            );
        }
    }
}

#[tokio::test]
async fn an_administrator_of_another_tenant_finds_nothing_of_this_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ids = ids(&house, &admin).await;
    let other = house.person("other", Role::Admin).await;
    for operation in operations() {
        let Some(_) = permission(&operation) else {
            continue;
        };
        let (path, mut body) = filled(&operation, &ids);
        if operation.id == "set_identity_provider" {
            body.as_mut().unwrap()["name"] = "another's".into();
        }
        let answer = house
            .ask(operation.method.clone(), &path, Some(&other), body)
            .await;
        if operation.id == "set_identity_provider" {
            // Tenants choose the names of these, so two may choose the same: it is not the first one's that was set.
            assert!(answer.status.is_success(), "{answer:?}");
            let first = house.get(&path, &admin).await;
            assert_eq!(first.body["name"], "x", "{first:?}");
            let gone = house.ask(Method::DELETE, &path, Some(&other), None).await;
            assert_eq!(gone.status, 204, "{gone:?}");
        } else if ["{id}", "{name}"]
            .iter()
            .any(|part| operation.path.contains(part))
        {
            assert!(answer.is(404, "not-found"), "{} {answer:?}", operation.id);
        } else if ALIKE.contains(&operation.id.as_str()) {
            assert!(answer.status.is_success(), "{} {answer:?}", operation.id);
            let text = answer.body.to_string();
            assert!(!text.contains("somebody-here"), "{} {text}", operation.id);
        } else if operation.method == Method::GET {
            let lists: Vec<_> = answer
                .body
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_array)
                .collect();
            assert!(
                !lists.is_empty() && lists.iter().all(|list| list.is_empty()),
                "{} {answer:?}",
                operation.id
            );
        } else {
            assert!(answer.status.is_success(), "{} {answer:?}", operation.id);
        }
    }
    // The log of one tells nothing of the other.
    let theirs = house.get("/api/v1/audit?limit=500", &other).await;
    let entries = theirs.body["entries"].as_array().unwrap();
    assert!(!entries.is_empty(), "{theirs:?}");
    assert!(!theirs.body.to_string().contains("first start"));
    let set_up = |entry: &Value| entry["operation"] == "set_up";
    assert!(!entries.iter().any(set_up), "{theirs:?}");
    // What another tenant tried had no effect.
    let agent = house
        .get(
            "/api/v1/agents",
            &house.person("default", Role::Auditor).await,
        )
        .await;
    assert_eq!(agent.body["agents"][0].get("revoked_at"), None);
}

#[tokio::test]
async fn a_role_that_the_tenant_made_allows_what_it_names_and_counts_at_once() {
    let house = House::new().await;
    let ids = ids(&house, &house.admin().await).await;
    let (tenant, other) = ("default".parse().unwrap(), "other".parse().unwrap());
    let identity = Identity::new(house.platform.clone());
    let words = [Permission::ReadHosts, Permission::ReadFeeds];
    let role = |words: &[Permission]| CustomRole {
        name: "watchers".parse().unwrap(),
        description: String::new(),
        permissions: words
            .iter()
            .map(|word| word.as_str().to_owned())
            .chain(["moons.read".to_owned()])
            .collect(),
        created_at: house.now(),
        created_by: "admin".to_owned(),
        updated_at: house.now(),
        updated_by: "admin".to_owned(),
    };
    let revision = identity.put_role(&tenant, &role(&words), None).await;
    let revision = revision.unwrap().unwrap();
    // The same name in another tenant is another role, and one that is not there allows nothing.
    let token = house.assigned("default", "watcher", "watchers").await;
    let stranger = house.assigned("other", "watcher", "watchers").await;
    for operation in operations() {
        let Some(permission) = permission(&operation) else {
            continue;
        };
        let (path, body) = filled(&operation, &ids);
        let ask = async |token: &str| {
            let method = operation.method.clone();
            house.ask(method, &path, Some(token), body.clone()).await
        };
        let answer = ask(&token).await;
        assert_eq!(
            !answer.is(403, "forbidden"),
            words.contains(&permission),
            "{} {answer:?}",
            operation.id
        );
        assert!(
            ask(&stranger).await.is(403, "forbidden"),
            "{}",
            operation.id
        );
    }
    let own = house.get("/api/v1/session", &token).await;
    assert_eq!(own.body["roles"], json!(["watchers"]));
    let permissions = own.body["permissions"].as_array().unwrap().iter();
    let permissions: Vec<_> = permissions.map(|p| p["permission"].clone()).collect();
    assert_eq!(permissions, ["hosts.read", "feeds.read"]);

    let fewer = role(&[Permission::ReadFeeds]);
    let fewer = identity.put_role(&tenant, &fewer, Some(revision)).await;
    let hosts = house.get("/api/v1/hosts", &token).await;
    assert!(hosts.is(403, "forbidden"), "{hosts:?}");
    let name = "watchers".parse().unwrap();
    let revision = fewer.unwrap().unwrap();
    assert!(!identity.remove_role(&other, &name, revision).await.unwrap());
    assert_eq!(house.get("/api/v1/feeds", &token).await.status, 200);
    assert!(
        identity
            .remove_role(&tenant, &name, revision)
            .await
            .unwrap()
    );
    let feeds = house.get("/api/v1/feeds", &token).await;
    assert!(feeds.is(403, "forbidden"), "{feeds:?}");
}

#[tokio::test]
async fn every_role_may_do_what_the_matrix_says_and_nothing_else() {
    let house = House::new().await;
    let mut ids = ids(&house, &house.admin().await).await;
    // Nothing is there under these, so that an operation that is allowed does no harm to the next.
    ids.insert("/agents/", "a-0.default".to_owned());
    ids.insert("/enrolment-tokens/", "0".repeat(16));
    ids.insert("/invitations/", "0".repeat(16));
    ids.insert("/identity-providers/", "nothing".to_owned());
    ids.insert("/people/", "nobody".to_owned());
    ids.insert("/registries/", "0".repeat(16));
    ids.insert("/exceptions/", "0".repeat(16));
    ids.insert("/api/v1/exceptions/{id}/reject", "0".repeat(16));
    ids.insert("/notifications/channels/", "0".repeat(16));
    for role in ROLES {
        let login = format!("the-{role:?}").to_lowercase();
        let token = if role == Role::Admin {
            let session = house
                .sign_in("default", "admin", crate::house::PASSWORD)
                .await;
            session.body["token"].as_str().unwrap().to_owned()
        } else {
            house.person("default", role).await
        };
        for operation in operations() {
            let Some(permission) = permission(&operation) else {
                continue;
            };
            let (path, body) = filled(&operation, &ids);
            let answer = house
                .ask(operation.method.clone(), &path, Some(&token), body)
                .await;
            let forbidden = answer.is(403, "forbidden");
            assert_eq!(
                !forbidden,
                allows(&[role], permission),
                "{login} {} {answer:?}",
                operation.id
            );
            if !forbidden {
                // Somebody before may have set what is replaced only by who has seen it.
                let is_set = operation.id == "set_risk_settings" && answer.status == 412;
                assert!(
                    answer.status.is_success() || answer.is(404, "not-found") || is_set,
                    "{login} {} {answer:?}",
                    operation.id
                );
            }
        }
    }
}

#[tokio::test]
async fn every_error_is_a_problem_with_an_id() {
    let house = House::new().await;
    let admin = house.admin().await;
    let get = |path: &str| {
        Request::builder()
            .uri(path)
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let long = format!("/api/v1/agents?cursor={}", "x".repeat(9000));
    let mut big = get("/healthz");
    big.headers_mut()
        .insert("x-big", "x".repeat(20_000).parse().unwrap());
    let mut post = get("/api/v1/session");
    *post.method_mut() = Method::POST;
    let mut wrong_method = get("/healthz");
    *wrong_method.method_mut() = Method::PUT;
    for (request, status, problem) in [
        (get("/nowhere"), 404, "not-found"),
        (wrong_method, 405, "method-not-allowed"),
        (get(&long), 431, "headers-too-large"),
        (big, 431, "headers-too-large"),
        (post, 415, "unsupported-media"),
    ] {
        let answer = house.send(request).await;
        assert!(answer.is(status, problem), "{answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            answer.headers["x-request-id"].to_str().unwrap(),
            answer.body["request_id"]
        );
        assert_eq!(answer.body["status"], status);
    }
    for query in ["limit=0", "limit=501", "limit=x", "limit=-1"] {
        let answer = house.get(&format!("/api/v1/agents?{query}"), &admin).await;
        assert!(answer.is(400, "bad-request"), "{query} {answer:?}");
    }
}

#[test]
fn the_checked_in_description_is_not_stale() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/openapi.json");
    let text = serde_json::to_string_pretty(&api::openapi()).unwrap() + "\n";
    if std::env::var_os("BULKHEAD_UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == text,
        "schemas/openapi.json is stale: run `BULKHEAD_UPDATE=1 cargo test -p api`"
    );
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.trim_start_matches('#');
            assert!(
                document.pointer(pointer).is_some(),
                "{target} leads nowhere"
            );
        }
        match value {
            Value::Object(map) => map.values().for_each(|v| walk(v, document)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, document)),
            _ => {}
        }
    }
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    walk(&document, &document);
}
