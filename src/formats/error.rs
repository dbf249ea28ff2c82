//! What can be wrong with a file.

use std::io;

use crate::delivery::capture::CaptureError;

use super::found::FilePosition;

/// The shape of HAR, for messages.
pub(super) const HAR_SHAPE: &str =
    r#"{"log":{"entries":[{"request":{"url":"…","headers":[…],"postData":{…}}}]}}"#;

/// Why no capture could be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The reader failed.
    #[error("cannot read the input: {0}")]
    Io(#[from] io::Error),
    /// Nothing but white space.
    #[error("the input is empty")]
    Empty,
    /// Text of two bytes a character, one of which is none.
    #[error("it is UTF-16 with a character that is broken")]
    Utf16,
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
    /// Text of another shape.
    #[error("{place}: {problem}")]
    Shape {
        /// Where it starts.
        place: FilePosition,
        /// What is wrong, such as ``no `request.headers` ``.
        problem: String,
        /// The nearest shape that is read, where there is one to show.
        expected: Option<&'static str>,
        /// Whether it is JSON without any sign of a capture, such as a payload.
        bare: bool,
    },
}

impl FormatError {
    /// What is wrong at a place.
    pub(super) fn at(place: FilePosition, problem: impl Into<String>) -> Self {
        Self::Shape {
            place,
            problem: problem.into(),
            expected: None,
            bare: false,
        }
    }

    /// The same, with the shape that is read.
    pub(super) fn expecting(
        place: FilePosition,
        problem: impl Into<String>,
        shape: &'static str,
    ) -> Self {
        Self::Shape {
            place,
            problem: problem.into(),
            expected: Some(shape),
            bare: false,
        }
    }

    /// Whether it is not even JSON.
    pub(super) const fn is_broken(&self) -> bool {
        matches!(
            self,
            Self::Capture {
                source: CaptureError::Form(_),
                ..
            }
        )
    }

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
    pub fn hint(&self) -> String {
        match self {
            Self::Utf16 => {
                "convert it: `iconv -f UTF-16 -t UTF-8`, or `Set-Content -Encoding utf8`".into()
            }
            Self::Shape {
                expected: Some(shape),
                ..
            } => format!("expected {shape}"),
            Self::Io(error) if error.kind() == io::ErrorKind::IsADirectory => {
                "it is a folder: name a file in it".into()
            }
            Self::Io(_) => "check the path and its rights".into(),
            Self::Empty
            | Self::Unrecognised
            | Self::Shape { .. }
            | Self::Capture { .. } => "captures are what `listen --json` prints, JSON lines, HAR, or an HTTP request message".into(),
        }
    }
}
