//! NDJSON on stdout.

use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal as _, Read, StdoutLock, Write};
use std::rc::Rc;

use serde::Serialize;

use super::judging::Judgement;
use crate::command::line::Line;
use crate::delivery::Verdict;
use crate::report::{Totals, sanitize};

/// Bytes of lines that are gathered for one write.
const BUFFER: usize = 64 * 1024;

/// The lines on their way to stdout.
#[derive(Clone)]
pub struct Lines {
    out: Rc<RefCell<BufWriter<StdoutLock<'static>>>>,
    is_terminal: bool,
}

#[derive(Serialize)]
struct Verification<'a> {
    source: &'a str,
    id: Option<&'a str>,
    provider: Option<&'a str>,
    event: Option<&'a str>,
    event_id: Option<&'a str>,
    verdict: &'a Verdict,
    observations: &'a [String],
}

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    totals: &'a Totals,
    unreadable: u64,
}

impl Lines {
    /// Lines on this process's stdout.
    pub fn new() -> Self {
        let out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
        Self {
            is_terminal: out.get_ref().is_terminal(),
            out: Rc::new(RefCell::new(out)),
        }
    }

    /// The line of a capture.
    pub fn verification(&self, source: &str, judgement: &Judgement) -> io::Result<()> {
        let fields = Verification {
            source,
            id: judgement.id.as_deref(),
            provider: judgement.provider.as_deref(),
            event: judgement.event.as_deref(),
            event_id: judgement.event_id.as_deref(),
            verdict: &judgement.verdict,
            observations: &judgement.observations,
        };
        self.line(&Line::new("verification", fields))
    }

    /// The last line. `unreadable` counts inputs, and lines of inputs, that could not be read.
    pub fn summary(&self, totals: &Totals, unreadable: u64) -> io::Result<()> {
        let fields = Summary { totals, unreadable };
        self.line(&Line::new("summary", fields))?;
        self.out.borrow_mut().flush()
    }

    fn line(&self, line: &Line<impl Serialize>) -> io::Result<()> {
        let mut out = self.out.borrow_mut();
        if self.is_terminal {
            out.write_all(sanitize::escape_json(&line.to_json()?).as_bytes())?;
        } else {
            serde_json::to_writer(&mut *out, line)?;
        }
        out.write_all(b"\n")
    }
}

/// A reader that lets the lines written so far go out before it waits for more input, so that
/// `listen --json | verify --json` shows each delivery as it comes.
pub struct Flushing<R> {
    pub reader: R,
    pub lines: Option<Lines>,
}

impl<R: Read> Read for Flushing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(lines) = &self.lines {
            // The next line that is written meets the same error, and there it can be told.
            let _ = lines.out.borrow_mut().flush();
        }
        self.reader.read(buffer)
    }
}
