//! What `verify` shows: one capture in full, many as a table with what is wrong below it.

use std::collections::BTreeMap;

use colored::Colorize as _;

use super::sanitize::escape;
use super::style::{self, join_lines, pad};
use super::table::table;
use super::units::{counted, signed_age};
use crate::delivery::{Status, Verdict};

/// Columns kept for the names of the fields.
const FIELD_COLUMNS: usize = 8;

/// A capture that was checked.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    /// The file, with its line where it holds several.
    pub name: &'a str,
    /// The provider that it was checked as.
    pub provider: Option<&'a str>,
    /// The event type.
    pub event: Option<&'a str>,
    /// What the check said.
    pub verdict: &'a Verdict,
    /// What else stands out in the payload, such as an unknown event.
    pub observations: &'a [String],
}

/// One capture in full.
pub fn verified(checked: &Checked<'_>) -> String {
    let verdict = checked.verdict;
    let headline = format!(
        "{}  {}",
        style::verdict(verdict.status),
        escape(checked.name).bold()
    );
    let scheme = verdict.scheme.as_deref().filter(|s| !s.is_empty());
    let provider = checked.provider.map(|provider| match scheme {
        Some(scheme) => format!("{provider} ({scheme})"),
        None => provider.to_owned(),
    });
    let several = |name, texts: &[String]| join_lines(texts.iter().map(|t| field(name, Some(t))));
    join_lines([
        headline,
        field("provider", provider.as_deref()),
        field("event", checked.event),
        field("secret", verdict.secret.as_deref()),
        field("age", verdict.age_seconds.map(signed_age).as_deref()),
        field("reason", verdict.reason.as_deref()),
        field("hint", verdict.hint.as_deref()),
        several("note", &verdict.notes),
        several("payload", checked.observations),
    ])
}

/// Many captures: a table in at most `width` columns, then those that are not valid or stand out,
/// then the counts.
pub fn verified_all(checked: &[Checked<'_>], width: Option<usize>) -> String {
    let rows = checked.iter().map(row).collect();
    let overview = table(&["VERDICT", "PROVIDER", "EVENT", "NAME"], rows, width);
    let details = checked.iter().filter(|c| stands_out(c)).map(verified);
    let parts: Vec<String> = std::iter::once(overview)
        .chain(details)
        .chain([counts(checked)])
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n\n")
}

fn row(checked: &Checked<'_>) -> Vec<String> {
    vec![
        style::verdict(checked.verdict.status),
        escape(checked.provider.unwrap_or("-")).into_owned(),
        escape(checked.event.unwrap_or("-")).into_owned(),
        escape(checked.name).into_owned(),
    ]
}

fn stands_out(checked: &Checked<'_>) -> bool {
    let verdict = checked.verdict;
    !verdict.is_valid() || !verdict.notes.is_empty() || !checked.observations.is_empty()
}

fn counts(checked: &[Checked<'_>]) -> String {
    let mut by_status = BTreeMap::<Status, u64>::new();
    for one in checked {
        *by_status.entry(one.verdict.status).or_default() += 1;
    }
    let parts: Vec<String> = by_status
        .iter()
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    let total = counted(checked.len() as u64, "capture", "captures");
    if parts.is_empty() {
        return total;
    }
    format!("{total}: {}", parts.join(", "))
}

fn field(name: &str, text: Option<&str>) -> String {
    let shown = |text| {
        format!(
            "  {}  {}",
            pad(&name.dimmed().to_string(), FIELD_COLUMNS),
            escape(text)
        )
    };
    text.map_or(String::new(), shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{self, plain};
    use super::*;

    fn valid() -> Verdict {
        let mut verdict = Verdict::new(Status::Valid);
        verdict.scheme = Some("t,v1".into());
        verdict.secret = Some("olympus#1".into());
        verdict.age_seconds = Some(3);
        verdict
    }

    fn checked<'a>(name: &'a str, verdict: &'a Verdict, observations: &'a [String]) -> Checked<'a> {
        Checked {
            name,
            provider: Some("olympus"),
            event: Some("order.created"),
            verdict,
            observations,
        }
    }

    #[test]
    fn a_valid_capture_says_by_which_secret() {
        let expected = "\
✓ valid  capture.json
  provider  olympus (t,v1)
  event     order.created
  secret    olympus#1
  age       signed 3 s before";
        assert_eq!(
            plain(&verified(&checked("capture.json", &valid(), &[]))),
            expected
        );
    }

    #[test]
    fn many_are_a_table_then_what_is_wrong_then_counts() {
        let wrong = Verdict::new(Status::Mismatch)
            .because("the body lost its last newline")
            .hinting("capture the raw bytes");
        let valid = valid();
        let odd = ["unknown event `a\u{202e}`".to_owned()];
        let all = [
            checked("a.json", &valid, &[]),
            checked("b\n.json", &wrong, &[]),
            checked("c.json", &valid, &odd),
        ];
        let expected = "\
VERDICT     PROVIDER  EVENT          NAME
✓ valid     olympus   order.created  a.json
✗ mismatch  olympus   order.created  b\\n.json
✓ valid     olympus   order.created  c.json

✗ mismatch  b\\n.json
  provider  olympus
  event     order.created
  reason    the body lost its last newline
  hint      capture the raw bytes

✓ valid  c.json
  provider  olympus (t,v1)
  event     order.created
  secret    olympus#1
  age       signed 3 s before
  payload   unknown event `a\\u{202e}`

3 captures: 2 valid, 1 mismatch";
        assert_eq!(plain(&verified_all(&all, Some(100))), expected);
    }

    #[test]
    fn no_capture_is_no_table() {
        assert_eq!(verified_all(&[], None), "0 captures");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile()) {
            let mut verdict = Verdict::new(Status::Stale).because(&text).hinting(&text);
            verdict.scheme = Some(text.clone());
            verdict.notes.push(text.clone());
            let seen = [text.clone()];
            let one = Checked { provider: Some(&text), event: Some(&text), ..checked(&text, &verdict, &seen) };
            prop_assert!(testing::is_safe(&verified_all(&[one, one], Some(60))));
        }
    }
}
