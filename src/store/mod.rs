//! The durable log: one `SQLite` file, append-only.
//!
//! A delivery is one row that never changes; what was done with it are attempts, rows of their
//! own. [`Log`] is the file, [`Writer`] appends with a group commit, [`Reader`] reads while
//! others write. Any `SQLite` reads the file too: the columns have plain names, and the view
//! `delivery_readable` shows times as text.
//!
//! ```text
//! Log::open -> writer() -> submit(delivery).await -> Receipt.await: on the disk
//!           -> reader() -> get, last, select, follow, attempts_of
//!           -> import, prune
//! ```

mod append;
mod beside;
mod commit;
mod connection;
mod error;
mod file;
mod import;
mod log;
mod lookup;
mod migrations;
mod prune;
mod query;
mod reader;
mod row;
mod tail;
mod writer;

pub use append::{Record, WriteOutcome};
pub use beside::RunLock;
pub use connection::connect_writable;
pub use error::{AtPath, LookupError, StoreError};
pub use import::Imported;
pub use log::Log;
pub use migrations::Schema;
pub use prune::Pruned;
pub use query::{Position, Query, SourceFilter};
pub use reader::{AttemptSummary, Reader};
pub use row::Run;
pub use tail::Tail;
pub use writer::{Receipt, Writer};

#[cfg(test)]
mod tests;
