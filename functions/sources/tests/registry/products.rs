//! Interfaces of products, as their documentation has them: what they are asked, and what is made of their answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use schemas::api::registry::{
    RegistryCredentialKind, RegistryKind, RegistryScope, RegistrySettings,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sources::registry::{KeptCredentials, Product, PushedTag, RegistryOptions, Scope};

type Answers = Arc<Mutex<HashMap<String, Value>>>;
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A product that answers what it was told to, and remembers who asked.
struct Fake {
    api: String,
    answers: Answers,
    asked: Asked,
}

async fn answer(
    State((answers, asked)): State<(Answers, Asked)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = headers.get("authorization").map_or_else(
        || String::from_utf8_lossy(&body).into_owned(),
        |value| value.to_str().unwrap().to_owned(),
    );
    let path = uri.to_string();
    asked.lock().unwrap().push((path.clone(), signed));
    match answers.lock().unwrap().get(&path) {
        Some(Value::Number(status)) => {
            let status = u16::try_from(status.as_u64().unwrap()).unwrap();
            StatusCode::from_u16(status).unwrap().into_response()
        }
        Some(answer) => answer.to_string().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Fake {
    async fn start(answers: &[(&str, Value)]) -> Self {
        let answers = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.clone()));
        let answers = Arc::new(Mutex::new(answers.collect()));
        let asked = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap());
        let state = (Arc::clone(&answers), Arc::clone(&asked));
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            api,
            answers,
            asked,
        }
    }

    fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn product(
        &self,
        kind: RegistryKind,
        repositories: &[&str],
        kept: Option<(RegistryCredentialKind, &str)>,
    ) -> (Product, RegistrySettings) {
        let settings = RegistrySettings {
            name: "Ours".to_owned(),
            kind,
            address: "registry.example.org".to_owned(),
            api: Some(self.api.clone()),
            scope: RegistryScope {
                repositories: repositories.iter().map(|name| (*name).to_owned()).collect(),
                ..RegistryScope::default()
            },
            every_hours: None,
            enabled: true,
        };
        let kept = kept.map(|(kind, user)| KeptCredentials {
            kind,
            user: Some(user.to_owned()).filter(|user| !user.is_empty()),
            secret: SecretString::from("s3cret"),
        });
        let options = RegistryOptions {
            retries: 0,
            ..RegistryOptions::default()
        };
        let product = Product::of(&settings, kept, &options).unwrap().unwrap();
        (product, settings)
    }
}

