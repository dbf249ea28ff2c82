//! What programs put around a request when they show it: `curl -v` and `--trace`, `tcpdump -A`.

use std::borrow::Cow;

use super::super::{FilePosition, FormatError, ReadNote};
use super::head::request_line;
use super::lines::NumberedLines;
use super::trace;

/// The methods that are looked for after the packet headers that `tcpdump -A` prints.
const METHODS: [&[u8]; 5] = [b"POST ", b"PUT ", b"PATCH ", b"GET ", b"DELETE "];

/// The most bytes that a packet's own headers take before the request line: IPv6 has 40 and TCP at
/// most 60, and the rest is room for extension headers. Past them nothing is looked for, so that a
/// long line costs no more for each of its bytes.
const MAX_PACKET_HEADERS: usize = 256;

/// A message without what was around it, the line of its first byte, and what is to be noted.
type Undressed<'a> = (Cow<'a, [u8]>, u64, Option<ReadNote>);

/// Whether such a text may begin with this line.
pub fn may_begin(line: &[u8]) -> bool {
    trace::may_begin(line)
        || line.starts_with(b"* ")
        || line.starts_with(b"> ")
        || is_about_packet(line)
}

/// Takes off what a program put around a message; a plain one is left as it is.
pub fn undress(bytes: &[u8], line: u64) -> Result<Undressed<'_>, FormatError> {
    if let Some(message) = of_tcpdump(bytes, line) {
        return Ok(message);
    }
    if let Some((message, line, has_dots)) = trace::read(bytes, line) {
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

/// `tcpdump -A` prints a line about each packet, then its bytes, the packet's headers before the
/// request line. Only the packet that the request begins in is read.
fn of_tcpdump(bytes: &[u8], first: u64) -> Option<Undressed<'_>> {
    let mut lines = NumberedLines::new(bytes, first);
    let (_, about) = lines.find(|(_, line)| !line.is_empty())?;
    if !is_about_packet(about) {
        return None;
    }
    let mut before = lines.used;
    while let Some((line, text)) = lines.next() {
        if let Some(at) = request_line_at(text) {
            let message = bytes.get(before + at..)?;
            let message = message.get(..packet_length(message))?;
            return Some((Cow::Borrowed(message), line, Some(ReadNote::Dots)));
        }
        before = lines.used;
    }
    None
}

/// Such as `10:30:01.123456 IP 10.0.0.1.50812 > 10.0.0.2.4400: Flags [P.], seq 1:200, length 199`.
fn is_about_packet(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else {
        return false;
    };
    let ip = text.contains("IP ") || text.contains("IP6 ");
    ip && text.contains(" > ") && text.contains("length ")
}

fn request_line_at(line: &[u8]) -> Option<usize> {
    let is_start = |at: &usize| {
        let rest = line.get(*at..).unwrap_or_default();
        METHODS.iter().any(|method| rest.starts_with(method)) && request_line(rest).is_some()
    };
    (0..line.len().min(MAX_PACKET_HEADERS)).find(is_start)
}

/// How many bytes of the dump belong to the packet that its first byte is of.
fn packet_length(bytes: &[u8]) -> usize {
    let mut lines = NumberedLines::new(bytes, 1);
    let mut before = 0;
    while let Some((_, line)) = lines.next() {
        if is_about_packet(line) {
            return before;
        }
        before = lines.used;
    }
    before
}
