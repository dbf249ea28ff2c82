//! Reading, also while others write.

mod attempts;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Params, Row};

use super::error::AtPath;
use super::lookup::{Table, resolve};
use super::query::{Direction, Position, Query, Span};
use super::row::{self, DELIVERY_COLUMNS};
use super::{LookupError, StoreError};
use crate::delivery::{Delivery, Timestamp};

/// Deliveries whose places are looked up at once; between two pages the log is let go.
const PAGE: usize = 256;

/// An event that the log has a delivery of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the event.
    pub event_id: String,
    /// Our id of its first delivery.
    pub delivery_id: String,
}

/// What a list shows of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    /// Its id.
    pub id: String,
    /// The event type.
    pub event: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
}

/// How much the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows of deliveries.
    pub deliveries: u64,
    /// Rows of attempts.
    pub attempts: u64,
    /// Size of the log, without what is still on its way into it.
    pub bytes: u64,
}

/// A connection that only reads. Every call sees the log as it is at that moment.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
}

impl Reader {
    pub(super) const fn over(conn: Connection, path: PathBuf) -> Self {
        Self { conn, path }
    }

    /// The delivery with this id, or the only one whose id begins so.
    pub fn get(&self, id_or_prefix: &str) -> Result<Delivery, LookupError> {
        let id = resolve(&self.conn, &self.path, Table::Delivery, id_or_prefix)?;
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE id = ?1");
        let found = self.one(&sql, [&id], row::delivery)?;
        found.ok_or(LookupError::NotFound { id })
    }

    /// The newest delivery but `n`, in the order of the log: 0 is the newest.
    pub fn last(&self, n: usize) -> Result<Option<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY_COLUMNS} FROM delivery WHERE seq = \
             (SELECT seq FROM delivery ORDER BY seq DESC LIMIT 1 OFFSET ?1)"
        );
        self.one(&sql, [limit(n)], row::delivery)
    }

    /// Hands over what the query means, from the oldest to the newest, until told to stop.
    pub fn select(
        &self,
        query: &Query,
        mut visit: impl FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Some(most) = query.limit else {
            return self.follow(Position::START, query, visit).map(drop);
        };
        let mut places = self.newest(query, most)?;
        places.reverse();
        self.visit(&places, &mut visit).map(drop)
    }

    /// The ids of what the query means, from the oldest to the newest.
    pub fn ids(&self, query: &Query) -> Result<Vec<String>, StoreError> {
        let places = self.newest(query, query.limit.unwrap_or(usize::MAX))?;
        let id = |place: &i64| {
            let sql = "SELECT id FROM delivery WHERE seq = ?1";
            self.one(sql, [place], |row, path| row.get(0).at(path))
        };
        places
            .iter()
            .rev()
            .filter_map(|p| id(p).transpose())
            .collect()
    }

    /// The end of the log as it is now, to [`follow`](Self::follow) from.
    pub fn end(&self) -> Result<Position, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM delivery";
        let end = self.one(sql, [], |row, path| row.get(0).at(path))?;
        Ok(Position(end.unwrap_or_default()))
    }

    /// Hands over what has come behind a place and is meant by the query (whose limit doesn't
    /// count here), and returns the place to go on from: behind the last delivery handed over
    /// when told to stop, else the end of the log.
    pub fn follow(
        &self,
        after: Position,
        query: &Query,
        mut visit: impl FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<Position, StoreError> {
        let to = self.end()?;
        let mut span = Span { after, to };
        loop {
            let oldest = Direction::OldestFirst;
            let places = query.places(&self.conn, &self.path, span, oldest, PAGE)?;
            if let ControlFlow::Break(stopped) = self.visit(&places, &mut visit)? {
                return Ok(stopped);
            }
            match places.last() {
                Some(&last) if places.len() == PAGE => span.after = Position(last),
                _ => return Ok(to),
            }
        }
    }

    /// How much the log holds.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM attempt), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)";
        let counts = self.one(sql, [], |row, path| {
            let count = |i| row.get(i).at(path).map(i64::unsigned_abs);
            Ok(Counts {
                deliveries: count(0)?,
                attempts: count(1)?,
                bytes: count(2)?,
            })
        })?;
        Ok(counts.unwrap_or_default())
    }

    /// The events of the newest `most` deliveries, newest first, for telling duplicates. Forged ones
    /// are left out: none may pass for the first of its event.
    pub fn recent_events(&self, most: usize) -> Result<Vec<KnownEvent>, StoreError> {
        let sql = "SELECT provider, event_id, coalesce(duplicate_of, id) FROM \
             (SELECT seq, provider, event_id, duplicate_of, id, verdict FROM delivery \
              ORDER BY seq DESC LIMIT ?1) \
             WHERE provider IS NOT NULL AND event_id IS NOT NULL \
             AND verdict IN ('valid', 'unverified', 'stale') ORDER BY seq DESC";
        self.all(sql, [limit(most)], |row, path| {
            Ok(KnownEvent {
                provider: row.get(0).at(path)?,
                event_id: row.get(1).at(path)?,
                delivery_id: row.get(2).at(path)?,
            })
        })
    }

    /// What a list shows of the newest `most` deliveries, newest first, without reading bodies.
    pub fn recent(&self, most: usize) -> Result<Vec<Glimpse>, StoreError> {
        let sql = "SELECT id, event, received_at FROM delivery ORDER BY seq DESC LIMIT ?1";
        self.all(sql, [limit(most)], |row, path| {
            Ok(Glimpse {
                id: row.get(0).at(path)?,
                event: row.get(1).at(path)?,
                received_at: Timestamp::from_micros(row.get(2).at(path)?),
            })
        })
    }

    /// The places of the newest `most` deliveries that are meant, newest first.
    fn newest(&self, query: &Query, most: usize) -> Result<Vec<i64>, StoreError> {
        let span = Span {
            after: Position::START,
            to: Position(i64::MAX),
        };
        query.places(&self.conn, &self.path, span, Direction::NewestFirst, most)
    }

    /// Hands over the deliveries at these places; those that were pruned meanwhile are passed over.
    fn visit(
        &self,
        places: &[i64],
        visit: &mut impl FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<ControlFlow<Position>, StoreError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE seq = ?1");
        for &place in places {
            let Some(delivery) = self.one(&sql, [place], row::delivery)? else {
                continue;
            };
            if visit(delivery).is_break() {
                return Ok(ControlFlow::Break(Position(place)));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>, &Path) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).at(&self.path)?;
        let mut rows = statement.query(params).at(&self.path)?;
        let row = rows.next().at(&self.path)?;
        row.map(|row| read(row, &self.path)).transpose()
    }

    pub(super) fn all<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>, &Path) -> Result<T, StoreError>,
    ) -> Result<C, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).at(&self.path)?;
        let mut rows = statement.query(params).at(&self.path)?;
        let next = || match rows.next().at(&self.path) {
            Ok(row) => row.map(|row| read(row, &self.path)),
            Err(error) => Some(Err(error)),
        };
        std::iter::from_fn(next).collect()
    }
}

/// A number as `SQLite` counts.
fn limit(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
