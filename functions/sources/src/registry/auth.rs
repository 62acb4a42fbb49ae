//! Signing in: by name and password, or with a token that another server gives out for them.
//!
//! Sources: the distribution project's "Token Authentication Specification" (`GET` with the password) and "Oauth2 Token
//! Authentication" (`POST` with a refresh token); Microsoft's "Authenticate with an Azure container registry" for the
//! exchange of Azure's own tokens.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Credentials, Reference, RegistryError, challenge::Challenge, patience::Patience};
use crate::http::{Http, HttpReply, HttpRequest};

/// Largest answer with a token: Google's have several kilobytes.
const MAX_TOKEN_BYTES: usize = 1 << 20;
/// The user whose password is a token of Azure.
const AZURE_USER: &str = "00000000-0000-0000-0000-000000000000";
const CLIENT: &str = "bulkhead";
/// What the list of repositories is shown for. Registries know no narrower word for it, and it changes nothing.
const CATALOG: &str = "registry:catalog:*";

/// What is sent with each request. Never shown.
#[derive(Clone)]
pub(super) struct Authorisation(SecretString);

impl Authorisation {
    /// The value of the header.
    pub(super) fn header(&self) -> &str {
        self.0.expose_secret()
    }

    fn bearer(token: &str) -> Self {
        Self(format!("Bearer {token}").into())
    }

    fn basic(user: &str, password: &SecretString) -> Self {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        Self(format!("Basic {pair}").into())
    }
}

impl PartialEq for Authorisation {
    fn eq(&self, other: &Self) -> bool {
        self.header() == other.header()
    }
}

/// Gets authorisations for one repository.
pub(super) struct Signer {
    http: Http,
    reference: Reference,
    credentials: Credentials,
    patience: Patience,
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    refresh_token: Option<String>,
}

