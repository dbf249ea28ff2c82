//! The file as a whole: made, checked, opened.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::AtPath;
use super::{Reader, StoreError, Writer, file, migrations};

/// How long a connection waits for another one's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// What the `-wal` is cut back to once its rows have moved, after an import or prune has made it
/// large.
const WAL_KEPT_BYTES: i64 = 64 << 20;

/// The log at a path: there, ours, and in the newest form.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Opens the log for writing. Makes its folders (0700) and the file (0600) where there is none,
    /// and brings an older form up to the newest.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        connect_writable(path)?;
        Ok(Self {
            path: fs::canonicalize(path).at(path)?,
        })
    }

    /// Opens a log that must be there; writes nothing unless its form is an older one.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let missing = || StoreError::Missing { path: path.into() };
        if !path.try_exists().at(path)? {
            return Err(missing());
        }
        match connect_readonly(path).and_then(|conn| migrations::version(&conn, path))? {
            0 => Err(missing()),
            migrations::VERSION => Ok(Self {
                path: fs::canonicalize(path).at(path)?,
            }),
            _ => Self::open(path),
        }
    }

    /// Where the file is, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a writer with a thread and a connection of its own.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        Writer::start(&self.path)
    }

    /// A connection that reads.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        // Looked at first: where the file is replaced meanwhile, the reader is seen to be elsewhere.
        let file = file::inode(&self.path);
        let conn = connect_readonly(&self.path)?;
        migrations::version(&conn, &self.path)?;
        Ok(Reader::over(conn, self.path.clone(), file))
    }
}

/// A connection that writes, to a log in the newest form, made where there is none.
pub(super) fn connect_writable(path: &Path) -> Result<Connection, StoreError> {
    file::create(path).at(path)?;
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    migrations::migrate(&mut conn, path)?;
    // A commit returns when the rows are on the disk: what is answered after it was kept.
    conn.pragma_update(None, "synchronous", "full").at(path)?;
    // On macOS `fsync` leaves them in the drive's cache; elsewhere these two mean nothing
    // (<https://sqlite.org/pragma.html#pragma_fullfsync>).
    conn.pragma_update(None, "fullfsync", true).at(path)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)
        .at(path)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)
        .at(path)?;
    Ok(conn)
}

/// One transaction of a long work, then a pause for as long as it took: `SQLite` has no queue for
/// its lock, so a listener would get it only by chance between two transactions.
pub(super) fn step<T>(
    conn: &mut Connection,
    path: &Path,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let change = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .at(path)?;
    let began = Instant::now();
    let done = work(&change)?;
    change.commit().at(path)?;
    thread::sleep(began.elapsed());
    Ok(done)
}

fn connect_readonly(path: &Path) -> Result<Connection, StoreError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    // Each connection stays in one thread at a time, so that SQLite need not lock it.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).at(path)?;
    conn.busy_timeout(LOCK_TIMEOUT).at(path)?;
    Ok(conn)
}
