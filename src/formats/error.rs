//! What can be wrong with a file, and where in it.

use std::fmt;
use std::io;

use crate::delivery::capture::CaptureError;

use super::har::HarError;
use super::message::MessageError;

/// Where in a file something stands; counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The line on which it starts.
    Line(u64),
    /// An item of a JSON array.
    Item(usize),
    /// An item of HAR's `log.entries`.
    Entry(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Item(number) => write!(f, "item {number}"),
            Self::Entry(number) => write!(f, "entry {number}"),
        }
    }
}

/// Why no capture could be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The reader failed.
    #[error("cannot read the input: {0}")]
    Io(#[from] io::Error),
    /// More than is held in memory at once.
    #[error("{place}: longer than the {limit} bytes that are read at once")]
    TooLong {
        /// Where it starts.
        place: Place,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing but white space.
    #[error("the input is empty")]
    Empty,
    /// None of the forms; the caller may take it for a bare body.
    #[error("neither a capture, nor HAR, nor an HTTP request message")]
    Unrecognised,
    /// JSON that does not parse, or a capture whose content does not.
    #[error("{place}: {source}")]
    Capture {
        /// Where it starts.
        place: Place,
        /// What is wrong with it.
        source: CaptureError,
    },
    /// JSON of another shape.
    #[error("{place}: {problem}")]
    Shape {
        /// Where it starts.
        place: Place,
        /// What is missing, such as ``no `request.headers` ``.
        problem: String,
        /// The nearest shape that is read.
        expected: &'static str,
        /// Whether it is JSON without any sign of a capture, such as a payload.
        bare: bool,
    },
    /// HAR that cannot be read.
    #[error(transparent)]
    Har(#[from] HarError),
    /// A raw request that cannot be read.
    #[error(transparent)]
    Message(#[from] MessageError),
}

impl FormatError {
    /// Whether the input may just be the body of a request, for which the caller has the headers.
    pub const fn may_be_body(&self) -> bool {
        match self {
            Self::Unrecognised => true,
            Self::Shape { bare, .. } => *bare,
            Self::Capture { source, .. } => matches!(source, CaptureError::Form(_)),
            _ => false,
        }
    }

    /// What to do about it, in a line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Shape { expected, .. } => Some(format!("expected {expected}")),
            _ => None,
        }
    }
}

/// A request that no HTTP/1.x message can carry: a method or header name that is no token, a target
/// with white space, a value with a line end or NUL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} cannot be written in an HTTP message: `{text}`")]
pub struct Unwritable {
    /// `method`, `target` or `header`.
    pub part: &'static str,
    /// What it is, or the header's name, with what is not printable escaped.
    pub text: String,
}

impl Unwritable {
    /// Passes what may be a field (RFC 9110, section 5).
    pub(super) fn check_field(name: &str, value: &[u8]) -> Result<(), Self> {
        let bare = !value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        Self::check(is_token(name) && bare, "header", name)
    }

    /// Passes what may stand in a request line (RFC 9112, section 3).
    pub(super) fn check_line(method: &str, target: &str) -> Result<(), Self> {
        Self::check(is_token(method), "method", method)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control();
        Self::check(
            !target.is_empty() && target.chars().all(plain),
            "target",
            target,
        )
    }

    fn check(fits: bool, part: &'static str, text: &str) -> Result<(), Self> {
        let error = || Self {
            part,
            text: text.escape_debug().to_string(),
        };
        fits.then_some(()).ok_or_else(error)
    }
}

/// Whether a text may be a method or a field's name (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
