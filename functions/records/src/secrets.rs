//! Secrets that are used later (credentials of registries, of mail servers): sealed within the record of what they are for.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use platform::{Platform, SealError, ports::sealing};
use schemas::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::RecordError;

/// Name of the key that seals them.
const KEY: &str = "secrets";

/// A sealed secret as a record holds it. Only [`Secrets::open`] gives it back, for the tenant and the thing it was sealed for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(String);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret")
    }
}

/// Seals and opens secrets.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a>(pub &'a Platform);

impl Secrets<'_> {
    /// Seals a secret of a tenant's thing, such as `registries/ID`.
    ///
    /// # Errors
    /// When no key can be had, or it is larger than 64 KiB.
    pub async fn seal(
        &self,
        tenant: &TenantId,
        thing: &str,
        secret: &SecretString,
    ) -> Result<SealedSecret, RecordError> {
        let keys = &*self.0.keys;
        let key = sealing::sealing_key(keys, KEY).await?;
        let mut nonce = [0; 12];
        keys.random(&mut nonce).map_err(SealError::Key)?;
        let sealed = key.seal(
            &context(tenant, thing),
            secret.expose_secret().as_bytes(),
            nonce,
        )?;
        Ok(SealedSecret(BASE64_STANDARD_NO_PAD.encode(sealed)))
    }

    /// Gives a secret back.
    ///
    /// # Errors
    /// When no key can be had, or it was sealed for something else.
    pub async fn open(
        &self,
        tenant: &TenantId,
        thing: &str,
        sealed: &SealedSecret,
    ) -> Result<SecretString, RecordError> {
        let key = sealing::sealing_key(&*self.0.keys, KEY).await?;
        let bytes = BASE64_STANDARD_NO_PAD
            .decode(&sealed.0)
            .map_err(|_| SealError::Damaged)?;
        Ok(sealing::text(&key.open(&context(tenant, thing), &bytes)?)?)
    }
}

fn context(tenant: &TenantId, thing: &str) -> String {
    format!("t/{tenant}/{thing}")
}
