//! What `webhook test` says: a line for each check, then what was found, the gravest first.

mod findings;
mod machine;

use std::collections::BTreeMap;

use colored::{ColoredString, Colorize as _};
use serde::Serialize;

use super::sanitize::escape;
use super::style::{indent, join_lines, pad, status_code, width};
use super::units::{counted, millis};
use crate::delivery::{CheckOutcome, FailureKind, Finding};

pub use findings::findings;
pub use machine::{
    check_annotation, check_case, check_case_not_run, check_summary, run_annotation, run_case,
};

/// Columns kept for the id of a check.
const ID_COLUMNS: usize = 38;
/// Columns kept for the name of a group.
const GROUP_COLUMNS: usize = 10;
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
    /// Those that decided nothing.
    pub open: u64,
    /// Those that were not checked.
    pub skipped: u64,
    /// Findings by severity.
    pub by_severity: BTreeMap<&'static str, u64>,
}

impl CheckTotals {
    /// Counts a check that ended.
    pub fn add(&mut self, found: &Finding) {
        self.checks += 1;
        let count = match found.outcome {
            CheckOutcome::Pass => &mut self.passed,
            CheckOutcome::Warn => &mut self.warned,
            CheckOutcome::Fail => &mut self.failed,
            CheckOutcome::Open => &mut self.open,
            CheckOutcome::Skip => &mut self.skipped,
        };
        *count += 1;
        if found.advice.is_some() {
            *self.by_severity.entry(found.severity.as_str()).or_default() += 1;
        }
    }
}

/// The heading of a group of checks; with `totals`, how many of them came out how.
pub fn check_group(name: &str, totals: Option<&CheckTotals>) -> String {
    let Some(totals) = totals else {
        return name.bold().to_string();
    };
    let name = pad(&name.bold().to_string(), GROUP_COLUMNS);
    format!("{name}{BELOW}{}", outcomes(totals).join(", "))
}

/// The line of a check; a reason for which `columns` have no room beside it stands below.
pub fn check_line(found: &Finding, columns: Option<usize>) -> String {
    let status = found.status.map_or_else(|| "  -".into(), status_code);
    let id = pad(&escape(&found.id), ID_COLUMNS);
    let time = millis(found.duration_ms);
    let head = format!("{BELOW}{} {id}  {status}  ", mark(found.outcome));
    match &found.reason {
        None => format!("{head}{}", time.dimmed()),
        Some(reason) => {
            let reason = escape(reason);
            let head = format!("{head}{}", pad(&time, TIME_COLUMNS).dimmed());
            let room = columns.map(|columns| columns.saturating_sub(width(&head) + BELOW.len()));
            if room.is_none_or(|room| width(&reason) <= room) {
                return format!("{head}{BELOW}{}", ink(found.outcome, &reason));
            }
            let below = indent(&wrapped(&reason, columns), &BELOW.repeat(2));
            format!("{head}\n{}", ink(found.outcome, &below))
        }
    }
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

/// The last line: how many of the `planned` checks came out how.
pub fn check_totals(totals: &CheckTotals, planned: u64) -> String {
    let mut parts = outcomes(totals);
    let missing = planned.saturating_sub(totals.checks);
    if missing > 0 {
        let text = format!("{missing} not run: interrupted");
        parts.push(text.red().to_string());
    }
    let checks = counted(planned, "check", "checks");
    format!("{}: {}", checks.bold(), parts.join(", "))
}

/// How many checks came out how, those that passed first.
fn outcomes(totals: &CheckTotals) -> Vec<String> {
    let part = |count: u64, text: &str, style: fn(&str) -> ColoredString| {
        (count > 0).then(|| style(&format!("{count} {text}")).to_string())
    };
    let parts = [
        Some(format!("{} passed", totals.passed).green().to_string()),
        part(totals.failed, "failed", |text| text.red()),
        part(totals.warned, "warned", |text| text.yellow()),
        part(totals.open, "open", |text| text.yellow()),
        part(totals.skipped, "skipped", |text| text.dimmed()),
    ];
    parts.into_iter().flatten().collect()
}

/// What may be wrong where a handler does not answer its first delivery.
pub const fn unreachable_hint(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Timeout => {
            "it has to answer a genuine delivery first: is it busy, or does it work before it answers?"
        }
        _ => "start the handler, or correct `--url`",
    }
}

