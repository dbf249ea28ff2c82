//! A text by its lines.

/// The lines of a text with their numbers; line ends are CRLF or LF.
pub struct NumberedLines<'a> {
    rest: &'a [u8],
    number: u64,
    /// How many bytes were given out, with their line ends.
    pub used: usize,
}

impl<'a> NumberedLines<'a> {
    pub const fn new(bytes: &'a [u8], first: u64) -> Self {
        Self {
            rest: bytes,
            number: first,
            used: 0,
        }
    }
}

impl<'a> Iterator for NumberedLines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|b| *b == b'\n');
        let length = end.map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.used += length;
        self.number += 1;
        Some((self.number - 1, trim_line_end(line)))
    }
}

/// A line without its LF or CRLF.
pub fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
