//! Captures out of a file of any form: its first bytes decide which.

mod form;
mod lines;
mod passed;

use std::io::BufRead;
use std::vec;

use serde_json::value::RawValue;

use super::json::{self, JsonShape};
use super::line;
use super::{FilePosition, FormatError, FoundCapture, curl, har, message, page};
use crate::delivery::capture::CaptureError;
use crate::delivery::text::{self, TextEncoding};
use form::TextForm;
use lines::LineReader;
use passed::PassedOver;

/// From how many NUL bytes on a file is none that could be read, such as `/dev/zero`.
const NUL_START: usize = 4096;

/// How many bytes of talk are read where no delivery comes; a device may have no end.
const MAX_TALK: u64 = 64 * 1024 * 1024;

/// Reads the captures of a file one after the other. NDJSON is read by lines, so that a file of any
/// size takes the memory of its longest line; after an error the next line is tried.
#[derive(Debug)]
pub struct CaptureReader<R> {
    source: CaptureSource<R>,
    passed: PassedOver,
    was_utf16: bool,
    /// Whether anything came that is a delivery, or should be one.
    has_found: bool,
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
    let start = reader.fill_buf()?;
    if start.len() >= NUL_START && start.iter().all(|byte| *byte == 0) {
        return Err(FormatError::at(
            FilePosition::Line(1),
            "it begins with nothing but NUL bytes",
        ));
    }
    let is_utf16 = text::is_utf16(start);
    let mut lines = LineReader::new(reader);
    if is_utf16 {
        return CaptureReader::of_utf16(&lines.into_rest()?.0, name);
    }
    if !lines.advance_over_blank()? {
        return Err(FormatError::Empty);
    }
    match TextForm::of(lines.current().trim_ascii_end(), name) {
        TextForm::Lines => Ok(CaptureReader {
            source: CaptureSource::Lines(lines),
            passed: PassedOver::default(),
            was_utf16: false,
            has_found: false,
        }),
        form => {
            let (rest, line) = lines.into_rest()?;
            CaptureReader::of_text(&rest, line, form)
        }
    }
}

impl<R> CaptureReader<R> {
    /// How many lines or entries were no delivery so far.
    pub const fn skipped(&self) -> u64 {
        self.passed.count()
    }

    /// What is to be said of the file as a whole.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let utf16 = self
            .was_utf16
            .then(|| "read as UTF-8 out of UTF-16".to_owned());
        utf16.into_iter().chain(self.passed.talk())
    }

    fn of_read(found: Vec<Result<FoundCapture, FormatError>>, passed: PassedOver) -> Self {
        Self {
            source: CaptureSource::Read(found.into_iter()),
            passed,
            was_utf16: false,
            has_found: true,
        }
    }

    fn of_utf16(bytes: &[u8], name: Option<&str>) -> Result<Self, FormatError> {
        let (decoded, encoding) = text::decode(bytes);
        if encoding == TextEncoding::Bytes {
            return Err(FormatError::Utf16);
        }
        let decoded = decoded.trim_ascii_start();
        let mut lines = decoded.split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let form = TextForm::of(first.trim_ascii_end(), name);
        let mut reader = Self::of_text(decoded, 1, form)?;
        reader.was_utf16 = true;
        Ok(reader)
    }

    /// The captures of a text whose first line is line `line`.
    fn of_text(text: &[u8], line: u64, form: TextForm) -> Result<Self, FormatError> {
        match form {
            TextForm::Lines => Self::of_lines(text, line),
            TextForm::Json => Self::of_json(text, line),
            TextForm::Messages { is_http_file } => Self::of_messages(text, line, is_http_file),
        }
    }

    fn of_json(rest: &[u8], line: u64) -> Result<Self, FormatError> {
        let mut passed = PassedOver::default();
        if json::shape(rest) == JsonShape::Har {
            let (found, others) = har::read(rest)?;
            passed.others = others;
            return Ok(Self::of_read(found, passed));
        }
        let mut readings = Vec::new();
        for item in items(rest, line) {
            match item.and_then(|(place, text)| line::read_value(text.get().as_bytes(), place)) {
                Ok(Ok(reading)) => readings.push(Ok(reading)),
                Ok(Err(skipped)) => passed.add(skipped, line),
                Err(error) => readings.push(Err(error)),
            }
        }
        Ok(Self::of_read(readings, passed))
    }

    /// The captures in the lines of a text, of which one at least has to hold any.
    fn of_lines(rest: &[u8], line: u64) -> Result<Self, FormatError> {
        let (mut found, mut passed) = (Vec::new(), PassedOver::default());
        for (number, text) in (line..).zip(rest.split(|byte| *byte == b'\n')) {
            let text = text.trim_ascii();
            match line::read(text, FilePosition::Line(number)) {
                _ if text.is_empty() => {}
                Ok(Ok(capture)) => found.push(Ok(capture)),
                Ok(Err(skipped)) => passed.add(skipped, number),
                Err(error) => found.push(Err(error)),
            }
        }
        if found.is_empty() && passed.others == 0 {
            return Err(FormatError::Unrecognised);
        }
        Ok(Self::of_read(found, passed))
    }

    fn of_messages(rest: &[u8], line: u64, is_http_file: bool) -> Result<Self, FormatError> {
        let found = if curl::read::looks_like_one(rest) {
            curl::read::read_all(rest, line)
        } else if is_http_file || message::looks_like_one(rest) {
            message::read_all(rest, line, is_http_file)?
        } else if let Some(found) = page::read(rest, line).filter(|_| !has_captures(rest)) {
            vec![Ok(found)]
        } else {
            return Self::of_lines(rest, line);
        };
        Ok(Self::of_read(found, PassedOver::default()))
    }
}

/// Whether any line of a text is a delivery.
fn has_captures(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|text| matches!(line::read(text, FilePosition::Line(1)), Ok(Ok(_))))
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
            match lines.read_item() {
                Some(Ok(Err(skipped))) => {
                    self.passed.add(skipped, lines.number());
                    if self.passed.others > 0 || self.has_found || lines.taken() < MAX_TALK {
                        continue;
                    }
                }
                None if self.has_found || self.passed.others > 0 => return None,
                None => {}
                Some(told) => {
                    self.has_found = true;
                    return told.map(Result::ok).transpose();
                }
            }
            self.has_found = true;
            self.passed = PassedOver::default();
            self.source = CaptureSource::Read(Vec::new().into_iter());
            return Some(Err(FormatError::Unrecognised));
        }
    }
}

#[cfg(test)]
mod tests;
