//! The pieces that are written and read alike.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::delivery::{Delivery, DeliverySource, Verdict};

/// A header's value: text, or `{"base64":"…"}` where the bytes are not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueForm<'a> {
    /// The text.
    Text(#[serde(borrow)] Cow<'a, str>),
    /// The bytes, encoded.
    Bytes { base64: String },
}

/// What is known of a delivery besides its request: the form in captures, and beside a request of HAR.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FactsForm {
    /// The id its writer gave it.
    pub id: Option<String>,
    /// When it was received; what stands there may be no time.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_of_any"
    )]
    pub received_at: Option<String>,
    /// Where it came from.
    pub source: Option<DeliverySource>,
    /// The sender's address.
    pub remote: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The event type.
    pub event: Option<String>,
    /// The provider's id of the event.
    pub event_id: Option<String>,
    /// The first delivery of the same event.
    pub duplicate_of: Option<String>,
    /// What the check of the signature said.
    pub verdict: Option<Verdict>,
}

/// A text, or the JSON of what is none, so that it can be told that it is no time.
pub fn text_of_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

impl FactsForm {
    /// What a delivery tells.
    pub fn of(delivery: &Delivery) -> Self {
        Self {
            id: Some(delivery.id.clone()),
            received_at: Some(delivery.received_at.to_string()),
            source: Some(delivery.source.clone()),
            remote: delivery.remote.clone(),
            provider: delivery.provider.clone(),
            event: delivery.event.clone(),
            event_id: delivery.event_id.clone(),
            duplicate_of: delivery.duplicate_of.clone(),
            verdict: Some(delivery.verdict.clone()),
        }
    }
}
