//! Reading what was done with deliveries: attempts, and the bulk replays they belong to.

use std::collections::{HashMap, HashSet};

use super::Reader;
use crate::delivery::{Attempt, FailureKind, id};
use crate::store::error::AtPath as _;
use crate::store::lookup::resolve;
use crate::store::query::list;
use crate::store::row::{self, ATTEMPT_COLUMNS, RUN_COLUMNS, Run};
use crate::store::{LookupError, StoreError};

/// What was done with a delivery so far, in short.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSummary {
    /// How many attempts there were.
    pub count: u64,
    /// What became of the last.
    pub last: Result<u16, FailureKind>,
    /// How long the last took, in milliseconds.
    pub duration_ms: f64,
}

impl Reader {
    /// What was done with each of these deliveries, by their ids; no entry where there was no attempt.
    pub fn attempt_summaries<T: AsRef<str>>(
        &self,
        delivery_ids: &[T],
    ) -> Result<HashMap<String, AttemptSummary>, StoreError> {
        let counts = "SELECT max(seq) AS last, count(*) AS count FROM attempt \
             WHERE delivery_id IN (SELECT value FROM json_each(?1)) GROUP BY delivery_id";
        let sql =
            format!("SELECT {ATTEMPT_COLUMNS}, count FROM attempt JOIN ({counts}) ON seq = last");
        self.all(&sql, [list(delivery_ids)], |row, path| {
            let (id, last) = row::last_outcome(row, path)?;
            let duration_ms = row.get("duration_ms").at(path)?;
            let count = row.get::<_, i64>("count").at(path)?.unsigned_abs();
            Ok((
                id,
                AttemptSummary {
                    count,
                    last,
                    duration_ms,
                },
            ))
        })
    }

    /// The deliveries at which attempts were made behind a place among the attempts, and the place of
    /// the last attempt that there is.
    pub fn attempted_since(&self, place: i64) -> Result<(HashSet<String>, i64), StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM attempt";
        let end = self
            .one(sql, [], |row, path| row.get(0).at(path))?
            .unwrap_or_default();
        if end <= place {
            return Ok((HashSet::new(), end));
        }
        let sql = "SELECT DISTINCT delivery_id FROM attempt WHERE seq > ?1 AND seq <= ?2";
        let ids = self.all(sql, [place, end], |row, path| row.get(0).at(path))?;
        Ok((ids, end))
    }

    /// The first `most` attempts behind a place among the attempts, with their places.
    pub fn attempts_behind(
        &self,
        place: i64,
        most: u32,
    ) -> Result<Vec<(i64, Attempt)>, StoreError> {
        let sql =
            format!("SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        self.all(&sql, (place, i64::from(most)), |row, path| {
            Ok((row.get("seq").at(path)?, row::attempt(row, path)?))
        })
    }

    /// The attempts at a delivery in the order in which they were logged.
    pub fn attempts_of(&self, delivery_id: &str) -> Result<Vec<Attempt>, StoreError> {
        let sql =
            format!("SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE delivery_id = ?1 ORDER BY seq");
        self.all(&sql, [delivery_id], row::attempt)
    }

    /// The newest `most` attempts at a delivery in the order in which they were logged, with no more than
    /// so many bytes of each answer's body.
    pub fn newest_attempts_of(
        &self,
        delivery_id: &str,
        most: u32,
        bytes: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        let columns = ATTEMPT_COLUMNS.replace(", body", ", substr(body, 1, ?3)");
        let sql = format!(
            "SELECT {columns} FROM attempt WHERE delivery_id = ?1 ORDER BY seq DESC LIMIT ?2"
        );
        let mut attempts: Vec<_> = self.all(&sql, (delivery_id, most, bytes), row::attempt)?;
        attempts.reverse();
        Ok(attempts)
    }

    /// The attempt with this id, or the only one whose id begins so.
    pub fn attempt(&self, id_or_prefix: &str) -> Result<Attempt, LookupError> {
        let id = resolve(
            &self.conn,
            &self.path,
            ("attempt", id::ATTEMPT),
            id_or_prefix,
        )?;
        let sql = format!("SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE id = ?1");
        let found = self.one(&sql, [&id], row::attempt)?;
        found.ok_or(LookupError::NotFound { id })
    }

    /// What became of the last attempt at each of these deliveries: its status, or why there was no
    /// answer; no entry where there was no attempt.
    pub fn last_outcomes<T: AsRef<str>>(
        &self,
        delivery_ids: &[T],
    ) -> Result<HashMap<String, Result<u16, FailureKind>>, StoreError> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE seq IN (SELECT max(seq) FROM attempt \
             WHERE delivery_id IN (SELECT value FROM json_each(?1)) GROUP BY delivery_id)"
        );
        self.all(&sql, [list(delivery_ids)], row::last_outcome)
    }

    /// Where a delivery was last sent, be it forwarded, replayed or sent by a check, and whatever came
    /// of it.
    pub fn last_url(&self, delivery_id: &str) -> Result<Option<String>, StoreError> {
        Ok(self.last_urls(&[delivery_id])?.remove(delivery_id))
    }

    /// Where each of these deliveries was last sent, as [`last_url`](Self::last_url) tells of one; no
    /// entry where it never was.
    pub fn last_urls<T: AsRef<str>>(
        &self,
        delivery_ids: &[T],
    ) -> Result<HashMap<String, String>, StoreError> {
        let sql = "SELECT delivery_id, url FROM attempt WHERE seq IN \
             (SELECT max(seq) FROM attempt WHERE cause IN ('forward', 'replay', 'test') \
              AND delivery_id IN (SELECT value FROM json_each(?1)) GROUP BY delivery_id)";
        self.all(sql, [list(delivery_ids)], |row, path| {
            Ok((row.get(0).at(path)?, row.get(1).at(path)?))
        })
    }

    /// The run with this id.
    pub fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE id = ?1");
        self.one(&sql, [id], row::run)
    }

    /// The newest run that was asked for the same deliveries and endpoint.
    pub fn last_run(
        &self,
        selection: &str,
        endpoint: Option<&str>,
    ) -> Result<Option<Run>, StoreError> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM run WHERE selection = ?1 AND endpoint IS ?2 \
             ORDER BY started_at DESC, id DESC LIMIT 1"
        );
        self.one(&sql, (selection, endpoint), row::run)
    }

    /// The newest run whose selection is known, whatever was asked for.
    pub fn newest_run(&self) -> Result<Option<Run>, StoreError> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM run WHERE selection <> '' \
             ORDER BY started_at DESC, id DESC LIMIT 1"
        );
        self.one(&sql, [], row::run)
    }

    /// The deliveries that a run has sent. One whose endpoint could not even be connected to was
    /// not sent.
    pub fn sent_in_run(&self, id: &str) -> Result<HashSet<String>, StoreError> {
        let sql = "SELECT DISTINCT delivery_id FROM attempt WHERE run = ?1 \
             AND coalesce(error_kind, '') NOT IN ('refused', 'dns', 'tls')";
        self.all(sql, [id], |row, path| row.get(0).at(path))
    }
}
