//! `webhook log import`: deliveries that were received elsewhere.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use serde::Serialize;

use super::super::line::Line;
use super::super::{Setup, World};
use super::output;
use crate::cli::SecretArgs;
use crate::console::Console;
use crate::delivery::capture::Capture;
use crate::delivery::{Delivery, DeliverySource, Timestamp, id};
use crate::exit::{CliError, Outcome};
use crate::formats::{CaptureReader, FormatError, captures};
use crate::provider::{Catalogue, Keyring, Policy, verify_request};
use crate::signature::Allowance;
use crate::store::{Imported, Log};

/// How many notes about captures are printed; the rest is counted.
const NOTES_LIMIT: usize = 10;

/// What an import has done.
#[derive(Debug, Clone, Copy, Serialize)]
struct ImportCounts {
    #[serde(flatten)]
    imported: Imported,
    /// Lines that are no delivery, such as attempts.
    skipped: u64,
}

/// Adds the captures of a file to the log, once all of it is known to be readable.
pub fn run(
    file: &Path,
    secrets: &SecretArgs,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let keyring = setup.keyring(secrets)?;
    let file = ImportFile::open(file)?;
    let skipped = file.check(world.console)?;
    let log = Log::open(setup.config.log()?.value)?;
    let imported = file.add_to(&log, |capture| {
        adopt(capture, &setup.catalogue, &keyring, world.now())
    })?;
    let counts = ImportCounts { imported, skipped };
    if json {
        let line = Line::new("summary", &counts).to_json()?;
        world.console.json(&line)?;
    } else {
        world.console.talk(&said(counts, log.path()));
    }
    Ok(Outcome::Yes)
}

fn said(counts: ImportCounts, log: &Path) -> String {
    let added = output::deliveries(counts.imported.added);
    let part = |count, what: &str| match count {
        0 => String::new(),
        count => format!("; {count} {what}"),
    };
    format!(
        "added {added} to {}{}{}",
        output::shown(log),
        part(counts.imported.present, "already there"),
        part(counts.skipped, "skipped, being no delivery"),
    )
}

/// A capture as a delivery of this log. Its verdict is made here, with the secrets that are known
/// and as of when it was received: what a file says of itself proves nothing, and is noted.
fn adopt(capture: Capture, catalogue: &Catalogue, keyring: &Keyring, now: Timestamp) -> Delivery {
    let received_at = capture.received_at.unwrap_or(now);
    let policy = Policy {
        provider: capture.provider.clone(),
        // Whether it is genuine counts here, not why it is not.
        allowance: Allowance::NONE,
        ..Policy::default()
    };
    let judged = verify_request(catalogue, keyring, &policy, &capture.request, received_at);
    let mut verdict = judged.verdict;
    if let Some(said) = capture.verdict {
        verdict
            .notes
            .push(format!("the imported file said `{}`", said.status));
    }
    Delivery {
        id: capture
            .id
            .filter(|id| !id.is_empty())
            .unwrap_or_else(id::delivery),
        received_at,
        // What `test` has sent stays apart from what was received, wherever it is.
        source: capture
            .source
            .filter(|source| *source == DeliverySource::Test)
            .unwrap_or(DeliverySource::Import),
        remote: capture.remote,
        provider: capture
            .provider
            .or(judged.provider.map(|known| known.name().to_owned())),
        event: capture.event.or(judged.event),
        event_id: capture.event_id.or(judged.event_id),
        duplicate_of: capture.duplicate_of,
        verdict,
        request: capture.request,
        response_status: capture.response_status,
    }
}

/// A file that can be read twice: to see whether all of it is right, and to import it. Nothing of
/// what is held in memory grows with it.
struct ImportFile {
    file: File,
    name: String,
}

impl ImportFile {
    fn open(path: &Path) -> Result<Self, CliError> {
        let (name, file) = match path.to_str() {
            Some("-") => ("stdin".into(), spooled(io::stdin().lock())),
            _ => (path.display().to_string(), readable_twice(path)),
        };
        let unreadable = |error| CliError::unreadable(format!("cannot read `{name}`: {error}"));
        let file = file.map_err(unreadable)?;
        Ok(Self { file, name })
    }

    /// The captures from the beginning of the file.
    fn captures(&self) -> Result<CaptureReader<BufReader<&File>>, CliError> {
        let start = (&self.file).rewind().map_err(FormatError::from);
        start
            .and_then(|()| captures(BufReader::new(&self.file), Some(&self.name)))
            .map_err(|error| trouble(&self.name, &error))
    }

    /// Reads all, and says what is to be said about it; how much of it is no delivery.
    fn check(&self, console: Console) -> Result<u64, CliError> {
        let mut notes = 0;
        let mut captures = self.captures()?;
        for reading in &mut captures {
            let reading = reading.map_err(|error| trouble(&self.name, &error))?;
            for note in reading.notes {
                notes += 1;
                if notes <= NOTES_LIMIT {
                    console.note(&format!("{}: {note}", reading.place));
                }
            }
        }
        if notes > NOTES_LIMIT {
            console.note(&format!("{} more of this kind", notes - NOTES_LIMIT));
        }
        Ok(captures.skipped())
    }

    /// Imports all. What was read once without an error can have changed meanwhile.
    fn add_to(&self, log: &Log, adopt: impl Fn(Capture) -> Delivery) -> Result<Imported, CliError> {
        let mut failed = None;
        let deliveries = self.captures()?.map_while(|reading| match reading {
            Ok(reading) => Some(adopt(reading.capture)),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let imported = log.import(deliveries)?;
        match failed {
            None => Ok(imported),
            Some(error) => Err(trouble(&self.name, &error)
                .hint(format!("{} before it were added", imported.added))),
        }
    }
}

fn readable_twice(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    spooled(file)
}

/// What comes out of a pipe, in a file that nobody else sees.
fn spooled(mut pipe: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut pipe, &mut file)?;
    Ok(file)
}

fn trouble(name: &str, error: &FormatError) -> CliError {
    let hint = match error {
        FormatError::Unrecognised | FormatError::Empty => {
            "expected captures as JSON lines, HAR, or an HTTP request message".into()
        }
        _ => error
            .hint()
            .unwrap_or_else(|| "nothing was imported".into()),
    };
    CliError::unreadable(format!("`{name}`: {error}")).hint(hint)
}
