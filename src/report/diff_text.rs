//! The difference of two deliveries as people read it.

use colored::Colorize as _;

use super::diff::{BodyDiff, Change, Diff, FirstByte, LineChange};
use super::sanitize::escape;
use super::style::join_lines;
use super::units::bytes;

/// How much of a value is shown, in characters.
const VALUE_LIMIT: usize = 120;

/// How much of what two long values have in common is shown before they part, in characters.
const CONTEXT: usize = 24;

/// The difference, part by part: `~` changed, `-` only left, `+` only right.
pub fn text(diff: &Diff) -> String {
    let ids = format!("{} → {}", escape(&diff.left), escape(&diff.right)).bold();
    if diff.is_empty() {
        return format!("{ids}\nno difference");
    }
    join_lines([
        ids.to_string(),
        section("delivery", diff.delivery.iter().map(change)),
        section("headers", diff.headers.iter().map(change)),
        body(&diff.body),
    ])
}

fn section(name: &str, lines: impl Iterator<Item = String>) -> String {
    let lines = join_lines(lines.map(|line| format!("  {line}")));
    if lines.is_empty() {
        return lines;
    }
    format!("{}\n{lines}", name.dimmed())
}

fn body(body: &BodyDiff) -> String {
    match body {
        BodyDiff::Same => String::new(),
        BodyDiff::Json { changes } => section("body", changes.iter().map(change)),
        BodyDiff::Lines { lines } => section("body", lines.iter().map(line)),
        BodyDiff::Spelling(at) => {
            let text = "the same values, written in other bytes";
            section("body", [text.to_owned(), first_byte(at)].into_iter())
        }
        BodyDiff::Bytes(at) => section("body", [first_byte(at)].into_iter()),
    }
}

fn change(change: &Change) -> String {
    let path = escape(&change.path);
    match (change.left.as_deref(), change.right.as_deref()) {
        (Some(left), Some(right)) => {
            let skip = common(left, right);
            let (left, right) = (excerpt(left, skip), excerpt(right, skip));
            format!(
                "{} {path}: {} → {}",
                "~".yellow(),
                left.red(),
                right.green()
            )
        }
        (Some(left), None) => format!("{} {path}: {}", "-".red(), excerpt(left, 0).red()),
        (None, Some(right)) => format!("{} {path}: {}", "+".green(), excerpt(right, 0).green()),
        (None, None) => String::new(),
    }
}

fn line(line: &LineChange) -> String {
    let text = excerpt(line.text.strip_suffix('\n').unwrap_or(&line.text), 0);
    // A last line without its end is a difference that would not be seen.
    let end = if line.text.ends_with('\n') {
        ""
    } else {
        " (no line end)"
    };
    match (line.left, line.right) {
        (Some(number), _) => format!("{} {number}: {}{end}", "-".red(), text.red()),
        (None, number) => {
            let number = number.unwrap_or_default();
            format!("{} {number}: {}{end}", "+".green(), text.green())
        }
    }
}

fn first_byte(at: &FirstByte) -> String {
    format!(
        "{} → {}, the first {} the same",
        bytes(at.left_bytes as u64),
        bytes(at.right_bytes as u64),
        bytes(at.same_bytes as u64),
    )
}

/// How many characters to leave out before two long values part.
fn common(left: &str, right: &str) -> usize {
    let longest = left.len().max(right.len());
    if longest <= VALUE_LIMIT {
        return 0;
    }
    let pairs = left.chars().zip(right.chars());
    let same = pairs.take_while(|(l, r)| l == r).count();
    same.saturating_sub(CONTEXT)
}

fn excerpt(value: &str, skip: usize) -> String {
    let before = if skip > 0 { "…" } else { "" };
    let mut rest = value.chars().skip(skip);
    let shown: String = rest.by_ref().take(VALUE_LIMIT).collect();
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("{before}{}{after}", escape(&shown))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::diff::diff;
    use super::super::testing::{self, delivery, plain};
    use super::*;

    fn shown(left: &str, right: &str) -> String {
        let (mut left, right) = (delivery(left), delivery(right));
        left.id = "dlv_1".into();
        plain(&text(&diff(&left, &right)))
    }

    #[test]
    fn every_part_that_differs_has_its_lines() {
        let (mut left, mut right) = (
            delivery(r#"{"total":49.90,"old":null}"#),
            delivery(r#"{"total":52,"new":"\u001b"}"#),
        );
        left.id = "dlv_1".into();
        left.request.target = "/a".into();
        left.request.headers.push("X-Sig", "t=1");
        right.request.headers.push("X-Sig", "t=2\u{202e}");
        let expected = "\
dlv_1 → dlv_2
delivery
  ~ target: /a → /webhooks/olympus?shop=1
headers
  ~ x-sig: t=1 → t=2\\u{202e}
body
  ~ total: 49.90 → 52
  - old: null
  + new: \"\\u001b\"";
        assert_eq!(plain(&text(&diff(&left, &right))), expected);
    }

    #[test]
    fn equal_deliveries_say_so() {
        assert_eq!(shown("{}", "{}"), "dlv_1 → dlv_2\nno difference");
    }

    #[test]
    fn spelling_and_lines_are_told_apart() {
        let spelling = "\
dlv_1 → dlv_2
body
  the same values, written in other bytes
  7 B → 8 B, the first 5 B the same";
        assert_eq!(shown("{\"a\":1}", "{\"a\": 1}"), spelling);
        let lines = "\
dlv_1 → dlv_2
body
  - 2: b=2
  + 2: b=3 (no line end)";
        assert_eq!(shown("a=1\nb=2\n", "a=1\nb=3"), lines);
    }

    #[test]
    fn long_values_are_shown_where_they_part() {
        let long = |end: &str| format!("\"{}{end}\"", "x".repeat(500));
        let context = "x".repeat(CONTEXT);
        let expected = format!("dlv_1 → dlv_2\nbody\n  ~ $: …{context}1\" → …{context}2\"");
        assert_eq!(shown(&long("1"), &long("2")), expected);
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(one in testing::hostile(), two in testing::hostile()) {
            let (mut left, mut right) = (delivery(&one), delivery(&two));
            left.request.headers.push(one.clone(), two.clone());
            right.request.headers.push(one.clone(), one.clone());
            right.request.target.clone_from(&two);
            prop_assert!(testing::is_safe(&text(&diff(&left, &right))));
            let member = |text: &str| serde_json::json!({ text: [text] }).to_string();
            let (left, right) = (delivery(&member(&one)), delivery(&member(&two)));
            prop_assert!(testing::is_safe(&text(&diff(&left, &right))));
        }
    }
}
