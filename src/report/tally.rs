//! What came of many attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use colored::Colorize as _;
use serde::Serialize;

use super::style::{by_class, join_lines};
use super::units::{counted, duration};
use crate::delivery::{Attempt, FailureKind, is_success};

/// Attempts counted by what came of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// All attempts.
    pub sent: u64,
    /// Those answered 2xx.
    pub succeeded: u64,
    /// Those answered with another status.
    pub rejected: u64,
    /// Those that got no answer.
    pub unreachable: u64,
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Failures by the name of their kind.
    pub by_failure: BTreeMap<&'static str, u64>,
    /// Answers that were asked for, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

impl Tally {
    /// Counts an attempt.
    pub fn add(&mut self, attempt: &Attempt) {
        match &attempt.outcome {
            Ok(answer) => self.add_status(answer.status),
            Err(failure) => self.add_failure(failure.kind),
        }
    }

    /// Counts an answer.
    pub fn add_status(&mut self, status: u16) {
        self.sent += 1;
        let is_success = is_success(status);
        self.succeeded += u64::from(is_success);
        self.rejected += u64::from(!is_success);
        *self.by_status.entry(status).or_default() += 1;
    }

    /// Counts an exchange without an answer.
    pub fn add_failure(&mut self, kind: FailureKind) {
        self.sent += 1;
        self.unreachable += 1;
        *self.by_failure.entry(kind.as_str()).or_default() += 1;
    }
}

/// The end of a bulk replay or send: how many, and what came of them, by status.
pub fn summary(tally: &Tally, elapsed: Option<Duration>) -> String {
    let time = elapsed.map_or(String::new(), |time| format!(" in {}", duration(time)));
    let sent = counted(tally.sent, "request", "requests");
    told(tally, &format!("sent {sent}"), &time)
}

/// The same for a run that a signal cut short; `of` tells how many it should have been, where that
/// is known.
pub(super) fn summary_interrupted(tally: &Tally, of: Option<u64>, elapsed: Duration) -> String {
    let sent = match of {
        Some(of) => format!("{} of {}", tally.sent, counted(of, "request", "requests")),
        None => counted(tally.sent, "request", "requests"),
    };
    let time = format!(" in {}, then interrupted", duration(elapsed));
    told(tally, &format!("sent {sent}"), &time)
}

fn told(tally: &Tally, sent: &str, time: &str) -> String {
    let headline = format!("{}{time}: {}", sent.bold(), counts(tally));
    let breakdown = breakdown(tally);
    let breakdown = if breakdown.is_empty() {
        breakdown
    } else {
        format!("  {breakdown}")
    };
    join_lines([headline, breakdown])
}

/// `200 ×10, 500 ×1, refused ×1`.
pub(super) fn breakdown(tally: &Tally) -> String {
    let statuses = tally
        .by_status
        .iter()
        .map(|(status, count)| format!("{} ×{count}", by_class(*status, &status.to_string())));
    let failures = tally
        .by_failure
        .iter()
        .map(|(kind, count)| format!("{} ×{count}", kind.red()));
    let parts: Vec<String> = statuses.chain(failures).collect();
    parts.join(", ")
}

fn counts(tally: &Tally) -> String {
    let mut parts = vec![
        format!("{} answered 2xx", tally.succeeded)
            .green()
            .to_string(),
    ];
    if tally.rejected > 0 {
        let text = format!("{} answered otherwise", tally.rejected);
        parts.push(text.red().to_string());
    }
    if tally.unreachable > 0 {
        let text = format!("{} not answered", tally.unreachable);
        parts.push(text.red().to_string());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::plain;
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally::default();
        for status in [200, 204, 200, 500] {
            tally.add_status(status);
        }
        tally.add_failure(FailureKind::Refused);
        tally
    }

    #[test]
    fn a_mixed_run_is_told_by_status() {
        let expected = "\
sent 5 requests in 2 s: 3 answered 2xx, 1 answered otherwise, 1 not answered
  200 ×2, 204 ×1, 500 ×1, refused ×1";
        assert_eq!(
            plain(&summary(&tally(), Some(Duration::from_secs(2)))),
            expected
        );
    }

    #[test]
    fn nothing_sent_is_one_line() {
        let text = plain(&summary(&Tally::default(), None));
        assert_eq!(text, "sent 0 requests: 0 answered 2xx");
    }
}
