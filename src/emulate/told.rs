//! What an observer is told.

use std::time::Duration;

use super::AttemptCause;
use crate::delivery::{Attempt, Request, Timestamp};

/// What happens at an emulated provider.
#[derive(Debug, Clone)]
pub enum EmulateEvent {
    /// The first attempt of a delivery is about to be made, by this request.
    Delivery(DeliveryTold, Box<Request>),
    /// An attempt was made.
    Attempt(Box<AttemptTold>),
    /// A delivery was lost on purpose.
    Dropped(DeliveryTold),
    /// An endpoint is disabled.
    Disabled {
        /// The endpoint's id.
        id: String,
        /// Its URL.
        url: String,
    },
    /// An endpoint's secret was replaced.
    Rotated {
        /// The endpoint's id.
        id: String,
        /// Its URL.
        url: String,
    },
}

/// A delivery as it is told of.
#[derive(Debug, Clone)]
pub struct DeliveryTold {
    /// Its id.
    pub id: String,
    /// The event's type.
    pub event: String,
    /// The event's id.
    pub event_id: String,
    /// The endpoint's id.
    pub endpoint: String,
    /// The endpoint's URL, without user name and password.
    pub url: String,
    /// When, by the emulated clock.
    pub at: Timestamp,
}

/// An attempt as it is told of.
#[derive(Debug, Clone)]
pub struct AttemptTold {
    /// The delivery; `at` is when the attempt ended.
    pub delivery: DeliveryTold,
    /// The request and what came of it, with real times.
    pub attempt: Attempt,
    /// Which attempt of the schedule it was, from 1.
    pub number: u32,
    /// How many there are at most.
    pub of: usize,
    /// Why it was made.
    pub cause: AttemptCause,
    /// What follows.
    pub next: AfterAttempt,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    /// Nothing: it was confirmed.
    Delivered,
    /// Another attempt.
    Retried {
        /// When, by the emulated clock.
        at: Timestamp,
        /// How long it is until then by the real clock; `None` where time goes on to it by itself.
        wait: Option<Duration>,
    },
    /// Nothing: such an answer is not retried.
    NotRetried,
    /// Nothing: it was the last attempt.
    Exhausted,
    /// Nothing: the endpoint is disabled or gone.
    Cancelled,
}
