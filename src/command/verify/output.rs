//! What a run says: on stdout, in the `JUnit` file, on stderr.

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::cli::VerifyArgs;
use crate::command::captures::UnreadInputs;
use crate::command::junit::{JunitReport, takes_stdout};
use crate::command::{World, describe};
use crate::console::Console;
use crate::delivery::Verification;
use crate::exit::{CliError, Outcome};
use crate::formats::FilePosition;
use crate::report::junit::{self, JunitCase};
use crate::report::{self, Totals, VerifiedRows, sanitize};
use crate::verify::OnWait;

/// After how many ticks without a capture is said what is waited for.
const PATIENCE: u32 = 10;
/// Bytes that are gathered for one write.
const BUFFER: usize = 64 * 1024;
/// The name of the `JUnit` suite.
const SUITE: &str = "webhook verify";

/// What is found in an input, in the order in which it is told.
pub enum Told {
    /// A capture or body, checked.
    Checked(Option<FilePosition>, Box<Verification>),
    /// The input, or a part of it, could not be read.
    Failed(CliError),
    /// The capture before was the only one: the input's name is enough for it.
    Alone,
    /// Something of the input as a whole.
    Note(String),
    /// So many requests were no deliveries.
    Probes(u64),
}

/// What was found so far.
pub struct VerifyOutput {
    world: World,
    /// What goes to stdout, shared with who waits for more of an input.
    shown: Rc<RefCell<Shown>>,
    /// A case for each capture, where a report was asked for.
    junit: Option<JunitReport>,
    totals: Totals,
    unreadable: UnreadInputs,
}

impl VerifyOutput {
    /// Output in the form that was asked for.
    pub fn new(args: &VerifyArgs, world: &World) -> Result<Self, CliError> {
        let lines = || BufWriter::with_capacity(BUFFER, io::stdout().lock());
        let other = args.json.then_some("--json");
        Ok(Self {
            world: world.clone(),
            shown: Rc::new(RefCell::new(Shown {
                console: world.console,
                lines: args.json.then(lines),
                is_terminal: io::stdout().is_terminal(),
                rows: VerifiedRows::default(),
                has_table: !takes_stdout(args.junit.as_deref()),
                failed: None,
            })),
            junit: JunitReport::of(SUITE, args.junit.as_deref(), other)?,
            totals: Totals::default(),
            unreadable: UnreadInputs::new(world.console),
        })
    }

    /// What is done while an input of this name has nothing more to read.
    pub fn on_wait(&self, name: &str) -> OnWait {
        let shown = Rc::clone(&self.shown);
        let name = name.to_owned();
        let mut has_any = false;
        Box::new(move |ticks| {
            has_any |= shown.borrow_mut().let_out(ticks);
            if ticks == PATIENCE && !has_any {
                shown
                    .borrow()
                    .console
                    .note(&format!("waiting for `{name}`"));
            }
        })
    }

    /// Takes what was found next in an input of this name.
    pub fn tell(&mut self, file: &str, told: Told) -> Result<(), CliError> {
        match told {
            Told::Checked(place, found) => return self.add(file, place, &found),
            Told::Failed(error) => self.fail(file, error),
            Told::Alone => self.shown.borrow_mut().rows.rename_last(file),
            Told::Note(text) => self.note(file, &text),
            Told::Probes(count) => self.skip(file, count),
        }
        Ok(())
    }

