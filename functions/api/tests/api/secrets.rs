//! No secret is in the audit log, the store, the logs, or any answer but the one that shows it. What is a secret is listed by
//! the fields of the API's description, and what looks like one there has to be on one of two lists.

use std::collections::BTreeSet;

use access::{enrolment, rotation, totp::Seed};
use platform::{EmbeddedDepot, Scan};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    house::{Agent, Answer, House, PASSWORD, key, logged},
    operations::{Operation, document, filled, ids, operations},
    second_factor::code,
    tokens::{Builds, exchange_of, rule},
};

/// Fields that hold secrets, sent or shown: name of the schema, with its kind where there are several, and of the field.
const SECRETS: [(&str, &str); 37] = [
    ("AcceptInvitation", "password"),
    ("AcceptInvitation", "token"),
    ("BeginSecondFactor", "current"),
    ("ChangePassword", "current"),
    ("ChangePassword", "new"),
    ("ChannelWithSecret", "signing_secret"),
    ("ConfirmSecondFactor", "code"),
    ("CreatedApiKey", "key"),
    ("CreatedEnrolmentToken", "token"),
    ("CreatedInvitation", "token"),
    ("EnrolRequest", "proof"),
    ("EnrolRequest", "token"),
    ("ExchangedToken", "access_token"),
    ("NewChannelTarget/email", "password"),
    ("NewChannelTarget/jira", "token"),
    ("NewChannelTarget/ocsf", "authorization"),
    ("NewChannelTarget/ocsf", "url"),
    ("NewChannelTarget/slack", "url"),
    ("NewChannelTarget/teams", "url"),
    ("NewChannelTarget/webhook", "url"),
    ("NewRegistryCredentials", "secret"),
    ("OneTimePassword", "one_time_password"),
    ("RecoveryCodes", "recovery_codes"),
    ("RefreshSession", "refresh_token"),
    ("RemoveSecondFactor", "code"),
    ("RemoveSecondFactor", "current"),
    ("RotateKeyRequest", "proof"),
    ("SecondFactorSeed", "seed"),
    ("SecondFactorSeed", "uri"),
    ("SessionReply", "refresh_token"),
    ("SessionReply", "token"),
    ("SetIdentityProvider", "client_secret"),
    ("SignIn", "code"),
    ("SignIn", "password"),
    ("TokenExchange", "subject_token"),
    // Whoever has it may put one object of a known content, within minutes.
    ("UploadTicketReply", "url"),
    ("WebhookSecret", "secret"),
];
/// Fields whose names are like those of secrets, with what they are. This list may only shrink, or grow by what is no secret.
const HARMLESS: [(&str, &str, &str); 13] = [
    ("AdvisorySource", "url", "a publisher's page"),
    ("ChannelTarget/ocsf", "url", "an address without a secret"),
    (
        "ChannelTarget/webhook",
        "url",
        "an address without a secret",
    ),
    ("EnrolReply", "bundle_key", "a public key"),
    ("EnrolRequest", "public_key", "a public key"),
    ("ExchangedToken", "issued_token_type", "a name of a form"),
    ("ExchangedToken", "token_type", "a name of a form"),
    ("IdentityProviderDetail", "redirect_uri", "a page of ours"),
    ("JiraSettings", "url", "an address without a secret"),
    ("RotateKeyRequest", "public_key", "a public key"),
    ("SetIdentityProvider", "redirect_uri", "a page of ours"),
    ("SignedBundle", "signature", "for all agents"),
    ("TokenExchange", "subject_token_type", "a name of a form"),
];
/// Words in names of fields that hold secrets.
const WORDS: [&str; 15] = [
    "authorization",
    "code",
    "codes",
    "cookie",
    "credential",
    "key",
    "password",
    "proof",
    "secret",
    "seed",
    "signature",
    "token",
    "uri",
    "url",
    "verifier",
];
/// What is shorter is found by chance.
const MIN_CHARS: usize = 9;

fn is_secret(schema: &str, field: &str) -> bool {
    SECRETS.contains(&(schema, field))
}

/// The name of a schema's form of this kind.
fn named(schema: &str, form: &Value) -> String {
    match form["properties"]["kind"]["enum"]
        .as_array()
        .map(Vec::as_slice)
    {
        Some([kind]) => format!("{}/{}", schema, kind.as_str().unwrap()),
        _ => schema.to_owned(),
    }
}