impl Signer {
    /// `http` must follow no redirects.
    pub(super) fn new(
        http: Http,
        reference: Reference,
        credentials: Credentials,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            reference,
            credentials,
            patience,
        }
    }

    /// An authorisation that meets one of the challenges; nothing when there are no credentials to meet any.
    /// `plain` says that the registry itself is asked without encryption.
    pub(super) async fn sign_in(
        &self,
        challenges: &[Challenge],
        plain: bool,
    ) -> Result<Option<Authorisation>, RegistryError> {
        if let Credentials::Token(token) = &self.credentials {
            return Ok(Some(Authorisation::bearer(token.expose_secret())));
        }
        if let Some(bearer) = challenges.iter().find(|one| one.scheme == "bearer") {
            return self.token(bearer, plain).await.map(Some);
        }
        let basic = challenges.iter().any(|one| one.scheme == "basic");
        match &self.credentials {
            Credentials::Password { user, password } if basic => {
                Ok(Some(Authorisation::basic(user, password)))
            }
            _ if basic => Ok(None),
            _ => Err(RegistryError::Challenge {
                registry: self.registry(),
                said: match challenges {
                    [] => "it does not say how".to_owned(),
                    some => some
                        .iter()
                        .take(5)
                        .map(|one| one.scheme.chars().take(20).collect::<String>())
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            }),
        }
    }

    async fn token(
        &self,
        challenge: &Challenge,
        plain: bool,
    ) -> Result<Authorisation, RegistryError> {
        let realm = self.realm(challenge, plain)?;
        let service = challenge.parameter("service").unwrap_or_default();
        let scope = self.scope(challenge);
        let reply = match &self.credentials {
            Credentials::Identity(token) => self.exchange(&realm, service, &scope, token).await?,
            Credentials::Password { user, password } => {
                let basic = Authorisation::basic(user, password);
                let reply = self.ask(&realm, service, &scope, Some(basic)).await?;
                // The password may be a token of Azure's directory, which first becomes one of the registry.
                if reply.status == 401 && user == AZURE_USER && realm.path() == "/oauth2/token" {
                    let refresh = self.azure(&realm, service, password).await?;
                    self.exchange(&realm, service, &scope, &refresh).await?
                } else {
                    reply
                }
            }
            Credentials::Anonymous | Credentials::Token(_) => {
                self.ask(&realm, service, &scope, None).await?
            }
        };
        let given = self.given(&reply)?;
        // Some servers give an empty `token` beside the one that counts.
        [given.token, given.access_token]
            .into_iter()
            .flatten()
            .find(|token| !token.is_empty())
            .map(|token| Authorisation::bearer(&token))
            .ok_or_else(|| self.refused(&reply, "without a token"))
    }

    /// Where tokens are given out. It is told the password, so nobody may listen in who could not before.
    fn realm(&self, challenge: &Challenge, plain: bool) -> Result<Url, RegistryError> {
        let text = challenge.parameter("realm").unwrap_or_default();
        let unusable = || RegistryError::Realm {
            registry: self.registry(),
            realm: text.chars().take(200).collect(),
        };
        let realm = Url::parse(text).map_err(|_| unusable())?;
        let host = realm.host_str().unwrap_or_default();
        let own = self
            .reference
            .address()
            .rsplit_once(':')
            .map_or(self.reference.address(), |(host, _)| host);
        match realm.scheme() {
            "https" => Ok(realm),
            "http" if plain && (host == own || self.reference.is_loopback()) => Ok(realm),
            _ => Err(unusable()),
        }
    }

    /// What is asked for: to read, and nothing more, whatever the registry would like to be asked.
    fn scope(&self, challenge: &Challenge) -> String {
        let own = format!("repository:{}:pull", self.reference.repository());
        match challenge.parameter("scope") {
            Some(scope) if is_to_read(scope) => scope.to_owned(),
            _ => own,
        }
    }

    async fn ask(
        &self,
        realm: &Url,
        service: &str,
        scope: &str,
        basic: Option<Authorisation>,
    ) -> Result<HttpReply, RegistryError> {
        let mut url = realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if !service.is_empty() {
                query.append_pair("service", service);
            }
            query.append_pair("scope", scope);
        }
        self.send(HttpRequest {
            method: "GET".to_owned(),
            url: url.into(),
            headers: basic
                .map(|basic| ("authorization".to_owned(), basic.header().to_owned()))
                .into_iter()
                .collect(),
            body: Vec::new(),
        })
        .await
    }

    async fn exchange(
        &self,
        realm: &Url,
        service: &str,
        scope: &str,
        refresh: &SecretString,
    ) -> Result<HttpReply, RegistryError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT),
            ("service", service),
            ("scope", scope),
            ("refresh_token", refresh.expose_secret()),
        ];
        self.post(realm.as_str(), &form).await
    }

    async fn azure(
        &self,
        realm: &Url,
        service: &str,
        token: &SecretString,
    ) -> Result<SecretString, RegistryError> {
        let mut url = realm.clone();
        url.set_path("/oauth2/exchange");
        url.set_query(None);
        let form = [
            ("grant_type", "access_token"),
            ("service", service),
            ("access_token", token.expose_secret()),
        ];
        let reply = self.post(url.as_str(), &form).await?;
        self.given(&reply)?
            .refresh_token
            .map(SecretString::from)
            .ok_or_else(|| self.refused(&reply, "without a token"))
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<HttpReply, RegistryError> {
        let mut encoded = Url::parse("form:").map_err(|_| RegistryError::Realm {
            registry: self.registry(),
            realm: url.to_owned(),
        })?;
        encoded.query_pairs_mut().extend_pairs(form);
        self.send(HttpRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: encoded.query().unwrap_or_default().as_bytes().to_vec(),
        })
        .await
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpReply, RegistryError> {
        let mut attempt = 0;
        loop {
            let sent = self.http.send(request.clone(), MAX_TOKEN_BYTES);
            match self.patience.limit(sent).await? {
                Ok(reply) if self.patience.again_after(attempt, reply.status) => {
                    let asked = reply.header("retry-after");
                    self.patience.wait(attempt, asked).await?;
                }
                Ok(reply) => return Ok(reply),
                Err(error) if self.patience.again(attempt, &error) => {
                    self.patience.wait(attempt, None).await?;
                }
                Err(source) => {
                    return Err(RegistryError::Unreachable {
                        registry: self.registry(),
                        source,
                    });
                }
            }
            attempt += 1;
        }
    }

    fn given(&self, reply: &HttpReply) -> Result<Given, RegistryError> {
        match reply.status {
            200 | 201 => serde_json::from_slice(&reply.body)
                .map_err(|_| self.refused(reply, "without a token")),
            status if status >= 500 || status == 429 => Err(RegistryError::Answer {
                registry: self.registry(),
                said: format!("{status} when it was asked for a token"),
            }),
            _ => Err(self.refused(reply, "when it was asked for a token")),
        }
    }

    fn refused(&self, reply: &HttpReply, how: &str) -> RegistryError {
        RegistryError::Unauthorised {
            registry: self.registry(),
            repository: self.reference.repository().to_owned(),
            said: format!("{} {how}", reply.status),
        }
    }

    fn registry(&self) -> String {
        self.reference.host().to_owned()
    }
}

/// Whether a scope is of one repository and only to read it. A scope may list several, with spaces between.
/// Source: the distribution project's "Token Scope Documentation".
fn is_to_read(scope: &str) -> bool {
    let mut parts = scope.splitn(2, ':');
    let (kind, rest) = (parts.next(), parts.next().unwrap_or_default());
    let of_repository = kind == Some("repository") && rest.ends_with(":pull");
    scope.len() <= 512
        && !scope.contains(|c: char| c.is_whitespace() || c.is_control())
        && (of_repository || scope == CATALOG)
}

#[cfg(test)]
mod tests {
    use super::is_to_read;

    #[test]
    fn a_registry_may_ask_for_one_repository_to_be_read_and_for_nothing_else() {
        assert!(is_to_read("repository:team/app:pull"));
        assert!(is_to_read("registry:catalog:*"));
        for more in [
            "repository:x:push,delete repository:x:pull",
            "repository:x:push\trepository:x:pull",
            "repository:x:pull,push",
            "registry:catalog:pull",
            "registry:catalog:* repository:x:push",
            "",
        ] {
            assert!(!is_to_read(more), "{more}");
        }
    }
}
