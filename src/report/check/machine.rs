//! What machines read of a run of checks: cases of `JUnit`, annotations and a summary for GitHub.

use std::time::Duration;

use super::super::{github, junit};
use crate::delivery::{Advice, CheckOutcome, Finding};

/// The name of the suite, and the title of what is about the whole run.
const SUITE: &str = "webhook test";

/// The `JUnit` case of a check; with `strict`, what is open or earns a warning fails.
pub fn check_case(found: &Finding, strict: bool) -> junit::JunitCase {
    let time = Duration::try_from_secs_f64(found.duration_ms / 1e3).unwrap_or_default();
    let case = junit::passed(&found.id, found.group, time);
    let reason = found.reason.as_deref().unwrap_or_default();
    let details = found.advice.as_ref().map(|it| details(found.sent, it));
    let details = details.unwrap_or_default();
    match found.outcome {
        CheckOutcome::Pass => case,
        CheckOutcome::Skip => junit::skipped(case, "skipped", reason),
        CheckOutcome::Open if !strict => junit::skipped(case, "open", reason),
        CheckOutcome::Open => junit::failed(case, "open", reason, ""),
        CheckOutcome::Warn if !strict => {
            junit::noted(case, &format!("warning: {reason}\n{details}"))
        }
        CheckOutcome::Warn | CheckOutcome::Fail => {
            junit::failed(case, found.severity.as_str(), reason, &details)
        }
    }
}

/// The case of a check that was not run.
pub fn check_case_not_run(id: &str, group: &str, reason: &str) -> junit::JunitCase {
    junit::skipped(junit::passed(id, group, Duration::ZERO), "not-run", reason)
}

/// The case of the whole run, where its checks prove less than they say: `kind` tells why.
pub fn run_case(kind: &str, message: &str) -> junit::JunitCase {
    let case = junit::passed("run every check", "run", Duration::ZERO);
    junit::failed(case, kind, message, "")
}

/// The annotation of a finding; empty where nothing is wrong.
pub fn check_annotation(found: &Finding) -> String {
    let Some(advice) = &found.advice else {
        return String::new();
    };
    let title = format!("{}: {}", found.id, advice.kind);
    let reason = found.reason.as_deref().unwrap_or_default();
    let message = format!("{reason}; fix: {}", advice.fix);
    github::annotation(found.outcome == CheckOutcome::Fail, &title, &message)
}

/// The annotation of a run whose checks prove less than they say.
pub fn run_annotation(message: &str) -> String {
    github::annotation(true, SUITE, message)
}

/// The summary of a step: a row for each finding.
pub fn check_summary(url: &str, result: &str, findings: &[Finding]) -> String {
    let row = |found: &Finding| {
        let advice = found.advice.as_ref()?;
        let reason = found.reason.as_deref().unwrap_or_default();
        let cells = [
            found.id.as_str(),
            advice.kind,
            reason,
            advice.why,
            advice.fix,
        ];
        Some(cells.map(str::to_owned).to_vec())
    };
    let rows: Vec<_> = findings.iter().filter_map(row).collect();
    let columns = [
        "Check",
        "Finding",
        "What came back",
        "Why it matters",
        "How to fix it",
    ];
    let heading = format!("{SUITE} of {url}: {result}");
    github::summary(&heading, &columns, &rows)
}

/// What a finding says besides its first line.
fn details(sent: &str, advice: &Advice) -> String {
    let mut lines = vec![
        format!("sent: {sent}"),
        format!("why: {}", advice.why),
        format!("fix: {}", advice.fix),
    ];
    if let Some(known) = &advice.habit {
        let (line, fault) = (&known.line, &known.fault);
        lines.push(format!("the documented handler has it: {line} ({fault})"));
    }
    lines.push(format!("again: {}", advice.reproduce));
    lines.join("\n")
}
