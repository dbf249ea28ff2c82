//! Bulk replays: what each was asked for, and how far it got.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Row;

use super::error::AtPath as _;
use super::{Reader, StoreError};
use crate::delivery::Timestamp;

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

const RUN_COLUMNS: &str = "id, started_at, selection, endpoint";

impl Reader {
    /// The run with this id.
    pub fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE id = ?1");
        self.one(&sql, [id], run)
    }

    /// The newest run that was asked for the same deliveries and endpoint.
    pub fn last_run(
        &self,
        selection: &str,
        endpoint: Option<&str>,
    ) -> Result<Option<Run>, StoreError> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM run WHERE selection = ?1 AND endpoint IS ?2 \
             ORDER BY started_at DESC, id DESC LIMIT 1"
        );
        self.one(&sql, (selection, endpoint), run)
    }

    /// The deliveries that a run has sent. One whose endpoint could not even be connected to was
    /// not sent.
    pub fn sent_in_run(&self, id: &str) -> Result<HashSet<String>, StoreError> {
        let sql = "SELECT DISTINCT delivery_id FROM attempt WHERE run = ?1 \
             AND coalesce(error_kind, '') NOT IN ('refused', 'dns', 'tls')";
        self.all(sql, [id], |row, path| row.get(0).at(path))
    }
}

fn run(row: &Row<'_>, path: &Path) -> Result<Run, StoreError> {
    Ok(Run {
        id: row.get(0).at(path)?,
        started_at: Timestamp::from_micros(row.get(1).at(path)?),
        selection: row.get(2).at(path)?,
        endpoint: row.get(3).at(path)?,
    })
}
