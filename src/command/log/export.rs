//! `webhook log export`: deliveries for other programs.

use std::io::Write;
use std::path::Path;

use super::super::setup::existing_log;
use super::super::{World, select};
use super::output;
use crate::cli::{ExportFormat, SelectArgs};
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::formats::{har, write_whole};
use crate::store::{Query, Reader};

/// Writes what matches to a file or stdout.
pub fn run(
    select: &SelectArgs,
    format: Option<ExportFormat>,
    output: Option<&Path>,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let query = select::query(select, setup, world.now())?;
    let reader = existing_log(setup)?.reader()?;
    select::refuse_unknown(select, setup, Some(&reader))?;
    let file = output.filter(|path| *path != Path::new("-"));
    let is_har = file.is_some_and(|path| path.extension().is_some_and(|end| end == "har"));
    let write = |out: &mut dyn Write| match format {
        Some(ExportFormat::Ndjson) => write_ndjson(&reader, &query, out),
        None if !is_har => write_ndjson(&reader, &query, out),
        Some(ExportFormat::Har) | None => write_har(&reader, &query, out),
    };
    let (deliveries, attempts) = match file {
        None => write(&mut output::buffered(world.console))?,
        Some(path) => write_whole(path, write, |error| CliError::unwritable(path, error))?,
    };
    if deliveries == 0 {
        let note = select::nothing(select, setup, &reader)?;
        world.console.note(&note);
    }
    if let Some(path) = file {
        let with = match attempts {
            0 => String::new(),
            count => format!(" with {}", output::attempts(count)),
        };
        let deliveries = output::deliveries(deliveries);
        let path = output::shown(path);
        let said = format!("wrote {deliveries}{with} to {path}");
        world.console.remark(&said);
    }
    Ok(Outcome::Yes)
}

/// Each delivery with its attempts behind it; how many of each.
fn write_ndjson(
    reader: &Reader,
    query: &Query,
    out: &mut dyn Write,
) -> Result<(u64, u64), CliError> {
    let (mut deliveries, mut attempts) = (0, 0);
    reader.select_with_attempts(query, |(delivery, of_this)| {
        deliveries += 1;
        output::line(out, delivery.to_json())?;
        for attempt in of_this {
            attempts += 1;
            output::line(out, attempt.to_json())?;
        }
        Ok::<_, CliError>(())
    })?;
    out.flush()?;
    Ok((deliveries, attempts))
}

/// HAR has no place for attempts: an entry is one request and one answer.
fn write_har(reader: &Reader, query: &Query, out: &mut dyn Write) -> Result<(u64, u64), CliError> {
    let mut deliveries = 0;
    let mut har = har::HarWriter::new(out, env!("CARGO_PKG_VERSION"))?;
    reader.select(query, |delivery| {
        deliveries += 1;
        har.entry(&delivery).map_err(CliError::from)
    })?;
    har.finish()?;
    Ok((deliveries, 0))
}
