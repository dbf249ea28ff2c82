//! What a run prints while it goes on, and at its end.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::Work;
use super::found::Found;
use super::machine;
use crate::check::{Finished, Severity};
use crate::cli::TestOutput;
use crate::command::line::Line;
use crate::delivery::Failure;
use crate::exit::{CliError, Outcome};
use crate::report::junit::TestCase;
use crate::report::{self, CheckTotals, Finding, Mark, table};

/// The variable in which GitHub names the file for the summary of a step.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// What was found so far.
pub struct Output<'a> {
    work: &'a Work<'a>,
    url: String,
    bar: ProgressBar,
    group: &'static str,
    totals: CheckTotals,
    cases: Vec<TestCase>,
    findings: Vec<Found<'a>>,
    unreachable: Option<String>,
    refused: Option<String>,
}

impl<'a> Output<'a> {
    /// Of a run against `url`.
    pub fn new(work: &'a Work<'a>, url: String) -> Self {
        Self {
            bar: bar(work),
            work,
            url,
            group: "",
            totals: CheckTotals::default(),
            cases: Vec::new(),
            findings: Vec::new(),
            unreachable: None,
            refused: None,
        }
    }

    /// Takes a check that has run.
    pub fn add(&mut self, finished: &Finished) -> Result<(), CliError> {
        let is_kept = !self.work.args.no_log;
        let found = Found::new(finished.clone(), self.work.provider, &self.url, is_kept);
        self.totals.add(found.mark(), finished.severity.as_str());
        self.cases
            .push(machine::case(&found, self.work.args.strict));
        let text = self.lines(&found)?;
        let console = self.work.world.console;
        self.bar.suspend(|| {
            if self.work.args.json {
                console.json(&text)
            } else {
                console.data(&text)
            }
        })?;
        self.bar.inc(1);
        if found.is_finding() {
            self.findings.push(found);
        }
        Ok(())
    }

    fn lines(&mut self, found: &Found<'_>) -> Result<String, CliError> {
        if self.work.args.json {
            return Ok(Line::new("check", machine::check_fields(found)).to_json()?);
        }
        let line = report::check_line(&found.line());
        let group = found.finished().planned.check.group();
        if self.group == group {
            return Ok(line);
        }
        self.group = group;
        Ok(format!("{}\n{line}", report::check_group(group)))
    }

    /// Takes that nobody is there.
    pub fn unreachable(&mut self, failure: &Failure) {
        self.cases
            .push(machine::unmet("unreachable", &failure.message));
        self.unreachable = Some(failure.message.clone());
    }

    /// Takes that the handler refuses what is genuine, so that nothing can be checked.
    pub fn refused(&mut self, message: &str) {
        self.cases.push(machine::unmet("refused", message));
        self.refused = Some(message.to_owned());
    }

    /// Why no check was run.
    fn unmet(&self) -> Option<&str> {
        self.unreachable.as_deref().or(self.refused.as_deref())
    }

    /// Prints and writes what is left, and says how the checks ended.
    pub fn finish(mut self) -> Result<Outcome, CliError> {
        self.bar.finish_and_clear();
        self.findings
            .sort_by_key(|found| (found.finished().severity, found.mark() != Mark::Fail));
        let written = self.write_files();
        self.print()?;
        written?;
        let warned = self.work.args.strict && self.totals.warned > 0;
        Ok(Outcome::of(self.totals.failed == 0 && !warned))
    }

    fn write_files(&self) -> Result<(), CliError> {
        let folder = &self.work.world.folder;
        if let Some(path) = &self.work.args.junit {
            machine::write_junit(&folder.join(path), &self.cases)?;
        }
        let environment = &self.work.setup.config.environment;
        match environment.get(STEP_SUMMARY) {
            Some((path, _)) if self.is_for_github() => {
                let (passed, checks) = (self.totals.passed, self.totals.checks);
                let result = match self.unmet() {
                    Some(message) => message.to_owned(),
                    None => format!("{passed} of {checks} checks passed"),
                };
                let heading = format!("webhook test of {}: {result}", self.url);
                machine::write_step_summary(&PathBuf::from(path), &heading, &self.findings)
            }
            _ => Ok(()),
        }
    }

    fn print(&self) -> Result<(), CliError> {
        let console = self.work.world.console;
        if self.work.args.json {
            let summary = machine::Summary {
                totals: &self.totals,
                unreachable: self.unreachable.as_deref(),
                refused: self.refused.as_deref(),
            };
            return Ok(console.json(&Line::new("summary", summary).to_json()?)?);
        }
        if let Some(message) = self.unmet() {
            if self.is_for_github() {
                console.data(&machine::annotation_of_none(message))?;
            }
            return Ok(());
        }
        if self.is_for_github() {
            for found in &self.findings {
                console.data(&machine::annotation(found))?;
            }
        } else {
            for alike in self.alike() {
                console.data(&format!("\n{}", report::findings(&alike, console.width())))?;
            }
        }
        Ok(console.data(&format!("\n{}", report::check_totals(&self.totals)))?)
    }

    /// The findings, those of one cause together, in the place of the first of them.
    fn alike(&self) -> Vec<Vec<Finding<'_>>> {
        let mut all: Vec<Vec<Finding<'_>>> = Vec::new();
        for finding in self.findings.iter().map(Found::finding) {
            let is_alike = |other: &Finding<'_>| {
                (other.kind, other.mark) == (finding.kind, finding.mark)
                    && (other.why, other.fix) == (finding.why, finding.fix)
                    && other.habit == finding.habit
            };
            let place = all
                .iter_mut()
                .find(|alike| alike.first().is_some_and(is_alike));
            match place {
                Some(alike) => alike.push(finding),
                None => all.push(vec![finding]),
            }
        }
        all
    }

    fn is_for_github(&self) -> bool {
        self.work.args.output == Some(TestOutput::Github)
    }
}

fn bar(work: &Work<'_>) -> ProgressBar {
    if !work.world.console.talks_to_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {elapsed}");
    let count = u64::try_from(work.planned.len()).unwrap_or(u64::MAX);
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints the checks that would run.
pub fn list(work: &Work<'_>) -> Result<Outcome, CliError> {
    let console = work.world.console;
    if work.args.json {
        for planned in &work.planned {
            let check = planned.check;
            let fields = serde_json::json!({
                "id": planned.id,
                "group": check.group(), "severity": check.severity.as_str(), "sent": check.title,
                "event": planned.event,
            });
            console.json(&Line::new("check", fields).to_json()?)?;
        }
        return Ok(Outcome::Yes);
    }
    let rows = work.planned.iter().map(|planned| {
        let severity: Severity = planned.check.severity;
        vec![
            planned.id.clone(),
            severity.as_str().into(),
            planned.check.title.into(),
        ]
    });
    let columns = ["CHECK", "SEVERITY", "WHAT IS SENT"];
    console.data(&table(&columns, rows.collect(), console.width()))?;
    Ok(Outcome::Yes)
}
