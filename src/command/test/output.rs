//! What a run prints while it goes on, and at its end.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use indicatif::ProgressBar;
use serde_json::json;

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

/// Why the checks of a run prove less than they say, or were not run.
pub struct Shortfall {
    /// Its name in JSON: `unreachable`, `refused`, `limited` or `interrupted`.
    pub kind: &'static str,
    /// One line.
    pub message: String,
    /// What to do.
    pub hint: Option<&'static str>,
    /// How the run ends, at best.
    pub outcome: Outcome,
}

impl Shortfall {
    /// The kinds, in the order in which the summary has them.
    const KINDS: [&'static str; 4] = ["unreachable", "refused", "limited", "interrupted"];

    /// That the run was cut short.
    pub const fn interrupted(message: String, outcome: Outcome) -> Self {
        Self {
            kind: "interrupted",
            message,
            hint: None,
            outcome,
        }
    }

    /// That nobody answers.
    pub const fn unreachable(message: String, hint: Option<&'static str>) -> Self {
        Self {
            kind: "unreachable",
            message,
            hint,
            outcome: Outcome::Unreachable,
        }
    }
}

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
    planned: u64,
    /// The checks that have not ended, by id and group.
    left: VecDeque<(String, &'static str)>,
    junit: Option<JunitReport>,
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
        self.bar.suspend(|| -> Result<(), CliError> {
            let console = self.world.console;
            if self.args.json {
                console.line("check", found)?;
            } else if self.has_text() && self.is_worth_a_line(found) {
                if console.detail() > Detail::Little && self.group != found.group {
                    console.data(&report::check_group(found.group))?;
                }
                console.data(&report::check_line(found, console.width()))?;
            }
            Ok(())
        })?;
        self.group = found.group;
        self.bar.inc(1);
        if found.advice.is_some() {
            self.findings.push(found.clone());
        }
        Ok(())
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
        if self.is_for_github() {
            for found in &self.findings {
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

    /// What is well is no news where little is said.
    fn is_worth_a_line(&self, found: &Finding) -> bool {
        let is_bad = matches!(found.outcome, CheckOutcome::Fail | CheckOutcome::Warn);
        is_bad || self.world.console.detail() > Detail::Little
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
                "sent": one.check.title, "event": one.event,
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
