//! What is promised of queries: order, ranges, pages, cursors, indexes.

use std::time::Duration;

use super::{Failure, Subject, Verdict, check_list, ensure, ensure_eq, ensure_err};
use crate::ports::table::MAX_PAGE_BYTES;
use crate::ports::{Condition, Cursor, Index, Item, Key, Page, SortRange, Table, TableError};

check_list!("table", false:
    keys_compare_bytewise,
    ranges_and_cursors_lose_nothing,
    a_page_ends_at_a_mebibyte,
    a_page_may_be_empty_and_go_on,
    a_cursor_belongs_to_its_query,
    an_index_follows_its_items,
    items_share_a_place_of_an_index,
    pages_of_an_index_lose_nothing,
);

/// Sort keys of a whole query, page by page.
async fn sorts(
    table: &dyn Table,
    partition: &str,
    range: &SortRange,
    limit: u32,
    descending: bool,
) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut page = Page {
        limit,
        cursor: None,
        descending,
    };
    loop {
        let got = table.query(partition, range, &page).await?;
        ensure!(
            got.items.len() <= limit as usize,
            "more than the limit of {limit}"
        );
        found.extend(got.items.into_iter().map(|item| item.key.sort));
        match got.next {
            None => return Ok(found),
            next => page.cursor = next,
        }
    }
}

/// Keys of one partition of an index, in its order.
async fn indexed(
    table: &dyn Table,
    index: Index,
    partition: &str,
    limit: u32,
) -> Result<Vec<Key>, Failure> {
    let mut found = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let got = table
            .query_index(index, partition, &SortRange::All, &page)
            .await?;
        found.extend(got.items.into_iter().map(|item| item.key));
        match got.next {
            None => return Ok(found),
            next => page.cursor = next,
        }
    }
}

