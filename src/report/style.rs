//! Colours, marks and padding that the reports share.

use colored::{ColoredString, Colorize as _};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::sanitize::{StyledPiece, is_plain, pieces};
use crate::delivery::Status;

/// The columns that the clock takes, with the gap after it: what belongs to a line is indented so.
pub(super) const INDENT: &str = "          ";

/// A verdict with its mark: `✓ valid`, `✗ mismatch`, `? unverified`.
pub fn verdict(status: Status) -> String {
    let text = format!("{} {status}", mark(status));
    by_verdict(status, &text).to_string()
}

/// The mark alone.
pub const fn mark(status: Status) -> char {
    match status {
        Status::Valid => '✓',
        Status::Unverified => '?',
        Status::Mismatch | Status::Stale | Status::Missing | Status::Malformed => '✗',
    }
}

/// An HTTP status in the colour of its class.
pub fn status_code(status: u16) -> String {
    by_class(status, &status.to_string()).to_string()
}

/// The columns a styled text takes on a terminal.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    pieces(text)
        .map(|piece| match piece {
            StyledPiece::Style(_) => 0,
            StyledPiece::Text(text) => text.width(),
        })
        .sum()
}

/// A styled text filled up with spaces to `columns`; a longer one stays whole.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{:missing$}", "")
}

/// The text in at most `room` columns; colours stay whole.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    let mut is_cut = false;
    for piece in pieces(text) {
        match piece {
            StyledPiece::Style(sequence) => out.push_str(sequence),
            StyledPiece::Text(_) if is_cut => {}
            StyledPiece::Text(text) => is_cut = !push_fitting(&mut out, text, &mut left),
        }
    }
    out
}

/// Adds the characters that fit, then `…`; says whether all did.
fn push_fitting(out: &mut String, text: &str, left: &mut usize) -> bool {
    for c in text.chars() {
        // The emoji selector widens the character before it by a column.
        let columns = if c == '\u{fe0f}' {
            1
        } else {
            c.width().unwrap_or(0)
        };
        if columns > *left {
            out.push('…');
            return false;
        }
        *left -= columns;
        out.push(c);
    }
    true
}

/// The first of these lines that fits into `room` columns; where none does, the last one, cut.
pub(super) fn fitting<'a>(lines: impl IntoIterator<Item = &'a String>, room: usize) -> String {
    let mut last = "";
    for line in lines {
        if width(line) <= room {
            return line.clone();
        }
        last = line;
    }
    cut(last, room)
}

/// Every line of `text` behind `indent`.
pub(super) fn indent(text: &str, indent: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line {
            "" => String::new(),
            _ => format!("{indent}{line}"),
        })
        .collect();
    lines.join("\n")
}

/// Lines that are not empty, one below the other.
pub(super) fn join_lines(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

pub(super) fn by_class(status: u16, text: &str) -> ColoredString {
    match status {
        200..=299 => text.green(),
        100..=399 => text.yellow(),
        _ => text.red(),
    }
}

fn by_verdict(status: Status, text: &str) -> ColoredString {
    match status {
        Status::Valid => text.green(),
        Status::Unverified => text.yellow(),
        Status::Mismatch | Status::Stale | Status::Missing | Status::Malformed => text.red().bold(),
    }
}

/// What turns a colour on and off, taken from `colored` once, so that many small pieces of text can
/// be coloured without a string for each.
pub(super) struct Ink {
    on: String,
    off: String,
}

impl Ink {
    /// The ink of a style, given as a sample: `Ink::of(|text| text.green())`.
    pub(super) fn of(style: fn(&str) -> ColoredString) -> Self {
        const SAMPLE: &str = "·";
        let sample = style(SAMPLE).to_string();
        let (on, off) = sample.split_once(SAMPLE).unwrap_or_default();
        Self {
            on: on.to_owned(),
            off: off.to_owned(),
        }
    }

    /// Adds `text` in this ink.
    pub(super) fn push(&self, out: &mut String, text: &str) {
        out.push_str(&self.on);
        out.push_str(text);
        out.push_str(&self.off);
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn width_counts_columns_and_not_colours() {
        assert_eq!(width("\x1b[31mab\x1b[0m"), 2);
        assert_eq!(width("日本"), 4);
        assert_eq!(pad("日本", 6), "日本  ");
        assert_eq!(pad("long", 2), "long");
    }

    #[test]
    fn every_verdict_has_a_mark_beside_its_colour() {
        let shown = Status::VARIANTS
            .iter()
            .map(|status| super::super::testing::plain(&verdict(*status)));
        let shown: Vec<_> = shown.collect();
        assert_eq!(
            shown,
            [
                "✓ valid",
                "✗ mismatch",
                "✗ stale",
                "✗ missing",
                "✗ malformed",
                "? unverified"
            ]
        );
    }

    #[test]
    fn ink_is_what_colored_writes() {
        colored::control::set_override(true);
        let mut out = String::new();
        Ink::of(|text| text.green()).push(&mut out, "x");
        assert_eq!(out, "x".green().to_string());
        assert_eq!(out, "\x1b[32mx\x1b[0m");
    }
}
