//! What was sent last of each subject, so that what has not changed is sent seldom.

use std::collections::BTreeMap;

use schemas::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::{REPEAT_IMAGE_MS, REPEAT_MS};
use crate::{
    spool::Subject,
    state::{StateDir, StateError},
};

/// The file in the agent's folder.
const FILE: &str = "sent.json";
/// After this time without being seen a subject is forgotten.
const FORGET_MS: i64 = 30 * REPEAT_MS;

/// The last sent of each subject.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sent {
    subjects: BTreeMap<String, Last>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Last {
    digest: Digest,
    at: Timestamp,
}

impl Sent {
    pub(super) fn load(state: &StateDir) -> Self {
        state.read_or_default(FILE)
    }

    /// What two looks are compared by.
    pub(super) fn digest<T: Serialize>(value: &T) -> Result<Digest, serde_json::Error> {
        let bytes = serde_json::to_vec(value)?;
        Ok(Digest::from_sha256(&access::keys::sha256(&bytes)))
    }

    pub(super) fn is_due(&self, subject: &Subject, digest: &Digest, now: Timestamp) -> bool {
        self.subjects.get(&subject.to_string()).is_none_or(|last| {
            let age_ms = now.as_ms().saturating_sub(last.at.as_ms());
            let repeat_ms = match subject {
                Subject::Image(_) => REPEAT_IMAGE_MS,
                Subject::Host | Subject::Containers | Subject::Event => REPEAT_MS,
            };
            // A clock that was set back must not silence the agent.
            last.digest != *digest || !(0..repeat_ms).contains(&age_ms)
        })
    }

    /// Whether anything of the subject was ever sent.
    pub(super) fn knows(&self, subject: &Subject) -> bool {
        self.subjects.contains_key(&subject.to_string())
    }

    pub(super) fn note(
        &mut self,
        state: &StateDir,
        subject: &Subject,
        digest: Digest,
        now: Timestamp,
    ) -> Result<(), StateError> {
        self.subjects
            .retain(|_, last| now.as_ms().saturating_sub(last.at.as_ms()) < FORGET_MS);
        self.subjects
            .insert(subject.to_string(), Last { digest, at: now });
        state.write(FILE, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_due_once_a_day_or_week_and_a_change_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let at = |hours: i64| Timestamp::from_ms(hours * 3_600_000);
        let (one, two) = (Sent::digest(&1).unwrap(), Sent::digest(&2).unwrap());
        let mut sent = Sent::load(&state);
        assert!(sent.is_due(&Subject::Host, &one, at(100)));
        sent.note(&state, &Subject::Host, one.clone(), at(100))
            .unwrap();
        let sent = Sent::load(&state);
        assert!(!sent.is_due(&Subject::Host, &one, at(123)));
        assert!(sent.is_due(&Subject::Host, &one, at(124)));
        assert!(sent.is_due(&Subject::Host, &one, at(99)));
        assert!(sent.is_due(&Subject::Host, &two, at(101)));
        assert!(sent.is_due(&Subject::Containers, &one, at(101)));
        let mut sent = sent;
        let image = Subject::Image(one.clone());
        sent.note(&state, &image, one.clone(), at(100)).unwrap();
        assert!(!sent.is_due(&image, &one, at(100 + 7 * 24 - 1)));
        assert!(sent.is_due(&image, &one, at(100 + 7 * 24)));
        assert!(sent.is_due(&image, &two, at(101)));
    }
}
