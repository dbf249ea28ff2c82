//! The bodies that the API writes, as its description tells them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::delivery::Timestamp;
use crate::emulate::state::ListedDelivery;
use crate::emulate::{
    AttemptOutcome, DeliveryStatus, EmittedEvent, EmulatedAttempt, WebhookEndpoint,
};

/// A webhook. Its secret is not in it.
#[derive(Serialize, JsonSchema)]
pub struct WebhookJson {
    id: String,
    url: String,
    events: Vec<String>,
    /// `active` or `disabled`.
    status: &'static str,
    created_at: String,
}

/// The secrets of a webhook.
#[derive(Serialize, JsonSchema)]
pub struct SecretsJson {
    /// What deliveries are signed with; null where it is the emulator's.
    secret: Option<String>,
    /// Those before it, the newest first.
    previous: Vec<String>,
}

/// An event.
#[derive(Serialize, JsonSchema)]
pub struct EventJson {
    id: String,
    #[serde(rename = "type")]
    event: String,
    created_at: String,
    /// The body as it is sent, where it is text.
    body: Option<String>,
    /// The deliveries that came of it, right after it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<Vec<DeliveryJson>>,
}

/// A delivery.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryJson {
    id: String,
    event_id: String,
    event_type: String,
    /// `pending`, `success`, `failed` (also while another attempt is due), `cancelled` or `dropped`.
    status: &'static str,
    /// The status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<u16>,
    /// How long the last exchange took.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time_ms: Option<u64>,
    /// When it was confirmed, by the emulated clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
    /// When the next attempt is due, by the emulated clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_retry_at: Option<String>,
}

/// A delivery with its attempts.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryDetailJson {
    #[serde(flatten)]
    delivery: DeliveryJson,
    /// Its webhook; null where that is gone.
    webhook_id: Option<String>,
    attempts: Vec<AttemptJson>,
}

/// An attempt.
#[derive(Serialize, JsonSchema)]
pub struct AttemptJson {
    id: String,
    /// Which attempt of the schedule it is, from 1.
    number: u32,
    /// `schedule`, `resume` (the one before was interrupted), `redeliver` or `duplicate`.
    cause: &'static str,
    /// By the emulated clock.
    started_at: String,
    /// By the real clock.
    sent_at: String,
    /// `started`, `ended` or `interrupted`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time_ms: Option<u64>,
    /// The beginning of the answer's body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureJson>,
}

/// Why there was no answer.
#[derive(Serialize, JsonSchema)]
pub struct FailureJson {
    kind: String,
    message: String,
}

/// A part of a list, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct PageJson<T> {
    /// What is listed.
    pub data: Vec<T>,
    /// What to give as `cursor` for those behind; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The emulated clock.
#[derive(Serialize, JsonSchema)]
pub struct ClockJson {
    /// The emulated time.
    pub now: String,
    /// How fast it runs: `60x`, `instant`.
    pub speed: String,
    /// How many attempts are under way.
    pub running: usize,
    /// How many are to come.
    pub pending: usize,
}

/// Whether there is nothing left to wait for.
#[derive(Serialize, JsonSchema)]
pub struct IdleJson {
    /// False where the time to wait was over before.
    pub idle: bool,
}

impl From<&WebhookEndpoint> for WebhookJson {
    fn from(endpoint: &WebhookEndpoint) -> Self {
        let has_secret = endpoint.target.has_user_info();
        let url = if has_secret {
            endpoint.target.to_string()
        } else {
            endpoint.url.clone()
        };
        Self {
            id: endpoint.id.clone(),
            url,
            events: endpoint.events.clone(),
            status: endpoint.status.as_str(),
            created_at: endpoint.created_at.to_seconds_text(),
        }
    }
}

impl From<&WebhookEndpoint> for SecretsJson {
    fn from(endpoint: &WebhookEndpoint) -> Self {
        let mut secrets = endpoint.secrets.iter().cloned();
        Self {
            secret: secrets.next(),
            previous: secrets.collect(),
        }
    }
}

impl EventJson {
    /// An event, with what came of it right after it happened.
    pub fn new(event: &EmittedEvent, deliveries: Option<Vec<DeliveryJson>>) -> Self {
        Self {
            id: event.id.clone(),
            event: event.event.clone(),
            created_at: event.created_at.to_seconds_text(),
            body: std::str::from_utf8(&event.body).ok().map(str::to_owned),
            deliveries,
        }
    }
}

impl From<&ListedDelivery> for DeliveryJson {
    fn from((delivery, event_id, event): &ListedDelivery) -> Self {
        let is_failing = delivery.status == DeliveryStatus::Failed;
        let is_retried = delivery.due_at.filter(|_| is_failing);
        Self {
            id: delivery.id.clone(),
            event_id: event_id.clone(),
            event_type: event.clone(),
            status: delivery.status.as_str(),
            response_code: delivery.response_code,
            response_time_ms: delivery.response_time_ms.map(whole_millis),
            delivered_at: delivery.delivered_at.map(Timestamp::to_seconds_text),
            next_retry_at: is_retried.map(Timestamp::to_seconds_text),
        }
    }
}

impl DeliveryDetailJson {
    /// A delivery with its attempts.
    pub fn new(
        listed: &ListedDelivery,
        webhook_id: Option<String>,
        attempts: &[EmulatedAttempt],
    ) -> Self {
        Self {
            delivery: listed.into(),
            webhook_id,
            attempts: attempts.iter().map(AttemptJson::from).collect(),
        }
    }
}

impl From<&EmulatedAttempt> for AttemptJson {
    fn from(attempt: &EmulatedAttempt) -> Self {
        let mut json = Self {
            id: attempt.id.clone(),
            number: attempt.number,
            cause: attempt.cause.as_str(),
            started_at: attempt.started_at.to_seconds_text(),
            sent_at: attempt.sent_at.to_string(),
            outcome: match attempt.outcome {
                AttemptOutcome::Started => "started",
                AttemptOutcome::Interrupted => "interrupted",
                AttemptOutcome::Ended { .. } => "ended",
            },
            response_code: None,
            response_time_ms: None,
            response_body: None,
            error: None,
        };
        if let AttemptOutcome::Ended {
            duration_ms,
            answer,
            body,
        } = &attempt.outcome
        {
            json.response_time_ms = Some(whole_millis(*duration_ms));
            json.response_code = answer.as_ref().ok().copied();
            json.response_body = std::str::from_utf8(body).ok().map(str::to_owned);
            json.error = answer.as_ref().err().map(|(kind, message)| FailureJson {
                kind: kind.clone(),
                message: message.clone(),
            });
        }
        json
    }
}

/// Milliseconds without a fraction, as the documents show them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // No exchange is so long.
fn whole_millis(ms: f64) -> u64 {
    ms.round().max(0.0) as u64
}
