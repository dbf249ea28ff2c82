//! The local development secret and key pair, with which `listen` and `send` understand each other when nobody
//! configured one.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::{Config, ConfigError};
use crate::provider::read_text;
use crate::signature::new_pair;

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
        let text = || {
            let mut bytes = [0; RANDOM_BYTES];
            random(&mut bytes);
            Some(format!("whsec_{}", hex::encode(bytes)))
        };
        read_or_make(&path, text).map_err(|source| ConfigError::LocalSecret { path, source })
    }

    /// The local development pair beside it, in PEM, for schemes whose pairs do not follow from a secret;
    /// made when there is none yet.
    pub fn local_pair(&self) -> Result<Vec<u8>, ConfigError> {
        let path = self
            .paths
            .local_pair_file()
            .ok_or(ConfigError::NoHome("the local key pair"))?;
        read_or_make(&path, new_pair).map_err(|source| ConfigError::LocalSecret { path, source })
    }

    /// The local development pair, where there is one that can be read.
    pub fn known_local_pair(&self) -> Option<Vec<u8>> {
        read(&self.paths.local_pair_file()?).ok().flatten()
    }

    /// The local development secret, where there is one that can be read.
    pub fn known_local_secret(&self) -> Option<Vec<u8>> {
        read(&self.paths.local_secret_file()?).ok().flatten()
    }
}

fn read_or_make(path: &Path, text: impl FnOnce() -> Option<String>) -> io::Result<Vec<u8>> {
    if let Some(bytes) = read(path)? {
        return Ok(bytes);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let text = text().ok_or_else(|| io::Error::other("the system gives no random bytes"))?;
    // Two first runs at once: the file appears whole or not at all, and the one that is late takes
    // the other's. `tempfile` makes it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", text.trim_end())?;
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
