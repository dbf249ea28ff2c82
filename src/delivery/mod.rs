//! The nouns: what a delivery is made of, and the JSON form in which it leaves the program.
//!
//! Nothing here reads a socket, a clock or a file, and nothing here knows a provider.

mod attempt;
pub mod capture;
pub mod duration;
mod filter;
mod finding;
mod headers;
pub mod id;
mod nearest;
mod request;
mod source;
pub mod text;
mod time;
mod verdict;

use std::time::Duration;

pub use attempt::{
    Answer, Attempt, Failure, FailureKind, Signing, Trigger, is_refusal, is_success,
};
pub use capture::{About, Difference};
pub use filter::{EventFilter, FilterError};
pub use finding::{Advice, CheckOutcome, Finding, HandlerLine, Severity};
pub use headers::Headers;
pub use nearest::{did_you_mean, nearest};
pub use request::Request;
pub use source::DeliverySource;
pub use time::Timestamp;
pub use verdict::{JudgedSignature, Misfit, Status, Verdict, Verification};

/// One request that was received, with what the program made of it.
///
/// A delivery never changes after it was received: what is done with it later are [`Attempt`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// `dlv_` and a ULID; ids sort by time of receipt.
    pub id: String,
    /// When the request was read to its end.
    pub received_at: Timestamp,
    /// Where it came from.
    pub source: DeliverySource,
    /// The sender's address, `ip:port`.
    pub remote: Option<String>,
    /// The provider's name in the catalogue.
    pub provider: Option<String>,
    /// The event type, such as `order.created`.
    pub event: Option<String>,
    /// The provider's id of the event or delivery, by which receivers drop duplicates.
    pub event_id: Option<String>,
    /// The first delivery with the same provider and event id.
    pub duplicate_of: Option<String>,
    /// What the check of the signature said.
    pub verdict: Verdict,
    /// The request as it came.
    pub request: Request,
    /// The status this program answered; `None` where the application behind it answered.
    pub response_status: Option<u16>,
}

impl Delivery {
    /// A delivery that was composed here, which nobody has verified, for this reason. Of the names of
    /// its provider, its event and its event's id, an empty one is none.
    pub fn composed(
        source: DeliverySource,
        at: Timestamp,
        names: [&str; 3],
        reason: impl Into<String>,
        request: Request,
    ) -> Self {
        let known = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let [provider, event, event_id] = names.map(known);
        Self {
            id: id::delivery(),
            received_at: at,
            source,
            remote: None,
            provider,
            event,
            event_id,
            duplicate_of: None,
            verdict: Verdict::new(Status::Unverified).because(reason),
            request,
            response_status: None,
        }
    }

    /// Whether its provider finds out by it that the endpoint is its user's, and delivers nothing: then
    /// its event is the handshake's name.
    pub const fn is_handshake(&self) -> bool {
        match self.source {
            DeliverySource::Handshake => true,
            DeliverySource::Probe => self.event.is_some(),
            _ => false,
        }
    }

    /// What the check found when it was received.
    pub fn verification(&self) -> Verification {
        Verification {
            id: Some(self.id.clone()),
            provider: self.provider.clone(),
            event: self.event.clone(),
            event_id: self.event_id.clone(),
            verdict: self.verdict.clone(),
            observations: Vec::new(),
            misfits: Vec::new(),
            time: Duration::ZERO,
        }
    }

    /// What a line about an attempt tells of this delivery.
    pub fn about(&self) -> About<'_> {
        About {
            provider: self.provider.as_deref(),
            event: self.event.as_deref(),
            event_id: self.event_id.as_deref(),
            ..About::default()
        }
    }
}
