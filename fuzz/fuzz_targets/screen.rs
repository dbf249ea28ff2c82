//! Bytes of strangers on a terminal: nothing but text, line ends and this program's own colours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use webhook_cli::report::{BodyDetail, error, note, payload, sanitize, warning, whole_payload};

/// Whether a character acts on a terminal or turns the text around.
fn acts(c: char) -> bool {
    let is_bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_bidi || c.is_control() && c != '\n' && c != '\t'
}

/// The text without sequences that choose a colour.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((codes, rest)) if codes.chars().all(|c| c.is_ascii_digit() || c == ';') => {
                plain += rest
            }
            _ => plain = format!("{plain}\u{1b}[{part}"),
        }
    }
    plain
}

fn check(text: &str) {
    let plain = uncoloured(text);
    assert!(!plain.contains(acts), "{plain:?}");
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    check(&sanitize::escape(&text));
    check(&sanitize::escape_lines(&text));
    check(&sanitize::escape_json(&text));
    check(&whole_payload(data));
    for detail in [BodyDetail::Full, BodyDetail::Short, BodyDetail::None] {
        for width in [None, Some(1), Some(80)] {
            check(&payload(
                data,
                detail,
                Some("webhook log show dlv_1"),
                width,
            ));
        }
    }
    for say in [error, warning] {
        check(&say(&text, Some(&text)));
    }
    check(&note(&text));
});
