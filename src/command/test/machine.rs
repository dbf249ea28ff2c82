//! What machines read: `JUnit`, GitHub.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::delivery::{Advice, CheckOutcome, Finding};
use crate::exit::CliError;
use crate::report::github;
use crate::report::junit::{self, JunitCase};

/// The name of the `JUnit` suite.
const SUITE: &str = "webhook test";

/// The case of a check.
pub fn case(found: &Finding, strict: bool) -> JunitCase {
    let time = Duration::try_from_secs_f64(found.duration_ms / 1e3).unwrap_or_default();
    let case = junit::passed(&found.id, found.group, time);
    match (found.outcome, &found.advice) {
        (CheckOutcome::Skip, _) => junit::skipped(case),
        (CheckOutcome::Warn, _) if !strict => case,
        (_, None) => case,
        (_, Some(advice)) => junit::failed(
            case,
            found.severity.as_str(),
            found.reason.as_deref().unwrap_or_default(),
            &details(found.sent, advice),
        ),
    }
}

/// The one case of a run in which no check was run: `kind` tells why.
pub fn not_run(kind: &str, message: &str) -> JunitCase {
    let case = junit::passed("reach the handler", "reach", Duration::ZERO);
    junit::failed(case, kind, message, "")
}

/// Writes the `JUnit` file.
pub fn write_junit(path: &Path, cases: &[JunitCase]) -> Result<(), CliError> {
    let document = junit::junit(SUITE, cases).map_err(|error| CliError::unwritable(path, error))?;
    std::fs::write(path, document).map_err(|error| CliError::unwritable(path, error))
}

/// The annotation of a finding; empty where nothing is wrong.
pub fn annotation(found: &Finding) -> String {
    let Some(advice) = &found.advice else {
        return String::new();
    };
    let title = format!("{}: {}", found.id, advice.kind);
    let reason = found.reason.as_deref().unwrap_or_default();
    let message = format!("{reason}\n{}", details(found.sent, advice));
    github::annotation(found.outcome == CheckOutcome::Fail, &title, &message)
}

/// The annotation of a run in which no check was run.
pub fn annotation_of_none(message: &str) -> String {
    github::annotation(true, SUITE, message)
}

/// Appends the summary of a step to the file that GitHub names.
pub fn write_step_summary(
    path: &Path,
    heading: &str,
    findings: &[Finding],
) -> Result<(), CliError> {
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
    let text = github::summary(heading, &columns, &rows);
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| writeln!(file, "{text}\n"))
        .map_err(|error| CliError::unwritable(path, error))
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
