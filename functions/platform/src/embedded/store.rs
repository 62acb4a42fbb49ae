//! The database behind the embedded ports: one writer with group commit, a few readers.
//!
//! Every write is queued to a thread of its own, which does many of them in one transaction and answers
//! each caller only after the commit: a full sync to disk costs the same for one write as for a
//! hundred. A write which fails leaves nothing of itself behind (a savepoint each) and does not disturb
//! its neighbours; when SQLite has given up the whole transaction, every one of the group is told so.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use super::OpenError;
use super::lock::StoreLock;
use super::schema;

/// Most writes in one commit.
const MAX_GROUP: usize = 512;
/// Writes that may wait for the writer; callers beyond are held back.
const MAX_WAITING: usize = 4096;
/// Connections for reading.
const READERS: usize = 6;
/// How many of them read what takes a while, at most: what is read in passing waits for none of these.
const LONG_READERS: usize = 4;

/// Why the database did not do as asked. Cloned to every caller of a failed group.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk, or the size that was allowed, is full.
    #[error("the disk is full")]
    Full(#[source] Arc<rusqlite::Error>),
    /// SQLite failed otherwise.
    #[error("the database failed")]
    Database(#[source] Arc<rusqlite::Error>),
    /// Another write of the same group made SQLite give up the transaction.
    #[error("the database gave up a transaction")]
    GivenUp,
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(Arc::new(error)),
            _ => Self::Database(Arc::new(error)),
        }
    }
}

/// The answer to one write, held back until the group is committed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// One write: does its work in the open transaction, or nothing without one.
type Job = Box<dyn FnOnce(Option<&Connection>) -> (Outcome, Answer) + Send>;

/// What became of one write in its group.
enum Outcome {
    /// It stands, if the group does.
    Keep,
    /// It must leave nothing behind.
    Undo,
    /// SQLite failed in it.
    Failed(StoreError),
}

/// The database of one store.
pub(crate) struct Store {
    jobs: Option<mpsc::SyncSender<Job>>,
    room: Arc<Semaphore>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
}

struct Readers {
    free: Arc<Semaphore>,
    long: Arc<Semaphore>,
    connections: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the database file, creating it when absent. The lock is held until the writer has ended.
    pub(crate) fn open(
        file: &Path,
        max_bytes: Option<u64>,
        lock: StoreLock,
    ) -> Result<Self, OpenError> {
        let failed = |e: rusqlite::Error| OpenError::Database {
            file: file.to_owned(),
            source: e,
        };
        let mut connection = Connection::open(file).map_err(failed)?;
        configure(&connection).map_err(failed)?;
        let version = schema::prepare(&mut connection).map_err(failed)?;
        if version != schema::VERSION {
            return Err(OpenError::Version {
                found: version,
                known: schema::VERSION,
            });
        }
        if let Some(max_bytes) = max_bytes {
            limit(&connection, max_bytes).map_err(failed)?;
        }
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(file, flags).map_err(failed)?;
            reader.set_prepared_statement_cache_capacity(64);
            reader
                .pragma_update(None, "mmap_size", 256 * 1024 * 1024)
                .map_err(failed)?;
            readers.push(reader);
        }
        let (jobs, queue) = mpsc::sync_channel(MAX_WAITING);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                write_until_closed(&connection, &queue);
                // Closed before the lock is given up: the next to open finds nothing half-open.
                drop(connection);
                drop(lock);
            })
            .map_err(OpenError::Thread)?;
        Ok(Self {
            jobs: Some(jobs),
            room: Arc::new(Semaphore::new(MAX_WAITING)),
            writer: Some(writer),
            readers: Arc::new(Readers {
                free: Arc::new(Semaphore::new(READERS)),
                long: Arc::new(Semaphore::new(LONG_READERS)),
                connections: Mutex::new(readers),
            }),
        })
    }

    /// Does `work` in a transaction and returns its result once that is on disk. An inner error of
    /// the work undoes it; an error of SQLite does too and becomes the outer error.
    pub(crate) async fn write<T, E, W>(&self, work: W) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        self.write_then(work, || ()).await
    }

    /// The same, and does something else after the commit, before the caller is answered, whether they are still there or
    /// not; also when it is not known what became of the write.
    pub(crate) async fn write_then<T, E, W>(
        &self,
        work: W,
        after: impl FnOnce() + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<Result<T, E>> + Send + 'static,
    {
        let permit = Arc::clone(&self.room)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = match connection {
                Some(connection) => work(connection).map_err(StoreError::from),
                None => Err(StoreError::GivenUp),
            };
            let outcome = match &result {
                Ok(Ok(_)) => Outcome::Keep,
                Ok(Err(_)) => Outcome::Undo,
                Err(error) => Outcome::Failed(error.clone()),
            };
            let reply: Answer = Box::new(move |committed| {
                after();
                drop(permit);
                // A caller that has gone away needs no answer; its write stands.
                let _ = answer.send(committed.and(result));
            });
            (outcome, reply)
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.try_send(job).map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads what was committed before the call, at once and on the caller's thread: for a few rows, which take less time
    /// than handing them from thread to thread.
    pub(crate) async fn glance<T, E>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let free = self.readers.free.acquire().await;
        let _permit = free.map_err(|_| StoreError::Closed)?;
        let connection = self.readers.take().ok_or(StoreError::Closed)?;
        let result = read(&connection);
        self.readers.give(connection);
        result
    }

    /// Reads what was committed before the call, on a thread for such work.
    pub(crate) async fn read<T, E, R>(&self, read: R) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        R: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        // The permits go along: a caller that is dropped leaves its connection in use for a while.
        let long = Arc::clone(&self.readers.long).acquire_owned().await;
        let free = Arc::clone(&self.readers.free).acquire_owned().await;
        let permits = (
            free.map_err(|_| StoreError::Closed)?,
            long.map_err(|_| StoreError::Closed)?,
        );
        let readers = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || {
            let connection = readers.take().ok_or(StoreError::Closed)?;
            let result = read(&connection);
            readers.give(connection);
            drop(permits);
            result
        })
        .await;
        match done {
            Ok(result) => result,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }
}

