//! What `webhook test` says: a line for each check, then what was found, the gravest first.

use std::collections::BTreeMap;

use colored::{ColoredString, Colorize as _};
use serde::Serialize;

use super::sanitize::{escape, escape_lines};
use super::style::{indent, join_lines, pad, status_code, width};
use super::units::{counted, millis};

/// Columns kept for the id of a check.
const ID_COLUMNS: usize = 38;
/// Columns kept for the time that a check took.
const TIME_COLUMNS: usize = 7;
/// Columns kept for the name of what is behind a finding.
const LABEL_COLUMNS: usize = 9;
/// The columns of a paragraph.
const WIDTH: usize = 84;
/// The columns that a paragraph has on the narrowest terminal.
const NARROWEST: usize = 24;
/// The indentation below a group and below a finding.
const BELOW: &str = "  ";

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Pass,
    /// It may be meant so.
    Warn,
    /// Not as it should be.
    Fail,
    /// Not checked.
    Skip,
}

/// A check that has run.
#[derive(Debug, Clone, Copy)]
pub struct CheckLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// What came of it.
    pub mark: Mark,
    /// The status that shows it.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub millis: f64,
    /// What is wrong, or why it was not checked.
    pub reason: Option<&'a str>,
}

/// What is wrong with a receiver.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The check's id.
    pub id: &'a str,
    /// Whether it fails the run.
    pub mark: Mark,
    /// What kind of fault it is, in a few words: `accepts forged deliveries`.
    pub kind: &'a str,
    /// What was sent, in words.
    pub sent: &'a str,
    /// What came back.
    pub reason: &'a str,
    /// What of the answer helps, on a line.
    pub answer: Option<String>,
    /// Why it matters.
    pub why: &'a str,
    /// How it is mended.
    pub fix: &'a str,
    /// The line of the documented receiver that has this fault, and what is wrong with it.
    pub habit: Option<(&'a str, &'a str)>,
    /// How it is sent again.
    pub reproduce: &'a str,
    /// The command that prints that from the log, where it is kept.
    pub kept: Option<&'a str>,
}

/// How many checks came out how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CheckTotals {
    /// All that ran or were skipped.
    pub checks: u64,
    /// Those where all is well.
    pub passed: u64,
    /// Those that fail.
    pub failed: u64,
    /// Those with a warning.
    pub warned: u64,
    /// Those that were not checked.
    pub skipped: u64,
    /// Findings by severity.
    pub by_severity: BTreeMap<&'static str, u64>,
}

impl CheckTotals {
    /// Counts a check; `severity` is of what was found.
    pub fn add(&mut self, mark: Mark, severity: &'static str) {
        self.checks += 1;
        let count = match mark {
            Mark::Pass => &mut self.passed,
            Mark::Warn => &mut self.warned,
            Mark::Fail => &mut self.failed,
            Mark::Skip => &mut self.skipped,
        };
        *count += 1;
        if matches!(mark, Mark::Warn | Mark::Fail) {
            *self.by_severity.entry(severity).or_default() += 1;
        }
    }
}

/// The heading of a group of checks.
pub fn check_group(name: &str) -> String {
    name.bold().to_string()
}

/// The line of a check.
pub fn check_line(line: &CheckLine<'_>) -> String {
    let status = line.status.map_or_else(|| "  -".into(), status_code);
    let id = pad(&escape(line.id), ID_COLUMNS);
    let time = millis(line.millis);
    let head = format!("{BELOW}{} {id}  {status}  ", mark(line.mark));
    match line.reason {
        None => format!("{head}{}", time.dimmed()),
        Some(reason) => format!(
            "{head}{}  {}",
            pad(&time, TIME_COLUMNS).dimmed(),
            ink(line.mark, &escape(reason))
        ),
    }
}

