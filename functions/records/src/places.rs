//! Places: what a host or image was found to have, with the document that holds the findings, and which advisories each
//! place was matched with, so that a changed advisory finds the places it concerns.

use std::collections::BTreeSet;

use platform::{Condition, Cursor, Item, Platform, SortRange, Write};
use schemas::{
    Digest, Place, PlaceKind, TenantId, Timestamp,
    finding::{CannotJudge, Finding},
    inventory::{Coverage, CoverageStatus, OperatingSystem},
    report::Summary,
};
use serde::{Deserialize, Serialize};

use crate::{
    Inventories, RecordError,
    inventories::InventoryRef,
    keys,
    place_changes::{self, ChangeRecord},
    store::{self, Found, Listed, Put, stored},
};

const NOUN: &str = "places";
const WHAT: &str = "findings";

/// What is known of a place since it was matched last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// Version of this record's form, 1.
    pub version: u32,
    /// The place.
    pub place: Place,
    /// The name people know it by.
    pub name: String,
    /// Grows with every state.
    pub revision: u64,
    /// The generation of shards that it was matched with; 0 for none.
    pub generation: u64,
    /// What was matched: content of the inventory.
    pub content: Digest,
    /// The merged inventory of an image.
    #[serde(default)]
    pub inventory: Option<InventoryRef>,
    /// What an image's inventory was merged from.
    #[serde(default)]
    pub basis: Option<Digest>,
    /// Name of the findings document among those of this place; see [`Places::findings`].
    pub findings: String,
    /// Digest of what matching gave: findings, what cannot be judged, coverage, without what daily feeds say of
    /// vulnerabilities. Absent of what was stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Digest>,
    /// When it was matched.
    pub scanned_at: Timestamp,
    /// Counts of its findings.
    pub summary: Summary,
    /// How much of it was read and could be judged.
    pub coverage: CoverageStatus,
    /// Number of things that were not read or judged.
    #[serde(default)]
    pub gaps: u32,
    /// Its operating system.
    #[serde(default)]
    pub os: Option<OperatingSystem>,
    /// What newer builds of Windows would fix; absent of anything else, and in what earlier releases stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsFixes>,
    /// Number of its packages.
    pub packages: u32,
    /// Shards that it was matched with, or would have been, had they been there.
    #[serde(default)]
    pub shards: Vec<ShardUse>,
    /// Digest of the names that it asks these shards for; absent in what earlier releases stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Digest>,
    /// Layers of an image whose inventories were not there.
    #[serde(default)]
    pub missing_layers: Vec<Digest>,
    /// The trace that this state is the end of, 32 hexadecimal digits: that of an agent's upload, for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// What newer revisions of a place's Windows build fix in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowsFixes {
    /// The highest revision that any of its findings is fixed in; 0 without one.
    pub ubr: u32,
    /// The update that brings that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kb: Option<String>,
    /// Counts of the findings that are fixed so.
    pub summary: Summary,
}

/// A shard that a place was matched with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardUse {
    /// Its name, such as `debian:12`.
    pub shard: String,
    /// Its content; absent when there was none of the name.
    #[serde(default)]
    pub digest: Option<Digest>,
}

/// All findings of a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingsDocument {
    /// Version of this document's form, 1.
    pub version: u32,
    /// The place.
    pub place: Place,
    /// The generation of shards that first gave this; the record has the one that did last.
    pub generation: u64,
    /// How much was read and could be judged.
    pub coverage: Coverage,
    /// Vulnerabilities; scores are given where they are read.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Vulnerabilities that may be here and cannot be judged.
    #[serde(default)]
    pub cannot_judge: Vec<CannotJudge>,
}

/// Which names of a shard a place asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSet {
    /// Hashes of names, see [`name_hash`], ascending.
    hashes: Vec<u32>,
}

/// The package names that a place asks one shard for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardNames {
    /// Name of the shard.
    pub shard: String,
    /// The names.
    pub names: NameSet,
}

stored! { PlaceRecord: "a place" 1; }

/// Most names of one place in one shard; a place with more asks for all.
const MAX_NAMES: usize = 90_000;
/// Most shards that one place asks.
const MAX_SHARDS: usize = 40;

