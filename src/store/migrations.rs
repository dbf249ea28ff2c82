//! The form of a database of this program, by version, and that of the log. A step is never edited once
//! it was released.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use super::error::AtPath;
use super::file::LOCK_TIMEOUT;
use super::query::{RECEIVED_INDEXES, has_import};

/// `WHLG`: marks the file as a webhook log in its header (offset 68), where `file` and `SQLite` see
/// it.
pub(super) const APPLICATION_ID: i64 = 0x5748_4C47;

/// The newest version that this program writes.
pub(super) const VERSION: i64 = LOG.version();

/// What a database of this program is: how it is told from all others, and its form by version.
#[derive(Debug)]
pub struct Schema {
    /// What marks the file in its header.
    pub application_id: i64,
    /// The steps from each version to the next.
    pub steps: &'static [&'static str],
    /// What is still to be made behind the last step, where that hangs on what is there.
    pub finish: fn(&Connection) -> rusqlite::Result<()>,
}

impl Schema {
    /// The newest version, which counts the steps.
    #[allow(clippy::cast_possible_wrap)] // So many steps nobody writes.
    pub(super) const fn version(&self) -> i64 {
        self.steps.len() as i64
    }
}

/// The log's.
pub(super) const LOG: Schema = Schema {
    application_id: APPLICATION_ID,
    steps: &[V1, V2, V3],
    finish: |conn| {
        // An import of an older version has made only one of them.
        if has_import(conn)? {
            conn.execute_batch(RECEIVED_INDEXES)?;
        }
        Ok(())
    },
};

/// Bytes in a page: a delivery of 1 KiB with its headers fits several times, where the default of
/// 4 KiB leaves half a page empty.
const PAGE_BYTES: i64 = 8192;

/// The body stands last: `SQLite` has to walk through it to reach what comes after. No foreign key,
/// because attempts of `send` belong to none. What `pruned` remembers keeps a place from
/// being given twice, so that who follows the log misses nothing after a prune.
const V1: &str = "
CREATE TABLE delivery (
    seq             INTEGER PRIMARY KEY, -- place in the log, never given twice
    id              TEXT    NOT NULL,
    received_at     INTEGER NOT NULL, -- microseconds since 1970-01-01 UTC
    remote          TEXT,
    provider        TEXT,
    event           TEXT,
    event_id        TEXT,
    duplicate_of    TEXT,             -- id of the first delivery of the same event
    verdict         TEXT    NOT NULL, -- valid, mismatch, stale, missing, malformed, unverified
    verdict_json    TEXT    NOT NULL, -- the verdict with its grounds
    response_status INTEGER,
    method          TEXT    NOT NULL,
    target          TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    headers         TEXT    NOT NULL, -- [[name, value], ...], bytes as {base64}
    body_complete   INTEGER NOT NULL,
    body            BLOB    NOT NULL
);
CREATE UNIQUE INDEX delivery_id ON delivery (id);

CREATE TABLE attempt (
    seq           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL,
    delivery_id   TEXT    NOT NULL,
    cause         TEXT    NOT NULL, -- forward, replay, send, retry
    url           TEXT    NOT NULL,
    started_at    INTEGER NOT NULL, -- microseconds since 1970-01-01 UTC
    duration_ms   REAL    NOT NULL,
    signing       TEXT,             -- kept, fresh
    run           TEXT,             -- of a bulk replay
    status        INTEGER,          -- null where there was no answer
    error_kind    TEXT,
    error_message TEXT,
    headers       TEXT,             -- of the answer
    body          BLOB              -- of the answer
);
CREATE UNIQUE INDEX attempt_id ON attempt (id);
CREATE INDEX attempt_delivery ON attempt (delivery_id);
CREATE INDEX attempt_run ON attempt (run, delivery_id) WHERE run IS NOT NULL;

CREATE TABLE pruned (
    seq INTEGER PRIMARY KEY -- the last place whose delivery was removed
);

CREATE VIEW delivery_readable AS
SELECT seq, id, strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000000.0, 'unixepoch') AS received_at,
       provider, event, event_id, verdict, method, target, length(body) AS body_bytes,
       CAST(body AS TEXT) AS body
FROM delivery;
";

/// `source` stands behind the body, where a column can be added without writing the whole log
/// again. Queries read it from the index, which holds no row that `listen` has received and so costs
/// it nothing.
///
/// What its comments list has grown since: `source` is `probe` and `cause` is `test`, too. A step is
/// never edited.
///
/// Of what is there, `test` has sent what it says it has forged, and all else was received or
/// imported, which nobody kept apart. Of a run, the endpoint is known where it was one.
const V2: &str = "
ALTER TABLE delivery ADD COLUMN source TEXT NOT NULL DEFAULT 'listen';
                             -- listen, send, test, import
