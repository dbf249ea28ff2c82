//! A file by its lines, or what is left of it at once.

use std::borrow::Cow;
use std::io::{BufRead, Cursor, Read as _};

use super::super::line::{self, LineResult};
use super::super::message::trim_line_end;
use super::super::{FilePosition, FormatError};
use super::parts::{LineParts, WholeLine};
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

/// A line, or why there is none.
#[derive(Debug)]
pub struct TextLine {
    /// The number of the line, or of the first that it was joined from.
    pub number: u64,
    /// How many bytes were read before it.
    pub taken: u64,
    text: Result<Vec<u8>, FormatError>,
    is_joined: bool,
    is_part_lost: bool,
}

impl TextLine {
    fn new((number, text, is_part_lost): WholeLine<'_>, taken: u64) -> Self {
        Self {
            number,
            taken,
            is_joined: matches!(text, Ok(Cow::Owned(_))),
            is_part_lost,
            text: text.map(Cow::into_owned),
        }
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.text.as_ref().map_or(0, Vec::len)
    }

    /// What is on it.
    pub fn read(self) -> Vec<LineResult> {
        let place = FilePosition::Line(self.number);
        let told = self.text.map(|text| line::read(text.trim_ascii(), place));
        let mut told = told.unwrap_or_else(|error| vec![Ok(Err(error))]);
        if self.is_joined {
            let found = told.iter_mut().flatten().flatten();
            found.for_each(|found| found.note_parts(self.is_part_lost));
        }
        told
    }
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

    /// The next line that is not blank, or what is whole with it where it is the last part of one.
    pub fn next_line(&mut self) -> Option<TextLine> {
        while !self.failed {
            let taken = self.taken;
            let has_line = self.pending
                || match self.advance_over_blank() {
                    Ok(has_line) => has_line,
                    Err(error) => {
                        self.failed = true;
                        return Some(TextLine::new((self.number, Err(error), false), taken));
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
            return Some(TextLine::new((number, text, is_part_lost), taken));
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
