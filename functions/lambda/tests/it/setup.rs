//! What an operator does by the function `setup`.

use serde_json::{Value, json};

use crate::support::{World, invoke};

#[tokio::test]
async fn the_first_secrets_are_answered_once() {
    let world = World::new();
    let host = world.host("setup");
    let made = invoke(&host, json!({})).await.unwrap();
    assert_eq!(
        (&made["tenant"], &made["admin"]),
        (&json!("default"), &json!("admin"))
    );
    for secret in ["one_time_password", "enrolment_token"] {
        assert!(made[secret].as_str().unwrap().len() >= 16, "{secret}");
    }
    let again = invoke(&host, Value::Null).await.unwrap();
    assert_eq!(again, json!({"already_set_up": true}));
    let renewed = invoke(&host, json!({"do": "reset_password", "user": "admin"})).await;
    let renewed = renewed.unwrap();
    assert!(renewed["one_time_password"].is_string());
    assert_ne!(renewed["one_time_password"], made["one_time_password"]);
}

#[tokio::test]
async fn further_tenants_people_and_tokens_are_made() {
    let world = World::new();
    let host = world.host("setup");
    let made = invoke(&host, json!({"do": "create_tenant", "tenant": "acme"})).await;
    assert_eq!(made.unwrap(), json!({"tenant": "acme", "created": true}));
    let ann = json!({"do": "create_user", "tenant": "acme", "user": "ann", "roles": ["admin"]});
    assert!(invoke(&host, ann.clone()).await.unwrap()["one_time_password"].is_string());
    let again = invoke(&host, ann).await.unwrap();
    assert_eq!(again, json!({"user": "ann", "already_there": true}));
    let token = json!({"do": "create_token", "tenant": "acme", "max_uses": 500});
    assert!(invoke(&host, token).await.unwrap()["enrolment_token"].is_string());
    let session = json!({"do": "session", "tenant": "acme"});
    assert!(invoke(&host, session).await.unwrap()["token"].is_string());
}

#[tokio::test]
async fn what_is_not_understood_does_nothing_and_says_why() {
    let world = World::new();
    let host = world.host("setup");
    for (event, why) in [
        (json!({"do": "everything"}), "not one that `setup` knows"),
        (
            json!({"do": "set_up", "tennant": "x"}),
            "not one that `setup` knows",
        ),
        (
            json!({"do": "create_token", "max_uses": 0}),
            "max_uses may be 1 to 100000",
        ),
        (
            json!({"do": "reset_password", "user": "nobody"}),
            "could not be set up",
        ),
        (json!([1]), "not one that `setup` knows"),
    ] {
        let error = invoke(&host, event).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let made = invoke(&host, json!({})).await.unwrap();
    assert!(
        made["one_time_password"].is_string(),
        "nothing was set up before"
    );
}
