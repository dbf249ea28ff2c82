//! The local development secret, with which `listen` and `send` understand each other when nobody
//! configured one.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::{Config, ConfigError};
use crate::provider::read_text;

/// How many random bytes the secret has; it is written as hex behind `whsec_`.
const RANDOM_BYTES: usize = 24;

/// The local development secret, and where it is.
pub struct LocalSecret {
    /// The secret.
    pub bytes: Vec<u8>,
    /// Its file.
    pub path: PathBuf,
    /// Why it is not in the user's folder, where it is elsewhere.
    pub elsewhere: Option<ConfigError>,
}

impl Config {
    /// The local development secret; made of `random` bytes when there is none yet, in a file of
    /// mode 0600. A container may have no home, or one that is read-only or somebody else's: it is
    /// then in a folder of the user's alone among the temporary files.
    pub fn local_secret(&self, random: impl Fn(&mut [u8])) -> Result<LocalSecret, ConfigError> {
        let error = match self.paths.local_secret_file() {
            None => ConfigError::NoHome("the local secret"),
            Some(path) => match read_or_make(&path, &random) {
                Ok(bytes) => {
                    let elsewhere = None;
                    return Ok(LocalSecret {
                        bytes,
                        path,
                        elsewhere,
                    });
                }
                Err(source) => ConfigError::LocalSecret { path, source },
            },
        };
        let path = self.paths.temporary_secret_file();
        let made = make_private(&path).and_then(|()| read_or_make(&path, random));
        match made {
            Ok(bytes) => {
                let elsewhere = Some(error);
                Ok(LocalSecret {
                    bytes,
                    path,
                    elsewhere,
                })
            }
            Err(_) => Err(error),
        }
    }

    /// The local development secret, where there is one that can be read.
    pub fn known_local_secret(&self) -> Option<Vec<u8>> {
        let own = self.paths.local_secret_file();
        let own = own.and_then(|path| read(&path).ok().flatten());
        own.or_else(|| {
            let path = self.paths.temporary_secret_file();
            check_private(&path)
                .and_then(|()| read(&path))
                .ok()
                .flatten()
        })
    }
}

/// Makes the folder of a file among the temporary ones, where anybody may have made it before.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder_of(path)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => check_private(path),
    }
}

/// Fails unless the file's folder is this user's, and closed to all others.
fn check_private(path: &Path) -> io::Result<()> {
    let folder = std::fs::symlink_metadata(folder_of(path))?;
    let is_own = folder.uid() == rustix::process::geteuid().as_raw();
    if folder.is_dir() && is_own && folder.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn read_or_make(path: &Path, random: impl Fn(&mut [u8])) -> io::Result<Vec<u8>> {
    if let Some(bytes) = read(path)? {
        return Ok(bytes);
    }
    let folder = folder_of(path);
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
