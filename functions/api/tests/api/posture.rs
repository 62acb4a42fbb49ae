//! How the estate stands, how it stood, what is new and what was fixed.

use axum::http::Method;
use records::PostureDays;
use schemas::{Severity, Timestamp, api::Role, posture::Posture};
use serde_json::{Value, json};

use crate::{
    house::House,
    people::{image, put_place},
};

const HOUR_MS: u64 = 3_600_000;

async fn ask(house: &House, path: &str, token: &str) -> Value {
    let answer = house.get(path, token).await;
    assert_eq!(answer.status, 200, "{path} {answer:?}");
    answer.body
}

#[tokio::test]
async fn what_came_and_what_went_since_yesterday_is_told_apart() {
    let house = House::new().await;
    let (old, kept) = ("CVE-2024-0001", "CVE-2024-0002");
    let first = [
        (old, Severity::Critical, true),
        (kept, Severity::Low, false),
    ];
    put_place(&house, "default", "host/web-0001", &first).await;
    house.clock.advance_ms(48 * HOUR_MS);
    let seen_at = house.now();
    let then = [
        (kept, Severity::Low, false),
        ("CVE-2024-0003", Severity::High, false),
    ];
    put_place(&house, "default", "host/web-0001", &then).await;
    let then = [(kept, Severity::Low, false)];
    put_place(&house, "default", &image(0xaa), &then).await;

    let tokens = (
        house.admin().await,
        house.person("other", Role::Admin).await,
    );
    let posture = ask(&house, "/api/v1/posture", &tokens.0).await;
    let counts = &posture["posture"];
    assert_eq!(counts["vulnerabilities"]["high"], 1);
    assert_eq!(
        (&counts["findings"], &counts["known_exploited"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(counts["hosts"]["highest"]["high"], 1);
    assert_eq!(
        (&counts["images"]["total"], &counts["images"]["partial"]),
        (&json!(1), &json!(1))
    );
    let since = &posture["since"];
    assert_eq!(
        (&since["new"]["high"], &since["new"]["low"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(since["fixed"]["critical"], 1);

    let fixed = ask(&house, "/api/v1/fixed", &tokens.0).await;
    assert_eq!(fixed["total"], 1);
    assert_eq!(fixed["fixed"][0]["vulnerability"], old);
    assert_eq!(fixed["fixed"][0]["place"], "host/web-0001");
    let hour = Timestamp::from_hours(seen_at.hours());
    assert_eq!(fixed["fixed"][0]["fixed_at"], json!(hour));

    let path = format!("/api/v1/vulnerabilities?new_since={seen_at}");
    let new = ask(&house, &path, &tokens.0).await;
    let ids = new["vulnerabilities"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|row| row["id"].as_str().unwrap()).collect();
    // What is known elsewhere came to another place, too.
    assert_eq!(ids, ["CVE-2024-0003", kept]);

    for path in ["/api/v1/posture", "/api/v1/fixed", "/api/v1/trend"] {
        let other = ask(&house, path, &tokens.1).await.to_string();
        assert!(
            !other.contains("CVE-") && !other.contains("\"high\":1"),
            "{other}"
        );
    }
    let long_ago = "since=2020-01-01T00:00:00Z";
    for path in ["posture", "fixed"] {
        let answer = house
            .get(&format!("/api/v1/{path}?{long_ago}"), &tokens.0)
            .await;
        assert!(answer.is(400, "bad-request"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_trend_has_every_day_since_the_first_and_ends_with_now() {
    let house = House::new().await;
    let tenant = "default".parse().unwrap();
    let days = PostureDays(&house.platform);
    let stood = |findings| Posture {
        findings,
        ..Posture::default()
    };
    let began = house.now();
    days.put(&tenant, began, stood(7)).await.unwrap();
    // What was seen before on the same day does not replace it.
    days.put(&tenant, began.plus_ms(-1000), stood(1))
        .await
        .unwrap();
    house.clock.advance_ms(72 * HOUR_MS);
    let found = [("CVE-2024-0001", Severity::High, false)];
    put_place(&house, "default", "host/web-0001", &found).await;
    let admin = house.admin().await;
    let trend = ask(&house, "/api/v1/trend", &admin).await;
    let told = trend["days"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|day| day["posture"]["findings"].as_u64().unwrap())
        .collect();
    assert_eq!(told, [7, 7, 7, 1]);
    assert_eq!(trend["limited"], false);
    assert_eq!(trend["days"][3]["day"], json!(house.now().day()));
    let two = ask(&house, "/api/v1/trend?days=2", &admin).await;
    assert_eq!(two["days"].as_array().unwrap().len(), 2);
    for days in ["0", "401", "-1", "x"] {
        let answer = house
            .get(&format!("/api/v1/trend?days={days}"), &admin)
            .await;
        assert!(answer.is(400, "bad-request"), "{days} {answer:?}");
    }
}

#[tokio::test]
async fn places_are_found_by_severity_coverage_and_exposure() {
    let house = House::new().await;
    let admin = house.admin().await;
    let found = [("CVE-2024-0001", Severity::Critical, true)];
    put_place(&house, "default", "host/web-0001", &found).await;
    put_place(&house, "default", "host/web-0002", &[]).await;
    for (query, wanted) in [("exposed=true", 1), ("exposed=false", 0)] {
        let path = format!("/api/v1/vulnerabilities?{query}");
        assert_eq!(ask(&house, &path, &admin).await["total"], wanted, "{query}");
    }
    for (query, wanted) in [
        ("severity=critical", vec!["web-0001"]),
        ("severity=high,low", vec![]),
        ("coverage=partial", vec!["web-0001", "web-0002"]),
        ("coverage=complete", vec![]),
        ("exposed=true&severity=critical", vec!["web-0001"]),
        ("exposed=false", vec![]),
    ] {
        let hosts = ask(&house, &format!("/api/v1/hosts?{query}"), &admin).await;
        let ids = hosts["hosts"].as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids, wanted, "{query}");
    }
}

#[tokio::test]
async fn a_scan_of_a_build_is_read_as_it_was_sent() {
    let house = House::new().await;
    let admin = house.admin().await;
    let sent = house.ask(
        Method::POST,
        "/api/v1/scans",
        Some(&admin),
        Some(crate::gate::report()),
    );
    let id = sent.await.body["id"].as_str().unwrap().to_owned();
    let read = ask(&house, &format!("/api/v1/scans/{id}"), &admin).await;
    assert_eq!(read["target"]["name"], "shop:1");
    assert_eq!(read["policy"]["verdict"], "violated");
    let other = house.person("other", Role::Admin).await;
    for (id, token) in [
        (id.as_str(), &other),
        ("x", &admin),
        (&"0".repeat(32), &admin),
    ] {
        let answer = house.get(&format!("/api/v1/scans/{id}"), token).await;
        assert!(answer.is(404, "not-found"), "{answer:?}");
    }
}
