//! A capture as a delivery of a log.

use super::leave_age_open;
use crate::delivery::capture::Capture;
use crate::delivery::{Delivery, DeliverySource, Timestamp};
use crate::provider::{Catalogue, Keyring, Policy, verify_request};
use crate::signature::Allowance;

/// A capture as an imported delivery. It is verified here, with the secrets that are known and as of
/// when it was received: what a file says of itself proves nothing, and is noted.
pub fn adopt(
    capture: Capture,
    catalogue: &Catalogue,
    keyring: &Keyring,
    now: Timestamp,
) -> Delivery {
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
    let provider = found.provider.map(|known| known.name().to_owned());
    let capture = Capture {
        id: capture.id.filter(|id| !id.is_empty()),
        // What `test` has sent stays apart from what was received, wherever it is.
        source: capture.source.filter(|s| *s == DeliverySource::Test),
        provider: capture.provider.or(provider),
        event: capture.event.or(found.event),
        event_id: capture.event_id.or(found.event_id),
        ..capture
    };
    capture.into_delivery(verdict, now)
}
