//! Reading what is known of deliveries without their bodies.

use std::collections::HashSet;

use strum::VariantArray as _;

use super::{PAGE, Reader, limit};
use crate::delivery::{Delivery, Status, Timestamp};
use crate::store::StoreError;
use crate::store::error::AtPath as _;
use crate::store::query::{Order, Position, Query, USUAL, list};
use crate::store::row::{self, DELIVERY_COLUMNS_WITHOUT_BODY};

impl Reader {
    /// How much matches.
    pub fn count(&self, query: &Query) -> Result<usize, StoreError> {
        let places = self.newest(query, query.limit.unwrap_or(usize::MAX))?;
        Ok(places.len())
    }

    /// The newest `most` deliveries that match (the query's limit doesn't count here), each with its place,
    /// and the length of its body in place of the body.
    pub fn page_without_bodies(
        &self,
        query: &Query,
        most: usize,
    ) -> Result<Vec<(Position, Delivery, u64)>, StoreError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS_WITHOUT_BODY} FROM delivery WHERE seq = ?1");
        let mut page = Vec::new();
        for place in self.places(query, Order::Newest, most)? {
            let found = self.one(&sql, [place.0], |row, path| {
                let length = row.get::<_, i64>(17).at(path)?.unsigned_abs();
                Ok((place, row::delivery(row, path)?, length))
            })?;
            page.extend(found);
        }
        Ok(page)
    }

    /// The ids of what matches, from the oldest to the newest.
    pub fn ids(&self, query: &Query) -> Result<Vec<String>, StoreError> {
        let places = self.newest(query, query.limit.unwrap_or(usize::MAX))?;
        let id = |place: &Position| {
            let sql = "SELECT id FROM delivery WHERE seq = ?1";
            self.one(sql, [place.0], |row, path| row.get(0).at(path))
        };
        let mut ids = Vec::with_capacity(places.len());
        // Some in one transaction, which takes as long as one, and between two the log is let go.
        for places in places.rchunks(PAGE) {
            let _snapshot = self.conn.unchecked_transaction().at(&self.path)?;
            for place in places.iter().rev() {
                ids.extend(id(place)?);
            }
        }
        Ok(ids)
    }

    /// How many deliveries of the event there are whose id, which its provider gave it, is this.
    pub fn count_of_event(&self, event_id: &str) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM delivery WHERE {USUAL} AND event_id = ?1");
        let count = self.one(&sql, [event_id], |row, path| {
            row.get(0).at(path).map(i64::unsigned_abs)
        })?;
        Ok(count.unwrap_or_default())
    }

    /// Which of these deliveries were not received to the end of their bodies.
    pub fn incomplete(&self, ids: &[String]) -> Result<HashSet<String>, StoreError> {
        let sql = "SELECT id FROM delivery WHERE NOT body_complete \
             AND id IN (SELECT value FROM json_each(?1))";
        self.all(sql, [list(ids)], |row, path| row.get(0).at(path))
    }

    /// How many deliveries and attempts the log holds.
    pub fn counts(&self) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM attempt)";
        let counts = self.one(sql, [], |row, path| {
            let count = |i| row.get(i).at(path).map(i64::unsigned_abs);
            Ok((count(0)?, count(1)?))
        })?;
        Ok(counts.unwrap_or_default())
    }

    /// The events of the newest `most` deliveries, newest first, for telling duplicates: the
    /// provider's name, its id of the event, and our id of the event's first delivery.
    ///
    /// None may pass for the first of its event without having been received: what is forged, what
    /// `test` has sent, and what was imported without being proven are left out.
    pub fn recent_events(&self, most: usize) -> Result<Vec<[String; 3]>, StoreError> {
        let (proven, counted) = (of(Status::is_proven), of(Status::is_counted));
        let sql = format!(
            "SELECT provider, event_id, coalesce(duplicate_of, id) FROM \
             (SELECT seq, provider, event_id, duplicate_of, id, verdict FROM delivery \
              WHERE seq NOT IN (SELECT seq FROM delivery WHERE source <> 'listen' \
              AND (source = 'test' OR source = 'import' AND verdict NOT IN ({proven}))) \
              ORDER BY seq DESC LIMIT ?1) \
             WHERE provider IS NOT NULL AND event_id IS NOT NULL \
             AND verdict IN ({counted}) ORDER BY seq DESC"
        );
        self.all(&sql, [limit(most)], |row, path| {
            let text = |i| row.get(i).at(path);
            Ok([text(0)?, text(1)?, text(2)?])
        })
    }

    /// Id, event and time of receipt of the newest `most` deliveries, newest first, without reading
    /// bodies and without what `test` has sent.
    pub fn recent(
        &self,
        most: usize,
    ) -> Result<Vec<(String, Option<String>, Timestamp)>, StoreError> {
        let sql = format!(
            "SELECT id, event, received_at FROM delivery WHERE {USUAL} \
             ORDER BY seq DESC LIMIT ?1"
        );
        self.all(&sql, [limit(most)], |row, path| {
            let received_at = Timestamp::from_micros(row.get(2).at(path)?);
            Ok((row.get(0).at(path)?, row.get(1).at(path)?, received_at))
        })
    }
}

/// The verdicts of which this holds, as SQL lists them.
fn of(is: fn(Status) -> bool) -> String {
    let all = Status::VARIANTS.iter().filter(|status| is(**status));
    let quoted: Vec<_> = all.map(|status| format!("'{status}'")).collect();
    quoted.join(", ")
}