/// Waits until an index shows these items.
async fn index_shows(subject: &Subject, index: Index, partition: &str, wanted: &[Key]) -> Verdict {
    let mut found = Vec::new();
    for _ in 0..200 {
        found = indexed(&*subject.platform.table, index, partition, 2).await?;
        let mut sorted = found.clone();
        sorted.sort();
        if sorted == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure_eq!(found, wanted, "{index:?} never showed what is stored");
    Ok(())
}

async fn keys_compare_bytewise(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let partition = subject.name("bytewise");
    // In the order of their bytes, which is neither an alphabet's nor that of UTF-16.
    let sorted = [
        "\u{0}",
        "A",
        "B",
        "Z",
        "a",
        "a\u{0}",
        "a#1",
        "a-",
        "a/",
        "aa",
        "a\u{10FFFF}",
        "b",
        "ß",
        "\u{FFFF}",
        "\u{10000}",
        "\u{10FFFF}",
    ];
    for sort in sorted.iter().rev() {
        let item = Item::new(Key::new(partition.clone(), *sort), "1");
        table.put(item, Condition::None).await?;
    }
    let found = sorts(table, &partition, &SortRange::All, 100, false).await?;
    ensure_eq!(found, sorted, "ascending");
    let mut found = sorts(table, &partition, &SortRange::All, 3, true).await?;
    found.reverse();
    ensure_eq!(found, sorted, "descending");
    let prefix = SortRange::Prefix("a".to_owned());
    let found = sorts(table, &partition, &prefix, 2, false).await?;
    ensure_eq!(found, sorted[4..11], "by prefix");
    Ok(())
}

async fn ranges_and_cursors_lose_nothing(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let partition = subject.name("ranges");
    let all: Vec<String> = (0..23)
        .map(|n| format!("{}#{n:02}", ["x", "y"][n % 2]))
        .collect();
    for sort in &all {
        let item = Item::new(Key::new(partition.clone(), sort.clone()), "1");
        table.put(item, Condition::None).await?;
        let other = Item::new(Key::new(format!("{partition}+"), sort.clone()), "1");
        table.put(other, Condition::None).await?;
    }
    let text = str::to_owned;
    let ranges = [
        SortRange::All,
        SortRange::Prefix(text("x#1")),
        SortRange::Prefix(text("z")),
        SortRange::Between(text("x#04"), text("y#05")),
        SortRange::AtLeast(text("y#1")),
        SortRange::AtMost(text("x#10")),
    ];
    for range in &ranges {
        for (limit, descending) in [(1, false), (1, true), (4, false), (4, true), (1000, true)] {
            let mut wanted: Vec<String> = all
                .iter()
                .filter(|sort| range.contains(sort))
                .cloned()
                .collect();
            wanted.sort();
            if descending {
                wanted.reverse();
            }
            let found = sorts(table, &partition, range, limit, descending).await?;
            ensure_eq!(
                found,
                wanted,
                "{range:?} by {limit}, descending {descending}"
            );
        }
    }
    let backwards = SortRange::Between(text("y"), text("x"));
    ensure_err!(
        table.query(&partition, &backwards, &Page::first(1)).await,
        TableError::Invalid(_),
        "a range that ends before it begins"
    );
    ensure_err!(
        table
            .query(&partition, &SortRange::All, &Page::first(0))
            .await,
        TableError::Invalid(_),
        "a page of nothing"
    );
    Ok(())
}

async fn a_page_ends_at_a_mebibyte(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let partition = subject.name("mebibyte");
    for n in 0..9 {
        let item = Item::new(Key::new(partition.clone(), n.to_string()), vec![n; 300_000]);
        table.put(item, Condition::None).await?;
    }
    let first = table
        .query(&partition, &SortRange::All, &Page::first(100))
        .await?;
    let size: usize = first.items.iter().map(Item::size_bytes).sum();
    ensure!(size < MAX_PAGE_BYTES + 400 * 1024, "a page of {size} bytes");
    ensure!(
        first.next.is_some(),
        "no cursor after {} of 9 items",
        first.items.len()
    );
    let found = sorts(table, &partition, &SortRange::All, 100, false).await?;
    ensure_eq!(found.len(), 9, "all pages");
    Ok(())
}

async fn a_page_may_be_empty_and_go_on(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let partition = subject.name("empty-page");
    let now_s = subject.platform.clock.now_s();
    for n in 0..6 {
        let item = Item::new(Key::new(partition.clone(), n.to_string()), "1");
        let item = if n < 5 {
            item.with_expiry(now_s + 2)
        } else {
            item
        };
        table.put(item, Condition::None).await?;
    }
    (subject.pass_s)(3).await;
    let found = sorts(table, &partition, &SortRange::All, 2, false).await?;
    ensure_eq!(found, ["5"], "behind pages of expired items");
    Ok(())
}

async fn a_cursor_belongs_to_its_query(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let partition = subject.name("cursor");
    for n in 0..3 {
        let item = Item::new(Key::new(partition.clone(), n.to_string()), "1");
        table.put(item, Condition::None).await?;
    }
    let next = table
        .query(&partition, &SortRange::All, &Page::first(1))
        .await?
        .next;
    ensure!(next.is_some(), "no cursor");
    let page = Page::first(1).after(next);
    ensure_err!(
        table
            .query(&subject.name("cursor-other"), &SortRange::All, &page)
            .await,
        TableError::Invalid(_),
        "the cursor of another partition"
    );
    ensure_err!(
        table
            .query_index(Index::One, &partition, &SortRange::All, &page)
            .await,
        TableError::Invalid(_),
        "the cursor of a table for an index"
    );
    for text in ["", "zz", "5b5d", "\u{1F980}"] {
        let page = Page::first(1).after(Some(Cursor(text.to_owned())));
        ensure_err!(
            table.query(&partition, &SortRange::All, &page).await,
            TableError::Invalid(_),
            "the cursor {text:?}"
        );
    }
    Ok(())
}

async fn an_index_follows_its_items(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let (old, new) = (subject.name("index-old"), subject.name("index-new"));
    let key = Key::new(subject.name("index"), "a");
    let item = Item::new(key.clone(), "1").with_index(Index::Two, old.clone(), "s");
    table.put(item.clone(), Condition::None).await?;
    index_shows(subject, Index::Two, &old, std::slice::from_ref(&key)).await?;
    index_shows(subject, Index::One, &old, &[]).await?;
    let moved = Item::new(key.clone(), "2").with_index(Index::Two, new.clone(), "s");
    table.put(moved, Condition::None).await?;
    index_shows(subject, Index::Two, &old, &[]).await?;
    index_shows(subject, Index::Two, &new, std::slice::from_ref(&key)).await?;
    table
        .put(Item::new(key.clone(), "3"), Condition::None)
        .await?;
    index_shows(subject, Index::Two, &new, &[]).await?;
    table.put(item, Condition::None).await?;
    table.delete(&key, Condition::None).await?;
    index_shows(subject, Index::Two, &old, &[]).await
}

async fn items_share_a_place_of_an_index(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let place = subject.name("shared-place");
    let mut keys = Vec::new();
    for n in 0..7 {
        let key = Key::new(subject.name(&format!("shared-{n}")), "a");
        let item = Item::new(key.clone(), "1").with_index(Index::One, place.clone(), "same");
        table.put(item, Condition::None).await?;
        keys.push(key);
    }
    index_shows(subject, Index::One, &place, &keys).await
}

async fn pages_of_an_index_lose_nothing(subject: &Subject) -> Verdict {
    let table = &*subject.platform.table;
    let place = subject.name("index-pages");
    let mut keys = Vec::new();
    for n in 0..9 {
        let key = Key::new(subject.name("index-large"), (9 - n).to_string());
        let item = Item::new(key.clone(), vec![n; 300_000]);
        let item = item.with_index(Index::One, place.clone(), format!("x{n}"));
        table.put(item, Condition::None).await?;
        keys.push(key);
    }
    let mut sorted = keys.clone();
    sorted.sort();
    index_shows(subject, Index::One, &place, &sorted).await?;
    let range = SortRange::Between("x1".to_owned(), "x7".to_owned());
    for descending in [false, true] {
        let mut wanted = keys[1..8].to_vec();
        if descending {
            wanted.reverse();
        }
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut page = Page {
            limit: 100,
            cursor: None,
            descending,
        };
        loop {
            let got = table.query_index(Index::One, &place, &range, &page).await?;
            let size: usize = got.items.iter().map(Item::size_bytes).sum();
            ensure!(size < MAX_PAGE_BYTES + 400 * 1024, "a page of {size} bytes");
            found.extend(got.items.into_iter().map(|item| item.key));
            pages += 1;
            page.cursor = got.next;
            if page.cursor.is_none() {
                break;
            }
        }
        ensure_eq!(found, wanted, "descending {descending}");
        ensure!(pages > 1, "one page of two mebibytes");
    }
    Ok(())
}
