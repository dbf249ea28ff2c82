//! What is read from the state. A row that cannot be understood is an error of the file.

use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::EmulatorState;
use crate::delivery::capture::headers_from_json;
use crate::delivery::{EventFilter, Timestamp};
use crate::emulate::model::{
    AttemptOutcome, DeliveryStatus, DueDelivery, EmittedEvent, EmulatedAttempt, EmulatedDelivery,
    WebhookEndpoint,
};
use crate::emulate::schedule::Scheduled;
use crate::http::Target;
use crate::store::StoreError;

const DELIVERY: &str = "delivery.seq, delivery.id, endpoint, event, status, attempts, cause, first_at, \
     due_at, response_code, response_time_ms, delivered_at";
const EVENT: &str =
    "event.seq, event.id, event.type, event.created_at, event.method, event.headers, event.body";

/// The part of a list that is asked for, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct StatePage {
    /// Those before this place.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// A delivery in a list, with the event's id and type.
pub type ListedDelivery = (EmulatedDelivery, String, String);

impl StatePage {
    fn before(self) -> i64 {
        let before = self.before.and_then(|before| i64::try_from(before).ok());
        before.unwrap_or(i64::MAX)
    }
}

impl EmulatorState {
    /// All endpoints.
    pub fn endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        self.read(|conn| all(conn, "SELECT * FROM endpoint ORDER BY seq", [], endpoint))
    }

    /// A delivery that is due, with what is sent; `None` where nothing is to be sent any more.
    pub fn due_delivery(&self, seq: u64) -> Result<Option<DueDelivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY}, {EVENT} FROM delivery JOIN event ON event.seq = delivery.event \
             WHERE delivery.seq = ?1 AND due_at IS NOT NULL"
        );
        let row = |row: &Row<'_>| {
            let (delivery, event) = (delivery(row)?, Arc::new(event_at(row, 12)?));
            Ok(DueDelivery { delivery, event })
        };
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            statement.query_row([seq.cast_signed()], row).optional()
        })
    }

    /// The delivery of this id, with the event's id and type.
    pub fn delivery(&self, id: &str) -> Result<Option<ListedDelivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY}, event.id, type FROM delivery JOIN event ON event.seq = delivery.event \
             WHERE delivery.id = ?1"
        );
        self.read(|conn| conn.query_row(&sql, [id], listed).optional())
    }

    /// Deliveries, of one endpoint or of all, of one status or of all.
    pub fn deliveries(
        &self,
        endpoint: Option<u64>,
        status: Option<DeliveryStatus>,
        page: StatePage,
    ) -> Result<Vec<ListedDelivery>, StoreError> {
        // With a place for the endpoint either way, so that the index serves where there is one.
        let of_endpoint = endpoint.map_or("?3 IS NULL", |_| "endpoint = ?3");
        let sql = format!(
            "SELECT {DELIVERY}, event.id, type FROM delivery JOIN event ON event.seq = delivery.event \
             WHERE delivery.seq < ?1 AND {of_endpoint} AND (?4 IS NULL OR status = ?4) \
             ORDER BY delivery.seq DESC LIMIT ?2"
        );
        let values = params![
            page.before(),
            page.limit,
            endpoint.map(u64::cast_signed),
            status.map(DeliveryStatus::as_str)
        ];
        self.read(|conn| all(conn, &sql, values, listed))
    }

    /// The attempts of a delivery, in order.
    pub fn attempts(&self, delivery: u64) -> Result<Vec<EmulatedAttempt>, StoreError> {
        let sql = "SELECT seq, id, delivery, number, cause, started_at, sent_at, outcome, duration_ms, \
                   status, error_kind, error_message, body FROM attempt WHERE delivery = ?1 ORDER BY seq";
        self.read(|conn| all(conn, sql, [delivery.cast_signed()], attempt))
    }

    /// Events.
    pub fn events(&self, page: StatePage) -> Result<Vec<EmittedEvent>, StoreError> {
        let sql = format!("SELECT {EVENT} FROM event WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
        let values = params![page.before(), page.limit];
        self.read(|conn| all(conn, &sql, values, |row| event_at(row, 0)))
    }

    /// The value of a name.
    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read(|conn| meta(conn, name))
    }

    /// The latest moment of the emulated clock that is known.
    pub fn latest(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT max(coalesce(ended_at, started_at)) FROM \
                   (SELECT * FROM attempt ORDER BY seq DESC LIMIT 1000)";
        self.read(|conn| {
            conn.query_row(sql, [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(moment)))
        })
    }

    /// Whether there is a snapshot of this name, which has digits only.
    pub fn has_snapshot(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE name = ?1";
        let table = format!("snapshot_{name}_event");
        self.read(|conn| conn.prepare(sql)?.exists([table]))
    }

    /// How many snapshots there are.
    pub fn snapshots(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'snapshot_*_event'";
        self.read(|conn| conn.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned())))
    }
}

