//! What is written to the state: each change whole or not at all, many in one commit.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};

use super::schema::{SCHEMA, TABLES};
use crate::delivery::Timestamp;
use crate::delivery::capture::headers_to_json;
use crate::emulate::model::{
    AttemptOutcome, EmittedEvent, EmulatedAttempt, EmulatedDelivery, WebhookEndpoint,
};
use crate::store::{AtPath as _, Record, Schema, WriteOutcome};

/// What a row takes besides its variable parts, for estimates.
const ROW_BYTES: usize = 512;

/// A change of the state.
pub enum StateChange {
    /// An endpoint is registered, or another than it was.
    Endpoint(Arc<WebhookEndpoint>),
    /// An endpoint is removed, and what is to come for it is cancelled.
    EndpointRemoved(u64),
    /// What is to come for an endpoint is cancelled.
    Cancelled(u64),
    /// An event, and its way to each endpoint.
    Emitted(Arc<EmittedEvent>, Vec<EmulatedDelivery>),
    /// An attempt is under way.
    Started(EmulatedAttempt),
    /// An attempt has ended at this emulated time, and the delivery stands so.
    Ended(EmulatedAttempt, Timestamp, EmulatedDelivery),
    /// A delivery stands so.
    Delivery(EmulatedDelivery),
    /// A name has this value.
    Meta(&'static str, String),
    /// Everything is removed but the settings.
    Reset,
    /// Everything is kept under a name, which has digits only.
    Snapshot(String),
    /// Everything is as it was under this name; what was under way then is due again.
    Restored(String),
}

impl Record for StateChange {
    const SCHEMA: &'static Schema = &SCHEMA;

    fn estimate(&self) -> usize {
        match self {
            Self::Emitted(event, deliveries) => {
                event.body.len() + (deliveries.len() + 1) * ROW_BYTES
            }
            _ => ROW_BYTES,
        }
    }

    fn write(change: &Transaction<'_>, records: &[Self], path: &Path) -> WriteOutcome {
        for record in records {
            record.apply(change).at(path)?;
        }
        Ok(vec![Ok(()); records.len()])
    }
}

impl StateChange {
    fn apply(&self, conn: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Endpoint(endpoint) => put_endpoint(conn, endpoint),
            Self::EndpointRemoved(seq) => {
                execute(conn, "DELETE FROM endpoint WHERE seq = ?1", [place(*seq)])?;
                cancel(conn, *seq)
            }
            Self::Cancelled(seq) => cancel(conn, *seq),
            Self::Emitted(event, deliveries) => {
                insert_event(conn, event)?;
                deliveries
                    .iter()
                    .try_for_each(|delivery| insert_delivery(conn, delivery))
            }
            Self::Started(attempt) => insert_attempt(conn, attempt),
            Self::Ended(attempt, ended_at, delivery) => {
                // Else the state was reset or restored meanwhile, and this belongs to what was before.
                if end_attempt(conn, attempt, *ended_at)? {
                    update_delivery(conn, delivery)?;
                }
                Ok(())
            }
            Self::Delivery(delivery) => update_delivery(conn, delivery),
            Self::Meta(name, value) => put_meta(conn, name, value),
            Self::Reset => TABLES
                .iter()
                .try_for_each(|table| conn.execute_batch(&format!("DELETE FROM {table}"))),
            Self::Snapshot(name) => TABLES.iter().try_for_each(|table| {
                conn.execute_batch(&format!(
                    "CREATE TABLE snapshot_{name}_{table} AS SELECT * FROM {table}"
                ))
            }),
            Self::Restored(name) => {
                for table in TABLES {
                    conn.execute_batch(&format!(
                        "DELETE FROM {table};
                         INSERT INTO {table} SELECT * FROM snapshot_{name}_{table}"
                    ))?;
                }
                recover(conn)
            }
        }
    }
}

/// What was under way was interrupted: the endpoint may have got it or not, so it is due again, and the
/// next attempt says why it is made. Whoever calls this has begun a transaction: half of it, done again, would
/// take an attempt off twice.
pub(super) fn recover(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "UPDATE delivery SET attempts = attempts - 1,
             cause = CASE cause WHEN 'schedule' THEN 'resume' ELSE cause END
         WHERE cause <> 'duplicate'
             AND seq IN (SELECT delivery FROM attempt WHERE outcome = 'started');
         UPDATE attempt SET outcome = 'interrupted' WHERE outcome = 'started';",
    )
}

/// Keeps the value of a name.
pub(super) fn put_meta(conn: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
    execute(conn, sql, [name, value])
}

fn execute(conn: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute(values).map(drop)
}

/// A place as `SQLite` has it: whole numbers with a sign.
fn place(seq: u64) -> i64 {
    seq.cast_signed()
}

