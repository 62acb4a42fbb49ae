//! The tables of the embedded store's database.

use rusqlite::Connection;

/// The version of the layout below, kept in `user_version`. A store of a later version is refused.
pub(crate) const VERSION: i64 = 1;

/// Keys are TEXT with SQLite's BINARY collation, which compares the bytes. Unsigned 64-bit numbers are
/// stored as the signed number of the same bits and only ever compared in the program.
const LAYOUT: &str = "
CREATE TABLE items (
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    sequence INTEGER,
    expires_at_s INTEGER,
    places TEXT,
    PRIMARY KEY (partition, sort)
) WITHOUT ROWID;
CREATE TABLE places (
    name INTEGER NOT NULL,
    place_partition TEXT NOT NULL,
    place_sort TEXT NOT NULL,
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    PRIMARY KEY (name, place_partition, place_sort, partition, sort)
) WITHOUT ROWID;
CREATE INDEX items_expiry ON items (expires_at_s) WHERE expires_at_s IS NOT NULL;
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    visible_at_ms INTEGER NOT NULL,
    receive_count INTEGER NOT NULL,
    first_received_at_ms INTEGER NOT NULL,
    trace TEXT
);
CREATE INDEX messages_ready ON messages (queue, visible_at_ms, number);
CREATE TABLE dead_letters (
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    receive_count INTEGER NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    died_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE TABLE blobs (
    path TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
";

/// Creates the tables in a new database, and returns the version of what is there.
pub(crate) fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == VERSION {
        add_trace(connection)?;
        release_messages(connection)?;
    }
    if version != 0 {
        return Ok(version);
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(LAYOUT)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(VERSION)
}

/// Adds the trace contexts of messages to a store of a release that had none. Such a release can still use the store: it
/// names the columns that it knows.
fn add_trace(connection: &Connection) -> rusqlite::Result<()> {
    let known: bool = connection.query_row(
        "SELECT count(*) FROM pragma_table_info('messages') WHERE name = 'trace'",
        [],
        |row| row.get(0),
    )?;
    if known {
        return Ok(());
    }
    connection.execute_batch("ALTER TABLE messages ADD COLUMN trace TEXT")
}

/// One process owns the store, so whoever held messages has gone: they can be received again at once, and not only when
/// their time is over.
fn release_messages(connection: &Connection) -> rusqlite::Result<()> {
    let released = connection.execute(
        "UPDATE messages SET visible_at_ms = 0 WHERE receive_count > 0",
        [],
    );
    match released {
        // A full disk must not keep the store shut: it can still be read, and time releases the messages too.
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => Ok(()),
        other => other.map(drop),
    }
}
