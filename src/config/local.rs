//! The local development secret and key pair, with which `listen` and `send` understand each other when nobody
//! configured one.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::paths::{LOCAL_PAIR, LOCAL_SECRET};
use super::{Config, ConfigError};
use crate::provider::read_text;
use crate::signature::new_pair;

/// How many random bytes the secret has; it is written as hex behind `whsec_`.
const RANDOM_BYTES: usize = 24;

/// The local development secret or pair, and where it is.
pub struct LocalSecret {
    /// The secret, or the pair in PEM.
    pub bytes: Vec<u8>,
    /// Its file.
    pub path: PathBuf,
    /// Why it is not in the user's folder, where it is elsewhere.
    pub elsewhere: Option<ConfigError>,
}

impl Config {
    /// The local development secret; made of `random` bytes when there is none yet, in a file of
    /// mode 0600.
    pub fn local_secret(&self, random: impl Fn(&mut [u8])) -> Result<LocalSecret, ConfigError> {
        let text = || {
            let mut bytes = [0; RANDOM_BYTES];
            random(&mut bytes);
            Some(format!("whsec_{}", hex::encode(bytes)))
        };
        self.keep(LOCAL_SECRET, "the local secret", &text)
    }

    /// The local development pair beside it, in PEM, for schemes whose pairs do not follow from a secret;
    /// made when there is none yet.
    pub fn local_pair(&self) -> Result<LocalSecret, ConfigError> {
        self.keep(LOCAL_PAIR, "the local key pair", &new_pair)
    }

    /// The local development pair, where there is one that can be read.
    pub fn known_local_pair(&self) -> Option<Vec<u8>> {
        self.known(LOCAL_PAIR)
    }

    /// The local development secret, where there is one that can be read.
    pub fn known_local_secret(&self) -> Option<Vec<u8>> {
        self.known(LOCAL_SECRET)
    }

    /// A file of the user's folder. A container may have no home, or one that is read-only or
    /// somebody else's: the file is then in a folder of the user's alone among the temporary ones.
    fn keep(
        &self,
        name: &str,
        what: &'static str,
        text: &dyn Fn() -> Option<String>,
    ) -> Result<LocalSecret, ConfigError> {
        let kept = |bytes, path, elsewhere| LocalSecret {
            bytes,
            path,
            elsewhere,
        };
        let error = match self.paths.config_folder() {
            None => ConfigError::NoHome(what),
            Some(folder) => {
                let path = folder.join(name);
                match read_or_make(&path, text) {
                    Ok(bytes) => return Ok(kept(bytes, path, None)),
                    Err(source) => ConfigError::LocalSecret { path, source },
                }
            }
        };
        let path = self.paths.temporary_folder().join(name);
        match make_private(&path).and_then(|()| read_or_make(&path, text)) {
            Ok(bytes) => Ok(kept(bytes, path, Some(error))),
            Err(_) => Err(error),
        }
    }

    fn known(&self, name: &str) -> Option<Vec<u8>> {
        let own = self.paths.config_folder();
        let own = own.and_then(|folder| read(&folder.join(name)).ok().flatten());
        own.or_else(|| {
            let path = self.paths.temporary_folder().join(name);
            check_private(&path).and_then(|()| read(&path)).ok()?
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
    let for_others = folder.mode() & 0o077;
    if folder.is_dir() && is_own && for_others == 0 {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn read_or_make(path: &Path, text: &dyn Fn() -> Option<String>) -> io::Result<Vec<u8>> {
    if let Some(bytes) = read(path)? {
        return Ok(bytes);
    }
    let folder = folder_of(path);
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
