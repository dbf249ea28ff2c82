//! Removing what is no longer wanted, and giving its space back.

use std::path::Path;

use rusqlite::{Connection, Params};
use serde::Serialize;

use super::error::AtPath;
use super::migrations::LOG;
use super::query::{ASIDE, USUAL};
use super::{Log, StoreError, connection};
use crate::delivery::Timestamp;

/// Rows deleted in one transaction, so that a listener gets its turn.
const STEP_ROWS: usize = 500;
/// Bytes of bodies deleted in one transaction, for the same reason.
const STEP_BYTES: i64 = 32 << 20;
/// Pages given back in one transaction.
const STEP_PAGES: u64 = 1024;

/// What a prune has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// Deliveries.
    pub deliveries: u64,
    /// Attempts: those of the deliveries, and those as old of deliveries that were never here.
    pub attempts: u64,
    /// By how much the log is smaller.
    pub bytes: u64,
}

impl Log {
    /// Removes, with their attempts, the deliveries received before `older_than`, and those that
    /// are not among the newest `keep` by the time of reception, whenever they were imported. What
    /// `test` has sent is counted by itself, so that it takes the place of nothing that was received.
    ///
    /// In short transactions with pauses, so that a listener goes on while it lasts. For the same
    /// reason the space is given back page by page: a `VACUUM` writes the whole log in one
    /// transaction.
    pub fn prune(
        &self,
        older_than: Option<Timestamp>,
        keep: Option<u64>,
    ) -> Result<Pruned, StoreError> {
        let mut pruning = Pruning {
            conn: connection::connect_writable(self.path(), &LOG)?,
            path: self.path(),
        };
        connection::wait_patiently(&mut pruning.conn, self.path())?;
        let before = older_than.map_or(i64::MIN, Timestamp::micros);
        let keep = keep.map_or(i64::MAX, |keep| i64::try_from(keep).unwrap_or(i64::MAX));
        let (deliveries, theirs) = pruning.remove_deliveries(before, keep)?;
        let orphans = pruning.remove_orphans(before.max(pruning.oldest_kept(keep)?))?;
        pruning.remove_runs(before)?;
        Ok(Pruned {
            deliveries,
            attempts: theirs + orphans,
            bytes: pruning.shrink()?,
        })
    }
}

/// The condition that a delivery is not among the newest `?2` of those that `sources` lets through;
/// no row is where there are no more than these. Where all are kept, nothing is sorted for it.
fn beyond(sources: &str) -> String {
    let all = i64::MAX;
    format!(
        "?2 < {all} AND (received_at, seq) <= (SELECT received_at, seq FROM delivery WHERE {sources} \
         ORDER BY received_at DESC, seq DESC LIMIT 1 OFFSET ?2)"
    )
}

/// A row to remove: its place and the length of its body.
type Expired = (i64, i64);

/// A prune under way.
struct Pruning<'a> {
    conn: Connection,
    path: &'a Path,
}

