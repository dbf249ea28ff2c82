//! The local development secret, with which `listen` and `send` understand each other when nobody
//! configured one.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::{Config, ConfigError};
use crate::provider::read_text;

/// How many random bytes the secret has; it is written as hex behind `whsec_`.
const RANDOM_BYTES: usize = 24;

impl Config {
    /// The local development secret; made of `random` bytes when there is none yet, in a file of
    /// mode 0600.
    pub fn local_secret(&self, random: impl FnOnce(&mut [u8])) -> Result<Vec<u8>, ConfigError> {
        let path = self
            .paths
            .local_secret_file()
            .ok_or(ConfigError::NoHome("the local secret"))?;
        read_or_make(&path, random).map_err(|source| ConfigError::LocalSecret { path, source })
    }

    /// The local development secret, where there is one that can be read.
    pub fn known_local_secret(&self) -> Option<Vec<u8>> {
        read(&self.paths.local_secret_file()?).ok().flatten()
    }
}

fn read_or_make(path: &Path, random: impl FnOnce(&mut [u8])) -> io::Result<Vec<u8>> {
    if let Some(bytes) = read(path)? {
        return Ok(bytes);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut bytes = [0; RANDOM_BYTES];
    random(&mut bytes);
    // Two first runs at once: the file appears whole or not at all, and the one that is late takes
    // the other's. `tempfile` makes it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "whsec_{}", hex::encode(bytes))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => read(path)?.ok_or_else(|| io::Error::other("the file is empty")),
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_text(path) {
        Ok(text) => Ok(Some(text.trim().as_bytes().to_vec()).filter(|bytes| !bytes.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
