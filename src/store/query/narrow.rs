//! A filter as a query: what an index or a column tells is asked of `SQLite`, the rest of each delivery.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Position, Query, SourceFilter};
use crate::filter::{DeliveryFilter, FilterTerm, FilterTest};
use crate::store::StoreError;
use crate::store::error::AtPath as _;
use crate::store::row::{self, ATTEMPT_COLUMNS, DELIVERY_COLUMNS};

impl Query {
    /// The same with a filter, whose terms must hold as well.
    #[must_use]
    pub fn filtered(mut self, filter: DeliveryFilter) -> Self {
        let mut rest = Vec::new();
        for FilterTerm { negated, test } in filter.into_terms() {
            let left = if negated { Some(test) } else { self.take(test) };
            rest.extend(left.map(|test| FilterTerm { negated, test }));
        }
        self.filter = DeliveryFilter::of(rest);
        self
    }

    /// Takes a test where one of the members says the same and is free; else gives it back.
    fn take(&mut self, test: FilterTest) -> Option<FilterTest> {
        match test {
            FilterTest::Event(events) if self.events.is_empty() => self.events = events,
            FilterTest::Verdict(verdicts) if self.verdicts.is_empty() => self.verdicts = verdicts,
            FilterTest::Text(sought) if self.search.is_none() => self.search = Some(sought),
            FilterTest::Provider(mut names) if names.len() == 1 && self.provider.is_none() => {
                self.provider = names.pop();
            }
            FilterTest::Source(sources) if self.sources == SourceFilter::Usual => {
                self.sources = match sources.as_slice() {
                    [] => SourceFilter::All,
                    _ => SourceFilter::Only(sources),
                };
            }
            FilterTest::Since(moment) => self.since = self.since.max(Some(moment)),
            FilterTest::Until(moment) => {
                self.until = Some(self.until.map_or(moment, |until| until.min(moment)));
            }
            FilterTest::Failed => self.failed = true,
            test => return Some(test),
        }
        None
    }
}

/// Whether what is left of a filter holds for the delivery at a place.
pub(super) fn meets(
    filter: &DeliveryFilter,
    conn: &Connection,
    path: &Path,
    place: Position,
) -> Result<bool, StoreError> {
    if filter.is_empty() {
        return Ok(true);
    }
    let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE seq = ?1");
    let mut statement = conn.prepare_cached(&sql).at(path)?;
    let mut rows = statement.query([place.0]).at(path)?;
    let Some(row) = rows.next().at(path)? else {
        return Ok(false);
    };
    let delivery = row::delivery(row, path)?;
    let last = if filter.looks_at_attempts() {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE delivery_id = ?1 ORDER BY seq DESC LIMIT 1"
        );
        let mut statement = conn.prepare_cached(&sql).at(path)?;
        let last = statement.query_row([&delivery.id], |row| Ok(row::last_outcome(row, path)));
        last.optional().at(path)?.transpose()?.map(|(_, last)| last)
    } else {
        None
    };
    Ok(filter.matches(&delivery, last.as_ref()))
}
