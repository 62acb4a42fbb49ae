//! A person's view of the API, over HTTP.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use reqwest::{
    Method,
    blocking::{Client, Response},
};
use serde_json::{Value, json};

/// How long the pipeline may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A signed-in person.
pub struct Api {
    client: Client,
    server: String,
    token: String,
    /// What a browser sends instead of a token.
    cookies: Option<String>,
}

impl Api {
    /// Uses a token that was given.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn with_token(server: &str, token: &str) -> Result<Self> {
        // The client needs a provider of cryptography even where it speaks plain HTTP; set already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self {
            client,
            server: server.to_owned(),
            token: token.to_owned(),
            cookies: None,
        })
    }

    /// Uses the cookies of a browser that signed in.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn with_cookies(server: &str, cookies: &str) -> Result<Self> {
        Ok(Self {
            cookies: Some(cookies.to_owned()),
            ..Self::with_token(server, "")?
        })
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn sign_in(server: &str, user: &str, password: &str) -> Result<Self> {
        Self::sign_in_to(server, None, user, password)
    }

    /// Signs in to a tenant; to the first one without.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn sign_in_to(
        server: &str,
        tenant: Option<&str>,
        user: &str,
        password: &str,
    ) -> Result<Self> {
        let mut api = Self::with_token(server, "")?;
        let mut body = json!({"login": user, "password": password});
        if let Some(tenant) = tenant {
            body["tenant"] = json!(tenant);
        }
        api.token = token(api.post("/api/v1/session", &body)?)?;
        Ok(api)
    }

    /// The token of the session.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Signs in with a one-time password, which must be changed first, and then with the new one.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn first_sign_in(
        server: &str,
        tenant: Option<&str>,
        user: &str,
        one_time: &str,
        password: &str,
    ) -> Result<Self> {
        let api = Self::sign_in_to(server, tenant, user, one_time)?;
        let change = json!({"current": one_time, "new": password});
        let changed = api.post("/api/v1/session/password", &change)?;
        if !changed.status().is_success() {
            bail!("the password was not changed: {}", changed.text()?);
        }
        Self::sign_in_to(server, tenant, user, password)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.server));
        let mut request = match &self.cookies {
            Some(cookies) => request
                .header("cookie", cookies)
                .header("bulkhead-csrf", "1"),
            None => request.bearer_auth(&self.token),
        };
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().with_context(|| path.to_owned())
    }

    /// Posts a body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn post(&self, path: &str, body: &Value) -> Result<Response> {
        self.send(Method::POST, path, Some(body))
    }

    /// Has something made, and returns the answer.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub fn make(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let response = self.send(method, path, Some(body))?;
        let status = response.status();
        let text = response.text()?;
        if !status.is_success() {
            bail!("{path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub fn get(&self, path: &str) -> Result<Value> {
        let response = self.send(Method::GET, path, None)?;
        let status = response.status();
        let text = response.text()?;
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Reads a document again and again until it is as wanted.
    ///
    /// # Errors
    /// When it does not become so in time; the error holds the last answer.
    pub fn wait_for(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            match answer {
                Ok(answer) if wanted(&answer) => return Ok(answer),
                answer if Instant::now() > deadline => {
                    bail!("{path} did not become what was awaited: {answer:?}")
                }
                _ => thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

fn token(response: Response) -> Result<String> {
    let status = response.status();
    let body: Value = response.json()?;
    body["token"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no token: {status} {body}"))
}
