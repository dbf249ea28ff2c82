//! The form of the state, by version. A step is never edited once it was released.

use crate::store::Schema;

/// `WHEM`: marks the file as the state of an emulated provider.
const APPLICATION_ID: i64 = 0x5748_454D;

/// The state's form.
pub(super) const SCHEMA: Schema = Schema {
    application_id: APPLICATION_ID,
    steps: &[V1],
    finish: |_| Ok(()),
};

/// The tables of a snapshot are named after these.
pub(super) const TABLES: [&str; 4] = ["endpoint", "event", "delivery", "attempt"];

const V1: &str = "
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE endpoint (
    seq           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    url           TEXT    NOT NULL,
    events        TEXT    NOT NULL, -- [pattern, ...]
    secrets       TEXT    NOT NULL, -- [secret, ...], the newest first
    status        TEXT    NOT NULL, -- active, disabled
    created_at    INTEGER NOT NULL, -- emulated time, microseconds since 1970-01-01 UTC
    rotated_at    INTEGER NOT NULL,
    failing_since INTEGER
);

CREATE TABLE event (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    method     TEXT    NOT NULL,
    headers    TEXT    NOT NULL, -- [[name, value], ...], bytes as {base64}
    body       BLOB    NOT NULL
);
CREATE INDEX event_id ON event (id);

CREATE TABLE delivery (
    seq              INTEGER PRIMARY KEY,
    id               TEXT    NOT NULL UNIQUE,
    endpoint         INTEGER NOT NULL,
    event            INTEGER NOT NULL,
    status           TEXT    NOT NULL, -- pending, success, failed, cancelled, dropped
    attempts         INTEGER NOT NULL,
    cause            TEXT    NOT NULL, -- of the next attempt: schedule, resume, redeliver, duplicate
    first_at         INTEGER,
    due_at           INTEGER,          -- null where no attempt is to come
    response_code    INTEGER,
    response_time_ms REAL,
    delivered_at     INTEGER
);
CREATE INDEX delivery_endpoint ON delivery (endpoint);
CREATE INDEX delivery_due ON delivery (due_at, endpoint) WHERE due_at IS NOT NULL;

CREATE TABLE attempt (
    seq           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL,
    delivery      INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    cause         TEXT    NOT NULL,
    started_at    INTEGER NOT NULL, -- emulated time
    sent_at       INTEGER NOT NULL, -- real time
    outcome       TEXT    NOT NULL, -- started, ended, interrupted
    ended_at      INTEGER,          -- emulated time
    duration_ms   REAL,
    status        INTEGER,          -- null where there was no answer
    error_kind    TEXT,
    error_message TEXT,
    body          BLOB              -- the beginning of the answer's
);
CREATE INDEX attempt_delivery ON attempt (delivery);
CREATE INDEX attempt_started ON attempt (delivery) WHERE outcome = 'started';
";
