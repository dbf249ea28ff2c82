//! The bodies that the API reads, as its description tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::delivery::duration;
use crate::emulate::{ApiRefusal, EventRequest, InjectedFaults};
use crate::http;
use crate::json::TypedJson;

/// A webhook that is to be made.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct WebhookForm {
    /// Where deliveries go: HTTPS, or a URL of this machine.
    pub url: String,
    /// The events that go there; `*` stands for any run of characters.
    pub events: Vec<String>,
    /// What deliveries are signed with; left out, it is the emulator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What is changed in a webhook; what is left out stays.
#[derive(Deserialize, JsonSchema)]
pub struct WebhookChangeForm {
    /// Where deliveries go.
    #[serde(default)]
    pub url: Option<String>,
    /// The events that go there.
    #[serde(default)]
    pub events: Option<Vec<String>>,
    /// What deliveries are signed with.
    #[serde(default)]
    pub secret: Option<String>,
    /// `active`, or `disabled`: then nothing goes there, and what was to come is cancelled.
    #[serde(default)]
    pub status: Option<StatusWord>,
}

/// Whether a webhook gets anything.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusWord {
    /// It does.
    Active,
    /// It does not.
    Disabled,
}

/// Which event a test sends.
#[derive(Deserialize, JsonSchema)]
pub struct TestForm {
    /// The event's type.
    pub event_type: String,
}

/// An event that is to happen.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct EventForm {
    /// The event's type.
    #[serde(rename = "type")]
    pub event: String,
    /// The event's data, in place of a sample; numbers stay as they are written.
    #[serde(default)]
    #[schemars(with = "Option<Value>")]
    pub data: Option<Box<RawValue>>,
    /// Values to set in the body, by their paths: `{"data.total": 12.5}`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub set: BTreeMap<String, Box<RawValue>>,
    /// A name: events with the same tell of the same things.
    #[serde(default)]
    pub story: Option<String>,
    /// How long from now it happens by the emulated clock, such as `2m`.
    #[serde(default)]
    pub after: Option<String>,
}

/// What is done with the clock.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct AdvanceForm {
    /// How far it jumps: `30m`, `8h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance: Option<String>,
    /// How fast it runs from now on: `60x`, `instant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
}

/// What is done wrong on purpose; what is left out is not.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultsForm {
    /// The share of confirmed deliveries that are sent once more, 0 to 1.
    #[serde(default)]
    pub duplicate: f64,
    /// The share of deliveries that are lost, 0 to 1.
    #[serde(default)]
    pub drop: f64,
    /// How much later than usual each delivery is first sent: `2s`.
    #[serde(default)]
    pub delay: Option<String>,
    /// Whether deliveries overtake each other.
    #[serde(default)]
    pub reorder: bool,
    /// After how long the secrets are replaced, each time: `1h`.
    #[serde(default)]
    pub rotate_secret: Option<String>,
    /// What the chances follow from.
    #[serde(default)]
    pub seed: u64,
}

/// A snapshot.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotForm {
    /// Its id: `snap_1`.
    pub snapshot: String,
}

impl From<&EventRequest> for EventForm {
    fn from(request: &EventRequest) -> Self {
        // What was parsed is JSON.
        let raw = |typed: &TypedJson| RawValue::from_string(typed.to_text()).ok();
        let set = request.set.iter();
        Self {
            event: request.event.clone(),
            data: request.data.as_ref().and_then(raw),
            set: set
                .filter_map(|(path, value)| Some((path.to_string(), raw(value)?)))
                .collect(),
            story: request.story.clone(),
            after: Some(duration::typed(request.after)),
        }
    }
}

impl EventForm {
    /// The event that it asks for.
    pub fn request(&self) -> Result<EventRequest, ApiRefusal> {
        Ok(EventRequest {
            event: self.event.clone(),
            data: self.data.as_deref().map(http::typed).transpose()?,
            set: http::assignments(&self.set)?,
            story: self.story.clone(),
            after: span("after", self.after.as_deref())?.unwrap_or_default(),
        })
    }
}

/// A span of time that a member has, such as `30m`.
pub fn span(member: &str, text: Option<&str>) -> Result<Option<Duration>, ApiRefusal> {
    let read = |text: &str| {
        duration::parse(text).ok_or_else(|| {
            let shown = text.escape_debug();
            let message = format!("`{member}` is `{shown}`, which is not a span such as `30m`");
            ApiRefusal::unusable("invalid_span", message)
        })
    };
    text.map(read).transpose()
}

impl FaultsForm {
    /// The faults that it asks for.
    pub fn faults(&self) -> Result<InjectedFaults, ApiRefusal> {
        for (member, share) in [("duplicate", self.duplicate), ("drop", self.drop)] {
            if !(0.0..=1.0).contains(&share) {
                let message = format!("`{member}` is {share}, which is not from 0 to 1");
                return Err(ApiRefusal::unusable("invalid_share", message));
            }
        }
        Ok(InjectedFaults {
            duplicate: self.duplicate,
            drop: self.drop,
            delay: span("delay", self.delay.as_deref())?.unwrap_or_default(),
            reorder: self.reorder,
            rotate_secret: span("rotate_secret", self.rotate_secret.as_deref())?,
            seed: self.seed,
        })
    }
}

impl From<InjectedFaults> for FaultsForm {
    fn from(faults: InjectedFaults) -> Self {
        let delay = Some(faults.delay).filter(|delay| !delay.is_zero());
        Self {
            duplicate: faults.duplicate,
            drop: faults.drop,
            delay: delay.map(duration::typed),
            reorder: faults.reorder,
            rotate_secret: faults.rotate_secret.map(duration::typed),
            seed: faults.seed,
        }
    }
}
