//! What is promised of keys.

use std::collections::HashSet;

use super::{Subject, Verdict, check_list, ensure, ensure_eq, ensure_err};
use crate::ports::KeyError;
use crate::ports::keys::verify;

check_list!("keys", true: a_key_is_the_same_under_its_name, signatures_and_codes_are_verified, key_names_are_confined, randomness_differs);

async fn a_key_is_the_same_under_its_name(subject: &Subject) -> Verdict {
    let keys = &subject.platform.keys;
    let name = subject.name("same");
    // At the same time, as two processes would at their first start.
    let (one, two) = futures::join!(keys.signing_key(&name), keys.signing_key(&name));
    let (one, two) = (one?, two?);
    ensure_eq!(one.public(), two.public(), "one name, two keys");
    let other = keys.signing_key(&subject.name("other")).await?;
    ensure!(one.public() != other.public(), "two names, one key");
    let (one, two) = futures::join!(keys.mac_key(&name), keys.mac_key(&name));
    ensure_eq!(one?.mac(b"m"), two?.mac(b"m"), "one name, two codes");
    Ok(())
}

async fn signatures_and_codes_are_verified(subject: &Subject) -> Verdict {
    let keys = &subject.platform.keys;
    let key = keys.signing_key(&subject.name("sign")).await?;
    let signature = key.sign(b"message");
    let public = key.public();
    ensure!(
        verify(&public, b"message", &signature),
        "a signature does not verify"
    );
    ensure!(
        !verify(&public, b"massage", &signature),
        "another message verifies"
    );
    ensure!(
        !verify(&public, b"message", &signature[1..]),
        "a cut signature verifies"
    );
    ensure!(
        !verify(&[0; 32], b"message", &signature),
        "a weak key verifies"
    );
    let mac = keys.mac_key(&subject.name("sign")).await?;
    let code = mac.mac(b"message");
    ensure!(mac.verify(b"message", &code), "a code does not verify");
    ensure!(!mac.verify(b"massage", &code), "another message verifies");
    ensure!(!mac.verify(b"message", &[]), "an empty code verifies");
    ensure!(!mac.verify(b"message", &code[..31]), "a cut code verifies");
    Ok(())
}

async fn key_names_are_confined(subject: &Subject) -> Verdict {
    let keys = &subject.platform.keys;
    for name in ["", "../key", "a/b", "A", "a b", "\0", &"n".repeat(65)] {
        ensure_err!(
            keys.signing_key(name).await,
            KeyError::InvalidName(_),
            "the name {name:?}"
        );
    }
    Ok(())
}

async fn randomness_differs(subject: &Subject) -> Verdict {
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let mut bytes = [0; 16];
        subject.platform.keys.random(&mut bytes)?;
        ensure!(seen.insert(bytes), "the same randomness twice");
    }
    Ok(())
}
