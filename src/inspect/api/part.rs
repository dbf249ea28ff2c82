//! Parts of the log, either way.

use crate::delivery::Delivery;
use crate::store::{Position, Query, Reader, StoreError};

/// How many bytes of requests are read for one answer, besides those of its last delivery.
const PART_BYTES: usize = 16 << 20;
/// A part of the log.
pub struct LogPart {
    /// The deliveries: the newest first, or, behind a place, the oldest first.
    pub deliveries: Vec<Delivery>,
    /// Where the next part goes on; `None` where nothing can be there.
    pub next: Option<Position>,
    /// The end of the log.
    pub end: Position,
}

impl LogPart {
    /// What matches and lies nearest to the place that the query begins behind, else to the end.
    pub fn read(reader: &Reader, query: &Query, limit: usize) -> Result<Self, StoreError> {
        let end = reader.end()?;
        let is_newest_first = query.after.is_none();
        let behind_end = Position::at(end.number().saturating_add(1));
        let mut rest = query.clone();
        rest.before = Some(query.before.unwrap_or(behind_end));
        let (mut deliveries, mut bytes) = (Vec::new(), 0);
        while deliveries.len() < limit && bytes < PART_BYTES {
            let found = reader.page(&rest, is_newest_first, 1)?;
            let Some((place, delivery)) = found.into_iter().next() else {
                let is_open = !is_newest_first && query.before.is_none();
                let next = is_open.then(|| end.max(rest.after.unwrap_or_default()));
                return Ok(Self {
                    deliveries,
                    next,
                    end,
                });
            };
            bytes += delivery.request.size();
            let edge = if is_newest_first {
                &mut rest.before
            } else {
                &mut rest.after
            };
            *edge = Some(place);
            deliveries.push(delivery);
        }
        let edge = if is_newest_first {
            rest.before
        } else {
            rest.after
        };
        let is_last = is_newest_first && reader.page_without_bodies(&rest, 1)?.is_empty();
        let next = edge.filter(|_| !is_last);
        Ok(Self {
            deliveries,
            next,
            end,
        })
    }
}
