//! Walking through a long log on all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, ScopedJoinHandle};

use rusqlite::Connection;

use super::{AHEAD, AHEAD_BYTES, Reader};
use crate::delivery::{Delivery, Timestamp};
use crate::store::connection::connect_readonly;
use crate::store::error::AtPath as _;
use crate::store::query::{Order, Position, Query};
use crate::store::row::{self, DELIVERY_COLUMNS};
use crate::store::{LookupError, StoreError, file};

/// Rows that are worth a thread and a connection of its own, which take about as long as a thousand.
const PART_ROWS: i64 = 20_000;

impl Reader {
    /// The delivery at a place; `None` where it was pruned meanwhile.
    pub(super) fn at(&self, place: Position) -> Result<Option<Delivery>, StoreError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE seq = ?1");
        self.one(&sql, [place.0], row::delivery)
    }

    /// The deliveries with the first of these ids, as many as are read in one transaction: at least
    /// one. One that is not found is an error where it is the first.
    pub fn get_some(&self, ids: &[&str]) -> Result<Vec<Delivery>, LookupError> {
        let _snapshot = self.conn.unchecked_transaction().at(&self.path)?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        for id in ids.iter().take(AHEAD) {
            match self.get(id) {
                Err(error) if found.is_empty() => return Err(error),
                Err(_) => break,
                Ok(delivery) => {
                    bytes += delivery.request.size();
                    found.push(delivery);
                }
            }
            if bytes >= AHEAD_BYTES {
                break;
            }
        }
        Ok(found)
    }

    /// The places of the first `most` deliveries that match, in this order.
    pub(super) fn places(
        &self,
        query: &Query,
        order: Order,
        most: usize,
    ) -> Result<Vec<Position>, StoreError> {
        if query.is_looked_up() {
            return query.places(&self.conn, &self.path, order, most, || true);
        }
        let (first, last) = self.ends(query)?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let worth = usize::try_from((last - first) / PART_ROWS).unwrap_or_default();
        self.places_in(cores.min(worth), query, order, most)
    }

    /// The same in so many parts, each on a connection of its own; none goes on once those before it
    /// have enough.
    pub(in crate::store) fn places_in(
        &self,
        parts: usize,
        query: &Query,
        order: Order,
        most: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let parts = self.parts(query, order, parts)?;
        let connections = parts.iter().skip(1).map(|_| self.another());
        let Some(connections) = connections.collect::<Option<Vec<_>>>() else {
            return query.places(&self.conn, &self.path, order, most, || true);
        };
        let full = &AtomicUsize::new(usize::MAX);
        let path = &self.path;
        let walk = move |number: usize, part: &Query, conn: &Connection| {
            let is_wanted = || full.load(Relaxed) >= number;
            let places = part.places(conn, path, order, most, is_wanted)?;
            if places.len() == most {
                full.fetch_min(number, Relaxed);
            }
            Ok(places)
        };
        let found = thread::scope(|scope| {
            let others = parts.iter().enumerate().skip(1).zip(connections);
            let others: Vec<_> = others
                .map(|((number, part), conn)| scope.spawn(move || walk(number, part, &conn)))
                .collect();
            let first = parts.first().map(|part| walk(0, part, &self.conn));
            let others = others.into_iter().map(ScopedJoinHandle::join);
            let others = others.map(|done| done.unwrap_or(Err(StoreError::Stopped)));
            let found = first.into_iter().chain(others);
            found.collect::<Result<Vec<_>, _>>()
        })?;
        Ok(found.into_iter().flatten().take(most).collect())
    }

    /// The first and the last place between the cursors of a query.
    fn ends(&self, query: &Query) -> Result<(i64, i64), StoreError> {
        let after = query.after.unwrap_or(Position::START).0;
        let before = query.before.map_or(i64::MAX, |before| before.0);
        // Two statements: one for both would read all that is between.
        let end = |which: &str| {
            let sql = format!("SELECT {which}(seq) FROM delivery WHERE seq > ?1 AND seq < ?2");
            let end = self.one(&sql, [after, before], |row, path| row.get(0).at(path))?;
            Ok(end.flatten().unwrap_or_default())
        };
        Ok((end("min")?, end("max")?))
    }

    /// The query in up to so many parts, which follow each other in this order.
    ///
    /// Cut by what the order goes by first, so that each part is read in its order as well.
    fn parts(&self, query: &Query, order: Order, count: usize) -> Result<Vec<Query>, StoreError> {
        let (first, last) = self.ends(query)?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let cuts = (1..count).map(|number| first + (last - first) / count * number);
        let mut parts = match order {
            Order::LastReceived => self.cut_by_time(query, cuts)?,
            Order::Oldest | Order::Newest => cut(query, cuts.map(Position), |part, from, to| {
                part.after = from.map(|from| Position(from.0 - 1)).or(part.after);
                part.before = to.or(part.before);
            }),
        };
        if order != Order::Oldest {
            parts.reverse();
        }
        Ok(parts)
    }

    /// Cut at the times at which the rows at these places were received.
    fn cut_by_time(
        &self,
        query: &Query,
        places: impl Iterator<Item = i64>,
    ) -> Result<Vec<Query>, StoreError> {
        let sql = "SELECT received_at FROM delivery WHERE seq >= ?1 ORDER BY seq LIMIT 1";
        let time = |place| {
            let time = self.one(sql, [place], |row, path| row.get(0).at(path));
            time.map(|time| time.map(Timestamp::from_micros))
                .transpose()
        };
        let mut times = places.filter_map(time).collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        Ok(cut(query, times.into_iter(), |part, from, to| {
            part.since = part.since.max(from);
            part.until = to
                .map(|to| part.until.map_or(to, |until| until.min(to)))
                .or(part.until);
        }))
    }

    /// A further connection to the same file.
    fn another(&self) -> Option<Connection> {
        let conn = connect_readonly(&self.path).ok()?;
        (self.file.is_some() && file::inode(&self.path) == self.file).then_some(conn)
    }
}

/// The query in parts from one cut to the next.
fn cut<T: Copy>(
    query: &Query,
    cuts: impl Iterator<Item = T>,
    bound: impl Fn(&mut Query, Option<T>, Option<T>),
) -> Vec<Query> {
    let ends = cuts.map(Some).chain([None]);
    let part = |from: &mut Option<T>, to| {
        let mut part = query.clone();
        bound(&mut part, std::mem::replace(from, to), to);
        Some(part)
    };
    ends.scan(None, part).collect()
}
