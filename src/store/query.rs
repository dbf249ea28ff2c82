//! Which deliveries match, and where in the log they are.

mod narrow;

use std::iter;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use strum::VariantArray as _;

use super::StoreError;
use super::error::AtPath;
use crate::delivery::{DeliverySource, EventFilter, Status, Timestamp};
use crate::filter::{DeliveryFilter, contains_text};

/// A selection of deliveries; empty parts select nothing away, and all others must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// One of these full ids; [`SourceFilter::Usual`] leaves none of them out.
    pub ids: Vec<String>,
    /// An event that matches the filter.
    pub events: EventFilter,
    /// This provider.
    pub provider: Option<String>,
    /// From such a source.
    pub sources: SourceFilter,
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
    /// What else must hold, and is looked for in each delivery that is left.
    pub filter: DeliveryFilter,
    /// Behind this place in the log: with [`before`](Self::before), a cursor for either direction.
    pub after: Option<Position>,
    /// Before this place in the log.
    pub before: Option<Position>,
    /// The newest so many of the rest.
    pub limit: Option<usize>,
}

/// Which sources match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SourceFilter {
    /// All but what `test` has sent and what only asked, which would bury what was received.
    #[default]
    Usual,
    /// Whatever there is.
    All,
    /// One of these.
    Only(Vec<DeliverySource>),
}

impl SourceFilter {
    /// The condition on a row of `delivery`, and the parameter where it has one.
    ///
    /// The sources are looked up in the index, and not in the row: there they stand behind the body,
    /// and `SQLite` would walk through it.
    pub(super) fn condition(&self) -> Option<(&'static str, Option<Value>)> {
        match self {
            Self::Usual => Some((USUAL, None)),
            Self::All => None,
            Self::Only(sources) => {
                let names: Vec<_> = sources.iter().map(DeliverySource::as_ref).collect();
                let part = if sources.contains(&DeliverySource::Listen) {
                    "seq NOT IN (SELECT seq FROM delivery WHERE source <> 'listen' \
                     AND source NOT IN (SELECT value FROM json_each(?)))"
                } else {
                    "seq IN (SELECT seq FROM delivery WHERE source <> 'listen' \
                     AND source IN (SELECT value FROM json_each(?)))"
                };
                Some((part, Some(list(&names))))
            }
        }
    }
}

/// The places of what is kept aside: what `test` has sent, and what only asked.
pub(super) const ASIDE: &str =
    "seq IN (SELECT seq FROM delivery WHERE source <> 'listen' AND source IN ('test', 'probe'))";

/// The places of everything else.
pub(super) const USUAL: &str = "seq NOT IN (SELECT seq FROM delivery WHERE source <> 'listen' AND source IN ('test', 'probe'))";

/// The place of a delivery in the log. Places rise, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(pub(super) i64);

impl Position {
    /// Before the first delivery.
    pub const START: Self = Self(0);

    /// Its number, by which a page of the log is asked for.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The place with this number, be there a delivery or not.
    pub const fn at(number: i64) -> Self {
        Self(number)
    }

    /// The place behind this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What an import adds to a log, in which so far the order of the rows was that of reception.
pub(super) const RECEIVED_INDEXES: &str =
    "CREATE INDEX IF NOT EXISTS delivery_received ON delivery (received_at);
     CREATE INDEX IF NOT EXISTS delivery_verdict_received ON delivery (verdict, received_at);";

/// Whether an import has brought in what is older than that which was there.
pub(super) fn has_import(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'delivery_received'";
    conn.prepare_cached(sql)?.exists([])
}

/// In which order deliveries are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they came into the log.
    Oldest,
    /// The other way round.
    Newest,
    /// What was received last first, whenever it was imported.
    LastReceived,
}

const FAILED: &str = "(SELECT status IS NULL OR status NOT BETWEEN 200 AND 299 FROM attempt \
     WHERE attempt.delivery_id = delivery.id ORDER BY attempt.seq DESC LIMIT 1)";

