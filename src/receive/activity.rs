//! What happens.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::delivery::{Attempt, Delivery, EventFilter, Headers};
use crate::http::Stray;
use crate::provider::ExpectedAnswer;
use crate::store::StoreError;

/// How many KiB may wait for a subscriber: 64 MiB.
pub(super) const QUEUE_KIB: u32 = 64 * 1024;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Activity {
    /// A delivery came and is kept.
    Delivery {
        /// The delivery.
        delivery: Arc<Delivery>,
        /// Which one of its event it is; 1 for the first.
        occurrence: u32,
    },
    /// A delivery was forwarded. Its body is not held on to.
    Attempt {
        /// What came of it.
        attempt: Arc<Attempt>,
        /// The delivery's provider.
        provider: Option<String>,
        /// The delivery's event type.
        event: Option<String>,
        /// The provider's id of the event.
        event_id: Option<String>,
        /// Of a handshake, whether the answer is one that its provider documents; else what that is, and
        /// what came. `None` also where there was no answer.
        handshake: Option<Result<(), [String; 2]>>,
    },
    /// Something could not be kept or read.
    Error(StoreError),
    /// Something came that is no request.
    Stray(Stray, SocketAddr),
    /// So much was not told to this subscriber, which could not keep up.
    Skipped(u64),
}

impl Activity {
    /// An attempt at a delivery; `expected` are the answers that its provider takes, of a handshake.
    pub(super) fn attempt(
        attempt: Attempt,
        delivery: &Delivery,
        expected: Option<&[ExpectedAnswer]>,
    ) -> Self {
        let answer = attempt.outcome.as_ref().ok();
        let judged = expected.zip(answer);
        Self::Attempt {
            handshake: judged.map(|(expected, answer)| ExpectedAnswer::judge(expected, answer)),
            attempt: Arc::new(attempt),
            provider: delivery.provider.clone(),
            event: delivery.event.clone(),
            event_id: delivery.event_id.clone(),
        }
    }

    /// Whether it is about one of the events that are meant; what is about none always is.
    pub(super) fn is_meant(&self, filter: &EventFilter) -> bool {
        match self {
            // A handshake is about no event.
            Self::Delivery { delivery, .. } => {
                delivery.is_handshake() || filter.matches_known(delivery.event.as_deref())
            }
            Self::Attempt {
                event, handshake, ..
            } => handshake.is_some() || filter.matches_known(event.as_deref()),
            Self::Error(_) | Self::Stray(..) | Self::Skipped(_) => true,
        }
    }

    /// The KiB that it holds on to; at least one, so that their number is bounded, too.
    pub(super) fn kib(&self) -> u32 {
        let bytes = match self {
            Self::Delivery { delivery, .. } => {
                let request = &delivery.request;
                request.target.len() + request.body.len() + size(&request.headers)
            }
            Self::Attempt { attempt, .. } => attempt
                .outcome
                .as_ref()
                .map_or(0, |answer| answer.body.len() + size(&answer.headers)),
            Self::Error(_) | Self::Stray(..) | Self::Skipped(_) => 0,
        };
        // What is larger than the whole queue waits in it alone.
        u32::try_from(bytes >> 10)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
            .min(QUEUE_KIB)
    }
}

fn size(headers: &Headers) -> usize {
    let fields = headers.iter();
    fields.map(|(name, value)| name.len() + value.len()).sum()
}
