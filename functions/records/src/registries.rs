//! Registries: one record each with sealed credentials, what the last look came to, and the images that they keep.

use platform::{Cursor, Platform, SortRange};
use schemas::{
    Digest, ImageId, RegistryId, TenantId, Timestamp,
    api::registry::{RegistryCredentialKind, RegistryRun, RegistrySettings},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    RecordError, SealedSecret, Secrets, keys,
    store::{self, Listed, stored},
};

const NOUN: &str = "registries";
const RUNS: &str = "registry-runs";
const IMAGES: &str = "registry-images";
const WHAT: &str = "a registry";
/// Most registries of a tenant: all of them are looked through for the credentials of an image.
pub const MAX_REGISTRIES: usize = 200;
/// Most problems, and most notes, that are kept of a look, and most bytes of each.
const MAX_PROBLEMS: usize = 20;
const MAX_PROBLEM_BYTES: usize = 500;
/// Most parts of a look that are told from those that come again: more would make each note long.
const MAX_COUNTED: usize = 1000;

/// A registry as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegistryRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its id.
    pub id: RegistryId,
    /// How it is set up.
    pub settings: RegistrySettings,
    /// How it is signed in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<StoredCredentials>,
    /// The secrets that open its webhook, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_secrets: Vec<StoredWebhookSecret>,
    /// When it was set up.
    pub created_at: Timestamp,
    /// Who set it up.
    pub created_by: String,
    /// When it last was changed.
    pub updated_at: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

/// Credentials as they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCredentials {
    /// Their form.
    pub kind: RegistryCredentialKind,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What is secret of them.
    pub secret: SealedSecret,
    /// When they were set.
    pub set_at: Timestamp,
}

/// A secret of a webhook as it is kept: sealed and not hashed, since some registries sign with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredWebhookSecret {
    /// The secret.
    pub secret: SealedSecret,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What the last look came to, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryRunRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The look.
    pub run: RegistryRun,
    /// Digests of the names of the parts that were counted, so that one that comes again is counted once: of the first
    /// thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
}

/// An image that a registry keeps, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryImageRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// Its repository.
    pub repository: String,
    /// Its tag.
    pub tag: String,
    /// Digest of its manifest or index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What was read of it, one for each platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageId>,
    /// When it was read, or given up.
    pub updated_at: Timestamp,
    /// When the tag stood for this: when the registry was asked, or when the push was that told of it. Absent in what
    /// earlier versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl RegistryImageRecord {
    /// When the tag stood for this.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of.unwrap_or(self.updated_at)
    }
}

stored! {
    RegistryRecord: "a registry" 1;
    RegistryRunRecord: "a look at a registry" 1;
    RegistryImageRecord: "an image of a registry" 1;
}

/// The repository of registries.
#[derive(Clone, Copy, Debug)]
pub struct Registries<'a>(pub &'a Platform);

