//! Two tenants side by side on one server, with people of every role: each does what their role is for, is refused what it is
//! not, and sees nothing of the other tenant.

use bulkhead_tests::{
    api::Api,
    by_hand::ByHand,
    issuer::Issuer,
    site::{PASSWORD, Site},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Every role that is built in.
const ROLES: [&str; 7] = [
    "admin",
    "agent_manager",
    "operator",
    "vulnerability_manager",
    "developer",
    "ci",
    "auditor",
];

/// A tenant with a person of each role.
struct Tenant {
    id: &'static str,
    /// A word that is in the name of everything of this tenant, and of nothing else.
    mark: &'static str,
    people: Vec<(&'static str, Api)>,
    /// Addresses of what was made in it.
    made: Vec<String>,
}

impl Tenant {
    fn person(&self, role: &str) -> &Api {
        let person = self.people.iter().find(|(known, _)| *known == role);
        &person.unwrap().1
    }

    /// What names this tenant's things, and nothing else: its mark, and their ids.
    fn words(&self) -> Vec<&str> {
        let parts = ["/findings", "/packages"];
        let things = self
            .made
            .iter()
            .filter(|path| !parts.iter().any(|part| path.ends_with(part)));
        let ids = things.filter_map(|path| path.rsplit('/').next());
        ids.chain([self.mark]).collect()
    }

    /// Has something made by the person of a role, and keeps its address.
    fn make(&mut self, role: &str, noun: &str, body: &Value, id: &str) -> Value {
        let path = format!("/api/v1/{noun}");
        let made = self.person(role).make(Method::POST, &path, body).unwrap();
        let id = made.pointer(id).unwrap();
        self.made.push(format!("{path}/{}", id.as_str().unwrap()));
        made
    }
}

/// Lets people of every role into a tenant by its issuer, where their groups say which.
fn by_issuer(admin: &Api, issuer: &Issuer, redirect: &str, url: &str, mark: &str) -> Vec<Api> {
    let groups: Vec<_> = ROLES
        .iter()
        .map(|role| json!({"group": format!("{mark}-{role}"), "roles": [{"role": role}]}))
        .collect();
    let provider = json!({
        "name": format!("People of {mark}"), "issuer": issuer.address, "client_id": "bulkhead",
        "client_secret": "issuer-secret-of-the-test", "redirect_uri": redirect,
        "scopes": ["email", "groups"], "groups": groups,
    });
    let path = format!("/api/v1/identity-providers/{mark}");
    admin.make(Method::PUT, &path, &provider).unwrap();
    let sign_in = |role: &&str| {
        let group = format!("{mark}-{role}");
        // Who is in other groups, too, gets nothing from them.
        let groups = [group.as_str(), "everybody"];
        let name = format!("{mark}-{role}");
        issuer.sign_in(url, mark, &name, &groups).unwrap()
    };
    let people: Vec<Api> = ROLES.iter().map(sign_in).collect();
    let nobody = issuer.sign_in(url, mark, "stranger", &["everybody"]);
    let refused = nobody.err().unwrap().to_string();
    assert!(refused.contains("403"), "{refused}");
    people
}

/// Lets people of every role into a tenant by invitations, with passwords of their own.
fn by_invitation(admin: &Api, url: &str, tenant: &str, mark: &str) -> Vec<Api> {
    let invite = |role: &&str| {
        let wish = json!({"note": mark, "roles": [{"role": role}]});
        let made = admin.make(Method::POST, "/api/v1/invitations", &wish);
        let made = made.unwrap();
        let login = format!("{mark}-{role}");
        let accept = json!({"token": made["token"], "login": login, "password": PASSWORD});
        let anybody = Api::with_token(url, "").unwrap();
        let path = "/api/v1/invitations/accept";
        let accepted = anybody.make(Method::POST, path, &accept).unwrap();
        assert_eq!(accepted, json!({"user": login, "tenant": tenant}));
        // A login counts in its own tenant alone.
        let elsewhere = Api::sign_in(url, &login, PASSWORD).err().unwrap();
        assert!(
            elsewhere.to_string().contains("bad-credentials"),
            "{elsewhere}"
        );
        Api::sign_in_to(url, Some(tenant), &login, PASSWORD).unwrap()
    };
    ROLES.iter().map(invite).collect()
}

/// What an agent says of its host: Debian 12 with a package that the documents call affected.
fn host(agent: &ByHand, mark: &str) -> Value {
    json!({"subject": "host", "inventory": {
        "version": 1,
        "target": {"kind": "host", "name": format!("host-of-{mark}"), "id": agent.host},
        "os": {"family": "linux", "id": "debian", "version_id": "12"},
        "packages": [{
            "name": "bash", "version": "5.2.15-2", "kind": "deb", "path": "var/lib/dpkg/status",
            "purl": "pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12",
        }],
        "host": {
            "id": agent.host, "name": format!("host-of-{mark}"), "addresses": [], "listening": [],
            "listening_complete": true, "engines": [], "labels": {},
        },
        "coverage": {"status": "complete", "gaps": []},
    }})
}

/// A report as a build sends it.
fn report(mark: &str) -> Value {
    json!({
        "version": 1, "software": "0.1.0", "scanned_at": "2026-11-25T12:00:00Z",
        "target": {"kind": "image", "name": format!("build-of-{mark}:1")},
        "coverage": {"status": "complete", "gaps": []}, "packages": [], "findings": [],
        "summary": {
            "total": 0, "critical": 0, "high": 0, "medium": 0, "low": 0, "unknown": 0, "known_exploited": 0,
            "fixable": 0, "cannot_judge": 0,
        },
    })
}

/// Everybody does what their role is for.
fn work(tenant: &mut Tenant, url: &str, number: u8) {
    let mark = tenant.mark;
    let people = json!({"note": format!("a guest of {mark}"), "roles": [{"role": "auditor"}]});
    tenant.make("admin", "invitations", &people, "/invitation/id");
    let role =
        json!({"name": format!("readers-of-{mark}"), "role": {"permissions": ["hosts.read"]}});
    tenant.make("admin", "roles", &role, "/name");

    let wish = json!({"note": format!("for hosts of {mark}")});
    let token = tenant.make(
        "agent_manager",
        "enrolment-tokens",
        &wish,
        "/enrolment_token/id",
    );
    let agent = ByHand::enrol(url, token["token"].as_str().unwrap(), number).unwrap();
    let (layer, document) = ByHand::layer(mark, &[("bash", "5.2.15-2")]);
    agent.put_layer(&layer, &document).unwrap();
    let image = ByHand::image(&format!("shop-of-{mark}:1"), &layer);
    let image_id = image["image"]["facts"]["id"].as_str().unwrap().to_owned();
    let told = [host(&agent, mark), image].map(|body| agent.envelope("inventory", body).unwrap());
    agent.send(&told).unwrap();
    tenant.made.push(format!("/api/v1/agents/{}", agent.id));
    for place in [
        format!("/api/v1/hosts/{}", agent.host),
        format!("/api/v1/images/{image_id}"),
    ] {
        tenant
            .made
            .extend(["/findings", "/packages", ""].map(|of| format!("{place}{of}")));
    }

    let registry = json!({"settings": {"name": format!("Images of {mark}"),
        "address": "registry.example.invalid", "scope": {"repositories": ["team/*"]}}});
    tenant.make("operator", "registries", &registry, "/id");
    let channel = json!({"name": format!("On call for {mark}"), "wants": {"events": ["findings.new"]},
        "target": {"kind": "webhook", "url": "https://hooks.example.invalid/x"}});
    tenant.make(
        "operator",
        "notifications/channels",
        &channel,
        "/channel/id",
    );
    let collection =
        json!({"name": format!("The shop of {mark}"), "parts": {"images": ["shop-*"]}});
    tenant.make("operator", "collections", &collection, "/id");

    let manager = tenant.person("vulnerability_manager");
    let path = format!("/api/v1/hosts/{}/findings", agent.host);
    manager
        .wait_for(&path, |found| {
            found["findings"][0]["vulnerability"] == "CVE-2024-10001"
        })
        .unwrap();
    let policy = json!({"form": "toml", "text": format!("version = 1\nname = \"{mark}\"\n[fail_on]\nkev = true\n")});
    manager
        .make(Method::PUT, "/api/v1/policies/ci", &policy)
        .unwrap();
    let path = format!("/api/v1/images/{image_id}/findings");
    let developer = tenant.person("developer");
    developer
        .wait_for(&path, |found| {
            found["findings"][0]["vulnerability"] == "CVE-2024-10001"
        })
        .unwrap();
    let build = tenant.person("ci");
    let policy = build.get("/api/v1/policies/ci").unwrap();
    assert!(policy.to_string().contains(mark), "{policy}");
    build
        .make(Method::POST, "/api/v1/scans", &report(mark))
        .unwrap();

    // Who did all this is in the log, each under their own role.
    let auditor = tenant.person("auditor");
    let log = auditor.get("/api/v1/audit?limit=500").unwrap();
    for (role, operation) in [
        ("admin", "create_role"),
        ("agent_manager", "create_enrolment_token"),
        ("operator", "create_registry"),
        ("vulnerability_manager", "set_policy"),
        ("ci", "upload_scan"),
    ] {
        let is_told = log["entries"].as_array().unwrap().iter().any(|entry| {
            entry["operation"] == operation && entry["actor"]["roles"] == json!([role])
        });
        assert!(is_told, "{operation} by {role}: {log}");
    }
    let chain = auditor.get("/api/v1/audit/verification").unwrap();
    assert_eq!(chain["whole"], true, "{chain}");
}

/// Nobody does what their role is not for.
fn refused(tenant: &Tenant) {
    let token = json!({});
    let policy = json!({"form": "toml", "text": "version = 1\n[fail_on]\nkev = true\n"});
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let table = [
        ("operator", &post, "/api/v1/enrolment-tokens", Some(&token)),
        ("operator", &put, "/api/v1/policies/ci", Some(&policy)),
        ("operator", &get, "/api/v1/audit", None),
        ("auditor", &post, "/api/v1/enrolment-tokens", Some(&token)),
        ("auditor", &get, "/api/v1/exports/hosts", None),
        ("vulnerability_manager", &get, "/api/v1/agents", None),
        ("vulnerability_manager", &get, "/api/v1/people", None),
        ("developer", &get, "/api/v1/hosts", None),
        ("developer", &put, "/api/v1/policies/ci", Some(&policy)),
        ("agent_manager", &get, "/api/v1/vulnerabilities", None),
        ("agent_manager", &get, "/api/v1/images", None),
        ("ci", &get, "/api/v1/hosts", None),
        ("ci", &get, "/api/v1/alerts", None),
    ];
    for (role, method, path, body) in table {
        let person = tenant.person(role);
        let answer = person.send(method.clone(), path, body).unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role} {path}");
        let problem: Value = answer.json().unwrap();
        assert_eq!(problem["type"], "/problems/forbidden", "{role} {path}");
    }
}

/// Whatever anybody of one tenant may read tells nothing of the other, and does tell of their own.
fn apart(own: &Tenant, other: &Tenant) {
    let description = own.person("admin").get("/api/v1/openapi.json").unwrap();
    let lists: Vec<&String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, item)| {
            path.starts_with("/api/v1/") && !path.contains('{') && item.get("get").is_some()
        })
        .map(|(path, _)| path)
        // A browser's way, not a document.
        .filter(|path| !path.starts_with("/api/v1/sign-in"))
        .collect();
    let mut told = Vec::new();
    for (role, person) in &own.people {
        for path in &lists {
            let question = match path.as_str() {
                "/api/v1/dead-letters" => "/api/v1/dead-letters?queue=scan",
                path => path,
            };
            let answer = person.send(Method::GET, question, None).unwrap();
            let status = answer.status();
            let expected = [StatusCode::OK, StatusCode::FORBIDDEN];
            assert!(expected.contains(&status), "{role} {path} {status}");
            let text = answer.text().unwrap();
            for word in other.words() {
                assert!(
                    !text.contains(word),
                    "{role} {path} tells of {word}: {text}"
                );
            }
            if *role == "admin" {
                assert_eq!(status, StatusCode::OK, "{path} {text}");
                if own.words().iter().any(|word| text.contains(word)) {
                    told.push(path.as_str());
                }
            }
        }
    }
    // Or the above would say nothing.
    for noun in [
        "agents",
        "audit",
        "collections",
        "enrolment-tokens",
        "hosts",
        "images",
        "invitations",
        "notifications/channels",
        "people",
        "registries",
        "roles",
        "scans",
    ] {
        let path = format!("/api/v1/{noun}");
        assert!(told.contains(&path.as_str()), "{path} of {told:?}");
    }
    let found = own.person("admin").get("/api/v1/vulnerabilities").unwrap();
    let row = &found["vulnerabilities"][0];
    assert_eq!(
        (&row["hosts"], &row["images"]),
        (&json!(1), &json!(1)),
        "{found}"
    );

    // What is the other's is not there, for whoever may do everything: neither to be read nor to be taken away.
    for path in &other.made {
        let read = own.person("admin").send(Method::GET, path, None).unwrap();
        let gone = own
            .person("admin")
            .send(Method::DELETE, path, None)
            .unwrap();
        // A path without the one or the other says so of every id.
        let absent = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        let answers = [read.status(), gone.status()];
        assert!(
            answers.iter().all(|status| absent.contains(status))
                && answers.contains(&StatusCode::NOT_FOUND),
            "{path} {answers:?}"
        );
    }
}

