//! The difference of two deliveries as people read it.

use std::fmt;

use colored::{ColoredString, Colorize as _};

use super::diff::{BodyDiff, Change, Diff, FirstByte, LineChange};
use super::sanitize::escape;
use super::style::{cut, indent, join_lines, width as columns};
use super::units::bytes;
use super::wrap::wrap;

/// How much of a value is shown, in characters.
const VALUE_LIMIT: usize = 120;

/// How much of what two long values have in common is shown before they part, in characters.
const CONTEXT: usize = 24;

/// The indentation of what differs, and of its two values where they stand below its name.
const INDENT: &str = "  ";
const VALUE_INDENT: &str = "    ";

/// The difference, part by part: `~` changed, `-` only left, `+` only right; in `width` columns,
/// where two values that have no room beside each other stand one below the other.
pub fn text(diff: &Diff, width: Option<usize>) -> String {
    let ids = format!("{} → {}", escape(&diff.left), escape(&diff.right)).bold();
    let ids = wrap(&ids.to_string(), width);
    if diff.is_empty() {
        return format!("{ids}\nno difference");
    }
    let room = width.map(|width| width.saturating_sub(INDENT.len()));
    let change = |one| change(one, room);
    join_lines([
        ids,
        section("delivery", diff.delivery.iter().map(change)),
        section("headers", diff.headers.iter().map(change)),
        body(&diff.body, room),
    ])
}

fn section(name: &str, entries: impl Iterator<Item = String>) -> String {
    let entries = join_lines(entries.map(|entry| indent(&entry, INDENT)));
    if entries.is_empty() {
        return entries;
    }
    format!("{}\n{entries}", name.dimmed())
}

fn body(body: &BodyDiff, room: Option<usize>) -> String {
    match body {
        BodyDiff::Same => String::new(),
        BodyDiff::Json { changes } => section("body", changes.iter().map(|one| change(one, room))),
        BodyDiff::Lines { lines } => section("body", lines.iter().map(|one| line(one, room))),
        BodyDiff::Spelling(at) => {
            let text = "the same values, written in other bytes";
            section("body", [text.to_owned(), first_byte(at)].into_iter())
        }
        BodyDiff::Bytes(at) => section("body", [first_byte(at)].into_iter()),
    }
}

fn change(change: &Change, room: Option<usize>) -> String {
    let path = escape(&change.path);
    match (change.left.as_deref(), change.right.as_deref()) {
        (Some(left), Some(right)) => changed(&path, left, right, room),
        (Some(left), None) => only(&"-".red(), &path, &excerpt(left, 0).red(), room),
        (None, Some(right)) => only(&"+".green(), &path, &excerpt(right, 0).green(), room),
        (None, None) => String::new(),
    }
}

fn changed(path: &str, left: &str, right: &str, room: Option<usize>) -> String {
    let mark = "~".yellow();
    let beside = |limit| {
        let skip = common(left, right, limit);
        let (left, right) = (excerpt(left, skip), excerpt(right, skip));
        (left.red(), right.green())
    };
    let (from, to) = beside(VALUE_LIMIT);
    let line = format!("{mark} {path}: {from} → {to}");
    let Some(room) = room.filter(|room| columns(&line) > *room) else {
        return line;
    };
    let value_room = room.saturating_sub(VALUE_INDENT.len());
    let (from, to) = beside(value_room.saturating_sub("- ".len()).min(VALUE_LIMIT));
    let values = [
        format!("{} {from}", "-".red()),
        format!("{} {to}", "+".green()),
    ]
    .map(|value| cut(&value, value_room));
    let name = cut(&format!("{mark} {path}:"), room);
    format!("{name}\n{}", indent(&values.join("\n"), VALUE_INDENT))
}

/// What only one side has, in one line.
fn only(
    mark: &ColoredString,
    name: &dyn fmt::Display,
    value: &dyn fmt::Display,
    room: Option<usize>,
) -> String {
    let line = format!("{mark} {name}: {value}");
    room.map_or_else(|| line.clone(), |room| cut(&line, room))
}

fn line(line: &LineChange, room: Option<usize>) -> String {
    let text = excerpt(line.text.strip_suffix('\n').unwrap_or(&line.text), 0);
    // A last line without its end is a difference that would not be seen.
    let end = if line.text.ends_with('\n') {
        ""
    } else {
        " (no line end)"
    };
    let room = room.map(|room| room.saturating_sub(end.len()));
    let shown = match (line.left, line.right) {
        (Some(number), _) => only(&"-".red(), &number, &text.red(), room),
        (None, number) => only(
            &"+".green(),
            &number.unwrap_or_default(),
            &text.green(),
            room,
        ),
    };
    format!("{shown}{end}")
}

fn first_byte(at: &FirstByte) -> String {
    format!(
        "{} → {}, the first {} the same",
        bytes(at.left_bytes as u64),
        bytes(at.right_bytes as u64),
        bytes(at.same_bytes as u64),
    )
}

/// How many characters to leave out before two values part of which one is longer than `limit`.
fn common(left: &str, right: &str, limit: usize) -> usize {
    let longest = left.len().max(right.len());
    if longest <= limit {
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
        plain(&text(&diff(&left, &right), None))
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
        assert_eq!(plain(&text(&diff(&left, &right), None)), expected);
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

    #[test]
    fn values_that_have_no_room_beside_each_other_stand_below_their_name() {
        let (mut left, mut right) = (delivery("one"), delivery(&"two ".repeat(40)));
        left.id = "dlv_1".into();
        left.request
            .headers
            .push("X-Sig", format!("t=1,v1={}", "a".repeat(64)));
        right
            .request
            .headers
            .push("X-Sig", format!("t=2,v1={}", "b".repeat(64)));
        right.request.headers.push("X-New", "n".repeat(80));
        let expected = "\
dlv_1 → dlv_2
headers
  ~ x-sig:
      - t=1,v1=aaaaaaaaaaaaaaaaaaaaaaaa…
      + t=2,v1=bbbbbbbbbbbbbbbbbbbbbbbb…
  + x-new: nnnnnnnnnnnnnnnnnnnnnnnnnnnn…
body
  - 1: one (no line end)
  + 1: two two two two tw… (no line end)";
        assert_eq!(plain(&text(&diff(&left, &right), Some(40))), expected);
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(one in testing::hostile(), two in testing::hostile()) {
            let (mut left, mut right) = (delivery(&one), delivery(&two));
            left.request.headers.push(one.clone(), two.clone());
            right.request.headers.push(one.clone(), one.clone());
            right.request.target.clone_from(&two);
            prop_assert!(testing::is_safe(&text(&diff(&left, &right), Some(40))));
            let member = |text: &str| serde_json::json!({ text: [text] }).to_string();
            let (left, right) = (delivery(&member(&one)), delivery(&member(&two)));
            let shown = text(&diff(&left, &right), Some(40));
            prop_assert!(testing::is_safe(&shown));
            prop_assert!(shown.lines().all(|line| columns(line) <= 40), "{shown}");
        }
    }
}
