//! The log as a file: made for its owner alone, and watched for being taken away.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What `SQLite` keeps beside the file: the log's newest rows, and the index of those.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Makes the folders of `path` (0700) and an empty file (0600) where there is none.
///
/// `SQLite` would make the file by the umask, readable for others until someone changes it. The
/// file is never opened where it exists: closing it would drop the locks that a connection of this
/// process holds on it (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub(super) fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        private_folder().create(folder)?;
    }
    match private_file().open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder.mode(0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// Which files a connection writes to, by device and inode: the log and its `-wal`.
///
/// A file that was deleted or renamed goes on taking writes through an open connection, and all of
/// them are lost. Comparing tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    log: Option<(u64, u64)>,
    wal: Option<(u64, u64)>,
}

impl Identity {
    /// Of what stands at `path` now.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            log: inode(path),
            wal: inode(&companion(path, "-wal")),
        }
    }

    /// Removes what the connection of this identity has left beside `path`, so that the next file
    /// there is not read through it. Only for a connection that was closed with nothing in the
    /// `-wal` any more.
    pub(super) fn remove_companions(&self, path: &Path) {
        if self.wal.is_none() || inode(&companion(path, "-wal")) != self.wal {
            return;
        }
        for suffix in COMPANIONS {
            // What cannot be removed is empty, or SQLite makes it anew.
            let _ = fs::remove_file(companion(path, suffix));
        }
    }
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Device and inode of the file at `path`, its identity; `None` where there is none.
pub(super) fn inode(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
