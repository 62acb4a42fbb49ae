//! Items as DynamoDB keeps them. Names are one letter long, since every item pays for the bytes of its names.
//!
//! | attribute | type | what |
//! |---|---|---|
//! | `p`, `s` | S | partition and sort key |
//! | `v` | B | value |
//! | `n` | N | version: a fresh random number for each write |
//! | `q` | N | the source's sequence, where there is one |
//! | `t` | N | time to live, in seconds since 1970, where there is one |
//! | `p1` `s1`, `p2` `s2`, `p3` `s3` | S | keys of the indexes `one`, `two` and `three`, where the item is in them |

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::ports::{Index, IndexKey, Item, Key, TableError};

/// An item on the wire.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// Every index.
pub(in crate::aws) const INDEXES: [Index; 3] = [Index::One, Index::Two, Index::Three];

/// The names of an index, of its partition key and of its sort key.
pub(in crate::aws) fn names(index: Index) -> (&'static str, &'static str, &'static str) {
    match index {
        Index::One => ("one", "p1", "s1"),
        Index::Two => ("two", "p2", "s2"),
        Index::Three => ("three", "p3", "s3"),
    }
}

/// An item that this release did not write.
#[derive(Debug, thiserror::Error)]
#[error("the item {partition:?} {sort:?} has no attribute {attribute:?} of its type")]
struct Foreign {
    partition: String,
    sort: String,
    attribute: &'static str,
}

/// A key on the wire.
pub(super) fn write_key(key: &Key) -> Attributes {
    HashMap::from([
        ("p".to_owned(), AttributeValue::S(key.partition.clone())),
        ("s".to_owned(), AttributeValue::S(key.sort.clone())),
    ])
}

/// An item on the wire, with the version that this write gives it.
pub(super) fn write_item(item: &Item, version: u64) -> Attributes {
    let mut attributes = write_key(&item.key);
    let mut set = |name: &str, value| attributes.insert(name.to_owned(), value);
    set("v", AttributeValue::B(Blob::new(item.value.clone())));
    set("n", AttributeValue::N(version.to_string()));
    if let Some(sequence) = item.sequence {
        set("q", AttributeValue::N(sequence.to_string()));
    }
    if let Some(expires_at_s) = item.expires_at_s {
        set("t", AttributeValue::N(expires_at_s.to_string()));
    }
    for place in &item.index {
        let (_, partition, sort) = names(place.index);
        set(partition, AttributeValue::S(place.partition.clone()));
        set(sort, AttributeValue::S(place.sort.clone()));
    }
    attributes
}

fn take_text(attributes: &mut Attributes, name: &str) -> Option<String> {
    match attributes.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

/// A number; `Err` when there is something else.
fn take_number(attributes: &mut Attributes, name: &str) -> Result<Option<u64>, ()> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(drop),
        Some(_) => Err(()),
    }
}

/// The key on the wire.
pub(super) fn read_key(attributes: &mut Attributes) -> Result<Key, TableError> {
    let (partition, sort) = (take_text(attributes, "p"), take_text(attributes, "s"));
    match (partition, sort) {
        (Some(partition), Some(sort)) => Ok(Key { partition, sort }),
        (partition, sort) => Err(TableError::Unavailable(
            Foreign {
                attribute: if partition.is_none() { "p" } else { "s" },
                partition: partition.unwrap_or_default(),
                sort: sort.unwrap_or_default(),
            }
            .into(),
        )),
    }
}

/// The key of a place in an index, if the item is there.
pub(super) fn read_place(attributes: &mut Attributes, index: Index) -> Option<IndexKey> {
    let (_, partition, sort) = names(index);
    Some(IndexKey {
        index,
        partition: take_text(attributes, partition)?,
        sort: take_text(attributes, sort)?,
    })
}

/// The item on the wire.
pub(super) fn read_item(mut attributes: Attributes) -> Result<Item, TableError> {
    let key = read_key(&mut attributes)?;
    let foreign = |attribute| {
        TableError::Unavailable(
            Foreign {
                partition: key.partition.clone(),
                sort: key.sort.clone(),
                attribute,
            }
            .into(),
        )
    };
    let value = match attributes.remove("v") {
        Some(AttributeValue::B(value)) => value.into_inner(),
        _ => return Err(foreign("v")),
    };
    let version = take_number(&mut attributes, "n");
    let version = version.ok().flatten().ok_or_else(|| foreign("n"))?;
    let sequence = take_number(&mut attributes, "q").map_err(|()| foreign("q"))?;
    let expires_at_s = take_number(&mut attributes, "t").map_err(|()| foreign("t"))?;
    let index = INDEXES
        .into_iter()
        .filter_map(|index| read_place(&mut attributes, index))
        .collect();
    Ok(Item {
        key,
        value,
        version,
        sequence,
        index,
        expires_at_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_and_foreign_ones_are_named() {
        let mut item = Item::new(Key::new("p", "s"), vec![0, 255])
            .with_sequence(u64::MAX)
            .with_expiry(7)
            .with_index(Index::Two, "i", "j");
        item.version = 9;
        let written = write_item(&item, 9);
        assert_eq!(read_item(written.clone()).unwrap(), item);
        for name in ["p", "s", "v", "n"] {
            let mut cut = written.clone();
            cut.remove(name);
            let error = read_item(cut).unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(&format!("{name:?} of its type")), "{cause}");
        }
        for name in ["v", "n", "q", "t"] {
            let mut odd = written.clone();
            odd.insert(name.to_owned(), AttributeValue::S("x".to_owned()));
            assert!(read_item(odd).is_err(), "{name}");
        }
    }
}
