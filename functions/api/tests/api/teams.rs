//! A tenant with two teams, each with a host, an image, and whatever lists show of them.

use axum::http::Method;
use estate::{PlaceDelta, PlaceFinding, Resource};
use platform::{Condition, Item, Key};
use records::{
    Containers, Estates, Hosts, Images, Inventories, Places,
    identity::{Alert, Identity},
};
use schemas::{
    AgentId, Digest, HostId, Place, Severity, TenantId,
    api::Role,
    inventory::CoverageStatus,
    risk::{PlaceFacts, VulnerabilityFacts},
};
use serde_json::{Value, json};

use crate::house::{Answer, House};

/// A vulnerability that places of both teams have.
pub(crate) const SHARED: &str = "CVE-2024-7777";

/// What one team has.
pub(crate) struct Team {
    pub(crate) name: &'static str,
    pub(crate) host: HostId,
    pub(crate) agent: AgentId,
    pub(crate) image: Digest,
    /// A vulnerability that nothing of the other team has.
    pub(crate) own: String,
    /// The collection of what it has.
    pub(crate) collection: String,
    /// A registry, which is of no team.
    pub(crate) registry: String,
    /// A channel of notifications, likewise.
    pub(crate) channel: String,
    /// A session of somebody who has every permission, for this collection.
    pub(crate) lead: String,
}

impl Team {
    /// Texts that only what is the team's has.
    pub(crate) fn marks(&self) -> [String; 5] {
        [
            format!("{}-web", self.name),
            self.host.to_string(),
            self.agent.to_string(),
            self.image.hex().to_owned(),
            self.own.clone(),
        ]
    }

    /// The id of what a path is about.
    pub(crate) fn id_for(&self, path: &str) -> String {
        for (noun, id) in [
            ("/agents/", self.agent.to_string()),
            ("/hosts/", self.host.to_string()),
            ("/images/", self.image.to_string()),
            ("/vulnerabilities/", self.own.clone()),
            ("/collections/", self.collection.clone()),
            ("/registries/", self.registry.clone()),
            ("/notifications/channels/", self.channel.clone()),
        ] {
            if path.contains(noun) {
                return id;
            }
        }
        "0".repeat(32)
    }
}

pub(crate) fn tenant() -> TenantId {
    "default".parse().unwrap()
}

/// The teams `alpha` and `beta`, and the session of whoever sees both.
pub(crate) async fn teams(house: &House) -> (Team, Team, String) {
    let admin = house.admin().await;
    let alpha = team(house, &admin, "alpha", 1, Role::Operator).await;
    let beta = team(house, &admin, "beta", 2, Role::AgentManager).await;
    (alpha, beta, admin)
}

