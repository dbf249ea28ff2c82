//! The inputs: files and stdin.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::live::{LiveReader, OnWait};
use crate::formats::refuse_device;

/// Where captures, or a body, are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureInput {
    /// `-`, or nothing.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl CaptureInput {
    /// The input of a path.
    pub fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path.to_owned())
        }
    }

    /// What people know it by.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The file's name, whose extension tells its form where its first bytes leave a doubt.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Stdin => None,
            Self::File(path) => path.to_str(),
        }
    }

    /// How long the file is, where it is one that ends.
    pub fn length(&self, folder: &Path) -> Option<u64> {
        let Self::File(path) = self else { return None };
        let found = fs::metadata(folder.join(path)).ok()?;
        found.is_file().then_some(found.len())
    }

    /// Opens it; a path is taken from `folder`. Of what may stay open, `on_wait` is told whenever
    /// nothing more is there.
    pub fn open(&self, folder: &Path, on_wait: impl FnOnce() -> OnWait) -> io::Result<InputReader> {
        let path = match self {
            Self::File(path) => folder.join(path),
            Self::Stdin => {
                let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
                refuse_device(&stdin)?;
                return if stdin.metadata()?.is_file() {
                    Ok(InputReader::File(stdin))
                } else {
                    LiveReader::start(move || Ok(stdin), on_wait()).map(InputReader::Live)
                };
            }
        };
        if fs::metadata(&path)?.file_type().is_fifo() {
            // To open it waits for who writes to it.
            return LiveReader::start(move || File::open(path), on_wait()).map(InputReader::Live);
        }
        let file = File::open(path)?;
        refuse_device(&file)?;
        Ok(InputReader::File(file))
    }
}

/// What an input is read from.
pub enum InputReader {
    /// A file, which any thread may read.
    File(File),
    /// What may stay open, and tells who waits for more.
    Live(LiveReader),
}

impl Read for InputReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Live(live) => live.read(buffer),
        }
    }
}
