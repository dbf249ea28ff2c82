//! A finished check in the words of the reports.

use crate::check::{CRASH_FIX, CRASH_WHY, Expect, Finished, Outcome, Severity, known_flaw_of};
use crate::formats::curl;
use crate::provider::{KnownFlaw, Provider};
use crate::report::{CheckLine, Finding, Mark};

/// The largest body, in bytes, that is printed as a part of a curl line.
const SHOWN_BODY: usize = 8 * 1024;
/// How much of an answer is shown, in characters.
const SHOWN_ANSWER: usize = 200;

/// A finished check, with what else is known of it.
pub struct Found<'a> {
    finished: Finished,
    habit: Option<&'a KnownFlaw>,
    reproduce: String,
    /// The command that prints it from the log.
    kept: Option<String>,
}

impl<'a> Found<'a> {
    /// Of a check of this provider against `url`.
    pub fn new(finished: Finished, provider: &'a Provider, url: &str, is_kept: bool) -> Self {
        Self {
            habit: known_flaw_of(provider, &finished.planned.id, finished.severity),
            reproduce: reproduce(&finished, url, is_kept),
            kept: is_kept.then(|| kept(&finished)).flatten(),
            finished,
        }
    }

    /// The check and what came of it.
    pub const fn finished(&self) -> &Finished {
        &self.finished
    }

    /// Whether something is wrong.
    pub const fn is_finding(&self) -> bool {
        matches!(self.finished.outcome, Outcome::Fail | Outcome::Warn)
    }

    /// What came of it.
    pub const fn mark(&self) -> Mark {
        match self.finished.outcome {
            Outcome::Pass => Mark::Pass,
            Outcome::Warn => Mark::Warn,
            Outcome::Fail => Mark::Fail,
            Outcome::Skip => Mark::Skip,
        }
    }

    /// The status that shows it.
    pub fn status(&self) -> Option<u16> {
        self.finished.shown.as_ref()?.attempt.status()
    }

    /// The line of the check.
    pub fn line(&self) -> CheckLine<'_> {
        CheckLine {
            id: &self.finished.planned.id,
            mark: self.mark(),
            status: self.status(),
            millis: self.finished.duration.as_secs_f64() * 1_000.0,
            reason: self.finished.reason.as_deref(),
        }
    }

    /// The finding.
    pub fn finding(&self) -> Finding<'_> {
        let habit = self.habit;
        Finding {
            id: &self.finished.planned.id,
            mark: self.mark(),
            kind: self.kind(),
            sent: self.finished.planned.check.title,
            reason: self.finished.reason.as_deref().unwrap_or_default(),
            answer: self.answer(),
            why: self.why(),
            fix: self.fix(),
            habit: habit.map(|habit| (habit.line.as_str(), habit.fault.as_str())),
            reproduce: &self.reproduce,
            kept: self.kept.as_deref(),
        }
    }

    fn kind(&self) -> &'static str {
        let expect = self.finished.planned.check.expect;
        match (self.finished.severity, expect) {
            (Severity::Forgery, _) => "accepts forged deliveries",
            (Severity::Loss, Expect::AcceptedOnce) => "does not stand a repeat",
            (Severity::Loss, Expect::Within(_)) => "does not answer in time",
            (Severity::Loss, _) => "loses genuine deliveries",
            (Severity::Crash, Expect::Rejected | Expect::NotCrashed) => {
                "crashes on a bad signature"
            }
            (Severity::Crash, _) => "crashes",
            (Severity::Warning, _) => "may be meant so",
        }
    }

    fn is_crash_of_signature(&self) -> bool {
        self.finished.severity == Severity::Crash
            && self.finished.planned.check.expect == Expect::Rejected
    }

    /// Why it matters.
    pub fn why(&self) -> &'static str {
        if self.is_crash_of_signature() {
            CRASH_WHY
        } else {
            self.finished.planned.check.why
        }
    }

    /// How it is mended.
    pub fn fix(&self) -> &'static str {
        if self.is_crash_of_signature() {
            CRASH_FIX
        } else {
            self.finished.planned.check.fix
        }
    }

    /// The first line of an answer for people.
    fn answer(&self) -> Option<String> {
        let answer = self
            .finished
            .shown
            .as_ref()?
            .attempt
            .outcome
            .as_ref()
            .ok()?;
        let text = String::from_utf8_lossy(&answer.body);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let is_page = line.starts_with('<');
        (!is_page).then(|| line.chars().take(SHOWN_ANSWER).collect())
    }
}

fn kept(finished: &Finished) -> Option<String> {
    let id = &finished.shown.as_ref()?.delivery_id;
    Some(format!("webhook log show {id} --as curl | sh"))
}

/// The curl line, or where it is to be had, as one of a megabyte helps nobody.
fn reproduce(finished: &Finished, url: &str, is_kept: bool) -> String {
    let Some(shown) = &finished.shown else {
        return String::new();
    };
    let request = &shown.parcel.request;
    if request.body.len() <= SHOWN_BODY {
        return curl::command(request, url).unwrap_or_default();
    }
    let id = &shown.delivery_id;
    if is_kept {
        format!("webhook replay {id} --sign keep --url {url}")
    } else {
        "run it without `--no-log`, and `webhook replay` sends it again".into()
    }
}