async fn team(house: &House, admin: &str, name: &'static str, seed: u8, login: Role) -> Team {
    let agent = house.agent(seed).await.reply;
    let image = Digest::from_sha256(&[seed; 32]);
    let own = format!("CVE-2024-100{seed}");
    let parts = json!({"hosts": [format!("{name}-*")]});
    let text = json!({"name": format!("{name}-web of all"), "parts": parts});
    let made = house
        .ask(Method::POST, "/api/v1/collections", Some(admin), Some(text))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let collection = made.body["id"].as_str().unwrap().to_owned();
    let settings =
        json!({"name": name, "address": "registry.example.org", "scope": {"repositories": ["*"]}});
    let body = Some(json!({"settings": settings}));
    let made = house
        .ask(Method::POST, "/api/v1/registries", Some(admin), body)
        .await;
    let registry = made.body["id"].as_str().unwrap().to_owned();
    let body = json!({"name": name, "target": {"kind": "webhook", "url": "https://hooks.example.com/x"},
        "wants": {"events": ["findings.new"]}});
    let path = "/api/v1/notifications/channels";
    let made = house.ask(Method::POST, path, Some(admin), Some(body));
    let channel = made.await.body["channel"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    crate::notifications::failed(house, &channel).await;
    let lead = house.person("default", login).await;
    limit(house, login, &collection).await;
    let team = Team {
        name,
        host: agent.host,
        agent: agent.agent,
        image,
        own,
        collection,
        registry,
        channel,
        lead,
    };
    fill(house, &team).await;
    team
}

/// Makes whoever signs in by this role's name an administrator of one collection.
async fn limit(house: &House, login: Role, collection: &str) {
    let login = format!("{login:?}").to_lowercase();
    let key = Key::new("t/default/users", login);
    let table = &house.platform.table;
    let kept = table.get(&key).await.unwrap().unwrap();
    let mut user: Value = serde_json::from_slice(&kept.value).unwrap();
    user["roles"] = json!([]);
    user["limited_roles"] = json!([{"role": "admin", "collections": [collection]}]);
    let item = Item::new(key, user.to_string());
    table.put(item, Condition::None).await.unwrap();
}

async fn fill(house: &House, team: &Team) {
    let (platform, tenant, now) = (&house.platform, tenant(), house.now());
    let name = format!("{}-web", team.name);
    let reference = format!("registry.example.com/{name}/app:1");
    let mut host: Value = serde_json::from_str(include_str!(
        "../../../records/tests/it/samples/host.1.json"
    ))
    .unwrap();
    host["id"] = json!(team.host);
    host["agent"] = json!(team.agent);
    host["facts"]["id"] = json!(team.host);
    host["facts"]["name"] = json!(name);
    host["inventory"] = inventory(house, &Place::Host(team.host.clone()), &name).await;
    let host = serde_json::from_value(host).unwrap();
    Hosts(platform).put(&tenant, &host).await.unwrap();
    let seen = json!({"facts": {"id": team.image, "tags": [reference], "repo_digests": [], "os": "linux", "user": "",
        "exposed_ports": [], "labels": {}, "layers": []}, "gaps": []});
    let seen = serde_json::from_value(seen).unwrap();
    let images = Images(platform);
    images.merge(&tenant, &seen, &team.host, now).await.unwrap();
    let running = json!({"host": team.host, "complete": true, "containers": [{"id": "c", "name": "c",
        "image": team.image, "workload": {"form": "unknown"}, "running": true}]});
    let running = serde_json::from_value(running).unwrap();
    let containers = Containers(platform);
    containers.put(&tenant, &running, now, 1).await.unwrap();
    let resource = Resource::new().host(&name);
    place(
        house,
        team,
        Place::Host(team.host.clone()),
        &name,
        resource.clone(),
    )
    .await;
    let resource = resource.image(&reference);
    place(
        house,
        team,
        Place::Image(team.image.clone()),
        &reference,
        resource,
    )
    .await;
    let alert = Alert::of_agent(
        "agent-key-copied",
        &team.agent,
        &team.host,
        team.name,
        now,
        format!("The key of {name} was copied."),
    );
    Identity::new(platform.clone())
        .raise(&tenant, &alert)
        .await
        .unwrap();
    let mut report = crate::gate::report();
    report["target"]["kind"] = json!("host");
    report["target"]["name"] = json!(name);
    let kept = house
        .ask(
            Method::POST,
            "/api/v1/scans",
            Some(&team.lead),
            Some(report),
        )
        .await;
    assert_eq!(kept.status, 201, "{kept:?}");
}

/// An inventory of two packages; its name.
async fn inventory(house: &House, place: &Place, name: &str) -> Value {
    let package = |package: &str| {
        json!({"name": package, "version": "1", "kind": "deb", "purl": format!("pkg:deb/debian/{package}@1"),
            "path": "var/lib/dpkg/status"})
    };
    let inventory = json!({"version": 1, "target": {"kind": place.kind(), "name": name},
        "packages": [package("openssl"), package(name)], "coverage": {"status": "complete"}});
    let inventory = serde_json::from_value(inventory).unwrap();
    let inventories = Inventories(&house.platform);
    let put = inventories.put(&tenant(), place, 1, inventory).await;
    json!(put.unwrap().0)
}

async fn place(house: &House, team: &Team, place: Place, name: &str, resource: Resource) {
    let (platform, tenant) = (&house.platform, tenant());
    let finding = |id: &str| PlaceFinding {
        vulnerability: id.parse().unwrap(),
        severity: Severity::High,
        cvss_score: None,
        fix_available: true,
        excepted: false,
        facts: VulnerabilityFacts::default(),
    };
    let delta = PlaceDelta {
        place: place.clone(),
        name: name.to_owned(),
        sequence: 0,
        removed: false,
        coverage: CoverageStatus::Complete,
        packages: 2,
        cannot_judge: 0,
        facts: PlaceFacts::default(),
        findings: vec![finding(SHARED), finding(&team.own)],
        os: "Debian GNU/Linux 12".to_owned(),
        resource,
        at_h: 0,
    };
    Estates(platform).put(&tenant, None, delta).await.unwrap();
    let mut record: Value = serde_json::from_str(include_str!(
        "../../../records/tests/it/samples/place.1.json"
    ))
    .unwrap();
    record["place"] = json!(place);
    record["name"] = json!(name);
    if let Place::Image(_) = place {
        record["inventory"] = inventory(house, &place, name).await;
    }
    let mut document: Value = serde_json::from_str(include_str!(
        "../../../records/tests/it/samples/findings.1.json"
    ))
    .unwrap();
    document["place"] = json!(place);
    document["findings"][0]["vulnerability"] = json!(team.own);
    let mut second = document["findings"][0].clone();
    second["package"] = json!("other");
    document["findings"].as_array_mut().unwrap().push(second);
    let places = Places(platform);
    let (record, document) = (
        serde_json::from_value(record).unwrap(),
        serde_json::from_value(document).unwrap(),
    );
    let put = places.put(&tenant, None, record, document, &[]);
    put.await.unwrap().unwrap();
}

/// What an answer has of a team.
pub(crate) fn found(answer: &Answer, team: &Team) -> Vec<String> {
    let text = answer.body.to_string();
    let marks = team.marks().into_iter();
    marks.filter(|mark| text.contains(mark)).collect()
}
