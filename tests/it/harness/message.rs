//! Requests byte for byte, read by a parser that is not the program's.

use std::io::BufRead;
use std::time::Instant;

use serde_json::Value;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Message {
    /// When its head had come.
    pub at: Instant,
    /// Every byte of it.
    pub bytes: Vec<u8>,
    /// The request line.
    pub line: String,
    /// The fields in order, spelled as they came; what is not UTF-8 is replaced.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Message {
    pub fn method(&self) -> &str {
        self.word(0)
    }

    pub fn target(&self) -> &str {
        self.word(1)
    }

    fn word(&self, place: usize) -> &str {
        self.line.split(' ').nth(place).expect("a request line")
    }

    /// The values of a field; names compare without case.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let fields = self.fields.iter();
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }

    /// The only value of a field.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        match self.values(name).as_slice() {
            [value] => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The content as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The content as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Reads messages that follow one another, such as what `--dry-run` prints.
    pub fn all(bytes: &[u8]) -> Vec<Self> {
        let mut reader = bytes;
        std::iter::from_fn(|| Self::read(&mut reader)).collect()
    }

    /// Reads one with `Content-Length`; leaves what follows it. `None` where nothing comes, or not
    /// the whole of it.
    pub fn read(reader: &mut impl BufRead) -> Option<Self> {
        let bytes = read_head(reader)?;
        let at = Instant::now();
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().expect("a request line").to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':').expect("a field");
            (name.to_owned(), value.trim().to_owned())
        };
        let fields = lines.map(field).collect();
        let mut message = Self {
            at,
            bytes,
            line,
            fields,
            body: Vec::new(),
        };
        let length = message.field("content-length").unwrap_or("0");
        message.body = vec![0; length.parse().expect("a length")];
        reader.read_exact(&mut message.body).ok()?;
        message.bytes.extend_from_slice(&message.body);
        Some(message)
    }
}

/// The request line and the fields, with the empty line.
fn read_head(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
        match &bytes[start..] {
            // A line end may stand before a message.
            b"\r\n" if start == 0 => bytes.clear(),
            b"\r\n" => return Some(bytes),
            _ => {}
        }
    }
}