/// Hash of a package name: FNV-1a of 64 bits, folded to 32. Two names of one hash cost a needless look, no more.
pub fn name_hash(name: &str) -> u32 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    u32::from_le_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}

impl NameSet {
    /// The set of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let hashes: BTreeSet<u32> = names.into_iter().map(name_hash).collect();
        Self {
            hashes: hashes.into_iter().collect(),
        }
    }

    /// The set of names with these hashes.
    pub fn of_hashes(hashes: impl IntoIterator<Item = u32>) -> Self {
        let hashes: BTreeSet<u32> = hashes.into_iter().collect();
        Self {
            hashes: hashes.into_iter().collect(),
        }
    }

    /// The hashes, ascending.
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    /// Whether both may have a name in common. A set of too many names to be stored has one in common with all.
    pub fn meets(&self, other: &Self) -> bool {
        if self.hashes.len() > MAX_NAMES || other.hashes.len() > MAX_NAMES {
            return true;
        }
        let (few, many) = if self.hashes.len() < other.hashes.len() {
            (self, other)
        } else {
            (other, self)
        };
        few.hashes
            .iter()
            .any(|hash| many.hashes.binary_search(hash).is_ok())
    }

    /// One byte, 1 for a list and 2 for all names, then the hashes, four bytes each, little endian.
    fn encode(&self) -> Vec<u8> {
        if self.hashes.len() > MAX_NAMES {
            return vec![2];
        }
        let mut bytes = vec![1];
        bytes.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes
    }

    /// The set, or `None` for all names; so is what cannot be read, to be on the safe side.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let [1, rest @ ..] = bytes else {
            return None;
        };
        let (hashes, []) = rest.as_chunks::<4>() else {
            return None;
        };
        Some(Self::of_hashes(
            hashes.iter().map(|b| u32::from_le_bytes(*b)),
        ))
    }
}

/// A state of a place that was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct PutPlace {
    /// The state.
    pub record: PlaceRecord,
    /// Whether anything but when and by which advisories it was matched differs from the state before.
    pub is_changed: bool,
}

/// Digest of what matching gave. What daily feeds say of a vulnerability is read from the index where findings are shown,
/// so that it makes no findings new.
fn result_of(document: &FindingsDocument) -> Result<Digest, RecordError> {
    let mut findings = document.findings.clone();
    for finding in &mut findings {
        (finding.epss, finding.epss_percentile, finding.kev) = (None, None, false);
    }
    let result = (&document.coverage, &findings, &document.cannot_judge);
    let json = serde_json::to_vec(&result).map_err(|e| RecordError::Damaged(WHAT, e))?;
    Ok(keys::digest(&json))
}

/// Whether matching gave what it had given, for the same contents, so that the document and the names that the place
/// asks for are those which are stored.
fn is_as_it_was(before: &PlaceRecord, now: &PlaceRecord) -> bool {
    before.result.is_some()
        && before.result == now.result
        && before.content == now.content
        && before.name == now.name
        && before.inventory == now.inventory
        && before.basis == now.basis
        && before.missing_layers == now.missing_layers
        && before.names == now.names
}

/// The repository of places.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a>(pub &'a Platform);

