//! Signing in by a real issuer, `oidc-provider`, in a browser of a few lines.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::SystemTime,
};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use platform::EmbeddedOptions;
use serde_json::{Value, json};
use sources::http::{Http, HttpOptions, HttpReply, HttpRequest};

use crate::house::{Answer, House};

const CALLBACK: &str = "/api/v1/sign-in/callback";
const REDIRECT: &str = "http://127.0.0.1:9/api/v1/sign-in/callback";

/// The issuer's process. It ends with its input.
struct Issuer {
    name: String,
    _process: Ended,
    // It ends when nobody can hear it any more.
    _said: BufReader<ChildStdout>,
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Issuer {
    /// `None`, said aloud, where it is not installed.
    fn start() -> Option<Self> {
        let folder = std::env::var_os("BULKHEAD_ISSUER").map_or_else(
            || {
                let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
                let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
                let cache = cache.unwrap_or_else(|| home().join(".cache"));
                cache.join("bulkhead/issuer")
            },
            PathBuf::from,
        );
        if !folder.join("node_modules/oidc-provider").exists() {
            let why = format!("no issuer in {folder:?}; infra/dev/issuer.sh installs it");
            at_hand::missing(at_hand::Need::Issuer, &why);
            return None;
        }
        let mut process = Command::new("node")
            .args(["issuer.mjs", REDIRECT])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut name = String::new();
        let said = process.stdout.take().unwrap();
        let mut said = BufReader::new(said);
        // What it says of itself beside its address goes before it.
        while !name.starts_with("http") {
            name.clear();
            assert!(said.read_line(&mut name).unwrap() > 0, "the issuer ended");
        }
        Some(Self {
            name: name.trim().to_owned(),
            _process: Ended(process),
            _said: said,
        })
    }
}

/// Cookies of one site, whatever their path.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn keep<'a>(&mut self, set: impl Iterator<Item = &'a str>) {
        for cookie in set {
            let (pair, _) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn cookies(&self) -> String {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    async fn ask(&mut self, http: &Http, method: &str, url: &str, form: &str) -> HttpReply {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let request = HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![
                ("cookie".to_owned(), self.cookies()),
                ("content-type".to_owned(), kind),
            ],
            body: form.as_bytes().to_vec(),
        };
        let reply = http.send(request, 1 << 20).await.unwrap();
        let set = reply
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        self.keep(set.map(|(_, value)| value.as_str()));
        reply
    }

    /// Signs in at the issuer as somebody in some groups, `NAME=GROUP,GROUP`, and returns the path and query that it sends the browser back with.
    async fn sign_in(&mut self, issuer: &str, url: &str, who: &str) -> String {
        let http = Http::new(&HttpOptions {
            redirects: false,
            ..HttpOptions::default()
        });
        let http = http.unwrap();
        let (name, groups) = who.split_once('=').unwrap();
        let join = format!("{issuer}/test/{name}/{groups}");
        assert_eq!(self.ask(&http, "GET", &join, "").await.status, 200);
        let mut reply = self.ask(&http, "GET", url, "").await;
        let mut at = url.to_owned();
        for _ in 0..20 {
            if let Some(next) = reply.header("location") {
                if let Some(rest) = next.strip_prefix(REDIRECT) {
                    return format!("{CALLBACK}{rest}");
                }
                at = match next.strip_prefix('/') {
                    Some(path) => format!("{issuer}/{path}"),
                    None => next.to_owned(),
                };
                reply = self.ask(&http, "GET", &at, "").await;
            } else {
                let page = String::from_utf8_lossy(&reply.body).into_owned();
                let form = match page.contains(r#"value="login""#) {
                    true => format!("prompt=login&login={name}&password=x"),
                    false => "prompt=consent".to_owned(),
                };
                assert_eq!(reply.status, 200, "{page}");
                reply = self.ask(&http, "POST", &at, &form).await;
            }
        }
        panic!("the issuer goes round and round at {at}");
    }
}

async fn house() -> House {
    // The issuer has the clock of this machine.
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = u64::try_from(now).unwrap();
    let house = House::at(now, EmbeddedOptions::default()).await;
    house.asking_this_machine().await
}

fn provider(issuer: &str) -> Value {
    json!({"name": "Test", "issuer": issuer, "client_id": "bulkhead",
        "client_secret": "issuer-secret-of-the-test", "redirect_uri": REDIRECT, "scopes": ["email", "groups"],
        "groups": [{"group": "sec", "roles": [{"role": "vulnerability_manager"}]},
            {"group": "ops", "roles": [{"role": "operator"}]}]})
}

async fn set(house: &House, token: &str, body: Value, if_match: Option<&str>) -> Answer {
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/api/v1/identity-providers/test")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let request = if_match
        .into_iter()
        .fold(request, |request, tag| request.header("if-match", tag));
    let request = request.body(Body::from(body.to_string())).unwrap();
    house.send(request).await
}

async fn get(house: &House, path: &str, cookies: &str) -> Answer {
    let request = Request::builder().uri(path).header("cookie", cookies);
    house.send(request.body(Body::empty()).unwrap()).await
}

/// Begins a sign-in: where the browser is sent, and the cookie that ends it.
async fn begin(house: &House) -> (String, String) {
    let sent = get(house, "/api/v1/sign-in/test", "").await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let cookie = sent.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{cookie}"
    );
    let (cookie, _) = cookie.split_once(';').unwrap();
    let location = sent.headers[header::LOCATION].to_str().unwrap();
    assert!(
        location.contains("code_challenge_method=S256"),
        "{location}"
    );
    (location.to_owned(), cookie.to_owned())
}

