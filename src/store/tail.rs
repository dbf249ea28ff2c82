//! Following a log.

use std::collections::HashSet;
use std::mem;
use std::path::{Path, PathBuf};

use super::{Log, Position, Query, Reader, StoreError};
use crate::delivery::Delivery;

/// A log that is followed: one that is not there yet or is deleted is waited for.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    query: Query,
    /// The log, and the place behind the last delivery that was looked at.
    open: Option<(Reader, Position)>,
    /// What was handed over and may stand behind that place, as it came just then.
    shown: HashSet<String>,
}

impl Tail {
    /// Follows what matches from the end of the log on. Those before it are handed over first where the
    /// query has a limit, as many, or a time since when.
    pub fn begin<E: From<StoreError>>(
        path: &Path,
        query: Query,
        mut visit: impl FnMut(&Delivery) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut open = open(path)?;
        let mut shown = HashSet::new();
        if let Some((reader, place)) = &mut open {
            *place = reader.end()?;
            if query.limit.is_some() || query.since.is_some() {
                reader.select(&query, |delivery| {
                    visit(&delivery)?;
                    shown.insert(delivery.id);
                    Ok::<_, E>(())
                })?;
            }
        }
        Ok(Self {
            path: path.into(),
            query,
            open,
            shown,
        })
    }

    /// Whether there is a log.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Hands over what has come since the last time; where the log was replaced, all of the new one.
    pub fn follow<E: From<StoreError>>(
        &mut self,
        mut visit: impl FnMut(&Delivery) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut shown = mem::take(&mut self.shown);
        let is_in_place = |(reader, _): &(Reader, _)| reader.is_at(&self.path);
        if !self.open.as_ref().is_some_and(is_in_place) {
            self.open = open(&self.path)?;
            shown.clear();
        }
        if let Some((reader, place)) = &mut self.open {
            *place = reader.follow(*place, &self.query, |delivery| {
                if shown.contains(&delivery.id) {
                    return Ok(());
                }
                visit(&delivery)
            })?;
        }
        Ok(())
    }
}

/// The log from its first delivery on; `None` where there is none, or was none a moment ago.
fn open(path: &Path) -> Result<Option<(Reader, Position)>, StoreError> {
    match Log::open_existing(path) {
        Err(StoreError::Missing(_)) => Ok(None),
        log => Ok(Some((log?.reader()?, Position::START))),
    }
}
