//! A capture as a delivery of a log.

use super::leave_age_open;
use crate::delivery::capture::Capture;
use crate::delivery::{Delivery, DeliverySource, Request, Timestamp, id};
use crate::formats::FoundCapture;
use crate::provider::{Catalogue, Keyring, Policy, verify_request};
use crate::signature::Allowance;

/// A capture as an imported delivery. It is verified here, with the secrets that are known and as of
/// when it was received: what a file says of itself proves nothing, and is noted.
pub fn adopt(
    found: FoundCapture,
    catalogue: &Catalogue,
    keyring: &Keyring,
    now: Timestamp,
) -> Delivery {
    let place = found.place.to_string();
    let capture = found.capture;
    let received_at = capture.received_at.unwrap_or(now);
    let policy = Policy {
        provider: capture.provider.clone(),
        // Whether it is genuine counts here, not why it is not.
        allowance: Allowance::NONE,
        ..Policy::default()
    };
    let found = verify_request(catalogue, keyring, &policy, &capture.request, received_at);
    let mut verdict = found.verdict;
    leave_age_open(&mut verdict, &capture);
    if let Some(said) = &capture.verdict {
        let note = format!("the imported file said `{}`", said.status);
        verdict.notes.push(note);
    }
    // So that an import that was cut short can be done again.
    let id = id::of_parts(capture.received_at, parts(&capture.request, &place));
    let provider = found.provider.map(|known| known.name().to_owned());
    let capture = Capture {
        id: capture.id.filter(|id| !id.is_empty()).or(Some(id)),
        // What `test` has sent stays apart from what was received, wherever it is.
        source: capture.source.filter(|s| *s == DeliverySource::Test),
        provider: capture.provider.or(provider),
        event: capture.event.or(found.event),
        event_id: capture.event_id.or(found.event_id),
        ..capture
    };
    capture.into_delivery(verdict, now)
}

/// All that makes a capture of a file the one that it is.
fn parts<'a>(request: &'a Request, place: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let line = [place, &request.method, &request.target, &request.version];
    let headers = request.headers.iter();
    let fields = headers.flat_map(|(name, value)| [name.as_bytes(), value.as_ref()]);
    let texts = line.into_iter().map(str::as_bytes);
    texts.chain(fields).chain([request.body.as_ref()])
}
