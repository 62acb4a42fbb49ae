//! Credentials for registries: from the files that Docker, Podman and Kubernetes keep, and from credential helpers.
//!
//! Sources: Docker's `config.json` (docker/cli, `cli/config/configfile`), the credential helper protocol
//! (docker/docker-credential-helpers), and `containers-auth.json(5)` of the containers project.
//!
//! What clouds hand out fits in: Amazon ECR by `docker-credential-ecr-login` or the user `AWS` with the password of
//! `aws ecr get-login-password`; Azure by the identity token that `az acr login` stores, or the user
//! `00000000-0000-0000-0000-000000000000` with a token; Google by `docker-credential-gcloud`, or the users `_json_key`
//! with a key file and `oauth2accesstoken` with an access token.

use std::{
    collections::BTreeMap, ffi::OsString, fmt, io, path::PathBuf, process::Stdio, time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Reference;

/// Largest file of credentials.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Largest answer of a helper.
const MAX_ANSWER_BYTES: u64 = 256 << 10;
/// How long a helper may take: some ask a person, but not in a build.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);
/// The user name by which a helper says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";
/// What helpers say when they know nothing, on standard output.
const NOT_FOUND: &str = "credentials not found";

/// How to sign in to a registry. Secrets are never shown.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    Anonymous,
    /// By name and password, or what a cloud gives out in their stead.
    Password {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
    /// By a refresh token (`identitytoken`), exchanged for an access token by OAuth 2.
    Identity(SecretString),
    /// By a token that the registry takes as it is (`registrytoken`).
    Token(SecretString),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password",
            Self::Identity(_) => "Identity",
            Self::Token(_) => "Token",
        })
    }
}

/// Why credentials could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A file is there and cannot be read.
    #[error("read {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not of its form. What is wrong is not told in detail: it would show secrets.
    #[error("{path} is not of the form of Docker's config.json (line {line})")]
    Form {
        /// The file.
        path: String,
        /// Where it goes wrong.
        line: usize,
    },
    /// An entry of a file is not of its form.
    #[error(
        "{path} is not of the form of Docker's config.json: an `auth` is not USER:PASSWORD in base64"
    )]
    Entry {
        /// The file.
        path: String,
    },
    /// The name of a helper could run something else.
    #[error("`{0}` is no name of a credential helper")]
    HelperName(String),
    /// A helper cannot be run.
    #[error("run {helper}")]
    Helper {
        /// The program.
        helper: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A helper failed.
    #[error("{helper} failed: {said}")]
    HelperFailed {
        /// The program.
        helper: String,
        /// What it said.
        said: String,
    },
    /// A helper took too long.
    #[error("{helper} gave no answer within {seconds} seconds")]
    HelperSlow {
        /// The program.
        helper: String,
        /// How long was waited.
        seconds: u64,
    },
    /// A helper's answer is not of its form.
    #[error("{helper} gives no answer of the helpers' form")]
    HelperAnswer {
        /// The program.
        helper: String,
    },
}

/// Files of credentials, the first that knows a registry decides.
#[derive(Clone, Debug, Default)]
pub struct CredentialFiles {
    /// The files, in their order.
    pub files: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default, rename = "identitytoken")]
    identity: Option<String>,
    #[serde(default, rename = "registrytoken")]
    token: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

impl CredentialFiles {
    /// The files that Docker and Podman would look into, by the variables of the environment.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = folder("HOME").or_else(|| folder("USERPROFILE"));
        let within = |folder: Option<PathBuf>, file: &str| folder.map(|folder| folder.join(file));
        let files = [
            folder("REGISTRY_AUTH_FILE"),
            within(
                folder("DOCKER_CONFIG").or_else(|| within(home.clone(), ".docker")),
                "config.json",
            ),
            within(folder("XDG_RUNTIME_DIR"), "containers/auth.json"),
            within(
                folder("XDG_CONFIG_HOME").or_else(|| within(home, ".config")),
                "containers/auth.json",
            ),
        ];
        Self {
            files: files.into_iter().flatten().collect(),
        }
    }

    /// The credentials for an image; anonymous when no file knows its registry.
    ///
    /// # Errors
    /// When a file or a helper that would decide cannot be used: going on without it would look like a refusal.
    pub async fn find(&self, reference: &Reference) -> Result<Credentials, CredentialError> {
        for path in &self.files {
            let Some(file) = read(path)? else { continue };
            if let Some(found) = file.find(reference, path).await? {
                return Ok(found);
            }
        }
        Ok(Credentials::Anonymous)
    }
}

