//! The description alone is enough to use the API: everything in it is explained, its examples hold, and what the API answers
//! is what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD},
    operations::{Operation, document, filled, ids, operations},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Everything that the document refers to.
struct Described(Value);

impl Described {
    fn new() -> Self {
        Self(document())
    }

    fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths
            .flat_map(|(path, item)| {
                let operations = item.as_object().unwrap().iter();
                operations
                    .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
            })
            .collect()
    }

    fn operation(&self, id: &str) -> &Value {
        let all = self.operations();
        all.iter()
            .find(|(_, _, one)| one["operationId"] == id)
            .unwrap()
            .2
    }

    /// What a reference leads to, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(to) => self.0.pointer(to.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// Why a value is not one of a schema of this document.
    fn against(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        if whole.is_null() {
            whole = json!({});
        }
        whole["components"] = json!({"schemas": self.0["components"]["schemas"]});
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&whole).unwrap();
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect()
    }
}

fn parameters(operation: &Value) -> Vec<&Value> {
    operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .collect()
}

/// The parameter of this name, if the operation has it.
fn parameter<'a>(operation: &'a Value, name: &str) -> Option<&'a Value> {
    parameters(operation)
        .into_iter()
        .find(|one| one["name"] == name)
}

fn is_by(operation: &Value, scheme: &str) -> bool {
    let mut all = operation["security"].as_array().into_iter().flatten();
    all.any(|one| one.get(scheme).is_some())
}

fn has_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