impl Places<'_> {
    /// What is known of a place; `None` before it was matched first.
    ///
    /// # Errors
    /// When the table fails or the record is damaged.
    pub async fn get(
        &self,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Option<Found<PlaceRecord>>, RecordError> {
        store::find(self.0, &key(tenant, place)).await
    }

    /// What is known of these places, as far as they were matched, in no promised order.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many(
        &self,
        tenant: &TenantId,
        places: &[Place],
    ) -> Result<Vec<PlaceRecord>, RecordError> {
        let keys: Vec<_> = places.iter().map(|place| key(tenant, place)).collect();
        let items = store::get_many(self.0, &keys, WHAT).await?;
        store::decode_all(&items)
    }

    /// One page of a tenant's places of one kind, by id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        kind: PlaceKind,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Listed<PlaceRecord>, RecordError> {
        let prefix = match kind {
            PlaceKind::Host => "host/",
            PlaceKind::Image => "image/",
        };
        let range = SortRange::Prefix(prefix.to_owned());
        let partition = keys::partition(tenant, NOUN);
        store::list(self.0, &partition, &range, limit, cursor).await
    }

    /// Stores the findings of a place, in place of the state that was read before anything they were made from was.
    /// `record.findings`, `record.names` and `record.result` are set here. Findings that are as they were are not written
    /// again: most advisories that change concern no version that is installed. Returns `None` when somebody else did so
    /// in between: then what was read may be old.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put(
        &self,
        tenant: &TenantId,
        before: Option<&Found<PlaceRecord>>,
        record: PlaceRecord,
        document: FindingsDocument,
        names: &[ShardNames],
    ) -> Result<Option<PutPlace>, RecordError> {
        self.put_telling(tenant, before, record, document, names, Vec::new())
            .await
    }

    /// The same, with what changed and is to be told to somebody: it is kept with the findings or not at all. At most 18
    /// changes: with the names of 40 shards before and after they are one transaction.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_telling(
        &self,
        tenant: &TenantId,
        before: Option<&Found<PlaceRecord>>,
        mut record: PlaceRecord,
        document: FindingsDocument,
        names: &[ShardNames],
        changes: Vec<ChangeRecord>,
    ) -> Result<Option<PutPlace>, RecordError> {
        let place = record.place.clone();
        record.revision = before.map_or(0, |before| before.record.revision) + 1;
        let (result, document) = store::aside(WHAT, move || {
            let result = result_of(&document)?;
            Ok((result, document))
        })
        .await?;
        record.result = Some(result);
        record.names = Some(digest_of(names));
        if let Some(before) = before
            && changes.is_empty()
            && is_as_it_was(&before.record, &record)
        {
            record.findings.clone_from(&before.record.findings);
            let item = Item::new(key(tenant, &place), store::encode(&record)?);
            let condition = Condition::VersionIs(before.version);
            return Ok(match store::put(self.0, item, condition, WHAT).await? {
                Put::Written => Some(PutPlace {
                    record,
                    is_changed: false,
                }),
                Put::Held => None,
            });
        }
        let bytes = store::aside(WHAT, move || store::encode_document(&document, WHAT)).await?;
        let digest = keys::digest(&bytes);
        record.findings = format!("{:020}-{}", record.revision, keys::short(&digest));
        let path = path(tenant, &place, &record.findings)?;
        store::put_once(self.0, &path, bytes, WHAT).await?;
        let item = Item::new(key(tenant, &place), store::encode(&record)?);
        let condition = store::unchanged(before.map(|before| before.version));
        // New advisories rarely change what a place asks for. A write by itself costs half of one in a transaction.
        let is_asked = before.is_some_and(|before| before.record.names == record.names);
        let put = if is_asked && changes.is_empty() {
            store::put(self.0, item, condition, WHAT).await?
        } else {
            let mut writes = vec![Write::Put { item, condition }];
            if !is_asked {
                writes.extend(index_writes(tenant, &place, before, names));
            }
            writes.extend(place_changes::writes(tenant, record.revision, changes)?);
            store::transact(self.0, writes, WHAT).await?
        };
        match put {
            Put::Written => {
                if let Some(before) = before {
                    self.forget(tenant, &before.record, &record).await;
                }
                Ok(Some(PutPlace {
                    record,
                    is_changed: true,
                }))
            }
            Put::Held => {
                let current = self.get(tenant, &place).await?;
                if let Some(current) = current {
                    self.forget(tenant, &record, &current.record).await;
                }
                Ok(None)
            }
        }
    }

    /// Forgets the documents that a state named and the one that holds does not.
    async fn forget(&self, tenant: &TenantId, old: &PlaceRecord, holds: &PlaceRecord) {
        if old.findings != holds.findings
            && let Ok(path) = path(tenant, &old.place, &old.findings)
        {
            store::forget(self.0, &path).await;
        }
        if let Some(inventory) = &old.inventory
            && holds.inventory.as_ref() != Some(inventory)
        {
            Inventories(self.0)
                .forget(tenant, &old.place, inventory)
                .await;
        }
    }

    /// The findings that a record names.
    ///
    /// # Errors
    /// [`RecordError::Gone`] when the place has newer ones by now: read the record again.
    pub async fn findings(
        &self,
        tenant: &TenantId,
        record: &PlaceRecord,
    ) -> Result<FindingsDocument, RecordError> {
        let path = path(tenant, &record.place, &record.findings)?;
        store::read_document(self.0, &path, WHAT)
            .await?
            .ok_or(RecordError::Gone(WHAT))
    }

    /// The newest state of a place with its findings.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(
        &self,
        tenant: &TenantId,
        place: &Place,
    ) -> Result<Option<(PlaceRecord, FindingsDocument)>, RecordError> {
        for _ in 0..store::ATTEMPTS {
            let Some(found) = self.get(tenant, place).await? else {
                return Ok(None);
            };
            match self.findings(tenant, &found.record).await {
                Err(RecordError::Gone(_)) => {}
                document => return Ok(Some((found.record, document?))),
            }
        }
        Err(RecordError::Busy(WHAT))
    }

    /// One page of the places that ask a shard for any of these names.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn asking(
        &self,
        tenant: &TenantId,
        shard: &str,
        names: &NameSet,
        cursor: Option<Cursor>,
    ) -> Result<Listed<Place>, RecordError> {
        let partition = keys::partition(tenant, &asks(shard));
        let found = store::page(self.0, &partition, &SortRange::All, 1000, cursor, WHAT).await?;
        Ok(Listed {
            records: found
                .items
                .iter()
                .filter(|item| NameSet::decode(&item.value).is_none_or(|all| all.meets(names)))
                .filter_map(|item| item.key.sort.parse().ok())
                .collect(),
            next: found.next,
        })
    }
}

