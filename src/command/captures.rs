//! Captures of a file or stdin, in whatever form they come.

use std::path::Path;

use crate::delivery::{Delivery, DeliverySource, Status, Timestamp, Verdict};
use crate::exit::CliError;
use crate::formats::{CaptureFile, FormatError, FoundCapture};

/// All captures of a file, or of stdin for `-`, as deliveries; what their writer did not know is made
/// up for. One that cannot be read is an error that names its place.
pub fn deliveries(path: &Path, now: Timestamp) -> Result<Vec<Delivery>, CliError> {
    let unreadable = |error| CliError::unread(path.display(), &error);
    let file = CaptureFile::open(path).map_err(unreadable)?;
    let delivery = |found: Result<FoundCapture, FormatError>| {
        let mut capture = found?.capture;
        let unchecked =
            || Verdict::new(Status::Unverified).because("not checked when it was captured");
        let verdict = capture.verdict.take().unwrap_or_else(unchecked);
        Ok(capture.into_delivery(verdict, now))
    };
    // Who only asked has delivered nothing that could be sent again.
    let is_probe = |delivery: &Delivery| delivery.source == DeliverySource::Probe;
    let deliveries = file.captures()?.map(delivery);
    deliveries
        .filter(|delivery| !delivery.as_ref().is_ok_and(is_probe))
        .collect()
}
