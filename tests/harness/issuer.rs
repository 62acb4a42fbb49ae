//! A real issuer of OpenID Connect, and a browser of a few lines that signs in by it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use at_hand::{Need, missing};
use reqwest::{
    Url,
    blocking::{Client, RequestBuilder, Response},
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use crate::api::Api;

/// Most steps from a server to its issuer and back.
const MAX_STEPS: usize = 20;

/// The issuer's process, `oidc-provider` as `infra/dev/issuer.sh` installs it. It ends with this.
pub struct Issuer {
    /// Its address, which is also its name.
    pub address: String,
    process: Child,
    /// It would end if nobody listened any more.
    said: BufReader<ChildStdout>,
}

impl Issuer {
    /// Starts one whose only client is sent back to this address. `None`, said aloud, where it is not installed.
    ///
    /// # Errors
    /// When it is installed and does not start.
    ///
    /// # Panics
    /// When it is not installed, and required.
    pub fn start(redirect: &str) -> Result<Option<Self>> {
        let folder = match std::env::var_os("BULKHEAD_ISSUER") {
            Some(folder) => PathBuf::from(folder),
            None => {
                let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
                let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
                let cache = cache.unwrap_or_else(|| home().join(".cache"));
                cache.join("bulkhead/issuer")
            }
        };
        if !folder.join("node_modules/oidc-provider").exists() {
            let why = format!("no issuer in {folder:?}; infra/dev/issuer.sh installs it");
            missing(Need::Issuer, &why);
            return Ok(None);
        }
        let mut process = Command::new("node")
            .args(["issuer.mjs", redirect])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start the issuer with node")?;
        let said = process.stdout.take().context("what the issuer says")?;
        let mut issuer = Self {
            address: String::new(),
            process,
            said: BufReader::new(said),
        };
        // What it says of itself beside its address goes before it.
        let mut line = String::new();
        while issuer.said.read_line(&mut line)? > 0 {
            if line.starts_with("http") {
                line.trim().clone_into(&mut issuer.address);
                return Ok(Some(issuer));
            }
            line.clear();
        }
        bail!("the issuer ended before it said where it is")
    }

    /// Signs somebody of these groups in to a server by the identity provider of this id, as a browser does.
    ///
    /// # Errors
    /// When anybody on the way refuses; the error holds the page.
    pub fn sign_in(
        &self,
        server: &str,
        provider: &str,
        name: &str,
        groups: &[&str],
    ) -> Result<Api> {
        let mut browser = Browser::new()?;
        let join = format!("{}/test/{name}/{}", self.address, groups.join(","));
        let joined = browser.get(&join)?;
        ensure!(joined.status().is_success(), "{join}: {}", joined.status());
        let mut at: Url = format!("{server}/api/v1/sign-in/{provider}").parse()?;
        let mut page = browser.get(at.as_str())?;
        for _ in 0..MAX_STEPS {
            let next = page.headers().get(LOCATION).cloned();
            if let Some(next) = next {
                at = at.join(next.to_str()?)?;
                page = browser.get(at.as_str())?;
                continue;
            }
            let status = page.status();
            let text = page.text()?;
            ensure!(status.is_success(), "{at}: {status} {text}");
            if at.as_str().starts_with(server) {
                return Api::with_cookies(server, &browser.cookies());
            }
            let form: &[(&str, &str)] = if text.contains(r#"value="login""#) {
                &[("prompt", "login"), ("login", name), ("password", "x")]
            } else {
                &[("prompt", "consent")]
            };
            let post = browser.client.post(at.as_str()).form(form);
            page = browser.ask(post)?;
        }
        bail!("the issuer goes round and round at {at}")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // One that ended already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Cookies of one host, whatever their port and path.
struct Browser {
    client: Client,
    kept: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Result<Self> {
        // The client needs a provider of cryptography even where it speaks plain HTTP; set already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self {
            client,
            kept: BTreeMap::new(),
        })
    }

    fn cookies(&self) -> String {
        let pairs = self.kept.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn get(&mut self, url: &str) -> Result<Response> {
        self.ask(self.client.get(url))
    }

    fn ask(&mut self, request: RequestBuilder) -> Result<Response> {
        let answer = request.header(COOKIE, self.cookies()).send()?;
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str()?;
            let (pair, _) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            if value.is_empty() {
                self.kept.remove(name);
            } else {
                self.kept.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}
