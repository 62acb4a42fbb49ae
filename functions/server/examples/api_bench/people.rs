//! Who asks: people of several roles, one of them limited to some images, a script with an API key, and a registry.

use std::{fs, net::SocketAddr, path::Path};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::handshake,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::spawn_local};

use crate::{Failure, load::Question};

const PASSWORD: &str = "correct horse battery staple";
/// Rows of a page, as many as people are shown at once.
const ROWS: usize = 50;
/// Things of each kind that are opened.
const OPENED: usize = 200;

/// Whoever asks, and what there is to open.
pub(crate) struct People {
    /// Tokens of those who see all images and hosts.
    tokens: Vec<String>,
    /// The token of somebody who is limited to some images.
    limited: String,
    admin: String,
    vulnerabilities: Vec<String>,
    images: Vec<String>,
    hosts: Vec<String>,
    /// Where the second page of the ranked view begins.
    cursor: String,
}

impl People {
    /// Lets people in, signs them in, and looks at what there is.
    pub(crate) async fn sign_in(server: SocketAddr, folder: &Path) -> Result<Self, Failure> {
        let setup: Value = serde_json::from_slice(&fs::read(folder.join("setup.json"))?)?;
        let one_time = text(&setup, "/one_time_password")?;
        let admin = match session(server, "admin", PASSWORD).await {
            Ok(admin) => admin,
            Err(_) => {
                let first = session(server, "admin", one_time).await?;
                let change = json!({"current": one_time, "new": PASSWORD});
                post(server, "/api/v1/session/password", &first, &change).await?;
                session(server, "admin", PASSWORD).await?
            }
        };
        let collection =
            json!({"name": "Some teams", "parts": {"images": ["registry.example.com/team-1*/**"]}});
        let collection = post(server, "/api/v1/collections", &admin, &collection).await?;
        let collection = text(&collection, "/id")?;
        let manager = json!({"role": "vulnerability_manager"});
        let few = json!({"role": "vulnerability_manager", "collections": [collection]});
        let roles = [
            ("manager", manager),
            ("auditor", json!({"role": "auditor"})),
            ("operator", json!({"role": "operator"})),
        ];
        let mut tokens = vec![admin.clone()];
        for (name, role) in roles {
            tokens.push(invited(server, &admin, name, &role).await?);
        }
        let limited = invited(server, &admin, "limited", &few).await?;
        let key = json!({"note": "bench", "roles": [{"role": "auditor"}]});
        let key = post(server, "/api/v1/api-keys", &admin, &key).await?;
        tokens.push(text(&key, "/key")?.to_owned());

        let ids = async |noun: &str| -> Result<(Vec<String>, Value), Failure> {
            let list = get(server, &format!("/api/v1/{noun}?limit={OPENED}"), &admin).await?;
            let rows = list[noun].as_array().ok_or("no list")?;
            let ids = rows.iter().map(|row| text(row, "/id").map(str::to_owned));
            Ok((ids.collect::<Result<_, _>>()?, list))
        };
        let (vulnerabilities, _) = ids("vulnerabilities").await?;
        let (images, _) = ids("images").await?;
        let (hosts, _) = ids("hosts").await?;
        let first = format!("/api/v1/vulnerabilities?limit={ROWS}");
        let first = get(server, &first, &admin).await?;
        Ok(Self {
            tokens,
            limited,
            admin,
            vulnerabilities,
            images,
            hosts,
            cursor: text(&first, "/next_cursor")?.to_owned(),
        })
    }

    /// Lists and the ranked view: their beginnings, a page further on, filtered and searched.
    pub(crate) fn lists(&self) -> Vec<Question> {
        let ranked = format!("/api/v1/vulnerabilities?limit={ROWS}");
        let of_all = [
            ("ranked: the first page", ranked.clone()),
            (
                "ranked: the next page",
                format!("{ranked}&cursor={}", self.cursor),
            ),
            (
                "ranked: of some severities",
                format!("{ranked}&severity=high,critical"),
            ),
            ("ranked: searched", format!("{ranked}&search=CVE-2026-11")),
            (
                "images: the first page",
                format!("/api/v1/images?limit={ROWS}"),
            ),
            (
                "images: searched",
                format!("/api/v1/images?limit={ROWS}&search=team-07"),
            ),
            (
                "hosts: the first page",
                format!("/api/v1/hosts?limit={ROWS}"),
            ),
        ];
        let mut questions = Vec::new();
        for token in &self.tokens {
            let all = of_all.iter();
            questions.extend(all.map(|(kind, path)| Question::get(kind, path, token)));
        }
        let limited = ["vulnerabilities", "images"];
        questions.extend(limited.map(|noun| {
            let path = format!("/api/v1/{noun}?limit={ROWS}");
            Question::get("by who sees some images alone", path, &self.limited)
        }));
        questions
    }