fn read(path: &PathBuf) -> Result<Option<File>, CredentialError> {
    let failed = |source| CredentialError::File {
        path: path.display().to_string(),
        source,
    };
    let bytes = match std::fs::File::open(path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE_BYTES), &mut bytes)
                .map_err(failed)?;
            bytes
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    match serde_json::from_slice(&bytes) {
        Ok(file) => Ok(Some(file)),
        Err(error) => Err(CredentialError::Form {
            path: path.display().to_string(),
            line: error.line(),
        }),
    }
}

impl File {
    async fn find(
        &self,
        reference: &Reference,
        path: &std::path::Path,
    ) -> Result<Option<Credentials>, CredentialError> {
        let servers = servers(reference);
        let helper = servers
            .iter()
            .find_map(|server| self.helpers.get(server).map(|helper| (helper, server)));
        if let Some((helper, server)) = helper {
            return ask(helper, server).await;
        }
        if let Some(store) = self.store.as_ref().filter(|store| !store.is_empty()) {
            for server in servers
                .iter()
                .filter(|server| !is_namespace(server, reference))
            {
                let known = self.auths.is_empty() || self.auths.contains_key(server);
                if known && let Some(found) = ask(store, server).await? {
                    return Ok(Some(found));
                }
            }
        }
        for server in &servers {
            if let Some(entry) = self.auths.get(server)
                && let Some(found) = entry.credentials(path)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

impl Entry {
    fn credentials(&self, path: &std::path::Path) -> Result<Option<Credentials>, CredentialError> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = some(&self.token) {
            return Ok(Some(Credentials::Token(token.into())));
        }
        if let Some(token) = some(&self.identity) {
            return Ok(Some(Credentials::Identity(token.into())));
        }
        if let Some(auth) = some(&self.auth) {
            let plain = STANDARD
                .decode(auth.trim())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            let parts = plain.as_deref().and_then(|text| text.split_once(':'));
            let (user, password) = parts.ok_or_else(|| CredentialError::Entry {
                path: path.display().to_string(),
            })?;
            return Ok(Some(Credentials::Password {
                user: user.to_owned(),
                password: password.trim_end_matches('\0').to_owned().into(),
            }));
        }
        Ok(match (some(&self.username), some(&self.password)) {
            (Some(user), Some(password)) => Some(Credentials::Password {
                user,
                password: password.into(),
            }),
            _ => None,
        })
    }
}

/// The names under which files keep a registry's credentials, the most specific first.
fn servers(reference: &Reference) -> Vec<String> {
    let host = reference.host();
    let mut names = Vec::new();
    // Podman keeps them by repository and by any folder above it too.
    let mut folder = Some(reference.repository());
    while let Some(path) = folder {
        names.push(format!("{host}/{path}"));
        folder = path.rsplit_once('/').map(|(above, _)| above);
    }
    let hub = [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://index.docker.io",
        "registry-1.docker.io",
    ];
    if host == super::reference::DOCKER_HUB {
        names.extend(hub.map(str::to_owned));
    } else {
        names.push(host.to_owned());
        for form in [
            "https://{}",
            "https://{}/",
            "https://{}/v1/",
            "https://{}/v2/",
            "http://{}",
        ] {
            names.push(form.replace("{}", host));
        }
    }
    names
}

fn is_namespace(server: &str, reference: &Reference) -> bool {
    server.starts_with(reference.host()) && server.contains('/')
}

/// Asks `docker-credential-NAME get`. Nothing when it knows no credentials for the server.
async fn ask(name: &str, server: &str) -> Result<Option<Credentials>, CredentialError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return Err(CredentialError::HelperName(
            name.chars().take(100).collect(),
        ));
    }
    let helper = format!("docker-credential-{name}");
    match tokio::time::timeout(HELPER_TIMEOUT, run(&helper, server)).await {
        Ok(answer) => answer,
        Err(_) => Err(CredentialError::HelperSlow {
            helper,
            seconds: HELPER_TIMEOUT.as_secs(),
        }),
    }
}