async fn all_repositories(product: &Product, settings: &RegistrySettings) -> Vec<String> {
    let scope = Scope::of(&settings.scope);
    let mut names = Vec::new();
    let mut after = None;
    loop {
        assert!(names.len() < 1000, "the list does not end: {names:?}");
        let page = product
            .repositories(&scope, after.as_deref())
            .await
            .unwrap();
        let page = page.unwrap();
        names.extend(page.names);
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

async fn all_tags(product: &Product, repository: &str) -> Vec<PushedTag> {
    let mut tags = Vec::new();
    let mut after = None;
    loop {
        assert!(tags.len() < 1000, "the list does not end: {tags:?}");
        let page = product.tags(repository, after.as_deref()).await.unwrap();
        let page = page.unwrap();
        tags.extend(page.tags);
        after = page.next;
        if after.is_none() {
            return tags;
        }
    }
}

fn tag(name: &str, at: &str) -> PushedTag {
    PushedTag {
        name: name.to_owned(),
        pushed_at: Some(at.parse().unwrap()),
    }
}

#[tokio::test]
async fn docker_hub_lists_an_owner_s_repositories_and_says_when_tags_were_pushed() {
    let fake = Fake::start(&[
        ("/v2/auth/token", json!({"access_token": "given"})),
        (
            "/v2/namespaces/acme/repositories?page=1&page_size=100",
            json!({"count": 2, "next": "https://elsewhere.example", "results": [{"name": "shop"}]}),
        ),
        (
            "/v2/namespaces/acme/repositories?page=2&page_size=100",
            json!({"next": null, "results": [{"name": "till"}]}),
        ),
        (
            "/v2/namespaces/beta/repositories?page=1&page_size=100",
            json!({"next": null, "results": [{"name": "x"}]}),
        ),
        (
            "/v2/namespaces/acme/repositories/shop/tags?page=1&page_size=100",
            json!({"next": null, "results": [
                {"name": "1", "tag_last_pushed": "2026-01-02T03:04:05.678901Z", "last_updated": "2026-11-01T00:00:00Z"},
                {"name": "2", "last_updated": "2026-02-01T00:00:00Z"}]}),
        ),
    ])
    .await;
    let kind = RegistryKind::DockerHub;
    let kept = Some((RegistryCredentialKind::Password, "robot"));
    let (product, settings) = fake.product(kind, &["beta/*", "acme/s*", "acme/*"], kept);
    assert_eq!(
        all_repositories(&product, &settings).await,
        ["acme/shop", "acme/till", "beta/x"]
    );
    let asked = fake.asked();
    assert_eq!(
        asked[0].1,
        json!({"identifier": "robot", "secret": "s3cret"}).to_string()
    );
    assert_eq!(asked[1].1, "Bearer given");
    assert_eq!(
        all_tags(&product, "acme/shop").await,
        [
            tag("1", "2026-01-02T03:04:05.678Z"),
            tag("2", "2026-02-01T00:00:00Z")
        ]
    );
    // What everybody sees needs nobody to sign in; a pattern of all owners has no list.
    let (product, settings) = fake.product(kind, &["*"], None);
    let found = product
        .repositories(&Scope::of(&settings.scope), None)
        .await;
    assert_eq!(found.unwrap(), None);
    fake.asked();
    all_tags(&product, "acme/shop").await;
    assert_eq!(fake.asked()[0].1, "");
    assert_eq!(product.tags("acme/none", None).await.unwrap(), None);
    // A password that is wrong is told.
    fake.answers
        .lock()
        .unwrap()
        .insert("/v2/auth/token".to_owned(), json!(401));
    let (product, _) = fake.product(kind, &["acme/*"], kept);
    let refused = product.tags("acme/shop", None).await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
}

#[tokio::test]
async fn github_lists_packages_of_organisations_and_of_people() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let many: Vec<_> = (0..100).map(|n| json!({"name": format!("p{n}")})).collect();
    let fake = Fake::start(&[
        (
            "/orgs/acme/packages?package_type=container&per_page=100&page=1",
            json!(many),
        ),
        (
            "/orgs/acme/packages?package_type=container&per_page=100&page=2",
            json!([{"name": "Shop/API"}]),
        ),
        (
            "/users/ann/packages?package_type=container&per_page=100&page=1",
            json!([{"name": "mine"}]),
        ),
        (
            "/orgs/acme/packages/container/shop%2Fapi/versions?per_page=100&page=1",
            json!([
                {"name": digest, "updated_at": "2026-03-01T00:00:00Z", "metadata": {"container": {"tags": ["1", "latest"]}}},
                {"name": digest, "updated_at": "2026-01-01T00:00:00Z", "metadata": {"package_type": "container"}},
                {"name": "1.0", "updated_at": "2026-01-01T00:00:00Z", "metadata": {"container": {"tags": ["no"]}}}]),
        ),
    ])
    .await;
    let kept = Some((RegistryCredentialKind::Password, "robot"));
    let (product, settings) = fake.product(RegistryKind::Ghcr, &["acme/**", "ann/*"], kept);
    let names = all_repositories(&product, &settings).await;
    assert_eq!(names.len(), 102);
    assert_eq!(names[100..], ["acme/shop/api", "ann/mine"]);
    assert!(fake.asked().iter().all(|(_, by)| by == "Bearer s3cret"));
    assert_eq!(
        all_tags(&product, "acme/shop/api").await,
        [
            tag("1", "2026-03-01T00:00:00Z"),
            tag("latest", "2026-03-01T00:00:00Z")
        ]
    );
}

#[tokio::test]
async fn harbor_quay_and_gitlab_are_asked_in_their_own_ways() {
    let fake = Fake::start(&[
        (
            "/api/v2.0/projects/acme/repositories?page=1&page_size=100",
            json!([{"name": "acme/shop/api"}]),
        ),
        (
            "/api/v2.0/projects/acme/repositories/shop%252Fapi/artifacts?with_tag=true&page=1&page_size=100",
            json!([{"tags": [{"name": "1", "push_time": "2026-03-01T00:00:00.000Z"}]}, {"tags": null}]),
        ),
        (
            "/api/v1/repository?namespace=acme",
            json!({"repositories": [{"namespace": "acme", "name": "a"}], "next_page": "gAAA=="}),
        ),
        (
            "/api/v1/repository?namespace=acme&next_page=gAAA%3D%3D",
            json!({"repositories": [{"namespace": "acme", "name": "b"}]}),
        ),
        (
            "/api/v1/repository/acme/a/tag/?onlyActiveTags=true&limit=100&page=1",
            json!({"tags": [{"name": "1", "start_ts": 1_772_323_200}], "page": 1, "has_additional": true}),
        ),
        (
            "/api/v1/repository/acme/a/tag/?onlyActiveTags=true&limit=100&page=2",
            json!({"tags": [], "page": 2, "has_additional": false}),
        ),
        (
            "/api/v4/projects/acme%2Fshop/registry/repositories?per_page=100&page=1",
            json!([{"id": 1, "name": "", "path": "acme/shop"}, {"id": 2, "name": "api", "path": "acme/shop/api"}]),
        ),
    ])
    .await;
    let kept = Some((RegistryCredentialKind::Password, "robot"));
    let (harbor, settings) = fake.product(RegistryKind::Harbor, &["acme/**"], kept);
    assert_eq!(
        all_repositories(&harbor, &settings).await,
        ["acme/shop/api"]
    );
    assert_eq!(fake.asked()[0].1, "Basic cm9ib3Q6czNjcmV0");
    assert_eq!(
        all_tags(&harbor, "acme/shop/api").await,
        [tag("1", "2026-03-01T00:00:00Z")]
    );

    let token = Some((RegistryCredentialKind::BearerToken, ""));
    let (quay, settings) = fake.product(RegistryKind::Quay, &["acme/*"], token);
    fake.asked();
    assert_eq!(
        all_repositories(&quay, &settings).await,
        ["acme/a", "acme/b"]
    );
    assert!(fake.asked().iter().all(|(_, by)| by == "Bearer s3cret"));
    assert_eq!(
        all_tags(&quay, "acme/a").await,
        [tag("1", "2026-03-01T00:00:00Z")]
    );
    // A robot's password is not for this interface, so it is not told.
    let (quay, _) = fake.product(RegistryKind::Quay, &["acme/*"], kept);
    fake.asked();
    all_tags(&quay, "acme/a").await;
    assert!(fake.asked().iter().all(|(_, by)| by.is_empty()));

    let (gitlab, settings) = fake.product(RegistryKind::Gitlab, &["acme/shop/*"], token);
    assert!(!gitlab.knows_times());
    assert_eq!(
        all_repositories(&gitlab, &settings).await,
        ["acme/shop", "acme/shop/api"]
    );
}

#[test]
fn credentials_are_told_to_the_known_address_of_a_product_or_to_the_one_that_was_named() {
    let of = |kind, address: &str, api: Option<&str>| {
        let settings = RegistrySettings {
            name: "Ours".to_owned(),
            kind,
            address: address.to_owned(),
            api: api.map(str::to_owned),
            scope: RegistryScope::default(),
            every_hours: None,
            enabled: true,
        };
        Product::of(&settings, None, &RegistryOptions::default())
            .unwrap()
            .is_some()
    };
    assert!(of(RegistryKind::Ghcr, "ghcr.io", None));
    assert!(!of(RegistryKind::Ghcr, "ghcr.example.org", None));
    assert!(of(
        RegistryKind::Ghcr,
        "ghcr.example.org",
        Some("https://example.org/api/v3")
    ));
    assert!(of(RegistryKind::Quay, "quay.example.org", None));
    assert!(!of(RegistryKind::Generic, "docker.io", None));
}
