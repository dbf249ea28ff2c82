//! Where a body ends, and the chunks it came in (RFC 9112, sections 6 and 7).

use super::super::ReadNote;
use super::super::found::ReadBody;
use super::head::{self, MessageHead};
use super::http_file;
use super::lines::NumberedLines;

/// A body, and how many bytes of the file it took.
type Framed = (ReadBody, usize);

/// All that is left, as a body.
fn all(rest: &[u8], complete: bool, note: Option<ReadNote>) -> Framed {
    let body = ReadBody {
        bytes: rest.into(),
        complete,
        notes: Vec::from_iter(note),
    };
    (body, rest.len())
}

/// The body of the message with this head, of which `rest` follows.
pub fn read(rest: &[u8], head: &MessageHead) -> Framed {
    let (mut body, used) = match head.content_length {
        _ if head.chunked => dechunk(rest).unwrap_or_else(|| not_chunked(rest)),
        Some(length) => of_length(rest, length),
        None => until_marked(rest, head.is_http_file),
    };
    if head.is_http_file {
        note_elsewhere(&mut body);
    }
    if !head.chunked {
        body.note_missing(&head.method, &head.headers);
    }
    (body, used)
}

/// A body without a length: up to what can be no part of it, an answer or the `###` of `.http` files,
/// without the line ends before that; else all there is. In an `.http` file the line ends are never its
/// own, and what is about the answer ends it, too.
fn until_marked(rest: &[u8], is_http_file: bool) -> Framed {
    let mut lines = NumberedLines::new(rest, 1);
    let mut start = 0;
    let mut found = false;
    while let Some((_, line)) = lines.next() {
        found = head::is_mark(line) || is_http_file && http_file::is_about_answer(line);
        if found {
            break;
        }
        start = lines.used;
    }
    let mut body = rest.get(..start).unwrap_or_default();
    if found || is_http_file {
        body = without_line_ends(body);
    }
    if is_http_file {
        body = without_comments(body);
    }
    (all(body, true, None).0, start)
}

fn without_line_ends(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|b| !matches!(b, b'\r' | b'\n'));
    body.get(..end.map_or(0, |end| end + 1)).unwrap_or_default()
}

/// The body without the comments that stand behind it and a blank line.
fn without_comments(body: &[u8]) -> &[u8] {
    let mut lines = NumberedLines::new(body, 1);
    let (mut end, mut is_open) = (0, true);
    while let Some((_, line)) = lines.next() {
        if line.is_empty() {
            is_open = false;
        } else if is_open || !head::is_comment(line) {
            is_open = true;
            end = lines.used;
        }
    }
    without_line_ends(body.get(..end).unwrap_or_default())
}

/// Notes what an `.http` file has in place of the bytes: another file, or a variable.
fn note_elsewhere(body: &mut ReadBody) {
    let mut lines = NumberedLines::new(&body.bytes, 1);
    let note = if let Some(file) = lines.find_map(|(_, line)| http_file::side_file(line)) {
        ReadNote::LeftOut(format!("it stands in `{}`", file.escape_debug()))
    } else if let Some(name) = http_file::unset(&body.bytes) {
        ReadNote::Unset(name.to_owned())
    } else {
        return;
    };
    body.notes.push(note);
    body.complete = false;
}

/// A proxy may have saved the decoded body under the header of the encoded one.
fn not_chunked(rest: &[u8]) -> Framed {
    let note = (!rest.is_empty()).then_some(ReadNote::NotChunked);
    all(rest, !rest.is_empty(), note)
}

fn of_length(rest: &[u8], declared: u64) -> Framed {
    let found = rest.len() as u64;
    let split = usize::try_from(declared)
        .ok()
        .and_then(|at| rest.split_at_checked(at));
    let mismatch = ReadNote::Length { declared, found };
    let Some((body, surplus)) = split else {
        return all(rest, false, Some(mismatch));
    };
    let blank = line_ends(surplus);
    let note = if blank < surplus.len() {
        if !head::begins(surplus) && !surplus.get(blank..).is_some_and(head::is_mark) {
            // Neither a file's last line end nor a further message: who edited the body may have
            // forgotten the length, so nothing is thrown away.
            return all(rest, false, Some(mismatch));
        }
        None
    } else {
        (blank > 0).then_some(ReadNote::TrailingNewline(blank))
    };
    let used = body.len() + blank;
    (all(body, true, note).0, used)
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count()
}

/// The body out of its chunks, as far as they go; `None` where it does not begin with one.
///
/// `httparse::parse_chunk_size` would read the sizes, but not where a file's lines end in LF alone, as
/// an editor leaves them.
fn dechunk(rest: &[u8]) -> Option<Framed> {
    let mut body = ReadBody::default();
    let mut used = 0;
    let mut lines = NumberedLines::new(rest, 1);
    let mut size = chunk_size(lines.next()?.1)?;
    loop {
        used += lines.used;
        if size == 0 {
            used += trailers(rest.get(used..).unwrap_or_default());
            body.complete = true;
            return Some((body, used));
        }
        let left = rest.get(used..).unwrap_or_default();
        let taken = usize::try_from(size).map_or(left.len(), |size| size.min(left.len()));
        body.bytes.extend(left.iter().take(taken));
        used += taken;
        lines = NumberedLines::new(rest.get(used..).unwrap_or_default(), 1);
        // The chunk's own line end, then the size of the next.
        let ended = lines.next().is_some_and(|(_, line)| line.is_empty());
        let next = lines.next().and_then(|(_, line)| chunk_size(line));
        let Some(next) = next.filter(|_| ended) else {
            return Some((body, rest.len()));
        };
        size = next;
    }
}

/// The number before a chunk's extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b';').next()?.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// How long the trailer section is, up to and with its blank line and what blank lines follow.
fn trailers(rest: &[u8]) -> usize {
    let mut lines = NumberedLines::new(rest, 1);
    let _trailers = lines
        .by_ref()
        .take_while(|(_, line)| !line.is_empty())
        .count();
    let after = rest.get(lines.used..).unwrap_or_default();
    lines.used + line_ends(after)
}