impl Registries<'_> {
    /// A registry, with the revision that names this state.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
    ) -> Result<Option<(RegistryRecord, u64)>, RecordError> {
        store::read(self.0, &keys::key(tenant, NOUN, id.as_str())).await
    }

    /// Keeps a registry in place of the state of this revision, or as a new one; says whether that was so.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn put(
        &self,
        tenant: &TenantId,
        record: &RegistryRecord,
        replaces: Option<u64>,
    ) -> Result<bool, RecordError> {
        let key = keys::key(tenant, NOUN, record.id.as_str());
        store::replace(self.0, key, record, replaces).await
    }

    /// Forgets a registry with everything that is kept of it. What was read of its images stays.
    ///
    /// # Errors
    /// As [`Self::get`]; the same call may be repeated.
    pub async fn delete(&self, tenant: &TenantId, id: &RegistryId) -> Result<(), RecordError> {
        // The record first: without it no message about the registry does anything any more.
        store::delete(self.0, &keys::key(tenant, NOUN, id.as_str()), WHAT).await?;
        store::delete(self.0, &keys::key(tenant, RUNS, id.as_str()), WHAT).await?;
        let partition = images(tenant, id);
        let mut cursor = None;
        loop {
            let found = store::page(self.0, &partition, &SortRange::All, 100, cursor, WHAT).await?;
            for item in &found.items {
                store::delete(self.0, &item.key, WHAT).await?;
            }
            cursor = found.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// One page of a tenant's registries, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<RegistryRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }

    /// All registries of a tenant, which are at most [`MAX_REGISTRIES`] or few more.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn all(&self, tenant: &TenantId) -> Result<Vec<RegistryRecord>, RecordError> {
        let partition = keys::partition(tenant, NOUN);
        let items = store::all(self.0, &partition, &SortRange::All, WHAT).await?;
        store::decode_all(&items)
    }

    /// Seals a secret of a registry.
    ///
    /// # Errors
    /// When no key can be had.
    pub async fn seal(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        secret: &SecretString,
    ) -> Result<SealedSecret, RecordError> {
        Secrets(self.0).seal(tenant, &thing(id), secret).await
    }

    /// Gives a secret of a registry back.
    ///
    /// # Errors
    /// When no key can be had, or it was sealed for something else.
    pub async fn open(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        sealed: &SealedSecret,
    ) -> Result<SecretString, RecordError> {
        Secrets(self.0).open(tenant, &thing(id), sealed).await
    }

    /// What the last look came to.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn run(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
    ) -> Result<Option<RegistryRun>, RecordError> {
        let key = keys::key(tenant, RUNS, id.as_str());
        let found = store::read::<RegistryRunRecord>(self.0, &key).await?;
        Ok(found.map(|(record, _)| record.run))
    }

    /// What the last looks at these came to, with their ids.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn runs(
        &self,
        tenant: &TenantId,
        ids: &[RegistryId],
    ) -> Result<Vec<(RegistryId, RegistryRun)>, RecordError> {
        let keys: Vec<_> = ids
            .iter()
            .map(|id| keys::key(tenant, RUNS, id.as_str()))
            .collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        let mut runs = Vec::new();
        for item in items {
            let record: RegistryRunRecord = store::decode(&item.value)?;
            if let Ok(id) = item.key.sort.parse() {
                runs.push((id, record.run));
            }
        }
        Ok(runs)
    }

    /// Notes that a look began. One that began at the same time is the same.
    ///
    /// # Errors
    /// As [`Self::get`], and [`RecordError::Busy`].
    pub async fn begin_run(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        at: Timestamp,
    ) -> Result<(), RecordError> {
        self.change_run(tenant, id, |record| {
            if record.run.started_at >= Some(at) {
                return false;
            }
            *record = RegistryRunRecord {
                version: 1,
                run: RegistryRun {
                    started_at: Some(at),
                    updated_at: Some(at),
                    ..RegistryRun::default()
                },
                done: Vec::new(),
            };
            true
        })
        .await
    }

    /// Notes what came of a part of the look that began then: how many repositories it found, or what it found in one.
    ///
    /// # Errors
    /// As [`Self::begin_run`].
    pub async fn note_run(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        began: Timestamp,
        part: &RunPart,
    ) -> Result<(), RecordError> {
        let now = store::now(self.0);
        self.change_run(tenant, id, |record| {
            if record.run.started_at != Some(began) {
                return false;
            }
            let name = keys::digest(part.name.as_bytes());
            let name = keys::short(&name).get(..16).unwrap_or_default().to_owned();
            let run = &mut record.run;
            if !record.done.contains(&name) {
                if record.done.len() < MAX_COUNTED {
                    record.done.push(name);
                }
                run.repositories = run.repositories.saturating_add(part.repositories);
                run.repositories_done = run.repositories_done.saturating_add(part.done);
                run.tags = run.tags.saturating_add(part.tags);
                run.queued = run.queued.saturating_add(part.queued);
            } else if part.problem.is_none() {
                return false;
            }
            if let Some(problem) = &part.problem {
                tell(&mut run.problems, problem);
            }
            if let Some(note) = &part.note {
                tell(&mut run.notes, note);
            }
            run.updated_at = Some(now);
            true
        })
        .await
    }

    async fn change_run(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        change: impl Fn(&mut RegistryRunRecord) -> bool,
    ) -> Result<(), RecordError> {
        let key = keys::key(tenant, RUNS, id.as_str());
        for _ in 0..store::ATTEMPTS {
            let (mut record, version) = match store::read(self.0, &key).await? {
                Some((record, version)) => (record, Some(version)),
                None => (RegistryRunRecord::default(), None),
            };
            if !change(&mut record) {
                return Ok(());
            }
            if store::replace(self.0, key.clone(), &record, version).await? {
                return Ok(());
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// What is known of these tags of a repository; what is not known is left out.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn known(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        repository: &str,
        tags: &[String],
    ) -> Result<Vec<RegistryImageRecord>, RecordError> {
        let partition = images(tenant, id);
        let keys: Vec<_> = tags
            .iter()
            .map(|tag| platform::Key::new(partition.clone(), tagged(repository, tag)))
            .collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// Keeps what is known of an image, unless something else of a later moment is known of its tag; says whether it was kept.
    ///
    /// # Errors
    /// As [`Self::begin_run`].
    pub async fn note_image(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        record: &RegistryImageRecord,
    ) -> Result<bool, RecordError> {
        let sort = tagged(&record.repository, &record.tag);
        let key = platform::Key::new(images(tenant, id), sort);
        for _ in 0..store::ATTEMPTS {
            let found = store::read::<RegistryImageRecord>(self.0, &key).await?;
            let mut noted = record.clone();
            let version = match found {
                Some((known, version)) => {
                    let is_later = known.as_of() > record.as_of();
                    if is_later && known.digest != record.digest {
                        return Ok(false);
                    }
                    if is_later {
                        noted.as_of = Some(known.as_of());
                    }
                    Some(version)
                }
                None => None,
            };
            if store::replace(self.0, key.clone(), &noted, version).await? {
                return Ok(true);
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// One page of the images of a registry, by repository and tag.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn images(
        &self,
        tenant: &TenantId,
        id: &RegistryId,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<RegistryImageRecord>, RecordError> {
        let partition = images(tenant, id);
        store::list(self.0, &partition, &SortRange::All, limit, cursor).await
    }
}

/// A part of a look.
#[derive(Clone, Debug, Default)]
pub struct RunPart {
    /// Its name: the repository, or where in the list of repositories it began.
    pub name: String,
    /// Repositories that it found within the scope.
    pub repositories: u32,
    /// Repositories that it looked at: 1 or 0.
    pub done: u32,
    /// Tags that it found within the scope.
    pub tags: u32,
    /// Images that it has read.
    pub queued: u32,
    /// What went wrong.
    pub problem: Option<String>,
    /// What people should know of how it was done.
    pub note: Option<String>,
}

/// Adds a text to those that are told of a look, once and as far as there is room.
fn tell(all: &mut Vec<String>, text: &str) {
    let end = text.floor_char_boundary(MAX_PROBLEM_BYTES);
    let text = text.get(..end).unwrap_or_default();
    if all.len() < MAX_PROBLEMS && !all.iter().any(|known| known == text) {
        all.push(text.to_owned());
    }
}

fn thing(id: &RegistryId) -> String {
    format!("{NOUN}/{id}")
}

fn images(tenant: &TenantId, id: &RegistryId) -> String {
    format!("{}/{id}", keys::partition(tenant, IMAGES))
}

fn tagged(repository: &str, tag: &str) -> String {
    format!("{repository}:{tag}")
}