/// The cookies that an answer sets.
fn cookies(answer: &Answer) -> impl Iterator<Item = &str> {
    let all = answer.headers.get_all(header::SET_COOKIE).iter();
    all.map(|value| value.to_str().unwrap())
}

/// The session that a sign-in began, as its browser sends it.
fn session(answer: &Answer) -> String {
    let cookie = cookies(answer).find(|cookie| cookie.starts_with("__Host-bulkhead="));
    cookie.unwrap().split_once(';').unwrap().0.to_owned()
}

/// Signs somebody in, from the beginning to the end.
async fn sign_in(house: &House, issuer: &str, who: &str) -> Answer {
    let (location, cookie) = begin(house).await;
    let back = Browser::default().sign_in(issuer, &location, who).await;
    get(house, &back, &cookie).await
}

#[tokio::test]
async fn people_sign_in_by_a_real_issuer_and_their_roles_follow_their_groups() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    let house = house().await;
    let admin = house.admin().await;
    let made = set(&house, &admin, provider(&issuer.name), None).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert!(!made.body.to_string().contains("issuer-secret"), "{made:?}");
    let ways = get(&house, "/api/v1/sign-in", "").await;
    assert_eq!(
        ways.body["identity_providers"],
        json!([{"id": "test", "name": "Test"}])
    );

    let first = sign_in(&house, &issuer.name, "ann=sec,other").await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.body["roles"], json!(["vulnerability_manager"]));
    let session = session(&first);
    let policy = get(&house, "/api/v1/policies/ci", &session).await;
    assert_eq!(policy.status, 404, "{policy:?}");
    let agents = get(&house, "/api/v1/agents", &session).await;
    assert!(agents.is(403, "forbidden"), "{agents:?}");

    // The same person, who moved to another group: the former session follows at once.
    let second = sign_in(&house, &issuer.name, "ann=ops").await;
    assert_eq!(second.body["user"], first.body["user"]);
    assert_eq!(second.body["roles"], json!(["operator"]));
    let agents = get(&house, "/api/v1/agents", &session).await;
    assert_eq!(agents.status, 200, "{agents:?}");
    let other = sign_in(&house, &issuer.name, "bob=sec").await;
    assert_ne!(other.body["user"], first.body["user"]);
    // Nobody has a password, and being known is not enough.
    let login = first.body["user"].as_str().unwrap();
    let password = house
        .sign_in("default", login, "correct horse battery")
        .await;
    assert!(password.is(401, "bad-credentials"), "{password:?}");
    let nobody = sign_in(&house, &issuer.name, "eve=none").await;
    assert!(nobody.is(403, "forbidden"), "{nobody:?}");
    // No password is given to whom another service knows.
    let path = format!("/api/v1/people/{login}/password");
    let reset = house.ask(Method::POST, &path, Some(&admin), None).await;
    assert!(reset.is(409, "conflict"), "{reset:?}");
    // The log says who came, who came with other roles, and who was not let in.
    let told = house
        .get("/api/v1/audit?operation=finish_sign_in", &admin)
        .await;
    let told = told.body["entries"].as_array().unwrap().clone();
    let of = |outcome: &str| {
        let is = |entry: &&Value| entry["outcome"] == outcome;
        told.iter().filter(is).cloned().collect::<Vec<_>>()
    };
    let mut hers = of("done");
    hers.retain(|entry| entry["target"]["id"] == login);
    assert_eq!(hers.len(), 2, "{told:?}");
    let became = |role: &str| {
        let is = |entry: &&Value| entry["after"]["roles"][0]["role"] == role;
        hers.iter()
            .find(is)
            .unwrap_or_else(|| panic!("{role} {told:?}"))
    };
    assert_eq!(became("vulnerability_manager").get("before"), None);
    let moved = &became("operator")["before"]["roles"][0]["role"];
    assert_eq!(*moved, "vulnerability_manager");
    assert_eq!(of("refused").len(), 1, "{told:?}");

    // Only verified addresses of the named domains, and a default role.
    let tag = made.headers["etag"].to_str().unwrap();
    let mut narrower = provider(&issuer.name);
    narrower.as_object_mut().unwrap().remove("client_secret");
    narrower["email_domains"] = json!(["example.org"]);
    narrower["default_roles"] = json!([{"role": "developer"}]);
    let set_again = set(&house, &admin, narrower.clone(), Some(tag)).await;
    assert_eq!(set_again.body["has_client_secret"], true, "{set_again:?}");
    let stale = set(&house, &admin, narrower.clone(), Some(tag)).await;
    assert!(stale.is(412, "precondition-failed"), "{stale:?}");
    let eve = sign_in(&house, &issuer.name, "eve=none").await;
    assert_eq!(eve.body["roles"], json!(["developer"]), "{eve:?}");
    let unverified = sign_in(&house, &issuer.name, "unverified=sec").await;
    assert!(unverified.is(403, "forbidden"), "{unverified:?}");
}

