//! A file by its lines, or what is left of it at once.

use std::borrow::Cow;
use std::io::{BufRead, Cursor, Read as _};

use super::super::line::{self, LineResult};
use super::super::message::trim_line_end;
use super::super::{FilePosition, FormatError};
use super::parts::LineParts;
use crate::delivery::text;

/// The most that is held in memory at once: a line of JSON, or a file that is not read by lines.
const MAX_HELD: u64 = 1024 * 1024 * 1024;
/// The longest line that does not begin as JSON; what a device gives may have no line end at all.
const MAX_PLAIN: u64 = 256 * 1024 * 1024;

/// The lines of a file in one buffer that is used again.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    /// What was read of it already, and is given out again first.
    held: Cursor<Vec<u8>>,
    buffer: Vec<u8>,
    parts: LineParts,
    number: u64,
    /// How many bytes were read.
    taken: u64,
    /// Whether the line in the buffer has not been given out.
    pending: bool,
    failed: bool,
}

impl<R: BufRead> LineReader<R> {
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            held: Cursor::default(),
            parts: LineParts::default(),
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
        let mut held = self.held.by_ref().take(limit);
        let read = match held.read_until(b'\n', &mut self.buffer)? {
            0 => {
                let mut limited = self.reader.by_ref().take(limit);
                limited.read_until(b'\n', &mut self.buffer)?
            }
            read => read,
        };
        Ok(read as u64)
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

    /// What is on the next line that is not blank, or on those of which it is the last part; and the
    /// number of the first.
    pub fn read_item(&mut self) -> Option<(u64, Vec<LineResult>)> {
        while !self.failed {
            let has_line = self.pending
                || match self.advance_over_blank() {
                    Ok(has_line) => has_line,
                    Err(error) => {
                        self.failed = true;
                        return Some((self.number, vec![Ok(Err(error))]));
                    }
                };
            self.pending = false;
            let (number, text, is_part_lost) = if has_line {
                let blank = self.buffer.len() - self.current().len();
                let line = self.buffer.get(blank..).unwrap_or_default();
                match self.parts.take(trim_line_end(line), self.number) {
                    Some(taken) => taken,
                    None => continue,
                }
            } else {
                self.parts.rest()?
            };
            let is_joined = matches!(text, Ok(Cow::Owned(_)));
            let told = text.map(|text| line::read(text.trim_ascii(), FilePosition::Line(number)));
            let mut told = told.unwrap_or_else(|error| vec![Ok(Err(error))]);
            if is_joined {
                let found = told.iter_mut().flatten().flatten();
                found.for_each(|found| found.note_parts(is_part_lost));
            }
            return Some((number, told));
        }
        None
    }

    /// Reads the rest and gives it from the line in the buffer on.
    pub fn hold(&mut self) -> Result<Vec<u8>, FormatError> {
        let mut text = self.current().to_vec();
        let left = MAX_HELD.saturating_sub(text.len() as u64);
        let mut rest = self.held.by_ref().chain(&mut self.reader).take(left);
        let read = rest.read_to_end(&mut text)?;
        if read as u64 == left {
            return Err(self.too_long(MAX_HELD));
        }
        Ok(text)
    }

    /// Reads by lines what [`hold`](Self::hold) gave.
    pub fn put_back(&mut self, text: Vec<u8>) {
        self.held = Cursor::new(text);
        self.number -= 1;
        self.pending = false;
    }

    /// Makes UTF-8 of UTF-16 before the first line is read.
    pub fn decode(&mut self) -> Result<(), FormatError> {
        let text = self.hold()?;
        let (decoded, was_utf16) = text::decode(&text);
        if !was_utf16 {
            return Err(FormatError::Utf16);
        }
        self.held = Cursor::new(decoded.into_owned());
        Ok(())
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
