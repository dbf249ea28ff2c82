//! What differs between two deliveries, part by part.
//!
//! JSON bodies are compared by path and by the text of the values as written, so that `49.90` and
//! `49.9` differ as their signatures do; other text is compared by line. Order among headers of
//! different names and among members of an object is no difference; where it is all there is, the
//! bodies are told to differ in spelling.

use std::collections::HashMap;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::json_paths::{Leaf, leaves};
use super::sanitize::escape_bytes;
use crate::delivery::{Delivery, Headers};

/// Bodies that are together larger than this, in bytes, are compared only byte by byte.
const STRUCTURE_LIMIT: usize = 4 * 1024 * 1024;

/// Bodies that have together more lines than this are compared only byte by byte: comparing lines
/// takes the product of their numbers in time.
const LINE_LIMIT: usize = 20_000;

/// What differs between two deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The id of the left delivery.
    pub left: String,
    /// The id of the right one.
    pub right: String,
    /// Provider, event, verdict, method, target.
    pub delivery: Vec<Change>,
    /// Header fields; the names in lower case, repeats numbered.
    pub headers: Vec<Change>,
    /// The bodies.
    pub body: BodyDiff,
}

/// One difference: added where there is no `left`, removed where there is no `right`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What differs: a field's name, or a path such as `data.items[0].sku`.
    pub path: String,
    /// The left value.
    pub left: Option<String>,
    /// The right value.
    pub right: Option<String>,
}

/// How two bodies differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BodyDiff {
    /// Not at all.
    Same,
    /// JSON with the same values, written differently.
    Spelling(FirstByte),
    /// JSON with different values.
    Json {
        /// The differences, by path; values are JSON text.
        changes: Vec<Change>,
    },
    /// Text, by line.
    Lines {
        /// The lines that only one side has, in order.
        lines: Vec<LineChange>,
    },
    /// Not text, or too large to be compared in parts.
    Bytes(FirstByte),
}

/// Where two bodies part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FirstByte {
    /// The number of bytes before the first that differs.
    pub same_bytes: usize,
    /// The size of the left body in bytes.
    pub left_bytes: usize,
    /// The size of the right one.
    pub right_bytes: usize,
}

/// A line that only one side has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineChange {
    /// Its number on the left, from 1.
    pub left: Option<usize>,
    /// Its number on the right, from 1.
    pub right: Option<usize>,
    /// The line with its line end.
    pub text: String,
}

impl Diff {
    /// Whether nothing differs.
    pub const fn is_empty(&self) -> bool {
        self.delivery.is_empty() && self.headers.is_empty() && matches!(self.body, BodyDiff::Same)
    }
}

/// Compares two deliveries; ids, times and addresses, which always differ, are left out.
pub fn diff(left: &Delivery, right: &Delivery) -> Diff {
    Diff {
        left: left.id.clone(),
        right: right.id.clone(),
        delivery: changes(&fields(left), &fields(right)),
        headers: changes(&header_fields(left), &header_fields(right)),
        body: bodies(&left.request.body, &right.request.body),
    }
}

fn fields(delivery: &Delivery) -> Vec<Leaf<'_>> {
    let request = &delivery.request;
    let fields = [
        ("provider", delivery.provider.as_deref()),
        ("event", delivery.event.as_deref()),
        ("event_id", delivery.event_id.as_deref()),
        ("verdict", Some(delivery.verdict.status.as_str())),
        ("method", Some(request.method.as_str())),
        ("target", Some(request.target.as_str())),
    ];
    let known = fields.into_iter();
    known
        .filter_map(|(name, text)| Some((name.to_owned(), text?.as_bytes())))
        .collect()
}

fn header_fields(delivery: &Delivery) -> Vec<Leaf<'_>> {
    let headers: &Headers = &delivery.request.headers;
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_ref()))
        .collect()
}

