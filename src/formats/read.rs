//! Captures out of a file of any form: its first bytes decide which.

mod form;
mod lines;
mod parts;
mod passed;

use std::io::BufRead;
use std::vec;

use serde_json::value::RawValue;

use super::line::{self, LineResult};
use super::{FilePosition, FormatError, FoundCapture, curl, message, page};
use crate::delivery::text;
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
    /// What is read by lines; `None` at its end, and where the file is read as a whole.
    lines: Option<LineReader<R>>,
    /// What was read and is not given out yet, and the line on which it stands.
    read: vec::IntoIter<LineResult>,
    number: u64,
    passed: PassedOver,
    was_utf16: bool,
    /// Whether anything came that is a delivery, or should be one.
    has_found: bool,
}

/// Looks at the first bytes of `reader` and gives what reads the rest. `name` is the file's, and its
/// extension decides where the first bytes leave a doubt.
pub fn captures<R: BufRead>(
    mut reader: R,
    name: Option<&str>,
) -> Result<CaptureReader<R>, FormatError> {
    let start = reader.fill_buf()?;
    if start.len() >= NUL_START && start.iter().all(|byte| *byte == 0) {
        let problem = "it begins with nothing but NUL bytes";
        return Err(FormatError::at(FilePosition::Line(1), problem));
    }
    let was_utf16 = text::is_utf16(start);
    let mut lines = LineReader::new(reader);
    if was_utf16 {
        lines.decode()?;
    }
    if !lines.advance_over_blank()? {
        return Err(FormatError::Empty);
    }
    let form = TextForm::of(lines.current().trim_ascii_end(), name);
    let mut captures = CaptureReader {
        lines: None,
        read: Vec::new().into_iter(),
        number: lines.number(),
        passed: PassedOver::default(),
        was_utf16,
        has_found: false,
    };
    if form != TextForm::Lines {
        let text = lines.hold()?;
        match whole(&text, lines.number(), form)? {
            Some(read) => {
                captures.read = read.into_iter();
                return Ok(captures);
            }
            None => lines.put_back(text),
        }
    }
    captures.lines = Some(lines);
    Ok(captures)
}

/// What is in a text whose first line is line `line`, and that is not read by lines; `None` where it
/// must be.
fn whole(text: &[u8], line: u64, form: TextForm) -> Result<Option<Vec<LineResult>>, FormatError> {
    let TextForm::Messages { is_http_file } = form else {
        return Ok(Some(documents(text, line)));
    };
    if let Some(tool) = curl::read::other_tool(text) {
        let (place, problem) = (
            FilePosition::Line(line),
            format!("a request copied for {tool}"),
        );
        return Err(FormatError::expecting(
            place,
            problem,
            "it copied as cURL, or saved as HAR",
        ));
    }
    let is_page = text.starts_with(b":");
    let found = if !is_http_file && curl::read::looks_like_one(text) {
        curl::read::read_all(text, line)
    } else if !is_page && (is_http_file || message::looks_like_one(text)) {
        message::read_all(text, line, is_http_file)?
    } else if let Some(found) = page::read(text, line).filter(|_| !has_captures(text)) {
        vec![Ok(found)]
    } else {
        return Ok(None);
    };
    Ok(Some(found.into_iter().map(Ok).collect()))
}

/// Whether any line of a text is a delivery.
fn has_captures(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|text| line::has_capture(text, FilePosition::Line(1)))
}

/// The JSON values that stand one after the other.
fn documents(text: &[u8], mut line: u64) -> Vec<LineResult> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let mut told = Vec::new();
    let mut rest = text;
    while !rest.trim_ascii_start().is_empty() {
        let value = values.next().and_then(Result::ok);
        line += newlines(rest) - newlines(rest.trim_ascii_start());
        // What breaks off is told as far as it goes.
        let document = value.map_or(rest, |value| value.get().as_bytes());
        told.extend(line::read_value(
            document.trim_ascii(),
            FilePosition::Line(line),
        ));
        if value.is_none() {
            break;
        }
        line += newlines(document);
        rest = text.get(values.byte_offset()..).unwrap_or_default();
    }
    told
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
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
}

impl<R: BufRead> Iterator for CaptureReader<R> {
    type Item = Result<FoundCapture, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(told) = self.read.next() {
                match told {
                    Ok(told) => {
                        self.has_found = true;
                        return Some(told);
                    }
                    Err(skipped) => self.passed.add(skipped, self.number),
                }
                continue;
            }
            let lines = self.lines.as_mut()?;
            let is_known = self.has_found || self.passed.others > 0;
            let may_go_on = is_known || lines.taken() < MAX_TALK;
            match lines.read_item().filter(|_| may_go_on) {
                Some((number, told)) => {
                    self.number = number;
                    self.read = told.into_iter();
                }
                None if is_known => return None,
                None => {
                    self.has_found = true;
                    self.passed = PassedOver::default();
                    self.lines = None;
                    return Some(Err(FormatError::Unrecognised));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
