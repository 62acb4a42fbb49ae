//! Signing and verifying the bundle that tells an agent what to do.

use schemas::{
    TenantId,
    agent::{Bundle, SignedBundle},
};

use crate::keys::{PublicKey, Sign, decode, encode};

/// What is signed before the payload.
const PREFIX: &[u8] = b"bulkhead-bundle:";
/// Largest payload that is looked at, in characters of base64url (4 MiB decoded).
const MAX_PAYLOAD_CHARS: usize = 4 * 1024 * 1024 / 3 * 4;

/// Why a bundle is not to be obeyed.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Larger than 4 MiB.
    #[error("the bundle is larger than 4 MiB")]
    TooLarge,
    /// Not base64url, or not the JSON of a bundle.
    #[error("the bundle cannot be read")]
    Malformed,
    /// Not signed by the pinned key.
    #[error("the bundle is not signed by the key that was pinned at enrolment")]
    BadSignature,
    /// For another tenant.
    #[error("the bundle is for the tenant {0}")]
    OtherTenant(TenantId),
    /// Older than the one the agent has.
    #[error("the bundle's version {found} is below the version {known} that is in force")]
    Older {
        /// Its version.
        found: u64,
        /// The version in force.
        known: u64,
    },
}

/// Signs a bundle.
///
/// # Errors
/// The bundle could not be written as JSON.
pub fn sign_bundle(bundle: &Bundle, key: &dyn Sign) -> Result<SignedBundle, serde_json::Error> {
    let payload = serde_json::to_vec(bundle)?;
    Ok(SignedBundle {
        signature: encode(&key.sign(&[PREFIX, &payload].concat())),
        payload: encode(&payload),
    })
}

/// The bundle, if the pinned key signed it for this tenant and it is not older than `known_version` (0 when there is none).
///
/// # Errors
/// Says why it is not to be obeyed. The signature is judged before the payload is read.
pub fn verify_bundle(
    signed: &SignedBundle,
    key: &PublicKey,
    tenant: &TenantId,
    known_version: u64,
) -> Result<Bundle, BundleError> {
    if signed.payload.len() > MAX_PAYLOAD_CHARS {
        return Err(BundleError::TooLarge);
    }
    let payload = decode(&signed.payload).ok_or(BundleError::Malformed)?;
    let signature = decode(&signed.signature).ok_or(BundleError::Malformed)?;
    if !key.verifies(&[PREFIX, &payload].concat(), &signature) {
        return Err(BundleError::BadSignature);
    }
    let bundle: Bundle = serde_json::from_slice(&payload).map_err(|_| BundleError::Malformed)?;
    if bundle.tenant != *tenant {
        return Err(BundleError::OtherTenant(bundle.tenant));
    }
    if bundle.version < known_version {
        return Err(BundleError::Older {
            found: bundle.version,
            known: known_version,
        });
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use schemas::Timestamp;
    use secrecy::SecretBox;

    use super::*;
    use crate::keys::AgentKey;

    #[test]
    fn only_the_pinned_key_s_bundle_for_this_tenant_and_no_older_one_is_obeyed() {
        let key = AgentKey::from_seed(SecretBox::new(Box::new([1; 32])));
        let other = AgentKey::from_seed(SecretBox::new(Box::new([2; 32])));
        let (ours, theirs): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let bundle = Bundle {
            tenant: ours.clone(),
            version: 7,
            issued_at: Timestamp::from_ms(0),
            rules: Vec::new(),
            commands: Vec::new(),
        };
        let signed = sign_bundle(&bundle, &key).unwrap();
        let judge = |signed: &SignedBundle, tenant, known| {
            verify_bundle(signed, &key.public(), tenant, known)
        };
        assert_eq!(judge(&signed, &ours, 0).unwrap(), bundle);
        assert_eq!(judge(&signed, &ours, 7).unwrap(), bundle);
        assert!(matches!(
            judge(&signed, &ours, 8),
            Err(BundleError::Older { found: 7, known: 8 })
        ));
        assert!(matches!(
            judge(&signed, &theirs, 0),
            Err(BundleError::OtherTenant(_))
        ));
        let forged = sign_bundle(&bundle, &other).unwrap();
        assert!(matches!(
            judge(&forged, &ours, 0),
            Err(BundleError::BadSignature)
        ));
        // A signature over the bare payload, made for another purpose, does not count.
        let bare = SignedBundle {
            signature: encode(&key.sign(&decode(&signed.payload).unwrap())),
            ..signed.clone()
        };
        assert!(matches!(
            judge(&bare, &ours, 0),
            Err(BundleError::BadSignature)
        ));
        let mut cut = signed;
        cut.payload.pop();
        assert!(judge(&cut, &ours, 0).is_err());
    }
}
