//! Taking in deliveries that were received elsewhere.

use std::sync::Arc;

use rusqlite::Transaction;
use serde::Serialize;

use super::append::{Appender, Entry, Record as _};
use super::error::AtPath;
use super::migrations::LOG;
use super::query::RECEIVED_INDEXES;
use super::{Log, StoreError, connection, file};
use crate::delivery::Delivery;

/// Rows in one transaction, so that a listener gets its turn.
const STEP_ROWS: usize = 1000;
/// Bytes in one transaction, for the same reason.
const STEP_BYTES: usize = 8 << 20;

/// What an import has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// Deliveries that are new in the log.
    pub added: u64,
    /// Deliveries whose id the log already had; the log's own stays as it is.
    pub present: u64,
}

impl Log {
    /// Appends deliveries with the ids they have, in the order given.
    ///
    /// After an error, those that came before it may be in the log; importing them again does no
    /// harm.
    pub fn import(
        &self,
        deliveries: impl IntoIterator<Item = Delivery>,
    ) -> Result<Imported, StoreError> {
        let mut conn = connection::connect_writable(self.path(), &LOG)?;
        connection::wait_patiently(&mut conn, self.path())?;
        let identity = file::identity(self.path());
        let mut entries = deliveries
            .into_iter()
            .map(|delivery| Entry::Delivery(Arc::new(delivery)));
        let mut imported = Imported::default();
        loop {
            // Gathered before the lock is taken: where they come from may be slow.
            let step = gather(&mut entries);
            if step.is_empty() {
                break;
            }
            let added = connection::step(&mut conn, self.path(), |change| self.add(change, &step))?;
            imported.added += added;
            imported.present += step.len() as u64 - added;
        }
        if identity == file::identity(self.path()) {
            return Ok(imported);
        }
        Err(StoreError::Replaced(self.path().into()))
    }

    fn add(&self, change: &Transaction<'_>, entries: &[Entry]) -> Result<u64, StoreError> {
        // Who listens only needs no order but that in which deliveries came.
        change.execute_batch(RECEIVED_INDEXES).at(self.path())?;
        let mut appender = Appender::within(change, self.path())?;
        let mut added = 0;
        for entry in entries {
            match appender.append(entry) {
                Ok(()) => added += 1,
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(added)
    }
}

fn gather(entries: &mut impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut step = Vec::new();
    let mut bytes = 0;
    while step.len() < STEP_ROWS && bytes < STEP_BYTES {
        let Some(entry) = entries.next() else { break };
        bytes += entry.estimate();
        step.push(entry);
    }
    step
}
