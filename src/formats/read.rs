//! Captures out of a file of any form: its first bytes decide which.

mod lines;

use std::io::BufRead;
use std::vec;

use serde_json::value::RawValue;

use super::json::{self, JsonShape};
use super::{FilePosition, FormatError, FoundCapture, har, message};
use lines::{LineReader, Rest};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Our captures, one JSON object a line.
    Ndjson,
    /// Our captures as JSON over several lines, one after the other or in a list.
    Json,
    /// HAR.
    Har,
    /// Raw HTTP/1.x request messages.
    Message,
}

/// Reads the captures of a file one after the other. NDJSON is read by lines, so that a file of any
/// size takes the memory of its longest line; after an error the next line is tried.
#[derive(Debug)]
pub struct CaptureReader<R> {
    form: Form,
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
    let mut lines = LineReader::new(reader);
    if !lines.advance_over_blank()? {
        return Err(FormatError::Empty);
    }
    match lines.current().first() {
        Some(b'{') if has_extension(name, &["ndjson", "jsonl"]) => {
            Ok(CaptureReader::of_lines(lines))
        }
        Some(b'{') => match json::shape(lines.current()) {
            JsonShape::Object | JsonShape::Broken => Ok(CaptureReader::of_lines(lines)),
            JsonShape::Har | JsonShape::Unfinished => lines
                .into_rest()
                .and_then(|rest| CaptureReader::of_json(&rest)),
        },
        Some(b'[') => lines
            .into_rest()
            .and_then(|rest| CaptureReader::of_json(&rest)),
        _ => {
            let wanted = has_extension(name, &["http", "req"]);
            lines
                .into_rest()
                .and_then(|rest| CaptureReader::of_messages(&rest, wanted))
        }
    }
}

fn has_extension(name: Option<&str>, extensions: &[&str]) -> bool {
    let extension = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    extension.is_some_and(|e| extensions.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

impl<R> CaptureReader<R> {
    /// The form that the first bytes are of.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// How many lines or entries were no delivery so far.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    const fn of_lines(lines: LineReader<R>) -> Self {
        Self {
            form: Form::Ndjson,
            source: CaptureSource::Lines(lines),
            skipped: 0,
        }
    }

    fn of_readings(
        form: Form,
        readings: Vec<Result<FoundCapture, FormatError>>,
        skipped: u64,
    ) -> Self {
        Self {
            form,
            source: CaptureSource::Read(readings.into_iter()),
            skipped,
        }
    }

    fn of_json(rest: &Rest) -> Result<Self, FormatError> {
        if json::shape(&rest.bytes) == JsonShape::Har {
            let entries = har::read(&rest.bytes)?;
            let readings = entries.readings.into_iter().map(Ok).collect();
            return Ok(Self::of_readings(Form::Har, readings, entries.skipped));
        }
        let mut skipped = 0;
        let mut readings = Vec::new();
        for item in items(rest) {
            match item.and_then(|(place, text)| json::read(text.get().as_bytes(), place)) {
                Ok(Some(reading)) => readings.push(Ok(reading)),
                Ok(None) => skipped += 1,
                Err(error) => readings.push(Err(error)),
            }
        }
        Ok(Self::of_readings(Form::Json, readings, skipped))
    }

    fn of_messages(rest: &Rest, wanted: bool) -> Result<Self, FormatError> {
        if !wanted && !message::looks_like_one(&rest.bytes) {
            return Err(FormatError::Unrecognised);
        }
        let messages = message::read_all(&rest.bytes, rest.line)?;
        let readings = messages.into_iter().map(Ok).collect();
        Ok(Self::of_readings(Form::Message, readings, 0))
    }
}

/// The JSON values of a document: those of its list, or those that stand one after the other.
fn items(rest: &Rest) -> Vec<Result<(FilePosition, &RawValue), FormatError>> {
    let list = serde_json::from_slice::<Vec<&RawValue>>(&rest.bytes);
    if rest.bytes.first() == Some(&b'[') {
        return match list {
            Ok(items) => {
                let numbered = items.into_iter().enumerate();
                numbered
                    .map(|(index, item)| Ok((FilePosition::Item(index + 1), item)))
                    .collect()
            }
            Err(error) => vec![Err(rest.broken(rest.line, error))],
        };
    }
    let mut values = serde_json::Deserializer::from_slice(&rest.bytes).into_iter::<&RawValue>();
    let mut items = Vec::new();
    let (mut line, mut from) = (rest.line, 0);
    while let Some(value) = values.next() {
        let gap = rest.bytes.get(from..).unwrap_or_default();
        let blank = gap.iter().take_while(|b| b.is_ascii_whitespace());
        let start = line + newlines(blank);
        items.push(
            value
                .map(|v| (FilePosition::Line(start), v))
                .map_err(|e| rest.broken(start, e)),
        );
        let to = values.byte_offset();
        line += newlines(rest.bytes.get(from..to).unwrap_or_default());
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
