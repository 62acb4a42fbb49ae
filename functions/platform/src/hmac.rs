//! HMAC-SHA256 (RFC 2104), over the hash that is here anyway.

use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

/// The code of the parts joined, under a key of 32 bytes.
pub(crate) fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut inner_pad = [0x36_u8; BLOCK];
    let mut outer_pad = [0x5c_u8; BLOCK];
    for ((inner, outer), byte) in inner_pad.iter_mut().zip(&mut outer_pad).zip(key) {
        *inner ^= byte;
        *outer ^= byte;
    }
    let mut inner = Sha256::new_with_prefix(inner_pad);
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new_with_prefix(outer_pad);
    outer.update(inner.finalize());
    outer.finalize().into()
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
