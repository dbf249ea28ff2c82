//! A file of captures, or what came out of a pipe as one.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::thread::Scope;

use super::{CaptureReader, FormatError, FoundCapture, captures, captures_on_all_cores};

/// How much of a pipe is read before it is looked at: more than the talk before a first delivery.
const PROBED: u64 = 65 * 1024 * 1024;

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

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
        refuse_device(&file)?;
        let is_file = file.metadata()?.is_file();
        Ok(Self {
            file: if is_file { file } else { spooled(file)? },
            name: Some(path.to_string_lossy().into_owned()),
        })
    }

    /// The captures from the beginning of the file.
    pub fn captures(&self) -> Result<CaptureReader<'_>, FormatError> {
        captures(self.reader()?, self.name.as_deref())
    }

    /// The same on all cores, as [`captures_on_all_cores`] has it.
    pub fn captures_on_all_cores<'scope, T: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl Fn(FoundCapture) -> T + Send + Sync + 'scope,
    ) -> Result<CaptureReader<'scope, T>, FormatError> {
        captures_on_all_cores(scope, self.reader()?, self.name.as_deref(), work)
    }

    /// Fails where a byte of it cannot be read, whatever they say.
    pub fn ensure_readable(&self) -> io::Result<()> {
        io::copy(&mut self.reader()?, &mut io::sink()).map(drop)
    }

    /// A reader from the beginning.
    fn reader(&self) -> io::Result<BufReader<&File>> {
        (&self.file).rewind()?;
        Ok(BufReader::with_capacity(BUFFER, &self.file))
    }
}

/// Refuses a device that gives bytes without an end, such as `/dev/zero`.
pub fn refuse_device(mut file: &File) -> io::Result<()> {
    let is_device = file.metadata()?.file_type().is_char_device() && !file.is_terminal();
    if is_device && file.read(&mut [0])? > 0 {
        return Err(io::Error::other("it is a device without an end"));
    }
    Ok(())
}

/// What comes out of a pipe, in a file that nobody else sees. Of what is none of the forms only the
/// beginning is kept, as it may have no end.
fn spooled(mut pipe: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let start = io::copy(&mut pipe.by_ref().take(PROBED), &mut file)?;
    if start == PROBED && may_go_on(&file)? {
        file.seek(SeekFrom::End(0))?;
        io::copy(&mut pipe, &mut file)?;
    }
    Ok(file)
}

/// Whether a beginning is one of captures.
fn may_go_on(mut file: &File) -> io::Result<bool> {
    file.rewind()?;
    Ok(match captures(BufReader::new(file), None) {
        Ok(mut captures) => !matches!(captures.next(), Some(Err(FormatError::Unrecognised))),
        Err(error) => error.is_broken(),
    })
}