/// Pairs the entries of the same name, the first with the first and so on.
fn changes(left: &[Leaf<'_>], right: &[Leaf<'_>]) -> Vec<Change> {
    let (left, right) = (numbered(left), numbered(right));
    let in_left: HashMap<_, _> = left.iter().copied().collect();
    let in_right: HashMap<_, _> = right.iter().copied().collect();
    let gone = left.iter().filter_map(|(place, value)| {
        let other = in_right.get(place).copied();
        (other != Some(*value)).then(|| change(*place, Some(*value), other))
    });
    let come = right
        .iter()
        .filter(|(place, _)| !in_left.contains_key(place))
        .map(|(place, value)| change(*place, None, Some(*value)));
    gone.chain(come).collect()
}

/// A name, and which of its repeats it is, from 1.
type Place<'a> = (&'a str, usize);

fn numbered<'a>(entries: &'a [Leaf<'_>]) -> Vec<(Place<'a>, &'a [u8])> {
    let mut seen = HashMap::<&str, usize>::new();
    let place = |(name, value): &'a Leaf<'_>| {
        let count = seen.entry(name).or_default();
        *count += 1;
        ((name.as_str(), *count), *value)
    };
    entries.iter().map(place).collect()
}

fn change((name, number): Place<'_>, left: Option<&[u8]>, right: Option<&[u8]>) -> Change {
    Change {
        path: match number {
            1 => name.to_owned(),
            _ => format!("{name} ({number})"),
        },
        left: left.map(readable),
        right: right.map(readable),
    }
}

fn readable(value: &[u8]) -> String {
    std::str::from_utf8(value).map_or_else(|_| escape_bytes(value), ToOwned::to_owned)
}

fn bodies(left: &[u8], right: &[u8]) -> BodyDiff {
    if left == right {
        return BodyDiff::Same;
    }
    let by_bytes = FirstByte::of(left, right);
    if left.len().saturating_add(right.len()) > STRUCTURE_LIMIT {
        return BodyDiff::Bytes(by_bytes);
    }
    let (Ok(left), Ok(right)) = (std::str::from_utf8(left), std::str::from_utf8(right)) else {
        return BodyDiff::Bytes(by_bytes);
    };
    if let (Some(left), Some(right)) = (leaves(left), leaves(right)) {
        let changes = changes(&left, &right);
        if changes.is_empty() {
            return BodyDiff::Spelling(by_bytes);
        }
        return BodyDiff::Json { changes };
    }
    match left.lines().count() + right.lines().count() {
        0..=LINE_LIMIT => BodyDiff::Lines {
            lines: lines(left, right),
        },
        _ => BodyDiff::Bytes(by_bytes),
    }
}

impl FirstByte {
    fn of(left: &[u8], right: &[u8]) -> Self {
        let pairs = left.iter().zip(right);
        Self {
            same_bytes: pairs.take_while(|(l, r)| l == r).count(),
            left_bytes: left.len(),
            right_bytes: right.len(),
        }
    }
}

