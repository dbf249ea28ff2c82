//! What machines read: JSON lines, `JUnit`, GitHub.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::found::Found;
use crate::exit::CliError;
use crate::report::CheckTotals;
use crate::report::github::{self, Level};
use crate::report::junit::{self, TestCase};
use crate::report::{Finding, Mark};

/// The name of the `JUnit` suite.
const SUITE: &str = "webhook test";

/// What the line of a check says that has run.
pub fn check_fields(found: &Found<'_>) -> Value {
    let finished = found.finished();
    let shown = finished.shown.as_ref();
    let mut line = json!({
        "id": finished.planned.id, "group": finished.planned.check.group(),
        "severity": finished.severity.as_str(), "outcome": finished.outcome.as_str(),
        "sent": finished.planned.check.title, "event": finished.planned.event,
        "requests": finished.requests, "status": found.status(), "reason": finished.reason,
        "duration_ms": (finished.duration.as_secs_f64() * 1e6).round() / 1e3,
        "delivery_id": shown.map(|shown| &shown.delivery_id),
        "attempt_id": shown.map(|shown| &shown.attempt.id),
    });
    if found.is_finding() {
        let finding = found.finding();
        line["why"] = finding.why.into();
        line["fix"] = finding.fix.into();
        line["habit"] = finding
            .habit
            .map(|(line, fault)| json!({"line": line, "fault": fault}))
            .into();
        line["reproduce"] = finding.reproduce.into();
    }
    line
}

/// The last line.
#[derive(Serialize)]
pub struct Summary<'a> {
    /// What came of the checks.
    #[serde(flatten)]
    pub totals: &'a CheckTotals,
    /// Why nothing could be checked.
    pub unreachable: Option<&'a str>,
    /// That the handler refused what is genuine, so that no check was run.
    pub refused: Option<&'a str>,
}

/// The case of a check.
pub fn case(found: &Found<'_>, strict: bool) -> TestCase {
    let finished = found.finished();
    let (id, group) = (&finished.planned.id, finished.planned.check.group());
    let case = junit::passed(id, group, finished.duration);
    match found.mark() {
        Mark::Skip => junit::skipped(case),
        Mark::Pass => case,
        Mark::Warn if !strict => case,
        Mark::Warn | Mark::Fail => junit::failed(
            case,
            finished.severity.as_str(),
            finished.reason.as_deref().unwrap_or_default(),
            &details(&found.finding()),
        ),
    }
}

/// The one case of a run in which no check could be run: `kind` tells why.
pub fn unmet(kind: &str, message: &str) -> TestCase {
    let case = junit::passed("reach the handler", "reach", Duration::ZERO);
    junit::failed(case, kind, message, "")
}

/// Writes the `JUnit` file.
pub fn write_junit(path: &Path, cases: &[TestCase]) -> Result<(), CliError> {
    let document = junit::junit(SUITE, cases).map_err(|error| CliError::unwritable(path, error))?;
    std::fs::write(path, document).map_err(|error| CliError::unwritable(path, error))
}

/// The annotation of a finding.
pub fn annotation(found: &Found<'_>) -> String {
    let finding = found.finding();
    let level = match found.mark() {
        Mark::Fail => Level::Error,
        _ => Level::Warning,
    };
    let title = format!("{}: {}", finding.id, finding.kind);
    let message = format!("{}\n{}", finding.reason, details(&finding));
    github::annotation(level, &title, &message)
}

/// The annotation of a run in which no check could be run.
pub fn annotation_of_none(message: &str) -> String {
    github::annotation(Level::Error, SUITE, message)
}

/// Appends the summary of a step to the file that GitHub names.
pub fn write_step_summary(
    path: &Path,
    heading: &str,
    findings: &[Found<'_>],
) -> Result<(), CliError> {
    let rows: Vec<_> = findings
        .iter()
        .map(|found| {
            let finding = found.finding();
            let cells = [
                finding.id,
                finding.kind,
                finding.reason,
                finding.why,
                finding.fix,
            ];
            cells.map(str::to_owned).to_vec()
        })
        .collect();
    let columns = [
        "Check",
        "Finding",
        "What came back",
        "Why it matters",
        "How to mend it",
    ];
    let text = github::summary(heading, &columns, &rows);
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| writeln!(file, "{text}\n"))
        .map_err(|error| CliError::unwritable(path, error))
}

/// What a finding says besides its first line.
fn details(finding: &Finding<'_>) -> String {
    let mut lines = vec![
        format!("sent: {}", finding.sent),
        format!("why: {}", finding.why),
        format!("mend: {}", finding.fix),
    ];
    if let Some((line, fault)) = finding.habit {
        lines.push(format!("the documented handler has it: {line} ({fault})"));
    }
    lines.push(format!("again: {}", finding.reproduce));
    lines.join("\n")
}
