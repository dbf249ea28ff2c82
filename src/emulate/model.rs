//! The nouns of the emulated provider: endpoints, events, deliveries, attempts.

use std::sync::Arc;

use bytes::Bytes;
use strum::{EnumString, IntoStaticStr};

use crate::delivery::{EventFilter, Headers, Timestamp};
use crate::http::Target;

/// Where the provider delivers to: what its user registered, and what became of it.
///
/// It has no `Debug`, as it has secrets.
#[derive(Clone)]
pub struct WebhookEndpoint {
    /// Its place in the state.
    pub seq: u64,
    /// `wh_` and a ULID.
    pub id: String,
    /// Where to.
    pub target: Target,
    /// The same as it was registered.
    pub url: String,
    /// The events it gets, as they were registered; `*` stands for any run of characters.
    pub events: Vec<String>,
    /// The same as a filter.
    pub filter: EventFilter,
    /// Its secrets, the newest first, with which is signed; none for that of the emulator.
    pub secrets: Vec<String>,
    /// Whether it gets anything.
    pub status: EndpointStatus,
    /// When it was registered, by the emulated clock.
    pub created_at: Timestamp,
    /// When its secret was last replaced, by the emulated clock.
    pub rotated_at: Timestamp,
    /// Since when every attempt has failed, by the emulated clock.
    pub failing_since: Option<Timestamp>,
}

/// Whether an endpoint gets anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum EndpointStatus {
    /// It does.
    Active,
    /// The provider has disabled it, or its user.
    Disabled,
}

impl EndpointStatus {
    /// The name in JSON and in the state.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Something that happened at the provider, as it is told to endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct EmittedEvent {
    /// Its place in the state.
    pub seq: u64,
    /// The id that receivers see, where they see one, else `evt_` and a ULID.
    pub id: String,
    /// Its type, such as `order.created`.
    pub event: String,
    /// When it happened, by the emulated clock.
    pub created_at: Timestamp,
    /// The method of its requests.
    pub method: String,
    /// Their headers besides the signature.
    pub headers: Headers,
    /// Their body.
    pub body: Bytes,
}

/// An event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EmulatedDelivery {
    /// Its place in the state.
    pub seq: u64,
    /// `del_` and a ULID.
    pub id: String,
    /// The endpoint.
    pub endpoint: u64,
    /// The event.
    pub event: u64,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How many attempts were made, those that were interrupted and duplicates not counted.
    pub attempts: u32,
    /// Why the next attempt is made.
    pub cause: AttemptCause,
    /// When the first attempt was made, by the emulated clock.
    pub first_at: Option<Timestamp>,
    /// When the next attempt is due, by the emulated clock.
    pub due_at: Option<Timestamp>,
    /// The status of the last answer.
    pub response_code: Option<u16>,
    /// How long the last exchange took.
    pub response_time_ms: Option<f64>,
    /// When it was confirmed, by the emulated clock.
    pub delivered_at: Option<Timestamp>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryStatus {
    /// No attempt has ended yet.
    Pending,
    /// The endpoint has confirmed it.
    Success,
    /// The last attempt has failed; another one may be due.
    Failed,
    /// Its endpoint was removed or disabled before it was through.
    Cancelled,
    /// It was lost on purpose: `--drop`.
    Dropped,
}

impl DeliveryStatus {
    /// The name in JSON and in the state.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum AttemptCause {
    /// By the provider's schedule.
    Schedule,
    /// The one before was interrupted by the end of the emulator: the endpoint may have got it.
    Resume,
    /// Its user asked for it.
    Redeliver,
    /// The endpoint has confirmed it, and gets it once more on purpose: `--duplicate`.
    Duplicate,
}

impl AttemptCause {
    /// The name in JSON and in the state.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One request to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EmulatedAttempt {
    /// Its place in the state.
    pub seq: u64,
    /// `att_` and a ULID.
    pub id: String,
    /// The delivery.
    pub delivery: u64,
    /// Which attempt of its schedule it is, from 1.
    pub number: u32,
    /// Why it is made.
    pub cause: AttemptCause,
    /// When it started, by the emulated clock.
    pub started_at: Timestamp,
    /// When it started in real time, which is that of its signature.
    pub sent_at: Timestamp,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptOutcome {
    /// It is under way.
    Started,
    /// The emulator ended before the attempt did.
    Interrupted,
    /// It has ended.
    Ended {
        /// How long it took.
        duration_ms: f64,
        /// The status, or the kind of the failure and why there was no answer.
        answer: Result<u16, (String, String)>,
        /// The beginning of the answer's body.
        body: Bytes,
    },
}

/// A delivery with its event: what an attempt needs.
#[derive(Debug, Clone)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: EmulatedDelivery,
    /// The event.
    pub event: Arc<EmittedEvent>,
}
