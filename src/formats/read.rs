//! Captures out of a file of any form: its first bytes decide which.

mod form;
mod lines;
mod parts;
mod passed;

use std::io::BufRead;
use std::sync::Arc;
use std::thread::Scope;
use std::{iter, vec};

use serde_json::value::RawValue;

use super::line::{self, LineResult};
use super::parallel::{ByteShare, ReadBudget, map_in_order};
use super::{FilePosition, FormatError, FoundCapture, curl, message, page};
use crate::delivery::text;
use form::TextForm;
use lines::{LineReader, TextLine};
use passed::PassedOver;

/// From how many NUL bytes on a file is none that could be read, such as `/dev/zero`.
const NUL_START: usize = 4096;

/// Bytes of lines that are handed to another core at once, and what a short line counts for besides.
const BLOCK: usize = 64 * 1024;
const LINE: usize = 256;

/// Bytes of lines that are under way on all cores together.
const MAX_HELD: usize = 64 * 1024 * 1024;

/// How many bytes of talk are read where no delivery comes; a device may have no end.
const MAX_TALK: u64 = 64 * 1024 * 1024;

/// Reads the captures of a file one after the other, or what is made of them. NDJSON is read by lines,
/// so that a file of any size takes the memory of its longest line; after an error the next line is
/// tried.
pub struct CaptureReader<'a, T = FoundCapture> {
    /// What is read by lines; `None` at its end, and where the file is read as a whole.
    lines: Option<Box<dyn Iterator<Item = ReadLine<T>> + 'a>>,
    /// What was read and is not given out yet, and the line on which it stands.
    read: vec::IntoIter<LineResult<T>>,
    number: u64,
    passed: PassedOver,
    was_utf16: bool,
    /// Whether anything came that is a delivery, or should be one.
    has_found: bool,
}

/// The number of a line, how many bytes were read before it, and what is on it.
type ReadLine<T> = (u64, u64, Vec<LineResult<T>>);

/// Looks at the first bytes of `reader` and gives what reads the rest. `name` is the file's, and its
/// extension decides where the first bytes leave a doubt.
pub fn captures<'a, R: BufRead + 'a>(
    reader: R,
    name: Option<&str>,
) -> Result<CaptureReader<'a>, FormatError> {
    start(
        reader,
        name,
        |mut lines| {
            let read = |line: TextLine| (line.number, line.taken, line.read());
            Box::new(iter::from_fn(move || lines.next_line()).map(read))
        },
        |found| found,
    )
}

/// The same on all cores, with what `work` makes of each capture there. The order stays, and as much
/// is held as some blocks of lines or the longest line takes.
pub fn captures_on_all_cores<'scope, R, T>(
    scope: &'scope Scope<'scope, '_>,
    reader: R,
    name: Option<&str>,
    work: impl Fn(FoundCapture) -> T + Send + Sync + 'scope,
) -> Result<CaptureReader<'scope, T>, FormatError>
where
    R: BufRead + Send + 'scope,
    T: Send + 'scope,
{
    let work = Arc::new(work);
    let in_workers = Arc::clone(&work);
    let read = move |(block, share): (Vec<TextLine>, ByteShare)| {
        let made = |told: LineResult| told.map(|told| told.map(&*in_workers));
        let read = |line: TextLine| {
            let (number, taken) = (line.number, line.taken);
            (number, taken, line.read().into_iter().map(made).collect())
        };
        (block.into_iter().map(read).collect::<Vec<_>>(), share)
    };
    let lines = |lines| -> Box<dyn Iterator<Item = ReadLine<T>> + 'scope> {
        let read = map_in_order(scope, blocks(lines), read);
        Box::new(read.flat_map(|(lines, _share)| lines))
    };
    start(reader, name, lines, |found| work(found))
}

/// Lines in blocks that are worth handing over, each with its share of what may be held.
fn blocks<R: BufRead>(
    mut lines: LineReader<R>,
) -> impl Iterator<Item = (Vec<TextLine>, ByteShare)> {
    let budget = ReadBudget::new(MAX_HELD);
    iter::from_fn(move || {
        let (mut block, mut bytes) = (Vec::new(), 0);
        while bytes < BLOCK
            && let Some(line) = lines.next_line()
        {
            bytes += line.len() + LINE;
            block.push(line);
        }
        (!block.is_empty()).then(|| (block, budget.take(bytes)))
    })
}

/// Reads as a whole what must be, and leaves the rest to `by_line`.
fn start<'a, R: BufRead, T>(
    mut reader: R,
    name: Option<&str>,
    by_line: impl FnOnce(LineReader<R>) -> Box<dyn Iterator<Item = ReadLine<T>> + 'a>,
    work: impl Fn(FoundCapture) -> T,
) -> Result<CaptureReader<'a, T>, FormatError> {
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
                let read = read
                    .into_iter()
                    .map(|told| told.map(|told| told.map(&work)));
                captures.read = read.collect::<Vec<_>>().into_iter();
                return Ok(captures);
            }
            None => lines.put_back(text),
        }
    }
    captures.lines = Some(by_line(lines));
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

impl<T> CaptureReader<'_, T> {
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

impl<T> Iterator for CaptureReader<'_, T> {
    type Item = Result<T, FormatError>;

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
            let may_go_on = |taken: u64| is_known || taken < MAX_TALK;
            match lines.next().filter(|(_, taken, _)| may_go_on(*taken)) {
                Some((number, _, told)) => {
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
