//! A file by its lines, or what is left of it at once.

use std::io::{BufRead, Read as _};

use super::super::line::{self, LineResult};
use super::super::{FilePosition, FormatError};
use crate::delivery::text;

/// The most that is held in memory at once: a line of JSON, or a file that is not read by lines.
const MAX_HELD: u64 = 1024 * 1024 * 1024;
/// The longest line that does not begin as JSON; what a device gives may have no line end at all.
const MAX_PLAIN: u64 = 256 * 1024 * 1024;

/// The lines of a file in one buffer that is used again.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    /// How many bytes were read.
    taken: u64,
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
            taken: 0,
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
        let mut read = self.read_up_to(MAX_PLAIN)?;
        if read == MAX_PLAIN && matches!(self.current(), [b'{' | b'[', ..]) {
            read += self.read_up_to(MAX_HELD - MAX_PLAIN)?;
        }
        if read == MAX_PLAIN || read == MAX_HELD {
            return Err(self.too_long(read));
        }
        self.taken += read;
        let marks = self.buffer.len() - text::without_marks(&self.buffer).len();
        self.buffer.drain(..marks);
        Ok(read > 0)
    }

    /// Reads on up to a line end or so many bytes.
    fn read_up_to(&mut self, limit: u64) -> Result<u64, FormatError> {
        let mut limited = self.reader.by_ref().take(limit);
        Ok(limited.read_until(b'\n', &mut self.buffer)? as u64)
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

    /// The next line that is not blank.
    pub fn read_item(&mut self) -> Option<LineResult> {
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
        Some(line::read(
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
            return Err(self.too_long(MAX_HELD));
        }
        Ok((self.buffer, self.number))
    }

    /// The number of the line in the buffer.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes were read so far.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes the buffer takes.
    #[cfg(test)]
    pub const fn held(&self) -> usize {
        self.buffer.capacity()
    }

    fn too_long(&self, limit: u64) -> FormatError {
        let problem = format!("longer than the {limit} bytes that are read at once");
        FormatError::at(FilePosition::Line(self.number), problem)
    }
}
