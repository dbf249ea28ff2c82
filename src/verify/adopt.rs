//! A capture as a delivery of a log.

use super::leave_age_open;
use crate::delivery::{Delivery, DeliverySource, Request, Timestamp, id};
use crate::formats::FoundCapture;
use crate::provider::{Catalogue, Keyring, Policy, verify_request};

/// A capture as an imported delivery. It is verified here, with the secrets that are known and as of
/// when it was received: what a file says of itself proves nothing, and is noted.
pub fn adopt(
    found: FoundCapture,
    catalogue: &Catalogue,
    keyring: &Keyring,
    now: Timestamp,
) -> Delivery {
    let place = found.place.to_string();
    let mut capture = found.capture;
    let received_at = capture.received_at();
    let policy = Policy {
        provider: capture.facts.provider.clone(),
        // Whether it is genuine counts here, not why it is not.
        allowance: None,
        ..Policy::default()
    };
    let at = received_at.unwrap_or(now);
    let found = verify_request(catalogue, keyring, &policy, &capture.request, at);
    let mut verdict = found.verdict;
    leave_age_open(&mut verdict, &capture);
    if let Some(said) = &capture.facts.verdict {
        let note = format!("the imported file said `{}`", said.status);
        verdict.notes.push(note);
    }
    let provider = found.provider.map(|known| known.name().to_owned());
    let facts = &mut capture.facts;
    let id = facts.id.take().filter(|id| !id.is_empty());
    // So that an import that was cut short can be done again.
    let id = id.unwrap_or_else(|| id::of_parts(received_at, parts(&capture.request, &place)));
    facts.id = Some(id);
    // What `test` has sent stays apart from what was received, wherever it is.
    facts.source = facts.source.take().filter(|s| *s == DeliverySource::Test);
    facts.provider = facts.provider.take().or(provider);
    facts.event = facts.event.take().or(found.event);
    facts.event_id = facts.event_id.take().or(found.event_id);
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
