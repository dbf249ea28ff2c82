//! Headers and payload as they are copied from a page that shows a delivery, such as GitHub's: without
//! a request line, with the page's own titles, the payload often indented.

use super::field::is_token;
use super::found::{ReadBody, declared};
use super::message::NumberedLines;
use super::{FilePosition, FoundCapture, ReadNote, url};
use crate::delivery::capture::Capture;
use crate::delivery::{Headers, Request};
use crate::json;

/// What HTTP/2 has in place of a request line (RFC 9113, section 8.3.1), without the colon before it.
const PSEUDO: [&str; 4] = ["method", "path", "scheme", "authority"];

/// What stands on a line of the page.
enum PageLine<'a> {
    /// Above headers.
    HeadTitle,
    /// Above the payload.
    BodyTitle,
    /// Above the answer, which is no part of the request.
    AnswerTitle,
    /// What the page says of the request that is no header: name and value.
    About(&'a str, &'a str),
    /// A header.
    Field(&'a str, &'a str),
    /// Anything else.
    Text,
}

impl<'a> PageLine<'a> {
    fn of(line: &'a [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(line) else {
            return Self::Text;
        };
        let title = text
            .trim_matches(['#', '*', ':', ' ', '\t'])
            .to_ascii_lowercase();
        match title.as_str() {
            "headers" | "request headers" | "request" | "general" => return Self::HeadTitle,
            "payload" | "body" | "request body" | "request payload" | "raw body" => {
                return Self::BodyTitle;
            }
            "response" | "response headers" | "response body" => return Self::AnswerTitle,
            _ => {}
        }
        // A pseudo-header of HTTP/2 begins with the colon.
        let bare = text.strip_prefix(':').unwrap_or(text);
        let Some((name, value)) = bare.split_once([':', '\t']) else {
            return Self::Text;
        };
        let (name, value) = (name.trim(), value.trim());
        if bare.len() < text.len() {
            return Self::About(name, value);
        }
        let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        if is_token(name) {
            Self::Field(name, value)
        } else if !name.is_empty() && name.split(' ').all(is_word) {
            Self::About(name, value)
        } else {
            Self::Text
        }
    }
}

/// Whether a text may begin such a page, by its first line.
pub fn may_begin(line: &[u8]) -> bool {
    match PageLine::of(line) {
        PageLine::HeadTitle => true,
        PageLine::Field(name, _) => is_header(name),
        PageLine::About(name, _) => {
            let name = name.to_ascii_lowercase();
            name.starts_with("request ") || PSEUDO.contains(&name.as_str())
        }
        _ => false,
    }
}

/// Whether a name is one that requests have, and not just a word before a colon.
fn is_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let starts = [
        "x-",
        "content-",
        "accept",
        "user-agent",
        "host",
        "connection",
    ];
    starts.iter().any(|start| name.starts_with(start)) || name.contains("signature")
}

/// What was read so far.
#[derive(Default)]
struct Page {
    method: Option<String>,
    target: Option<String>,
    headers: Headers,
}

/// Reads the page in a text whose first byte stands on line `line`; `None` where it is none.
pub fn read(bytes: &[u8], line: u64) -> Option<FoundCapture> {
    let mut lines = NumberedLines::new(bytes, line);
    let mut page = Page::default();
    let (mut at, mut after_blank) = (0, false);
    while let Some((_, text)) = lines.next() {
        let has_headers = page.headers.iter().next().is_some();
        match PageLine::of(text) {
            _ if text.is_empty() => after_blank = has_headers,
            PageLine::BodyTitle => {
                at = lines.used;
                break;
            }
            PageLine::HeadTitle => after_blank = false,
            PageLine::Field(name, value) if !after_blank => {
                page.headers.push(name, value.to_owned());
            }
            PageLine::About(name, value) if !after_blank => page.note(name, value),
            PageLine::AnswerTitle => break,
            _ if has_headers => break,
            _ => return None,
        }
        at = lines.used;
    }
    let is_one = page.headers.iter().any(|(name, _)| is_header(name));
    let body = bytes.get(at..).unwrap_or_default();
    is_one.then(|| page.with_body(body, FilePosition::Line(line)))
}

impl Page {
    fn note(&mut self, name: &str, value: &str) {
        match name.to_ascii_lowercase().as_str() {
            "request url" | "path" => self.target = url::target(value).map(Into::into),
            "request method" | "method" => self.method = Some(value.to_owned()),
            _ => {}
        }
    }

    fn with_body(self, bytes: &[u8], place: FilePosition) -> FoundCapture {
        let mut body = ReadBody {
            bytes: shown(bytes).to_vec(),
            complete: true,
            notes: vec![ReadNote::Page],
        };
        let declared = declared(&self.headers);
        let text = std::str::from_utf8(&body.bytes)
            .ok()
            .filter(|text| text.contains('\n'));
        if let Some(compact) = text
            .and_then(json::compact)
            .filter(|_| declared != Some(body.bytes.len() as u64))
        {
            body.bytes = compact.into_bytes();
            body.notes.push(ReadNote::Compacted);
        }
        body.note_length(&self.headers);
        let method = self.method.unwrap_or_else(|| "POST".into());
        body.note_missing(&method, &self.headers);
        let target = self.target.unwrap_or_else(|| "/".into());
        let request = Request {
            method,
            body_complete: body.complete,
            ..Request::post(target, self.headers, body.bytes)
        };
        FoundCapture::new(place, Capture::of(request), body.notes)
    }
}

/// The payload without the line ends around it, and without what the page shows of the answer.
fn shown(bytes: &[u8]) -> &[u8] {
    let mut lines = NumberedLines::new(bytes, 1);
    let mut end = 0;
    while let Some((_, line)) = lines.next() {
        if matches!(PageLine::of(line), PageLine::AnswerTitle) {
            break;
        }
        end = lines.used;
    }
    bytes.get(..end).unwrap_or_default().trim_ascii()
}