    /// Lists, and what people open from them.
    pub(crate) fn mixed_reads(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut tokens = self.tokens.iter().cycle();
        let mut ask = |kind, path: String| {
            if let Some(token) = tokens.next() {
                questions.push(Question::get(kind, path, token));
            }
        };
        for id in &self.vulnerabilities {
            ask("a vulnerability", format!("/api/v1/vulnerabilities/{id}"));
        }
        for (noun, ids) in [("images", &self.images), ("hosts", &self.hosts)] {
            for id in ids {
                ask("an image or host", format!("/api/v1/{noun}/{id}"));
                ask(
                    "its findings",
                    format!("/api/v1/{noun}/{id}/findings?limit={ROWS}"),
                );
            }
        }
        for _ in 0..OPENED / 2 {
            ask("the session", "/api/v1/session".to_owned());
            ask("feeds", "/api/v1/feeds".to_owned());
        }
        let lists = self.lists();
        let count = questions.len();
        // As many lists as things that are opened from them.
        questions.extend(lists.into_iter().cycle().take(count));
        questions
    }

    /// Sets a registry up whose webhook is measured.
    pub(crate) async fn webhook(&self, server: SocketAddr) -> Result<Webhook, Failure> {
        // Nobody answers there, so what is queued fails at once, and is tried again later.
        let settings = json!({"settings": {"name": "bench", "address": "127.0.0.1:9", "scope": {"repositories": ["team/*"]}}});
        let made = post(server, "/api/v1/registries", &self.admin, &settings).await?;
        let path = format!("/api/v1/registries/{}/webhook-secret", text(&made, "/id")?);
        let made = post(server, &path, &self.admin, &json!({})).await?;
        Ok(Webhook {
            path: text(&made, "/path")?.replace("FORMAT", "distribution"),
            secret: text(&made, "/secret")?.to_owned(),
        })
    }
}

/// A registry's webhook.
pub(crate) struct Webhook {
    path: String,
    secret: String,
}

impl Webhook {
    /// A delivery that tells of one push, another for each number.
    pub(crate) fn delivery(&self, number: usize) -> Question {
        let body = json!({"events": [{
            "id": format!("{number}"), "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "repository": "team/app",
                "digest": format!("sha256:{number:064x}"), "tag": format!("v{number}"),
            },
        }]});
        Question {
            kind: "a delivery, until it is queued",
            method: Method::POST,
            path: self.path.clone(),
            authorization: format!("Bearer {}", self.secret),
            body: Bytes::from(body.to_string()),
        }
    }
}

async fn invited(
    server: SocketAddr,
    admin: &str,
    name: &str,
    role: &Value,
) -> Result<String, Failure> {
    // A later run on the same estate meets them there.
    if let Ok(token) = session(server, name, PASSWORD).await {
        return Ok(token);
    }
    let made = post(
        server,
        "/api/v1/invitations",
        admin,
        &json!({"roles": [role]}),
    )
    .await?;
    let accept = json!({"token": made["token"], "login": name, "password": PASSWORD});
    post(server, "/api/v1/invitations/accept", admin, &accept).await?;
    session(server, name, PASSWORD).await
}

async fn session(server: SocketAddr, login: &str, password: &str) -> Result<String, Failure> {
    let body = json!({"login": login, "password": password});
    let made = post(server, "/api/v1/session", "", &body).await?;
    Ok(text(&made, "/token")?.to_owned())
}

async fn get(server: SocketAddr, path: &str, token: &str) -> Result<Value, Failure> {
    once(server, Method::GET, path, token, Bytes::new()).await
}

async fn post(server: SocketAddr, path: &str, token: &str, body: &Value) -> Result<Value, Failure> {
    let body = Bytes::from(body.to_string());
    once(server, Method::POST, path, token, body).await
}

async fn once(
    server: SocketAddr,
    method: Method,
    path: &str,
    token: &str,
    body: Bytes,
) -> Result<Value, Failure> {
    let stream = TcpStream::connect(server).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = spawn_local(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, server.to_string())
        .header(CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = sender.send_request(request.body(Full::new(body))?).await?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await?.to_bytes();
    connection.abort();
    if !status.is_success() {
        let said = String::from_utf8_lossy(&bytes);
        return Err(format!("{path}: {status} {said}").into());
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, Failure> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.ok_or_else(|| format!("no {pointer} in {value}").into())
}
