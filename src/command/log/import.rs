//! `webhook log import`: deliveries that were received elsewhere.

use std::path::Path;
use std::thread;

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
use crate::formats::{CaptureFile, FormatError, FoundCapture};
use crate::store::{Imported, Log};
use crate::verify::adopt;

/// How many notes about captures are printed; the rest is counted.
const NOTES_LIMIT: usize = 10;

/// Adds the captures of a file to the log, once all of it is known to be readable.
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
    let (skipped, odd) = check(&file, &name, world.console)?;
    let log = Log::open(setup.config.log()?.value)?;
    let bar = world.console.work_bar("importing");
    let imported = add(&file, &name, &log, |found| {
        bar.inc(1);
        adopt(found, &setup.catalogue, &keyring, (world.clock)())
    });
    bar.finish_and_clear();
    let imported = imported?;
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

/// Reads all, and says what is to be said about it: how much of it is no delivery, and what cannot be
/// read, which is an error where there is nothing else.
fn check(
    file: &CaptureFile,
    name: &str,
    console: Console,
) -> Result<(u64, UnreadInputs), CliError> {
    thread::scope(|scope| {
        let notes = |found: FoundCapture| (found.place, found.notes);
        let captures = file.captures_on_all_cores(scope, notes);
        let mut captures = captures.map_err(|error| trouble(name, &error))?;
        let (mut notes, mut readable) = (0, 0_u64);
        let mut odd = UnreadInputs::new(console);
        for found in &mut captures {
            match found {
                Ok((place, of_this)) => {
                    readable += 1;
                    for note in of_this {
                        notes += 1;
                        if notes <= NOTES_LIMIT {
                            console.note(&format!("{place}: {note}"));
                        }
                    }
                }
                Err(error @ FormatError::Io(_)) => return Err(trouble(name, &error)),
                Err(error) => odd.add(trouble(name, &error)),
            }
        }
        if readable == 0 && odd.count() > 0 {
            return odd.end().map_or(Ok((0, UnreadInputs::new(console))), Err);
        }
        if notes > NOTES_LIMIT {
            console.note(&format!("{} more of this kind", notes - NOTES_LIMIT));
        }
        captures.remarks().for_each(|remark| console.note(&remark));
        Ok((captures.skipped(), odd))
    })
}

/// Imports all that was found readable; the file can have changed meanwhile.
fn add(
    file: &CaptureFile,
    name: &str,
    log: &Log,
    adopt: impl Fn(FoundCapture) -> Delivery + Sync,
) -> Result<Imported, CliError> {
    let mut failed = None;
    let imported = thread::scope(|scope| {
        let captures = file
            .captures_on_all_cores(scope, &adopt)
            .map_err(|error| trouble(name, &error))?;
        let deliveries = captures.map_while(|found| match found {
            Ok(delivery) => Some(Some(delivery)),
            Err(error @ FormatError::Io(_)) => {
                failed = Some(error);
                None
            }
            Err(_) => Some(None),
        });
        log.import(deliveries.flatten()).map_err(CliError::from)
    })?;
    match failed {
        None => Ok(imported),
        Some(error) => {
            Err(trouble(name, &error).hint(format!("{} before it were added", imported.added)))
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
