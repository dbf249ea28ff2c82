//! What a run says: on stdout, in the `JUnit` file, on stderr.

use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::json::{Flushing, Lines};
use super::judging::Judgement;
use super::rows::{Rows, source};
use crate::cli::VerifyArgs;
use crate::command::{World, describe};
use crate::exit::{CliError, Outcome};
use crate::formats::Place;
use crate::report::Totals;
use crate::report::junit::{self, Case};

/// Troubles that are told one by one; a file that is no NDJSON at all has one on every line.
const TOLD: u64 = 20;

/// Bytes that are read at once.
const READ: usize = 64 * 1024;

/// The name of the `JUnit` suite.
const SUITE: &str = "webhook verify";

/// What was found so far.
pub struct Report {
    world: World,
    shown: Shown,
    /// The `JUnit` file, and a case for each capture.
    junit: Option<(PathBuf, Vec<Case>)>,
    totals: Totals,
    unreadable: u64,
    /// The trouble that is told last, by the end of the run.
    pending: Option<CliError>,
}

enum Shown {
    Json(Lines),
    People(Rows),
}

impl Report {
    /// A report in the form that was asked for.
    pub fn new(args: &VerifyArgs, world: &World) -> Self {
        Self {
            world: world.clone(),
            shown: if args.json {
                Shown::Json(Lines::new())
            } else {
                Shown::People(Rows::default())
            },
            junit: args.junit.clone().map(|path| (path, Vec::new())),
            totals: Totals::default(),
            unreadable: 0,
            pending: None,
        }
    }

    /// A reader of an input that does not hold back what was found before.
    pub fn flushing<R: Read>(&self, reader: R) -> Flushing<R> {
        let lines = match &self.shown {
            Shown::Json(lines) => Some(lines.clone()),
            Shown::People(_) => None,
        };
        Flushing { reader, lines }
    }

    /// The same for an input that is read by lines.
    pub fn flushing_lines<R: Read>(&self, reader: R) -> BufReader<Flushing<R>> {
        BufReader::with_capacity(READ, self.flushing(reader))
    }

    /// Takes a capture that was judged.
    pub fn add(
        &mut self,
        file: &str,
        place: Option<Place>,
        judgement: &Judgement,
    ) -> Result<(), CliError> {
        self.totals.add(judgement.verdict.status);
        if let Some((_, cases)) = &mut self.junit {
            cases.push(case(source(file, place), judgement));
        }
        match &mut self.shown {
            Shown::Json(lines) => lines.verification(&source(file, place), judgement)?,
            Shown::People(rows) => rows.add(file, place, judgement),
        }
        Ok(())
    }

    /// Takes an input, or a part of one, that could not be read.
    pub fn fail(&mut self, file: &str, trouble: CliError) {
        if let Some((_, cases)) = &mut self.junit {
            cases.push(unreadable_case(file, &trouble));
        }
        self.unreadable += 1;
        if self.unreadable > TOLD {
            return;
        }
        if let Some(earlier) = self.pending.replace(trouble) {
            self.world.console.talk(&describe(&earlier));
        }
    }

    /// Ends an input that held one capture.
    pub fn stands_alone(&mut self, file: &str) {
        if let Shown::People(rows) = &mut self.shown {
            rows.last_stands_alone(file);
        }
    }

    /// Writes what is left to write, and says how the run ended.
    pub fn finish(self) -> Result<Outcome, CliError> {
        // First, as the end of the output may meet a closed pipe.
        let written = self.write_junit();
        self.show()?;
        let more = self.unreadable.saturating_sub(TOLD);
        let last = match self.pending {
            Some(trouble) if more > 0 => {
                self.world.console.talk(&describe(&trouble));
                let message = format!("{more} more captures or inputs cannot be read");
                Some(CliError::unreadable(message))
            }
            pending => pending,
        };
        match (last, written) {
            (Some(trouble), Ok(())) | (None, Err(trouble)) => Err(trouble),
            (Some(earlier), Err(trouble)) => {
                self.world.console.talk(&describe(&earlier));
                Err(trouble)
            }
            (None, Ok(())) => Ok(Outcome::of(self.totals.all_valid())),
        }
    }

    fn show(&self) -> Result<(), CliError> {
        match &self.shown {
            Shown::Json(lines) => lines.summary(&self.totals, self.unreadable)?,
            Shown::People(rows) => {
                let text = rows.text(&self.totals, self.world.console.width());
                if !text.is_empty() {
                    self.world.console.data(&text)?;
                }
            }
        }
        Ok(())
    }

    fn write_junit(&self) -> Result<(), CliError> {
        let Some((path, cases)) = &self.junit else {
            return Ok(());
        };
        let document =
            junit::junit(SUITE, cases).map_err(|error| CliError::unwritable(path, error))?;
        std::fs::write(self.world.folder.join(path), document)
            .map_err(|error| CliError::unwritable(path, error))
    }
}

fn case(name: String, judgement: &Judgement) -> Case {
    let verdict = &judgement.verdict;
    let outcome = if verdict.is_valid() {
        junit::Outcome::Pass
    } else {
        let reason = verdict.reason.clone();
        let details = [&verdict.reason, &verdict.hint].into_iter().flatten();
        let details = details.chain(&verdict.notes).chain(&judgement.observations);
        junit::Outcome::Fail {
            kind: verdict.status.to_string(),
            message: reason.unwrap_or_else(|| verdict.status.to_string()),
            details: details.cloned().collect::<Vec<_>>().join("\n"),
        }
    };
    let classname = judgement.provider.clone();
    Case {
        name,
        classname: classname.unwrap_or_else(|| "unrecognised".into()),
        time: judgement.time,
        outcome,
    }
}

fn unreadable_case(file: &str, trouble: &CliError) -> Case {
    Case {
        name: file.to_owned(),
        classname: "input".into(),
        time: Duration::ZERO,
        outcome: junit::Outcome::Fail {
            kind: "unreadable".into(),
            message: trouble.message.clone(),
            details: trouble.hint.clone().unwrap_or_default(),
        },
    }
}
