//! What all lists have in common, each walked as the description has it.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    house::House,
    operations::document,
    teams::{Team, teams},
};

struct List {
    path: String,
    /// The property that has its rows.
    rows: String,
    parameters: Vec<Value>,
}

/// The schema that another one may point at.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn lists(document: &Value, team: &Team) -> Vec<List> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let answer = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let answer = resolved(document, answer);
        if answer["properties"]["next_cursor"].is_null() {
            continue;
        }
        let is_required = |name: &String| {
            let required = answer["required"].as_array().unwrap();
            required.contains(&json!(name))
        };
        let rows: Vec<_> = answer["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, of)| of["type"] == "array" && is_required(name))
            .map(|(name, _)| name.clone())
            .collect();
        assert_eq!(rows.len(), 1, "{path}: which are the rows?");
        let ndjson = &item["get"]["responses"]["200"]["content"]["application/x-ndjson"];
        assert!(
            ndjson.is_object(),
            "{path} does not say that it can be had as lines"
        );
        let mut address = path
            .replace("{id}", &team.id_for(path))
            .replace("{noun}", "hosts");
        let parameters = item["get"]["parameters"].as_array().unwrap();
        address.push_str(if path.contains("dead-letters") {
            "?queue=scan"
        } else {
            "?"
        });
        all.push(List {
            path: address,
            rows: rows[0].clone(),
            parameters: parameters
                .iter()
                .filter(|one| one["in"] == "query")
                .cloned()
                .collect(),
        });
    }
    assert!(all.len() >= 15, "lists were not found");
    all
}

async fn lines(house: &House, path: &str, token: &str) -> (StatusCode, String, Vec<Value>) {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("accept", "application/x-ndjson")
        .body(Body::empty())
        .unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    let of = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 64 << 20).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.is_empty() || text.ends_with('\n') || !status.is_success());
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (status, of, lines.collect())
}

async fn pages(house: &House, list: &List, token: &str) -> (Vec<Value>, Option<String>) {
    let (mut rows, mut first, mut at) = (Vec::new(), None, String::new());
    for _ in 0..1000 {
        let page = house
            .get(&format!("{}&limit=1{at}", list.path), token)
            .await;
        assert_eq!(page.status, 200, "{} {page:?}", list.path);
        rows.extend(page.body[&list.rows].as_array().unwrap().iter().cloned());
        let Some(next) = page.body["next_cursor"].as_str() else {
            return (rows, first);
        };
        first.get_or_insert_with(|| next.to_owned());
        at = format!("&cursor={next}");
    }
    panic!("{} does not end", list.path);
}

#[tokio::test]
async fn a_list_of_lines_is_its_pages_joined() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let mut filled = 0;
    for list in lists(&document(), &alpha) {
        for token in [&admin, &alpha.lead] {
            if house.get(&list.path, token).await.status == 403 {
                continue;
            }
            let (rows, _) = pages(&house, &list, token).await;
            for query in ["", "&limit=1"] {
                let path = format!("{}{query}", list.path);
                let (status, of, lines) = lines(&house, &path, token).await;
                assert_eq!(
                    (status.as_u16(), of.as_str()),
                    (200, "application/x-ndjson")
                );
                assert_eq!(lines, rows, "{path}");
            }
            filled += usize::from(rows.len() > 1);
        }
    }
    assert!(filled >= 10, "{filled} lists had more than one row");
}

#[tokio::test]
async fn lines_go_on_from_a_cursor_and_end_with_one_where_they_break_off() {
    let house = House::new().await;
    let (_, _, admin) = teams(&house).await;
    let first = house.get("/api/v1/vulnerabilities?limit=1", &admin).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/vulnerabilities?cursor={cursor}&limit=1");
    let (_, _, rest) = lines(&house, &path, &admin).await;
    assert_eq!(rest.len(), 2);

    // The session ends between two pages.
    let request = Request::builder()
        .uri("/api/v1/vulnerabilities?limit=1")
        .header("authorization", format!("Bearer {admin}"))
        .header("accept", "application/json;q=0.1, application/x-ndjson")
        .body(Body::empty())
        .unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    house.clock.advance_ms(365 * 24 * 3_600_000);
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(
        last["problem"]["type"], "/problems/unauthenticated",
        "{last}"
    );
    assert_eq!(last["next_cursor"], first.body["next_cursor"], "{last}");
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_told_of_every_list() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    for list in lists(&document(), &alpha) {
        let mut bad = vec![
            ("cursor".to_owned(), "x".to_owned()),
            ("cursor".to_owned(), "A".repeat(64)),
            ("cursor".to_owned(), "%00".to_owned()),
            ("limit".to_owned(), "0".to_owned()),
            ("limit".to_owned(), "501".to_owned()),
            ("limit".to_owned(), "ten".to_owned()),
        ];
        if let (_, Some(cursor)) = pages(&house, &list, &admin).await {
            let mut edited: Vec<char> = cursor.chars().collect();
            let at = edited.len() / 2;
            edited[at] = if edited[at] == 'A' { 'B' } else { 'A' };
            bad.push(("cursor".to_owned(), edited.iter().collect()));
            bad.push(("cursor".to_owned(), format!("{cursor}AA")));
        }
        for parameter in &list.parameters {
            let name = parameter["name"].as_str().unwrap();
            let schema = &parameter["schema"];
            if let Some(most) = schema["maxLength"].as_u64() {
                let long = "x".repeat(usize::try_from(most).unwrap() + 1);
                bad.push((name.to_owned(), long));
            } else if name != "queue" && name != "limit" {
                bad.push((name.to_owned(), "no%20such%20word".to_owned()));
            }
        }
        for (name, value) in bad {
            let path = format!("{}&{name}={value}", list.path);
            for accept in ["application/json", "application/x-ndjson"] {
                let request = Request::builder()
                    .uri(&path)
                    .header("authorization", format!("Bearer {admin}"))
                    .header("accept", accept)
                    .body(Body::empty())
                    .unwrap();
                let answer = house.send(request).await;
                let is_told = answer.status == 400
                    && answer.headers["content-type"] == "application/problem+json";
                assert!(is_told, "{path} {answer:?}");
            }
        }
    }
}

