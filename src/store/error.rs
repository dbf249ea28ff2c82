//! What can go wrong with the log, told apart so that a caller can say what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why the log could not be opened, read or written.
///
/// Cheap enough to clone, because a commit that fails is answered to everyone who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Nothing was ever received here, or the path is wrong.
    #[error("there is no log at `{}`", .0.display())]
    Missing(PathBuf),
    /// The file or its folder may not be written.
    #[error("log `{}` cannot be written: permission denied or read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The disk, or the user's share of it, is full. Works again once there is room.
    #[error("no space left on the disk for log `{}`", .0.display())]
    DiskFull(PathBuf),
    /// Another program held the lock for longer than this one waits.
    #[error("log `{}` is locked by another program", .0.display())]
    Locked(PathBuf),
    /// A file that is no `SQLite` database.
    #[error("`{}` is not a SQLite database", .0.display())]
    NotADatabase(PathBuf),
    /// A `SQLite` database of another program.
    #[error("`{}` is a SQLite database, but not a webhook log", .0.display())]
    Foreign(PathBuf),
    /// A log with damaged pages.
    #[error("log `{}` is damaged: {cause}", path.display())]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// `SQLite`'s words.
        cause: Arc<rusqlite::Error>,
    },
    /// A log that a newer version of this program has written.
    #[error("log `{}` has version `{found}`, this program reads up to `{known}`", path.display())]
    Newer {
        /// The log.
        path: PathBuf,
        /// The version of the file.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file at the path is no longer the one that was opened, and what the old one still had
    /// to say could not be brought to rest.
    #[error("log `{}` was replaced while in use", .0.display())]
    Replaced(PathBuf),
    /// The log was taken away while in use, and rows go on in the file that is there now.
    #[error("log `{}` was deleted, moved or replaced while in use; what comes now is kept in a new one", .0.display())]
    BeganAnew(PathBuf),
    /// Something else has emptied the log in use or written over it; it takes nothing more.
    #[error("log `{}` was emptied or written over while in use", .0.display())]
    WrittenOver(PathBuf),
    /// The row was not appended: its id is taken.
    #[error("`{0}` is already in the log")]
    Conflict(String),
    /// The row was not appended: it is larger than `SQLite` takes (1 GB).
    #[error("`{0}` is too large for the log")]
    TooLarge(String),
    /// A row that this program has not written so.
    #[error("{table} `{id}` in log `{}` cannot be read: {cause}", path.display())]
    BadRow {
        /// The log.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The row's id, or its place where even the id is unreadable.
        id: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A folder or file that could not be made or reached.
    #[error("log `{}` cannot be opened: {cause}", path.display())]
    Io {
        /// The log.
        path: PathBuf,
        /// The system's words.
        cause: Arc<io::Error>,
    },
    /// Anything else that `SQLite` reports.
    #[error("log `{}`: {cause}", path.display())]
    Sqlite {
        /// The log.
        path: PathBuf,
        /// `SQLite`'s words.
        cause: Arc<rusqlite::Error>,
    },
    /// The writer has ended and takes nothing more.
    #[error("the writer of the log has stopped")]
    Stopped,
}

impl StoreError {
    /// The variant for what `SQLite` reported about the log at `path`.
    pub(super) fn sqlite(path: &Path, cause: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            Some(ErrorCode::DiskFull) => Self::DiskFull(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(path),
            // The file is there: what cannot be made is what stands beside it.
            Some(ErrorCode::CannotOpen) if path.is_file() => Self::ReadOnly(path),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt {
                path,
                cause: Arc::new(cause),
            },
            _ => Self::Sqlite {
                path,
                cause: Arc::new(cause),
            },
        }
    }

    /// The variant for what the system reported about the log at `path`.
    pub(super) fn io(path: &Path, cause: io::Error) -> Self {
        let path = path.to_path_buf();
        match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly(path)
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path),
            _ => Self::Io {
                path,
                cause: Arc::new(cause),
            },
        }
    }
}

/// Puts the path of the database to what `SQLite` or the system reports.
pub trait AtPath<T> {
    /// The error as one of the log at `path`.
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> AtPath<T> for rusqlite::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::sqlite(path, cause))
    }
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::io(path, cause))
    }
}

/// Why an id, or the beginning of one, leads to no row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// No id begins so.
    #[error("nothing in the log has the id `{id}`")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// Several ids begin so.
    #[error("`{prefix}` is the beginning of several ids")]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The newest of them in ascending order; never more than
        /// [`CANDIDATES`](Self::CANDIDATES).
        candidates: Vec<String>,
    },
    /// There is neither such a row nor such an id.
    #[error("the last `webhook log` has no row `{0}`, and nothing in the log has such an id")]
    NoRow(String),
    /// A name that counts from nothing known.
    #[error("`{0}` is neither `@last` nor `@last~N`")]
    NotLast(String),
    /// There is none to count from.
    #[error("the log is empty")]
    Empty,
    /// There are fewer.
    #[error("the log does not go back to `{0}`")]
    Before(String),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LookupError {
    /// How many candidates an ambiguity names.
    pub const CANDIDATES: usize = 5;
}