fn cancel(conn: &Connection, endpoint: u64) -> rusqlite::Result<()> {
    let sql = "UPDATE delivery SET status = 'cancelled', due_at = NULL \
               WHERE endpoint = ?1 AND due_at IS NOT NULL AND status <> 'success'";
    execute(conn, sql, [place(endpoint)])?;
    // A duplicate of what was confirmed is no longer sent.
    let sql = "UPDATE delivery SET due_at = NULL WHERE endpoint = ?1 AND due_at IS NOT NULL";
    execute(conn, sql, [place(endpoint)])
}

fn put_endpoint(conn: &Connection, endpoint: &WebhookEndpoint) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO endpoint (seq, id, url, events, secrets, status, created_at, \
               rotated_at, failing_since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    // Lists of texts always serialise.
    let json = |texts: &[String]| serde_json::to_string(texts).unwrap_or_default();
    execute(
        conn,
        sql,
        params![
            place(endpoint.seq),
            endpoint.id,
            endpoint.url,
            json(&endpoint.events),
            json(&endpoint.secrets),
            endpoint.status.as_str(),
            endpoint.created_at.micros(),
            endpoint.rotated_at.micros(),
            endpoint.failing_since.map(Timestamp::micros),
        ],
    )
}

fn insert_event(conn: &Connection, event: &EmittedEvent) -> rusqlite::Result<()> {
    let sql = "INSERT INTO event (seq, id, type, created_at, method, headers, body) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    execute(
        conn,
        sql,
        params![
            place(event.seq),
            event.id,
            event.event,
            event.created_at.micros(),
            event.method,
            headers_to_json(&event.headers),
            &event.body[..],
        ],
    )
}

fn insert_delivery(conn: &Connection, delivery: &EmulatedDelivery) -> rusqlite::Result<()> {
    let sql = "INSERT INTO delivery (seq, id, endpoint, event, status, attempts, cause, due_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    execute(
        conn,
        sql,
        params![
            place(delivery.seq),
            delivery.id,
            place(delivery.endpoint),
            place(delivery.event),
            delivery.status.as_str(),
            delivery.attempts,
            delivery.cause.as_str(),
            delivery.due_at.map(Timestamp::micros),
        ],
    )
}

fn update_delivery(conn: &Connection, delivery: &EmulatedDelivery) -> rusqlite::Result<()> {
    let sql = "UPDATE delivery SET status = ?2, attempts = ?3, cause = ?4, first_at = ?5, due_at = ?6, \
               response_code = ?7, response_time_ms = ?8, delivered_at = ?9 WHERE seq = ?1";
    execute(
        conn,
        sql,
        params![
            place(delivery.seq),
            delivery.status.as_str(),
            delivery.attempts,
            delivery.cause.as_str(),
            delivery.first_at.map(Timestamp::micros),
            delivery.due_at.map(Timestamp::micros),
            delivery.response_code,
            delivery.response_time_ms,
            delivery.delivered_at.map(Timestamp::micros),
        ],
    )
}

/// The attempt's own row says that it is under way. The delivery stays due until the attempt has ended.
fn insert_attempt(conn: &Connection, attempt: &EmulatedAttempt) -> rusqlite::Result<()> {
    let sql = "INSERT INTO attempt (seq, id, delivery, number, cause, started_at, sent_at, outcome) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'started')";
    let (delivery, started_at) = (place(attempt.delivery), attempt.started_at.micros());
    execute(
        conn,
        sql,
        params![
            place(attempt.seq),
            attempt.id,
            delivery,
            attempt.number,
            attempt.cause.as_str(),
            started_at,
            attempt.sent_at.micros(),
        ],
    )?;
    let sql = "UPDATE delivery SET attempts = ?2, first_at = coalesce(first_at, ?3) WHERE seq = ?1";
    execute(conn, sql, params![delivery, attempt.number, started_at])
}

/// Says whether it was under way.
fn end_attempt(
    conn: &Connection,
    attempt: &EmulatedAttempt,
    ended_at: Timestamp,
) -> rusqlite::Result<bool> {
    let AttemptOutcome::Ended {
        duration_ms,
        answer,
        body,
    } = &attempt.outcome
    else {
        return Ok(false);
    };
    let sql = "UPDATE attempt SET outcome = 'ended', ended_at = ?3, duration_ms = ?4, status = ?5, \
               error_kind = ?6, error_message = ?7, body = ?8 WHERE seq = ?1 AND id = ?2 AND outcome = 'started'";
    let failure = answer.as_ref().err();
    let changed = conn.prepare_cached(sql)?.execute(params![
        place(attempt.seq),
        attempt.id,
        ended_at.micros(),
        duration_ms,
        answer.as_ref().ok(),
        failure.map(|(kind, _)| kind),
        failure.map(|(_, message)| message),
        &body[..],
    ])?;
    Ok(changed > 0)
}