/// What may be wrong where a handler answers so to a genuine delivery.
pub const fn refusal_hint(status: u16) -> Option<&'static str> {
    match status {
        400 | 401 | 403 => Some("is `--secret` the handler's own? Else it refuses what is genuine"),
        429 => Some("lift the rate limit for the check"),
        500..=599 => Some(
            "its own log tells why; where it throws on a wrong signature, is `--secret` its own?",
        ),
        404 | 405 => Some("is the path of `--url` the handler's?"),
        300..=399 => Some(
            "no redirect is followed, as no document says so: give the URL that answers itself",
        ),
        _ => None,
    }
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

const fn symbol(outcome: CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Pass => "✓",
        CheckOutcome::Warn => "!",
        CheckOutcome::Fail => "✗",
        CheckOutcome::Open => "?",
        CheckOutcome::Skip => "-",
    }
}

fn mark(outcome: CheckOutcome) -> ColoredString {
    ink(outcome, symbol(outcome))
}

fn ink(outcome: CheckOutcome, text: &str) -> ColoredString {
    match outcome {
        CheckOutcome::Pass => text.green(),
        CheckOutcome::Warn | CheckOutcome::Open => text.yellow(),
        CheckOutcome::Fail => text.red(),
        CheckOutcome::Skip => text.dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{hostile, is_safe, plain};
    use super::*;
    use crate::delivery::{Advice, HandlerLine, Severity};

    pub(super) fn sample(outcome: CheckOutcome, reason: &str, reproduce: &str) -> Finding {
        let is_wrong = matches!(outcome, CheckOutcome::Fail | CheckOutcome::Warn);
        Finding {
            id: "signature/empty".into(),
            group: "signature",
            severity: Severity::Crash,
            outcome,
            sent: "an empty signature header",
            event: "order.created".into(),
            requests: 1,
            status: Some(500),
            reason: Some(reason.into()),
            duration_ms: 1.25,
            delivery_id: Some("dlv_1".into()),
            attempt_id: None,
            advice: is_wrong.then(|| Advice {
                kind: "crashes on a bad signature",
                why: "it matters",
                fix: "fix it so",
                habit: Some(HandlerLine {
                    line: "timingSafeEqual(a, b)".into(),
                    fault: "throws where the lengths differ".into(),
                }),
                reproduce: reproduce.into(),
                kept: Some("webhook replay dlv_1".into()),
                answer: Some(reason.into()),
            }),
        }
    }

    #[test]
    fn a_line_has_mark_id_status_and_time() {
        let found = sample(CheckOutcome::Fail, "crashed on it: answered 500", "");
        assert_eq!(
            plain(&check_line(&found, None)),
            "  ✗ signature/empty                         500  1.2 ms   crashed on it: answered 500"
        );
    }

    #[test]
    fn a_reason_that_is_too_long_for_its_line_stands_below() {
        let found = sample(CheckOutcome::Open, &"word ".repeat(14), "");
        let text = plain(&check_line(&found, Some(80)));
        let expected = "  ? signature/empty                         500  1.2 ms \n    word word";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.lines().all(|line| line.len() < 80), "{text}");
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
        totals.add(&sample(CheckOutcome::Pass, "", ""));
        assert_eq!(plain(&check_totals(&totals, 1)), "1 check: 1 passed");
        totals.add(&sample(CheckOutcome::Fail, "", ""));
        totals.add(&sample(CheckOutcome::Skip, "", ""));
        totals.add(&sample(CheckOutcome::Open, "", ""));
        let text = plain(&check_totals(&totals, 6));
        assert_eq!(
            text,
            "6 checks: 1 passed, 1 failed, 1 open, 1 skipped, 2 not run: interrupted"
        );
        assert_eq!(totals.by_severity, BTreeMap::from([("crash", 1)]));
    }

    proptest! {
        #[test]
        fn what_an_endpoint_answers_cannot_act_on_a_terminal(text in hostile()) {
            let mut found = sample(CheckOutcome::Fail, &text, &text);
            found.id.clone_from(&text);
            prop_assert!(is_safe(&check_line(&found, Some(60))));
            prop_assert!(is_safe(&findings(&[found], None, true).concat()));
        }
    }
}
