//! The thread that commits: everything that has queued up, once, then the answers.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc;

use super::append::{Job, Record, WriteOutcome};
use super::error::AtPath;
use super::file::{self, Inode, Witness};
use super::migrations::Schema;
use super::{StoreError, connection};

/// Rows in one commit; more gain nothing and make the first wait.
const BATCH_ROWS: usize = 1000;
/// Bytes in one commit, so that large bodies don't make the small ones wait.
const BATCH_BYTES: usize = 8 << 20;
/// About how many bytes the `-wal` takes in before they are moved into the log.
const CHECKPOINT_BYTES: usize = 8 << 20;
/// What a commit writes besides its rows: the pages it shares with the commit before.
const COMMIT_BYTES: usize = 4 * 8192;

/// For how long attempts of a bulk replay are gathered, where the commit before was as recent: nobody
/// waits for them, and each commit takes as long as sending many.
const GATHER: Duration = Duration::from_millis(4);

/// Owns the writing connection.
pub(super) struct Committer<R> {
    records: PhantomData<fn(R)>,
    path: PathBuf,
    /// `None` after a failure that spoils a connection; the next batch connects anew.
    connection: Option<Opened>,
    /// The file that was written over in place, and takes nothing more: a new connection would share
    /// with this process' readers what they know of the old content.
    written_over: Option<Inode>,
    /// Set when rows go on in another file than those before them.
    began_anew: Arc<AtomicBool>,
    /// Estimate of what was written since the last checkpoint.
    unmoved_bytes: usize,
}

/// A connection, and which files it writes to.
struct Opened {
    conn: Connection,
    identity: [Inode; 2],
    witness: Witness,
}

impl Opened {
    fn connect(path: &Path, schema: &Schema) -> Result<Self, StoreError> {
        let conn = connection::connect_writable(path, schema)?;
        // Automatic checkpoints would come within a commit, before its answers.
        conn.pragma_update(None, "wal_autocheckpoint", 0).at(path)?;
        let page_bytes = conn.query_row("PRAGMA page_size", [], |row| row.get(0));
        let page_bytes = page_bytes.at(path)?;
        Ok(Self {
            identity: file::identity(path),
            witness: Witness::new(path, page_bytes).at(path)?,
            conn,
        })
    }

    /// Closes a connection to a file that something else has written to, and leaves that as it is:
    /// neither moves rows into it, nor lets it be read through this connection's `-wal`.
    fn abandon(self, path: &Path) {
        // Where this fails, closing moves rows into what was written there.
        let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let _ = self.conn.set_db_config(setting, true);
        drop(self.conn);
        file::set_companions_aside(self.identity, path);
    }
}

