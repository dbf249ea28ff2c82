//! The file as a whole: made, checked, opened.

use std::fs;
use std::path::{Path, PathBuf};

use super::connection::{self, connect_readonly, connect_writable};
use super::error::AtPath;
use super::migrations::{self, LOG};
use super::{Reader, StoreError, Writer, file};

/// The log at a path: there, ours, and in the newest form.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Opens the log for writing. Makes its folders (0700) and the file (0600) where there is none,
    /// and brings an older form up to the newest.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        connect_writable(path, &LOG)?;
        Ok(Self {
            path: fs::canonicalize(path).at(path)?,
        })
    }

    /// Opens a log that must be there; writes nothing unless its form is an older one.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let missing = || StoreError::Missing(path.into());
        if !path.try_exists().at(path)? {
            return Err(missing());
        }
        match connect_readonly(path).and_then(|conn| migrations::version(&conn, path, &LOG))? {
            0 => Err(missing()),
            migrations::VERSION => Ok(Self {
                path: fs::canonicalize(path).at(path)?,
            }),
            _ => Self::open(path),
        }
    }

    /// Where the file is, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails where nothing can be written to the log now, which opening it may not tell.
    pub fn ensure_writable(&self) -> Result<(), StoreError> {
        connection::try_lock(&self.path)
    }

    /// Starts a writer with a thread and a connection of its own.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        Writer::start(&self.path)
    }

    /// A connection that reads.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        // Looked at first: where the file is replaced meanwhile, the reader is seen to be elsewhere.
        let file = file::inode(&self.path);
        let conn = connect_readonly(&self.path)?;
        migrations::version(&conn, &self.path, &LOG)?;
        Ok(Reader::over(conn, self.path.clone(), file))
    }
}
