//! JSON strings as bytes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The content of a JSON string: UTF-8, or WTF-8 where it has escapes of lone surrogates.
///
/// mitmproxy writes the byte `0x80` that is no text as `"\udc80"` (Python's `surrogateescape`),
/// which a JSON reader that makes Unicode text must refuse.
#[derive(Debug, Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// Whether the string is empty.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The string, with U+FFFD in place of what is no text.
    pub fn to_lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The bytes before they became JSON, with each escaped byte put back in its place; and whether
    /// there were surrogates that stand for no byte.
    pub fn unescape(&self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut lossy = false;
        let mut rest = self.0.as_slice();
        while let [first, tail @ ..] = rest {
            // A surrogate in WTF-8 is ED A0 80 to ED BF BF.
            if let [0xed, high @ 0xa0..=0xbf, low, after @ ..] = rest {
                let byte = escaped_byte(*high, *low);
                lossy |= byte.is_none();
                bytes.extend(byte);
                rest = after;
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        (bytes, lossy)
    }

    /// The string as one byte a character; `None` where a character is past U+00FF or all of them
    /// are ASCII, for then this reading is no other one.
    pub fn latin1(&self) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(&self.0).ok()?;
        if text.is_ascii() {
            return None;
        }
        text.chars().map(|c| u8::try_from(c).ok()).collect()
    }

    /// The length that JavaScript gives the string; `None` where it is no text.
    pub fn utf16_len(&self) -> Option<u64> {
        let text = std::str::from_utf8(&self.0).ok()?;
        Some(text.encode_utf16().count() as u64)
    }
}

/// What U+DC80 to U+DCFF stand for; they are ED B2 80 to ED B3 BF.
fn escaped_byte(high: u8, low: u8) -> Option<u8> {
    let unit = (u16::from(high & 0x3f) << 6) | u16::from(low & 0x3f);
    // `unit` is what the surrogate has below U+D000.
    (0xc80..=0xcff)
        .contains(&unit)
        .then_some((unit & 0xff) as u8)
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Text, E> {
        Ok(Text(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Text {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn python_s_escapes_become_their_bytes() {
        let (bytes, lossy) = text(r#""a\udc80\udcff é""#).unescape();
        assert_eq!(bytes, b"a\x80\xff \xc3\xa9");
        assert!(!lossy);
    }

    #[test]
    fn other_surrogates_are_said_to_be_lost() {
        for json in [r#""\ud800""#, r#""\udfff""#, r#""\udc7f""#] {
            assert_eq!(text(json).unescape(), (vec![], true), "{json}");
        }
        assert!(!text(r#""\ud83d\ude00""#).unescape().1);
    }

    #[test]
    fn one_byte_a_character() {
        assert_eq!(text(r#""é""#).latin1().unwrap(), b"\xe9");
        assert_eq!(text(r#""abc""#).latin1(), None);
        assert_eq!(text(r#""€""#).latin1(), None);
    }
}
