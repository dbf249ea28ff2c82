//! What the answers say.

use std::time::Duration;

use super::table::Expect;
use crate::delivery::Attempt;

/// How grave a finding is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A forged delivery is taken for genuine.
    Forgery,
    /// A genuine delivery is refused, or counted wrongly.
    Loss,
    /// The receiver fails with a 5xx or drops the connection.
    Crash,
    /// It may be meant so.
    Warning,
}

impl Severity {
    /// All, the gravest first.
    pub const ALL: [Self; 4] = [Self::Forgery, Self::Loss, Self::Crash, Self::Warning];

    /// The name in JSON and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forgery => "forgery",
            Self::Loss => "loss",
            Self::Crash => "crash",
            Self::Warning => "warning",
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be, and it may be meant so.
    Warn,
    /// Not as it should be.
    Fail,
    /// Not checked.
    Skip,
}

impl Outcome {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What is wrong, and how grave it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub severity: Severity,
    /// One line.
    pub reason: String,
    /// Which of the attempts shows it.
    pub shown_by: usize,
}

/// What a check goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standard {
    pub expect: Expect,
    pub severity: Severity,
    /// The provider's deadline.
    pub deadline: Duration,
}

impl Standard {
    /// The first thing that is wrong with the answers.
    pub fn judge(self, attempts: &[Attempt]) -> Option<Fault> {
        let faults: Vec<_> = attempts
            .iter()
            .enumerate()
            .filter_map(|(place, attempt)| {
                let (severity, reason) = self.judge_one(attempt)?;
                Some(Fault {
                    severity,
                    reason,
                    shown_by: place,
                })
            })
            .collect();
        let count = faults.len();
        let mut gravest = faults.into_iter().min_by_key(|fault| fault.severity)?;
        if attempts.len() > 1 {
            gravest.reason = format!("{count} of {}: {}", attempts.len(), gravest.reason);
        }
        Some(gravest)
    }

    fn judge_one(self, attempt: &Attempt) -> Option<(Severity, String)> {
        match self.expect {
            Expect::Accepted | Expect::AcceptedOnce => self.refused(attempt),
            Expect::Within(part) => self.refused(attempt).or_else(|| self.late(attempt, part)),
            Expect::Rejected => self.not_rejected(attempt),
            Expect::NotCrashed => crashed(attempt),
        }
    }

    fn refused(self, attempt: &Attempt) -> Option<(Severity, String)> {
        let reason = match &attempt.outcome {
            Ok(answer) if answer.is_success() => return None,
            Ok(answer) if answer.status / 100 == 3 => {
                let place = answer.headers.text("location").unwrap_or("nowhere");
                format!(
                    "redirected with {} to `{place}`, and the provider follows no redirect",
                    answer.status
                )
            }
            Ok(answer) => format!("answered {} to a genuine delivery", answer.status),
            Err(failure) => failure.message.clone(),
        };
        Some((self.severity, reason))
    }

    fn late(self, attempt: &Attempt, part: u32) -> Option<(Severity, String)> {
        let limit = (self.deadline / part).as_secs_f64();
        let took = attempt.duration_ms / 1_000.0;
        let share = if part == 1 { "" } else { " a part of" };
        (took > limit).then(|| {
            let reason =
                format!("answered after {took:.1} s, and {limit:.1} s is{share} the deadline");
            (self.severity, reason)
        })
    }

    fn not_rejected(self, attempt: &Attempt) -> Option<(Severity, String)> {
        match attempt.status() {
            Some(status @ 200..=299) => Some((self.severity, format!("accepted it with {status}"))),
            Some(400..=499) => None,
            Some(status @ 100..=399) => {
                let reason = format!("answered {status}, which neither takes nor refuses it");
                Some((Severity::Warning, reason))
            }
            _ => crashed(attempt),
        }
    }
}

fn crashed(attempt: &Attempt) -> Option<(Severity, String)> {
    let reason = match &attempt.outcome {
        Ok(answer) if answer.status >= 500 => format!("crashed on it: answered {}", answer.status),
        Ok(_) => return None,
        Err(failure) => format!("crashed on it: {}", failure.message),
    };
    Some((Severity::Crash, reason))
}
