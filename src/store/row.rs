//! Deliveries, attempts and bulk replays as rows: read.

use std::fmt::Display;
use std::path::Path;

use bytes::Bytes;
use rusqlite::Row;
use rusqlite::types::{FromSql, Type};

use super::StoreError;
use super::error::AtPath;
use crate::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Failure, FailureKind, Request, Timestamp, Verdict,
    capture::headers_from_json,
};

/// The columns that [`delivery`] reads, in its order.
pub(super) const DELIVERY_COLUMNS: &str = "seq, id, received_at, remote, provider, event, \
     event_id, duplicate_of, verdict_json, response_status, method, target, version, headers, \
     body_complete, body, source";

/// The same without the body, and its length behind them.
pub(super) const DELIVERY_COLUMNS_WITHOUT_BODY: &str = "seq, id, received_at, remote, provider, \
     event, event_id, duplicate_of, verdict_json, response_status, method, target, version, headers, \
     body_complete, x'', source, length(body)";

/// The columns that [`attempt`] reads, in its order.
pub(super) const ATTEMPT_COLUMNS: &str = "seq, id, delivery_id, cause, url, started_at, \
     duration_ms, signing, status, error_kind, error_message, headers, body";

/// The columns that [`run`] reads, in its order.
pub(super) const RUN_COLUMNS: &str = "id, started_at, selection, endpoint";

/// A bulk replay. The attempts that belong to it carry its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `run_` and a ULID.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Which deliveries were asked for, in a form of the caller's that is equal where the same are
    /// asked for. Empty for a run of a log of version 1, which didn't keep it.
    pub selection: String,
    /// Where to; `None` where each delivery went to where it was last sent.
    pub endpoint: Option<String>,
}

/// The delivery in a row of [`DELIVERY_COLUMNS`].
pub(super) fn delivery(row: &Row<'_>, path: &Path) -> Result<Delivery, StoreError> {
    let columns = Columns::of(row, "delivery", path);
    let verdict: String = columns.get(8)?;
    let headers: String = columns.get(13)?;
    Ok(Delivery {
        id: columns.get(1)?,
        received_at: Timestamp::from_micros(columns.get(2)?),
        source: DeliverySource::named(&columns.get::<String>(16)?),
        remote: columns.get(3)?,
        provider: columns.get(4)?,
        event: columns.get(5)?,
        event_id: columns.get(6)?,
        duplicate_of: columns.get(7)?,
        verdict: serde_json::from_str::<Verdict>(&verdict)
            .map_err(|cause| columns.bad(format!("`verdict_json`: {cause}")))?,
        response_status: columns.get(9)?,
        request: Request {
            method: columns.get(10)?,
            origin: None,
            target: columns.get(11)?,
            version: columns.get(12)?,
            headers: headers_from_json(&headers)
                .map_err(|cause| columns.bad(format!("`headers`: {cause}")))?,
            body_complete: columns.get(14)?,
            body: columns.bytes(15)?,
        },
    })
}

/// The attempt in a row of [`ATTEMPT_COLUMNS`].
pub(super) fn attempt(row: &Row<'_>, path: &Path) -> Result<Attempt, StoreError> {
    let columns = Columns::of(row, "attempt", path);
    let signing: Option<String> = columns.get(7)?;
    Ok(Attempt {
        id: columns.get(1)?,
        delivery_id: columns.get(2)?,
        trigger: columns.name(3, &columns.get::<String>(3)?)?,
        url: columns.get(4)?,
        started_at: Timestamp::from_micros(columns.get(5)?),
        duration_ms: columns.get(6)?,
        signing: signing.map(|text| columns.name(7, &text)).transpose()?,
        outcome: match columns.get::<Option<u16>>(8)? {
            Some(status) => Ok(answer(&columns, status)?),
            None => Err(failure(&columns)?),
        },
    })
}

/// Of a row of [`ATTEMPT_COLUMNS`], the delivery and what became of it.
pub(super) fn last_outcome(
    row: &Row<'_>,
    path: &Path,
) -> Result<(String, Result<u16, FailureKind>), StoreError> {
    let columns = Columns::of(row, "attempt", path);
    let outcome = match columns.get::<Option<u16>>(8)? {
        Some(status) => Ok(status),
        None => Err(failure(&columns)?.kind),
    };
    Ok((columns.get(2)?, outcome))
}

fn answer(columns: &Columns<'_>, status: u16) -> Result<Answer, StoreError> {
    let headers: String = columns.get(11)?;
    Ok(Answer {
        status,
        headers: headers_from_json(&headers)
            .map_err(|cause| columns.bad(format!("`headers`: {cause}")))?,
        body: columns.bytes(12)?,
    })
}

fn failure(columns: &Columns<'_>) -> Result<Failure, StoreError> {
    Ok(Failure {
        kind: columns.name(9, &columns.get::<String>(9)?)?,
        message: columns.get(10)?,
    })
}

/// The bulk replay in a row of [`RUN_COLUMNS`].
pub(super) fn run(row: &Row<'_>, path: &Path) -> Result<Run, StoreError> {
    Ok(Run {
        id: row.get(0).at(path)?,
        started_at: Timestamp::from_micros(row.get(1).at(path)?),
        selection: row.get(2).at(path)?,
        endpoint: row.get(3).at(path)?,
    })
}

/// What a column holds that should hold something else.
const fn holds(found: Type) -> &'static str {
    match found {
        Type::Null => "is empty",
        Type::Integer | Type::Real => "holds a number",
        Type::Text => "holds a text",
        Type::Blob => "holds bytes that are no text",
    }
}

/// A row whose every fault is an error that names it, because anyone can edit the file.
struct Columns<'a> {
    row: &'a Row<'a>,
    table: &'static str,
    path: &'a Path,
}

impl<'a> Columns<'a> {
    const fn of(row: &'a Row<'a>, table: &'static str, path: &'a Path) -> Self {
        Self { row, table, path }
    }

    fn get<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        self.row.get(column).map_err(|cause| match cause {
            rusqlite::Error::InvalidColumnType(_, name, found) => {
                self.bad(format!("`{name}` {}", holds(found)))
            }
            cause => self.bad(cause),
        })
    }

    /// Bytes, also where a text was put in their place by hand.
    fn bytes(&self, column: usize) -> Result<Bytes, StoreError> {
        let value = self.row.get_ref(column).at(self.path)?;
        let bytes = value.as_bytes().map_err(|cause| self.bad(cause))?;
        Ok(Bytes::copy_from_slice(bytes))
    }

    /// One of a fixed set of names.
    fn name<T: std::str::FromStr>(&self, column: usize, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|_| {
            let column = self.row.as_ref().column_name(column).unwrap_or_default();
            self.bad(format!("`{column}`: unknown name `{text}`"))
        })
    }

    fn bad(&self, cause: impl Display) -> StoreError {
        let id = self.row.get(1).unwrap_or_else(|_| {
            let place = self.row.get(0).unwrap_or_default();
            format!("row {}", i64::to_string(&place))
        });
        StoreError::BadRow {
            path: self.path.to_path_buf(),
            table: self.table,
            id,
            cause: cause.to_string(),
        }
    }
}
