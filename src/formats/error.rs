//! What can be wrong with a file.

use std::io;

use crate::delivery::capture::CaptureError;

use super::found::FilePosition;
use super::har::HarError;
use super::message::MessageError;

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
        place: FilePosition,
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
        place: FilePosition,
        /// What is wrong with it.
        source: CaptureError,
    },
    /// JSON of another shape.
    #[error("{place}: {problem}")]
    Shape {
        /// Where it starts.
        place: FilePosition,
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