#[test]
fn people_of_every_role_work_in_two_tenants_that_never_see_each_other() {
    if Site::is_deployed() {
        at_hand::skipped("a deployed stack does not reach an issuer of this machine");
        return;
    }
    // The operator lets the server ask this machine, where the issuer is.
    let mut site = Site::serve_with("allowed_networks = [\"127.0.0.0/8\"]\n").unwrap();
    let url = site.url().unwrap();
    let redirect = format!("{url}/api/v1/sign-in/callback");
    let Some(issuer) = Issuer::start(&redirect).unwrap() else {
        return;
    };
    let north = site.add_tenant("north").unwrap();
    let of = |id, mark, people: Vec<Api>| Tenant {
        id,
        mark,
        people: ROLES.into_iter().zip(people).collect(),
        made: Vec::new(),
    };
    let signed_in = by_issuer(&site.api, &issuer, &redirect, &url, "aurora");
    let invited = by_invitation(&north, &url, "north", "borealis");
    let mut tenants = [
        of("default", "aurora", signed_in),
        of("north", "borealis", invited),
    ];
    for tenant in &tenants {
        for (role, person) in &tenant.people {
            let session = person.get("/api/v1/session").unwrap();
            assert_eq!(session["roles"], json!([role]), "{session}");
            assert_eq!(session["tenant"], tenant.id, "{session}");
        }
    }
    for (number, tenant) in tenants.iter_mut().enumerate() {
        // One machine that both know would have to be two hosts: so they have the same number of agents, and other ids.
        let number = u8::try_from(number).unwrap() + 1;
        work(tenant, &url, number);
    }
    for tenant in &tenants {
        refused(tenant);
    }
    let [first, second] = &tenants;
    apart(first, second);
    apart(second, first);
    // Nothing was lost by what the others tried.
    for tenant in &tenants {
        for path in tenant.made.iter().filter(|path| !path.contains("/agents/")) {
            let answer = tenant
                .person("admin")
                .send(Method::GET, path, None)
                .unwrap();
            let expected = [StatusCode::OK, StatusCode::METHOD_NOT_ALLOWED];
            assert!(expected.contains(&answer.status()), "{path}");
        }
    }
}
