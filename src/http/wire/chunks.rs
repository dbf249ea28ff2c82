//! Where a chunked body ends (RFC 9112, section 7.1).

use super::skip;

/// Follows a chunked body without keeping any of it.
///
/// It is no stricter than it must be to find the end: what hyper refuses ends the connection.
pub(super) struct Chunks(Place);

enum Place {
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
        Self(Place::Size(0))
    }

    /// Whether the end was reached; `None` where this is no chunked body.
    pub(super) const fn is_done(&self) -> Option<bool> {
        match self.0 {
            Place::Done => Some(true),
            Place::Broken => None,
            _ => Some(false),
        }
    }

    /// Follows `bytes`; gives back what comes after the body's end.
    pub(super) fn feed<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            match &mut self.0 {
                Place::Done | Place::Broken => return bytes,
                Place::Data(left) => {
                    bytes = skip(left, bytes);
                    if *left == 0 {
                        self.0 = Place::DataEnd;
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
        self.0 = match (&self.0, byte) {
            (Place::Size(size) | Place::Extension(size), b'\n') => match *size {
                0 => Place::Trailer(true),
                size => Place::Data(size),
            },
            (Place::Size(size), _) if byte.is_ascii_hexdigit() => grow(*size, byte),
            (Place::Size(size), b';' | b' ' | b'\t' | b'\r') | (Place::Extension(size), _) => {
                Place::Extension(*size)
            }
            (Place::DataEnd, b'\r') => Place::DataEnd,
            (Place::DataEnd, b'\n') => Place::Size(0),
            (Place::Trailer(true), b'\n') => Place::Done,
            (Place::Trailer(_), b'\n') => Place::Trailer(true),
            (Place::Trailer(empty), b'\r') => Place::Trailer(*empty),
            (Place::Trailer(_), _) => Place::Trailer(false),
            _ => Place::Broken,
        };
    }
}

fn grow(size: u64, digit: u8) -> Place {
    let digit = char::from(digit).to_digit(16).map_or(0, u64::from);
    size.checked_mul(16)
        .and_then(|size| size.checked_add(digit))
        .map_or(Place::Broken, Place::Size)
}
