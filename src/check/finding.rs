//! The finding of a check, with what there is to say of it.

use std::time::Duration;

use super::case::Exchange;
use super::classify::{Conclusion, Expect};
use super::plan::{Planned, known_flaw_of};
use super::table::{CRASH_FIX, CRASH_WHY, Check, EACH_EVENT};
use crate::delivery::{Advice, Attempt, CheckOutcome, Finding, HandlerLine, Severity};
use crate::formats::curl;
use crate::provider::{Provenance, Provider};

/// The largest body, in bytes, that is printed as a part of a curl line.
const SHOWN_BODY: usize = 8 * 1024;
/// How much of an answer is shown, in characters.
const SHOWN_ANSWER: usize = 200;

/// The exchange that shows what a check found.
pub(super) struct Evidence {
    pub exchange: Exchange,
    /// The endpoint.
    pub url: String,
    /// Whether the log has it.
    pub is_kept: bool,
}

/// What a check of this provider found.
pub(super) fn finding(
    planned: &Planned,
    provider: &Provider,
    conclusion: Conclusion,
    requests: usize,
    shown: Option<&Evidence>,
    took: Duration,
) -> Finding {
    let check = planned.check;
    let (outcome, severity, reason) = conclusion.outcome(check.severity);
    let is_wrong = matches!(outcome, CheckOutcome::Warn | CheckOutcome::Fail);
    let attempt = shown.map(|shown| &shown.exchange.attempt);
    let status = attempt.and_then(Attempt::status);
    let reason = reason.map(|reason| match assumption(planned, provider, status) {
        Some(assumed) if is_wrong => format!("{reason} ({assumed})"),
        _ => reason,
    });
    Finding {
        id: planned.id.clone(),
        group: check.group(),
        severity,
        outcome,
        sent: check.title,
        event: planned.event.clone(),
        requests,
        status,
        reason,
        duration_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
        delivery_id: shown.map(|shown| shown.exchange.delivery_id.clone()),
        attempt_id: attempt.map(|attempt| attempt.id.clone()),
        advice: is_wrong.then(|| advice(planned, provider, severity, shown)),
    }
}

/// What a finding rests on besides the document.
fn assumption(planned: &Planned, provider: &Provider, status: Option<u16>) -> Option<String> {
    let is_of_event = planned.check.id == EACH_EVENT;
    let event = is_of_event.then(|| provider.summary(&planned.event)?.ok());
    let is_refused = status.is_some_and(|status| status / 100 != 2);
    let is_late = matches!(planned.check.expect, Expect::Within(_)) && !is_refused;
    match event.flatten() {
        Some(event) => match event.source {
            Provenance::Documented => None,
            Provenance::DocumentedInPart => {
                Some(format!("documented are {}", event.documented_part()))
            }
            Provenance::Inferred => Some("the document shows no payload of it: inferred".into()),
        },
        None if is_late && provider.definition.assumes("deadline") => {
            Some("the deadline is assumed".into())
        }
        None => None,
    }
}

fn advice(
    planned: &Planned,
    provider: &Provider,
    severity: Severity,
    shown: Option<&Evidence>,
) -> Advice {
    let check = planned.check;
    let is_crash = severity == Severity::Crash && check.expect == Expect::Rejected;
    let (why, fix) = if is_crash {
        (CRASH_WHY, CRASH_FIX)
    } else {
        (check.why, check.fix)
    };
    let known = known_flaw_of(provider, &planned.id, severity);
    Advice {
        kind: kind(check, severity),
        why,
        fix,
        habit: known.map(|flaw| HandlerLine {
            line: flaw.line.clone(),
            fault: flaw.fault.clone(),
        }),
        reproduce: shown.map(reproduce).unwrap_or_default(),
        kept: shown.and_then(kept),
        answer: shown.and_then(|shown| answer(&shown.exchange)),
    }
}

fn kind(check: &Check, severity: Severity) -> &'static str {
    match (severity, check.expect) {
        (Severity::Forgery, Expect::Withheld) => "signs for strangers",
        (Severity::Forgery, _) => "accepts forged deliveries",
        (Severity::Loss, Expect::AcceptedOnce) => "does not stand a repeat",
        (Severity::Loss, Expect::Documented) => "fails a handshake",
        (Severity::Loss, Expect::Within(_)) => "does not answer in time",
        (Severity::Loss, _) => "loses genuine deliveries",
        (Severity::Crash, Expect::Rejected | Expect::NotCrashed) => "crashes on a bad signature",
        (Severity::Crash, _) => "crashes",
        (Severity::Warning, _) => "may be intended",
    }
}

/// The curl line, or where it is to be had, as one of a megabyte helps nobody.
fn reproduce(shown: &Evidence) -> String {
    let request = &shown.exchange.delivery.request;
    let url = &shown.url;
    if request.body.len() <= SHOWN_BODY {
        return curl::command(request, url).unwrap_or_default();
    }
    let id = &shown.exchange.delivery_id;
    if shown.is_kept {
        format!("webhook replay {id} --sign keep --url {url}")
    } else {
        "run it without `--no-log`, and `webhook replay` sends it again".into()
    }
}

/// The command that sends it again from the log, where it is kept.
fn kept(shown: &Evidence) -> Option<String> {
    let id = &shown.exchange.delivery_id;
    shown
        .is_kept
        .then(|| format!("webhook replay {id} --sign keep"))
}

/// The first line of an answer that is for people.
fn answer(exchange: &Exchange) -> Option<String> {
    let answer = exchange.attempt.outcome.as_ref().ok()?;
    let text = String::from_utf8_lossy(&answer.body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let is_page = line.starts_with('<');
    (!is_page).then(|| line.chars().take(SHOWN_ANSWER).collect())
}
