//! What `verify` shows: one capture in full, many as a table with what is wrong below it.

use std::collections::BTreeSet;
use std::time::Duration;

use colored::Colorize as _;
use serde::Serialize;

use strum::VariantArray as _;

use super::names;
use super::payload::Detail;
use super::sanitize::escape;
use super::style::{self, join_lines, pad};
use super::table::table;
use super::units::{counted, signed_age};
use super::wrap::wrap;
use crate::delivery::{Status, Verdict, Verification};

/// Columns kept for the names of the fields.
const FIELD_COLUMNS: usize = 8;

/// Columns kept for verdict, provider and event where each capture is shown by itself.
const LIVE_COLUMNS: [usize; 3] = [12, 12, 20];

/// The captures that are shown of those where all is well, and of those where something is not; the
/// others are counted.
const SHOWN: usize = 500;
/// The characters that are shown of a text out of a payload.
const SHOWN_TEXT: usize = 200;

/// Captures counted by what the check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// All captures.
    pub checked: u64,
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
        self.valid == self.checked
    }

    const fn count(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Valid => &mut self.valid,
            Status::Mismatch => &mut self.mismatch,
            Status::Stale => &mut self.stale,
            Status::Missing => &mut self.missing,
            Status::Malformed => &mut self.malformed,
            Status::Unverified => &mut self.unverified,
        }
    }
}

/// The captures that are shown to people: a bounded number.
#[derive(Debug, Default)]
pub struct VerifiedRows {
    rows: Vec<(String, Verification)>,
    plain: usize,
    notable: usize,
    /// How many were shown while more was waited for.
    told: u64,
}

impl VerifiedRows {
    /// Keeps a capture for showing, where there is room. `name` is its file, with the place in it.
    pub fn add(&mut self, name: String, found: &Verification) {
        let count = if found.stands_out() {
            &mut self.notable
        } else {
            &mut self.plain
        };
        if *count == SHOWN {
            return;
        }
        *count += 1;
        let mut found = found.clone();
        // A name out of a payload may be as long as the payload.
        for text in found.event.iter_mut().chain(&mut found.observations) {
            if let Some((end, _)) = text.char_indices().nth(SHOWN_TEXT) {
                text.truncate(end);
                text.push('…');
            }
        }
        self.rows.push((name, found));
    }

    /// Names the last capture anew, where one is kept.
    pub fn rename_last(&mut self, name: &str) {
        if let Some((last, _)) = self.rows.last_mut() {
            name.clone_into(last);
        }
    }

