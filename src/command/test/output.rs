//! What a run prints while it goes on, and at its end.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::machine;
use crate::check::Planned;
use crate::cli::{TestArgs, TestOutput};
use crate::command::World;
use crate::command::line::Line;
use crate::delivery::{CheckOutcome, Finding};
use crate::exit::{CliError, Outcome};
use crate::report::junit::JunitCase;
use crate::report::{self, CheckTotals, table};

/// The variable in which GitHub names the file for the summary of a step.
pub const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// What was found so far.
pub struct RunOutput<'a> {
    args: &'a TestArgs,
    world: &'a World,
    url: String,
    bar: ProgressBar,
    group: &'static str,
    totals: CheckTotals,
    cases: Vec<JunitCase>,
    findings: Vec<Finding>,
    /// The status with which the handler refuses what is genuine.
    refusal: Option<u16>,
    /// Why no check was run: `unreachable` or `refused`, and a line.
    not_run: Option<(&'static str, String)>,
}

impl<'a> RunOutput<'a> {
    /// Of a run of so many checks against `url`.
    pub fn new(args: &'a TestArgs, world: &'a World, url: String, checks: usize) -> Self {
        Self {
            bar: bar(world, checks),
            args,
            world,
            url,
            group: "",
            totals: CheckTotals::default(),
            cases: Vec::new(),
            findings: Vec::new(),
            refusal: None,
            not_run: None,
        }
    }

    /// Warns that the handler refuses a genuine delivery. It is said again at the end, as it may be
    /// the cause of all that is printed before.
    pub fn warn_of_refusal(&mut self, status: u16) {
        let message = format!("the handler answers {status} to a genuine delivery");
        self.world.console.warn(&message, hint_for(status));
        self.refusal = Some(status);
    }

    /// Takes a check that has ended.
    pub fn add(&mut self, found: &Finding) -> Result<(), CliError> {
        self.totals.add(found);
        self.cases.push(machine::case(found, self.args.strict));
        let console = self.world.console;
        let is_json = self.args.json;
        let text = if is_json {
            Line::new("check", found).to_json()?
        } else {
            self.lines(found)
        };
        self.bar.suspend(|| {
            if is_json {
                console.json(&text)
            } else {
                console.data(&text)
            }
        })?;
        self.bar.inc(1);
        if found.advice.is_some() {
            self.findings.push(found.clone());
        }
        Ok(())
    }

    fn lines(&mut self, found: &Finding) -> String {
        let line = report::check_line(found);
        if self.group == found.group {
            return line;
        }
        self.group = found.group;
        format!("{}\n{line}", report::check_group(found.group))
    }

    /// Takes why no check was run, by a stable name and in a line.
    pub fn not_run(&mut self, kind: &'static str, message: &str) {
        self.cases.push(machine::not_run(kind, message));
        self.not_run = Some((kind, message.to_owned()));
    }

    /// Prints and writes what is left, and says how the checks ended. `summary_file` is what GitHub
    /// names for the summary of a step.
    pub fn finish(mut self, summary_file: Option<String>) -> Result<Outcome, CliError> {
        self.bar.finish_and_clear();
        self.findings
            .sort_by_key(|found| (found.severity, found.outcome != CheckOutcome::Fail));
        let written = self.write_files(summary_file);
        self.print()?;
        written?;
        if let Some(status) = self.refusal {
            self.warn_of_refusal(status);
        }
        let warned = self.args.strict && self.totals.warned > 0;
        Ok(Outcome::of(self.totals.failed == 0 && !warned))
    }

    fn write_files(&self, summary_file: Option<String>) -> Result<(), CliError> {
        if let Some(path) = &self.args.junit {
            machine::write_junit(&self.world.folder.join(path), &self.cases)?;
        }
        let Some(path) = summary_file.filter(|_| self.is_for_github()) else {
            return Ok(());
        };
        let (passed, checks) = (self.totals.passed, self.totals.checks);
        let result = match &self.not_run {
            Some((_, message)) => message.clone(),
            None => format!("{passed} of {checks} checks passed"),
        };
        let heading = format!("webhook test of {}: {result}", self.url);
        machine::write_step_summary(&PathBuf::from(path), &heading, &self.findings)
    }

    fn print(&self) -> Result<(), CliError> {
        let console = self.world.console;
        if self.args.json {
            let why = |kind| match &self.not_run {
                Some((met, message)) if *met == kind => Some(message),
                _ => None,
            };
            let mut fields = json!(self.totals);
            fields["unreachable"] = json!(why("unreachable"));
            fields["refused"] = json!(why("refused"));
            return Ok(console.json(&Line::new("summary", fields).to_json()?)?);
        }
        if let Some((_, message)) = &self.not_run {
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
            for text in report::findings(&self.findings, console.width()) {
                console.data(&format!("\n{text}"))?;
            }
        }
        Ok(console.data(&format!("\n{}", report::check_totals(&self.totals)))?)
    }

    fn is_for_github(&self) -> bool {
        self.args.output == Some(TestOutput::Github)
    }
}

/// What may be wrong where a handler answers so to a genuine delivery.
pub const fn hint_for(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => Some("is `--secret` the handler's own? Else it refuses what is genuine"),
        404 | 405 => Some("is the path of `--url` the handler's?"),
        300..=399 => Some(
            "no redirect is followed, as no document says so: give the URL that answers itself",
        ),
        _ => None,
    }
}

fn bar(world: &World, checks: usize) -> ProgressBar {
    if !world.console.talks_to_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {elapsed}");
    let count = u64::try_from(checks).unwrap_or(u64::MAX);
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints the checks that would run.
pub fn list(planned: &[Planned], is_json: bool, world: &World) -> Result<Outcome, CliError> {
    let console = world.console;
    if is_json {
        for one in planned {
            let fields = json!({
                "id": one.id, "group": one.check.group(), "severity": one.check.severity,
                "sent": one.check.title, "event": one.event,
            });
            console.json(&Line::new("check", fields).to_json()?)?;
        }
        return Ok(Outcome::Yes);
    }
    let rows = planned.iter().map(|one| {
        let severity = one.check.severity.as_str();
        vec![one.id.clone(), severity.into(), one.check.title.into()]
    });
    let columns = ["CHECK", "SEVERITY", "WHAT IS SENT"];
    console.data(&table(&columns, rows.collect(), console.width()))?;
    Ok(Outcome::Yes)
}
