//! Quoting for a POSIX shell.

use std::fmt::Write as _;

/// Whether bytes can be printed and pasted as they are: text without control characters other than
/// tab and line feed, and without marks that change its direction.
pub fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_plain_char))
}

fn is_plain_char(c: char) -> bool {
    let direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    matches!(c, '\t' | '\n') || !(c.is_control() || direction || line)
}

/// A word that means these bytes, which must not have a NUL. Where they are not plain it is the
/// output of `printf`, whose line ends at the end a shell drops: no header has any.
pub fn quote(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(bytes) => single(text),
        _ => format!("\"$(printf '%b' {})\"", escaped(bytes)),
    }
}

/// A word that is left bare where it needs no quotes.
pub fn word(text: &str) -> String {
    let bare = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    if bare { text.into() } else { single(text) }
}

/// Within single quotes only the quote itself has a meaning.
pub fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A quoted argument for `printf '%b'`, which reads `\0ddd` as a byte in octal.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str(r"\\"),
                '\t' => out.push_str(r"\t"),
                '\n' => out.push_str(r"\n"),
                c if is_plain_char(c) => out.push(c),
                c => octal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
            }
        }
        octal(chunk.invalid(), &mut out);
    }
    single(&out)
}

fn octal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, r"\0{byte:03o}");
    }
}
