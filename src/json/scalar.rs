//! Strings, numbers and words of a JSON text: where they end, and what strings say (RFC 8259).

/// What stands behind a piece of a text; where that is broken, whether the text ended in the middle.
pub(super) type Behind<'a> = Result<&'a [u8], bool>;

/// What stands behind a value that is no object and no array.
pub(super) fn behind_scalar(rest: &[u8]) -> Behind<'_> {
    match rest {
        [b'"', behind @ ..] => behind_string(behind),
        [b'-' | b'0'..=b'9', ..] => behind_number(rest),
        [b't', ..] => behind_word(rest, "true"),
        [b'f', ..] => behind_word(rest, "false"),
        [b'n', ..] => behind_word(rest, "null"),
        _ => Err(rest.is_empty()),
    }
}

fn behind_number(rest: &[u8]) -> Behind<'_> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match rest {
        [b'0', behind @ ..] => behind,
        _ => behind_digits(rest)?,
    };
    if let [b'.', behind @ ..] = rest {
        rest = behind_digits(behind)?;
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', behind @ ..] | [b'e' | b'E', behind @ ..] => {
            behind_digits(behind)
        }
        _ => Ok(rest),
    }
}

fn behind_digits(rest: &[u8]) -> Behind<'_> {
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match rest.get(count..) {
        Some(behind) if count > 0 => Ok(behind),
        _ => Err(rest.is_empty()),
    }
}

fn behind_word<'a>(rest: &'a [u8], word: &'static str) -> Behind<'a> {
    let behind = rest.strip_prefix(word.as_bytes());
    behind.ok_or_else(|| word.as_bytes().starts_with(rest))
}

/// What stands behind white space.
pub(super) fn behind_space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// What stands behind a string, given what stands behind its first quote.
pub(super) fn behind_string(mut rest: &[u8]) -> Behind<'_> {
    loop {
        while let Some((chunk, behind)) = rest.split_first_chunk() {
            match special(*chunk) {
                None => rest = behind,
                Some(at) => {
                    rest = rest.get(at..).unwrap_or_default();
                    break;
                }
            }
        }
        rest = match rest {
            [b'"', behind @ ..] => return Ok(behind),
            [b'\\', _, ..] => behind_escape(rest)?,
            [] | [b'\\'] => return Err(true),
            [0x20..=0xff, behind @ ..] => behind,
            _ => return Err(false),
        };
    }
}

fn behind_escape(escape: &[u8]) -> Behind<'_> {
    match escape {
        [
            _,
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            behind @ ..,
        ] => Ok(behind),
        [_, b'u', hex @ ..] => match hex.split_first_chunk::<4>() {
            Some((digits, behind)) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(behind),
            digits => Err(digits.is_none()),
        },
        _ => Err(false),
    }
}

/// Where in eight bytes the first quote, backslash or control character stands.
#[inline]
fn special(chunk: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let word = u64::from_le_bytes(chunk);
    let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
    // What a byte lacks in the difference is taken from those above it, so that of the bits that are
    // found the lowest is right.
    let found = quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash
        | word.wrapping_sub(ONES * 0x20) & !word;
    let found = found & (ONES * 0x80);
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// What a string says, given the text behind its first quote, and what stands behind its last one. `None`
/// where it is broken, or has half of a character.
///
/// A body of JSON has an escape every few bytes, so that nothing is gained by measuring what stands between
/// two of them: eight bytes are copied, and what of these is an escape is written over.
pub fn unescape(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    // An escape is never shorter than what it stands for.
    let (mut said, mut at, mut rest) = (vec![0; text.len()], 0, text);
    loop {
        if let Some((chunk, behind)) = rest.split_first_chunk()
            && let Some(slot) = said.get_mut(at..)?.first_chunk_mut()
        {
            *slot = *chunk;
            let Some(plain) = special(*chunk) else {
                (at, rest) = (at + 8, behind);
                continue;
            };
            (at, rest) = (at + plain, rest.get(plain..)?);
        }
        let (byte, behind) = match rest {
            [b'\\', byte @ (b'"' | b'\\' | b'/'), behind @ ..] => (*byte, behind),
            [b'"', behind @ ..] => {
                said.truncate(at);
                said.shrink_to_fit();
                return Some((said, behind));
            }
            [b'\\', b'u', hex @ ..] => {
                let (character, behind) = escaped(hex)?;
                let length = character.len_utf8();
                character.encode_utf8(said.get_mut(at..at + length)?);
                (at, rest) = (at + length, behind);
                continue;
            }
            [b'\\', letter, behind @ ..] => (control(*letter)?, behind),
            [byte @ 0x20..=0xff, behind @ ..] => (*byte, behind),
            _ => return None,
        };
        *said.get_mut(at)? = byte;
        (at, rest) = (at + 1, behind);
    }
}

const fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// The character of the digits behind `\u`, of one unit of UTF-16 or of two, and what stands behind it.
fn escaped(hex: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = unit(hex)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first.into())?, rest));
    }
    let (second, rest) = unit(rest.strip_prefix(b"\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

/// Four digits.
fn unit(hex: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = hex.split_at_checked(4)?;
    // `from_str_radix` takes a sign as well.
    let is_digits = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = str::from_utf8(digits).ok().filter(|_| is_digits)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What stands between quotes and may be a string: pieces of one, some broken, and any text.
    fn inner() -> impl Strategy<Value = String> {
        let pieces =
            r#"([a-z\\"/\x00-\x20é😀]|\\["\\/bfnrtux]|\\u[0-9a-fA-F+]{4}|\\ud83d\\ude00){0,24}"#;
        prop_oneof![pieces, any::<String>()]
    }

    proptest! {
        #[test]
        fn a_string_says_what_serde_json_reads_in_it(inner in inner(), behind in "[ ,}\"a]{0,9}") {
            let text = format!("{inner}\"{behind}");
            let whole = format!("\"{text}");
            let mut theirs = serde_json::Deserializer::from_str(&whole).into_iter::<String>();
            let read = theirs.next().and_then(Result::ok);
            let read = read.map(|read| (read.into_bytes(), &whole.as_bytes()[theirs.byte_offset()..]));
            prop_assert_eq!(unescape(text.as_bytes()), read);
        }

        #[test]
        fn a_string_ends_where_serde_json_ends_it(inner in inner(), behind in "[ ,}\"a]{0,9}") {
            let text = format!("{inner}\"{behind}");
            let whole = format!("\"{text}");
            let mut theirs = serde_json::Deserializer::from_str(&whole).into_iter::<serde::de::IgnoredAny>();
            let is_read = theirs.next().is_some_and(|read| read.is_ok());
            let end = is_read.then(|| &whole.as_bytes()[theirs.byte_offset()..]);
            prop_assert_eq!(behind_string(text.as_bytes()).ok(), end);
        }

        #[test]
        fn every_character_is_said_by_its_units(text: String) {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            let json = format!("{}\"", units.collect::<String>());
            prop_assert_eq!(unescape(json.as_bytes()), Some((text.into_bytes(), &b""[..])));
        }
    }
}
