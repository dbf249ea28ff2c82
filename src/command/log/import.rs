//! `webhook log import`: deliveries that were received elsewhere.

use std::path::Path;
use std::{iter, thread};

use indicatif::ProgressBar;
use serde_json::json;

use super::super::World;
use super::super::captures::{self, UnreadInputs};
use super::super::setup::keyring;
use super::output;
use crate::cli::SecretArgs;
use crate::config::Setup;
use crate::console::Console;
use crate::delivery::Delivery;
use crate::exit::{CliError, Outcome};
use crate::formats::{
    CaptureFile, CaptureReader, FilePosition, FormatError, FoundCapture, ReadNote,
};
use crate::store::{Imported, Log};
use crate::verify::adopt;

/// How many notes about captures are printed; the rest is counted.
const NOTES_LIMIT: usize = 10;

/// Adds the captures of a file to the log, none of them where a byte of it cannot be read.
pub fn run(
    path: &Path,
    secrets: &SecretArgs,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let keyring = keyring(setup, secrets, world)?;
    let name = match path.to_str() {
        Some("-") => "stdin".into(),
        _ => path.display().to_string(),
    };
    let unreadable = |error| CliError::unread(&name, &error);
    let file = captures::open(path, world.console).map_err(unreadable)?;
    file.ensure_readable().map_err(unreadable)?;
    let bar = world.console.work_bar("importing");
    let adopt = |found| {
        bar.inc(1);
        adopt(found, &setup.catalogue, &keyring, (world.clock)())
    };
    let open_log = || Ok(Log::open(setup.config.log()?.value)?);
    let imported = Import::new(&name, world.console, bar.clone()).run(&file, adopt, open_log);
    bar.finish_and_clear();
    let (log, imported, skipped, odd) = imported?;
    if json {
        let Imported { added, present } = imported;
        let mut counts = json!({"added": added, "present": present, "skipped": skipped});
        if odd.count() > 0 {
            counts["unreadable"] = odd.count().into();
        }
        world.console.line("summary", counts)?;
    } else {
        world.console.remark(&said(imported, skipped, log.path()));
    }
    odd.end().map_or(Ok(Outcome::Yes), Err)
}

fn said(imported: Imported, skipped: u64, log: &Path) -> String {
    let added = output::deliveries(imported.added);
    let part = |count, what: &str| match count {
        0 => String::new(),
        count => format!("; {count} {what}"),
    };
    format!(
        "added {added} to {}{}{}",
        output::shown(log),
        part(imported.present, "already there"),
        part(skipped, "skipped, being no delivery"),
    )
}

/// An import on its way.
struct Import<'a> {
    name: &'a str,
    console: Console,
    bar: ProgressBar,
    /// What cannot be read.
    odd: UnreadInputs,
    /// How many notes there were about captures.
    notes: usize,
    /// Why the rest of the file was not read.
    failed: Option<CliError>,
}

/// The log, what was added to it, how much is no delivery, and what cannot be read.
type Added = (Log, Imported, u64, UnreadInputs);

/// Where a capture stands, and what was noted of it.
type Noted = (FilePosition, Vec<ReadNote>);

impl<'a> Import<'a> {
    const fn new(name: &'a str, console: Console, bar: ProgressBar) -> Self {
        Self {
            name,
            console,
            bar,
            odd: UnreadInputs::new(console),
            notes: 0,
            failed: None,
        }
    }

    /// Imports all that can be read. That nothing can is an error, and then there is no log either.
    fn run(
        mut self,
        file: &CaptureFile,
        adopt: impl Fn(FoundCapture) -> Delivery + Sync,
        open_log: impl Fn() -> Result<Log, CliError>,
    ) -> Result<Added, CliError> {
        let adopt = |mut found: FoundCapture| -> (Noted, Delivery) {
            let noted = (found.place, std::mem::take(&mut found.notes));
            (noted, adopt(found))
        };
        thread::scope(|scope| {
            let captures = file.captures_on_all_cores(scope, adopt);
            let mut captures = captures.map_err(|error| trouble(self.name, &error))?;
            let mut deliveries = iter::from_fn(|| self.next(&mut captures)).fuse().peekable();
            let is_any = deliveries.peek().is_some();
            let log = is_any.then(&open_log).transpose()?;
            let imported = log.as_ref().map(|log| log.import(deliveries)).transpose()?;
            let imported = imported.unwrap_or_default();
            if let Some(error) = self.failed {
                return Err(error.hint(format!("{} before it were added", imported.added)));
            }
            if !is_any && self.odd.count() > 0 {
                let nothing = || CliError::unreadable(format!("`{}`: no captures", self.name));
                return Err(self.odd.end().unwrap_or_else(nothing));
            }
            if self.notes > NOTES_LIMIT {
                let more = self.notes - NOTES_LIMIT;
                self.console.note(&format!("{more} more of this kind"));
            }
            captures.remarks().for_each(|it| self.console.note(&it));
            let log = log.map_or_else(open_log, Ok)?;
            Ok((log, imported, captures.skipped(), self.odd))
        })
    }

    /// The next delivery, and what is to be said of what stands before it; `None` at the end, and where
    /// the rest cannot be read.
    fn next(&mut self, captures: &mut CaptureReader<'_, (Noted, Delivery)>) -> Option<Delivery> {
        loop {
            match captures.next()? {
                Ok(((place, notes), delivery)) => {
                    let untold = NOTES_LIMIT.saturating_sub(self.notes);
                    for note in notes.iter().take(untold) {
                        let note = format!("{place}: {note}");
                        self.bar.suspend(|| self.console.note(&note));
                    }
                    self.notes += notes.len();
                    return Some(delivery);
                }
                Err(error @ FormatError::Io(_)) => {
                    self.failed = Some(trouble(self.name, &error));
                    return None;
                }
                Err(error) => {
                    let error = trouble(self.name, &error);
                    self.bar.suspend(|| self.odd.add(error));
                }
            }
        }
    }
}

fn trouble(name: &str, error: &FormatError) -> CliError {
    let hint = match error {
        FormatError::Io(error) => return CliError::unread(name, error),
        FormatError::Unrecognised | FormatError::Empty => {
            "expected captures as JSON lines, HAR, or an HTTP request message".into()
        }
        _ => error.hint(),
    };
    CliError::unreadable(format!("`{name}`: {error}")).hint(hint)
}