/// Names of shards come from places, so they are confined before they become part of a key.
fn is_key_part(shard: &str) -> bool {
    (1..=200).contains(&shard.len()) && !shard.contains('/')
}

fn index_writes(
    tenant: &TenantId,
    place: &Place,
    before: Option<&Found<PlaceRecord>>,
    names: &[ShardNames],
) -> Vec<Write> {
    let sort = place.to_string();
    let mut asked = BTreeSet::new();
    let mut writes = Vec::new();
    for names in names {
        let fits = is_key_part(&names.shard) && asked.len() < MAX_SHARDS;
        if fits && asked.insert(names.shard.as_str()) {
            writes.push(Write::Put {
                item: Item::new(
                    keys::key(tenant, &asks(&names.shard), &sort),
                    names.names.encode(),
                ),
                condition: Condition::None,
            });
        }
    }
    let former = before.map_or(&[][..], |before| &before.record.shards);
    for former in former.iter().take(MAX_SHARDS) {
        if is_key_part(&former.shard) && asked.insert(&former.shard) {
            writes.push(Write::Delete {
                key: keys::key(tenant, &asks(&former.shard), &sort),
                condition: Condition::None,
            });
        }
    }
    writes
}

/// Digest of what a place asks, shard by shard.
fn digest_of(names: &[ShardNames]) -> Digest {
    let mut bytes = Vec::new();
    for names in names {
        for part in [names.shard.as_bytes(), &names.names.encode()] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
    }
    keys::digest(&bytes)
}

fn asks(shard: &str) -> String {
    format!("shard-places/{shard}")
}

fn key(tenant: &TenantId, place: &Place) -> platform::Key {
    keys::key(tenant, NOUN, &place.to_string())
}

fn path(tenant: &TenantId, place: &Place, name: &str) -> Result<platform::BlobPath, RecordError> {
    let name = keys::plain(name, WHAT)?;
    keys::path(
        tenant,
        &format!("findings/{}/{name}.json.zst", keys::place_path(place)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_names_meet_when_they_share_one() {
        let installed = NameSet::of(["openssl", "curl", "zlib"]);
        assert!(installed.meets(&NameSet::of(["curl"])));
        assert!(!installed.meets(&NameSet::of(["nginx", "bash"])));
        assert_eq!(
            NameSet::decode(&installed.encode()),
            Some(installed.clone())
        );
        let many = NameSet::of_hashes(0..100_000);
        assert_eq!(NameSet::decode(&many.encode()), None, "all names");
        assert!(many.meets(&installed));
        assert_eq!(NameSet::decode(&[1, 2, 3]), None);
    }
}