async fn run(helper: &str, server: &str) -> Result<Option<Credentials>, CredentialError> {
    let failed = |source| CredentialError::Helper {
        helper: helper.to_owned(),
        source,
    };
    let mut child = tokio::process::Command::new(helper)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read what it is asked will say so by its answer.
        let _ = input.write_all(server.as_bytes()).await;
    }
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(MAX_ANSWER_BYTES)
            .read_to_end(&mut bytes)
            .await
            .map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        let said = String::from_utf8_lossy(&bytes);
        if said.contains(NOT_FOUND) {
            return Ok(None);
        }
        return Err(CredentialError::HelperFailed {
            helper: helper.to_owned(),
            said: said.trim().chars().take(200).collect(),
        });
    }
    let answer: Answer =
        serde_json::from_slice(&bytes).map_err(|_| CredentialError::HelperAnswer {
            helper: helper.to_owned(),
        })?;
    Ok(match (answer.user.as_str(), answer.secret) {
        (_, secret) if secret.is_empty() => None,
        (TOKEN_USER, secret) => Some(Credentials::Identity(secret.into())),
        (_, secret) => Some(Credentials::Password {
            user: answer.user,
            password: secret.into(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn shown(credentials: &Credentials) -> String {
        match credentials {
            Credentials::Anonymous => "anonymous".to_owned(),
            Credentials::Password { user, password } => {
                format!("{user} {}", password.expose_secret())
            }
            Credentials::Identity(token) => format!("identity {}", token.expose_secret()),
            Credentials::Token(token) => format!("token {}", token.expose_secret()),
        }
    }

    async fn found(json: &str, reference: &str) -> Result<String, CredentialError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, json).unwrap();
        let files = CredentialFiles { files: vec![file] };
        files
            .find(&reference.parse().unwrap())
            .await
            .map(|credentials| shown(&credentials))
    }

    #[tokio::test]
    async fn entries_are_found_as_docker_and_podman_write_them() {
        let auth = STANDARD.encode("user:pass:word");
        let json = format!(
            r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}},
                "127.0.0.1:5000":{{"username":"a","password":"b"}},
                "https://acr.example/v2/":{{"auth":"MDA6","identitytoken":"refresh"}},
                "quay.example/team":{{"registrytoken":"direct"}},
                "quay.example":{{"auth":""}}}},
              "HttpHeaders":{{}}, "psFormat":"x"}}"#
        );
        for (reference, wanted) in [
            ("debian", "user pass:word"),
            ("127.0.0.1:5000/a/b:1", "a b"),
            ("acr.example/x", "identity refresh"),
            ("quay.example/team/app", "token direct"),
            ("quay.example/other", "anonymous"),
            ("elsewhere.example/x", "anonymous"),
        ] {
            assert_eq!(
                found(&json, reference).await.unwrap(),
                wanted,
                "{reference}"
            );
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_told_without_its_secrets() {
        let error = found(
            r#"{"auths":{"x.example":{"auth":"aHVudGVyMg"}}"#,
            "x.example/a",
        )
        .await
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("config.json") && !error.contains("aHVudGVyMg"),
            "{error}"
        );
        let error = found(
            r#"{"auths":{"x.example":{"auth":"aHVudGVyMg=="}}}"#,
            "x.example/a",
        )
        .await
        .unwrap_err()
        .to_string();
        assert!(!error.contains("hunter2"), "{error}");
        let helper = r#"{"credHelpers":{"x.example":"../../bin/sh"}}"#;
        assert!(matches!(
            found(helper, "x.example/a").await,
            Err(CredentialError::HelperName(_))
        ));
        let absent = r#"{"credHelpers":{"x.example":"that-is-not-there"}}"#;
        let error = found(absent, "x.example/a").await.unwrap_err().to_string();
        assert_eq!(error, "run docker-credential-that-is-not-there");
        assert!(
            !format!("{:?}", Credentials::Token("s3cret".to_owned().into())).contains("s3cret")
        );
    }

    #[test]
    fn files_lie_where_docker_and_podman_have_them() {
        let environment = |name: &str| match name {
            "HOME" => Some(OsString::from("/home/a")),
            "XDG_RUNTIME_DIR" => Some(OsString::from("/run/user/1")),
            _ => None,
        };
        let files = CredentialFiles::from_environment(environment).files;
        let shown: Vec<_> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        assert_eq!(
            shown.join(" ").replace('\\', "/"),
            "/home/a/.docker/config.json /run/user/1/containers/auth.json /home/a/.config/containers/auth.json"
        );
    }
}
