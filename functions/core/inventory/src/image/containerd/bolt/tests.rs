//! A file made by hand, as the format has it, and damaged in all ways.

#![expect(
    clippy::cast_possible_truncation,
    reason = "the numbers are those of a small file made here"
)]

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

const PAGE: usize = 4096;

/// A file with a branch, an overflowing leaf, a bucket in a page of its own and one within a value.
fn file() -> Vec<u8> {
    let mut file = vec![0; 8 * PAGE];
    for (page, transaction) in [(0, 6), (1, 7)] {
        // The older meta page points elsewhere.
        put_meta(&mut file, page, if page == 0 { 5 } else { 2 }, transaction);
    }
    branch(&mut file, 2, &[(b"a", 3), (b"m", 4)]);
    let mut bucket = 6u64.to_le_bytes().to_vec();
    bucket.extend([0; 8]);
    leaf(&mut file, 3, &[(0, b"a", b"1"), (1, b"big", &bucket)]);
    let mut inline = vec![0; 16];
    let mut page = vec![0; 200];
    leaf_into(&mut page, 0, &[(0, b"inner", b"2")]);
    inline.extend(page);
    leaf(&mut file, 4, &[(1, b"small", &inline)]);
    // Page 6 and its overflow, page 7.
    let long = vec![b'x'; 5000];
    let mut two = vec![0; 2 * PAGE];
    leaf_into(&mut two, 6, &[(0, b"long", &long)]);
    two[12..16].copy_from_slice(&1u32.to_le_bytes());
    file[6 * PAGE..8 * PAGE].copy_from_slice(&two);
    file
}

fn put_meta(file: &mut [u8], page: u64, root: u64, transaction: u64) {
    let at = page as usize * PAGE;
    file[at..at + 8].copy_from_slice(&page.to_le_bytes());
    file[at + 8] = 4;
    let mut body = Vec::new();
    body.extend(MAGIC.to_le_bytes());
    body.extend(VERSION.to_le_bytes());
    body.extend((PAGE as u32).to_le_bytes());
    body.extend([0; 4]);
    for number in [root, 0, 0, 8, transaction] {
        body.extend(number.to_le_bytes());
    }
    let sum = fnv64a(&body);
    body.extend(sum.to_le_bytes());
    file[at + 16..at + 16 + body.len()].copy_from_slice(&body);
}

fn branch(file: &mut [u8], id: u64, children: &[(&[u8], u64)]) {
    let page = &mut file[id as usize * PAGE..][..PAGE];
    head(page, id, BRANCH, children.len());
    let mut end = 16 + 16 * children.len();
    for (index, (key, child)) in children.iter().enumerate() {
        let at = 16 + 16 * index;
        page[at..at + 4].copy_from_slice(&((end - at) as u32).to_le_bytes());
        page[at + 4..at + 8].copy_from_slice(&(key.len() as u32).to_le_bytes());
        page[at + 8..at + 16].copy_from_slice(&child.to_le_bytes());
        page[end..end + key.len()].copy_from_slice(key);
        end += key.len();
    }
}

fn leaf(file: &mut [u8], id: u64, items: &[(u32, &[u8], &[u8])]) {
    leaf_into(&mut file[id as usize * PAGE..][..PAGE], id, items);
}

fn leaf_into(page: &mut [u8], id: u64, items: &[(u32, &[u8], &[u8])]) {
    head(page, id, LEAF, items.len());
    let mut end = 16 + 16 * items.len();
    for (index, (flags, key, value)) in items.iter().enumerate() {
        let at = 16 + 16 * index;
        let fields = [
            *flags,
            (end - at) as u32,
            key.len() as u32,
            value.len() as u32,
        ];
        for (field, number) in fields.iter().enumerate() {
            page[at + 4 * field..at + 4 * field + 4].copy_from_slice(&number.to_le_bytes());
        }
        page[end..end + key.len()].copy_from_slice(key);
        end += key.len();
        page[end..end + value.len()].copy_from_slice(value);
        end += value.len();
    }
}