impl<R: Record> Committer<R> {
    /// Connects to the log at `path`; sets `began_anew` whenever another file takes its place.
    pub(super) fn connect(path: &Path, began_anew: Arc<AtomicBool>) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.to_path_buf(),
            records: PhantomData,
            connection: Some(Opened::connect(path, R::SCHEMA)?),
            written_over: None,
            began_anew,
            unmoved_bytes: 0,
        })
    }

    /// Commits batch after batch until all senders of `jobs` are gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job<R>>) {
        let mut last_commit = None;
        while let Some(first) = jobs.blocking_recv() {
            let is_recent = |last: Instant| last.elapsed() < GATHER;
            if first.0.can_wait() && last_commit.is_some_and(is_recent) {
                thread::sleep(GATHER);
            }
            let (entries, answers): (Vec<_>, Vec<_>) = batch(first, &mut jobs).into_iter().unzip();
            let outcome = self.keep(&entries);
            last_commit = Some(Instant::now());
            drop(entries);
            for (place, answer) in answers.into_iter().enumerate() {
                // Who no longer waits doesn't want to know.
                let _ = answer.send(answer_at(&outcome, place));
            }
            if self.unmoved_bytes >= CHECKPOINT_BYTES {
                self.checkpoint();
            }
        }
        // Closing moves the rows as well, but only when no other connection is open.
        self.checkpoint();
    }

    /// Brings the rows to the disk, in the file that stands at the path.
    ///
    /// A file that was deleted, renamed or replaced under a connection takes the rows without an
    /// error, and they are gone; so does one that was emptied or written over in place. So every batch
    /// is checked before it is answered. When the file is no longer the one that was opened, the rows
    /// go into the one that is there now.
    fn keep(&mut self, entries: &[R]) -> WriteOutcome {
        if let Some(inode) = self.written_over {
            if file::inode(&self.path) == inode {
                return Err(StoreError::WrittenOver(self.path.clone()));
            }
            self.written_over = None;
        }
        if self.connection.is_none() {
            self.connection = Some(Opened::connect(&self.path, R::SCHEMA)?);
        }
        let first = self.commit(entries);
        if self.is_in_place() {
            self.check_content()?;
            if first.as_ref().is_err_and(spoils_connection) {
                self.connection = None;
            }
            return first;
        }
        self.let_go()?;
        self.connection = Some(Opened::connect(&self.path, R::SCHEMA)?);
        let second = self.commit(entries)?;
        self.began_anew.store(true, Ordering::Relaxed);
        // What the first file has refused stays refused; a row that the second refuses is there.
        Ok(first.unwrap_or(second))
    }

    fn is_in_place(&self) -> bool {
        let opened = self.connection.as_ref();
        opened.is_some_and(|opened| opened.identity == file::identity(&self.path))
    }

    /// Lets go of a log that something else has written to.
    fn check_content(&mut self) -> Result<(), StoreError> {
        let path = &self.path;
        let changed = |opened: &mut Opened| !opened.witness.is_sound(path);
        if let Some(opened) = self.connection.take_if(changed) {
            self.written_over = Some(opened.identity[0]);
            opened.abandon(path);
            return Err(StoreError::WrittenOver(path.clone()));
        }
        Ok(())
    }

    /// One transaction of all rows. A row that is refused for its own sake doesn't take the others
    /// with it.
    fn commit(&mut self, entries: &[R]) -> WriteOutcome {
        let Some(opened) = &mut self.connection else {
            return Err(StoreError::Stopped);
        };
        let outcome = append(&mut opened.conn, entries, &self.path);
        if outcome.is_ok() {
            let rows: usize = entries.iter().map(Record::estimate).sum();
            self.unmoved_bytes += rows + COMMIT_BYTES;
        }
        outcome
    }

    /// Ends the connection to a file that was taken away, with all its rows in that file: it may
    /// only have been renamed.
    fn let_go(&mut self) -> Result<(), StoreError> {
        let Some(opened) = self.connection.take() else {
            return Ok(());
        };
        if !move_all(&opened.conn).unwrap_or(false) {
            // The `-wal` still holds rows, and the file that is there now must not be read
            // through it.
            self.connection = Some(opened);
            return Err(StoreError::Replaced(self.path.clone()));
        }
        drop(opened.conn);
        file::remove_companions(opened.identity, &self.path);
        self.unmoved_bytes = 0;
        Ok(())
    }

    /// Moves what the `-wal` holds into the log, as far as no reader holds on to it.
    fn checkpoint(&mut self) {
        self.unmoved_bytes = 0;
        if let Some(Opened { conn, .. }) = &self.connection {
            // The rows are safe in the `-wal`; what fails here shows at the next commit.
            let _ = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}

/// The first job and those behind it, as far as one commit takes them.
fn batch<R: Record>(first: Job<R>, jobs: &mut mpsc::Receiver<Job<R>>) -> Vec<Job<R>> {
    let mut bytes = first.0.estimate();
    let mut batch = vec![first];
    while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
        let Ok(next) = jobs.try_recv() else { break };
        bytes += next.0.estimate();
        batch.push(next);
    }
    batch
}

fn append<R: Record>(conn: &mut Connection, records: &[R], path: &Path) -> WriteOutcome {
    // Immediate: a transaction that turned into a writing one later could not wait for the lock.
    let change = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .at(path)?;
    let answers = R::write(&change, records, path)?;
    change.commit().at(path)?;
    Ok(answers)
}

