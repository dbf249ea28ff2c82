//! What the answers say.

use std::time::Duration;

use crate::delivery::{Attempt, CheckOutcome, Severity};
use crate::provider::ExpectedAnswer;

/// What has to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// 2xx to each request.
    Accepted,
    /// 2xx to each request, and, where side effects are counted, one of all of them together.
    AcceptedOnce,
    /// 2xx within this part of the provider's deadline: 1 for all of it, 10 for a tenth.
    Within(u32),
    /// 4xx: a 2xx takes a forgery for genuine, a 5xx or no answer is a crash.
    Rejected,
    /// Any answer but a 5xx.
    NotCrashed,
    /// The answer to a handshake that the provider documents.
    Documented,
    /// Any answer but that one, and but a 5xx.
    Withheld,
}

/// What is wrong with an answer, and how grave it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    pub severity: Severity,
    /// One line.
    pub reason: String,
    /// Which of the attempts shows it.
    pub shown_by: usize,
}

/// What a check comes to.
#[derive(Debug)]
pub(super) enum Conclusion {
    /// What came back is what was expected.
    Sound,
    /// It is not.
    Flawed(Flaw),
    /// What came back decides nothing, for this reason.
    Open(String),
    /// The check was not run, for this reason.
    Skipped(String),
}

impl Conclusion {
    /// How the check ended, the severity of what it found, and one line of why; `own` is the check's
    /// own severity.
    pub(super) fn outcome(self, own: Severity) -> (CheckOutcome, Severity, Option<String>) {
        match self {
            Self::Sound => (CheckOutcome::Pass, own, None),
            Self::Flawed(flaw) => {
                let is_warning = flaw.severity == Severity::Warning;
                let outcome = if is_warning {
                    CheckOutcome::Warn
                } else {
                    CheckOutcome::Fail
                };
                (outcome, flaw.severity, Some(flaw.reason))
            }
            Self::Open(reason) => (CheckOutcome::Open, own, Some(reason)),
            Self::Skipped(reason) => (CheckOutcome::Skip, own, Some(reason)),
        }
    }
}

impl Expect {
    /// The gravest of what is wrong with the answers, the first of several. `severity` is the check's
    /// own, `deadline` the provider's.
    pub(super) fn classify(
        self,
        severity: Severity,
        deadline: Duration,
        attempts: &[Attempt],
    ) -> Option<Flaw> {
        let flaws = attempts
            .iter()
            .enumerate()
            .filter_map(|(shown_by, attempt)| {
                let (severity, reason) = self.classify_one(severity, deadline, attempt)?;
                Some(Flaw {
                    severity,
                    reason,
                    shown_by,
                })
            });
        let flaws: Vec<_> = flaws.collect();
        let count = flaws.len();
        let mut gravest = flaws.into_iter().min_by_key(|flaw| flaw.severity)?;
        if attempts.len() > 1 {
            gravest.reason = format!("{count} of {}: {}", attempts.len(), gravest.reason);
        }
        Some(gravest)
    }

    fn classify_one(
        self,
        own: Severity,
        deadline: Duration,
        attempt: &Attempt,
    ) -> Option<(Severity, String)> {
        let refused = || refused(attempt).map(|reason| (own, reason));
        match self {
            // `of_handshake` says more of the answer to one.
            Self::Accepted | Self::AcceptedOnce | Self::Documented => refused(),
            Self::Within(part) => refused().or_else(|| Some((own, late(attempt, deadline, part)?))),
            Self::Rejected => match attempt.status() {
                Some(status @ 200..=299) => Some((own, format!("accepted it with {status}"))),
                // More than `is_refusal`: that the route takes what is genuine is asked for besides.
                Some(400..=499) => None,
                Some(status @ 100..=399) => {
                    let reason = format!("answered {status}, which neither takes nor refuses it");
                    Some((Severity::Warning, reason))
                }
                _ => crashed(attempt),
            },
            Self::NotCrashed | Self::Withheld => crashed(attempt),
        }
    }

    /// What is wrong with the answer to a handshake, of which these are documented; `gives_mac` says
    /// that a MAC with the secret stands in it.
    pub(super) fn of_handshake(
        self,
        own: Severity,
        expected: &[ExpectedAnswer],
        gives_mac: bool,
        attempt: &Attempt,
    ) -> Option<Flaw> {
        let flaw = |severity, reason| Flaw {
            severity,
            reason,
            shown_by: 0,
        };
        let answer = attempt.outcome.as_ref().ok()?;
        let judged = ExpectedAnswer::judge(expected, answer);
        match (self, judged) {
            (Self::Documented, Err([expected, got])) => {
                Some(flaw(own, format!("expected {expected}, got {got}")))
            }
            (Self::Withheld, Ok(())) if !expected.is_empty() => {
                let severity = if gives_mac { Severity::Forgery } else { own };
                let reason = format!("answered {} as if it were signed rightly", answer.status);
                Some(flaw(severity, reason))
            }
            _ => None,
        }
    }
}

fn refused(attempt: &Attempt) -> Option<String> {
    Some(match &attempt.outcome {
        Ok(answer) if answer.is_success() => return None,
        Ok(answer) if answer.status / 100 == 3 => {
            let place = answer.headers.text("location").unwrap_or("nowhere");
            format!(
                "redirected with {} to `{place}`; no redirect is followed, as no document says so",
                answer.status
            )
        }
        Ok(answer) => format!("answered {} to a genuine delivery", answer.status),
        Err(failure) => failure.message.clone(),
    })
}

fn late(attempt: &Attempt, deadline: Duration, part: u32) -> Option<String> {
    let limit = (deadline / part).as_secs_f64();
    let took = attempt.duration_ms / 1_000.0;
    let share = if part == 1 { "" } else { " a part of" };
    (took > limit)
        .then(|| format!("answered after {took:.1} s, and {limit:.1} s is{share} the deadline"))
}

fn crashed(attempt: &Attempt) -> Option<(Severity, String)> {
    let reason = match &attempt.outcome {
        Ok(answer) if answer.status >= 500 => format!("crashed on it: answered {}", answer.status),
        Ok(_) => return None,
        Err(failure) => format!("crashed on it: {}", failure.message),
    };
    Some((Severity::Crash, reason))
}