impl Pruning<'_> {
    /// Removes deliveries with their attempts; how many of each.
    fn remove_deliveries(&mut self, before: i64, keep: i64) -> Result<(u64, u64), StoreError> {
        let expired = self.expired(
            &format!(
                "SELECT seq, length(body) FROM delivery WHERE received_at < ?1 \
                 OR {USUAL} AND {} OR {ASIDE} AND {} ORDER BY seq",
                beyond(USUAL),
                beyond(ASIDE)
            ),
            [before, keep],
        )?;
        if let Some(&(last, _)) = expired.last() {
            self.remember(last)?;
        }
        let (mut deliveries, mut attempts) = (0, 0);
        for rows in steps(&expired) {
            attempts += self.delete(
                "DELETE FROM attempt WHERE delivery_id IN (SELECT id FROM delivery \
                 WHERE seq IN (SELECT value FROM json_each(?1)))",
                rows,
            )?;
            deliveries += self.delete(
                "DELETE FROM delivery WHERE seq IN (SELECT value FROM json_each(?1))",
                rows,
            )?;
        }
        Ok((deliveries, attempts))
    }

    /// Removes attempts from before a moment that belong to no delivery of this log: the delivery
    /// was pruned while it was sent, or the log was replaced meanwhile.
    fn remove_orphans(&mut self, before: i64) -> Result<u64, StoreError> {
        let expired = self.expired(
            "SELECT seq, coalesce(length(body), 0) FROM attempt WHERE started_at < ?1 AND \
             NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.id = attempt.delivery_id)",
            [before],
        )?;
        let mut attempts = 0;
        for rows in steps(&expired) {
            let sql = "DELETE FROM attempt WHERE seq IN (SELECT value FROM json_each(?1))";
            attempts += self.delete(sql, rows)?;
        }
        Ok(attempts)
    }

    /// Removes the bulk replays from before a moment of which no attempt is left.
    fn remove_runs(&mut self, before: i64) -> Result<(), StoreError> {
        let path = self.path;
        let sql = "DELETE FROM run WHERE started_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.run = run.id)";
        connection::step(&mut self.conn, path, |change| {
            change.execute(sql, [before]).at(path).map(drop)
        })
    }

    /// When the oldest of the newest `keep` deliveries was received, which is how far back the
    /// attempts without one are kept as well; no bound where all are kept.
    fn oldest_kept(&self, keep: i64) -> Result<i64, StoreError> {
        if keep == i64::MAX {
            return Ok(i64::MIN);
        }
        let sql = "SELECT min(received_at) FROM delivery";
        let oldest = self
            .conn
            .query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        Ok(oldest.at(self.path)?.unwrap_or(i64::MAX))
    }

    fn expired(&self, sql: &str, params: impl Params) -> Result<Vec<Expired>, StoreError> {
        let mut statement = self.conn.prepare(sql).at(self.path)?;
        let rows = statement.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).at(self.path)
    }

    /// Notes the last place that will be free, before it is: it must not be given again.
    fn remember(&mut self, last: i64) -> Result<(), StoreError> {
        let path = self.path;
        connection::step(&mut self.conn, path, |change| {
            let note = "INSERT OR IGNORE INTO pruned (seq) VALUES (?1)";
            change.execute(note, [last]).at(path)?;
            let tidy = "DELETE FROM pruned WHERE seq < (SELECT max(seq) FROM pruned)";
            change.execute(tidy, []).at(path).map(drop)
        })
    }

    fn delete(&mut self, sql: &str, rows: &[Expired]) -> Result<u64, StoreError> {
        let places = rows.iter().map(|row| row.0);
        let places = serde_json::Value::Array(places.map(Into::into).collect()).to_string();
        let path = self.path;
        connection::step(&mut self.conn, path, |change| {
            let mut statement = change.prepare_cached(sql).at(path)?;
            statement.execute([places]).at(path).map(|rows| rows as u64)
        })
    }

    /// Gives free pages back to the file system; how many bytes they were.
    fn shrink(&mut self) -> Result<u64, StoreError> {
        let page_bytes = number(&self.conn, "PRAGMA page_size").at(self.path)?;
        let path = self.path;
        let mut bytes = 0;
        loop {
            let pages =
                connection::step(&mut self.conn, path, |change| give_back(change).at(path))?;
            bytes += pages * page_bytes;
            if pages < STEP_PAGES {
                break;
            }
        }
        // Passive: it waits for nobody and makes nobody wait. The last connection that is closed
        // does what it could not.
        let _ = number(&self.conn, "PRAGMA wal_checkpoint(PASSIVE)");
        Ok(bytes)
    }
}

/// Rows in pieces that one transaction takes.
fn steps(rows: &[Expired]) -> impl Iterator<Item = &[Expired]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(STEP_ROWS).take_while(|(_, length)| {
            let room = bytes < STEP_BYTES;
            bytes = bytes.saturating_add(*length);
            room
        });
        let (step, later) = rest.split_at(fits.count());
        rest = later;
        (!step.is_empty()).then_some(step)
    })
}

/// Frees up to [`STEP_PAGES`] pages; how many it was.
fn give_back(conn: &Connection) -> rusqlite::Result<u64> {
    let before = number(conn, "PRAGMA page_count")?;
    // A row per page: the statement has done its work when it has been walked to the end.
    let mut vacuum = conn.prepare_cached(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(before.saturating_sub(number(conn, "PRAGMA page_count")?))
}

fn number(conn: &Connection, sql: &str) -> rusqlite::Result<u64> {
    conn.query_row(sql, [], |row| row.get(0))
        .map(i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn steps_are_small_and_leave_nothing_out(
            lengths in prop::collection::vec(0..STEP_BYTES * 2, 0..40)
        ) {
            let rows: Vec<Expired> = lengths.into_iter().map(|length| (7, length)).collect();
            let parts: Vec<_> = steps(&rows).collect();
            prop_assert_eq!(&parts.concat(), &rows);
            for part in parts {
                let all_but_last = part.iter().rev().skip(1).map(|row| row.1).sum::<i64>();
                prop_assert!(all_but_last < STEP_BYTES);
            }
        }
    }
}
