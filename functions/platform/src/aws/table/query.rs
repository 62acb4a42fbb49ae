//! Pages: key conditions, and cursors that lead nowhere else.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::item::{self, Attributes};
use crate::ports::{Cursor, Index, IndexKey, Key, Page, SortRange, TableError};
use crate::validate;

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// Name of the index; none for the table itself.
    index: Option<String>,
    /// The partition that is read.
    partition: String,
    /// The sort key of the last item in it.
    at: String,
    /// Of an index: the key of that item.
    key: Option<(String, String)>,
}

/// What is read: a partition of the table or of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) index: Option<Index>,
    pub(super) partition: &'a str,
    pub(super) range: &'a SortRange,
}

impl Target<'_> {
    /// The names of the keys that are compared.
    fn names(&self) -> (&'static str, &'static str) {
        self.index.map_or(("p", "s"), |index| {
            let (_, partition, sort) = item::names(index);
            (partition, sort)
        })
    }

    fn index_name(&self) -> Option<&'static str> {
        self.index.map(|index| item::names(index).0)
    }

    /// The condition on the keys, with its values.
    pub(super) fn condition(&self) -> (String, Attributes) {
        let (partition, sort) = self.names();
        let mut values = vec![(":p", self.partition)];
        let bounds = match self.range {
            SortRange::All => String::new(),
            SortRange::Prefix(prefix) => {
                values.push((":a", prefix));
                format!(" AND begins_with({sort}, :a)")
            }
            SortRange::Between(from, to) => {
                values.extend([(":a", from.as_str()), (":b", to.as_str())]);
                format!(" AND {sort} BETWEEN :a AND :b")
            }
            SortRange::AtLeast(from) => {
                values.push((":a", from));
                format!(" AND {sort} >= :a")
            }
            SortRange::AtMost(to) => {
                values.push((":a", to));
                format!(" AND {sort} <= :a")
            }
        };
        let values = values
            .into_iter()
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
            .collect();
        (format!("{partition} = :p{bounds}"), values)
    }

    /// The key after which a page begins. A cursor only says where in this partition to go on: whatever else it names is
    /// refused, so that one which was made up reads nothing that the query would not have read.
    pub(super) fn start(&self, page: &Page) -> Result<Option<Attributes>, TableError> {
        let Some(cursor) = &page.cursor else {
            return Ok(None);
        };
        let position = read_cursor(cursor)?;
        if position.index.as_deref() != self.index_name()
            || position.partition != self.partition
            || position.key.is_some() != self.index.is_some()
            || !self.range.contains(&position.at)
        {
            return Err(TableError::Invalid(
                "the cursor of another query".to_owned(),
            ));
        }
        let (partition, sort) = self.names();
        let mut start = Attributes::new();
        if let Some((of_partition, of_sort)) = position.key {
            let key = Key::new(of_partition, of_sort);
            validate::key(&key)?;
            start = item::write_key(&key);
        }
        validate::key(&Key::new(self.partition, position.at.as_str()))?;
        start.insert(
            partition.to_owned(),
            AttributeValue::S(self.partition.to_owned()),
        );
        start.insert(sort.to_owned(), AttributeValue::S(position.at));
        Ok(Some(start))
    }

    /// The cursor behind an item: at its key, or at its place in the index.
    pub(super) fn cursor(&self, key: &Key, place: Option<&IndexKey>) -> Result<Cursor, TableError> {
        let position = Position {
            index: self.index_name().map(str::to_owned),
            partition: self.partition.to_owned(),
            at: place.map_or(&key.sort, |place| &place.sort).clone(),
            key: place.map(|_| (key.partition.clone(), key.sort.clone())),
        };
        serde_json::to_vec(&position)
            .map(|json| Cursor(hex::encode(json)))
            .map_err(|e| TableError::Unavailable(e.into()))
    }
}

fn read_cursor(cursor: &Cursor) -> Result<Position, TableError> {
    let bad = || TableError::Invalid("a cursor that was not made here".to_owned());
    let json = hex::decode(&cursor.0).map_err(|_| bad())?;
    serde_json::from_slice(&json).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(cursor: Cursor) -> Page {
        Page::first(1).after(Some(cursor))
    }

    #[test]
    fn a_cursor_leads_back_to_its_query_only() {
        let range = SortRange::Prefix("a".to_owned());
        let of = |index, partition| Target {
            index,
            partition,
            range: &range,
        };
        let key = Key::new("p", "a1");
        let place = IndexKey {
            index: Index::Two,
            partition: "i".to_owned(),
            sort: "a2".to_owned(),
        };
        let table = of(None, "p").cursor(&key, None).unwrap();
        let index = of(Some(Index::Two), "i")
            .cursor(&key, Some(&place))
            .unwrap();
        assert_eq!(
            of(None, "p").start(&page(table.clone())).unwrap().unwrap(),
            item::write_key(&key)
        );
        let start = of(Some(Index::Two), "i").start(&page(index.clone()));
        assert_eq!(start.unwrap().unwrap().len(), 4);
        for (target, cursor) in [
            (of(None, "q"), &table),
            (of(Some(Index::One), "p"), &table),
            (of(Some(Index::One), "i"), &index),
            (of(Some(Index::Two), "j"), &index),
            (of(None, "i"), &index),
        ] {
            let start = target.start(&page(cursor.clone()));
            assert!(matches!(start, Err(TableError::Invalid(_))), "{target:?}");
        }
        let outside = SortRange::AtLeast("b".to_owned());
        let elsewhere = Target {
            range: &outside,
            ..of(None, "p")
        };
        assert!(elsewhere.start(&page(table)).is_err());
    }

    #[test]
    fn made_up_cursors_are_refused() {
        let target = Target {
            index: None,
            partition: "p",
            range: &SortRange::All,
        };
        let long = "x".repeat(2000);
        for json in [
            "{}",
            r#"{"index":null,"partition":"p","at":"","key":null}"#,
            r#"{"index":null,"partition":"p","at":"a","key":["p","a"]}"#,
            r#"{"index":"one","partition":"p","at":"a","key":["p","a"]}"#,
            &format!(r#"{{"index":null,"partition":"p","at":"{long}","key":null}}"#),
        ] {
            let cursor = Cursor(hex::encode(json));
            assert!(target.start(&page(cursor)).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_panic(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let target = Target { index: Some(Index::One), partition: "p", range: &SortRange::All };
            prop_assert!(target.start(&page(Cursor(text))).is_err());
            prop_assert!(target.start(&page(Cursor(hex::encode(bytes)))).is_err());
        }
    }
}