/// Findings that have one cause and are mended in one way, in full: each check with what was sent and
/// what came back, then why, how, and the requests again, each under its check where there are
/// several. In at most `columns`, but for the requests. Empty where there is none.
pub fn findings(alike: &[Finding<'_>], columns: Option<usize>) -> String {
    let Some(first) = alike.first() else {
        return String::new();
    };
    let headline = format!(
        "{} {}",
        mark(first.mark),
        ink(first.mark, first.kind).bold()
    );
    let habit = first.habit.map(|(line, fault)| {
        let fault = wrapped(&escape(fault), columns);
        format!("{}\n{fault}", escape(line).cyan())
    });
    let about = [
        ("why", Some(wrapped(&escape(first.why), columns))),
        ("mend", Some(wrapped(&escape(first.fix), columns))),
        ("sample", habit),
    ];
    let about = about
        .into_iter()
        .filter_map(|(label, text)| Some(labelled(label, &text?)));
    let again = alike.iter().enumerate().map(|(place, finding)| {
        let text = match finding.kept {
            Some(command) if place > 0 => command,
            _ => finding.reproduce,
        };
        let head = if place == 0 {
            format!("{BELOW}{}", "again".dimmed())
        } else {
            String::new()
        };
        let name = if alike.len() > 1 {
            format!("# {}", escape(finding.id))
        } else {
            String::new()
        };
        // Not indented: white space in a body is a part of it, and this has to run as printed.
        join_lines([head, name, escape_lines(text).into_owned()])
    });
    join_lines(
        std::iter::once(headline)
            .chain(alike.iter().map(evidence))
            .chain(about)
            .chain(again),
    )
}

/// The check, what was sent and what came back.
fn evidence(finding: &Finding<'_>) -> String {
    let sent = format!("{}: {}", escape(finding.id).bold(), escape(finding.sent));
    let answer = finding
        .answer
        .as_deref()
        .map(|text| escape(text).dimmed().to_string());
    join_lines([
        format!("{BELOW}{sent}"),
        format!("{BELOW}{BELOW}{}", escape(finding.reason)),
        answer.map_or_else(String::new, |answer| format!("{BELOW}{BELOW}{answer}")),
    ])
}

/// Lines of at most [`WIDTH`] columns, or of what `columns` leaves beside a label, broken at spaces.
fn wrapped(text: &str, columns: Option<usize>) -> String {
    let beside = BELOW.len() * 2 + LABEL_COLUMNS;
    let room = columns.map_or(WIDTH, |columns| {
        columns.saturating_sub(beside).clamp(NARROWEST, WIDTH)
    });
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The last line: how many checks came out how.
pub fn check_totals(totals: &CheckTotals) -> String {
    let part = |count: u64, text: &str, style: fn(&str) -> ColoredString| {
        (count > 0).then(|| style(&format!("{count} {text}")).to_string())
    };
    let parts = [
        Some(format!("{} passed", totals.passed).green().to_string()),
        part(totals.failed, "failed", |text| text.red()),
        part(totals.warned, "warned", |text| text.yellow()),
        part(totals.skipped, "skipped", |text| text.dimmed()),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let checks = counted(totals.checks, "check", "checks");
    format!("{}: {}", checks.bold(), parts.join(", "))
}

fn labelled(label: &str, text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let label = pad(&label.dimmed().to_string(), LABEL_COLUMNS);
    let rest: Vec<_> = lines.collect();
    let gap = " ".repeat(BELOW.len() * 2 + LABEL_COLUMNS);
    join_lines([
        format!("{BELOW}{label}  {first}"),
        indent(&rest.join("\n"), &gap),
    ])
}

const fn symbol(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "✓",
        Mark::Warn => "!",
        Mark::Fail => "✗",
        Mark::Skip => "-",
    }
}

fn mark(mark: Mark) -> ColoredString {
    ink(mark, symbol(mark))
}

fn ink(mark: Mark, text: &str) -> ColoredString {
    match mark {
        Mark::Pass => text.green(),
        Mark::Warn => text.yellow(),
        Mark::Fail => text.red(),
        Mark::Skip => text.dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{hostile, is_safe, plain};
    use super::*;

    fn sample<'a>(reason: &'a str, reproduce: &'a str) -> Finding<'a> {
        Finding {
            id: "signature/empty",
            mark: Mark::Fail,
            kind: "crashes on a bad signature",
            sent: "an empty signature header",
            reason,
            answer: Some(reason.into()),
            why: "it matters",
            fix: "mend it",
            habit: Some(("timingSafeEqual(a, b)", "throws where the lengths differ")),
            reproduce,
            kept: Some("webhook log show dlv_1"),
        }
    }

    #[test]
    fn a_line_has_mark_id_status_and_time() {
        let line = CheckLine {
            id: "signature/empty",
            mark: Mark::Fail,
            status: Some(500),
            millis: 1.25,
            reason: Some("crashed on it: answered 500"),
        };
        assert_eq!(
            plain(&check_line(&line)),
            "  ✗ signature/empty                         500  1.2 ms   crashed on it: answered 500"
        );
    }

    #[test]
    fn findings_of_one_cause_say_it_once() {
        let alike = [
            sample("answered 500", "curl -X POST \\\n  'http://h/'"),
            sample("answered 502", "curl again"),
        ];
        let expected = "\
✗ crashes on a bad signature
  signature/empty: an empty signature header
    answered 500
    answered 500
  signature/empty: an empty signature header
    answered 502
    answered 502
  why        it matters
  mend       mend it
  sample     timingSafeEqual(a, b)
             throws where the lengths differ
  again
# signature/empty
curl -X POST \\
  'http://h/'
# signature/empty
webhook log show dlv_1";
        assert_eq!(plain(&findings(&alike, None)), expected);
        assert_eq!(findings(&[], None), "");
    }

    #[test]
    fn a_paragraph_is_broken_at_spaces() {
        let text = wrapped(&"word ".repeat(40), None);
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.replace('\n', " "), "word ".repeat(40).trim_end());
    }

    #[test]
    fn totals_leave_out_what_there_is_none_of() {
        let mut totals = CheckTotals::default();
        totals.add(Mark::Pass, "loss");
        assert_eq!(plain(&check_totals(&totals)), "1 check: 1 passed");
        totals.add(Mark::Fail, "forgery");
        totals.add(Mark::Skip, "crash");
        let text = plain(&check_totals(&totals));
        assert_eq!(text, "3 checks: 1 passed, 1 failed, 1 skipped");
        assert_eq!(totals.by_severity, BTreeMap::from([("forgery", 1)]));
    }

    proptest! {
        #[test]
        fn what_an_endpoint_answers_cannot_act_on_a_terminal(text in hostile()) {
            prop_assert!(is_safe(&findings(&[sample(&text, &text)], None)));
            let line = CheckLine { id: &text, mark: Mark::Warn, status: None, millis: 0.0, reason: Some(&text) };
            prop_assert!(is_safe(&check_line(&line)));
        }
    }
}
