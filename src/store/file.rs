//! The log as a file: made for its owner alone, and watched for being taken away.

use std::array;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::mem::ManuallyDrop;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

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

/// Moves such a connection's `-wal` aside where it holds rows, to the first free name behind the
/// log's with `-wal-kept`: rows in it were answered, and the file at `path` must not be read through it.
pub(super) fn set_companions_aside(identity: [Inode; 2], path: &Path) {
    if !is_at_rest(path) && identity[1] == inode(&companion(path, "-wal")) {
        let names = (1..).map(|number| companion(path, &format!("-wal-kept-{number}")));
        let mut free = names.skip_while(|name| name.exists());
        let kept = free
            .next()
            .map(|name| fs::rename(companion(path, "-wal"), name));
        // What cannot be moved stays, rather than be lost.
        if kept.is_some_and(|kept| kept.is_ok()) {
            let _ = fs::remove_file(companion(path, "-shm"));
        }
        return;
    }
    remove_companions(identity, path);
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether all rows of the log at `path` stand in it, and none in a `-wal`.
pub(super) fn is_at_rest(path: &Path) -> bool {
    !fs::metadata(companion(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
}

/// What every `SQLite` database begins with (<https://sqlite.org/fileformat2.html>, 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What a `-wal` begins with, but for the last bit (the same page, 4.1).
const WAL_MAGIC: u32 = 0x377f_0682;

/// How long the log may stay as short as it is while another program moves pages into it: the first one
/// has the count of all.
const REST: Duration = Duration::from_secs(10);

/// Looks at the files under an open connection, which reads neither again: a log that was emptied or
/// written over in place is the same file, and takes rows without an error that nobody can read.
///
/// An older copy of a log that is written over it is not told from the log.
pub(super) struct Witness {
    /// Never closed: closing it would drop the locks that the connections of this process hold.
    log: ManuallyDrop<File>,
    page_bytes: i64,
    /// How long the log was when it was looked at last, in bytes.
    length: i64,
}

impl Witness {
    /// Of the log at `path`, whose pages have `page_bytes`.
    pub(super) fn new(path: &Path, page_bytes: i64) -> io::Result<Self> {
        let log = ManuallyDrop::new(File::open(path)?);
        let length = length(&log)?;
        Ok(Self {
            log,
            page_bytes,
            length,
        })
    }

    /// Whether the log and its `-wal` are still what was written there.
    pub(super) fn is_sound(&mut self, path: &Path) -> bool {
        self.log_is_sound().unwrap_or(false) && wal_is_sound(path).unwrap_or(false)
    }

    /// A log that is shorter than its header says is cut short, where it was longer before. On a full
    /// disk only some of its pages could be moved into it, and the others stay in the `-wal`.
    fn log_is_sound(&mut self) -> io::Result<bool> {
        let (mut grown, mut longest) = (Instant::now(), 0);
        loop {
            let mut header = [0; 100];
            self.log.read_exact_at(&mut header, 0)?;
            let number = |at: usize| i64::from_be_bytes(array::from_fn(|i| header[at + i]));
            if !header.starts_with(MAGIC) || number(16) >> 48 != self.page_bytes {
                return Ok(false);
            }
            let pages = number(28) >> 32;
            let bytes = length(&self.log)?;
            if bytes >= pages.saturating_mul(self.page_bytes).min(self.length) {
                self.length = bytes;
                return Ok(true);
            }
            if bytes > longest {
                (grown, longest) = (Instant::now(), bytes);
            } else if grown.elapsed() > REST {
                return Ok(false);
            }
            thread::sleep(REST / 500);
        }
    }
}

fn length(file: &File) -> io::Result<i64> {
    Ok(i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX))
}

/// An empty `-wal` is sound: its rows were moved into the log.
fn wal_is_sound(path: &Path) -> io::Result<bool> {
    let mut wal = File::open(companion(path, "-wal"))?;
    let mut magic = [0; 4];
    match wal.read(&mut magic)? {
        0 => Ok(true),
        _ => Ok(u32::from_be_bytes(magic) & !1 == WAL_MAGIC),
    }
}

/// The inode of what stands at `path`.
pub(super) fn inode(path: &Path) -> Inode {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Whether an open file is the one at a path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let found = file.metadata();
    found.is_ok_and(|found| inode(path) == Some((found.dev(), found.ino())))
}
