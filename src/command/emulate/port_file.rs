//! How the commands find the emulator that runs: it says where it is in a file that lasts as long as it
//! does. One that was killed leaves its file behind, which is recognised by nobody answering there.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ready::EmulatorReady;
use crate::command::World;
use crate::config::Setup;
use crate::formats::write_whole;

/// What the name of such a file begins and ends with.
const NAME: (&str, &str) = ("emulate-", ".json");

/// The file of an emulator, removed when it ends.
pub struct PortFile {
    path: PathBuf,
}

/// Where an emulator is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmulatorPlace {
    /// The URL of its API.
    pub url: String,
    /// The key of its API.
    pub api_key: String,
    /// The provider that it plays.
    pub provider: String,
}

impl PortFile {
    /// Says where an emulator is. Where that cannot be written, it is found by `--api` alone.
    pub fn write(setup: &Setup, ready: &EmulatorReady, world: &World) -> Option<Self> {
        let folder = setup.config.paths.emulators()?;
        let path = folder.join(format!("{}{}{}", NAME.0, ready.port, NAME.1));
        let place = EmulatorPlace {
            url: ready.url.clone(),
            api_key: ready.api_key.clone(),
            provider: ready.provider.clone(),
        };
        let written = (|| {
            let mut folders = fs::DirBuilder::new();
            folders.recursive(true).mode(0o700).create(&folder)?;
            let text = serde_json::to_string(&place)?;
            // For its owner alone, as the key is in it.
            write_whole(&path, |file| file.write_all(text.as_bytes()), |error| error)
        })();
        match written {
            Ok(()) => Some(Self { path }),
            Err(error) => {
                let message = format!("cannot write `{}`: {error}", path.display());
                let hint = format!("other commands find it by `--api {}`", ready.url);
                world.console.warn(&message, Some(&hint));
                None
            }
        }
    }
}

impl Drop for PortFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The emulators that say where they are, with the file of each, by their ports' names.
pub fn places(folder: &Path) -> Vec<(PathBuf, EmulatorPlace)> {
    let is_place = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let port = name
            .strip_prefix(NAME.0)
            .and_then(|name| name.strip_suffix(NAME.1));
        port.is_some_and(|port| port.parse::<u16>().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(is_place).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let place = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        Some((path, place))
    };
    paths.into_iter().filter_map(read).collect()
}