/// Forms that something may have in place of one.
fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let ways = ["oneOf", "anyOf", "allOf"].into_iter();
    ways.filter_map(|way| schema[way].as_array()).flatten()
}

/// Every text of something.
fn texts(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, all)),
        _ => {}
    }
}

#[test]
fn what_looks_like_a_secret_is_judged() {
    fn walk(name: &str, schema: &Value, looks: &mut BTreeSet<(String, String)>) {
        let name = named(name, schema);
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_text = |of: &Value| {
                let types = [&of["type"], &of["type"][0], &of["type"][1]];
                types.contains(&&json!("string")) && of.get("enum").is_none()
            };
            let secret =
                of["format"] == "password" || field.split('_').any(|word| WORDS.contains(&word));
            if secret && (is_text(of) || is_text(&of["items"])) {
                looks.insert((name.clone(), field.clone()));
            }
            walk(&name, of, looks);
        }
        forms(schema).for_each(|form| walk(&name, form, looks));
    }
    let (document, mut looks) = (document(), BTreeSet::new());
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        walk(name, schema, &mut looks);
    }
    let harmless = HARMLESS.iter().map(|(schema, field, _)| (*schema, *field));
    let judged = SECRETS.into_iter().chain(harmless);
    let judged = judged.map(|(schema, field)| (schema.to_owned(), field.to_owned()));
    assert_eq!(
        looks,
        judged.collect(),
        "fields that look like secrets, and the lists of this file"
    );
}

/// Whoever asks, and keeps what nobody may tell from then on.
struct Watch {
    house: House,
    document: Value,
    operations: Vec<Operation>,
    secrets: BTreeSet<String>,
    /// Of which fields secrets were.
    seen: BTreeSet<(String, String)>,
}

