//! A raw HTTP/1.x request, as a proxy, `nc`, `curl -v` or `tcpdump -A` leaves it in a file, and the
//! same written (RFC 9112).

mod body;
mod dump;
mod head;
mod write;

pub use write::write;

use super::{FilePosition, FormatError, FoundCapture};
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

/// Reads the requests of a file whose first byte stands on line `line`: one, or as many as there are,
/// where each tells its end. Answers, comments and the `###` of `.http` files stand between them.
pub fn read_all(bytes: &[u8], line: u64) -> Result<Vec<FoundCapture>, FormatError> {
    let bytes = text::without_marks(bytes);
    let (text, mut line, mut note) = dump::undress(bytes, line)?;
    let mut rest: &[u8] = &text;
    let skip = |rest: &mut &[u8], line: &mut u64, count: usize| {
        let (taken, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        *line += taken.split(|b| *b == b'\n').skip(1).count() as u64;
        *rest = left;
    };
    skip(&mut rest, &mut line, head::between(&text));
    let mut readings = Vec::new();
    while readings.is_empty() || head::begins(rest) {
        let (mut reading, used) = read_one(rest, line)?;
        reading.notes.extend(note.take());
        readings.push(reading);
        skip(&mut rest, &mut line, used);
        let between = head::between(rest);
        skip(&mut rest, &mut line, between);
    }
    Ok(readings)
}

/// One message, and how many bytes it takes.
fn read_one(bytes: &[u8], line: u64) -> Result<(FoundCapture, usize), FormatError> {
    let head = head::read(bytes, line)?;
    let rest = bytes.get(head.length..).unwrap_or_default();
    let (body, used) = body::read(rest, &head);
    let request = Request {
        method: head.method,
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