#[tokio::test]
async fn a_browser_that_shows_pages_is_led_on_to_the_portal_with_its_session() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    let house = house().await;
    let admin = house.admin().await;
    set(&house, &admin, provider(&issuer.name), None).await;
    let (location, cookie) = begin(&house).await;
    let mut browser = Browser::default();
    let back = browser.sign_in(&issuer.name, &location, "ann=sec").await;
    // As browsers ask for a page.
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let request = Request::builder()
        .uri(&back)
        .header("cookie", &cookie)
        .header("accept", accept);
    let led = house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(led.status, 303, "{led:?}");
    assert_eq!(led.headers[header::LOCATION], "/");
    assert!(!led.headers.contains_key(header::CONTENT_TYPE), "{led:?}");
    let caller = get(&house, "/api/v1/session", &session(&led)).await;
    assert_eq!(caller.body["roles"], json!(["vulnerability_manager"]));
}

#[tokio::test]
async fn a_sign_in_is_ended_once_by_the_browser_that_began_it() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    let house = house().await;
    let admin = house.admin().await;
    let made = set(&house, &admin, provider(&issuer.name), None).await;
    assert_eq!(made.status, 200, "{made:?}");
    let refused = |answer: &Answer, why: &str| {
        assert!(answer.is(401, "bad-sign-in"), "{answer:?}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(why), "{detail}");
    };
    let (location, cookie) = begin(&house).await;
    let back = Browser::default()
        .sign_in(&issuer.name, &location, "ann=sec")
        .await;
    // Somebody else's browser, with no sign-in or another one.
    refused(&get(&house, &back, "").await, "began no sign-in");
    let (_, other) = begin(&house).await;
    refused(&get(&house, &back, &other).await, "state");
    let mut altered = cookie.clone().into_bytes();
    let last = altered.len() - 1;
    altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    refused(&get(&house, &back, &altered).await, "began no sign-in");
    // The answer of another service, and one that says no.
    let mixed = back.replace("&iss=http", "&iss=https");
    refused(&get(&house, &mixed, &cookie).await, "iss");
    let state = back
        .split(['?', '&'])
        .find(|part| part.starts_with("state="))
        .unwrap();
    let denied = format!("{CALLBACK}?error=access_denied&{state}");
    refused(&get(&house, &denied, &cookie).await, "access_denied");
    refused(
        &get(&house, &format!("{CALLBACK}?{state}"), &cookie).await,
        "no code",
    );
    let done = get(&house, &back, &cookie).await;
    assert_eq!(done.status, 200, "{done:?}");
    let ended = |set: &&str| set.starts_with("bulkhead-sign-in=; ") && set.contains("Max-Age=0");
    assert_eq!(cookies(&done).filter(ended).count(), 1, "{done:?}");
    refused(&get(&house, &back, &cookie).await, "ended before");
    // Who takes too long begins again.
    let (location, cookie) = begin(&house).await;
    let back = Browser::default()
        .sign_in(&issuer.name, &location, "ann=sec")
        .await;
    house.clock.advance_ms(600_000);
    refused(&get(&house, &back, &cookie).await, "10 minutes");
}

