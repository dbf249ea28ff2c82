//! Deliveries, attempts and bulk replays as rows: appended.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{CachedStatement, ErrorCode, Transaction, params};
use tokio::sync::oneshot;

use super::StoreError;
use super::error::AtPath;
use super::migrations::{LOG, Schema};
use super::row::Run;
use crate::delivery::capture::headers_to_json;
use crate::delivery::{Attempt, Delivery, Signing};

const INSERT_DELIVERY: &str = "INSERT INTO delivery (seq, id, received_at, remote, provider, event, \
     event_id, duplicate_of, verdict, verdict_json, response_status, method, target, version, \
     headers, body_complete, body, source) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

const INSERT_ATTEMPT: &str = "INSERT INTO attempt (id, delivery_id, cause, url, started_at, \
     duration_ms, signing, run, status, error_kind, error_message, headers, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const INSERT_RUN: &str =
    "INSERT INTO run (id, started_at, selection, endpoint) VALUES (?1, ?2, ?3, ?4)";

/// The highest place that a delivery was ever given. `AUTOINCREMENT` would look after that too, for
/// 5 % of the writer's work, because it does so for every row.
const LAST_PLACE: &str = "SELECT max(coalesce((SELECT max(seq) FROM delivery), 0), \
     coalesce((SELECT max(seq) FROM pruned), 0))";

/// What stands in a row besides its variable parts, for estimates: short columns, index entries.
const OVERHEAD_BYTES: usize = 512;

/// What a [`Writer`](super::Writer) writes: many of them in one transaction.
pub trait Record: Send + Sized + 'static {
    /// The database that they belong to.
    const SCHEMA: &'static Schema;

    /// About how many bytes one takes there.
    fn estimate(&self) -> usize;

    /// Whether nobody waits for this one.
    fn can_wait(&self) -> bool {
        false
    }

    /// Writes them in order, and answers for each; a record that is refused for its own sake leaves the
    /// transaction as it was. An error of all undoes all.
    fn write(change: &Transaction<'_>, records: &[Self], path: &Path) -> WriteOutcome;
}

/// An answer for each record, or one for all of them.
pub type WriteOutcome = Result<Vec<Result<(), StoreError>>, StoreError>;

/// One row of the log to append.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A row of `delivery`.
    Delivery(Arc<Delivery>),
    /// A row of `attempt`, and the replay run it belongs to.
    Attempt(Box<Attempt>, Option<String>),
    /// A row of `run`.
    Run(Run),
}

/// One record and who waits for it.
pub(super) type Job<R> = (R, oneshot::Sender<Result<(), StoreError>>);

impl Entry {
    /// The id of the row.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Delivery(delivery) => &delivery.id,
            Self::Attempt(attempt, _) => &attempt.id,
            Self::Run(run) => &run.id,
        }
    }
}

impl Record for Entry {
    const SCHEMA: &'static Schema = &LOG;

    fn write(change: &Transaction<'_>, records: &[Self], path: &Path) -> WriteOutcome {
        let mut appender = Appender::within(change, path)?;
        let answer = |entry| match appender.append(entry) {
            Err(error) if !concerns_row(&error) => Err(error),
            answer => Ok(answer),
        };
        records.iter().map(answer).collect()
    }

    /// Of a bulk replay many are sent before the first is kept.
    fn can_wait(&self) -> bool {
        matches!(self, Self::Attempt(_, Some(_)))
    }

    fn estimate(&self) -> usize {
        let variable = match self {
            Self::Delivery(delivery) => delivery.request.body.len(),
            Self::Attempt(attempt, _) => attempt.outcome.as_ref().map_or(0, |a| a.body.len()),
            Self::Run(run) => run.selection.len(),
        };
        variable + OVERHEAD_BYTES
    }
}

/// Whether `SQLite` has undone the one statement and left the transaction as it was.
const fn concerns_row(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Conflict { .. } | StoreError::TooLarge { .. }
    )
}

/// Appends within one transaction.
pub(super) struct Appender<'a> {
    delivery: CachedStatement<'a>,
    attempt: CachedStatement<'a>,
    run: CachedStatement<'a>,
    /// The place of the next delivery.
    place: i64,
    path: &'a Path,
}

impl<'a> Appender<'a> {
    /// For a transaction that already has the lock for writing.
    pub(super) fn within(change: &'a Transaction<'_>, path: &'a Path) -> Result<Self, StoreError> {
        let mut last = change.prepare_cached(LAST_PLACE).at(path)?;
        let last: i64 = last.query_row([], |row| row.get(0)).at(path)?;
        Ok(Self {
            delivery: change.prepare_cached(INSERT_DELIVERY).at(path)?,
            attempt: change.prepare_cached(INSERT_ATTEMPT).at(path)?,
            run: change.prepare_cached(INSERT_RUN).at(path)?,
            place: last + 1,
            path,
        })
    }

    /// Appends one row. An error that concerns the row alone leaves the transaction as it was.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let inserted = match entry {
            Entry::Delivery(delivery) => self.insert_delivery(delivery),
            Entry::Attempt(attempt, run) => self.insert_attempt(attempt, run.as_deref()),
            Entry::Run(run) => self.insert_run(run),
        };
        let id = || entry.id().to_owned();
        inserted.map_err(|cause| match cause.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => StoreError::Conflict(id()),
            Some(ErrorCode::TooBig) => StoreError::TooLarge(id()),
            _ => StoreError::sqlite(self.path, cause),
        })
    }

    fn insert_delivery(&mut self, delivery: &Delivery) -> rusqlite::Result<()> {
        let request = &delivery.request;
        // A verdict is strings and numbers, which always serialise.
        let verdict = serde_json::to_string(&delivery.verdict).unwrap_or_default();
        self.delivery.execute(params![
            self.place,
            delivery.id,
            delivery.received_at.micros(),
            delivery.remote,
            delivery.provider,
            delivery.event,
            delivery.event_id,
            delivery.duplicate_of,
            delivery.verdict.status.as_str(),
            verdict,
            delivery.response_status,
            request.method,
            request.target,
            request.version,
            headers_to_json(&request.headers),
            request.body_complete,
            &request.body[..],
            delivery.source.as_ref(),
        ])?;
        self.place += 1;
        Ok(())
    }

    fn insert_attempt(&mut self, attempt: &Attempt, run: Option<&str>) -> rusqlite::Result<()> {
        let answer = attempt.outcome.as_ref().ok();
        let failure = attempt.outcome.as_ref().err();
        self.attempt.execute(params![
            attempt.id,
            attempt.delivery_id,
            attempt.trigger.as_str(),
            attempt.url,
            attempt.started_at.micros(),
            attempt.duration_ms,
            attempt.signing.map(Signing::as_str),
            run,
            answer.map(|a| a.status),
            failure.map(|f| f.kind.as_str()),
            failure.map(|f| f.message.as_str()),
            answer.map(|a| headers_to_json(&a.headers)),
            answer.map(|a| &a.body[..]),
        ])?;
        Ok(())
    }

    fn insert_run(&mut self, run: &Run) -> rusqlite::Result<()> {
        self.run.execute(params![
            run.id,
            run.started_at.micros(),
            run.selection,
            run.endpoint,
        ])?;
        Ok(())
    }
}
