//! Reading the log beside the runtime: a connection for each who reads at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::spawn_blocking;

use super::failure::InspectFailure;
use crate::store::{Log, Reader};

/// How many connections are kept for who comes next.
const MOST_IDLE: usize = 8;

/// Connections that read a log, used again by whoever comes next.
pub struct LogReaders {
    log: Log,
    idle: Mutex<Vec<Reader>>,
}

impl LogReaders {
    /// Connections to this log, none so far.
    pub fn of(log: Log) -> Arc<Self> {
        Arc::new(Self {
            log,
            idle: Mutex::default(),
        })
    }

    /// What `work` reads, on a thread that may wait for the disk.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Reader) -> Result<T, InspectFailure> + Send + 'static,
    ) -> Result<T, InspectFailure> {
        let readers = Arc::clone(self);
        let read = spawn_blocking(move || {
            let reader = readers.take()?;
            let found = work(&reader)?;
            readers.give_back(reader);
            Ok(found)
        });
        // A reader that panicked has said so on stderr.
        read.await.unwrap_or_else(|_| Err(InspectFailure::broken()))
    }

    /// One that reads the file which is at the path now.
    fn take(&self) -> Result<Reader, InspectFailure> {
        let path = self.log.path();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|reader| reader.is_at(path));
        match idle.pop() {
            Some(reader) => Ok(reader),
            None => Ok(self.log.reader()?),
        }
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(reader);
        }
    }
}