fn head(page: &mut [u8], id: u64, flags: u16, count: usize) {
    page[..8].copy_from_slice(&id.to_le_bytes());
    page[8..10].copy_from_slice(&flags.to_le_bytes());
    page[10..12].copy_from_slice(&(count as u16).to_le_bytes());
}

/// Everything in it, as `path=value` with the value's length where it is long.
fn walk(bytes: &[u8]) -> Result<Vec<String>, BoltError> {
    fn into<F: Read + Seek>(
        bucket: &Bucket<'_, F>,
        path: &str,
        depth: usize,
        found: &mut Vec<String>,
    ) -> Result<(), BoltError> {
        let mut inner = Vec::new();
        bucket.each(&mut |key, item| {
            let path = format!("{path}/{}", String::from_utf8_lossy(key));
            match item {
                Item::Value(value) if value.len() < 10 => {
                    found.push(format!("{path}={}", String::from_utf8_lossy(&value)));
                }
                Item::Value(value) => found.push(format!("{path}:{}", value.len())),
                Item::Bucket(bucket) => inner.push((path, bucket)),
            }
        })?;
        for (path, bucket) in inner {
            if depth < 8 {
                into(&bucket, &path, depth + 1, found)?;
            }
        }
        Ok(())
    }
    let bolt = Bolt::open(Cursor::new(bytes))?;
    let mut found = Vec::new();
    into(&bolt.root(), "", 0, &mut found)?;
    Ok(found)
}

#[test]
fn buckets_in_pages_and_in_values_are_read_from_the_last_commit() {
    assert_eq!(
        walk(&file()).unwrap(),
        ["/a=1", "/big/long:5000", "/small/inner=2"]
    );
}

#[test]
fn one_damaged_meta_page_is_survived_and_two_are_told() {
    let mut damaged = file();
    damaged[40] ^= 1;
    assert_eq!(walk(&damaged).unwrap().len(), 3);
    damaged[PAGE + 40] ^= 1;
    assert!(matches!(walk(&damaged), Err(BoltError::NotBolt)));
    assert!(matches!(walk(b""), Err(BoltError::NotBolt)));
}

#[test]
fn pages_that_lead_in_a_circle_end() {
    let mut circle = file();
    branch(&mut circle, 2, &[(b"a", 3), (b"b", 3)]);
    assert!(matches!(
        walk(&circle),
        Err(BoltError::Damaged { page: 2, .. })
    ));
    branch(&mut circle, 2, &[(b"a", 3), (b"b", 2)]);
    assert!(matches!(
        walk(&circle),
        Err(BoltError::Damaged { page: 2, .. })
    ));
}

#[test]
fn values_that_lie_over_one_another_cost_no_memory() {
    let mut overlap = file();
    // Three hundred elements of a leaf that spans the file, each with all that follows as its value.
    let pages = 6;
    let mut leaf = vec![0; pages * PAGE];
    head(&mut leaf, 2, LEAF, 300);
    leaf[12..16].copy_from_slice(&(pages as u32 - 1).to_le_bytes());
    for element in 0..300 {
        let at = 16 + 16 * element;
        let fields = [1, 0, 0, (leaf.len() - at) as u32];
        for (field, number) in fields.iter().enumerate() {
            leaf[at + 4 * field..][..4].copy_from_slice(&u32::to_le_bytes(*number));
        }
    }
    overlap[2 * PAGE..8 * PAGE].copy_from_slice(&leaf);
    assert!(matches!(walk(&overlap), Err(BoltError::Endless)));
}

proptest! {
    #[test]
    fn no_damage_panics(damage in prop::collection::vec((2 * PAGE..8 * PAGE, any::<u8>()), 1..40), cut in 0..8 * PAGE) {
        let mut bytes = file();
        for (at, value) in damage {
            bytes[at] = value;
        }
        let _ = walk(&bytes);
        let _ = walk(&bytes[..cut]);
    }
}
