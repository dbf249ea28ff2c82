//! Text as other programs save it: with byte order marks, in UTF-16, with characters that nobody sees.

use std::borrow::Cow;

/// The mark that editors and shells put before UTF-8.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// Stands in a URL for a user name and a password.
pub const HIDDEN: &str = "…@";

/// The bytes of a file as UTF-8: without byte order marks, of which some programs write two, and from
/// UTF-16, which `>` of Windows `PowerShell` writes. What is neither stays as it is. Tells whether
/// it was UTF-16.
pub fn decode(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if let Some(text) = from_utf16(bytes) {
        return (text.into_bytes().into(), true);
    }
    (without_marks(bytes).into(), false)
}

/// The bytes behind all byte order marks.
pub fn without_marks(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(BOM) {
        bytes = rest;
    }
    bytes
}

/// Whether a file that begins so is UTF-16: by its mark, or as ASCII in which every other byte is 0.
pub fn is_utf16(bytes: &[u8]) -> bool {
    order(bytes).is_some()
}

/// How a unit of two bytes is read; `None` where this is no UTF-16.
fn order(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [a, 0, b, 0, ..] if is_text(*a) && is_text(*b) => Some(u16::from_le_bytes),
        [0, a, 0, b, ..] if is_text(*a) && is_text(*b) => Some(u16::from_be_bytes),
        _ => None,
    }
}

const fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

fn from_utf16(bytes: &[u8]) -> Option<String> {
    let order = order(bytes)?;
    let (units, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let text = char::decode_utf16(units.iter().map(|unit| order(*unit)));
    let text: String = text.collect::<Result<_, _>>().ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// The first character of a text that nobody sees and that is part of it all the same: white space at
/// an end, and anywhere what has no width or is a control.
pub fn unseen(text: &str) -> Option<char> {
    let at_end = |c: char| c.is_whitespace();
    let ends = [text.chars().next(), text.chars().next_back()];
    let anywhere = text.chars().find(|c| is_unseen(*c));
    anywhere.or_else(|| ends.into_iter().flatten().find(|c| at_end(*c)))
}

/// Whether a character has no width, or looks like a space and is none.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{a0}' | '\u{ad}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
                | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
        )
}

/// A URL as somebody has typed it, with a mark in the place of user name and password.
pub fn without_secrets(text: &str) -> String {
    let start = text.find("://").map_or(0, |place| place + 3);
    let rest = &text[start..];
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{}{HIDDEN}{}", &text[..start], &rest[at + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, mark: bool, to: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(to).collect()
    }

    #[test]
    fn marks_and_utf16_of_either_order_are_taken_off() {
        let text = "{\"a\":\"é\"}\r\n";
        for bytes in [
            utf16(text, true, u16::to_le_bytes),
            utf16(text, true, u16::to_be_bytes),
            utf16(text, false, u16::to_le_bytes),
            utf16(text, false, u16::to_be_bytes),
        ] {
            let decoded = decode(&bytes);
            assert_eq!(decoded, (text.as_bytes().into(), true), "{bytes:?}");
        }
        let marked = [BOM, BOM, text.as_bytes()].concat();
        assert_eq!(decode(&marked), (text.as_bytes().into(), false));
    }

    #[test]
    fn what_is_no_text_stays_as_it_is() {
        for bytes in [
            &b""[..],
            b"\xff\xfea",
            b"\xff\xfe\x00\xd8",
            b"\xff",
            b"a\0",
            b"\0\0\0\0",
        ] {
            assert_eq!(decode(bytes).0, bytes, "{bytes:?}");
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_found() {
        for (text, found) in [
            ("whsec_1", None),
            ("a b", None),
            ("a ", Some(' ')),
            ("\ta", Some('\t')),
            ("a\u{a0}", Some('\u{a0}')),
            ("a\u{200b}b", Some('\u{200b}')),
            ("\u{feff}a", Some('\u{feff}')),
            ("a\n", Some('\n')),
        ] {
            assert_eq!(unseen(text), found, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_without_marks_stays_as_it_is(text in "[^\u{feff}\0]{0,20}") {
            prop_assert_eq!(decode(text.as_bytes()).0, text.as_bytes());
        }
    }
}