#[test]
fn every_operation_is_explained_with_everything_that_it_answers() {
    let described = Described::new();
    let tags = described.0["tags"].as_array().unwrap();
    assert!(tags.iter().all(|tag| has_text(&tag["description"])));
    let tags: BTreeSet<_> = tags
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut wrong = Vec::new();
    for (path, method, operation) in described.operations() {
        let id = operation["operationId"].as_str().unwrap();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{id}: {what}"));
            }
        };
        let summary = operation["summary"].as_str().unwrap_or_default();
        must(!summary.is_empty(), "no summary");
        must(
            !summary.contains('\n') && summary.len() <= 120,
            "its first sentence is too long for a summary",
        );
        must(has_text(&operation["description"]), "no description");
        must(
            operation["security"].is_array(),
            "it does not say who may call it",
        );
        for tag in operation["tags"].as_array().unwrap() {
            must(
                tags.contains(tag.as_str().unwrap()),
                "its tag is not described: `described/words.rs`",
            );
        }
        for parameter in parameters(operation) {
            let name = parameter["name"].as_str().unwrap();
            must(
                has_text(&parameter["description"]),
                &format!("nothing explains the parameter {name}"),
            );
            let schema = &parameter["schema"];
            let bounds = match name {
                "limit" => ["minimum", "maximum"]
                    .iter()
                    .all(|bound| schema[bound].is_number()),
                "cursor" | "search" => schema["maxLength"].is_number(),
                _ => true,
            };
            must(
                bounds,
                &format!("the parameter {name} does not say its bounds"),
            );
        }
        let has_body = operation["requestBody"].is_object();
        let of_people = is_by(operation, "session");
        let by_somebody = of_people || is_by(operation, "agent") || is_by(operation, "webhook");
        for (status, is_due) in [
            (
                "400",
                has_body || parameters(operation).iter().any(|one| one["in"] == "query"),
            ),
            ("401", by_somebody),
            ("403", of_people || is_by(operation, "agent")),
            ("404", path.contains('{')),
            ("412", parameter(operation, "if-match").is_some()),
            ("413", has_body),
            ("415", has_body && !is_by(operation, "webhook")),
            ("429", by_somebody),
            ("431", true),
            ("500", true),
            ("503", true),
            ("507", by_somebody || method != "get"),
        ] {
            must(
                !is_due || operation["responses"][status].is_object(),
                &format!("it can answer {status}"),
            );
        }
        let statuses = operation["responses"].as_object().unwrap();
        must(
            statuses.keys().any(|status| status.starts_with(['2', '3'])),
            "it never succeeds",
        );
        for (status, answer) in statuses {
            let answer = described.resolved(answer);
            must(
                has_text(&answer["description"]),
                &format!("nothing explains {status}"),
            );
            let content = answer["content"].as_object();
            if status.starts_with(['4', '5']) && !(id == "ready" && status == "503") {
                let schema = content.map(|content| &content[PROBLEM]["schema"]["$ref"]);
                let is_problem =
                    schema.is_some_and(|schema| schema == "#/components/schemas/Problem");
                must(is_problem, &format!("{status} is no problem"));
                must(
                    content.is_some_and(|content| content.len() == 1),
                    &format!("{status} is more than a problem"),
                );
            }
            if status.starts_with('2') {
                for (kind, content) in content.into_iter().flatten() {
                    must(
                        !content["example"].is_null(),
                        &format!("{status} has no example of {kind}"),
                    );
                }
            }
        }
        for (kind, content) in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flatten()
        {
            must(
                !content["example"].is_null(),
                &format!("no example of its {kind}"),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_schema_and_property_is_explained() {
    fn walk(schema: &Value, at: &str, wrong: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            if !has_text(&property["description"]) {
                wrong.push(at.clone());
            }
            walk(property, &at, wrong);
        }
        for word in ["oneOf", "anyOf", "allOf"] {
            for part in schema[word].as_array().into_iter().flatten() {
                walk(part, at, wrong);
            }
        }
        if schema["items"].is_object() {
            walk(&schema["items"], at, wrong);
        }
    }
    let described = Described::new();
    let mut wrong = Vec::new();
    for (name, schema) in described.0["components"]["schemas"].as_object().unwrap() {
        if !has_text(&schema["description"]) {
            wrong.push(name.clone());
        }
        walk(schema, name, &mut wrong);
    }
    assert!(wrong.is_empty(), "nothing explains {}", wrong.join(", "));
}

#[test]
fn every_example_is_one_of_its_schema() {
    fn walk(described: &Described, schema: &Value, at: &str, wrong: &mut Vec<String>) {
        if let Some(parts) = schema.as_object() {
            let many = parts.get("examples").and_then(Value::as_array);
            for example in many.into_iter().flatten().chain(parts.get("example")) {
                for why in described.against(schema, example) {
                    wrong.push(format!("{at}: {why}"));
                }
            }
            for (name, part) in parts {
                if name != "example" && name != "examples" {
                    walk(described, part, &format!("{at}/{name}"), wrong);
                }
            }
        }
        for (number, part) in schema.as_array().into_iter().flatten().enumerate() {
            walk(described, part, &format!("{at}/{number}"), wrong);
        }
    }
    let described = Described::new();
    let mut wrong = Vec::new();
    for (name, schema) in described.0["components"]["schemas"].as_object().unwrap() {
        walk(&described, schema, name, &mut wrong);
    }
    let (mut bodies, mut looked) = (Vec::new(), 0);
    for (_, _, operation) in described.operations() {
        let id = operation["operationId"].as_str().unwrap();
        bodies.push((id.to_owned(), &operation["requestBody"]));
        for (status, answer) in operation["responses"].as_object().unwrap() {
            bodies.push((format!("{id} {status}"), described.resolved(answer)));
        }
    }
    for (at, body) in bodies {
        for (kind, content) in body["content"].as_object().into_iter().flatten() {
            if content["example"].is_null() {
                continue;
            }
            looked += 1;
            for why in described.against(&content["schema"], &content["example"]) {
                wrong.push(format!("{at} {kind}: {why}"));
            }
        }
    }
    assert!(looked > 100, "{looked} examples");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends an operation's request as the description shows it.
async fn ask(
    house: &House,
    described: &Described,
    operation: &Operation,
    path: &str,
    token: &str,
) -> Answer {
    let shown = described.operation(&operation.id);
    let mut request = Request::builder()
        .method(operation.method.clone())
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    if parameter(shown, "if-match").is_some() {
        let now = house.get(path, token).await;
        if let Some(tag) = now.headers.get("etag") {
            request = request.header("if-match", tag);
        }
    }
    let example = &shown["requestBody"]["content"][JSON]["example"];
    let body = if example.is_null() {
        Body::empty()
    } else {
        request = request.header("content-type", JSON);
        Body::from(example.to_string())
    };
    house.send(request.body(body).unwrap()).await
}

/// What of an answer is not as the description has it.
fn differences(described: &Described, id: &str, answer: &Answer) -> Vec<String> {
    let status = answer.status.as_str();
    let shown = &described.operation(id)["responses"][status];
    if shown.is_null() {
        return vec![format!(
            "{id} answers {status}, which is not described: {answer:?}"
        )];
    }
    let shown = described.resolved(shown);
    let kind = answer
        .headers
        .get("content-type")
        .map(|kind| kind.to_str().unwrap());
    let Some(kind) = kind else {
        let is_empty = shown["content"].is_null() && answer.body.is_null();
        return if is_empty {
            Vec::new()
        } else {
            vec![format!("{id} {status} has no content type")]
        };
    };
    let content = &shown["content"][kind];
    if content.is_null() {
        return vec![format!(
            "{id} {status} is of {kind}, which is not described"
        )];
    }
    let mut wrong = Vec::new();
    for why in described.against(&content["schema"], &answer.body) {
        wrong.push(format!("{id} {status}: {why}: {}", answer.body));
    }
    for name in shown["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        // A session is in a cookie only for who asks for that, and a store does not say when it has room.
        if !answer.headers.contains_key(name)
            && !["set-cookie", "retry-after"].contains(&name.as_str())
        {
            wrong.push(format!("{id} {status} lacks the header {name}"));
        }
    }
    wrong
}

#[tokio::test]
async fn requests_are_taken_as_the_examples_show_them_and_answers_are_as_described() {
    /// Who calls has the answer to nothing else afterwards.
    const LAST: &[&str] = &["end_own_session", "end_session"];
    let house = House::new().await;
    let described = Described::new();
    let admin = house.admin().await;
    let ids = ids(&house, &admin).await;
    let mut all: Vec<_> = operations()
        .into_iter()
        .filter(|operation| !is_by(described.operation(&operation.id), "agent"))
        .collect();
    // What is made first, then what is read, and what is taken away in the end.
    all.sort_by_key(|operation| match operation.method {
        _ if LAST.contains(&operation.id.as_str()) => 4,
        Method::POST => 0,
        Method::GET => 1,
        Method::DELETE => 3,
        _ => 2,
    });
    let (mut wrong, mut good) = (Vec::new(), BTreeMap::new());
    for operation in all {
        let (path, _) = filled(&operation, &ids);
        let answer = ask(&house, &described, &operation, &path, &admin).await;
        let status = answer.status.as_u16();
        if [400, 413, 415, 422].contains(&status) && operation.method != Method::GET {
            let has_body = described.operation(&operation.id)["requestBody"].is_object();
            if has_body {
                wrong.push(format!(
                    "the example of {} is not taken: {answer:?}",
                    operation.id
                ));
            }
        }
        wrong.extend(differences(&described, &operation.id, &answer));
        if answer.status.is_success() {
            good.insert(operation.id.clone(), status);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Enough of them succeeded for this to say something.
    for id in [
        "create_api_key",
        "create_collection",
        "set_role",
        "list_people",
        "upload_scan",
    ] {
        assert!(good.contains_key(id), "{id} did not succeed: {good:?}");
    }
    assert!(good.len() >= 60, "{good:?}");
    let again = house.sign_in("default", "admin", PASSWORD).await;
    assert_eq!(again.status, 200, "{again:?}");
}

#[tokio::test]
async fn problems_of_every_operation_are_as_described() {
    let house = House::new().await;
    let described = Described::new();
    let admin = house.admin().await;
    let mut wrong = Vec::new();
    for operation in operations() {
        let shown = described.operation(&operation.id);
        let path = operation.path.replace('{', "no-").replace('}', "");
        let has_body = shown["requestBody"].is_object();
        for (token, kind, body) in [
            (None, Some(JSON), "{}"),
            (Some("x.y.z"), Some(JSON), "{}"),
            (Some(admin.as_str()), Some(JSON), "{"),
            (Some(admin.as_str()), Some("text/plain"), "hello"),
            (Some(admin.as_str()), None, ""),
        ] {
            if operation.id == "end_own_session" && token == Some(admin.as_str()) {
                continue;
            }
            let mut request = Request::builder()
                .method(operation.method.clone())
                .uri(&path);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let body = match kind {
                Some(kind) if has_body => {
                    request = request.header("content-type", kind);
                    Body::from(body)
                }
                _ => Body::empty(),
            };
            let answer = house.send(request.body(body).unwrap()).await;
            wrong.extend(differences(&described, &operation.id, &answer));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The types of a list of problems, with their statuses.
fn types(list: &str) -> Vec<(String, u16)> {
    let rows = list
        .lines()
        .filter(|line| line.starts_with("| `/problems/"));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let types = cells.map(|cells| (cells[0].trim_matches(['|', ' ', '`']), cells[1]));
    types
        .map(|(kind, status)| (kind.to_owned(), status.parse().unwrap()))
        .collect()
}

#[test]
fn the_list_of_problems_is_not_stale_and_loses_none() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/problems.md");
    let before = types(&fs::read_to_string(&file).unwrap_or_default());
    let text = api::problems();
    let now = types(&text);
    let each: BTreeSet<_> = now.iter().map(|(kind, _)| kind).collect();
    assert!(now.len() >= 30 && each.len() == now.len(), "{now:?}");
    // A type that was given out keeps its meaning for ever: it cannot be written away, either.
    for one in &before {
        assert!(now.contains(one), "{one:?} is gone, or has another status");
    }
    if std::env::var_os("BULKHEAD_UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == text,
        "schemas/problems.md is stale: run `BULKHEAD_UPDATE=1 cargo test -p api`"
    );
}

/// Every list with its order, what can be asked of it, and what each of that means.
fn lists_printed(described: &Described) -> String {
    let mut text = "# Lists\n\nEvery list is answered in pages: `limit` says how many rows (1 to 500, 100 when absent) and `next_cursor` of an answer, \
        sent as `cursor` with the same filters and order, leads to the next page; on the last there is none. A page may have fewer \
        rows than were asked for, or none, and still a next one. With `accept: application/x-ndjson` a list comes whole, a row a \
        line. Texts are sought without regard to case. Filters hold together, and a word that a filter or `sort` does not have is \
        `/problems/bad-request`. A list without `sort` has the one order that its store keeps; to have another, read it whole. \
        Printed from `schemas/openapi.json`.\n"
        .to_owned();
    for (path, method, operation) in described.operations() {
        let content = &operation["responses"]["200"]["content"];
        if method != "get" || content["application/x-ndjson"].is_null() {
            continue;
        }
        text.push_str(&format!(
            "\n## `{path}`\n\n{}.\n",
            operation["summary"].as_str().unwrap()
        ));
        let asked = parameters(operation).into_iter().filter(|one| {
            one["in"] == "query" && one["name"] != "cursor" && one["name"] != "limit"
        });
        let rows: Vec<_> = asked
            .map(|one| {
                let what = one["description"].as_str().unwrap().split_whitespace();
                let words = described.resolved(&one["schema"])["enum"].as_array();
                let words: Vec<_> = words
                    .into_iter()
                    .flatten()
                    .filter(|word| word.is_string() && *word != "unknown")
                    .map(|word| format!("`{}`", word.as_str().unwrap()))
                    .collect();
                let what = what.collect::<Vec<_>>().join(" ");
                format!(
                    "| `{}` | {what} | {} |",
                    one["name"].as_str().unwrap(),
                    words.join(", ")
                )
            })
            .collect();
        if rows.is_empty() {
            text.push_str("\nNothing can be asked of it.\n");
        } else {
            text.push_str(&format!(
                "\n| parameter | what it asks for | words |\n|---|---|---|\n{}\n",
                rows.join("\n")
            ));
        }
    }
    text
}

#[test]
fn what_can_be_asked_of_lists_is_printed_and_not_stale() {
    let described = Described::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/lists.md");
    let text = lists_printed(&described);
    assert!(text.matches("\n## ").count() >= 20, "{text}");
    if std::env::var_os("BULKHEAD_UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == text,
        "schemas/lists.md is stale: run `BULKHEAD_UPDATE=1 cargo test -p api`"
    );
}
