//! Captures of a file or stdin, in whatever form they come.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{World, describe};
use crate::console::Console;
use crate::delivery::{Delivery, DeliverySource, Status, Verdict};
use crate::exit::CliError;
use crate::formats::{CaptureFile, FormatError, FoundCapture};

/// Errors that are told one by one; a file that is no NDJSON at all has one on every line.
const TOLD: u64 = 20;
/// How long a file or pipe is read in silence.
const PATIENCE: Duration = Duration::from_secs(2);

/// What could not be read, beside what could.
pub struct UnreadInputs {
    console: Console,
    count: u64,
    /// The error that is told last, by the end of the run.
    pending: Option<CliError>,
}

impl UnreadInputs {
    /// Nothing so far.
    pub const fn new(console: Console) -> Self {
        Self {
            console,
            count: 0,
            pending: None,
        }
    }

    /// Takes an input, or a part of one, that could not be read.
    pub fn add(&mut self, error: CliError) {
        self.count += 1;
        if self.count > TOLD {
            return;
        }
        if let Some(earlier) = self.pending.replace(error) {
            self.console.message(&describe(&earlier));
        }
    }

    /// How much it is.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// What the run ends with, where there is anything.
    pub fn end(self) -> Option<CliError> {
        let more = self.count.saturating_sub(TOLD);
        let last = self.pending?;
        if more == 0 {
            return Some(last);
        }
        self.console.message(&describe(&last));
        let message = format!("{more} more captures or inputs cannot be read");
        Some(CliError::unreadable(message))
    }
}

/// Opens a file, or stdin for `-`, which is read to its end. Where that takes its time, who waits is told.
pub fn open(path: &Path, console: Console) -> io::Result<CaptureFile> {
    let (done, wait) = mpsc::channel::<()>();
    let name = path.display().to_string();
    thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            console.note(&format!("waiting for the end of `{name}`"));
        }
    });
    let opened = CaptureFile::open(path);
    drop(done);
    opened
}

/// All captures of a file, or of stdin for `-`, as deliveries; what their writer did not know is made
/// up for. Those that cannot be read are told, unless there is nothing else.
pub fn deliveries(path: &Path, world: &World) -> Result<(Vec<Delivery>, UnreadInputs), CliError> {
    let unreadable = |error| CliError::unread(path.display(), &error);
    let mut odd = UnreadInputs::new(world.console);
    let mut deliveries = Vec::new();
    let file = open(path, world.console).map_err(unreadable)?;
    let mut captures = file.captures()?;
    for found in captures.by_ref() {
        match found {
            Ok(found) => deliveries.push(delivery(found, world)),
            Err(error @ FormatError::Io(_)) => return Err(error.into()),
            Err(error) => odd.add(error.into()),
        }
    }
    if deliveries.is_empty() && odd.count() > 0 {
        return Err(odd
            .end()
            .unwrap_or_else(|| CliError::unreadable("no captures in it")));
    }
    captures
        .remarks()
        .for_each(|remark| world.console.note(&remark));
    // Who only asked has delivered nothing that could be sent again.
    deliveries.retain(|delivery| delivery.source != DeliverySource::Probe);
    Ok((deliveries, odd))
}

fn delivery(found: FoundCapture, world: &World) -> Delivery {
    let mut capture = found.capture;
    let unchecked = || Verdict::new(Status::Unverified).because("not checked when it was captured");
    let verdict = capture.facts.verdict.take().unwrap_or_else(unchecked);
    capture.into_delivery(verdict, world.now())
}
