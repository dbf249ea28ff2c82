//! The request line and the header fields.

use super::super::field::is_token;
use super::super::{FilePosition, FormatError, ReadNote, url};
use super::http_file;
use super::lines::NumberedLines;
use crate::delivery::Headers;

/// How much of a line an error shows, in characters.
const SHOWN: usize = 40;

/// All that stands before the body.
pub struct MessageHead {
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Headers,
    pub content_length: Option<u64>,
    pub chunked: bool,
    pub notes: Vec<ReadNote>,
    /// The line of the request line.
    pub line: u64,
    /// How many bytes the head takes, with the blank line after it.
    pub length: usize,
    /// Whether it stands in an `.http` file.
    pub is_http_file: bool,
}

/// Whether the first line that is not blank is a request line.
pub fn begins(bytes: &[u8]) -> bool {
    let first = NumberedLines::new(bytes, 1).find(|(_, line)| !line.is_empty());
    first.is_some_and(|(_, line)| {
        request_line(line).is_some() || http_file::versionless(line).is_some()
    })
}

/// Whether a line ends what stands before it: the first one of an answer, or the `###` that stands
/// between the requests of an `.http` file.
pub fn is_mark(line: &[u8]) -> bool {
    let status = line.strip_prefix(b"HTTP/").and_then(|rest| {
        let mut words = rest.split(|b| *b == b' ');
        let version = words.next()?;
        let is_version =
            !version.is_empty() && version.iter().all(|b| b.is_ascii_digit() || *b == b'.');
        is_version.then(|| words.next())?
    });
    let is_status = |code: &[u8]| {
        code.get(..3)
            .is_some_and(|code| code.iter().all(u8::is_ascii_digit))
    };
    line.starts_with(b"###") || status.is_some_and(is_status)
}

/// How many bytes stand before the next request: blank lines, comments, an answer with all of its own,
/// what `.http` files have besides.
pub fn between(bytes: &[u8]) -> usize {
    let (mut end, mut in_answer) = (0, false);
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let mut lines = NumberedLines::new(rest, 1);
        let Some((_, line)) = lines.next() else {
            return end;
        };
        let aside = http_file::aside(rest);
        let passed = in_answer || line.is_empty() || is_comment(line) || is_mark(line) || aside > 0;
        if request_line(line).is_some() || http_file::versionless(line).is_some() || !passed {
            return end;
        }
        in_answer = is_mark(line) && !is_comment(line) || in_answer && !line.starts_with(b"###");
        end += lines.used.max(aside);
    }
}

/// How many bytes stand before the next `###`; all where there is none.
pub fn until_separator(bytes: &[u8]) -> usize {
    let mut lines = NumberedLines::new(bytes, 1);
    let mut before = 0;
    while let Some((_, line)) = lines.next() {
        if before > 0 && line.starts_with(b"###") {
            return before;
        }
        before = lines.used;
    }
    before
}

/// Whether a line of an `.http` file is for people alone.
pub fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.starts_with(b"//")
}

/// Method, target and version.
pub fn request_line(line: &[u8]) -> Option<(&str, &str, &str)> {
    let (method, rest) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let (target, version) = rest.trim_end().rsplit_once(' ')?;
    let number = version.strip_prefix("HTTP/")?;
    let target = target.trim();
    let is_target = !target.is_empty() && !target.contains(char::is_whitespace);
    let is_version = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (is_token(method) && is_target && is_version).then_some((method, target, version))
}

/// Reads a head; blank lines before it are skipped, and the file may end before the one after. In an
/// `.http` file, lines may go on with the URL's query or be comments.
pub fn read(bytes: &[u8], line: u64, is_http_file: bool) -> Result<MessageHead, FormatError> {
    let mut lines = NumberedLines::new(bytes, line);
    let first = lines.find(|(_, line)| !line.is_empty());
    let (line, text) = first.unwrap_or((line, &[]));
    let loose = || http_file::request_line(text).filter(|_| is_http_file);
    let (method, target, version) = request_line(text).or_else(loose).ok_or_else(|| {
        let problem = "no request line such as `POST /path HTTP/1.1`";
        FormatError::at(FilePosition::Line(line), problem)
    })?;
    let mut target = target.to_owned();
    let mut fields = HeaderFields::default();
    for (number, text) in lines.by_ref().take_while(|(_, line)| !line.is_empty()) {
        let goes_on = fields.list.is_empty() && matches!(text, [b' ' | b'\t' | b'?' | b'&', ..]);
        if is_http_file && goes_on {
            target.push_str(&String::from_utf8_lossy(text.trim_ascii()));
        } else if !(is_http_file && is_comment(text)) {
            fields.add(number, text)?;
        }
    }
    let headers: Headers = fields.list.into_iter().collect();
    let target = http_file::behind_variable(&target);
    Ok(MessageHead {
        method: method.into(),
        target: url::target(target).map_or_else(|| target.into(), Into::into),
        version: version.into(),
        chunked: is_chunked(&headers),
        headers,
        content_length: fields.content_length,
        notes: fields.notes,
        line,
        length: lines.used,
        is_http_file,
    })
}

#[derive(Default)]
struct HeaderFields {
    list: Vec<(String, Vec<u8>)>,
    content_length: Option<u64>,
    notes: Vec<ReadNote>,
}

impl HeaderFields {
    fn add(&mut self, number: u64, line: &[u8]) -> Result<(), FormatError> {
        if let ([b' ' | b'\t', ..], Some((_, value))) = (line, self.list.last_mut()) {
            // RFC 9112, section 5.2: an obsolete fold is read as a space.
            value.push(b' ');
            value.extend(line.trim_ascii());
            self.notes.push(ReadNote::Unfolded(number));
            return Ok(());
        }
        // What HTTP/2 has in place of the request line.
        let pseudo = line.strip_prefix(b":").and_then(field);
        if pseudo.is_some() {
            return Ok(());
        }
        let (name, value) = field(line).ok_or_else(|| not_a_header(number, line))?;
        if name.eq_ignore_ascii_case("Content-Length") {
            self.set_length(number, value)?;
        }
        self.list.push((name.into(), value.into()));
        Ok(())
    }

    fn set_length(&mut self, number: u64, value: &[u8]) -> Result<(), FormatError> {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().filter(|_| digits);
        let length = length.and_then(|text| text.parse().ok());
        let before = self.content_length;
        self.content_length = length.filter(|length| before.is_none_or(|before| before == *length));
        if self.content_length.is_none() {
            let problem = "`Content-Length` is not one number";
            return Err(FormatError::at(FilePosition::Line(number), problem));
        }
        Ok(())
    }
}

fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = std::str::from_utf8(name).ok()?;
    is_token(name).then_some((name, value.get(1..)?.trim_ascii()))
}

fn not_a_header(line: u64, text: &[u8]) -> FormatError {
    let text = String::from_utf8_lossy(text);
    let start: String = text.chars().take(SHOWN).collect();
    let problem = format!("`{}` is no header", start.escape_debug());
    FormatError::at(FilePosition::Line(line), problem)
}

/// Whether the last transfer coding is `chunked` (RFC 9112, section 6.3).
fn is_chunked(headers: &Headers) -> bool {
    let last = headers.get_all("Transfer-Encoding").last();
    let codings = last.and_then(|value| std::str::from_utf8(value).ok());
    let coding = codings.and_then(|codings| codings.rsplit(',').next());
    coding.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}
