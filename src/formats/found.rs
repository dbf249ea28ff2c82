//! A capture that a reader found in a file: where, and what it did to get at the bytes.

use std::fmt;

use crate::delivery::Headers;
use crate::delivery::capture::Capture;

/// Where in a file something stands; counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilePosition {
    /// The line on which it starts.
    Line(u64),
    /// An item of the JSON list that starts on a line.
    Item(u64, usize),
    /// An item of HAR's `log.entries`.
    Entry(usize),
}

impl FilePosition {
    /// That of an item of the list which stands here.
    pub(super) const fn item(self, number: usize) -> Self {
        match self {
            Self::Line(line) => Self::Item(line, number),
            within => within,
        }
    }
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Item(1, number) => write!(f, "item {number}"),
            Self::Item(line, number) => write!(f, "line {line}, item {number}"),
            Self::Entry(number) => write!(f, "entry {number}"),
        }
    }
}

/// A capture with where it stood and what was done to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCapture {
    /// Where in the file.
    pub place: FilePosition,
    /// What was read; `request.body_complete` is false where `notes` say what is missing.
    pub capture: Capture,
    /// What its bytes alone do not tell.
    pub notes: Vec<ReadNote>,
}

impl FoundCapture {
    /// Notes a body of another length than the capture or its header says, where a part of it may be
    /// lost, and that a part is, where the file says so.
    pub(super) fn note_parts(&mut self, is_part_lost: bool) {
        let request = &mut self.capture.request;
        if is_part_lost {
            self.notes.push(ReadNote::PartLost);
            request.body_complete = false;
        }
        let declared = self.capture.body_bytes.or(declared(&request.headers));
        let found = request.body.len() as u64;
        if let Some(declared) = declared.filter(|declared| *declared != found) {
            self.notes.push(ReadNote::Length { declared, found });
            request.body_complete = false;
        }
    }

    /// A capture with what it says itself of what could not be read.
    pub(super) fn new(place: FilePosition, capture: Capture, mut notes: Vec<ReadNote>) -> Self {
        notes.extend(
            capture
                .unreadable_time()
                .map(|text| ReadNote::Time(text.to_owned())),
        );
        Self {
            place,
            capture,
            notes,
        }
    }
}

/// What a request says of the length of its body.
pub(super) fn declared(headers: &Headers) -> Option<u64> {
    headers.text("Content-Length")?.trim().parse().ok()
}

/// Whether a request of this method has a body.
pub(super) fn has_body(method: &str) -> bool {
    ["POST", "PUT", "PATCH"]
        .iter()
        .any(|known| method.eq_ignore_ascii_case(known))
}

/// A body as it was read.
#[derive(Debug, Default)]
pub(super) struct ReadBody {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether nothing speaks against these being all of the bytes.
    pub complete: bool,
    /// What was done to get at them.
    pub notes: Vec<ReadNote>,
}

impl ReadBody {
    /// Notes where a request that has a body by its method has none here, unless its length is said to
    /// be 0: who saved it may have left the body out.
    pub fn note_missing(&mut self, method: &str, headers: &Headers) {
        let is_none = headers
            .text("Content-Length")
            .is_some_and(|length| length.trim() == "0");
        if self.bytes.is_empty() && has_body(method) && !is_none {
            if self.complete {
                self.notes.push(ReadNote::NoBody);
            }
            self.complete = false;
        }
    }

    /// Notes a body of another length than its header says.
    pub fn note_length(&mut self, headers: &Headers) {
        let declared = declared(headers);
        let found = self.bytes.len() as u64;
        if let Some(declared) = declared.filter(|declared| *declared != found) {
            self.notes.push(ReadNote::Length { declared, found });
            self.complete = false;
        }
    }

    /// Notes a body that was packed on its way and is text here: these are not the bytes that came.
    pub fn note_unpacked(&mut self, headers: &Headers) {
        let coding = headers.text("Content-Encoding").unwrap_or("identity");
        let is_text = !self.bytes.is_empty() && std::str::from_utf8(&self.bytes).is_ok();
        // Where the length differs, that is noted already.
        if is_text && self.complete && !coding.trim().eq_ignore_ascii_case("identity") {
            self.complete = false;
            self.notes.push(ReadNote::Unpacked(coding.to_owned()));
        }
    }
}

