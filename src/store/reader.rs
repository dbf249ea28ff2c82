//! Reading, also while others write.

mod attempts;
mod facts;
mod names;
mod scan;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Params, Row};

use super::error::AtPath;
use super::file::{self, Inode};
use super::lookup::resolve;
use super::query::{Order, Position, Query, SourceFilter, USUAL, has_import};
use super::row::{self, DELIVERY_COLUMNS};
use super::{LookupError, StoreError};
use crate::delivery::{Attempt, Delivery, id};

pub use attempts::AttemptSummary;

/// Deliveries whose places are looked up at once; between two pages the log is let go.
const PAGE: usize = 256;

/// Deliveries that are read at once, and the bytes of their requests after which no more are.
const AHEAD: usize = 256;
const AHEAD_BYTES: usize = 1 << 20;

/// A connection that only reads. Every call sees the log as it is at that moment.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    /// The file that is read.
    file: Inode,
}

impl Reader {
    pub(super) const fn over(conn: Connection, path: PathBuf, file: Inode) -> Self {
        Self { conn, path, file }
    }

    /// The delivery with this id, or the only one whose id begins so.
    pub fn get(&self, id_or_prefix: &str) -> Result<Delivery, LookupError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE id = ?1");
        if let Some(found) = self.one(&sql, [id_or_prefix], row::delivery)? {
            return Ok(found);
        }
        let table = ("delivery", id::DELIVERY);
        let id = match resolve(&self.conn, &self.path, table, id_or_prefix) {
            Err(LookupError::NotFound { .. }) => self.id_of_event(id_or_prefix)?,
            found => found?,
        };
        let found = self.one(&sql, [&id], row::delivery)?;
        found.ok_or(LookupError::NotFound { id })
    }

    /// The newest delivery of the event whose id, which its provider gave it, is this or begins so.
    fn id_of_event(&self, event_id: &str) -> Result<String, LookupError> {
        let not_found = || LookupError::NotFound {
            id: event_id.into(),
        };
        if event_id.is_empty() {
            return Err(not_found());
        }
        let sql = format!(
            "SELECT event_id, id, max(seq) FROM delivery WHERE {USUAL} \
             AND substr(event_id, 1, length(?1)) = ?1 \
             GROUP BY event_id ORDER BY event_id = ?1 DESC, max(seq) DESC LIMIT ?2"
        );
        let most = limit(LookupError::CANDIDATES);
        let mut found: Vec<(String, String)> = self.all(&sql, (event_id, most), |row, path| {
            let text = |i| row.get::<_, String>(i).at(path);
            Ok((text(0)?, text(1)?))
        })?;
        match found.as_slice() {
            [] => Err(not_found()),
            [(name, id), rest @ ..] if rest.is_empty() || name == event_id => Ok(id.clone()),
            _ => {
                found.sort();
                Err(LookupError::Ambiguous {
                    prefix: event_id.into(),
                    candidates: found.into_iter().map(|(name, _)| name).collect(),
                })
            }
        }
    }

    /// The delivery of such sources that was received last but `n`: 0 is the last.
    pub fn last(&self, sources: &SourceFilter, n: usize) -> Result<Option<Delivery>, StoreError> {
        let query = Query {
            sources: sources.clone(),
            ..Query::default()
        };
        let places = self.newest(&query, n.saturating_add(1))?;
        match places.get(n) {
            Some(place) => self.at(*place),
            None => Ok(None),
        }
    }

    /// Hands over what matches, from the oldest to the newest. The first error ends it.
    pub fn select<E: From<StoreError>>(
        &self,
        query: &Query,
        visit: impl FnMut(Delivery) -> Result<(), E>,
    ) -> Result<(), E> {
        self.select_as(query, Ok, visit)
    }

    /// The same with the attempts at each, in the order in which they were logged.
    pub fn select_with_attempts<E: From<StoreError>>(
        &self,
        query: &Query,
        visit: impl FnMut((Delivery, Vec<Attempt>)) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |delivery: Delivery| {
            let attempts = self.attempts_of(&delivery.id)?;
            Ok((delivery, attempts))
        };
        self.select_as(query, read, visit)
    }

    fn select_as<T, E: From<StoreError>>(
        &self,
        query: &Query,
        read: impl Fn(Delivery) -> Result<T, StoreError>,
        visit: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut places = self.newest(query, query.limit.unwrap_or(usize::MAX))?;
        places.reverse();
        self.visit(&places, read, visit)
    }

    /// Up to `most` deliveries that match (the query's limit doesn't count here), with their places,
    /// from the oldest or from the newest.
    ///
    /// The place of the last is the cursor of the next page: [`Query::before`] for the newest first,
    /// [`Query::after`] for the oldest first. So the pages hold each delivery once, whatever is added
    /// between two of them.
    pub fn page(
        &self,
        query: &Query,
        newest_first: bool,
        most: usize,
    ) -> Result<Vec<(Position, Delivery)>, StoreError> {
        let mut page = Vec::new();
        let order = if newest_first {
            Order::Newest
        } else {
            Order::Oldest
        };
        for place in self.places(query, order, most)? {
            if let Some(delivery) = self.at(place)? {
                page.push((place, delivery));
            }
        }
        Ok(page)
    }

    /// The end of the log as it is now, to [`follow`](Self::follow) from.
    pub fn end(&self) -> Result<Position, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM delivery";
        let end = self.one(sql, [], |row, path| row.get(0).at(path))?;
        Ok(Position(end.unwrap_or_default()))
    }

    /// Hands over what has come behind a place and matches the query (whose limit doesn't count
    /// here), and returns the place to go on from, the end of the log. The first error ends it.
    pub fn follow<E: From<StoreError>>(
        &self,
        after: Position,
        query: &Query,
        mut visit: impl FnMut(Delivery) -> Result<(), E>,
    ) -> Result<Position, E> {
        let end = self.end()?;
        let mut page = Query {
            after: query.after.max(Some(after)),
            before: Some(query.before.unwrap_or(end.next()).min(end.next())),
            ..query.clone()
        };
        loop {
            let places = self.places(&page, Order::Oldest, PAGE)?;
            self.visit(&places, Ok, &mut visit)?;
            if places.len() < PAGE {
                return Ok(end);
            }
            page.after = places.last().copied();
        }
    }

    /// Whether `path` still leads to the file that is read here: one that was deleted or replaced
    /// goes on being readable, and nothing is added to it.
    pub fn is_at(&self, path: &Path) -> bool {
        self.file.is_some() && file::inode(path) == self.file
    }

    /// Where the log is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The places of what matches and was received last, the last first. Only an import brings in
    /// what is older than that which is there.
    fn newest(&self, query: &Query, most: usize) -> Result<Vec<Position>, StoreError> {
        let order = if has_import(&self.conn).at(&self.path)? {
            Order::LastReceived
        } else {
            Order::Newest
        };
        self.places(query, order, most)
    }

    /// Some deliveries are read in one transaction, which takes as long as to read one, and worked on
    /// when it is over.
    fn visit<T, E: From<StoreError>>(
        &self,
        mut places: &[Position],
        read: impl Fn(Delivery) -> Result<T, StoreError>,
        mut visit: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        while !places.is_empty() {
            for found in self.ahead(&mut places, &read)? {
                visit(found?)?;
            }
        }
        Ok(())
    }

    /// What is at the first of these places, up to an error; takes away those that were read.
    fn ahead<T>(
        &self,
        places: &mut &[Position],
        read: impl Fn(Delivery) -> Result<T, StoreError>,
    ) -> Result<Vec<Result<T, StoreError>>, StoreError> {
        let _snapshot = self.conn.unchecked_transaction().at(&self.path)?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while found.len() < AHEAD
            && bytes < AHEAD_BYTES
            && let Some((place, later)) = places.split_first()
        {
            *places = later;
            let Some(delivery) = self.at(*place).transpose() else {
                continue;
            };
            bytes += delivery
                .as_ref()
                .map_or(AHEAD_BYTES, |it| it.request.size());
            found.push(delivery.and_then(&read));
        }
        Ok(found)
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
