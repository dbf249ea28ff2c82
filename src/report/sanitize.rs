//! Untrusted text made safe for a terminal: what cannot be seen, or moves what can, is shown escaped.
//!
//! Escaped are the control characters (C0, DEL, C1), the line and paragraph separators, and the
//! characters that Unicode calls default ignorable: bidirectional overrides, isolates and marks,
//! zero-width characters, invisible fillers, tag characters and the selectors of the supplement.
//! The list is `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt` (Unicode 16) without
//! the sixteen variation selectors U+FE00 to U+FE0F, which emoji need and which hide nothing.

use std::borrow::Cow;

/// Text on one line: line feeds and tabs are escaped too. Clean text is borrowed.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_where(text, is_unsafe)
}

/// Text on several lines: line feeds and tabs stay. Clean text is borrowed.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_where(text, is_unsafe_in_lines)
}

/// Bytes on one line; those that are not UTF-8 are shown as `\xff`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    escape_bytes_where(bytes, is_unsafe)
}

/// Bytes on several lines: line feeds and tabs stay.
pub fn escape_bytes_lines(bytes: &[u8]) -> String {
    escape_bytes_where(bytes, is_unsafe_in_lines)
}

/// One line of text that this program coloured: colour sequences (`ESC [ … m`) stay, all else is
/// escaped as by [`escape`].
pub fn escape_styled(text: &str) -> Cow<'_, str> {
    let is_safe = |piece| match piece {
        StyledPiece::Style(_) => true,
        StyledPiece::Text(text) => is_plain(text),
    };
    if pieces(text).all(is_safe) {
        return Cow::Borrowed(text);
    }
    let pieces = pieces(text).map(|piece| match piece {
        StyledPiece::Style(sequence) => Cow::Borrowed(sequence),
        StyledPiece::Text(text) => escape(text),
    });
    Cow::Owned(pieces.collect())
}

/// A text without its colour sequences; one that has none is borrowed.
pub fn without_styles(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return Cow::Borrowed(text);
    }
    let texts = pieces(text).filter_map(|piece| match piece {
        StyledPiece::Style(_) => None,
        StyledPiece::Text(text) => Some(text),
    });
    Cow::Owned(texts.collect())
}

/// JSON for a terminal: what would move or hide text stands as `\u202e`, which means the same to
/// whoever parses it. Clean text is borrowed.
pub fn escape_json(text: &str) -> Cow<'_, str> {
    escape_by(text, is_unsafe, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str("\\u");
            out.push_str(&hex::encode(unit.to_be_bytes()));
        }
    })
}

/// Whether a text on several lines can go to a terminal as it is.
#[cfg(test)]
pub(super) fn is_clean(text: &str) -> bool {
    unsafe_places(text, is_unsafe_in_lines).next().is_none()
}

/// Whether a character is escaped on a single line; for joiners, [`is_joiner`] knows more.
fn is_unsafe(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\0'..='\u{9f}' => true,
        _ => is_invisible(c),
    }
}

/// Whether a character joins its neighbours, or keeps them apart, as writing does: emoji are made of
/// several, and Arabic and Indic letters need it. Between others it is only invisible.
fn is_joiner(before: Option<char>, c: char, after: Option<char>) -> bool {
    let joins = |c: char| {
        let is_letter =
            matches!(c, '\u{600}'..='\u{1cff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}');
        let is_emoji =
            matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}');
        (is_letter || is_emoji) && !is_unsafe(c)
    };
    matches!(c, '\u{200c}' | '\u{200d}') && before.is_some_and(joins) && after.is_some_and(joins)
}

/// The characters that are escaped, with their places.
fn unsafe_places(text: &str, hidden: fn(char) -> bool) -> impl Iterator<Item = (usize, char)> {
    let mut before = None;
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = rest.next()?;
            let before = before.replace(c);
            let after = rest.peek().map(|(_, c)| *c);
            if hidden(c) && !is_joiner(before, c, after) {
                return Some((at, c));
            }
        }
    })
}

/// A part of a styled text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StyledPiece<'a> {
    /// A colour sequence, of no width.
    Style(&'a str),
    /// What lies between two of them.
    Text(&'a str),
}

/// A styled text in its parts; a lone escape character is text.
pub(super) fn pieces(mut rest: &str) -> impl Iterator<Item = StyledPiece<'_>> {
    std::iter::from_fn(move || {
        let (piece, length) = if let Some(length) = style_length(rest) {
            (StyledPiece::Style(rest.get(..length)?), length)
        } else {
            let length = text_length(rest);
            (StyledPiece::Text(rest.get(..length)?), length)
        };
        rest = rest.get(length..)?;
        (length > 0).then_some(piece)
    })
}

/// The length of the colour sequence that `text` begins with.
fn style_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let is_colour = parameters.get(end..)?.starts_with('m');
    is_colour.then_some("\x1b[".len() + end + "m".len())
}

