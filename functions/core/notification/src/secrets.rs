//! What is secret of a channel, as one text that is sealed within its record.

use schemas::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::SigningSecret;

/// The secrets of a channel.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ChannelSecrets {
    /// The address, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The header `authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization: Option<String>,
    /// The password or token that a server of mail or an issue tracker asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// What signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing: Option<String>,
    /// What signed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old_signing: Option<String>,
    /// Until when that signs, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old_until: Option<Timestamp>,
}

impl std::fmt::Debug for ChannelSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelSecrets")
    }
}

impl ChannelSecrets {
    /// Of a channel whose address is a secret.
    pub fn of_url(url: String) -> Self {
        Self {
            url: Some(url),
            ..Self::default()
        }
    }

    /// Of a channel that asks for a header.
    pub fn of_authorization(authorization: Option<String>) -> Self {
        Self {
            authorization,
            ..Self::default()
        }
    }

    /// Of a channel that signs in.
    pub fn of_password(password: Option<String>) -> Self {
        Self {
            password,
            ..Self::default()
        }
    }

    /// Of a channel that is signed.
    pub fn of_signing(secret: &SigningSecret) -> Self {
        Self {
            signing: Some(secret.text().expose_secret().to_owned()),
            ..Self::default()
        }
    }

    /// The same with another secret that signs; the one that did signs, too, until then.
    #[must_use]
    pub fn rotated(self, secret: &SigningSecret, old_until: Timestamp) -> Self {
        Self {
            old_signing: self.signing,
            old_until: Some(old_until),
            signing: Some(secret.text().expose_secret().to_owned()),
            ..self
        }
    }

    /// The secrets in a text; `None` when it is not of this form.
    pub fn parse(text: &SecretString) -> Option<Self> {
        serde_json::from_str(text.expose_secret()).ok()
    }

    /// The secrets as a text to be sealed.
    ///
    /// # Errors
    /// Never: all of it can be written as JSON.
    pub fn text(&self) -> Result<SecretString, serde_json::Error> {
        serde_json::to_string(self).map(SecretString::from)
    }

    /// The secret address.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The header.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// The password or token.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// What signs at this time: one secret, or two while one replaces the other.
    pub fn signing(&self, now: Timestamp) -> Vec<SigningSecret> {
        let old = self
            .old_signing
            .as_ref()
            .filter(|_| self.old_until.is_some_and(|until| now < until));
        [self.signing.as_ref(), old]
            .into_iter()
            .flatten()
            .filter_map(|text| SigningSecret::parse(text).ok())
            .collect()
    }

    /// A text without any of these secrets, wherever it came from.
    pub fn removed_from(&self, text: &str) -> String {
        [
            &self.url,
            &self.authorization,
            &self.password,
            &self.signing,
            &self.old_signing,
        ]
        .into_iter()
        .flatten()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "[secret]")
        })
    }
}
