//! Bodies: what is added to a document, and the ways in which one document can be written.

use std::io;

use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Map, Value, json};

use crate::json::{Path, javascript};

/// The name of a field that no provider documents.
const EXTRA: &str = "webhook_test_extra";
/// The length of the text that makes a body large, in bytes: 1 MiB.
const BULK: usize = 1 << 20;
/// Accents in both forms, three scripts, a character beyond the first plane, a right-to-left word.
const UNICODE: &str = "Zoë Grüße naı\u{308}ve 東京 Київ שלום 🍰";
/// The members whose text is for people, so that any text may stand there.
const TEXTS: [&str; 7] = [
    "name",
    "notes",
    "note",
    "title",
    "description",
    "message",
    "reason",
];

/// Adds a field that is not documented to the first object at or below `path`. A document without such an object stays as it is.
pub fn add_field(document: &mut Value, path: &Path) {
    insert(document, path, json!({"added": "later"}));
}

/// Puts text beyond ASCII where text for people stands; into a field of its own where there is none.
pub fn add_unicode(document: &mut Value, path: &Path) {
    let is_written = path.find(document).is_some_and(write_text);
    if !is_written {
        insert(document, path, UNICODE.into());
    }
}

/// Makes the document about 1 MiB large.
pub fn add_bulk(document: &mut Value, path: &Path) {
    insert(document, path, "x".repeat(BULK).into());
}

/// Adds a number with a fraction, where the document has none.
pub fn ensure_fraction(document: &mut Value, path: &Path) {
    if !has_fraction(document) {
        insert(document, path, json!(49.9));
    }
}

/// Whether there is a number with a fraction somewhere.
pub fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => javascript::number_text(number).contains('.'),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(map) => map.values().any(has_fraction),
        _ => false,
    }
}

fn insert(document: &mut Value, path: &Path, value: Value) {
    if let Some(object) = path.find(document).and_then(first_object) {
        object.insert(EXTRA.into(), value);
    }
}

fn first_object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        Value::Array(items) => items.iter_mut().find_map(first_object),
        _ => None,
    }
}

/// Looks into objects and arrays below.
fn write_text(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => {
            map.iter_mut().any(|(key, value)| write_member(key, value))
                || map.values_mut().any(write_text)
        }
        Value::Array(items) => items.iter_mut().any(write_text),
        _ => false,
    }
}

fn write_member(key: &str, value: &mut Value) -> bool {
    let fits = TEXTS.contains(&key) && value.is_string();
    if fits {
        *value = UNICODE.into();
    }
    fits
}

/// With line ends and indentation, and white space around the whole.
pub fn spaced(document: &Value) -> Vec<u8> {
    let inner = written(document, PrettyFormatter::with_indent(b"\t"));
    [b"\n", inner.as_slice(), b"\n"].concat()
}

/// With characters beyond ASCII as `\u…`; where there are none, with every `e` so.
pub fn escaped(document: &Value) -> Vec<u8> {
    let is_ascii = document.to_string().is_ascii();
    written(document, Escaping { letter: is_ascii })
}

/// With a zero behind every fraction: `49.90`.
pub fn with_trailing_zeros(document: &Value) -> Vec<u8> {
    written(document, TrailingZeros)
}

/// With the members of every object in reverse.
pub fn reversed(document: &Value) -> Vec<u8> {
    javascript::stringify(&turned(document)).into_bytes()
}

fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(turned).collect(),
        Value::Object(map) => {
            let members = map.iter().rev();
            let members = members.map(|(key, value)| (key.clone(), turned(value)));
            Value::Object(members.collect())
        }
        plain => plain.clone(),
    }
}

fn written(document: &Value, formatter: impl Formatter) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing a value into memory has nothing to fail on.
    let _ = document.serialize(&mut serializer);
    bytes
}

/// Writes characters as `\u…`.
struct Escaping {
    /// Whether the letter `e` is one of them.
    letter: bool,
}

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for c in fragment.chars() {
            if c.is_ascii() && !(self.letter && c == 'e') {
                write!(writer, "{c}")?;
                continue;
            }
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// Writes `49.90` for 49.9.
struct TrailingZeros;

impl Formatter for TrailingZeros {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut text = Vec::new();
        CompactFormatter.write_f64(&mut text, value)?;
        if text.contains(&b'.') && !text.contains(&b'e') {
            text.push(b'0');
        }
        writer.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    fn sample() -> Value {
        json!({"b": {"name": "é🍰", "d": 1.5}, "a": [1, 2.25, 1e-9]})
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn each_spelling_is_the_same_document_in_other_bytes() {
        for document in [sample(), json!({"event": "order.created", "x": 1.5})] {
            for spell in [spaced, escaped, with_trailing_zeros, reversed] {
                let bytes = spell(&document);
                let plain = javascript::stringify(&document);
                assert_ne!(bytes, plain.into_bytes());
                let read: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(read, document);
            }
        }
    }

    #[test]
    fn spellings_are_what_they_are_called() {
        let escaped = text(escaped(&sample()));
        assert!(escaped.contains(r"\u00e9\ud83c\udf70"), "{escaped}");
        let zeros = text(with_trailing_zeros(&sample()));
        assert!(zeros.contains("1.50") && zeros.contains("2.250"), "{zeros}");
        assert!(zeros.contains("[1,"), "{zeros}");
        assert!(text(reversed(&sample())).starts_with(r#"{"a":"#));
    }

    #[test]
    fn texts_for_people_are_written_wherever_they_stand() {
        let mut document = json!({"data": {"items": [{"name": "Tea"}], "status": "open"}});
        add_unicode(&mut document, &path("data"));
        assert_eq!(document["data"]["items"][0]["name"], UNICODE);
        let mut bare = json!({"data": {"status": "open"}});
        add_unicode(&mut bare, &path("data"));
        assert_eq!(bare["data"][EXTRA], UNICODE);
        assert_eq!(bare["data"]["status"], "open");
    }

    #[test]
    fn a_path_that_is_not_there_changes_nothing() {
        let mut document = json!([1]);
        add_field(&mut document, &path("data"));
        add_field(&mut document, &Path::ROOT);
        assert_eq!(document, json!([1]));
    }

    #[test]
    fn a_list_takes_a_field_in_its_first_object() {
        let mut document = json!({"data": {"items": ["a", [{"id": 1}], {"id": 2}]}});
        ensure_fraction(&mut document, &path("data.items[1]"));
        assert_eq!(document["data"]["items"][1][0][EXTRA], 49.9);
        add_bulk(&mut document, &path("data.items"));
        let bulk = document["data"]["items"][1][0][EXTRA].as_str();
        assert_eq!(bulk.map(str::len), Some(BULK));
        assert_eq!(document["data"]["items"][2], json!({"id": 2}));
    }
}
