//! A file that nobody sees before it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What a file is called until it is whole.
const UNFINISHED_PREFIX: &str = ".webhook-export-";

/// Writes beside the file and takes its place when all is there, so that nobody reads half of it and
/// what was there before stays until then. For its owner alone, as the log is. `failed` makes an
/// error of what the file system says.
pub fn write_whole<T, E>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    failed: impl Fn(io::Error) -> E,
) -> Result<T, E> {
    // A link is followed: what it leads to is replaced, not the link.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if place.exists() && !place.is_file() {
        // A pipe or a device cannot be replaced, only written to.
        let device = File::options().write(true).open(&place).map_err(&failed)?;
        let mut out = BufWriter::new(device);
        let done = write(&mut out)?;
        out.flush().map_err(failed)?;
        return Ok(done);
    }
    let folder = place.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::metadata(folder).map_err(&failed)?;
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED_PREFIX)
        .tempfile_in(folder)
        // The kind alone: the rest of the message tells the unfinished name.
        .map_err(|error| failed(error.kind().into()))?;
    let mut out = BufWriter::new(unfinished);
    let done = write(&mut out)?;
    let finished = out.into_inner().map_err(|e| failed(e.into_error()))?;
    finished.as_file().sync_all().map_err(&failed)?;
    finished.persist(&place).map_err(|e| failed(e.error))?;
    Ok(done)
}
