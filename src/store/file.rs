//! The log as a file: made for its owner alone, and watched for being taken away.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection waits for another one's lock on it.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

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

/// Device and inode of a file; `None` where there is none.
pub(super) type Inode = Option<(u64, u64)>;

/// Which files stand at `path` now: the log and its `-wal`.
///
/// A file that was deleted or renamed goes on taking writes through an open connection, and all of
/// them are lost. Comparing tells.
pub(super) fn identity(path: &Path) -> [Inode; 2] {
    [inode(path), inode(&companion(path, "-wal"))]
}

/// Removes what a connection to the files of `identity` has left beside `path`, so that the next
/// file there is not read through it. Only for a connection that was closed with nothing in the
/// `-wal` any more.
pub(super) fn remove_companions([_, wal]: [Inode; 2], path: &Path) {
    if wal.is_none() || inode(&companion(path, "-wal")) != wal {
        return;
    }
    for suffix in COMPANIONS {
        // What cannot be removed is empty, or SQLite makes it anew.
        let _ = fs::remove_file(companion(path, suffix));
    }
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The inode of what stands at `path`.
pub(super) fn inode(path: &Path) -> Inode {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
