//! What a check sends, and what comes of it.

use crate::delivery::{Attempt, Request};
use crate::dispatch::SendMode;
use crate::provider::Payload;

/// One delivery that a check sends.
#[derive(Debug, Clone)]
pub struct TestDelivery {
    /// The event's name.
    pub event: String,
    /// The id by which receivers drop duplicates.
    pub event_id: String,
    /// The request, byte for byte.
    pub request: Request,
}

impl TestDelivery {
    /// A payload's request, whatever was made of it.
    pub fn of(payload: &Payload, request: Request) -> Self {
        Self {
            event: payload.event.clone(),
            event_id: payload.event_id.clone(),
            request,
        }
    }
}

/// One delivery that was sent, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    /// The delivery's id in the log.
    pub delivery_id: String,
    /// What was sent.
    pub delivery: TestDelivery,
    /// What came of it.
    pub attempt: Attempt,
}

/// Requests, and how they are sent.
#[derive(Debug, Clone)]
pub struct TestCase {
    /// The deliveries.
    pub deliveries: Vec<TestDelivery>,
    /// How often each is sent.
    pub times: usize,
    /// Whether all are sent at once, in place of one after the other.
    pub at_once: bool,
    /// How each goes out.
    pub mode: SendMode,
    /// Whether half of the first goes out before, on a connection that is then closed.
    pub after_half: bool,
}

impl TestCase {
    /// Each of these once, one after the other.
    pub const fn of(deliveries: Vec<TestDelivery>) -> Self {
        Self {
            deliveries,
            times: 1,
            at_once: false,
            mode: SendMode::Plain,
            after_half: false,
        }
    }

    /// Each so often.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// All at once.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self {
            at_once: true,
            ..self
        }
    }

    /// Whether several deliveries go out at once.
    pub const fn is_load(&self) -> bool {
        self.at_once && self.deliveries.len() > 1
    }

    /// With header names in lower case.
    #[must_use]
    pub fn in_lower_case(mut self) -> Self {
        for delivery in &mut self.deliveries {
            let fields = delivery.request.headers.iter();
            let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
            delivery.request.headers = fields.collect();
        }
        Self {
            mode: SendMode::LowerCase,
            ..self
        }
    }

    /// With half of the first before.
    #[must_use]
    pub fn after_half_of_it(self) -> Self {
        Self {
            after_half: true,
            ..self
        }
    }
}
