//! What is secret of a channel, as one text that is sealed within its record.

use std::cmp::Reverse;

use schemas::{Timestamp, api::notification::ChannelTarget};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::SigningSecret;

/// Stands for what is not shown of an address; no address that can be asked has it.
const HIDDEN: char = '…';
/// Shorter paths and queries are no secrets, and are in many texts.
const MIN_TAIL: usize = 4;
/// Shorter parts of them are no secrets.
const MIN_PART: usize = 6;

/// What is shown of an address: its scheme and host, and `…` for path and query, which are secrets of many receivers. Of what
/// is shown the same is shown.
pub fn shown_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return HIDDEN.to_string();
    };
    let (authority, tail) = split(rest);
    let host = authority.rsplit('@').next().unwrap_or_default();
    match tail {
        "" | "/" => format!("{scheme}://{host}{tail}"),
        _ => format!("{scheme}://{host}/{HIDDEN}"),
    }
}

/// Whether part of an address is not shown here.
pub fn is_hidden(url: &str) -> bool {
    url.contains(HIDDEN)
}

/// What an address has after its scheme: the host, and the rest.
fn split(rest: &str) -> (&str, &str) {
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    rest.split_at_checked(end).unwrap_or((rest, ""))
}

/// What of an address may be a secret by itself.
fn pieces(url: &str) -> Vec<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let tail = split(rest).1;
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let mut pieces = vec![tail, path, query];
    pieces.retain(|piece| piece.len() >= MIN_TAIL);
    let parts = tail.split(['/', '\\', '?', '&', '=', '#']);
    pieces.extend(parts.filter(|part| part.len() >= MIN_PART));
    pieces
}

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

    /// The same, of a channel with this address.
    #[must_use]
    pub fn with_url(self, url: String) -> Self {
        Self {
            url: Some(url),
            ..self
        }
    }

    /// The same with the address that lies open in the target of a channel which an earlier version kept.
    #[must_use]
    pub fn of_target(self, target: &ChannelTarget) -> Self {
        match target {
            ChannelTarget::Webhook { url } | ChannelTarget::Ocsf { url }
                if self.url.is_none() && !is_hidden(url) =>
            {
                self.with_url(url.clone())
            }
            _ => self,
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

    /// A text without any of these secrets, wherever it came from, and without what of the address may be one by itself: a
    /// receiver may say which path it does not know.
    pub fn removed_from(&self, text: &str) -> String {
        let whole = [
            &self.url,
            &self.authorization,
            &self.password,
            &self.signing,
            &self.old_signing,
        ];
        let whole = whole.into_iter().flatten().map(String::as_str);
        let mut all: Vec<&str> = whole.filter(|secret| !secret.is_empty()).collect();
        all.extend(self.url.as_deref().map_or_else(Vec::new, pieces));
        // A secret may be part of another one.
        all.sort_by_key(|secret| Reverse(secret.len()));
        all.into_iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret, "[secret]")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_scheme_and_the_host_are_shown() {
        for (url, shown) in [
            ("https://hooks.example.org", "https://hooks.example.org"),
            (
                "https://hooks.example.org:8443/",
                "https://hooks.example.org:8443/",
            ),
            ("https://hooks.example.org/x", "https://hooks.example.org/…"),
            (
                "https://hooks.example.org?k=v",
                "https://hooks.example.org/…",
            ),
            (
                "https://hooks.example.org\\x",
                "https://hooks.example.org/…",
            ),
            (
                "https://u:p@hooks.example.org/#x",
                "https://hooks.example.org/…",
            ),
            ("no address", "…"),
        ] {
            assert_eq!(shown_url(url), shown);
            assert_eq!(
                shown_url(shown),
                shown,
                "of what is shown the same is shown"
            );
        }
    }

    #[test]
    fn what_a_receiver_repeats_of_an_address_is_cut_out() {
        let url = "https://hooks.example.org/services/T0/hidden-word?key=other-word".to_owned();
        let secrets = ChannelSecrets::of_url(url.clone());
        for said in [
            format!("cannot post to {url}"),
            "POST /services/T0/hidden-word?key=other-word: 404".to_owned(),
            "no /services/T0/hidden-word here".to_owned(),
            "hidden-word and other-word are unknown".to_owned(),
        ] {
            let said = secrets.removed_from(&said);
            assert!(said.contains("[secret]"), "{said}");
            assert!(!said.contains("-word"), "{said}");
        }
        let plain = ChannelSecrets::of_url("https://hooks.example.org/".to_owned());
        assert_eq!(plain.removed_from("a/b: no"), "a/b: no");
    }
}
