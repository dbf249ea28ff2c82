//! What a run prints while it goes on, and at its end.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use indicatif::ProgressBar;
use serde_json::json;

use super::shortfall::Shortfall;
use crate::check::Planned;
use crate::cli::{TestArgs, TestOutput};
use crate::command::World;
use crate::command::junit::{JunitReport, takes_stdout};
use crate::config::Setup;
use crate::delivery::{CheckOutcome, Finding};
use crate::exit::{CliError, Outcome};
use crate::report::{self, CheckTotals, Detail, table};

/// The variable in which GitHub names the file for the summary of a step.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// What was found so far.
pub struct RunOutput<'a> {
    args: &'a TestArgs,
    /// What GitHub names for the summary of a step.
    summary_file: Option<&'a str>,
    world: &'a World,
    url: String,
    bar: ProgressBar,
    group: &'static str,
    totals: CheckTotals,
    /// Those of the group that runs.
    group_totals: CheckTotals,
    planned: u64,
    /// The checks that have not ended, by id and group.
    left: VecDeque<(String, &'static str)>,
    junit: Option<JunitReport>,
    /// What is not well.
    findings: Vec<Finding>,
    /// The status with which the handler refuses what is genuine.
    refusal: Option<u16>,
}

impl<'a> RunOutput<'a> {
    /// Of a run of these checks against `url`.
    pub fn new(
        args: &'a TestArgs,
        setup: &'a Setup,
        world: &'a World,
        url: String,
        planned: &[Planned],
    ) -> Result<Self, CliError> {
        let other = match args.output {
            _ if args.json => Some("--json"),
            Some(TestOutput::Github) => Some("--output github"),
            _ => None,
        };
        let left = planned
            .iter()
            .map(|one| (one.id.clone(), one.check.group()));
        let left: VecDeque<_> = left.collect();
        let count = u64::try_from(left.len()).unwrap_or(u64::MAX);
        Ok(Self {
            junit: JunitReport::of("webhook test", args.junit.as_deref(), other)?,
            bar: world.console.check_bar(count),
            args,
            summary_file: setup
                .config
                .environment
                .get(STEP_SUMMARY)
                .map(|(path, _)| path),
            world,
            url,
            group: "",
            totals: CheckTotals::default(),
            group_totals: CheckTotals::default(),
            planned: count,
            left,
            findings: Vec::new(),
            refusal: None,
        })
    }

    /// Warns that the handler refuses a genuine delivery. It is said again at the end, as it may be
    /// the cause of all that is printed before.
    pub fn warn_of_refusal(&mut self, status: u16) {
        let message = format!("the handler answers {status} to a genuine delivery");
        let console = self.world.console;
        console.warn(&message, report::refusal_hint(status));
        self.refusal = Some(status);
    }

    /// Takes a check that has ended.
    pub fn add(&mut self, found: &Finding) -> Result<(), CliError> {
        self.totals.add(found);
        self.left.pop_front();
        if let Some(junit) = &mut self.junit {
            junit.add(report::check_case(found, self.args.strict));
        }
        self.bar.suspend(|| self.tell(found))?;
        if self.group != found.group {
            self.group_totals = CheckTotals::default();
        }
        self.group = found.group;
        self.group_totals.add(found);
        self.bar.inc(1);
        if found.outcome != CheckOutcome::Pass {
            self.findings.push(found.clone());
        }
        Ok(())
    }

    /// Prints what a check says by itself, and where it is the first of a group, how the one before
    /// came out.
    fn tell(&self, found: &Finding) -> Result<(), CliError> {
        let console = self.world.console;
        if self.args.json {
            return Ok(console.line("check", found)?);
        }
        if self.group != found.group {
            self.print_group()?;
        }
        if self.has_text() && self.is_worth_a_line(found) {
            if console.detail() > Detail::Little && self.group != found.group {
                console.data(&report::check_group(found.group, None))?;
            }
            console.data(&report::check_line(found, console.width()))?;
        }
        Ok(())
    }

    /// Prints how many checks of the group came out how, where not each has a line.
    fn print_group(&self) -> Result<(), CliError> {
        let is_told = self.has_text() && self.detail() == Detail::Usual;
        if is_told && !self.group.is_empty() {
            let text = report::check_group(self.group, Some(&self.group_totals));
            self.world.console.data(&text)?;
        }
        Ok(())
    }

    /// How much is said of each check: whoever reads annotations has the log for every check.
    fn detail(&self) -> Detail {
        match self.world.console.detail() {
            Detail::Usual if self.is_for_github() => Detail::Much,
            detail => detail,
        }
    }

