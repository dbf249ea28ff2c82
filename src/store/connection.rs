//! Connections to the file: how they are opened, how they wait for each other, and what one of them
//! writes to.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use url::Url;

use super::StoreError;
use super::error::AtPath;
use super::file::{self, LOCK_TIMEOUT};
use super::migrations::{self, LOG, Schema};

/// What the `-wal` is cut back to once its rows have moved, after an import or prune has made it
/// large.
const WAL_KEPT_BYTES: i64 = 64 << 20;

/// A connection that writes, to a database in the newest form, made where there is none, with its
/// folders (0700) and for its owner alone (0600).
pub fn connect_writable(path: &Path, schema: &Schema) -> Result<Connection, StoreError> {
    file::create(path).at(path)?;
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    migrations::migrate(&mut conn, path, schema)?;
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

/// How long a long work leaves the lock free after each transaction: a listener asks for it more often.
const TURN: Duration = Duration::from_millis(2);

/// One transaction of a long work, then a pause: `SQLite` has no queue for its lock, so a listener would
/// get it only by chance between two transactions. Where somebody took that turn, the pause goes on for
/// as long as the transaction took, so that who has much to write gets as much of the disk.
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
    let took = began.elapsed();
    let changes = "PRAGMA data_version";
    let version = |conn: &Connection| conn.query_row(changes, [], |row| row.get::<_, i64>(0));
    let before = version(conn).at(path)?;
    thread::sleep(TURN);
    if version(conn).at(path)? != before {
        thread::sleep(took.saturating_sub(TURN));
    }
    Ok(done)
}

/// How often a connection that writes asks for the lock: `SQLite` has no queue for it, and its own
/// handler would ask every tenth of a second in the end.
const ASK_EVERY: Duration = Duration::from_millis(1);

/// Waits before the lock is asked for again, where that was not done for so long yet.
fn ask_again(tries: i32, limit: Duration) -> bool {
    thread::sleep(ASK_EVERY);
    ASK_EVERY * tries.unsigned_abs() < limit
}

/// Lets a connection wait for a lock for as long as a busy listener may take it.
pub(super) fn wait_patiently(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    const PATIENCE: Duration = Duration::from_secs(60);
    conn.busy_handler(Some(|tries| ask_again(tries, PATIENCE)))
        .at(path)
}

/// Fails where nothing can be written, or somebody else does not stop writing.
pub(super) fn try_lock(path: &Path) -> Result<(), StoreError> {
    let conn = connect_writable(path, &LOG)?;
    // A file that may not be written is opened all the same, and even gives the lock.
    if conn.is_readonly("main").at(path)? {
        return Err(StoreError::ReadOnly(path.into()));
    }
    conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").at(path)
}

/// A connection that only reads.
///
/// Where nothing can be made beside a log that was closed in order, it is read as one that nobody
/// changes: no other way reads it.
pub(super) fn connect_readonly(path: &Path) -> Result<Connection, StoreError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let first = conn.query_row("PRAGMA schema_version", [], |_| Ok(()));
    match first.at(path) {
        Err(StoreError::ReadOnly(_)) if file::is_at_rest(path) => connect_unchanged(path),
        _ => Ok(conn),
    }
}

fn connect_unchanged(path: &Path) -> Result<Connection, StoreError> {
    let path = fs::canonicalize(path).at(path)?;
    let Ok(mut url) = Url::from_file_path(&path) else {
        return Err(StoreError::ReadOnly(path));
    };
    url.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect(Path::new(url.as_str()), flags)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    // To open one waits for who writes to it, without an end.
    if fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
        return Err(StoreError::NotADatabase(path.into()));
    }
    // Each connection stays in one thread at a time, so that SQLite need not lock it.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).at(path)?;
    conn.busy_handler(Some(|tries| ask_again(tries, LOCK_TIMEOUT)))
        .at(path)?;
    // A statement is planned once. Else `SQLite` plans those anew with each value that might decide
    // whether a partial index serves, which takes longer than most of them run.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .at(path)?;
    Ok(conn)
}
