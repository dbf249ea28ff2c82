//! Captures out of a file of any form: its first bytes decide which.

mod lines;

use std::io::BufRead;
use std::vec;

use serde_json::value::RawValue;

use super::json::{self, JsonShape};
use super::{FilePosition, FormatError, FoundCapture, curl, har, message};
use crate::delivery::capture::CaptureError;
use crate::delivery::text;
use lines::LineReader;

/// Reads the captures of a file one after the other. NDJSON is read by lines, so that a file of any
/// size takes the memory of its longest line; after an error the next line is tried.
#[derive(Debug)]
pub struct CaptureReader<R> {
    source: CaptureSource<R>,
    skipped: u64,
}

#[derive(Debug)]
enum CaptureSource<R> {
    Lines(LineReader<R>),
    Read(vec::IntoIter<Result<FoundCapture, FormatError>>),
}

/// Looks at the first bytes of `reader` and gives what reads the rest. `name` is the file's, and its
/// extension decides where the first bytes leave a doubt.
pub fn captures<R: BufRead>(
    reader: R,
    name: Option<&str>,
) -> Result<CaptureReader<R>, FormatError> {
    let mut reader = reader;
    if text::is_utf16(reader.fill_buf()?) {
        return Err(FormatError::Utf16);
    }
    let mut lines = LineReader::new(reader);
    if !lines.advance_over_blank()? {
        return Err(FormatError::Empty);
    }
    let first = lines.current().first();
    let by_lines = first == Some(&b'{')
        && (has_extension(name, &["ndjson", "jsonl"])
            || matches!(
                json::shape(lines.current()),
                JsonShape::Object | JsonShape::Broken
            ));
    if by_lines {
        return Ok(CaptureReader {
            source: CaptureSource::Lines(lines),
            skipped: 0,
        });
    }
    let is_json = matches!(first, Some(b'{' | b'['));
    let (rest, line) = lines.into_rest()?;
    if is_json {
        CaptureReader::of_json(&rest, line)
    } else {
        CaptureReader::of_messages(&rest, line, has_extension(name, &["http", "rest"]))
    }
}

fn has_extension(name: Option<&str>, extensions: &[&str]) -> bool {
    let extension = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    extension.is_some_and(|e| extensions.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

impl<R> CaptureReader<R> {
    /// How many lines or entries were no delivery so far.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn of_read(found: Vec<Result<FoundCapture, FormatError>>, skipped: u64) -> Self {
        Self {
            source: CaptureSource::Read(found.into_iter()),
            skipped,
        }
    }

    fn of_json(rest: &[u8], line: u64) -> Result<Self, FormatError> {
        if json::shape(rest) == JsonShape::Har {
            let (found, skipped) = har::read(rest)?;
            return Ok(Self::of_read(found, skipped));
        }
        let mut skipped = 0;
        let mut readings = Vec::new();
        for item in items(rest, line) {
            match item.and_then(|(place, text)| json::read(text.get().as_bytes(), place)) {
                Ok(Some(reading)) => readings.push(Ok(reading)),
                Ok(None) => skipped += 1,
                Err(error) => readings.push(Err(error)),
            }
        }
        Ok(Self::of_read(readings, skipped))
    }

    /// The captures in the lines of a text that is something else besides; `None` where there are none.
    fn of_lines(rest: &[u8], line: u64) -> Option<Self> {
        let (mut found, mut skipped) = (Vec::new(), 0);
        for (number, text) in (line..).zip(rest.split(|byte| *byte == b'\n')) {
            match lines::read_line(text.trim_ascii(), FilePosition::Line(number)) {
                Ok(Some(capture)) => found.push(Ok(capture)),
                _ => skipped += u64::from(!text.trim_ascii().is_empty()),
            }
        }
        (!found.is_empty()).then(|| Self::of_read(found, skipped))
    }

    fn of_messages(rest: &[u8], line: u64, named: bool) -> Result<Self, FormatError> {
        if curl::read::looks_like_one(rest) {
            return Ok(Self::of_read(vec![Ok(curl::read::read(rest, line)?)], 0));
        }
        if !named && !message::looks_like_one(rest) {
            return Self::of_lines(rest, line).ok_or(FormatError::Unrecognised);
        }
        Ok(Self::of_read(message::read_all(rest, line, named)?, 0))
    }
}

/// The JSON values of a document: those of its list, or those that stand one after the other.
fn items(rest: &[u8], mut line: u64) -> Vec<Result<(FilePosition, &RawValue), FormatError>> {
    let broken = |line, error| FormatError::Capture {
        place: FilePosition::Line(line),
        source: CaptureError::Form(error),
    };
    if rest.first() == Some(&b'[') {
        return match serde_json::from_slice::<Vec<&RawValue>>(rest) {
            Ok(items) => {
                let numbered = items.into_iter().enumerate();
                numbered
                    .map(|(index, item)| Ok((FilePosition::Item(index + 1), item)))
                    .collect()
            }
            Err(error) => vec![Err(broken(line, error))],
        };
    }
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&RawValue>();
    let mut items = Vec::new();
    let mut from = 0;
    while let Some(value) = values.next() {
        let gap = rest.get(from..).unwrap_or_default();
        let blank = gap.iter().take_while(|b| b.is_ascii_whitespace());
        let start = line + newlines(blank);
        items.push(
            value
                .map(|v| (FilePosition::Line(start), v))
                .map_err(|e| broken(start, e)),
        );
        let to = values.byte_offset();
        line += newlines(rest.get(from..to).unwrap_or_default());
        from = to;
    }
    items
}

fn newlines<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u64 {
    bytes.into_iter().filter(|b| **b == b'\n').count() as u64
}

impl<R: BufRead> Iterator for CaptureReader<R> {
    type Item = Result<FoundCapture, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let lines = match &mut self.source {
            CaptureSource::Read(readings) => return readings.next(),
            CaptureSource::Lines(lines) => lines,
        };
        loop {
            match lines.read_item()? {
                Ok(Some(reading)) => return Some(Ok(reading)),
                Ok(None) => self.skipped += 1,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
