//! What the cloud counts for a request, by the published rules of each service.
//!
//! Sources: Amazon DynamoDB Developer Guide, "Read/write capacity mode: on-demand" and "DynamoDB item sizes and
//! formats"; Amazon S3 pricing, "Requests & data retrievals"; Amazon SQS pricing, "Request pricing" (a request carries
//! up to 64 KiB, each further 64 KiB count as one more).

use crate::ports::{Index, Item, Key, Message, queue::MAX_BATCH_BYTES, queue::MAX_BATCH_MESSAGES};

/// Bytes that one unit of reading holds (4 KiB).
const READ_UNIT_BYTES: u64 = 4 * 1024;
/// Bytes that one unit of writing holds (1 KiB).
const WRITE_UNIT_BYTES: u64 = 1024;
/// Bytes of a message queue's request that are billed once (64 KiB).
const MESSAGE_UNIT_BYTES: u64 = 64 * 1024;
/// A blob above this many bytes goes in parts of as many (8 MiB).
const PART_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of a number of up to twenty digits: one for each two digits and one more.
const NUMBER_BYTES: u64 = 11;
/// Bytes of the name of an attribute of the table; those of index keys have one more.
const NAME_BYTES: u64 = 1;

/// Half units of a strongly consistent read of so many bytes; what is absent costs as much as the smallest item.
pub(super) fn strong_read(bytes: u64) -> u64 {
    2 * bytes.div_ceil(READ_UNIT_BYTES).max(1)
}

/// Half units of an eventually consistent read of so many bytes.
pub(super) fn eventual_read(bytes: u64) -> u64 {
    bytes.div_ceil(READ_UNIT_BYTES).max(1)
}

/// Units of a write of an item of so many bytes.
pub(super) fn write(bytes: u64) -> u64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1)
}

fn length(text: &str) -> u64 {
    text.len() as u64
}

fn key_bytes(key: &Key) -> u64 {
    2 * NAME_BYTES + length(&key.partition) + length(&key.sort)
}

/// Bytes that the table counts for an item: names and values of its attributes.
pub(super) fn item_bytes(item: &Item) -> u64 {
    let places: u64 = item
        .index
        .iter()
        .map(|place| 2 * (NAME_BYTES + 1) + length(&place.partition) + length(&place.sort))
        .sum();
    let value = NAME_BYTES + item.value.len() as u64;
    let version = NAME_BYTES + NUMBER_BYTES;
    let sequence = item.sequence.map_or(0, |_| NAME_BYTES + NUMBER_BYTES);
    let expiry = item.expires_at_s.map_or(0, |_| NAME_BYTES + 6);
    key_bytes(&item.key) + value + version + sequence + expiry + places
}

/// Bytes of an item in one of its indexes, which hold keys only.
fn place_bytes(key: &Key, partition: &str, sort: &str) -> u64 {
    key_bytes(key) + 2 * (NAME_BYTES + 1) + length(partition) + length(sort)
}

/// Bytes of a page of an index: the keys alone.
pub(super) fn index_page_bytes(items: &[Item], index: Index) -> u64 {
    let places = items.iter().flat_map(|item| {
        let of_index = item.index.iter().filter(move |place| place.index == index);
        of_index.map(|place| place_bytes(&item.key, &place.partition, &place.sort))
    });
    places.sum()
}

/// Units of replacing one item by another, with its places in the indexes: the larger of both counts, and in each index
/// what goes and what comes are a write each, and what stays is none.
pub(super) fn replace(before: Option<&Item>, after: Option<&Item>) -> u64 {
    let size = |item: Option<&Item>| item.map_or(0, item_bytes);
    let places = |one: Option<&Item>, other: Option<&Item>| -> u64 {
        let Some(one) = one else { return 0 };
        let stays = |place| other.is_some_and(|other| other.index.contains(place));
        let moved = one.index.iter().filter(|place| !stays(place));
        moved
            .map(|place| write(place_bytes(&one.key, &place.partition, &place.sort)))
            .sum()
    };
    write(size(before).max(size(after))) + places(before, after) + places(after, before)
}

/// Requests of a put of a blob: one, or one for each part and two around them.
pub(super) fn blob_puts(bytes: u64) -> u64 {
    if bytes <= PART_BYTES {
        1
    } else {
        bytes.div_ceil(PART_BYTES) + 2
    }
}

/// Requests of messages of these sizes, in batches as the queue carries them.
pub(super) fn sends(messages: &[Message]) -> u64 {
    let mut requests = 0;
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for message in messages {
        let size = message.body.len() + message.id.len();
        if count == MAX_BATCH_MESSAGES || (count > 0 && bytes + size > MAX_BATCH_BYTES) {
            requests += message_units(bytes as u64);
            (count, bytes) = (0, 0);
        }
        count += 1;
        bytes += size;
    }
    if count > 0 {
        requests += message_units(bytes as u64);
    }
    requests
}

/// Requests that so many bytes of messages in one request are billed as.
pub(super) fn message_units(bytes: u64) -> u64 {
    bytes.div_ceil(MESSAGE_UNIT_BYTES).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value_bytes: usize) -> Item {
        Item::new(Key::new("p", "s"), vec![0; value_bytes])
    }

    #[test]
    fn reads_are_by_four_kibibytes_and_writes_by_one() {
        assert_eq!((strong_read(0), strong_read(1)), (2, 2));
        assert_eq!((strong_read(4096), strong_read(4097)), (2, 4));
        assert_eq!((eventual_read(4096), eventual_read(4097)), (1, 2));
        assert_eq!((write(0), write(1024), write(1025)), (1, 1, 2));
    }

    #[test]
    fn an_item_counts_its_names_keys_and_numbers() {
        // p, s, v and n with one byte each, two of keys, ten of value, eleven of a number.
        assert_eq!(item_bytes(&item(10)), 4 + 2 + 10 + 11);
    }

    #[test]
    fn a_write_counts_the_larger_of_old_and_new_and_what_moves_in_indexes() {
        let (small, large) = (item(10), item(5000));
        assert_eq!(replace(None, Some(&small)), 1);
        assert_eq!(replace(Some(&large), Some(&small)), 5);
        assert_eq!(replace(Some(&large), None), 5);
        let one = item(10).with_index(Index::One, "a", "1");
        let other = item(20).with_index(Index::One, "a", "2");
        assert_eq!(replace(None, Some(&one)), 2, "one in the index");
        assert_eq!(replace(Some(&one), Some(&one)), 1, "it stays");
        assert_eq!(replace(Some(&one), Some(&other)), 3, "it moves");
        assert_eq!(replace(Some(&one), None), 2, "it goes");
    }

    #[test]
    fn messages_share_requests_of_ten_and_large_ones_count_more() {
        let small: Vec<_> = (0..11)
            .map(|n| Message::new(n.to_string(), "body"))
            .collect();
        assert_eq!(sends(&small), 2);
        assert_eq!(sends(&[]), 0);
        let large: Vec<_> = (0..4)
            .map(|n| Message::new(n.to_string(), "x".repeat(60_000)))
            .collect();
        assert_eq!(sends(&large), 4, "240,000 bytes are four units");
    }

    #[test]
    fn a_large_blob_goes_in_parts() {
        assert_eq!(blob_puts(0), 1);
        assert_eq!(blob_puts(PART_BYTES), 1);
        assert_eq!(blob_puts(PART_BYTES + 1), 4);
    }
}
