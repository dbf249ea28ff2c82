//! What `verify` shows: one capture in full, many as a table with what is wrong below it.

use colored::Colorize as _;
use serde::Serialize;

use super::sanitize::escape;
use super::style::{self, join_lines, pad};
use super::table::table;
use super::units::{counted, signed_age};
use super::wrap::wrap;
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

/// Captures counted by what the check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// All captures.
    pub checked: u64,
    /// By status, under the status's own name.
    #[serde(flatten)]
    by_status: ByStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
struct ByStatus {
    valid: u64,
    mismatch: u64,
    stale: u64,
    missing: u64,
    malformed: u64,
    unverified: u64,
}

impl Totals {
    /// Counts a capture.
    pub const fn add(&mut self, status: Status) {
        self.checked += 1;
        *self.count(status) += 1;
    }

    /// How many had this status.
    pub const fn of(mut self, status: Status) -> u64 {
        *self.count(status)
    }

    /// Whether every capture was valid.
    pub const fn all_valid(&self) -> bool {
        self.by_status.valid == self.checked
    }

    const fn count(&mut self, status: Status) -> &mut u64 {
        let counts = &mut self.by_status;
        match status {
            Status::Valid => &mut counts.valid,
            Status::Mismatch => &mut counts.mismatch,
            Status::Stale => &mut counts.stale,
            Status::Missing => &mut counts.missing,
            Status::Malformed => &mut counts.malformed,
            Status::Unverified => &mut counts.unverified,
        }
    }
}

/// One capture in full, its texts broken to `width` columns.
pub fn verified(checked: &Checked<'_>, width: Option<usize>) -> String {
    wrap(&in_full(checked), width)
}

fn in_full(checked: &Checked<'_>) -> String {
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
/// then the counts. `shown` may be some of the captures that `totals` counts.
pub fn verified_all(shown: &[Checked<'_>], totals: &Totals, width: Option<usize>) -> String {
    let rows = shown.iter().map(row).collect();
    let overview = table(&["VERDICT", "PROVIDER", "EVENT", "NAME"], rows, width);
    let details = shown.iter().filter(|c| c.stands_out());
    let details = details.map(|checked| verified(checked, width));
    let parts: Vec<String> = std::iter::once(overview)
        .chain(details)
        .chain([counts(totals, shown.len() as u64)])
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

impl Checked<'_> {
    /// Whether there is more to say of it than that it is valid.
    pub fn stands_out(&self) -> bool {
        let verdict = self.verdict;
        !verdict.is_valid() || !verdict.notes.is_empty() || !self.observations.is_empty()
    }
}

fn counts(totals: &Totals, shown: u64) -> String {
    let parts: Vec<String> = Status::ALL
        .into_iter()
        .map(|status| (status, totals.of(status)))
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    let total = counted(totals.checked, "capture", "captures");
    if parts.is_empty() {
        return total;
    }
    let counts = format!("{total}: {}", parts.join(", "));
    match totals.checked.saturating_sub(shown) {
        0 => counts,
        hidden => format!("{counts} ({hidden} not shown, `--json` lists all)"),
    }
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

    fn totals(checked: &[Checked<'_>]) -> Totals {
        let mut totals = Totals::default();
        for one in checked {
            totals.add(one.verdict.status);
        }
        totals
    }

    #[test]
    fn what_is_counted_and_not_shown_is_told() {
        let (valid, wrong) = (valid(), Verdict::new(Status::Missing));
        let mut totals = totals(&[checked("a", &valid, &[]); 3]);
        totals.add(Status::Missing);
        let text = plain(&verified_all(&[checked("b", &wrong, &[])], &totals, None));
        let last = text.lines().last();
        assert_eq!(
            last,
            Some("4 captures: 3 valid, 1 missing (3 not shown, `--json` lists all)")
        );
        assert!(!totals.all_valid());
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
            plain(&verified(&checked("capture.json", &valid(), &[]), None)),
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
        assert_eq!(
            plain(&verified_all(&all, &totals(&all), Some(100))),
            expected
        );
    }

    #[test]
    fn no_capture_is_no_table() {
        assert_eq!(verified_all(&[], &Totals::default(), None), "0 captures");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile()) {
            let mut verdict = Verdict::new(Status::Stale).because(&text).hinting(&text);
            verdict.scheme = Some(text.clone());
            verdict.notes.push(text.clone());
            let seen = [text.clone()];
            let one = Checked { provider: Some(&text), event: Some(&text), ..checked(&text, &verdict, &seen) };
            prop_assert!(testing::is_safe(&verified_all(&[one, one], &totals(&[one, one]), Some(60))));
        }
    }
}