    /// Takes a capture that was checked.
    fn add(
        &mut self,
        file: &str,
        place: Option<FilePosition>,
        found: &Verification,
    ) -> Result<(), CliError> {
        #[derive(Serialize)]
        struct VerificationJson<'a> {
            source: &'a str,
            #[serde(flatten)]
            found: &'a Verification,
        }
        self.totals.add(found.verdict.status);
        let source = source(file, place);
        if let Some(junit) = &mut self.junit {
            junit.add(case(&source, found));
        }
        let mut shown = self.shown.borrow_mut();
        let is_terminal = shown.is_terminal;
        if let Some(lines) = &mut shown.lines {
            let fields = VerificationJson {
                source: &source,
                found,
            };
            write_line(lines, is_terminal, "verification", fields)?;
        } else {
            shown.rows.add(source, found);
        }
        shown
            .failed
            .take()
            .map_or(Ok(()), |error| Err(error.into()))
    }

    /// Takes an input, or a part of one, that could not be read.
    fn fail(&mut self, file: &str, error: CliError) {
        if let Some(junit) = &mut self.junit {
            let hint = error.hint.as_deref().unwrap_or_default();
            let case = junit::passed(file, "input", Duration::ZERO);
            junit.add(junit::failed(case, "unreadable", &error.message, hint));
        }
        self.unreadable.add(error);
    }

    /// Says something of an input.
    fn note(&self, file: &str, text: &str) {
        self.world.console.note(&format!("`{file}`: {text}"));
    }

    /// Says that so many requests of an input are no deliveries.
    fn skip(&mut self, file: &str, probes: u64) {
        if probes == 0 {
            return;
        }
        let reason = format!("skipped {probes} without body and signature");
        self.note(file, &reason);
        if let Some(junit) = &mut self.junit {
            let case = junit::passed(file, "input", Duration::ZERO);
            junit.add(junit::skipped(case, "probe", &reason));
        }
    }

    /// What is known so far: whether all was valid.
    pub const fn outcome(&self) -> Outcome {
        Outcome::of(self.totals.all_valid())
    }

    /// Writes what is left to write, and says how the run ended.
    pub fn finish(self) -> Result<Outcome, CliError> {
        // First, as the end of the output may meet a closed pipe.
        let written = self
            .junit
            .as_ref()
            .map_or(Ok(()), |it| it.write(&self.world));
        self.show()?;
        let console = self.world.console;
        let known = self.outcome();
        match (self.unreadable.end(), written) {
            (Some(error), Ok(())) | (None, Err(error)) => Err(error),
            (Some(earlier), Err(error)) => {
                console.message(&describe(&earlier));
                Err(error)
            }
            (None, Ok(())) => Ok(known),
        }
    }

    fn show(&self) -> Result<(), CliError> {
        let mut shown = self.shown.borrow_mut();
        let is_terminal = shown.is_terminal;
        if let Some(lines) = &mut shown.lines {
            let mut fields = json!(self.totals);
            fields["unreadable"] = self.unreadable.count().into();
            write_line(lines, is_terminal, "summary", fields)?;
            lines.flush()?;
            return Ok(());
        }
        let console = shown.console;
        let text = shown
            .rows
            .text(&self.totals, console.width(), console.detail());
        if shown.has_table && !text.is_empty() {
            console.data(&text)?;
        }
        Ok(())
    }
}

/// What goes to stdout.
struct Shown {
    console: Console,
    /// Where lines of JSON were asked for; else `rows` are shown at the end, or while more is waited for.
    lines: Option<BufWriter<StdoutLock<'static>>>,
    rows: VerifiedRows,
    /// Whether that is a terminal, on which a line may not act.
    is_terminal: bool,
    /// Whether stdout is for people.
    has_table: bool,
    /// Why rows could not be shown; told with the next capture.
    failed: Option<io::Error>,
}

impl Shown {
    /// Lets out what was found before more is waited for, rows only where that takes its time, as a
    /// table shows more of them at once. Whether there was anything.
    fn let_out(&mut self, ticks: u32) -> bool {
        if let Some(lines) = &mut self.lines {
            let has_any = !lines.buffer().is_empty();
            // The next line that is written meets the same error, and there it can be told.
            let _ = lines.flush();
            return has_any;
        }
        if ticks == 0 || !self.has_table {
            return false;
        }
        let text = {
            let console = self.console;
            self.rows.take_live(console.width(), console.detail())
        };
        if !text.is_empty() {
            self.failed = self.console.data(&text).err();
        }
        !text.is_empty()
    }
}

fn write_line(
    out: &mut BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
    kind: &str,
    fields: impl Serialize,
) -> io::Result<()> {
    if is_terminal {
        let line = report::line(kind, fields)?;
        out.write_all(sanitize::escape_json(&line).as_bytes())?;
    } else {
        report::write_line(&mut *out, kind, fields)?;
    }
    out.write_all(b"\n")
}

/// A file with the place in it: `deliveries.ndjson:12`, `capture.har:entry 3`.
fn source(file: &str, place: Option<FilePosition>) -> String {
    match place {
        None => file.to_owned(),
        Some(FilePosition::Line(line)) => format!("{file}:{line}"),
        Some(place) => format!("{file}:{place}"),
    }
}

fn case(name: &str, found: &Verification) -> JunitCase {
    let verdict = &found.verdict;
    let provider = found.provider.as_deref().unwrap_or("unrecognised");
    let case = junit::passed(name, provider, found.time);
    let status = verdict.status.as_str();
    let details = [&verdict.reason, &verdict.hint].into_iter().flatten();
    let details = details.chain(&verdict.notes).chain(&found.observations);
    let details: Vec<_> = details.cloned().collect();
    let details = details.join("\n");
    let message = verdict.reason.as_deref().unwrap_or(status);
    match (verdict.is_valid(), details.is_empty()) {
        (true, true) => case,
        (true, false) => junit::noted(case, &details),
        (false, _) => junit::failed(case, status, message, &details),
    }
}