/// Whether one row may stand before another in an order.
fn follows(order: &str, first: &Value, then: &Value) -> bool {
    let score = |row: &Value| {
        let all = [
            &row["score"],
            &row["score"]["value"],
            &row["standing"]["top_score"],
        ];
        all.into_iter().find_map(Value::as_f64).unwrap_or(0.0)
    };
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap_or(0.0);
    let places = |row: &Value| number(row, "hosts") + number(row, "images");
    match order {
        "score" => score(first) >= score(then),
        "epss" => number(first, "epss") >= number(then, "epss"),
        "places" => places(first) >= places(then),
        "id" | "name" | "package" | "vulnerability" => {
            first[order].as_str().unwrap() <= then[order].as_str().unwrap()
        }
        other => panic!("what is the order {other}?"),
    }
}

#[tokio::test]
async fn each_order_of_a_list_has_the_same_rows_page_by_page() {
    let house = House::new().await;
    let (alpha, _, admin) = teams(&house).await;
    let text = |row: &Value| row.to_string();
    let mut orders = 0;
    for list in lists(&document(), &alpha) {
        let named = |one: &&Value| one["name"] == "sort";
        let Some(sort) = list.parameters.iter().find(named) else {
            continue;
        };
        let (mut usual, _) = pages(&house, &list, &admin).await;
        let first = usual.clone();
        usual.sort_by_key(text);
        for (at, word) in sort["schema"]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let path = format!("{}&sort={}", list.path, word.as_str().unwrap());
            let whole = house.get(&path, &admin).await;
            let ordered = List {
                path,
                rows: list.rows.clone(),
                parameters: Vec::new(),
            };
            let (mut rows, cursor) = pages(&house, &ordered, &admin).await;
            assert_eq!(whole.body[&list.rows], json!(rows), "{}", ordered.path);
            // The first is what is meant when nothing is asked for.
            if at == 0 {
                assert_eq!(rows, first, "{}", ordered.path);
            } else if let Some(cursor) = cursor {
                // A cursor is of one order.
                let other = house
                    .get(&format!("{}&cursor={cursor}", list.path), &admin)
                    .await;
                assert!(other.is(400, "bad-cursor"), "{other:?}");
            }
            for pair in rows.windows(2) {
                let word = word.as_str().unwrap();
                assert!(follows(word, &pair[0], &pair[1]), "{word} {pair:?}");
            }
            rows.sort_by_key(text);
            assert_eq!(rows, usual, "{}", ordered.path);
            orders += 1;
        }
    }
    assert!(orders >= 12, "{orders} orders");
}

/// What a list's rows are called, by one of their properties.
async fn called(house: &House, path: &str, rows: &str, by: &str, token: &str) -> Vec<String> {
    let answer = house.get(path, token).await;
    assert_eq!(answer.status, 200, "{path} {answer:?}");
    let found = answer.body[rows].as_array().unwrap().iter();
    let found = found.map(|row| row.pointer(by).unwrap_or(&row[by]));
    found
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn people_and_roles_are_found_by_what_they_are_called_and_may_do() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.assigned("default", "ada", "auditor").await;
    house.assigned("default", "adam", "developer").await;
    house.assigned("default", "grace", "developer").await;
    let path = "/api/v1/people/grace";
    let tag = house.get(path, &admin).await.headers["etag"].clone();
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(path)
        .header("authorization", format!("Bearer {admin}"))
        .header("content-type", "application/json")
        .header("if-match", tag)
        .body(Body::from(json!({"disabled": true}).to_string()))
        .unwrap();
    assert_eq!(house.send(request).await.status, 200);
    for (query, people) in [
        ("search=ADA", vec!["ada", "adam"]),
        ("role=developer", vec!["adam", "grace"]),
        ("role=developer&disabled=false", vec!["adam"]),
        ("disabled=true", vec!["grace"]),
        ("search=nobody", vec![]),
        ("role=no-such-role", vec![]),
    ] {
        let path = format!("/api/v1/people?{query}");
        assert_eq!(
            called(&house, &path, "people", "id", &admin).await,
            people,
            "{query}"
        );
    }
    let made = json!({"name": "watchers", "role": {"description": "Sees hosts.", "permissions": ["hosts.read"]}});
    let made = house
        .ask(Method::POST, "/api/v1/roles", Some(&admin), Some(made))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    for (query, roles) in [
        ("builtin=false", vec!["watchers"]),
        ("search=sees%20HOSTS", vec!["watchers"]),
        ("search=auditor", vec!["auditor"]),
        ("search=watch&builtin=true", vec![]),
    ] {
        let path = format!("/api/v1/roles?{query}");
        assert_eq!(
            called(&house, &path, "roles", "name", &admin).await,
            roles,
            "{query}"
        );
    }
}