#[tokio::test]
async fn what_is_set_of_a_service_is_checked() {
    let house = House::new().await;
    let admin = house.admin().await;
    let issuer = "https://issuer.example";
    for (name, value) in [
        ("issuer", json!("https://127.0.0.1")),
        ("issuer", json!("http://issuer.example")),
        ("issuer", json!("issuer")),
        ("redirect_uri", json!("https://server.example/elsewhere")),
        (
            "redirect_uri",
            json!("http://server.example/api/v1/sign-in/callback"),
        ),
        (
            "redirect_uri",
            json!("http://127.0.0.1.example.org/api/v1/sign-in/callback"),
        ),
        (
            "redirect_uri",
            json!("http://localhost:1@e.example/api/v1/sign-in/callback"),
        ),
        ("scopes", json!(["a b"])),
        ("email_domains", json!(["@example.org"])),
        ("name", json!("")),
        ("client_id", json!("\u{7}")),
        ("client_secret", json!("x".repeat(1025))),
    ] {
        let mut body = provider(issuer);
        body[name] = value;
        let refused = set(&house, &admin, body.clone(), None).await;
        assert!(refused.is(400, "bad-request"), "{body} {refused:?}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(name),
            "{refused:?}"
        );
    }
    let made = set(&house, &admin, provider(issuer), None).await;
    assert_eq!(made.status, 200, "{made:?}");
    // The secret is never told to another issuer.
    let mut moved = provider("https://other.example");
    moved.as_object_mut().unwrap().remove("client_secret");
    let tag = made.headers["etag"].to_str().unwrap();
    let moved = set(&house, &admin, moved, Some(tag)).await;
    assert_eq!(moved.body["has_client_secret"], false, "{moved:?}");
    let path = "/api/v1/identity-providers/test";
    let gone = house.ask(Method::DELETE, path, Some(&admin), None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let none = get(&house, "/api/v1/sign-in/test", "").await;
    assert!(none.is(404, "not-found"), "{none:?}");
}

#[tokio::test]
async fn a_cookie_that_a_site_beside_this_one_can_set_ends_no_sign_in() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    let house = house().await;
    let admin = house.admin().await;
    let mut body = provider(&issuer.name);
    body["redirect_uri"] = json!("https://portal.example/api/v1/sign-in/callback");
    let made = set(&house, &admin, body, None).await;
    assert_eq!(made.status, 200, "{made:?}");
    let sent = get(&house, "/api/v1/sign-in/test", "").await;
    let cookie = cookies(&sent).next().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    let (cookie, _) = cookie.split_once(';').unwrap();
    let value = cookie.strip_prefix("__Host-").unwrap();
    let path = format!("{CALLBACK}?state=x&code=y");
    let planted = get(&house, &path, value).await;
    let why = |answer: &Answer| answer.body["detail"].as_str().unwrap().to_owned();
    assert!(planted.is(401, "bad-sign-in"), "{planted:?}");
    assert!(why(&planted).contains("began no sign-in"), "{planted:?}");
    // The browser's own is looked at before any other.
    let both = get(&house, &path, &format!("{value}; {cookie}")).await;
    assert!(why(&both).contains("another sign-in"), "{both:?}");
}