impl Watch {
    fn over(house: House) -> Self {
        Self {
            house,
            document: document(),
            operations: operations(),
            secrets: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Keeps a secret, and that part of it that is one alone.
    fn keep(&mut self, secret: &str) {
        let part = secret.rsplit(['_', '.', '/', '=', ' ']).next();
        let part = part.filter(|part| part.len() >= 16);
        for one in [Some(secret), part].into_iter().flatten() {
            if one.len() >= MIN_CHARS {
                self.secrets.insert(one.to_owned());
            }
        }
    }

    fn keep_of(&mut self, schema: &Value, name: &str, value: &Value) {
        if let Some(to) = schema["$ref"].as_str() {
            let name = to.rsplit('/').next().unwrap();
            let schema = self.document["components"]["schemas"][name].clone();
            return self.keep_of(&schema, name, value);
        }
        let name = named(name, schema);
        let kinds = &schema["properties"]["kind"]["enum"];
        if kinds
            .as_array()
            .is_some_and(|kinds| !kinds.contains(&value["kind"]))
        {
            return;
        }
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            let Some(value) = value.get(field) else {
                continue;
            };
            if is_secret(&name, field) {
                let mut found = Vec::new();
                texts(value, &mut found);
                if !found.is_empty() {
                    self.seen.insert((name.clone(), field.clone()));
                }
                found.iter().for_each(|secret| self.keep(secret));
            } else {
                self.keep_of(of, &name, value);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.keep_of(&schema["items"], &name, item);
        }
        let all: Vec<_> = forms(schema).cloned().collect();
        all.iter().for_each(|form| self.keep_of(form, &name, value));
    }

    fn described(&self, operation: &str) -> Value {
        let found = self.operations.iter().find(|one| one.id == operation);
        let found = found.unwrap_or_else(|| panic!("no operation {operation}"));
        let method = found.method.as_str().to_lowercase();
        self.document["paths"][&found.path][method].clone()
    }

    fn keep_sent(&mut self, operation: &str, body: &Value) {
        let described = self.described(operation);
        let of = &described["requestBody"]["content"]["application/json"]["schema"];
        self.keep_of(of, "", body);
    }

    /// What an answer may tell, and what it alone.
    fn judge(&mut self, operation: &str, answer: &Answer) {
        let text = answer.body.to_string();
        let told = self.secrets.iter().find(|secret| text.contains(*secret));
        assert_eq!(told, None, "{operation} tells of what it must not");
        let described = self.described(operation);
        let status = answer.status.as_str();
        let of = &described["responses"][status]["content"]["application/json"]["schema"];
        self.keep_of(of, "", &answer.body);
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            self.keep(pair.split_once('=').unwrap().1);
        }
    }

    /// Asks as somebody does.
    async fn ask(
        &mut self,
        operation: &str,
        path: &str,
        by: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        if let Some(body) = &body {
            self.keep_sent(operation, body);
        }
        let described = self.operations.iter().find(|one| one.id == operation);
        let method = described.unwrap().method.clone();
        let answer = self.house.ask(method, path, by, body).await;
        self.judge(operation, &answer);
        answer
    }

    /// The same, which has to be done.
    async fn done(&mut self, operation: &str, path: &str, by: Option<&str>, body: Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let answer = self.ask(operation, path, by, body).await;
        assert!(answer.status.is_success(), "{operation}: {answer:?}");
        answer.body
    }

    /// Asks as an agent does.
    async fn call(&mut self, agent: &Agent, operation: &str, path: &str, body: &Value) -> Answer {
        self.keep_sent(operation, body);
        let answer = agent.call(&self.house, "POST", path, body).await;
        self.judge(operation, &answer);
        answer
    }
}

/// A channel to this target.
fn channel(target: &Value) -> Value {
    json!({"name": "on call", "target": target, "wants": {"events": ["findings.new"]}})
}

/// Passwords, sessions and second factors; answers the token of the session that is left.
async fn sign_ins(watch: &mut Watch) -> String {
    let session = "/api/v1/session";
    watch.keep(&watch.house.one_time_password.clone());
    let first = json!({"login": "admin", "password": watch.house.one_time_password});
    let first = watch.done("create_session", session, None, first).await;
    let change = json!({"current": watch.house.one_time_password, "new": PASSWORD});
    let path = "/api/v1/session/password";
    let by = first["token"].as_str();
    watch.done("change_password", path, by, change).await;
    let wrong = "a wrong password that nobody has";
    for login in ["admin", wrong] {
        let wrong = json!({"login": login, "password": wrong});
        let refused = watch
            .ask("create_session", session, None, Some(wrong))
            .await;
        assert!(refused.is(401, "bad-credentials"), "{refused:?}");
    }
    let right = json!({"login": "admin", "password": PASSWORD, "cookie": true});
    watch
        .done("create_session", session, None, right.clone())
        .await;
    let right = json!({"login": "admin", "password": PASSWORD});
    let again = watch
        .done("create_session", session, None, right.clone())
        .await;
    let refresh = json!({"refresh_token": again["refresh_token"]});
    let path = "/api/v1/session/refresh";
    let token = watch.done("refresh_session", path, None, refresh).await["token"].clone();
    let by = token.as_str();

    let path = "/api/v1/session/second-factor";
    let current = json!({"current": PASSWORD});
    let seed = watch
        .done("begin_second_factor", path, by, current.clone())
        .await;
    let seed = SecretString::from(seed["seed"].as_str().unwrap());
    let shown = code(&Seed::parse(&seed).unwrap(), watch.house.now());
    let confirm = format!("{path}/confirm");
    let confirmed = json!({"code": shown});
    let codes = watch
        .done("confirm_second_factor", &confirm, by, confirmed)
        .await;
    let mut with_code = right;
    with_code["code"] = codes["recovery_codes"][0].clone();
    watch.done("create_session", session, None, with_code).await;
    let remove = json!({"current": PASSWORD, "code": codes["recovery_codes"][1]});
    let removed = format!("{path}/remove");
    watch
        .done("remove_second_factor", &removed, by, remove)
        .await;
    token.as_str().unwrap().to_owned()
}

/// People by invitation, by another service and by an administrator.
async fn people(watch: &mut Watch, by: &str) {
    let by = Some(by);
    let invitation = json!({"roles": [{"role": "developer"}]});
    let made = watch
        .done("create_invitation", "/api/v1/invitations", by, invitation)
        .await;
    let accepted =
        json!({"token": made["token"], "login": "new", "password": "a password of somebody new"});
    let path = "/api/v1/invitations/accept";
    watch.done("accept_invitation", path, None, accepted).await;
    let path = "/api/v1/people/new/password";
    watch.done("reset_password", path, by, Value::Null).await;
    let key = json!({"roles": [{"role": "ci"}]});
    watch
        .done("create_api_key", "/api/v1/api-keys", by, key)
        .await;

    let provider = json!({"name": "theirs", "issuer": "https://issuer.example", "client_id": "c",
        "client_secret": "the secret of this server there",
        "redirect_uri": "https://server.example/api/v1/sign-in/callback"});
    let path = "/api/v1/identity-providers/theirs";
    watch
        .done("set_identity_provider", path, by, provider)
        .await;
    let (code, state) = ("a-code-that-the-service-gave", "a-state-that-a-browser-has");
    watch.keep(code);
    watch.keep(state);
    let path = format!("/api/v1/sign-in/callback?code={code}&state={state}");
    let refused = watch.ask("finish_sign_in", &path, None, None).await;
    assert!(!refused.status.is_success(), "{refused:?}");

    let builds = Builds::start().await;
    let path = "/api/v1/trusted-builds";
    watch
        .done("create_trusted_build", path, by, rule(&builds))
        .await;
    let token = exchange_of(None, &builds.token(&watch.house, 1, &json!({})));
    watch
        .done("exchange_token", "/api/v1/token/exchange", None, token)
        .await;
}

/// An agent from its token to its next key.
async fn agents(watch: &mut Watch, by: &str) {
    watch.keep(&watch.house.enrolment_token.clone());
    let path = "/api/v1/enrolment-tokens";
    let made = watch
        .done(
            "create_enrolment_token",
            path,
            Some(by),
            json!({"note": "fleet"}),
        )
        .await;
    let token = made["token"].as_str().unwrap();
    let sent = json!({"token": token, "proof": enrolment::prove(token, &key(9))});
    watch.keep_sent("agent_enrol", &sent);
    let enrolled = watch.house.enrol(token, 9).await;
    watch.judge("agent_enrol", &enrolled);
    let reply: schemas::agent::EnrolReply = serde_json::from_value(enrolled.body).unwrap();
    let agent = Agent {
        signer: access::request_token::RequestSigner::new(reply.agent.clone(), key(9)),
        reply,
    };
    let id = agent.reply.agent.clone();
    let (next, path) = (key(10), format!("/api/v1/agents/{id}/rotation"));
    watch
        .done("rotate_agent_key", &path, Some(by), Value::Null)
        .await;
    let wish =
        json!({"public_key": next.public().to_base64url(), "proof": rotation::prove(&id, &next)});
    let rotated = watch
        .call(&agent, "agent_rotate_key", "/agent/v1/key", &wish)
        .await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let wish = json!({"size_bytes": 6 << 20, "digest": format!("sha256:{}", "a".repeat(64))});
    let ticket = watch
        .call(&agent, "agent_request_upload", "/agent/v1/uploads", &wish)
        .await;
    assert_eq!(ticket.status, 200, "{ticket:?}");
}

/// Registries and channels, which hold the words of other services.
async fn others(watch: &mut Watch, by: &str) {
    let by = Some(by);
    let registry = json!({"settings": {"name": "Theirs", "address": "registry.example.invalid",
        "scope": {"repositories": ["team/*"]}},
        "credentials": {"kind": "password", "user": "robot", "secret": "the robot's own words"}});
    let made = watch
        .done("create_registry", "/api/v1/registries", by, registry)
        .await;
    let path = format!("/api/v1/registries/{}", made["id"].as_str().unwrap());
    let secret = format!("{path}/webhook-secret");
    let secret = watch
        .done("create_webhook_secret", &secret, by, json!({}))
        .await;
    let hook = secret["path"].as_str().unwrap();
    // In either way that a registry may send it.
    let secret = secret["secret"].as_str().unwrap();
    let address = hook.replace("FORMAT", "docker_hub");
    for (address, word) in [
        (hook.replace("FORMAT", "distribution"), Some(secret)),
        (format!("{address}?token={secret}"), None),
    ] {
        watch
            .ask("receive_webhook", &address, word, Some(json!({})))
            .await;
    }
    watch
        .ask("test_registry", &format!("{path}/test"), by, None)
        .await;

    let url = |word: &str| format!("https://hooks.example.invalid/services/{word}");
    let mail = json!({"host": "mail.example.invalid", "port": 465, "user": "ops", "from": "a@example.org",
        "to": ["b@example.org"]});
    let jira = json!({"url": "https://jira.example.invalid", "deployment": "data_center", "project": "OPS",
        "issue_type": "Task"});
    for target in [
        json!({"kind": "webhook", "url": url("the-word-of-webhook")}),
        json!({"kind": "slack", "url": url("the-word-of-slack")}),
        json!({"kind": "teams", "url": url("the-word-of-teams")}),
        json!({"kind": "ocsf", "url": url("the-word-of-ocsf"), "authorization": "Splunk the-word-of-splunk"}),
        json!({"kind": "email", "mail": mail, "password": "the word of mail"}),
        json!({"kind": "jira", "jira": jira, "token": "the word of jira"}),
    ] {
        let path = "/api/v1/notifications/channels";
        let made = watch
            .done("create_channel", path, by, channel(&target))
            .await;
        let path = format!("{path}/{}", made["channel"]["id"].as_str().unwrap());
        watch
            .done("test_channel", &format!("{path}/test"), by, Value::Null)
            .await;
        if target["kind"] == "webhook" {
            let path = format!("{path}/rotate-secret");
            watch
                .done("rotate_channel_secret", &path, by, Value::Null)
                .await;
        }
        watch.done("get_channel", &path, by, Value::Null).await;
    }
}

/// Everything that is stored, as text.
async fn stored(depot: &EmbeddedDepot) -> String {
    let mut kept = String::new();
    let mut cursor = None;
    loop {
        let page = depot.items(1000, cursor.as_ref()).await.unwrap();
        for item in page.items {
            let value = zstd::decode_all(item.value.as_slice()).unwrap_or(item.value);
            kept.push_str(&format!("{:?}\n", item.key));
            kept.push_str(&String::from_utf8_lossy(&value));
        }
        cursor = page.next;
        if cursor.is_none() {
            return kept;
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_the_audit_log_the_store_the_logs_or_a_later_answer() {
    let (house, depot) = House::whole().await;
    let mut watch = Watch::over(house.asking_this_machine().await);
    let session = sign_ins(&mut watch).await;
    let by = Some(session.as_str());
    people(&mut watch, &session).await;
    agents(&mut watch, &session).await;
    others(&mut watch, &session).await;
    let missing: Vec<_> = SECRETS
        .into_iter()
        .filter(|(schema, field)| {
            !watch
                .seen
                .contains(&((*schema).to_owned(), (*field).to_owned()))
        })
        .collect();
    assert_eq!(missing, [], "each is sent or shown above");

    let all = ids(&watch.house, &session).await;
    for operation in watch.operations.clone() {
        // The description is the same for everybody, and has examples.
        let other = ["change_password", "end_own_session", "openapi"];
        if other.contains(&operation.id.as_str()) || operation.path.starts_with("/agent/") {
            continue;
        }
        let (path, body) = filled(&operation, &all);
        watch.ask(&operation.id, &path, by, body).await;
    }
    let nouns = watch.document["components"]["schemas"]["ExportNoun"]["enum"].clone();
    for noun in nouns.as_array().unwrap() {
        let path = format!("/api/v1/exports/{}?limit=500", noun.as_str().unwrap());
        watch.done("export", &path, by, Value::Null).await;
    }

    // Who signs in is told, and the words are not; answers of the log are judged as all are.
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/audit?limit=500{cursor}");
        let page = watch.done("list_audit", &path, by, Value::Null).await;
        entries.extend(page["entries"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let set_up = entries
        .iter()
        .filter(|e| e["operation"] == "create_registry");
    let users: Vec<_> = set_up
        .filter_map(|e| e["after"]["signs_in_with"]["user"].as_str())
        .collect();
    assert_eq!(users, ["robot"]);
    let (kept, logs) = (stored(&depot).await, logged());
    assert!(kept.contains("t/default/audit") && logs.contains("answered"));
    for (place, text) in [("the store", &kept), ("the logs", &logs)] {
        for secret in &watch.secrets {
            assert!(!text.contains(secret), "{secret} is in {place}");
        }
    }
}
