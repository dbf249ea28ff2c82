//! Which deliveries are meant, and where in the log they are.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::StoreError;
use super::error::AtPath;
use crate::delivery::{EventFilter, Status, Timestamp};

/// A selection of deliveries; empty parts select nothing away, and all others must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// One of these full ids.
    pub ids: Vec<String>,
    /// An event that the filter means.
    pub events: EventFilter,
    /// This provider.
    pub provider: Option<String>,
    /// One of these verdicts.
    pub verdicts: Vec<Status>,
    /// Received at this moment or later.
    pub since: Option<Timestamp>,
    /// Received before this moment.
    pub until: Option<Timestamp>,
    /// Sent on at least once, and the last attempt was not answered 2xx.
    pub failed: bool,
    /// This text in body, target, headers or event id; ASCII letters match in either case.
    pub search: Option<String>,
    /// The newest so many of the rest.
    pub limit: Option<usize>,
}

/// A place in the log, between two deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(pub(super) i64);

impl Position {
    /// Before the first delivery.
    pub const START: Self = Self(0);
}

/// Which way through the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    OldestFirst,
    NewestFirst,
}

/// A part of the log: behind the first place, up to and with the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) after: Position,
    pub(super) to: Position,
}

const FAILED: &str = "(SELECT status IS NULL OR status NOT BETWEEN 200 AND 299 FROM attempt \
     WHERE attempt.delivery_id = delivery.id ORDER BY attempt.seq DESC LIMIT 1)";

impl Query {
    /// The places of the first `most` deliveries that are meant, in the given direction.
    ///
    /// Only places, so that no snapshot of the log is held while someone works on the deliveries:
    /// it would keep the `-wal` from being emptied.
    pub(super) fn places(
        &self,
        conn: &Connection,
        path: &Path,
        span: Span,
        direction: Direction,
        most: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let (sql, values) = self.statement(span, direction);
        let mut statement = conn.prepare_cached(&sql).at(path)?;
        let mut rows = statement.query(params_from_iter(values)).at(path)?;
        let mut places = Vec::new();
        while places.len() < most
            && let Some(row) = rows.next().at(path)?
        {
            if self.means(row).at(path)? {
                places.push(row.get(0).at(path)?);
            }
        }
        Ok(places)
    }

    fn statement(&self, span: Span, direction: Direction) -> (String, Vec<Value>) {
        let searched = match self.search {
            Some(_) => ", event_id, target, headers, body",
            None => "",
        };
        let (conditions, values) = self.conditions(span);
        let order = match direction {
            Direction::OldestFirst => "ASC",
            Direction::NewestFirst => "DESC",
        };
        let sql = format!(
            "SELECT seq, event{searched} FROM delivery WHERE {conditions} ORDER BY seq {order}"
        );
        (sql, values)
    }

    /// What `SQLite` decides: all but patterns and text.
    fn conditions(&self, span: Span) -> (String, Vec<Value>) {
        let mut parts = vec!["seq > ?", "seq <= ?"];
        let mut values = vec![Value::from(span.after.0), Value::from(span.to.0)];
        let mut add = |part, value: Value| {
            parts.push(part);
            values.push(value);
        };
        if !self.ids.is_empty() {
            add("id IN (SELECT value FROM json_each(?))", list(&self.ids));
        }
        if let Some(provider) = &self.provider {
            add("provider = ?", provider.clone().into());
        }
        if !self.verdicts.is_empty() {
            let names: Vec<_> = self.verdicts.iter().map(|v| v.as_str()).collect();
            add("verdict IN (SELECT value FROM json_each(?))", list(&names));
        }
        if let Some(since) = self.since {
            add("received_at >= ?", since.micros().into());
        }
        if let Some(until) = self.until {
            add("received_at < ?", until.micros().into());
        }
        if self.failed {
            parts.push(FAILED);
        }
        (parts.join(" AND "), values)
    }

    /// What `SQLite` doesn't decide, on a row of [`statement`](Self::statement).
    fn means(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        if !self.events.is_empty() {
            let event: Option<String> = row.get(1)?;
            if !self.events.matches_known(event.as_deref()) {
                return Ok(false);
            }
        }
        let Some(text) = &self.search else {
            return Ok(true);
        };
        for column in 2..=5 {
            let bytes = row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default();
            if contains(bytes, text.as_bytes()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Strings as one JSON array, which `SQLite` takes as one parameter however many they are.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> Value {
    let texts = texts.iter().map(|text| text.as_ref().into());
    serde_json::Value::Array(texts.collect()).to_string().into()
}

/// Whether `text` holds `wanted`, in upper or lower case.
fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else {
        return true;
    };
    let either = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
    text.windows(wanted.len()).any(|part| {
        part.first().is_some_and(|b| either.contains(b)) && part.eq_ignore_ascii_case(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_found_in_either_case(text in "[abAB\u{e9}]{0,12}", wanted in "[abAB]{0,3}") {
            let plain = text.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase());
            prop_assert_eq!(contains(text.as_bytes(), wanted.as_bytes()), plain);
        }
    }
}
