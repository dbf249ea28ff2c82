//! Captures of files and stdin, in whatever form they come.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::delivery::capture::Capture;
use crate::delivery::{Delivery, DeliverySource, Status, Timestamp, Verdict, id};
use crate::exit::CliError;
use crate::formats::{CaptureReader, captures};

/// Opens a file, or stdin for `-`.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path);
    let file = file.map_err(|error| {
        CliError::unreadable(format!("cannot read `{}`: {error}", path.display()))
    })?;
    Ok(Box::new(BufReader::new(file)))
}

/// The captures of a file, one by one.
pub fn reader(path: &Path) -> Result<CaptureReader<Box<dyn BufRead>>, CliError> {
    let name = path.to_str().filter(|name| *name != "-");
    Ok(captures(open(path)?, name)?)
}

/// All captures of a file; one that cannot be read is an error that names its place.
pub fn read_all(path: &Path) -> Result<Vec<Capture>, CliError> {
    let readings = reader(path)?.map(|reading| Ok(reading?.capture));
    readings.collect()
}

/// A capture as a delivery: what its writer did not know is made up for, and said so.
pub fn delivery(capture: Capture, now: Timestamp) -> Delivery {
    let unchecked = || Verdict::new(Status::Unverified).because("not checked when it was captured");
    Delivery {
        id: capture.id.unwrap_or_else(id::delivery),
        received_at: capture.received_at.unwrap_or(now),
        source: capture.source.unwrap_or(DeliverySource::Import),
        remote: capture.remote,
        provider: capture.provider,
        event: capture.event,
        event_id: capture.event_id,
        duplicate_of: capture.duplicate_of,
        verdict: capture.verdict.unwrap_or_else(unchecked),
        request: capture.request,
        response_status: capture.response_status,
    }
}
