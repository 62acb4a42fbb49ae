//! What an operator does by the function `setup`.

use platform::{Message, Receive};
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
        (
            json!({"do": "dead_letters", "queue": "feeds"}),
            "no queue \"feeds\": it is one of feed, ",
        ),
        (
            json!({"do": "replay", "queue": "feed", "ids": []}),
            "ids may be 1 to 100",
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

#[tokio::test]
async fn dead_letters_of_all_tenants_and_of_none_are_seen_and_sent_again() {
    let world = World::new();
    let host = world.host("setup");
    let queue = &world.platform.queue;
    let ids = ["acme/1", "global/nvd/1", "global/osv/1"];
    let messages = ids.map(|id| Message::new(id, "what it says"));
    assert!(
        queue
            .send("feed", messages.into())
            .await
            .unwrap()
            .is_empty()
    );
    for delivery in queue.receive("feed", Receive::default()).await.unwrap() {
        queue.dead_letter(&delivery, "no bucket").await.unwrap();
    }
    let list = json!({"do": "dead_letters", "queue": "feed"});
    let listed = invoke(&host, list.clone()).await.unwrap();
    let letters = listed["dead_letters"].as_array().unwrap();
    let of_letters: Vec<_> = letters.iter().map(|letter| &letter["id"]).collect();
    assert_eq!(of_letters, ids);
    assert_eq!(letters[1]["reason"], "no bucket");
    assert!(letters[1]["died_at"].is_string());
    assert!(!listed.to_string().contains("what it says"), "{listed}");
    let after = json!({"do": "dead_letters", "queue": "feed", "after": "global/nvd/1"});
    let after = invoke(&host, after).await.unwrap();
    assert_eq!(after["dead_letters"], json!([letters[2]]));

    let one = json!({"do": "replay", "queue": "feed", "ids": ["global/nvd/1", "global/none"]});
    let replayed = invoke(&host, one).await.unwrap();
    assert_eq!(replayed, json!({"replayed": 1}));
    let all = json!({"do": "replay", "queue": "feed"});
    assert_eq!(invoke(&host, all).await.unwrap(), json!({"replayed": 2}));
    let empty = json!({"dead_letters": [], "next": null});
    assert_eq!(invoke(&host, list).await.unwrap(), empty);
    assert_eq!(world.depth("feed").await.ready, 3);
}
