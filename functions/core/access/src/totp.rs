//! A second factor: codes by time (RFC 6238: HMAC-SHA-1 over steps of 30 seconds, 6 digits), and codes for when the device
//! that makes them is lost.
//!
//! A code of the step before or after counts too, for clocks that are apart, and none counts twice: whoever checks one
//! remembers its step, and takes later ones only. A recovery code has 80 random bits, so one SHA-256 is all that is kept of
//! it: there is nothing to guess that a slow hash would protect.

use hmac::{Hmac, KeyInit, Mac};
use schemas::{TenantId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::keys::sha256;

/// Seconds of a step.
const STEP_S: i64 = 30;
/// Recovery codes that one has.
pub const RECOVERY_CODES: usize = 10;
/// The alphabet of RFC 4648, base 32.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What codes are made from: 160 bits, as long as the hash (RFC 4226, 4, R6).
pub struct Seed(SecretBox<[u8; 20]>);

impl Seed {
    /// The seed of random bytes.
    pub fn new(random: SecretBox<[u8; 20]>) -> Self {
        Self(random)
    }

    /// The seed of its text; `None` when it is none.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let mut bytes = Box::new([0; 20]);
        let (mut bits, mut held, mut at) = (0_u32, 0_u32, 0);
        for letter in text.expose_secret().bytes() {
            let value = ALPHABET.iter().position(|known| *known == letter)?;
            bits = (bits << 5) | u32::try_from(value).ok()?;
            held += 5;
            if held >= 8 {
                held -= 8;
                *bytes.get_mut(at)? = u8::try_from((bits >> held) & 0xff).ok()?;
                at += 1;
                bits &= (1 << held) - 1;
            }
        }
        (at == 20).then(|| Self(SecretBox::new(bytes)))
    }

    /// Its text, base 32, as people type it into a device that reads no picture.
    pub fn reveal(&self) -> SecretString {
        base32(self.0.expose_secret()).into()
    }

    /// The address that a device takes it from, often shown as a picture.
    pub fn uri(&self, tenant: &TenantId, user: &UserId) -> SecretString {
        // Ids need no escaping in an address.
        let seed = base32(self.0.expose_secret());
        format!("otpauth://totp/Bulkhead:{user}@{tenant}?secret={seed}&issuer=Bulkhead&algorithm=SHA1&digits=6&period=30").into()
    }

    /// The code that a device shows at a moment.
    pub fn shown(&self, now: Timestamp) -> Option<String> {
        self.code(u64::try_from(now.as_s().div_euclid(STEP_S)).ok()?)
    }

    /// The step of a code, if it is one of this moment and of a step after the last that was used.
    pub fn step_of(&self, code: &str, now: Timestamp, last_step: u64) -> Option<u64> {
        let current = u64::try_from(now.as_s().div_euclid(STEP_S)).ok()?;
        let mut found = None;
        // All are compared, so that the time does not tell which one it was.
        for step in [
            current.saturating_sub(1),
            current,
            current.saturating_add(1),
        ] {
            let is: bool = self.code(step)?.as_bytes().ct_eq(code.as_bytes()).into();
            if is && step > last_step {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// The code of a step. Source: RFC 4226, 5.3.
    fn code(&self, step: u64) -> Option<String> {
        let mut mac = Hmac::<Sha1>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest.last()? & 0xf);
        let four: [u8; 4] = digest.get(at..at + 4)?.try_into().ok()?;
        let number = u32::from_be_bytes(four) & 0x7fff_ffff;
        Some(format!("{:06}", number % 1_000_000))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

/// A recovery code of random bytes: 16 letters and digits in groups of four.
pub fn recovery_code(random: [u8; 10]) -> SecretString {
    let text = base32(&random).to_lowercase();
    let groups: Vec<_> = text
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect();
    groups.join("-").into()
}

/// What is kept of a recovery code, however it is written.
pub fn recovery_hash(code: &str) -> String {
    let plain = code.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.map(|c| c.to_ascii_lowercase()).collect();
    hex::encode(sha256(plain.as_bytes()))
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let at = usize::try_from((bits >> held) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET.get(at).copied().unwrap_or(b'A')));
        }
        bits &= (1 << held) - 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed::new(SecretBox::new(Box::new(*b"12345678901234567890")))
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_ms(seconds * 1000);
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(seed().step_of(code, now, 0), Some(step), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_a_step_around_its_own_and_once() {
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1000);
        assert_eq!(seed().step_of("287082", at(89), 0), Some(1));
        assert_eq!(seed().step_of("287082", at(0), 0), Some(1));
        assert_eq!(seed().step_of("287082", at(90), 0), None, "too late");
        assert_eq!(seed().step_of("287082", at(59), 1), None, "used");
        for wrong in ["", "287083", "28708", "2870820", " 287082"] {
            assert_eq!(seed().step_of(wrong, at(59), 0), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_seed_is_read_back_from_its_text() {
        // RFC 4648's alphabet over the RFC 6238 seed.
        let text = seed().reveal();
        assert_eq!(text.expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let read = Seed::parse(&text).unwrap();
        assert_eq!(read.code(1), seed().code(1));
        assert!(Seed::parse(&"GEZDGNBV".to_owned().into()).is_none());
        assert!(Seed::parse(&"gezdgnbvgy3tqojqgezdgnbvgy3tqojq".to_owned().into()).is_none());
        let uri = seed().uri(&"acme".parse().unwrap(), &"ann".parse().unwrap());
        assert!(
            uri.expose_secret()
                .starts_with("otpauth://totp/Bulkhead:ann@acme?secret=GEZD")
        );
        assert!(!format!("{:?}", seed()).contains("GEZD"));
    }

    #[test]
    fn recovery_codes_are_known_however_they_are_written() {
        let code = recovery_code([0xff; 10]);
        assert_eq!(code.expose_secret(), "7777-7777-7777-7777");
        let kept = recovery_hash(code.expose_secret());
        assert_eq!(recovery_hash("7777 7777 77777777"), kept);
        assert_ne!(recovery_hash("7777-7777-7777-7776"), kept);
    }
}