    /// Does as [`RunOutput::finish`], and says at last why the checks prove less than they say.
    pub fn end(self, shortfall: Option<Shortfall>) -> Result<Outcome, CliError> {
        let console = self.world.console;
        let outcome = self.finish(shortfall.as_ref())?;
        if let Some(Shortfall { message, hint, .. }) = shortfall {
            console.message(&report::error(&message, hint));
        }
        Ok(outcome)
    }

    /// Prints and writes what is left, and says how the checks ended.
    pub fn finish(mut self, shortfall: Option<&Shortfall>) -> Result<Outcome, CliError> {
        self.bar.finish_and_clear();
        self.findings
            .sort_by_key(|found| (found.severity, found.outcome != CheckOutcome::Fail));
        let written = self.write_files(shortfall);
        let known = self.outcome();
        let outcome = shortfall.map_or(known, |shortfall| known.worse(shortfall.outcome));
        if let Err(error) = self.print(shortfall).and(written) {
            return error.or_known(outcome);
        }
        if let Some(status) = self.refusal {
            self.warn_of_refusal(status);
        }
        Ok(outcome)
    }

    /// What the checks say that were run so far.
    pub const fn outcome(&self) -> Outcome {
        let weak = self.totals.warned + self.totals.open;
        Outcome::of(self.totals.failed == 0 && !(self.args.strict && weak > 0))
    }

    fn write_files(&mut self, shortfall: Option<&Shortfall>) -> Result<(), CliError> {
        if let Some(mut junit) = self.junit.take() {
            if let Some(Shortfall { kind, message, .. }) = shortfall {
                // Where none was run, one case says it all.
                let left = self.left.iter().filter(|_| self.totals.checks > 0);
                for (id, group) in left {
                    junit.add(report::check_case_not_run(id, group, kind));
                }
                junit.add(report::run_case(kind, message));
            }
            junit.write(self.world)?;
        }
        let file = self.summary_file.filter(|_| self.is_for_github());
        let Some(path) = file.map(Path::new) else {
            return Ok(());
        };
        let result = match shortfall {
            Some(shortfall) => shortfall.message.clone(),
            None => format!(
                "{} of {} checks passed",
                self.totals.passed, self.totals.checks
            ),
        };
        let text = report::check_summary(&self.url, &result, &self.findings);
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "{text}\n"))
            .map_err(|error| CliError::unwritable(path, error))
    }

    fn print(&self, shortfall: Option<&Shortfall>) -> Result<(), CliError> {
        let console = self.world.console;
        if self.args.json {
            let mut fields = json!(self.totals);
            fields["planned"] = self.planned.into();
            for kind in Shortfall::KINDS {
                let met = shortfall.filter(|shortfall| shortfall.kind == kind);
                fields[kind] = json!(met.map(|shortfall| &shortfall.message));
            }
            return Ok(console.line("summary", fields)?);
        }
        self.print_group()?;
        if self.is_for_github() {
            let wrong = self.findings.iter().filter(|f| f.advice.is_some());
            for found in wrong {
                console.data(&report::check_annotation(found))?;
            }
            if let Some(shortfall) = shortfall {
                console.data(&report::run_annotation(&shortfall.message))?;
            }
        } else if self.has_text() && console.detail() > Detail::Little {
            let verbose = console.detail() == Detail::Much;
            for text in report::findings(&self.findings, console.width(), verbose) {
                console.data(&format!("\n{text}"))?;
            }
        }
        if self.totals.checks > 0 && self.has_text() {
            let totals = report::check_totals(&self.totals, self.planned);
            let is_apart = console.detail() > Detail::Little;
            let gap = if is_apart { "\n" } else { "" };
            console.data(&format!("{gap}{totals}"))?;
        }
        Ok(())
    }

    /// Whether a check has a line of its own: where little is said, what is bad.
    fn is_worth_a_line(&self, found: &Finding) -> bool {
        match self.detail() {
            Detail::Little => matches!(found.outcome, CheckOutcome::Fail | CheckOutcome::Warn),
            Detail::Usual => false,
            Detail::Much => true,
        }
    }

    fn is_for_github(&self) -> bool {
        self.args.output == Some(TestOutput::Github)
    }

    /// Whether stdout is for people.
    fn has_text(&self) -> bool {
        !takes_stdout(self.args.junit.as_deref())
    }
}

/// Prints the checks that would run.
pub fn list(planned: &[Planned], is_json: bool, world: &World) -> Result<Outcome, CliError> {
    let console = world.console;
    if is_json {
        for one in planned {
            let fields = json!({
                "id": one.id, "group": one.check.group(), "severity": one.check.severity,
                "sent": one.check.title, "event": (!one.event.is_empty()).then_some(&one.event),
            });
            console.line("check", fields)?;
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
