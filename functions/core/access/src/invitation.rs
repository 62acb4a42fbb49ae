//! Tokens of invitations: `bhi_TENANT_ID_SECRET` with 16 and 64 hex digits.
//!
//! Whoever has one is nobody yet, so the token names the tenant itself. The secret has 256 random bits, so one SHA-256 is
//! all that is kept of it: there is nothing to guess that a slow hash would protect.

use std::fmt;

use schemas::{TenantId, TokenId};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;

use crate::keys::sha256;

/// How every token of an invitation begins, so that scanners of leaked secrets can find it.
pub const PREFIX: &str = "bhi_";

/// Text that is no token of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token of an invitation is `bhi_`, the tenant, `_`, 16 hexadecimal digits, `_` and 64 of them"
)]
pub struct InvalidInvitation;

/// The token of an invitation with its secret.
pub struct InvitationToken {
    tenant: TenantId,
    id: TokenId,
    secret: SecretBox<[u8; 32]>,
}

impl InvitationToken {
    /// The token of random bytes.
    ///
    /// # Errors
    /// Never with hexadecimal ids; the type of the id insists on its alphabet.
    pub fn new(
        tenant: TenantId,
        id: [u8; 8],
        secret: SecretBox<[u8; 32]>,
    ) -> Result<Self, InvalidInvitation> {
        let id = hex::encode(id).parse().map_err(|_| InvalidInvitation)?;
        Ok(Self { tenant, id, secret })
    }

    /// The token of its text.
    ///
    /// # Errors
    /// [`InvalidInvitation`].
    pub fn parse(text: &str) -> Result<Self, InvalidInvitation> {
        // Ids of tenants may have underscores, so the parts are taken from the end.
        let rest = text.trim().strip_prefix(PREFIX).ok_or(InvalidInvitation)?;
        let (rest, secret) = rest.rsplit_once('_').ok_or(InvalidInvitation)?;
        let (tenant, id) = rest.rsplit_once('_').ok_or(InvalidInvitation)?;
        let lowercase_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if id.len() != 16
            || secret.len() != 64
            || !id.bytes().chain(secret.bytes()).all(lowercase_hex)
        {
            return Err(InvalidInvitation);
        }
        let mut bytes = Box::new([0_u8; 32]);
        hex::decode_to_slice(secret, bytes.as_mut_slice()).map_err(|_| InvalidInvitation)?;
        Ok(Self {
            tenant: tenant.parse().map_err(|_| InvalidInvitation)?,
            id: id.parse().map_err(|_| InvalidInvitation)?,
            secret: SecretBox::new(bytes),
        })
    }

    /// The tenant that it invites to.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The public half, under which the invitation is listed and revoked.
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The whole text, to be shown once.
    pub fn reveal(&self) -> SecretString {
        let secret = hex::encode(self.secret.expose_secret());
        format!("{PREFIX}{}_{}_{secret}", self.tenant, self.id).into()
    }

    /// What is kept of the secret: its SHA-256 as hex.
    pub fn hash(&self) -> String {
        hex::encode(sha256(self.secret.expose_secret()))
    }

    /// Whether this token has the kept hash, in constant time.
    pub fn has_hash(&self, kept: &str) -> bool {
        self.hash().as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationToken")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_whatever_its_tenant_is_called() {
        for tenant in ["default", "a_b", "acme-1.eu", "x_0123456789abcdef"] {
            let secret = SecretBox::new(Box::new([7; 32]));
            let token = InvitationToken::new(tenant.parse().unwrap(), [1; 8], secret).unwrap();
            let text = token.reveal();
            let read = InvitationToken::parse(text.expose_secret()).unwrap();
            assert_eq!((read.tenant().as_str(), read.id()), (tenant, token.id()));
            assert!(read.has_hash(&token.hash()));
            assert!(!format!("{read:?}").contains("0707"));
            let other = text.expose_secret().replace("0707", "0708");
            assert!(
                !InvitationToken::parse(&other)
                    .unwrap()
                    .has_hash(&token.hash())
            );
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let zeros = |n| "0".repeat(n);
        for bad in [
            String::new(),
            "bhi_".to_owned(),
            format!("bhi_{}_{}", zeros(16), zeros(64)),
            format!("bhi_../x_{}_{}", zeros(16), zeros(64)),
            format!("bhi_a_{}_{}", zeros(15), zeros(64)),
            format!("bhi_a_{}_{}", zeros(16), "A".repeat(64)),
            format!("bhe_a_{}_{}", zeros(16), zeros(64)),
        ] {
            assert!(InvitationToken::parse(&bad).is_err(), "{bad}");
        }
    }
}
