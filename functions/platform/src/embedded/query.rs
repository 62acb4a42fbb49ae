//! Pages of the table and of its indexes, in SQLite.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::table::{COLUMNS, index_number, item_of};
use crate::ports::table::{MAX_PAGE_BYTES, MAX_PAGE_ITEMS};
use crate::ports::{Cursor, Index, Page, QueryPage, SortRange, TableError};

/// Items and bytes up to which a page is read in passing.
const FEW_ITEMS: usize = 100;
const FEW_BYTES: usize = 64 * 1024;

/// A page that is to be read.
pub(crate) struct Query {
    sql: String,
    values: Vec<Value>,
    limit: usize,
    /// 0 for the table itself, else the number of the index.
    name: i64,
    partition: String,
}

/// Where a page ended: which index, its partition and sort, and the key of the item there.
type Position = (i64, String, String, String, String);

impl Query {
    /// A page of a partition.
    pub(crate) fn of_partition(
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<Self, TableError> {
        Self::build(0, partition, range, page)
    }

    /// A page of a partition of an index.
    pub(crate) fn of_index(
        index: Index,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<Self, TableError> {
        Self::build(index_number(index), partition, range, page)
    }

    fn build(
        name: i64,
        partition: &str,
        range: &SortRange,
        page: &Page,
    ) -> Result<Self, TableError> {
        let (direction, beyond) = if page.descending {
            ("DESC", "<")
        } else {
            ("ASC", ">")
        };
        let mut values = vec![Value::Text(partition.to_owned())];
        let (mut sql, sort, order) = if name == 0 {
            (
                format!("SELECT {COLUMNS}, i.sort FROM items i WHERE i.partition = ?"),
                "i.sort",
                format!("i.sort {direction}"),
            )
        } else {
            values.push(Value::Integer(name));
            (
                format!(
                    "SELECT {COLUMNS}, p.place_sort FROM places p JOIN items i \
                     ON i.partition = p.partition AND i.sort = p.sort \
                     WHERE p.place_partition = ? AND p.name = ?"
                ),
                "p.place_sort",
                format!("p.place_sort {direction}, p.partition {direction}, p.sort {direction}"),
            )
        };
        for (comparison, bound) in bounds(range) {
            sql.push_str(&format!(" AND {sort} {comparison} ?"));
            values.push(Value::Text(bound));
        }
        if let Some(cursor) = &page.cursor {
            let (of, of_partition, at, key_partition, key_sort) = read_cursor(cursor)?;
            if of != name || of_partition != partition {
                return Err(TableError::Invalid(
                    "the cursor of another query".to_owned(),
                ));
            }
            values.push(Value::Text(at));
            if name == 0 {
                sql.push_str(&format!(" AND i.sort {beyond} ?"));
            } else {
                sql.push_str(&format!(
                    " AND (p.place_sort, p.partition, p.sort) {beyond} (?, ?, ?)"
                ));
                values.push(Value::Text(key_partition));
                values.push(Value::Text(key_sort));
            }
        }
        let limit = page.limit.min(MAX_PAGE_ITEMS);
        sql.push_str(&format!(" ORDER BY {order} LIMIT ?"));
        values.push(Value::Integer(i64::from(limit)));
        Ok(Self {
            sql,
            values,
            limit: limit as usize,
            name,
            partition: partition.to_owned(),
        })
    }

    /// Reads the page; `None` when it turns out to be long.
    pub(crate) fn glance(
        &self,
        connection: &Connection,
        now_s: u64,
    ) -> rusqlite::Result<Option<QueryPage>> {
        self.run_within(connection, now_s, FEW_ITEMS, FEW_BYTES)
    }

    /// Reads the page, however long it is.
    pub(crate) fn run(&self, connection: &Connection, now_s: u64) -> rusqlite::Result<QueryPage> {
        let page = self.run_within(connection, now_s, usize::MAX, usize::MAX)?;
        Ok(page.unwrap_or(QueryPage {
            items: Vec::new(),
            next: None,
        }))
    }

    fn run_within(
        &self,
        connection: &Connection,
        now_s: u64,
        most_items: usize,
        most_bytes: usize,
    ) -> rusqlite::Result<Option<QueryPage>> {
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        let mut items = Vec::new();
        let (mut count, mut size_bytes) = (0_usize, 0_usize);
        let mut next = None;
        while let Some(row) = rows.next()? {
            let item = item_of(row)?;
            let at: String = row.get(7)?;
            count += 1;
            size_bytes += item.size_bytes();
            if count > most_items || size_bytes > most_bytes {
                return Ok(None);
            }
            if count == self.limit || size_bytes >= MAX_PAGE_BYTES {
                let key = &item.key;
                next = Some(write_cursor(&(
                    self.name,
                    self.partition.clone(),
                    at,
                    key.partition.clone(),
                    key.sort.clone(),
                ))?);
            }
            if !item.is_expired(now_s) {
                items.push(item);
            }
            if next.is_some() {
                break;
            }
        }
        Ok(Some(QueryPage { items, next }))
    }
}

fn bounds(range: &SortRange) -> Vec<(&'static str, String)> {
    match range {
        SortRange::All => Vec::new(),
        SortRange::Prefix(prefix) => {
            let mut bounds = vec![(">=", prefix.clone())];
            bounds.extend(successor(prefix).map(|end| ("<", end)));
            bounds
        }
        SortRange::Between(from, to) => vec![(">=", from.clone()), ("<=", to.clone())],
        SortRange::AtLeast(from) => vec![(">=", from.clone())],
        SortRange::AtMost(to) => vec![("<=", to.clone())],
    }
}

/// The lowest text above everything that begins with `prefix`; none when there is no such text. The
/// bytes of UTF-8 order as its code points do.
pub(crate) fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => u32::from(other).checked_add(1).and_then(char::from_u32),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

fn write_cursor(position: &Position) -> rusqlite::Result<Cursor> {
    serde_json::to_vec(position)
        .map(|json| Cursor(hex::encode(json)))
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))
}

fn read_cursor(cursor: &Cursor) -> Result<Position, TableError> {
    let bad = || TableError::Invalid("a cursor that was not made here".to_owned());
    let json = hex::decode(&cursor.0).map_err(|_| bad())?;
    serde_json::from_slice(&json).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::successor;
    use proptest::prelude::*;

    #[test]
    fn successor_of_the_highest_character_is_found_further_left() {
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
    }

    proptest! {
        #[test]
        fn a_prefix_range_holds_exactly_what_begins_with_it(prefix in "\\PC{1,4}", other in "\\PC{0,6}") {
            let inside = |text: &str| {
                text.as_bytes() >= prefix.as_bytes()
                    && successor(&prefix).is_none_or(|end| text.as_bytes() < end.as_bytes())
            };
            prop_assert_eq!(inside(&other), other.starts_with(&prefix));
            let joined = format!("{prefix}{other}");
            prop_assert!(inside(&joined));
        }
    }
}
