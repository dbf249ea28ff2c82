//! A file by its lines, or what is left of it at once.

use std::io::{BufRead, Read as _};

use super::super::{FilePosition, FormatError, FoundCapture, json};
use crate::delivery::text;

/// The most that is held in memory at once: a line, or a file that is not read by lines.
const MAX_HELD: u64 = 1024 * 1024 * 1024;

/// A capture in a line, also behind what containers and CI put before each; `None` is a line that is no
/// delivery, such as what a program says between them.
pub fn read_line(line: &[u8], place: FilePosition) -> Result<Option<FoundCapture>, FormatError> {
    match line.iter().position(|byte| *byte == b'{') {
        Some(0) => json::read(line, place),
        Some(start) if !line.starts_with(b"[") => {
            let behind = line.get(start..).unwrap_or_default();
            Ok(json::read(behind, place).unwrap_or_default())
        }
        _ if line.starts_with(b"[") || line.starts_with(b"\"") => json::read(line, place),
        _ => Ok(None),
    }
}

/// The lines of a file in one buffer that is used again.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    /// Whether the line in the buffer has not been given out.
    pending: bool,
    failed: bool,
}

impl<R: BufRead> LineReader<R> {
    pub const fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            number: 0,
            pending: false,
            failed: false,
        }
    }

    /// The line in the buffer, from its first byte that is not blank.
    pub fn current(&self) -> &[u8] {
        self.buffer.trim_ascii_start()
    }

    /// Reads the next line; false at the end.
    fn advance(&mut self) -> Result<bool, FormatError> {
        self.buffer.clear();
        self.number += 1;
        let mut limited = self.reader.by_ref().take(MAX_HELD);
        let read = limited.read_until(b'\n', &mut self.buffer)?;
        if read as u64 == MAX_HELD {
            return Err(self.too_long());
        }
        let marks = self.buffer.len() - text::without_marks(&self.buffer).len();
        self.buffer.drain(..marks);
        Ok(read > 0)
    }

    pub fn advance_over_blank(&mut self) -> Result<bool, FormatError> {
        while self.advance()? {
            if !self.current().is_empty() {
                self.pending = true;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next line that is not blank; `None` within is one that is no delivery.
    pub fn read_item(&mut self) -> Option<Result<Option<FoundCapture>, FormatError>> {
        if self.failed {
            return None;
        }
        if !self.pending {
            match self.advance_over_blank() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        self.pending = false;
        Some(read_line(
            self.buffer.trim_ascii(),
            FilePosition::Line(self.number),
        ))
    }

    /// All from the line in the buffer on, and the number of that line.
    pub fn into_rest(mut self) -> Result<(Vec<u8>, u64), FormatError> {
        let blank = self.buffer.len() - self.current().len();
        self.buffer.drain(..blank);
        let left = MAX_HELD.saturating_sub(self.buffer.len() as u64);
        let read = self
            .reader
            .by_ref()
            .take(left)
            .read_to_end(&mut self.buffer)?;
        if read as u64 == left {
            return Err(self.too_long());
        }
        Ok((self.buffer, self.number))
    }

    /// How many bytes the buffer takes.
    #[cfg(test)]
    pub const fn held(&self) -> usize {
        self.buffer.capacity()
    }

    fn too_long(&self) -> FormatError {
        let problem = format!("longer than the {MAX_HELD} bytes that are read at once");
        FormatError::at(FilePosition::Line(self.number), problem)
    }
}
