//! What a run says: on stdout, in the `JUnit` file, on stderr.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Read, StdoutLock, Write};
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::cli::VerifyArgs;
use crate::command::captures::UnreadInputs;
use crate::command::junit::{JunitReport, takes_stdout};
use crate::command::line::Line;
use crate::command::{World, describe};
use crate::delivery::Verification;
use crate::exit::{CliError, Outcome};
use crate::formats::FilePosition;
use crate::report::junit::{self, JunitCase};
use crate::report::{Totals, VerifiedRows, sanitize};

/// Bytes that are read at once, and that are gathered for one write.
const BUFFER: usize = 64 * 1024;
/// The name of the `JUnit` suite.
const SUITE: &str = "webhook verify";

/// Lines of JSON on their way to stdout; the inputs share them, see [`Flushing`].
type JsonLines = Rc<RefCell<BufWriter<StdoutLock<'static>>>>;

/// What was found so far.
pub struct VerifyOutput {
    world: World,
    /// Where lines of JSON were asked for; else `rows` are shown at the end.
    lines: Option<JsonLines>,
    rows: VerifiedRows,
    /// A case for each capture, where a report was asked for.
    junit: Option<JunitReport>,
    /// Whether stdout is for people.
    has_table: bool,
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
            lines: args.json.then(|| Rc::new(RefCell::new(lines()))),
            rows: VerifiedRows::default(),
            junit: JunitReport::of(SUITE, args.junit.as_deref(), other)?,
            has_table: !takes_stdout(args.junit.as_deref()),
            totals: Totals::default(),
            unreadable: UnreadInputs::new(world.console),
        })
    }

    /// A reader of an input that does not hold back what was found before.
    pub fn flushing<R: Read>(&self, reader: R) -> Flushing<R> {
        let lines = self.lines.clone();
        Flushing { reader, lines }
    }

    /// The same for an input that is read by lines.
    pub fn flushing_lines<R: Read>(&self, reader: R) -> BufReader<Flushing<R>> {
        BufReader::with_capacity(BUFFER, self.flushing(reader))
    }

    /// Takes a capture that was checked.
    pub fn add(
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
        if let Some(lines) = &self.lines {
            let source = &source;
            let line = Line::new("verification", VerificationJson { source, found });
            write_line(&mut lines.borrow_mut(), &line)?;
        } else {
            self.rows.add(source, found);
        }
        Ok(())
    }

    /// Takes an input, or a part of one, that could not be read.
    pub fn fail(&mut self, file: &str, error: CliError) {
        if let Some(junit) = &mut self.junit {
            let hint = error.hint.as_deref().unwrap_or_default();
            let case = junit::passed(file, "input", Duration::ZERO);
            junit.add(junit::failed(case, "unreadable", &error.message, hint));
        }
        self.unreadable.add(error);
    }

    /// Says something of an input.
    pub fn note(&self, file: &str, text: &str) {
        self.world.console.note(&format!("`{file}`: {text}"));
    }

    /// Says that so many requests of an input are no deliveries.
    pub fn skip(&mut self, file: &str, probes: u64) {
        let reason = format!("skipped {probes} without body and signature");
        self.note(file, &reason);
        if let Some(junit) = &mut self.junit {
            let case = junit::passed(file, "input", Duration::ZERO);
            junit.add(junit::skipped(case, "probe", &reason));
        }
    }

    /// Ends an input that held one capture, whose name is enough.
    pub fn stands_alone(&mut self, file: &str) {
        self.rows.rename_last(file);
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
        let all_valid = self.totals.all_valid();
        match (self.unreadable.end(), written) {
            (Some(error), Ok(())) | (None, Err(error)) => Err(error),
            (Some(earlier), Err(error)) => {
                console.talk(&describe(&earlier));
                Err(error)
            }
            (None, Ok(())) => Ok(Outcome::of(all_valid)),
        }
    }

    fn show(&self) -> Result<(), CliError> {
        if let Some(lines) = &self.lines {
            let mut fields = json!(self.totals);
            fields["unreadable"] = self.unreadable.count().into();
            let mut lines = lines.borrow_mut();
            write_line(&mut lines, &Line::new("summary", fields))?;
            lines.flush()?;
            return Ok(());
        }
        let text = self.rows.text(&self.totals, self.world.console.width());
        if self.has_table && !text.is_empty() {
            self.world.console.data(&text)?;
        }
        Ok(())
    }
}

/// A reader that lets the lines written so far go out before it waits for more input, so that
/// `listen --json | verify --json` shows each delivery as it comes.
pub struct Flushing<R> {
    reader: R,
    lines: Option<JsonLines>,
}

impl<R: Read> Read for Flushing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(lines) = &self.lines {
            // The next line that is written meets the same error, and there it can be told.
            let _ = lines.borrow_mut().flush();
        }
        self.reader.read(buffer)
    }
}

fn write_line(
    out: &mut BufWriter<StdoutLock<'static>>,
    line: &Line<impl Serialize>,
) -> io::Result<()> {
    if out.get_ref().is_terminal() {
        out.write_all(sanitize::escape_json(&line.to_json()?).as_bytes())?;
    } else {
        serde_json::to_writer(&mut *out, line)?;
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