impl Query {
    /// The places of the first `most` deliveries that match, in this order, for as long as they are
    /// wanted.
    ///
    /// Only places, so that no snapshot of the log is held while someone works on the deliveries:
    /// it would keep the `-wal` from being emptied.
    pub(super) fn places(
        &self,
        conn: &Connection,
        path: &Path,
        order: Order,
        most: usize,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Vec<Position>, StoreError> {
        let (sql, values) = self.statement(order);
        let mut statement = conn.prepare_cached(&sql).at(path)?;
        let mut rows = statement.query(params_from_iter(values)).at(path)?;
        let mut places = Vec::new();
        while places.len() < most
            && is_wanted()
            && let Some(row) = rows.next().at(path)?
        {
            let place = Position(row.get(0).at(path)?);
            if self.matches(row).at(path)? && narrow::meets(&self.filter, conn, path, place)? {
                places.push(place);
            }
        }
        Ok(places)
    }

    /// Whether an index leads to what matches, or everything does; else each row is looked into.
    pub(super) fn is_looked_up(&self) -> bool {
        let looks_into = self.search.is_some()
            || self.provider.is_some()
            || self.failed
            || !self.filter.is_empty();
        !self.ids.is_empty() || !looks_into && self.events.is_empty()
    }

    /// Each verdict is a part of its own, which an index has in the order asked for: `SQLite` takes
    /// row after row from the parts, where it would sort all that one condition on several lets
    /// through.
    pub(super) fn statement(&self, order: Order) -> (String, Vec<Value>) {
        let searched = match self.search {
            Some(_) => ", event_id, target, headers, body",
            None => "",
        };
        // What nobody looks at is not read: then an index has all that is asked for.
        let received = match order {
            Order::LastReceived => "received_at",
            Order::Oldest | Order::Newest => "NULL",
        };
        let event = if self.events.is_empty() {
            "NULL"
        } else {
            "event"
        };
        let (conditions, mut values) = self.conditions();
        let mut sql = format!(
            "SELECT seq, {received} AS received_at, {event}{searched} FROM delivery WHERE {conditions}"
        );
        let wanted = Status::VARIANTS
            .iter()
            .filter(|v| self.verdicts.contains(v));
        let parts: Vec<_> = wanted
            .map(|verdict| format!("{sql} AND verdict = '{}'", verdict.as_str()))
            .collect();
        if !parts.is_empty() {
            values = iter::repeat_n(values, parts.len()).flatten().collect();
            sql = parts.join(" UNION ALL ");
        }
        let order = match order {
            Order::Oldest => "seq",
            Order::Newest => "seq DESC",
            Order::LastReceived => "received_at DESC, seq DESC",
        };
        (format!("{sql} ORDER BY {order}"), values)
    }

    /// What `SQLite` decides: all but verdicts, patterns and text.
    fn conditions(&self) -> (String, Vec<Value>) {
        let (mut parts, mut values) = (vec!["1"], Vec::new());
        let mut add = |part, value: Value| {
            parts.push(part);
            values.push(value);
        };
        if let Some(after) = self.after {
            add("seq > ?", after.0.into());
        }
        if let Some(before) = self.before {
            add("seq < ?", before.0.into());
        }
        if !self.ids.is_empty() {
            add("id IN (SELECT value FROM json_each(?))", list(&self.ids));
        }
        if let Some(provider) = &self.provider {
            add("provider = ?", provider.clone().into());
        }
        if let Some(since) = self.since {
            add("received_at >= ?", since.micros().into());
        }
        if let Some(until) = self.until {
            add("received_at < ?", until.micros().into());
        }
        let named = !self.ids.is_empty() && self.sources == SourceFilter::Usual;
        if let Some((part, value)) = self.sources.condition().filter(|_| !named) {
            parts.push(part);
            values.extend(value);
        }
        if self.failed {
            parts.push(FAILED);
        }
        (parts.join(" AND "), values)
    }

    /// What `SQLite` doesn't decide, on a row of [`statement`](Self::statement).
    fn matches(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        if !self.events.is_empty() {
            let event: Option<String> = row.get(2)?;
            if !self.events.matches_known(event.as_deref()) {
                return Ok(false);
            }
        }
        let Some(text) = &self.search else {
            return Ok(true);
        };
        for column in 3..=6 {
            let bytes = row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default();
            if contains_text(bytes, text.as_bytes()) {
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