/// The last place that is given in a table.
pub(super) fn last_place(conn: &Connection, table: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT coalesce(max(seq), 0) FROM {table}");
    conn.query_row(&sql, [], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
}

/// The value of a name.
pub(super) fn meta(conn: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

/// All that is due, by when.
pub(super) fn due(conn: &Connection) -> rusqlite::Result<Vec<(Scheduled, Timestamp)>> {
    let sql = "SELECT seq, endpoint, due_at FROM delivery WHERE due_at IS NOT NULL";
    all(conn, sql, [], |row| {
        let scheduled = Scheduled {
            delivery: row.get::<_, i64>(0)?.cast_unsigned(),
            endpoint: row.get::<_, i64>(1)?.cast_unsigned(),
        };
        Ok((scheduled, moment(row.get(2)?)))
    })
}

/// The event of this id.
pub(super) fn event(conn: &Connection, id: &str) -> rusqlite::Result<Option<EmittedEvent>> {
    let sql = format!("SELECT {EVENT} FROM event WHERE id = ?1 ORDER BY seq DESC LIMIT 1");
    conn.query_row(&sql, [id], |row| event_at(row, 0))
        .optional()
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| read(row))?;
    rows.collect()
}

const fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A text of the file as what it stands for.
fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

fn texts(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

fn endpoint(row: &Row<'_>) -> rusqlite::Result<WebhookEndpoint> {
    let events = texts(row, 3)?;
    let mut filter = EventFilter::default();
    for pattern in &events {
        filter.add(pattern).map_err(|error| unreadable(3, error))?;
    }
    Ok(WebhookEndpoint {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        id: row.get(1)?,
        target: parsed::<Target>(row, 2)?,
        url: row.get(2)?,
        events,
        filter,
        secrets: texts(row, 4)?,
        status: parsed(row, 5)?,
        created_at: moment(row.get(6)?),
        rotated_at: moment(row.get(7)?),
        failing_since: row.get::<_, Option<i64>>(8)?.map(moment),
    })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<EmulatedDelivery> {
    let time = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|micros| micros.map(moment))
    };
    Ok(EmulatedDelivery {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        id: row.get(1)?,
        endpoint: row.get::<_, i64>(2)?.cast_unsigned(),
        event: row.get::<_, i64>(3)?.cast_unsigned(),
        status: parsed(row, 4)?,
        attempts: row.get(5)?,
        cause: parsed(row, 6)?,
        first_at: time(7)?,
        due_at: time(8)?,
        response_code: row.get(9)?,
        response_time_ms: row.get(10)?,
        delivered_at: time(11)?,
    })
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedDelivery> {
    Ok((delivery(row)?, row.get(12)?, row.get(13)?))
}

/// The event whose columns begin at this one.
fn event_at(row: &Row<'_>, first: usize) -> rusqlite::Result<EmittedEvent> {
    let headers: String = row.get(first + 5)?;
    Ok(EmittedEvent {
        seq: row.get::<_, i64>(first)?.cast_unsigned(),
        id: row.get(first + 1)?,
        event: row.get(first + 2)?,
        created_at: moment(row.get(first + 3)?),
        method: row.get(first + 4)?,
        headers: headers_from_json(&headers).map_err(|error| unreadable(first + 5, error))?,
        body: Bytes::from(row.get::<_, Vec<u8>>(first + 6)?),
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<EmulatedAttempt> {
    let outcome = match row.get::<_, String>(7)?.as_str() {
        "started" => AttemptOutcome::Started,
        "ended" => AttemptOutcome::Ended {
            duration_ms: row.get(8)?,
            answer: match row.get::<_, Option<u16>>(9)? {
                Some(status) => Ok(status),
                None => Err((row.get(10)?, row.get(11)?)),
            },
            body: Bytes::from(row.get::<_, Option<Vec<u8>>>(12)?.unwrap_or_default()),
        },
        _ => AttemptOutcome::Interrupted,
    };
    Ok(EmulatedAttempt {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        id: row.get(1)?,
        delivery: row.get::<_, i64>(2)?.cast_unsigned(),
        number: row.get(3)?,
        cause: parsed(row, 4)?,
        started_at: moment(row.get(5)?),
        sent_at: moment(row.get(6)?),
        outcome,
    })
}
