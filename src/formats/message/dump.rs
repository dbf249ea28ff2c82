//! What programs put around a request when they show it: `curl -v` and `--trace`, `tcpdump -A`.

use std::borrow::Cow;

use super::super::{FilePosition, FormatError, ReadNote};
use super::head::request_line;
use super::lines::NumberedLines;
use super::{packets, trace};

/// A message without what was around it, the line of its first byte, and what is to be noted.
type Undressed<'a> = (Cow<'a, [u8]>, u64, Option<ReadNote>);

/// Whether such a text may begin with this line.
pub fn may_begin(line: &[u8]) -> bool {
    trace::may_begin(line)
        || line.starts_with(b"* ")
        || line.starts_with(b"> ")
        || packets::is_about(line)
}

/// Takes off what a program put around a message; a plain one is left as it is.
pub fn undress(bytes: &[u8], line: u64) -> Result<Undressed<'_>, FormatError> {
    let shown = packets::read(bytes, line).or_else(|| trace::read(bytes, line));
    if let Some((message, line, has_dots)) = shown {
        return Ok((message.into(), line, has_dots.then_some(ReadNote::Dots)));
    }
    let plain = (Cow::Borrowed(bytes), line, None);
    Ok(of_curl(bytes, line)?.unwrap_or(plain))
}

/// `curl -v` marks what it sent with `> `, what it got with `< ` and its own words with `* `; it
/// does not show the body, but a person may have put it below.
fn of_curl(bytes: &[u8], first: u64) -> Result<Option<Undressed<'_>>, FormatError> {
    let mut lines = NumberedLines::new(bytes, first);
    let start = lines.find(|(_, line)| !line.is_empty() && !line.starts_with(b"* "));
    let Some((line, text)) = start.and_then(|(n, line)| Some((n, line.strip_prefix(b"> ")?)))
    else {
        return Ok(None);
    };
    if request_line(text).is_none() {
        return Ok(None);
    }
    let mut message = text.to_vec();
    for (number, text) in lines.by_ref() {
        let Some(text) = text.strip_prefix(b">") else {
            return Err(ambiguous(number));
        };
        message.push(b'\n');
        message.extend(text.strip_prefix(b" ").unwrap_or(text));
        if text.trim_ascii().is_empty() {
            break;
        }
    }
    message.push(b'\n');
    let body = bytes.get(lines.used..).unwrap_or_default();
    message.extend(body_below(body, lines)?);
    Ok(Some((Cow::Owned(message), line, None)))
}

/// What stands below the headers, unless that is curl's own.
fn body_below<'a>(body: &'a [u8], lines: NumberedLines<'_>) -> Result<&'a [u8], FormatError> {
    let mut rest = lines.filter(|(_, line)| !line.is_empty()).peekable();
    if rest.peek().is_none_or(|(_, line)| is_curl_s_own(line)) {
        return Ok(&[]);
    }
    match rest.find(|(_, line)| is_curl_s_own(line)) {
        Some((number, _)) => Err(ambiguous(number)),
        None => Ok(body),
    }
}

/// Lines that look like those of `curl -v` stand in what follows the headers.
fn ambiguous(line: u64) -> FormatError {
    let problem = "cannot tell the body from what `curl -v` wrote";
    FormatError::at(FilePosition::Line(line), problem)
}

fn is_curl_s_own(line: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"* ", b"< ", b"{ [", b"} ["];
    marks.iter().any(|mark| line.starts_with(mark))
}
