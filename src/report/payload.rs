//! The body of a request as people read it.

use colored::Colorize as _;

use super::json_text::{pretty, pretty_start};
use super::sanitize::{escape, escape_bytes_lines};
use super::style::{cut, join_lines};
use super::units::{bytes, counted};
use super::wrap::wrap;

/// How much of a body is looked at in short detail, in bytes.
const SHORT_LIMIT: usize = 4 * 1024;

/// How many lines are printed in short detail.
const SHORT_LINES: usize = 12;

/// How much of a body is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyDetail {
    /// All.
    Full,
    /// The first twelve lines.
    Short,
    /// Nothing.
    None,
}

/// How much is said of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// One line each.
    Little,
    /// What to do about it, too.
    #[default]
    Usual,
    /// What is well as well, such as the body of a 2xx answer.
    Much,
}

/// The body, indented and coloured where it is JSON, else escaped as it is. Where something is left
/// out, a last line says how much; `see_all` is the command that shows it. In short detail no line is
/// wider than `room`.
pub fn payload(
    body: &[u8],
    detail: BodyDetail,
    see_all: Option<&str>,
    room: Option<usize>,
) -> String {
    match detail {
        BodyDetail::Full => whole_payload(body),
        BodyDetail::Short => short(body, see_all, room),
        BodyDetail::None => String::new(),
    }
}

/// The body without a limit.
pub fn whole_payload(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).ok();
    text.and_then(pretty)
        .unwrap_or_else(|| escape_bytes_lines(body))
}

fn short(body: &[u8], see_all: Option<&str>, room: Option<usize>) -> String {
    let head = head(body, SHORT_LIMIT);
    let is_cut = head.len() < body.len();
    let text = if is_cut {
        let start = std::str::from_utf8(head).ok().and_then(pretty_start);
        start.unwrap_or_else(|| escape_bytes_lines(head))
    } else {
        whole_payload(head)
    };
    let fitted = |line: &str| room.map_or_else(|| line.to_owned(), |room| cut(line, room));
    let more_lines = text.lines().count().saturating_sub(SHORT_LINES);
    let shown: Vec<_> = text.lines().take(SHORT_LINES).map(fitted).collect();
    let shown = shown.join("\n");
    let left_out = match (is_cut, more_lines) {
        (false, 0) => return shown,
        (true, _) => format!("… {} in all", bytes(body.len() as u64)),
        (false, more) => format!("… {}", counted(more as u64, "more line", "more lines")),
    };
    let pointer = see_all.map_or(String::new(), |command| format!(": {}", escape(command)));
    let last = format!("{left_out}{pointer}").dimmed().to_string();
    join_lines([shown, wrap(&last, room)])
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
        plain(&payload(body, detail, Some("webhook log show dlv_1"), None))
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
    fn a_long_body_is_cut_in_short_detail_and_whole_in_full() {
        let body = format!("{{\"text\":\"{}\",\"end\":true}}", "é".repeat(64 * 1024));
        let text = shown(body.as_bytes(), BodyDetail::Short);
        let last = text.lines().last().unwrap_or_default();
        assert_eq!(last, "… 128.0 KiB in all: webhook log show dlv_1");
        assert!(text.starts_with("{\n  \"text\": \"ééé"));
        assert!(!text.contains("\\x"), "cut within a character");
        assert!(text.len() < SHORT_LIMIT + 200);
        assert!(shown(body.as_bytes(), BodyDetail::Full).ends_with("\"end\": true\n}"));
    }

    #[test]
    fn in_short_detail_a_line_ends_at_the_room() {
        let body = format!("{{\"a\":\"{}\"}}\n\nb", "x".repeat(80));
        let text = payload(
            body.as_bytes(),
            BodyDetail::Short,
            Some("webhook log show dlv_1"),
            Some(30),
        );
        let expected = format!("{{\"a\":\"{}…\n\nb", "x".repeat(23));
        assert_eq!(plain(&text), expected);
        let rows = "[1,2,3,4,5,6,7,8,9,10,11,12]";
        let text = payload(
            rows.as_bytes(),
            BodyDetail::Short,
            Some("webhook log show dlv_1"),
            Some(30),
        );
        assert!(
            text.lines()
                .all(|line| crate::report::style::width(line) <= 30),
            "{text}"
        );
    }
}
