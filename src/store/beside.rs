//! Small files beside the log: the rows of the last list, and a lock for each replay that runs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::AtPath;
use super::{Reader, StoreError, file};

/// What the file of the rows is called behind the log's name.
const ROWS: &str = "-rows";

/// Held as long as a bulk replay runs, or an emulated provider. The system lets it go where the program is killed.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    /// Closing it opens the lock.
    _file: File,
}

impl RunLock {
    /// Takes the lock whose file is at `path`; `None` where another program has it.
    pub fn take(path: PathBuf) -> Result<Option<Self>, StoreError> {
        loop {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(&path).at(&path)?;
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
                return Ok(None);
            }
            // Whoever had it may have removed the file after it was opened here.
            if file::is_at(&file, &path) {
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Reader {
    /// Keeps the ids of a list that is shown, by whose numbers its deliveries can be named until the
    /// next one is.
    pub fn remember_rows(&self, ids: &[String]) -> io::Result<()> {
        let path = self.beside(ROWS);
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(serde_json::to_string(ids)?.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }

    /// The id in a row of the last list that was shown, counted from 1.
    pub fn row(&self, number: usize) -> Option<String> {
        let text = fs::read(self.beside(ROWS)).ok()?;
        let ids: Vec<String> = serde_json::from_slice(&text).ok()?;
        ids.into_iter().nth(number.checked_sub(1)?)
    }

    /// Takes the lock of a run; `None` where another replay has it.
    pub fn lock_run(&self, id: &str) -> Result<Option<RunLock>, StoreError> {
        RunLock::take(self.beside(&format!("-{id}")))
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path().as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }
}
