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
    dump::undress(bytes, 1).map_or(true, |(text, ..)| head::begins(&text))
}

/// Reads the messages of a file whose first byte stands on line `line`: one, or as many as a
/// connection carried, where each tells its length.
pub fn read_all(bytes: &[u8], line: u64) -> Result<Vec<FoundCapture>, FormatError> {
    let bytes = text::without_marks(bytes);
    let (text, mut line, mut note) = dump::undress(bytes, line)?;
    let mut rest: &[u8] = &text;
    let mut readings = Vec::new();
    while readings.is_empty() || head::begins(rest) {
        let (mut reading, used) = read_one(rest, line)?;
        reading.notes.extend(note.take());
        readings.push(reading);
        let (taken, left) = rest.split_at_checked(used).unwrap_or((rest, &[]));
        line += taken.split(|b| *b == b'\n').skip(1).count() as u64;
        rest = left;
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
    let reading = FoundCapture {
        place,
        capture: Capture::of(request),
        notes,
    };
    Ok((reading, head.length + used))
}

#[cfg(test)]
mod tests;
