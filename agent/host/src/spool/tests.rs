//! The spool keeps, bounds and gives back what it was given.

use schemas::{
    Digest, Timestamp,
    agent::{ENVELOPE_VERSION, Envelope, EnvelopeKind},
};

use super::*;

fn envelope(seq: u64, kind: EnvelopeKind, size: usize) -> Envelope {
    // Digits of a generator, so that compression does not make every size alike.
    let mut state = seq.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let text: String = (0..size)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'0' + u8::try_from((state >> 40) % 64).unwrap())
        })
        .collect();
    Envelope {
        version: ENVELOPE_VERSION,
        agent: "a".parse().unwrap(),
        boot_id: "b".to_owned(),
        seq,
        observed_at: Timestamp::from_ms(0),
        kind,
        body: serde_json::json!({ "text": text }),
    }
}

fn seqs(spool: &Spool) -> Vec<u64> {
    let names: Vec<EntryName> = spool.held().entries.keys().cloned().collect();
    names
        .iter()
        .map(|name| spool.load(name).unwrap().seq)
        .collect()
}

#[test]
fn what_was_put_is_there_after_a_restart_in_the_same_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    spool
        .put(&envelope(1, EnvelopeKind::Activity, 10), &Subject::Event)
        .unwrap();
    spool
        .put(&envelope(2, EnvelopeKind::Inventory, 10), &Subject::Host)
        .unwrap();
    let bytes = spool.bytes();
    drop(spool);
    // A crash in the middle of a write leaves this behind.
    fs::write(
        folder
            .path()
            .join("0000000000000009.inventory.host.json.zst.tmp"),
        "half",
    )
    .unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(seqs(&spool), [1, 2]);
    assert_eq!(spool.bytes(), bytes);
    spool
        .put(&envelope(3, EnvelopeKind::Flows, 10), &Subject::Event)
        .unwrap();
    assert_eq!(seqs(&spool), [1, 2, 3]);
}

#[test]
fn a_newer_inventory_takes_the_place_of_an_older_one_of_its_subject_only() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    let image = |byte| Subject::Image(Digest::from_sha256(&[byte; 32]));
    for (seq, subject) in [
        (1, Subject::Host),
        (2, image(1)),
        (3, image(2)),
        (4, Subject::Host),
        (5, image(1)),
    ] {
        spool
            .put(&envelope(seq, EnvelopeKind::Inventory, 10), &subject)
            .unwrap();
    }
    assert_eq!(seqs(&spool), [3, 4, 5]);
}

#[test]
fn the_oldest_telemetry_makes_room_and_inventories_never_do() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 20_000).unwrap();
    spool
        .put(&envelope(1, EnvelopeKind::Inventory, 6_000), &Subject::Host)
        .unwrap();
    for seq in 2..6 {
        spool
            .put(
                &envelope(seq, EnvelopeKind::Activity, 5_000),
                &Subject::Event,
            )
            .unwrap();
    }
    assert!(spool.bytes() <= 20_000);
    assert_eq!(spool.dropped(), 1);
    assert_eq!(seqs(&spool), [1, 3, 4, 5]);
    spool
        .put(
            &envelope(6, EnvelopeKind::Inventory, 15_000),
            &Subject::Containers,
        )
        .unwrap();
    assert_eq!(seqs(&spool), [1, 6]);
    let full = spool.put(
        &envelope(7, EnvelopeKind::Inventory, 15_000),
        &Subject::Image(Digest::from_sha256(&[0; 32])),
    );
    assert!(matches!(full, Err(SpoolError::Full { .. })));
    // The refused one left nothing behind and took nothing away.
    assert_eq!(seqs(&spool), [1, 6]);
    // The same subject anew needs no more room than it had.
    spool
        .put(
            &envelope(8, EnvelopeKind::Inventory, 15_000),
            &Subject::Containers,
        )
        .unwrap();
    assert_eq!(seqs(&spool), [1, 8]);
}

#[test]
fn damage_is_told_from_content() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    spool
        .put(&envelope(1, EnvelopeKind::Facts, 10), &Subject::Event)
        .unwrap();
    let name = spool.held().entries.keys().next().cloned().unwrap();
    fs::write(spool.path(&name), "not zstd").unwrap();
    assert!(spool.load(&name).is_err());
    spool.set_aside(&name, "the file is damaged");
    assert!(spool.is_empty());
    assert_eq!(spool.bytes(), 0);
    let reason = fs::read_to_string(
        folder
            .path()
            .join("refused")
            .join(format!("{name}.reason.txt")),
    )
    .unwrap();
    assert_eq!(reason, "the file is damaged");
}
