//! Sealing: secrets that are given back later (passwords of registries, of mail servers) as text that a record may hold.
//!
//! ChaCha20-Poly1305 (RFC 8439). Each context has a key of its own, the HMAC-SHA256 of the context under the named key,
//! so that what was sealed for one tenant and purpose cannot be opened for another, and so that no key seals enough for two
//! random nonces of 96 bits to meet.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretSlice};

use super::{KeyError, Keys, MacKey};

/// First byte of what is sealed: the form.
const FORM: u8 = 1;

/// Most bytes that are sealed at once.
pub const MAX_SEALED_BYTES: usize = 64 << 10;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The named key could not be had.
    #[error("the sealing key could not be had")]
    Key(#[source] KeyError),
    /// More than [`MAX_SEALED_BYTES`].
    #[error("a secret of {0} bytes is larger than any that is kept")]
    TooLarge(usize),
    /// Not sealed by this key for this context, or changed since.
    #[error("this was not sealed here for this, or was changed")]
    Damaged,
}

/// A key that seals.
pub struct SealingKey(MacKey);

impl SealingKey {
    /// The key that seals with this one. It must be used for nothing else.
    #[must_use]
    pub const fn new(key: MacKey) -> Self {
        Self(key)
    }

    fn of(&self, context: &str) -> Result<LessSafeKey, SealError> {
        let bytes = self.0.mac(context.as_bytes());
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| SealError::Damaged)?;
        Ok(LessSafeKey::new(key))
    }

    /// Seals a secret for a context, which names whose it is and what for, with 12 fresh random bytes.
    ///
    /// # Errors
    /// When it is too large.
    pub fn seal(
        &self,
        context: &str,
        secret: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        if secret.len() > MAX_SEALED_BYTES {
            return Err(SealError::TooLarge(secret.len()));
        }
        let key = self.of(context)?;
        let mut sealed = secret.to_vec();
        let aad = Aad::from([FORM]);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| SealError::Damaged)?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed for this context.
    ///
    /// # Errors
    /// When it was not, or was changed.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        let (form, rest) = sealed.split_first().ok_or(SealError::Damaged)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Damaged)?;
        if *form != FORM || sealed.len() > MAX_SEALED_BYTES + CHACHA20_POLY1305.tag_len() {
            return Err(SealError::Damaged);
        }
        let key = self.of(context)?;
        let mut secret = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key
            .open_in_place(nonce, Aad::from([FORM]), &mut secret)
            .map_err(|_| SealError::Damaged)?
            .len();
        secret.truncate(length);
        Ok(SecretSlice::from(secret))
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey").finish_non_exhaustive()
    }
}

/// The sealing key of this name.
///
/// # Errors
/// When it cannot be had.
pub async fn sealing_key(keys: &dyn Keys, name: &str) -> Result<SealingKey, SealError> {
    let key = keys.mac_key(name).await.map_err(SealError::Key)?;
    // Derived, so that a MAC made elsewhere with the same name is never a key here.
    let derived = key.mac(b"bulkhead sealing key");
    Ok(SealingKey::new(MacKey::new(Box::new(derived).into())))
}

/// The bytes of an opened secret as text, where they are some.
///
/// # Errors
/// When they are no text.
pub fn text(secret: &SecretSlice<u8>) -> Result<secrecy::SecretString, SealError> {
    std::str::from_utf8(secret.expose_secret())
        .map(secrecy::SecretString::from)
        .map_err(|_| SealError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SealingKey {
        SealingKey::new(MacKey::new(Box::new([seed; 32]).into()))
    }

    #[test]
    fn a_secret_is_opened_for_its_context_by_its_key_alone() {
        let sealed = key(1)
            .seal("t/a/registries/x", b"hunter2", [7; 12])
            .unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        let opened = key(1).open("t/a/registries/x", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), b"hunter2");
        for (other, context) in [
            (1, "t/b/registries/x"),
            (1, "t/a/registries/y"),
            (2, "t/a/registries/x"),
        ] {
            assert!(matches!(
                key(other).open(context, &sealed),
                Err(SealError::Damaged)
            ));
        }
        let again = key(1)
            .seal("t/a/registries/x", b"hunter2", [8; 12])
            .unwrap();
        assert_ne!(sealed, again, "equal secrets look equal");
    }

    #[test]
    fn what_was_changed_or_cut_is_not_opened() {
        let sealed = key(1).seal("c", b"secret", [7; 12]).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key(1).open("c", &changed).is_err(), "byte {at}");
            assert!(key(1).open("c", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert!(matches!(
            key(1).seal("c", &vec![0; MAX_SEALED_BYTES + 1], [7; 12]),
            Err(SealError::TooLarge(_))
        ));
    }
}
