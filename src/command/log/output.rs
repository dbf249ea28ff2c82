//! JSON lines on stdout, and counts in words.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::console::Console;
use crate::report::counted;
use crate::report::sanitize::escape;

/// How much is gathered before it is written, so that a long log takes few system calls.
const BUFFER_BYTES: usize = 64 * 1024;

/// stdout for bytes that stay as they are.
///
/// [`Console::data`] takes out what a stream without colours does not want, a DEL among it, which
/// JSON may hold as it is.
#[derive(Debug, Clone, Copy)]
pub struct Raw(Console);

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.raw(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// stdout for many lines; what was gathered last goes out with `flush`.
pub fn buffered(console: Console) -> BufWriter<Raw> {
    BufWriter::with_capacity(BUFFER_BYTES, Raw(console))
}

/// Writes one line with its end, in one piece.
pub fn line(out: &mut (impl Write + ?Sized), mut text: String) -> io::Result<()> {
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// `1 delivery`, `2 deliveries`.
pub fn deliveries(count: u64) -> String {
    counted(count, "delivery", "deliveries")
}

/// `1 attempt`, `2 attempts`.
pub fn attempts(count: u64) -> String {
    counted(count, "attempt", "attempts")
}

/// A path for a sentence.
pub fn shown(path: &Path) -> String {
    format!("`{}`", escape(&path.to_string_lossy()))
}
