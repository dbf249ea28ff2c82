//! A file of captures that can be read twice: to see whether all of it is right, and to use it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use super::{CaptureReader, FormatError, captures};

/// A file, or what came out of a pipe. What is held in memory does not grow with it.
#[derive(Debug)]
pub struct CaptureFile {
    file: File,
    name: Option<String>,
}

impl CaptureFile {
    /// Opens a file; `-` is stdin.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            let file = spooled(io::stdin().lock())?;
            return Ok(Self { file, name: None });
        }
        let file = File::open(path)?;
        let is_file = file.metadata()?.is_file();
        Ok(Self {
            file: if is_file { file } else { spooled(file)? },
            name: Some(path.to_string_lossy().into_owned()),
        })
    }

    /// The captures from the beginning of the file.
    pub fn captures(&self) -> Result<CaptureReader<BufReader<&File>>, FormatError> {
        (&self.file).rewind()?;
        captures(BufReader::new(&self.file), self.name.as_deref())
    }
}

/// What comes out of a pipe, in a file that nobody else sees.
fn spooled(mut pipe: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut pipe, &mut file)?;
    Ok(file)
}
