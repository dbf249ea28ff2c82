//! Where a chunked body ends (RFC 9112, section 7.1).

use super::skip;

/// Follows a chunked body without keeping any of it.
///
/// It is no stricter than it must be to find the end: what hyper refuses ends the connection.
pub(super) enum Chunks {
    /// Within the hexadecimal size.
    Size(u64),
    /// After the size, up to the end of the line: extensions.
    Extension(u64),
    /// Within a chunk's data.
    Data(u64),
    /// At the line end that follows the data.
    DataEnd,
    /// In the trailer section; whether the line is empty so far.
    Trailer(bool),
    Done,
    Broken,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self::Size(0)
    }

    /// Whether the end was reached; `None` where this is no chunked body.
    pub(super) const fn is_done(&self) -> Option<bool> {
        match self {
            Self::Done => Some(true),
            Self::Broken => None,
            _ => Some(false),
        }
    }

    /// Follows `bytes`; gives back what comes after the body's end.
    pub(super) fn feed<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            match self {
                Self::Done | Self::Broken => return bytes,
                Self::Data(left) => {
                    bytes = skip(left, bytes);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                }
                _ => {}
            }
            let Some((&byte, rest)) = bytes.split_first() else {
                return bytes;
            };
            self.step(byte);
            bytes = rest;
        }
    }

    fn step(&mut self, byte: u8) {
        *self = match (&*self, byte) {
            (Self::Size(size) | Self::Extension(size), b'\n') => match *size {
                0 => Self::Trailer(true),
                size => Self::Data(size),
            },
            (Self::Size(size), _) if byte.is_ascii_hexdigit() => grow(*size, byte),
            (Self::Size(size), b';' | b' ' | b'\t' | b'\r') | (Self::Extension(size), _) => {
                Self::Extension(*size)
            }
            (Self::DataEnd, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size(0),
            (Self::Trailer(true), b'\n') => Self::Done,
            (Self::Trailer(_), b'\n') => Self::Trailer(true),
            (Self::Trailer(empty), b'\r') => Self::Trailer(*empty),
            (Self::Trailer(_), _) => Self::Trailer(false),
            _ => Self::Broken,
        };
    }
}

fn grow(size: u64, digit: u8) -> Chunks {
    let digit = char::from(digit).to_digit(16).map_or(0, u64::from);
    size.checked_mul(16)
        .and_then(|size| size.checked_add(digit))
        .map_or(Chunks::Broken, Chunks::Size)
}