    /// Those that came since, each by itself: while more of an input is waited for, a table would wait
    /// for its end.
    pub fn take_live(&mut self, width: Option<usize>, detail: Detail) -> String {
        self.told += self.rows.len() as u64;
        (self.plain, self.notable) = (0, 0);
        let rows = std::mem::take(&mut self.rows);
        let shown = rows.iter().map(|one| match one {
            (name, found) if found.stands_out() && detail > Detail::Little => {
                verified(name, found, width)
            }
            one => live_line(one),
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    /// One capture in full, or all that are kept as a table of at most `width` columns, then those
    /// that are not valid or stand out, then the counts; a line each where little is said; empty where
    /// none was kept.
    pub fn text(&mut self, totals: &Totals, width: Option<usize>, detail: Detail) -> String {
        if detail == Detail::Little {
            let rest = self.take_live(width, detail);
            let is_whole = self.told == totals.checked;
            let counts = (!is_whole).then(|| counts(totals, self.told));
            return join_lines([rest, counts.unwrap_or_default()]);
        }
        if self.told > 0 {
            let rest = self.take_live(width, detail);
            let counts = counts(totals, self.told);
            return join_lines([rest, String::new(), counts]);
        }
        match self.rows.as_slice() {
            [] => String::new(),
            [(name, found)] if totals.checked == 1 => verified(name, found, width),
            all => verified_all(all, totals, width),
        }
    }
}

/// One capture in full, its texts broken to `width` columns.
pub fn verified(name: &str, found: &Verification, width: Option<usize>) -> String {
    let verdict = &found.verdict;
    let headline = format!(
        "{}  {}",
        style::verdict(verdict.status),
        escape(name).bold()
    );
    let scheme = verdict.scheme.as_deref().filter(|s| !s.is_empty());
    let provider = found.provider.as_ref().map(|provider| match scheme {
        Some(scheme) => format!("{provider} ({scheme})"),
        None => provider.clone(),
    });
    let judged = verdict.signatures.iter();
    let judged: Vec<_> = judged
        .map(|one| format!("{} in {}", one.status, one.at))
        .collect();
    let several = |name, texts: &[String]| join_lines(texts.iter().map(|t| field(name, Some(t))));
    let text = join_lines([
        headline,
        field("provider", provider.as_deref()),
        field("event", found.event.as_deref()),
        several("signed", &judged),
        field("secret", verdict.secret.as_deref()),
        field("age", verdict.age_seconds.map(signed_age).as_deref()),
        field("reason", verdict.reason.as_deref()),
        field("hint", verdict.hint.as_deref()),
        several("note", &verdict.notes),
        several("payload", &found.observations),
    ]);
    wrap(&text, width)
}

fn verified_all(shown: &[(String, Verification)], totals: &Totals, width: Option<usize>) -> String {
    let rows = shown.iter().map(row).collect();
    let overview = table(&["VERDICT", "PROVIDER", "EVENT", "NAME"], rows, width);
    let mut groups: Vec<Vec<&(String, Verification)>> = Vec::new();
    for one in shown.iter().filter(|(_, found)| found.stands_out()) {
        let group = groups.iter_mut().find(|group| is_alike(group[0], one));
        match group {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let details = groups.iter().map(|group| together(group, width));
    let parts: Vec<String> = std::iter::once(overview)
        .chain(details)
        .chain([counts(totals, shown.len() as u64)])
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n\n")
}

/// Whether the same is said of two captures, but for their events and ages.
fn is_alike((_, one): &(String, Verification), (_, other): &(String, Verification)) -> bool {
    let said = |found: &Verification| Verification {
        id: None,
        event: None,
        event_id: None,
        time: Duration::ZERO,
        verdict: Verdict {
            age_seconds: None,
            ..found.verdict.clone()
        },
        ..found.clone()
    };
    said(one) == said(other)
}

/// One capture in full, or what is said of several with their names.
fn together(alike: &[&(String, Verification)], width: Option<usize>) -> String {
    let [(_, first), _, ..] = alike else {
        let alone = alike
            .first()
            .map(|(name, found)| verified(name, found, width));
        return alone.unwrap_or_default();
    };
    let mut all = first.clone();
    all.verdict.age_seconds = None;
    let events = alike.iter().filter_map(|(_, found)| found.event.as_deref());
    let events: Vec<_> = events.collect::<BTreeSet<_>>().into_iter().collect();
    all.event = (!events.is_empty()).then(|| events.join(", "));
    let names = names::together(alike.iter().map(|(name, _)| name.as_str()));
    let text = verified(
        &counted(alike.len() as u64, "capture", "captures"),
        &all,
        None,
    );
    let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
    wrap(
        &join_lines([headline.into(), field("in", Some(&names)), rest.into()]),
        width,
    )
}

fn row((name, found): &(String, Verification)) -> Vec<String> {
    let or_dash = |text: &Option<String>| escape(text.as_deref().unwrap_or("-")).into_owned();
    vec![
        style::verdict(found.verdict.status),
        or_dash(&found.provider),
        or_dash(&found.event),
        escape(name).into_owned(),
    ]
}

fn live_line(one: &(String, Verification)) -> String {
    let columns = row(one);
    let widths = LIVE_COLUMNS.iter().chain(std::iter::repeat(&0));
    let columns: Vec<_> = columns
        .iter()
        .zip(widths)
        .map(|(text, width)| pad(text, *width))
        .collect();
    columns.join("  ")
}

fn counts(totals: &Totals, shown: u64) -> String {
    let parts: Vec<String> = Status::VARIANTS
        .iter()
        .map(|status| (status, totals.of(*status)))
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

/// A fact behind its name; nothing where it is not known.
pub(super) fn field(name: &str, text: Option<&str>) -> String {
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

    fn found(verdict: Verdict, observations: &[&str]) -> Verification {
        Verification {
            id: None,
            provider: Some("olympus".into()),
            event: Some("order.created".into()),
            event_id: None,
            verdict,
            observations: observations.iter().map(ToString::to_string).collect(),
            misfits: Vec::new(),
            time: Duration::ZERO,
        }
    }

    /// What is shown of these captures.
    fn shown(captures: &[(&str, Verification)], width: Option<usize>) -> String {
        let (mut rows, mut totals) = (VerifiedRows::default(), Totals::default());
        for (name, found) in captures {
            rows.add((*name).to_owned(), found);
            totals.add(found.verdict.status);
        }
        rows.text(&totals, width, Detail::Usual)
    }

    #[test]
    fn what_is_counted_and_not_shown_is_told() {
        let missing = found(Verdict::new(Status::Missing), &[]);
        let mut captures = vec![("a", found(valid(), &[])); SHOWN + 3];
        captures.push(("b", missing));
        let text = plain(&shown(&captures, None));
        let last = "504 captures: 503 valid, 1 missing (3 not shown, `--json` lists all)";
        assert_eq!(text.lines().last(), Some(last));
        assert!(text.contains("✗ missing  b"), "what is wrong is shown");
    }

    #[test]
    fn a_name_as_long_as_a_payload_is_cut() {
        let long = Verification {
            event: Some("ä".repeat(SHOWN_TEXT + 1)),
            ..found(valid(), &[])
        };
        let text = plain(&shown(&[("a", long)], None));
        let expected = format!("{}…", "ä".repeat(SHOWN_TEXT));
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn a_valid_capture_says_by_which_secret() {
        let expected = "\
✓ valid  capture.json
  provider  olympus (t,v1)
  event     order.created
  secret    olympus#1
  age       3 s";
        let one = [("capture.json", found(valid(), &[]))];
        assert_eq!(plain(&shown(&one, None)), expected);
    }

    #[test]
    fn many_are_a_table_then_what_is_wrong_then_counts() {
        let wrong = Verdict::new(Status::Mismatch)
            .because("the body lost its last newline")
            .hinting("capture the raw bytes");
        let all = [
            ("a.json", found(valid(), &[])),
            ("b\n.json", found(wrong, &[])),
            ("c.json", found(valid(), &["unknown event `a\u{202e}`"])),
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
  age       3 s
  payload   unknown event `a\\u{202e}`

3 captures: 2 valid, 1 mismatch";
        assert_eq!(plain(&shown(&all, Some(100))), expected);
    }

    #[test]
    fn what_is_wrong_with_several_is_said_once() {
        let wrong = |event: &str, age| {
            let verdict = Verdict::new(Status::Mismatch);
            let mut verdict = verdict.because("another secret").hinting("compare");
            verdict.age_seconds = Some(age);
            Verification {
                event: Some(event.into()),
                ..found(verdict, &[])
            }
        };
        let mut captures = vec![("a.har:entry 1", found(valid(), &[]))];
        for (age, name) in (1..).zip(["a.har:entry 2", "a.har:entry 3", "a.har:entry 5", "b.json"])
        {
            captures.push((name, wrong("order.created", age)));
        }
        captures.push(("c.har:entry 6", wrong("order.paid", 9)));
        captures.push(("d.json", found(Verdict::new(Status::Missing), &[])));
        let text = plain(&shown(&captures, Some(100)));
        let expected = "
✗ mismatch  5 captures
  in        a.har:entry 2–3, 5, b.json, c.har:entry 6
  provider  olympus
  event     order.created, order.paid
  reason    another secret
  hint      compare

✗ missing  d.json
";
        assert!(text.contains(expected), "{text}");
        assert_eq!(text.matches("another secret").count(), 1, "{text}");
    }

    #[test]
    fn no_capture_is_no_text() {
        assert_eq!(shown(&[], None), "");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile()) {
            let mut verdict = Verdict::new(Status::Stale).because(&text).hinting(&text);
            verdict.scheme = Some(text.clone());
            verdict.notes.push(text.clone());
            let one = Verification {
                provider: Some(text.clone()),
                event: Some(text.clone()),
                ..found(verdict, &[&text])
            };
            let both = [(text.as_str(), one.clone()), (text.as_str(), one)];
            prop_assert!(testing::is_safe(&shown(&both, Some(60))));
        }
    }
}
