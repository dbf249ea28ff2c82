//! A raw HTTP/1.x request, as a proxy, `nc`, `curl -v` or `tcpdump -A` leaves it in a file, and the
//! same written (RFC 9112).

mod body;
mod dump;
mod head;
mod http_file;
mod lines;
mod packets;
mod trace;
mod write;

pub(super) use lines::{NumberedLines, trim_line_end};
pub use write::write;

use super::{FilePosition, FormatError, FoundCapture, curl};
use crate::delivery::Request;
use crate::delivery::capture::Capture;
use crate::delivery::text;

/// Whether the bytes begin as a request does; what follows may still be wrong.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    dump::undress(bytes, 1).map_or(true, |(text, ..)| {
        let between = head::between(&text);
        head::begins(text.get(between..).unwrap_or_default())
    })
}

/// Whether the first line of such a file may be this one.
pub fn may_begin(line: &[u8]) -> bool {
    dump::may_begin(line) || head::between(line) > 0 || head::begins(line)
}

/// Reads the requests of a file whose first byte stands on line `line`: one, or as many as there are,
/// where each tells its end. Answers, comments and the `###` of `.http` files stand between them; behind
/// one that is odd, the next `###` is looked for.
pub fn read_all(
    bytes: &[u8],
    line: u64,
    is_http_file: bool,
) -> Result<Vec<Result<FoundCapture, FormatError>>, FormatError> {
    let bytes = text::without_marks(bytes);
    let (mut text, mut line, mut note) = dump::undress(bytes, line)?;
    let is_http_file = is_http_file || http_file::is_one(&text);
    if is_http_file {
        text = http_file::filled(&text).into_owned().into();
    }
    let mut rest: &[u8] = &text;
    let mut readings = Vec::new();
    loop {
        let between = head::between(rest);
        skip(&mut rest, &mut line, between);
        if !(readings.is_empty() || head::begins(rest) || is_http_file && !rest.is_empty()) {
            return Ok(readings);
        }
        if is_http_file && curl::read::looks_like_one(rest) {
            let used = head::until_separator(rest);
            let command = rest.get(..used).unwrap_or_default();
            readings.extend(curl::read::read_all(command, line));
            skip(&mut rest, &mut line, used);
            continue;
        }
        let used = match read_one(rest, line, is_http_file) {
            Ok((mut reading, used)) => {
                reading.notes.extend(note.take());
                readings.push(Ok(reading));
                used
            }
            Err(error) => {
                readings.push(Err(error));
                head::until_separator(rest)
            }
        };
        skip(&mut rest, &mut line, used);
    }
}

/// Goes on by so many bytes and the lines in them.
fn skip(rest: &mut &[u8], line: &mut u64, count: usize) {
    let (taken, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
    *line += taken.split(|b| *b == b'\n').skip(1).count() as u64;
    *rest = left;
}

/// One message, and how many bytes it takes.
fn read_one(
    bytes: &[u8],
    line: u64,
    is_http_file: bool,
) -> Result<(FoundCapture, usize), FormatError> {
    let head = head::read(bytes, line, is_http_file)?;
    let rest = bytes.get(head.length..).unwrap_or_default();
    let (body, used) = body::read(rest, &head);
    let request = Request {
        method: head.method,
        origin: None,
        target: head.target,
        version: head.version,
        headers: head.headers,
        body: body.bytes.into(),
        body_complete: body.complete,
    };
    let notes = head.notes.into_iter().chain(body.notes).collect();
    let place = FilePosition::Line(head.line);
    let reading = FoundCapture::new(place, Capture::of(request), notes);
    Ok((reading, head.length + used))
}

#[cfg(test)]
mod tests;