fn lines(left: &str, right: &str) -> Vec<LineChange> {
    let diff = TextDiff::from_lines(left, right);
    let changed = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal);
    changed
        .map(|change| LineChange {
            left: change.old_index().map(|index| index + 1),
            right: change.new_index().map(|index| index + 1),
            text: change.value().to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::testing::delivery;
    use super::*;

    fn json(left: &str, right: &str) -> Vec<(String, Option<String>, Option<String>)> {
        match diff(&delivery(left), &delivery(right)).body {
            BodyDiff::Json { changes } => changes
                .into_iter()
                .map(|c| (c.path, c.left, c.right))
                .collect(),
            other => panic!("not a difference in JSON: {other:?}"),
        }
    }

    fn entry(
        path: &str,
        left: Option<&str>,
        right: Option<&str>,
    ) -> (String, Option<String>, Option<String>) {
        (path.into(), left.map(Into::into), right.map(Into::into))
    }

    #[test]
    fn json_is_compared_by_path_and_by_the_text_of_values() {
        let left = r#"{"a.b":1,"data":{"total":49.90,"items":[{"sku":"x"},2],"gone":{}}}"#;
        let right = r#"{"data":{"items":[{"sku":"y"},2,[]],"total":49.9},"a.b":true}"#;
        let expected = [
            entry(r"a\.b", Some("1"), Some("true")),
            entry("data.total", Some("49.90"), Some("49.9")),
            entry("data.items[0].sku", Some("\"x\""), Some("\"y\"")),
            entry("data.gone", Some("{}"), None),
            entry("data.items[2]", None, Some("[]")),
        ];
        assert_eq!(json(left, right), expected);
    }

    #[test]
    fn repeated_members_and_single_values_have_paths_too() {
        let expected = [entry("a (2)", Some("2"), Some("3"))];
        assert_eq!(json(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#), expected);
        assert_eq!(
            json("1", "[1]"),
            [entry("$", Some("1"), None), entry("[0]", None, Some("1"))]
        );
    }

    #[test]
    fn the_same_values_in_other_bytes_differ_in_spelling() {
        let body = diff(
            &delivery(r#"{"a":1,"b":2}"#),
            &delivery(r#"{"b": 2, "a": 1}"#),
        )
        .body;
        let first = FirstByte {
            same_bytes: 2,
            left_bytes: 13,
            right_bytes: 16,
        };
        assert_eq!(body, BodyDiff::Spelling(first));
    }

    #[test]
    fn other_text_is_compared_by_line() {
        let BodyDiff::Lines { lines } = diff(&delivery("a\nb\n"), &delivery("a\nb")).body else {
            panic!("not by line");
        };
        let texts: Vec<_> = lines
            .iter()
            .map(|l| (l.left, l.right, l.text.as_str()))
            .collect();
        assert_eq!(texts, [(Some(2), None, "b\n"), (None, Some(2), "b")]);
    }

    #[test]
    fn what_has_no_parts_is_compared_by_byte() {
        let mut binary = delivery("");
        binary.request.body = vec![b'a', 0xff].into();
        let first = FirstByte {
            same_bytes: 1,
            left_bytes: 2,
            right_bytes: 1,
        };
        assert_eq!(diff(&binary, &delivery("a")).body, BodyDiff::Bytes(first));
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert!(matches!(
            diff(&delivery(&deep), &delivery("[]")).body,
            BodyDiff::Lines { .. }
        ));
        let many = "\n".repeat(LINE_LIMIT);
        assert!(matches!(
            diff(&delivery(&many), &delivery("a")).body,
            BodyDiff::Bytes(_)
        ));
    }

    #[test]
    fn headers_pair_by_name_and_repeat() {
        let (mut left, mut right) = (delivery(""), delivery(""));
        left.request.headers.push("X-A", "1");
        left.request.headers.push("X-A", "2");
        right.request.headers.push("x-a", "1");
        right.request.headers.push("X-A", &b"\xff"[..]);
        right.request.headers.push("X-B", "");
        right.event = None;
        let diff = diff(&left, &right);
        let json = serde_json::to_value(&diff).unwrap();
        let expected = serde_json::json!({
            "left": "dlv_2", "right": "dlv_2",
            "delivery": [{"path": "event", "left": "order.created", "right": null}],
            "headers": [
                {"path": "x-a (2)", "left": "2", "right": "\\xff"},
                {"path": "x-b", "left": null, "right": ""},
            ],
            "body": {"kind": "same"},
        });
        assert_eq!(json, expected);
    }

    fn body() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("1".to_owned()),
            Just("1.0".to_owned()),
            Just("\"a\"".to_owned())
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec(("[ab.]", inner), 0..4).prop_map(|members| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(k, v)| format!("\"{k}\":{v}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    fn paths(body: BodyDiff) -> BTreeSet<String> {
        match body {
            BodyDiff::Json { changes } => changes.into_iter().map(|c| c.path).collect(),
            _ => BTreeSet::new(),
        }
    }

    proptest! {
        #[test]
        fn equal_deliveries_do_not_differ(body in body(), other in any::<String>()) {
            for text in [&body, &other] {
                prop_assert!(diff(&delivery(text), &delivery(text)).is_empty());
            }
        }

        #[test]
        fn both_directions_name_the_same_paths(left in body(), right in body()) {
            let (left, right) = (delivery(&left), delivery(&right));
            let (there, back) = (diff(&left, &right), diff(&right, &left));
            prop_assert_eq!(there.is_empty(), left == right);
            prop_assert_eq!(paths(there.body), paths(back.body));
        }
    }
}