/// Whether the cause may lie in the connection; a full disk or a lock passes without a new one.
const fn spoils_connection(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::DiskFull { .. } | StoreError::Locked { .. }
    )
}

fn answer_at(outcome: &WriteOutcome, place: usize) -> Result<(), StoreError> {
    match outcome {
        Ok(answers) => answers
            .get(place)
            .cloned()
            .unwrap_or(Err(StoreError::Stopped)),
        Err(error) => Err(error.clone()),
    }
}

/// Moves everything from the `-wal` into the log and empties it; `false` where a reader holds on
/// to it.
fn move_all(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = conn.query_row(sql, [], |row| row.get(0))?;
    Ok(busy == 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::append::Entry;
    use super::*;
    use crate::delivery::{
        Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict, id,
    };

    fn entry(body: usize) -> Entry {
        Entry::Delivery(std::sync::Arc::new(Delivery {
            id: id::delivery(),
            received_at: Timestamp::from_seconds(1),
            source: DeliverySource::Listen,
            remote: None,
            provider: None,
            event: None,
            event_id: None,
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified),
            request: Request::post("/", Headers::new(), vec![b'x'; body]),
            response_status: None,
        }))
    }

    fn committer() -> (tempfile::TempDir, Committer<Entry>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let committer = Committer::connect(&path, Arc::default()).unwrap();
        (folder, committer)
    }

    fn conn(committer: &Committer<Entry>) -> &Connection {
        &committer.connection.as_ref().unwrap().conn
    }

    /// A killed process loses nothing either way, as the system has what was written; that the rows
    /// are on the disk when the machine fails is what these settings promise.
    #[test]
    fn a_commit_reaches_the_disk_before_it_is_answered() {
        let (_folder, mut committer) = committer();
        let settings = |committer: &Committer<Entry>| {
            let number = |name: &str| -> i64 {
                let sql = format!("PRAGMA {name}");
                conn(committer)
                    .query_row(&sql, [], |row| row.get(0))
                    .unwrap()
            };
            let mode = "PRAGMA journal_mode";
            let mode: String = conn(committer)
                .query_row(mode, [], |row| row.get(0))
                .unwrap();
            (
                mode,
                ["synchronous", "fullfsync", "checkpoint_fullfsync"].map(number),
            )
        };
        let promised = ("wal".to_owned(), [2, 1, 1]);
        assert_eq!(settings(&committer), promised);
        // The connection that follows a file that was taken away, too.
        std::fs::remove_file(&committer.path).unwrap();
        committer.keep(&[entry(1)]).unwrap();
        assert_eq!(settings(&committer), promised);
    }

    #[test]
    fn a_full_disk_refuses_the_whole_batch_and_is_forgotten_once_there_is_room() {
        let (_folder, mut committer) = committer();
        let pages = |most: i64| {
            let sql = format!("PRAGMA max_page_count = {most}");
            move |conn: &Connection| {
                conn.query_row(&sql, [], |row| row.get::<_, i64>(0))
                    .unwrap()
            }
        };
        pages(1)(conn(&committer));
        let batch = [entry(1), entry(100_000), entry(1)];
        for _ in 0..2 {
            let error = committer.keep(&batch).unwrap_err();
            assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
        }
        pages(10_000)(conn(&committer));
        let answers = committer.keep(&batch).unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }

    #[test]
    fn a_lock_refuses_the_batch_until_it_is_given_back() {
        let (_folder, mut committer) = committer();
        conn(&committer).busy_timeout(Duration::ZERO).unwrap();
        let other = Connection::open(&committer.path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let batch = [entry(1)];
        let error = committer.keep(&batch).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert!(committer.keep(&batch).is_ok());
    }

    #[test]
    fn a_spoiled_connection_is_replaced() {
        let (_folder, mut committer) = committer();
        let hide = |sql: &str| conn(&committer).execute_batch(sql).unwrap();
        hide("ALTER TABLE delivery RENAME TO hidden");
        assert!(committer.keep(&[entry(1)]).is_err());
        assert!(committer.connection.is_none());
        let other = Connection::open(&committer.path).unwrap();
        other
            .execute_batch("ALTER TABLE hidden RENAME TO delivery")
            .unwrap();
        assert!(committer.keep(&[entry(1)]).is_ok());
    }

    #[test]
    fn a_file_that_a_reader_holds_on_to_is_not_left_with_rows_unmoved() {
        let (_folder, mut committer) = committer();
        conn(&committer).busy_timeout(Duration::ZERO).unwrap();
        committer.keep(&[entry(1)]).unwrap();
        let aside = committer.path.with_extension("aside");
        let reader = Connection::open(&committer.path).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM delivery")
            .unwrap();
        std::fs::rename(&committer.path, &aside).unwrap();
        let batch = [entry(1)];
        let error = committer.keep(&batch).unwrap_err();
        assert!(matches!(error, StoreError::Replaced { .. }), "{error:?}");
        assert!(!committer.path.exists());
        reader.execute_batch("ROLLBACK").unwrap();
        assert!(committer.keep(&batch).is_ok());
        assert!(committer.path.exists());
    }

    /// Each way to spoil the content of the files under the connection.
    #[test]
    fn a_log_that_is_written_over_in_place_takes_nothing_until_it_is_moved_away() {
        type Spoil<'a> = &'a dyn Fn(&Path);
        let with = |path: &Path, content: &[u8]| std::fs::write(path, content).unwrap();
        let other = |path: &Path| {
            let other = path.with_extension("other");
            let conn = Connection::open(&other).unwrap();
            conn.execute_batch("CREATE TABLE t (c)").unwrap();
            std::fs::read(other).unwrap()
        };
        let text = [b'x'; 1 << 14];
        let ways: [(&str, Spoil<'_>); 6] = [
            ("emptied", &|path| with(path, b"")),
            ("another's text", &|path| with(path, &text.repeat(64))),
            ("cut short", &|path| {
                let log = std::fs::OpenOptions::new().write(true).open(path);
                log.unwrap().set_len(8192).unwrap();
            }),
            ("another's database", &|path| with(path, &other(path))),
            ("the -wal emptied", &|path| {
                with(&path.with_extension("db-wal"), b"");
            }),
            ("the -wal replaced by text", &|path| {
                with(&path.with_extension("db-wal"), &text);
            }),
        ];
        for (way, spoil) in ways {
            let (_folder, mut committer) = committer();
            for _ in 0..3 {
                committer.keep(&[entry(100_000)]).unwrap();
                committer.checkpoint();
            }
            committer.keep(&[entry(1)]).unwrap();
            spoil(&committer.path);
            let spoiled = std::fs::read(&committer.path).unwrap();
            for _ in 0..2 {
                let error = committer.keep(&[entry(1)]).expect_err(way);
                assert!(
                    matches!(error, StoreError::WrittenOver(_)),
                    "{way}: {error:?}"
                );
            }
            assert_eq!(std::fs::read(&committer.path).unwrap(), spoiled, "{way}");
            // What was answered, or written there, is not thrown away.
            let kept = |number| {
                committer
                    .path
                    .with_extension(format!("db-wal-kept-{number}"))
            };
            assert!(kept(1).exists(), "{way}");
            assert!(!kept(2).exists(), "{way}");
            let aside = committer.path.with_extension("aside");
            std::fs::rename(&committer.path, aside).unwrap();
            committer.keep(&[entry(1)]).unwrap();
            let sql = "SELECT count(*) FROM delivery";
            let rows: i64 = conn(&committer)
                .query_row(sql, [], |row| row.get(0))
                .unwrap();
            assert_eq!(rows, 1, "{way}");
        }
    }

    #[test]
    fn the_wal_does_not_grow_without_bound() {
        let (folder, mut committer) = committer();
        for _ in 0..40 {
            committer.keep(&[entry(1 << 20)]).unwrap();
            if committer.unmoved_bytes >= CHECKPOINT_BYTES {
                committer.checkpoint();
            }
        }
        let wal = std::fs::metadata(folder.path().join("log.db-wal"))
            .unwrap()
            .len();
        assert!(wal < 3 * CHECKPOINT_BYTES as u64, "{wal}");
    }
}