/// Something about a capture that its bytes alone do not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadNote {
    /// The body was rebuilt from the form's parsed fields.
    Rebuilt,
    /// A multipart body was kept as parsed fields only, without its boundary.
    Multipart,
    /// The text was taken as one byte a character, for only so it has the declared length.
    Latin1,
    /// The body is not of the length that was declared.
    Length {
        /// What `Content-Length` or the form's own field says.
        declared: u64,
        /// How many bytes there are.
        found: u64,
    },
    /// The container's log has cut the line into numbered parts, of which one is not in the file.
    PartLost,
    /// What stands for the time of reception is none that can be read.
    Time(String),
    /// The headers say that the body is packed so, and the file has it unpacked.
    Unpacked(String),
    /// The program that wrote the file says that it left the body out.
    LeftOut(String),
    /// There is no body, and nothing says that none was sent.
    NoBody,
    /// Characters that stand for no byte were in the body.
    Lossy,
    /// Line ends after the declared length were dropped; how many bytes.
    TrailingNewline(usize),
    /// A field that was folded over several lines was made one; its first line.
    Unfolded(u64),
    /// `Transfer-Encoding: chunked` is said, but the body is not in chunks.
    NotChunked,
    /// A variable in the body of which the file does not tell the value.
    Unset(String),
    /// Read from headers and payload without a request line.
    Page,
    /// White space was taken out of a JSON body that was shown over several lines.
    Compacted,
    /// Read from a curl command.
    Command,
    /// A command was copied for a shell whose quoting takes away what it cannot write.
    Quoting,
    /// Whoever wrote it puts a dot for every byte that is not printable.
    Dots,
}

impl ReadNote {
    /// Whether the body may be another one than that which was received, though nothing is missing.
    pub const fn is_doubt(&self) -> bool {
        matches!(
            self,
            Self::Rebuilt
                | Self::Latin1
                | Self::NotChunked
                | Self::Quoting
                | Self::Dots
                | Self::Page
        )
    }
}

impl ReadNote {
    /// What is said of one that carries nothing of the file.
    const fn text(&self) -> Option<&'static str> {
        Some(match self {
            Self::Rebuilt => {
                "the body was rebuilt from the form's fields and may differ in its escapes"
            }
            Self::Multipart => "a multipart body cannot be rebuilt from its fields",
            Self::Latin1 => "the body's text was read as one byte a character",
            Self::NoBody => "the file has no body for this request",
            Self::Lossy => "the body has characters that stand for no byte",
            Self::NotChunked => "the body is not in chunks, though the headers say so",
            Self::PartLost => "a part of the line is missing from the container's log",
            Self::Page => {
                "there is no request line: read as headers and payload of a delivery page"
            }
            Self::Compacted => "the payload was shown over several lines, and is read as one",
            Self::Command => "read from a curl command, as it would be sent",
            Self::Quoting => {
                "the command is quoted for cmd, which doubles backslashes or drops line ends"
            }
            Self::Dots => "a dot may stand for a byte that is not printable",
            _ => return None,
        })
    }
}

impl fmt::Display for ReadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = str::escape_debug;
        match self {
            Self::Length { declared, found } => {
                write!(
                    f,
                    "the body is {found} bytes long, {declared} were declared"
                )
            }
            Self::Time(text) => {
                let why = "it needs a date, a time and an offset such as `Z`";
                write!(f, "the time `{}` cannot be read: {why}", escaped(text))
            }
            Self::Unpacked(coding) => {
                let coding = escaped(coding);
                write!(
                    f,
                    "the body was received as {coding}, and is decoded in this file"
                )
            }
            Self::Unset(name) => {
                let name = escaped(name);
                write!(
                    f,
                    "the file does not tell what `{{{{{name}}}}}` in the body is"
                )
            }
            Self::LeftOut(why) => write!(f, "the body was left out: {why}"),
            Self::TrailingNewline(count) => {
                write!(f, "{count} bytes of line end after the body were dropped")
            }
            Self::Unfolded(line) => {
                write!(f, "the folded header on line {line} was made one line")
            }
            _ => f.write_str(self.text().unwrap_or_default()),
        }
    }
}
