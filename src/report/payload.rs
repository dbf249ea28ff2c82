//! The body of a request as people read it.

use colored::Colorize as _;

use super::json_text::{pretty, pretty_start};
use super::sanitize::{escape, escape_bytes_lines};
use super::style::join_lines;
use super::units::{bytes, counted};

/// How much of a body is printed in full detail, in bytes. What is longer is in the log.
pub const SHOWN_LIMIT: usize = 64 * 1024;

/// How much of a body is looked at in short detail, in bytes.
const SHORT_LIMIT: usize = 4 * 1024;

/// How many lines are printed in short detail.
const SHORT_LINES: usize = 12;

/// How much of a body is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyDetail {
    /// All, up to [`SHOWN_LIMIT`].
    Full,
    /// The first twelve lines.
    Short,
    /// Nothing.
    None,
}

/// The body, indented and coloured where it is JSON, else escaped as it is. Where something is left
/// out, a last line says how much; `see_all` is the command that shows it.
pub fn payload(body: &[u8], detail: BodyDetail, see_all: Option<&str>) -> String {
    match detail {
        BodyDetail::Full => limited(body, SHOWN_LIMIT, usize::MAX, see_all),
        BodyDetail::Short => limited(body, SHORT_LIMIT, SHORT_LINES, see_all),
        BodyDetail::None => String::new(),
    }
}

/// The body without a limit.
pub fn whole_payload(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).ok();
    text.and_then(pretty)
        .unwrap_or_else(|| escape_bytes_lines(body))
}

fn limited(body: &[u8], limit: usize, lines: usize, see_all: Option<&str>) -> String {
    let head = head(body, limit);
    let cut = head.len() < body.len();
    let text = if cut {
        let start = std::str::from_utf8(head).ok().and_then(pretty_start);
        start.unwrap_or_else(|| escape_bytes_lines(head))
    } else {
        whole_payload(head)
    };
    let more_lines = text.lines().count().saturating_sub(lines);
    let left_out = match (cut, more_lines) {
        (false, 0) => return text,
        (true, _) => format!("… {} in all", bytes(body.len() as u64)),
        (false, more) => format!("… {}", counted(more as u64, "more line", "more lines")),
    };
    let shown: Vec<&str> = text.lines().take(lines).collect();
    let pointer = see_all.map_or(String::new(), |command| format!(": {}", escape(command)));
    let last = format!("{left_out}{pointer}");
    join_lines([shown.join("\n"), last.dimmed().to_string()])
}

/// The first bytes, never ending within a character.
pub(super) fn head(body: &[u8], limit: usize) -> &[u8] {
    let head = match body.get(..limit) {
        Some(head) if body.len() > limit => head,
        _ => return body,
    };
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => {
            head.get(..error.valid_up_to()).unwrap_or(head)
        }
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::plain;
    use super::*;

    fn shown(body: &[u8], detail: BodyDetail) -> String {
        plain(&payload(body, detail, Some("webhook log show dlv_1")))
    }

    #[test]
    fn json_is_printed_pretty_and_other_text_as_it_is() {
        assert_eq!(
            shown(br#"{"a":1.50}"#, BodyDetail::Full),
            "{\n  \"a\": 1.50\n}"
        );
        assert_eq!(shown(b"a=1&b=\x1b[2J", BodyDetail::Full), "a=1&b=\\x1b[2J");
        assert_eq!(shown(b"\xef\xbb\xbf{}", BodyDetail::Full), "\\u{feff}{}");
        assert_eq!(
            shown(b"{\"a\":\"\xff\"}", BodyDetail::Full),
            "{\"a\":\"\\xff\"}"
        );
        assert_eq!(shown(b"{}", BodyDetail::None), "");
        assert_eq!(shown(b"", BodyDetail::Full), "");
    }

    #[test]
    fn short_detail_counts_the_lines_left_out() {
        let body = serde_json::to_vec(&(1..=20).collect::<Vec<u8>>()).unwrap();
        let text = shown(&body, BodyDetail::Short);
        let expected = "[\n  1,\n  2,\n  3,\n  4,\n  5,\n  6,\n  7,\n  8,\n  9,\n  10,\n  11,\n… 10 more lines: webhook log show dlv_1";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_long_body_is_cut_and_says_so() {
        let body = format!("{{\"text\":\"{}\",\"end\":true}}", "é".repeat(SHOWN_LIMIT));
        let text = shown(body.as_bytes(), BodyDetail::Full);
        let last = text.lines().last().unwrap_or_default();
        assert_eq!(last, "… 128.0 KiB in all: webhook log show dlv_1");
        assert!(text.starts_with("{\n  \"text\": \"ééé"));
        assert!(!text.contains("\\x"), "cut within a character");
        assert!(text.len() < SHOWN_LIMIT + 200);
        assert!(plain(&whole_payload(body.as_bytes())).ends_with("\"end\": true\n}"));
    }
}
