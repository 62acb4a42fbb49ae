//! How many requests a tenant may make, over several instances of the API.

use api::{ApiOptions, ApiState, Rate};
use axum::{Router, body::Body, http::Request};
use schemas::api::Role;
use tower::ServiceExt;

use crate::house::House;

const RATE: Rate = Rate {
    per_s: 2,
    burst: 16,
};

async fn instance(house: &House) -> Router {
    let options = ApiOptions {
        tenant_rate: Some(RATE),
        ..ApiOptions::default()
    };
    let state = ApiState::open_with(house.platform.clone(), options)
        .await
        .unwrap();
    api::router(state).0
}

/// The status of a request, and how long to wait for the next one.
async fn ask(instance: &Router, token: &str) -> (u16, Option<u64>) {
    let request = Request::get("/api/v1/agents")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let response = instance.clone().oneshot(request).await.unwrap();
    let after = response.headers().get("retry-after");
    let after = after.map(|seconds| seconds.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), after)
}

#[tokio::test]
async fn instances_share_what_a_tenant_may_and_leave_others_alone() {
    let house = House::new().await;
    let (one, two) = (instance(&house).await, instance(&house).await);
    let eager = house.admin().await;
    let other = house.person("other", Role::Auditor).await;

    let mut answered = 0;
    let mut refused = 0;
    for at in 0..40 {
        let instance = if at % 3 == 0 { &one } else { &two };
        match ask(instance, &eager).await {
            (200, None) => answered += 1,
            (429, Some(1)) => refused += 1,
            odd => panic!("{odd:?}"),
        }
    }
    assert_eq!((answered, refused), (16, 24), "both instances together");
    assert_eq!(
        ask(&one, &other).await.0,
        200,
        "another tenant's is its own"
    );

    house.clock.advance_ms(1_000);
    let mut answered = 0;
    for _ in 0..5 {
        answered += u32::from(ask(&one, &eager).await.0 == 200);
    }
    assert_eq!(answered, 2, "a second brings what a second may");
}

#[tokio::test]
async fn an_agent_that_is_refused_may_send_the_same_observation_again() {
    let house = House::new().await;
    let agent = house.agent(1).await;
    let instance = instance(&house).await;
    let send = async || {
        let body = serde_json::to_vec(&serde_json::json!({"envelopes": []})).unwrap();
        let request = agent.request(&house, "POST", "/agent/v1/envelopes", &body);
        let answer = instance.clone().oneshot(request).await.unwrap();
        answer.status().as_u16()
    };
    for _ in 0..16 {
        assert_eq!(send().await, 200);
    }
    assert_eq!(send().await, 429);
    house.clock.advance_ms(1_000);
    assert_eq!(send().await, 200);
}