impl Store {
    /// Reads at once, on this thread, while the store is being opened.
    pub(crate) fn read_now<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let connection = self
            .readers
            .take()
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let result = read(&connection);
        self.readers.give(connection);
        result
    }
}

impl Readers {
    fn take(&self) -> Option<Connection> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn give(&self, connection: Connection) {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the store ended in a panic");
        }
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.query_row("PRAGMA wal_autocheckpoint = 4000", [], |_| Ok(()))
}

fn limit(connection: &Connection, max_bytes: u64) -> rusqlite::Result<()> {
    let page: u64 = connection
        .query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?
        .unsigned_abs()
        .max(512);
    let pages = (max_bytes / page).max(1);
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}

/// Writes group by group until every sender is gone.
fn write_until_closed(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut answers = Vec::new();
        let outcome = write_group(connection, first, queue, &mut answers);
        if let Err(error) = &outcome {
            tracing::error!(error = %error, writes = answers.len(), "a group of writes failed");
            if !connection.is_autocommit()
                && let Err(error) = connection.execute_batch("ROLLBACK")
            {
                tracing::error!(error = %error, "a failed group could not be undone");
            }
        }
        for answer in answers {
            answer(outcome.clone());
        }
    }
}

fn write_group(
    connection: &Connection,
    first: Job,
    queue: &mpsc::Receiver<Job>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    if let Err(error) = run(connection, "BEGIN IMMEDIATE") {
        let (_, answer) = first(None);
        answers.push(answer);
        return Err(error);
    }
    let mut next = Some(first);
    while let Some(job) = next.take() {
        if let Err(error) = run(connection, "SAVEPOINT one") {
            let (_, answer) = job(None);
            answers.push(answer);
            return Err(error);
        }
        let (outcome, answer) = job(Some(connection));
        answers.push(answer);
        if connection.is_autocommit() {
            return Err(match outcome {
                Outcome::Failed(error) => error,
                Outcome::Keep | Outcome::Undo => StoreError::GivenUp,
            });
        }
        if !matches!(outcome, Outcome::Keep) {
            run(connection, "ROLLBACK TO one")?;
        }
        run(connection, "RELEASE one")?;
        if answers.len() < MAX_GROUP {
            next = queue.try_recv().ok();
        }
    }
    run(connection, "COMMIT")
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
