//! The pieces that are written and read alike.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::delivery::{Delivery, DeliverySource, Verdict};

/// A header's value: text, or `{"base64":"…"}` where the bytes are not UTF-8.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ValueForm<'a> {
    /// The text.
    Text(Cow<'a, str>),
    /// The bytes, encoded.
    Bytes { base64: String },
}

/// By hand: what serde derives keeps a copy of each value to try one form after the other.
impl<'de: 'a, 'a> Deserialize<'de> for ValueForm<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct BytesForm {
            base64: String,
        }
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = ValueForm<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or `{\"base64\": …}`")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(ValueForm::Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ValueForm::Text(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let BytesForm { base64 } =
                    Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ValueForm::Bytes { base64 })
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
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
