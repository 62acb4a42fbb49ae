//! HMAC-SHA256 (RFC 2104).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The code of the parts joined, under a key of 32 bytes.
pub(crate) fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key of a block's length needs no check, and shorter keys are padded with zeroes to it.
    let mut block = [0_u8; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::hmac_sha256;

    // The vectors of RFC 4231 have keys of other lengths; a shorter key is the same as one padded with
    // zeroes, so cases 1 (20 bytes) and 2 (4 bytes) fit.
    fn padded(key: &[u8]) -> [u8; 32] {
        let mut whole = [0; 32];
        whole[..key.len()].copy_from_slice(key);
        whole
    }

    #[test]
    fn vectors_of_rfc_4231() {
        assert_eq!(
            hex::encode(hmac_sha256(&padded(&[0x0b; 20]), &[b"Hi There"])),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex::encode(hmac_sha256(
                &padded(b"Jefe"),
                &[b"what do ya want ", b"for nothing?"]
            )),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