CREATE INDEX delivery_source ON delivery (source) WHERE source <> 'listen';
UPDATE delivery SET source = 'test'
WHERE id IN (SELECT delivery_id FROM attempt WHERE cause = 'test')
   OR instr(verdict_json, '\"reason\":\"forged by `webhook test` for ') > 0;

CREATE TABLE run (
    id         TEXT    NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL, -- microseconds since 1970-01-01 UTC
    selection  TEXT    NOT NULL, -- which deliveries were asked for, empty where it is not known
    endpoint   TEXT              -- null where each went to where it was last sent
) WITHOUT ROWID;
INSERT INTO run (id, started_at, selection, endpoint)
SELECT run, min(started_at), '', CASE count(DISTINCT url) WHEN 1 THEN min(url) END
FROM attempt WHERE run IS NOT NULL GROUP BY run;

DROP VIEW delivery_readable;
CREATE VIEW delivery_readable AS
SELECT seq, id, strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000000.0, 'unixepoch') AS received_at,
       source, provider, event, event_id, verdict, method, target, length(body) AS body_bytes,
       CAST(body AS TEXT) AS body
FROM delivery;
";

/// The rows of a verdict are found without walking through all others. It costs `listen` the place of a
/// row in the index, and a page for each verdict in a commit.
const V3: &str = "CREATE INDEX delivery_verdict ON delivery (verdict);";

/// Brings the database of a writing connection to the newest form, from an empty file as well.
pub(super) fn migrate(
    conn: &mut Connection,
    path: &Path,
    schema: &Schema,
) -> Result<(), StoreError> {
    if version(conn, path, schema)? == schema.version() {
        return Ok(());
    }
    // Both take effect only before the first table is made, and the journal mode only outside of a
    // transaction.
    conn.pragma_update(None, "page_size", PAGE_BYTES).at(path)?;
    conn.pragma_update(None, "auto_vacuum", "incremental")
        .at(path)?;
    use_wal(conn, path)?;
    let change = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .at(path)?;
    // Another process may have come first.
    let from = check(&change, path, schema)?;
    let done = usize::try_from(from).unwrap_or_default();
    for step in schema.steps.iter().skip(done) {
        change.execute_batch(step).at(path)?;
    }
    (schema.finish)(&change).at(path)?;
    change
        .pragma_update(None, "application_id", schema.application_id)
        .at(path)?;
    change
        .pragma_update(None, "user_version", schema.version())
        .at(path)?;
    change.commit().at(path)
}

/// Switches to a write-ahead log, for which `SQLite` asks for a lock while it holds another: so it
/// fails at once where somebody else writes, such as another program that makes the log at this
/// moment. A transaction waits as it should, so one that does nothing goes before each further try.
fn use_wal(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let began = Instant::now();
    loop {
        match conn.pragma_update(None, "journal_mode", "wal").at(path) {
            Err(StoreError::Locked { .. }) if began.elapsed() < LOCK_TIMEOUT => {
                conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").at(path)?;
            }
            done => return done,
        }
    }
}

/// The version of the database, 0 for an empty file; an error where it is none, or none for this
/// program.
pub(super) fn version(conn: &Connection, path: &Path, schema: &Schema) -> Result<i64, StoreError> {
    // One snapshot, for the case that another process is making it at this moment.
    let look = conn.unchecked_transaction().at(path)?;
    check(&look, path, schema)
}

/// [`version`] within a transaction.
fn check(conn: &Connection, path: &Path, schema: &Schema) -> Result<i64, StoreError> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).at(path);
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let path = path.to_path_buf();
    if application == schema.application_id {
        let known = schema.version();
        return match version {
            found if found > known => Err(StoreError::Newer { path, found, known }),
            version => Ok(version),
        };
    }
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(0);
    }
    Err(StoreError::Foreign(path))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_switch_to_a_write_ahead_log_waits_for_who_writes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path();
        let writing = Connection::open(path).unwrap();
        writing.execute_batch("BEGIN IMMEDIATE").unwrap();
        thread::scope(|scope| {
            let (done, switched) = mpsc::channel();
            scope.spawn(move || {
                let conn = Connection::open(path).unwrap();
                conn.busy_timeout(LOCK_TIMEOUT).unwrap();
                done.send(use_wal(&conn, path))
            });
            let early = switched.recv_timeout(Duration::from_millis(200));
            writing.execute_batch("ROLLBACK").unwrap();
            assert!(early.is_err(), "{early:?}");
            switched.recv().unwrap().unwrap();
        });
    }
}
