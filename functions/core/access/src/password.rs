//! Passwords of people, kept as Argon2id hashes (RFC 9106) in PHC text.
//!
//! Cost: 19 MiB of memory, 2 passes, 1 lane, a 16-byte salt and a 32-byte hash, the first choice of OWASP's password
//! storage cheat sheet. A kept hash that asks for more than four times that is not computed, so that whoever could write
//! records could not also exhaust memory.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Memory in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Most memory that a kept hash may ask for, in KiB.
const MAX_MEMORY_KIB: u32 = 4 * MEMORY_KIB;
/// Most passes that a kept hash may ask for.
const MAX_PASSES: u32 = 4 * PASSES;
/// Shortest password that may be chosen, in characters.
pub const MIN_CHARS: usize = 12;
/// Longest password that is looked at, in bytes.
pub const MAX_BYTES: usize = 1024;
/// What is kept of a person who has no password, because another service signs them in: a hash of the usual cost, of which
/// nobody knows what it is of.
pub const NONE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was not hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Below the shortest.
    #[error("a password has at least {MIN_CHARS} characters")]
    TooShort,
    /// Above the longest.
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// The kept hash is not one of ours, or asks for too much.
    #[error("the kept password hash cannot be used")]
    BadHash,
    /// The hash function refused.
    #[error("the password could not be hashed")]
    Hash,
}

/// Whether a password may be chosen.
///
/// # Errors
/// Says which bound it breaks.
pub fn check(password: &SecretString) -> Result<(), PasswordError> {
    let password = password.expose_secret();
    if password.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    Ok(())
}

/// The hash to keep of a password, with 16 fresh random bytes as its salt. Takes tens of milliseconds.
///
/// # Errors
/// [`PasswordError::TooShort`], [`PasswordError::TooLong`], [`PasswordError::Hash`].
pub fn hash(password: &SecretString, salt: [u8; 16]) -> Result<String, PasswordError> {
    check(password)?;
    let digest = digest(password, &salt, MEMORY_KIB, PASSES, LANES)?;
    Ok(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(digest)
    ))
}

/// Whether a password has the kept hash. Takes tens of milliseconds, whatever the answer.
///
/// # Errors
/// [`PasswordError::TooLong`]; [`PasswordError::BadHash`] when what was kept is damaged or asks for too much.
pub fn verify(password: &SecretString, kept: &str) -> Result<bool, PasswordError> {
    if password.expose_secret().len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    let kept = Kept::parse(kept).ok_or(PasswordError::BadHash)?;
    let digest = digest(
        password,
        &kept.salt,
        kept.memory_kib,
        kept.passes,
        kept.lanes,
    )?;
    Ok(digest.as_slice().ct_eq(&kept.digest).into())
}

/// Computes as long as [`verify`] does, for a login that nobody has, so that the time does not tell.
pub fn verify_nobody(password: &SecretString) {
    if password.expose_secret().len() <= MAX_BYTES {
        let _ = std::hint::black_box(digest(password, &[0; 16], MEMORY_KIB, PASSES, LANES));
    }
}

/// A one-time password of 15 random bytes: 24 letters and digits in groups of four, without those that look alike.
pub fn one_time(random: [u8; 15]) -> SecretString {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut text = String::with_capacity(29);
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut written = 0;
    for byte in random {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            if written > 0 && written % 4 == 0 {
                text.push('-');
            }
            let at = usize::try_from((bits >> held) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET.get(at).copied().unwrap_or(b'a')));
            written += 1;
        }
        bits &= (1 << held) - 1;
    }
    text.into()
}

/// A kept hash taken apart.
struct Kept {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Kept {
    /// Source of the form: the PHC string format, as Argon2's reference implementation writes it.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > 256 {
            return None;
        }
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, digest) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',');
        let mut cost =
            |name: &str| -> Option<u32> { costs.next()?.strip_prefix(name)?.parse().ok() };
        let kept = Self {
            memory_kib: cost("m=")?,
            passes: cost("t=")?,
            lanes: cost("p=")?,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            digest: STANDARD_NO_PAD.decode(digest).ok()?,
        };
        let bounded = kept.memory_kib <= MAX_MEMORY_KIB
            && (1..=MAX_PASSES).contains(&kept.passes)
            && (1..=4).contains(&kept.lanes)
            && (8..=64).contains(&kept.salt.len())
            && kept.digest.len() == 32
            && parts.next().is_none();
        bounded.then_some(kept)
    }
}

/// The Argon2id hash.
fn digest(
    password: &SecretString,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<[u8; 32], PasswordError> {
    let params =
        Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| PasswordError::BadHash)?;
    let mut digest = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose_secret().as_bytes(), salt, &mut digest)
        .map_err(|_| PasswordError::Hash)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_signs_in_where_there_is_no_password() {
        for guess in ["", "AAAAAAAAAAAAAAAAAAAAAA", NONE] {
            assert_eq!(verify(&SecretString::from(guess), NONE), Ok(false));
        }
    }

    #[test]
    fn a_password_is_known_by_its_hash_and_no_other_is() {
        let right: SecretString = "correct horse battery".into();
        let kept = hash(&right, [3; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&right, &kept).unwrap());
        assert!(!verify(&"correct horse batterz".into(), &kept).unwrap());
        assert_ne!(kept, hash(&right, [4; 16]).unwrap());
    }

    #[test]
    fn a_hash_of_another_implementation_is_understood() {
        // `printf password | argon2 somesalt -id -t 2 -m 16 -p 1` of the reference implementation's own test list.
        let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(&"password".into(), kept).unwrap());
        assert!(!verify(&"passwore".into(), kept).unwrap());
    }

    #[test]
    fn damaged_or_greedy_hashes_are_not_computed() {
        let kept = hash(&"correct horse battery".into(), [3; 16]).unwrap();
        for bad in [
            String::new(),
            "x".repeat(300),
            kept.replace("argon2id", "argon2i"),
            kept.replace("m=19456", "m=4194304"),
            kept.replace("t=2", "t=1000000"),
            kept.replace("p=1", "p=0"),
            format!("{kept}$x"),
            kept[..kept.len() - 4].to_owned(),
        ] {
            assert_eq!(
                verify(&"correct horse battery".into(), &bad),
                Err(PasswordError::BadHash),
                "{bad}"
            );
        }
        assert_eq!(
            verify(&"x".repeat(1025).into(), &kept),
            Err(PasswordError::TooLong)
        );
        assert_eq!(hash(&"short".into(), [0; 16]), Err(PasswordError::TooShort));
    }

    #[test]
    fn one_time_passwords_use_all_their_randomness() {
        let text = one_time([0xff; 15]).expose_secret().to_owned();
        assert_eq!(text, "9999-9999-9999-9999-9999-9999");
        let mut random = [0xff; 15];
        random[14] = 0xfe;
        assert_ne!(one_time(random).expose_secret(), text);
        random = [0xff; 15];
        random[0] = 0x7f;
        assert_ne!(one_time(random).expose_secret(), text);
        assert!(check(&one_time([0; 15])).is_ok());
    }
}
