//! The state of an emulated provider: one `SQLite` file, made, written and migrated as the log is.
//!
//! Memory has the endpoints and an index of what is due; everything else is read from here when its turn
//! comes, so that a long backlog takes little room.

mod change;
mod read;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::model::EmittedEvent;
use super::schedule::Scheduled;
use crate::delivery::Timestamp;
use crate::store::{AtPath, RunLock, StoreError, Writer, connect_writable};
pub use change::StateChange;
pub use read::{ListedDelivery, StatePage};
use schema::SCHEMA;

/// The state, open. Its lock keeps a second emulator away.
pub struct EmulatorState {
    path: PathBuf,
    writer: Writer<StateChange>,
    reader: Mutex<Connection>,
    /// The last place that was given to an endpoint, an event, a delivery and an attempt.
    places: [AtomicU64; 4],
    _lock: RunLock,
}

/// Why a state cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// Another emulator has it.
    #[error("another emulator uses the state `{}`", .0.display())]
    InUse(PathBuf),
    /// It is another provider's.
    #[error("the state `{}` is that of `{provider}`", path.display())]
    OtherProvider {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        provider: String,
    },
    /// There is no such snapshot.
    #[error("there is no snapshot `{0}`")]
    NoSnapshot(String),
    /// It could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What has places of its own.
#[derive(Debug, Clone, Copy)]
pub enum StateTable {
    /// Endpoints.
    Endpoint,
    /// Events.
    Event,
    /// Deliveries.
    Delivery,
    /// Attempts.
    Attempt,
}

impl StateTable {
    const ALL: [Self; 4] = [Self::Endpoint, Self::Event, Self::Delivery, Self::Attempt];

    const fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Event => "event",
            Self::Delivery => "delivery",
            Self::Attempt => "attempt",
        }
    }
}

impl EmulatorState {
    /// Opens the state of `provider` at `path`, and makes it where there is none. What was under way when it
    /// was last used was interrupted, and is due again.
    pub fn open(path: &Path, provider: &str) -> Result<Self, StateError> {
        // Made first, as its folder has to be there for the lock.
        let conn = connect_writable(path, &SCHEMA)?;
        let path = std::fs::canonicalize(path).at(path)?;
        let mut lock = path.as_os_str().to_owned();
        lock.push("-lock");
        let lock = RunLock::take(lock.into())?;
        let lock = lock.ok_or_else(|| StateError::InUse(path.clone()))?;
        let whose = read::meta(&conn, "provider").at(&path)?;
        if let Some(other) = whose.filter(|whose| whose != provider) {
            return Err(StateError::OtherProvider {
                path,
                provider: other,
            });
        }
        let change = conn.unchecked_transaction().at(&path)?;
        change::put_meta(&change, "provider", provider).at(&path)?;
        change::recover(&change).at(&path)?;
        change.commit().at(&path)?;
        let state = Self {
            writer: Writer::start(&path)?,
            reader: Mutex::new(conn),
            places: Default::default(),
            path,
            _lock: lock,
        };
        state.count()?;
        Ok(state)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds out which places are given.
    pub fn count(&self) -> Result<(), StoreError> {
        for table in StateTable::ALL {
            let last = read::last_place(&self.reader(), table.name());
            let place = &self.places[table as usize];
            place.fetch_max(last.at(&self.path)?, Ordering::Relaxed);
        }
        Ok(())
    }

    /// A place that was never given.
    pub fn place(&self, table: StateTable) -> u64 {
        self.places[table as usize].fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Brings a change to the disk.
    pub async fn write(&self, change: StateChange) -> Result<(), StoreError> {
        self.writer.write(change).await.await
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `look` finds in the file.
    fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        look(&self.reader()).at(&self.path)
    }

    /// All that is due, by when.
    pub fn due(&self) -> Result<Vec<(Scheduled, Timestamp)>, StoreError> {
        self.read(read::due)
    }

    /// The event of this id.
    pub fn event(&self, id: &str) -> Result<Option<EmittedEvent>, StoreError> {
        self.read(|conn| read::event(conn, id))
    }
}
