//! `webhook log export`: deliveries for other programs.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::{Setup, World, select};
use super::output;
use crate::cli::{ExportFormat, SelectArgs};
use crate::exit::{CliError, Outcome};
use crate::formats::har;
use crate::store::{Query, Reader};

/// What a file is called until it is whole.
const UNFINISHED_PREFIX: &str = ".webhook-export-";

/// What was exported.
#[derive(Debug, Clone, Copy, Default)]
struct Exported {
    deliveries: u64,
    attempts: u64,
}

/// Writes what the filters mean to a file or stdout.
pub fn run(
    select: &SelectArgs,
    format: Option<ExportFormat>,
    output: Option<&Path>,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let export = Export {
        query: select::query(select, setup, world.now())?,
        reader: setup.existing_log()?.reader()?,
        format: format.unwrap_or(ExportFormat::Ndjson),
    };
    let file = output.filter(|path| *path != Path::new("-"));
    let exported = match file {
        None => export.write(output::buffered(world.console))?.1,
        Some(path) => export.write_file(path)?,
    };
    if exported.deliveries == 0 {
        let note = select::nothing(select, setup, &export.reader)?;
        world.console.note(&note);
    }
    if let Some(path) = file {
        world.console.talk(&said(exported, path));
    }
    Ok(Outcome::Yes)
}

fn said(exported: Exported, path: &Path) -> String {
    let attempts = match exported.attempts {
        0 => String::new(),
        count => format!(" with {}", output::attempts(count)),
    };
    let deliveries = output::deliveries(exported.deliveries);
    format!("wrote {deliveries}{attempts} to {}", output::shown(path))
}

/// What is exported, and how.
struct Export {
    query: Query,
    reader: Reader,
    format: ExportFormat,
}

impl Export {
    /// Writes everything, one delivery at a time; gives the writer back, flushed.
    fn write<W: Write>(&self, out: W) -> Result<(W, Exported), CliError> {
        match self.format {
            ExportFormat::Ndjson => self.write_ndjson(out),
            ExportFormat::Har => self.write_har(out),
        }
    }

    fn write_ndjson<W: Write>(&self, mut out: W) -> Result<(W, Exported), CliError> {
        let mut exported = Exported::default();
        self.reader.select(&self.query, |delivery| {
            exported.deliveries += 1;
            output::line(&mut out, delivery.to_json())?;
            for attempt in self.reader.attempts_of(&delivery.id)? {
                exported.attempts += 1;
                output::line(&mut out, attempt.to_json())?;
            }
            Ok::<_, CliError>(())
        })?;
        out.flush()?;
        Ok((out, exported))
    }

    /// HAR has no place for attempts: an entry is one request and one answer.
    fn write_har<W: Write>(&self, out: W) -> Result<(W, Exported), CliError> {
        let mut exported = Exported::default();
        let mut har = har::HarWriter::new(out, env!("CARGO_PKG_VERSION"))?;
        self.reader.select(&self.query, |delivery| {
            exported.deliveries += 1;
            har.entry(&delivery).map_err(CliError::from)
        })?;
        Ok((har.finish()?, exported))
    }

    /// Writes beside the file and takes its place when all is there, so that nobody reads half of
    /// it and what was there before stays until then. For its owner alone, as the log is.
    fn write_file(&self, path: &Path) -> Result<Exported, CliError> {
        let failed = |error: io::Error| CliError::unwritable(path, error);
        // A link is followed: what it leads to is replaced, not the link.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if place.exists() && !place.is_file() {
            // A pipe or a device cannot be replaced, only written to.
            let device = File::options().write(true).open(&place).map_err(failed)?;
            return Ok(self.write(BufWriter::new(device))?.1);
        }
        let unfinished = tempfile::Builder::new()
            .prefix(UNFINISHED_PREFIX)
            .tempfile_in(folder(&place))
            // The kind alone: the rest of the message tells the unfinished name.
            .map_err(|error| failed(error.kind().into()))?;
        let (out, exported) = self.write(BufWriter::new(unfinished))?;
        let finished = out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        finished.as_file().sync_all().map_err(failed)?;
        finished
            .persist(&place)
            .map_err(|error| failed(error.error))?;
        Ok(exported)
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