/// How far the text goes until the next colour sequence.
fn text_length(text: &str) -> usize {
    text.match_indices('\x1b')
        .map(|(at, _)| at)
        .find(|at| text.get(*at..).and_then(style_length).is_some())
        .unwrap_or(text.len())
}

fn is_unsafe_in_lines(c: char) -> bool {
    !matches!(c, '\n' | '\t') && is_unsafe(c)
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn escape_where(text: &str, hidden: fn(char) -> bool) -> Cow<'_, str> {
    escape_by(text, hidden, |out, c| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => out.extend(byte.escape_ascii().map(char::from)),
        // C1 too: `\x9b` is kept for the byte.
        _ => out.extend(c.escape_unicode()),
    })
}

/// Whether a text is printable ASCII, as most is: bytes are looked through faster than characters.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn escape_by(text: &str, hidden: fn(char) -> bool, write: fn(&mut String, char)) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut places = unsafe_places(text, hidden).peekable();
    if places.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut from = 0;
    for (at, c) in places {
        out.push_str(text.get(from..at).unwrap_or_default());
        write(&mut out, c);
        from = at + c.len_utf8();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

fn escape_bytes_where(bytes: &[u8], hidden: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape_where(chunk.valid(), hidden));
        out.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_moves_or_hides_text_is_shown() {
        assert_eq!(escape("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(escape("user\u{202e}txt.exe"), "user\\u{202e}txt.exe");
        assert_eq!(escape("\u{9b}31m\u{7f}"), "\\u{9b}31m\\x7f");
        assert_eq!(escape("x\u{e0041}\u{feff}"), "x\\u{e0041}\\u{feff}");
        assert_eq!(escape("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(escape_lines("a\r\n\tb"), "a\\r\n\tb");
        assert_eq!(escape("a\u{2028}b"), "a\\u{2028}b");
    }

    #[test]
    fn what_people_write_stays() {
        let joined = ["👩‍👧 👩🏽‍💻 🏳️‍🌈", "می‌خواهم", "क्‍ष"];
        for text in ["Zürich €", "日本語", "❤️ 🎉", "עברית", "café", ""]
            .into_iter()
            .chain(joined)
        {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_joiner_that_joins_nothing_is_shown() {
        for text in [
            "pay\u{200d}pal",
            "\u{200c}",
            "👩\u{200d}",
            "\u{200d}👩",
            "👩\u{200d}\u{200d}👧",
        ] {
            assert!(escape(text).contains("\\u{200"), "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_from_characters() {
        assert_eq!(escape_bytes(b"ok \xff\xfe\n"), "ok \\xff\\xfe\\n");
        assert_eq!(escape_bytes("\u{9b}".as_bytes()), "\\u{9b}");
        assert_eq!(escape_bytes_lines(b"\xc3\n"), "\\xc3\n");
    }

    #[test]
    fn only_colours_pass_in_styled_text() {
        assert_eq!(
            escape_styled("\x1b[1;32mok\x1b[0m\x1b[2J\x1b]0;title\x07\x1b"),
            "\x1b[1;32mok\x1b[0m\\x1b[2J\\x1b]0;title\\x07\\x1b"
        );
    }

    proptest! {
        #[test]
        fn nothing_unsafe_comes_out(text in "\\PC*|(?s:.*)") {
            prop_assert!(is_clean(&escape_lines(&text)));
            let one = escape(&text);
            prop_assert!(is_clean(&one) && !one.contains(['\n', '\t']));
        }

        #[test]
        fn nothing_unsafe_comes_out_of_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(is_clean(&escape_bytes(&bytes)));
            prop_assert!(is_clean(&escape_bytes_lines(&bytes)));
        }

        #[test]
        fn escaped_json_is_safe_and_means_the_same(text in any::<String>()) {
            let line = serde_json::to_string(&text).unwrap();
            let escaped = escape_json(&line);
            prop_assert!(is_clean(&escaped));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }

        #[test]
        fn clean_text_is_borrowed_and_other_text_is_not(text in any::<String>()) {
            let clean = unsafe_places(&text, is_unsafe).next().is_none();
            prop_assert_eq!(matches!(escape(&text), Cow::Borrowed(_)), clean);
            prop_assert_eq!(escape(&text) == text, clean);
        }

        #[test]
        fn a_stream_without_colours_gets_what_strips_them_elsewhere(
            pieces in prop::collection::vec("\x1b\\[[0-9;]{0,5}m|\\PC{0,9}|\n", 0..9)
        ) {
            let text = pieces.concat();
            let stripped = anstream::adapter::strip_str(&text).to_string();
            prop_assert_eq!(without_styles(&text), stripped);
        }

        #[test]
        fn styled_text_leaves_no_escape_but_colours(text in "(\x1b\\[[0-9;]{0,3}[mJ]?|[a\u{202e}\u{7}])*") {
            let out = escape_styled(&text).into_owned();
            let rest: String = pieces(&out)
                .filter_map(|piece| match piece { StyledPiece::Text(text) => Some(text), StyledPiece::Style(_) => None })
                .collect();
            prop_assert!(is_clean(&rest));
        }
    }
}
