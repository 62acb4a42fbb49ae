//! Containers of all hosts.

use records::Containers;
use schemas::{Severity, TenantId, api::Role};
use serde_json::{Value, json};

use crate::{
    house::House,
    people::{image, put_place},
};

/// Puts the containers of a host: their ids, whether they run, and what port they publish to all.
async fn put(house: &House, tenant: &str, host: &str, containers: &[(&str, bool, Option<u16>)]) {
    let containers = containers.iter().map(|(id, running, port)| {
        let published = port.map(|port| {
            json!({"container_port": port, "host_port": port, "host_address": "0.0.0.0", "protocol": "tcp"})
        });
        json!({"id": id, "name": format!("till-{id}"), "image": format!("sha256:{}", "aa".repeat(32)),
            "image_name": "shop/till:1", "workload": {"form": "unknown"}, "running": running,
            "networked": true, "privileged": *id == "c1", "published": published.into_iter().collect::<Vec<_>>(),
            "pod": {"namespace": "Shop", "name": "till-0"}})
    });
    let snapshot =
        json!({"host": host, "complete": true, "containers": containers.collect::<Vec<_>>()});
    let snapshot = serde_json::from_value(snapshot).unwrap();
    let tenant: TenantId = tenant.parse().unwrap();
    let now = house.now();
    let order = records::order(now, 1);
    let containers = Containers(&house.platform);
    containers
        .put(&tenant, &snapshot, now, order)
        .await
        .unwrap();
}

fn ids(body: &Value) -> Vec<String> {
    let rows = body["containers"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"));
    let ids = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn containers_are_found_by_what_is_known_of_them() {
    let house = House::new().await;
    let admin = house.admin().await;
    let other = house.person("other", Role::Admin).await;
    put(
        &house,
        "default",
        "web-0001",
        &[("c1", true, Some(8080)), ("c2", false, Some(80))],
    )
    .await;
    put(&house, "default", "web-0002", &[("c3", true, None)]).await;
    put(&house, "other", "web-0001", &[("s1", true, None)]).await;
    let found = [("CVE-2024-0001", Severity::Critical, true)];
    put_place(&house, "default", &image(0xaa), &found).await;
    let of = format!("image=sha256:{}", "aa".repeat(32));
    let none = format!("image=sha256:{}", "bb".repeat(32));
    for (query, wanted) in [
        ("", vec!["c1", "c2", "c3"]),
        ("running=true", vec!["c1", "c3"]),
        ("exposed=true", vec!["c1"]),
        ("privileged=true", vec!["c1"]),
        ("host=web-0002", vec!["c3"]),
        ("search=SHOP%2Ftill", vec!["c1", "c2", "c3"]),
        ("search=till-c2", vec!["c2"]),
        ("search=web-0002", vec!["c3"]),
        (of.as_str(), vec!["c1", "c2", "c3"]),
        (none.as_str(), vec![]),
    ] {
        let answer = house
            .get(&format!("/api/v1/containers?{query}"), &admin)
            .await;
        assert_eq!(ids(&answer.body), wanted, "{query}");
        assert!(answer.body["next_cursor"].is_null(), "{query}");
    }
    let all = house.get("/api/v1/containers", &admin).await.body;
    let first = &all["containers"][0];
    assert_eq!(
        (&first["exposure"], &first["namespace"]),
        (&json!("published"), &json!("Shop"))
    );
    assert_eq!(first["counts"]["critical"], 1);
    assert!(first["top_score"].as_f64().unwrap() > 0.0);
    assert_eq!(
        ids(&house.get("/api/v1/containers", &other).await.body),
        ["s1"]
    );

    let one = house
        .get("/api/v1/containers/web-0001/c2", &admin)
        .await
        .body;
    assert_eq!(
        (&one["container"]["name"], &one["exposure"]),
        (&json!("till-c2"), &json!("none"))
    );
    assert_eq!(one["standing"]["counts"]["critical"], 1);
    for (path, token) in [
        ("web-0001/c1", &other),
        ("web-0002/c1", &admin),
        ("x/c1", &admin),
    ] {
        let answer = house
            .get(&format!("/api/v1/containers/{path}"), token)
            .await;
        assert!(answer.is(404, "not-found"), "{path} {answer:?}");
    }
}

#[tokio::test]
async fn pages_of_containers_follow_each_other_without_gaps() {
    let house = House::new().await;
    let admin = house.admin().await;
    for host in 0..45 {
        let ids = [format!("a{host}"), format!("b{host}"), format!("c{host}")];
        let containers: Vec<_> = ids
            .iter()
            .take(1 + host % 3)
            .map(|id| (id.as_str(), host % 2 == 0, None))
            .collect();
        put(&house, "default", &format!("web-{host:04}"), &containers).await;
    }
    for (query, count) in [("", 90), ("&running=true", 46), ("&search=till-a", 45)] {
        let whole = house
            .get(&format!("/api/v1/containers?limit=500{query}"), &admin)
            .await;
        let whole = ids(&whole.body);
        assert_eq!(whole.len(), count, "{query}");
        for limit in [1, 7, 45] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/api/v1/containers?limit={limit}{query}{cursor}");
                let page = house.get(&path, &admin).await.body;
                let rows = ids(&page);
                assert!(rows.len() <= limit);
                seen.extend(rows);
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, whole, "{query} {limit}");
        }
    }
}
